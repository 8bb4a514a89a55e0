"""The other processes of a training: started by the first one, ended with it, however it ends.

The process that `finetune` is called in is the first of the group. It starts the others as
`python -m naiad.workflows.training_helper`, which read what to train from their standard input
and end when it closes: it does so too when the first process is killed. What they write to the
screen is kept in a file, whose last line is told when one of them fails.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naiad.errors import ProcessEnded

if TYPE_CHECKING:
    from naiad.training.parallel import Group

ENDING_S = 20.0
"""How long helpers may take to end by themselves when the training is over."""

READY = "ready"


@contextmanager
def open_group(processes: int, task: Mapping[str, Any]) -> Iterator[Group]:
    """The group of processes that trains, this one the first, unless torchrun started it.

    task: what the helpers are given, as JSON values. Raises ProcessEnded, with what it said, when
    a helper ends too early, and ConfigError.
    """
    from naiad.training.parallel import ALONE, group_of_torchrun, is_started_by_torchrun

    if is_started_by_torchrun():
        with group_of_torchrun(processes) as group:
            yield group
    elif processes == 1:
        yield ALONE
    else:
        with _helped(processes, task) as group:
            yield group


@contextmanager
def _helped(size: int, task: Mapping[str, Any]) -> Iterator[Group]:
    from naiad.training.parallel import group_on_this_machine, meeting_point

    with tempfile.TemporaryDirectory(prefix="naiad-") as name:
        folder = Path(name)
        helpers = [_start(rank, size, folder, task) for rank in range(1, size)]
        try:
            store = meeting_point(folder, size)
            _wait_for(helpers, store)
            with group_on_this_machine(0, size, store) as group:
                yield group
            for helper in helpers:
                helper.process.wait(ENDING_S)
        except ProcessEnded as error:
            raise _with_last_words(error, helpers) from error
        finally:
            for helper in helpers:
                helper.end()


@dataclass(frozen=True)
class _Helper:
    rank: int
    process: subprocess.Popen[bytes]
    screen: Path
    """What it wrote."""

    def end(self) -> None:
        """End it, if it has not ended yet."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _start(rank: int, size: int, folder: Path, task: Mapping[str, Any]) -> _Helper:
    screen = folder / f"process-{rank}.txt"
    with screen.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "naiad.workflows.training_helper"],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for the first process alone, which saves and tells the others to stop.
            start_new_session=True,
        )
    place = {"rank": rank, "size": size, "folder": str(folder)}
    assert process.stdin is not None
    process.stdin.write(json.dumps({**place, "task": dict(task)}).encode("utf-8") + b"\n")
    process.stdin.flush()
    return _Helper(rank, process, screen)


def _wait_for(helpers: list[_Helper], store: Any) -> None:
    """Return when all helpers have come to the meeting point. Raises ProcessEnded."""
    while not store.check([f"{READY}-{helper.rank}" for helper in helpers]):
        if any(helper.process.poll() is not None for helper in helpers):
            raise ProcessEnded("a process of this training ended before it began")
        time.sleep(0.05)


def _with_last_words(error: ProcessEnded, helpers: list[_Helper]) -> ProcessEnded:
    """The error with what the helper said that ended first; as it is if they all go on."""
    deadline = time.monotonic() + ENDING_S
    while time.monotonic() < deadline:
        for helper in helpers:
            if status := helper.process.poll():
                lines = helper.screen.read_text("utf-8", errors="replace").strip().splitlines()
                return ProcessEnded(
                    f"process {helper.rank} of this training ended: "
                    f"{lines[-1] if lines else f'status {status}'}",
                    hint="go on with --resume, with fewer --processes if memory is short",
                )
        time.sleep(0.05)
    return error
