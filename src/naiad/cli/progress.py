"""The progress bar of downloads, on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from naiad.cli.console import stderr

if TYPE_CHECKING:
    from naiad.models.progress import Progress


@contextmanager
def download_bar(name: str) -> Iterator[Progress]:
    """What is being done, how much of it, and how long it will take.

    Appears with the first report, so a model that is here already shows nothing.
    """
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    bars = Progress(*columns, console=stderr, transient=True)
    task = bars.add_task(name, total=None)

    def report(stage: str, done_bytes: int, total_bytes: int | None) -> None:
        bars.start()
        bars.update(task, description=f"{name}: {stage}", completed=done_bytes, total=total_bytes)

    try:
        yield report
    finally:
        # Stopping a bar that never started would still print an empty line.
        if bars.live.is_started:
            bars.stop()
