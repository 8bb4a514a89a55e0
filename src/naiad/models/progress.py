"""How long-running work on model files tells its caller how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Gets (stage, done_bytes, total_bytes); total_bytes is None where nobody knows it.

`stage` is a short phrase for people: `downloading`, `verifying`, `waiting for another download`.
"""


def no_progress(stage: str, done_bytes: int, total_bytes: int | None) -> None:
    """The Progress of a caller who does not want to know."""
