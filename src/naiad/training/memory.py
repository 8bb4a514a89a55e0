"""How much memory this process has used."""

from __future__ import annotations

import psutil


def peak_memory_bytes() -> int:
    """Most memory this process has had resident so far, where the system says; else now."""
    try:
        import resource
    except ImportError:  # Windows
        memory = psutil.Process().memory_info()
        return int(getattr(memory, "peak_wset", memory.rss))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if psutil.MACOS else peak * 1024)
