"""One of the further processes of a training; `training_processes` starts it."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from naiad.errors import NaiadError
from naiad.generation.cores import patient_openmp
from naiad.workflows.training_processes import READY


def main() -> None:
    """Train along with the process that started this one, whose task is a line of stdin."""
    order = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_first_process, daemon=True).start()
    with patient_openmp():
        from naiad.training.parallel import group_on_this_machine, meeting_point
    from naiad.workflows.finetune import help_finetune

    rank, size = int(order["rank"]), int(order["size"])
    store = meeting_point(Path(order["folder"]), size)
    store.set(f"{READY}-{rank}", "")
    try:
        with group_on_this_machine(rank, size, store) as group:
            help_finetune(order["task"], group)
    except NaiadError as error:
        # The first process tells the user this line.
        sys.exit(error.message)


def _end_with_the_first_process() -> None:
    # Not through sys.stdin, whose lock this thread would still hold when the interpreter ends.
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    main()
