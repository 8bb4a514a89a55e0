"""What a measurement was made on."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

from naiad.generation.cores import physical_cores

MATRIX_FLAGS = (
    "avx2",
    "avx512f",
    "avx512_vnni",
    "avx_vnni",
    "avx512_bf16",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
    "asimddp",
    "i8mm",
    "bf16",
    "sve",
)
"""Instructions that matrix products are fast by, in the names of Linux."""


def machine() -> dict[str, Any]:
    """Processor, cores, instructions, memory, system, and how busy it was when this was called."""
    text = _read(Path("/proc/cpuinfo"))
    return {
        "cpu": _first(r"^model name\s*:\s*(.+)$", text) or platform.processor() or "unknown",
        "architecture": platform.machine(),
        "cores": physical_cores(),
        "flags": sorted(set(MATRIX_FLAGS) & _flags(text)),
        "memory_bytes": _memory_bytes(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def machine_line(found: dict[str, Any]) -> str:
    """The machine in one line."""
    flags = ", ".join(found["flags"]) or "no known matrix instructions"
    load = found["load_before"]
    return f"{found['cpu']}, {found['cores']} cores ({flags}), Python {found['python']}" + (
        f", load before {load}" if load is not None else ""
    )


def _flags(cpuinfo: str) -> set[str]:
    return set((_first(r"^(?:flags|Features)\s*:\s*(.+)$", cpuinfo) or "").split())


def _memory_bytes() -> int | None:
    kilobytes = _first(r"^MemTotal:\s+(\d+) kB$", _read(Path("/proc/meminfo")))
    return int(kilobytes) * 1024 if kilobytes else None


def _first(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text, re.M)
    return found[1].strip() if found else None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # not Linux
        return ""
