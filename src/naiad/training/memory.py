"""How much memory this process has used, and giving it back."""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path

import psutil

_STATUS = Path("/proc/self/status")

_M_MMAP_THRESHOLD = -3
"""mallopt's parameter, from glibc's malloc.h."""

_LARGE_BYTES = 8 * 2**20


def peak_memory_bytes() -> int:
    """Most memory this process has had resident so far, where the system says; else now."""
    if _STATUS.exists():
        # Not getrusage: there Linux counts what the parent had before it started this program.
        found = re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        memory = psutil.Process().memory_info()
        return int(getattr(memory, "peak_wset", memory.rss))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if psutil.MACOS else peak * 1024)


def return_freed_memory() -> None:
    """Have glibc give large arrays back to the system when they are freed.

    By default it learns to keep arrays of up to 32 MB in heaps of its own, one a thread, where
    each is too large for the hole that a slightly smaller one has left: a run over rows of many
    lengths then grows by a quarter. Other C libraries are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
