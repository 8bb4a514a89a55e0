"""One request and the diagram that answers it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A row of a training file: what the user asks, and what the model shall write."""

    prompt: str
    answer: str
    system: str | None = None
    """The row's own system instruction, None where it has none."""
    line: int = 0
    """1-based line of the file it came from."""


@dataclass(frozen=True)
class PromptRow:
    """A row of a file of requests."""

    id: str
    """The row's `id`, or its line number where it has none."""
    prompt: str
    system: str | None
    line: int
    type: str | None = None
    """The row's `type` field: the diagram type it asks for, in whatever word the file uses."""
    answer: str | None = None
    """The reference answer, where the row has one; generation never sees it."""
