"""Bring a diagram into the canonical subset, line by line.

A rewriter reads what people and models write: labels without quotes, several statements on a
line, any indentation. Of a valid diagram it changes only the writing. Told to repair, it also
mends what Mermaid would refuse. It never fails: a line that it cannot make sense of stays as it
is, and the judge decides.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Change:
    """One thing that was rewritten, for the user to read."""

    message: str
    """One line, as a statement: `quoted the label "a (b)"`."""
    line: int
    """1-based line of the text that was rewritten."""


class Rewriter(ABC):
    """Rewrites the lines of one diagram; it keeps the state it needs and is used once."""

    type: ClassVar[str]
    """Diagram type in Naiad's names."""

    def __init__(self, *, repairing: bool) -> None:
        """repairing: whether the text is known to be invalid, so that its meaning is a guess."""
        self.repairing = repairing
        self.changes: list[Change] = []
        self.number = 0
        """1-based line of the source that is being rewritten; the caller sets it."""
        self.preamble: tuple[str, ...] = ()
        """Canonical lines above the header, whose settings may matter; the caller sets it."""
        self.misread = False
        """Whether there is something in the text that Mermaid accepts and cannot draw, or draws
        as nobody means it. Then the text is repaired as if it were invalid."""

    @staticmethod
    def as_meant(source: str) -> str:
        """The text that the writer of `source` meant, where Mermaid accepts another one.

        Only for what nobody means as Mermaid reads it; what is drawn is then compared with this.
        """
        return source

    def header(self, text: str) -> Iterable[str]:
        """Canonical lines of the line with the keyword, without blanks around it.

        Usually one; more where statements stood on the same line.
        """
        return [text.rstrip(";").rstrip()]

    @abstractmethod
    def statement(self, text: str, indent: int) -> Iterable[str]:
        """Canonical lines, with their indentation, of one line of the source.

        text: the line without blanks around it; never empty, never a comment. indent: the
        width of the blanks before it, a tab counted as four. May return none and wait for more.
        """

    def comment(self, text: str) -> str:
        """Where a comment (`%% …`) goes: indented as the body's first level."""
        return f"    {text}"

    def finish(self) -> Iterable[str]:
        """Lines behind the last one: what was held back, and when repairing, missing ends."""
        return ()

    def direction_behind_header(self, rest: str) -> str:
        """What stands behind the keyword, as a statement; when repairing, `: LR` is a direction.

        For families that have directions as statements and not in their header.
        """
        if not self.repairing:
            return rest
        rest = rest.lstrip(":;").strip()
        if rest.upper() not in ("TB", "TD", "BT", "LR", "RL"):
            return rest
        self.note("moved the direction to a line of its own")
        return f"direction {rest.upper().replace('TD', 'TB')}"

    def note(self, message: str) -> None:
        """Tell the user of a change to the present line; once a line is enough of each."""
        change = Change(message, self.number)
        if change not in self.changes:
            self.changes.append(change)
