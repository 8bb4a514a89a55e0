"""Forks of a script that has a run's modules loaded already."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable


def fork(work: Callable[[], None]) -> int:
    """Do `work` in a child; its process id. The child ends with status 1 if work raises."""
    process = os.fork()
    if process == 0:
        try:
            work()
        except BaseException as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(1)
        os._exit(0)
    return process
