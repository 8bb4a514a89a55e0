"""What may come next in a diagram: one class a family, asked line by line.

A grammar holds the state of the diagram so far. Before each line it gives the forms of every
line that may come next; it reads the line and changes its state; it knows whether the diagram
may stop here, and which lines close what is open. Each form is one regular expression, so what
generates a line, what checks it and what takes its parts out is the same rule.

The language is a canonical subset of Mermaid: four spaces of indentation a level (more where
indentation means nesting), labels quoted, no trailing `;`, one statement a line, no blank lines.
`rewriting` brings other Mermaid into it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from naiad.grammar.line_form import INDENT, LineForm, no_change, union
from naiad.grammar.patterns import text
from naiad.grammar.preamble import Preamble

__all__ = [
    "INDENT",
    "Accessibility",
    "DiagramGrammar",
    "LineForm",
    "LineRefused",
    "is_comment",
    "union",
]

_DIRECTION = re.compile(r"direction\s+(?:TB|BT|LR|RL)")
_NO_CONTENT = frozenset({"title", "accTitle", "accDescr"})
"""Names of forms that alone make no diagram."""


class LineRefused(ValueError):
    """A line that no form of the grammar fits."""

    def __init__(self, line: str, forms: Iterable[str]) -> None:
        expected = ", ".join(dict.fromkeys(forms)) or "nothing, the diagram is full"
        super().__init__(f"`{line[:80]}` is none of: {expected}")
        self.line = line


class DiagramGrammar(ABC):
    """A diagram that is being written or read, line by line."""

    type: ClassVar[str]
    """Diagram type in Naiad's names."""
    header: ClassVar[str]
    """Pattern of the line that begins the diagram; its named groups reach `begin`."""
    finds_directions_anywhere: ClassVar[bool] = False
    """Whether Mermaid takes each line for a direction that holds `direction TB`, in labels too."""
    default_header: ClassVar[str]
    """The header of a diagram of which nothing else is known."""

    def __init__(self) -> None:
        self._preamble: Preamble | None = Preamble()
        self._begun = False
        self._has_content = False

    @abstractmethod
    def body(self) -> Iterable[LineForm]:
        """Forms of the lines that may come next, behind the header; the first that fits is read.

        None at all only where the diagram is complete and full.
        """

    def begin(self, match: re.Match[str]) -> None:
        """Take what the header says; a family with a choice there overrides it."""
        no_change(match)

    @property
    def complete(self) -> bool:
        """Whether the diagram may stop behind the header and the lines read since."""
        return True

    def closing(self) -> Iterable[str]:
        """Lines, with their indentation, that make a diagram complete from any state.

        Empty when it is complete. Mermaid accepts and draws the diagram with them behind it.
        """
        return ()

    @property
    def may_end(self) -> bool:
        """Whether the diagram may stop here."""
        return self._begun and self.complete

    @property
    def has_content(self) -> bool:
        """Whether there is a line behind the header that is not just a title."""
        return self._has_content

    def begin_at_header(self) -> None:
        """Take nothing above the header: a model that never learnt it would lose its way there."""
        self._preamble = None

    def forms(self) -> list[LineForm]:
        """All lines that may come next."""
        if self._begun:
            return list(self.body())
        header = LineForm(f"header of a {self.type}", self.header, self._begin, indent=0)
        if self._preamble is None:
            return [header]
        if self._preamble.is_open:
            return list(self._preamble.forms())
        return [header, *self._preamble.forms()]

    def next_line(self, *, bounded: bool = True) -> str | None:
        """Pattern of the next line with its indentation, without names and newline.

        None when the diagram is full and can only end. bounded=False leaves out the bound on
        free text, and more: see patterns.loosened.
        """
        forms = self.forms()
        return union(forms, bounded=bounded) if forms else None

    def read(self, line: str) -> None:
        """Take the next line. Raises LineRefused, and then nothing has changed.

        Comments are read anywhere and never generated; they change nothing.
        """
        if is_comment(line):
            return
        forms = self.forms()
        for form in forms:
            match = form.match(line)
            if match is not None and not self._is_lost(form, line):
                self._has_content |= self._begun and form.name not in _NO_CONTENT
                form.read(match)
                return
        raise LineRefused(line, (form.name for form in forms))

    def _is_lost(self, form: LineForm, line: str) -> bool:
        """Whether Mermaid would read a direction instead of this line."""
        is_direction = form.name == "direction" or not self.finds_directions_anywhere
        return not is_direction and _DIRECTION.search(line) is not None

    def closing_lines(self) -> list[str]:
        """Lines that make the diagram so far a whole one."""
        if self._begun:
            return list(self.closing())
        preamble = [] if self._preamble is None else list(self._preamble.closing())
        fresh = type(self)()
        fresh.read(self.default_header)
        return [*preamble, self.default_header, *fresh.closing_lines()]

    def _begin(self, match: re.Match[str]) -> None:
        self._begun = True
        self.begin(match)


class Accessibility:
    """`accTitle` and `accDescr`, each at most once, for the families that take them."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def forms(self, indent: int = INDENT) -> Iterator[LineForm]:
        """The lines that have not been given yet."""
        for key in ("accTitle", "accDescr"):
            if key not in self._given:
                yield LineForm(key, f"{key}: {_ACCESSIBLE_TEXT}", self._take(key), indent=indent)

    def _take(self, key: str) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            self._given.add(key)

        return read


def is_comment(line: str) -> bool:
    """Whether Mermaid leaves the line out: `%%` behind blanks, and no directive."""
    start = line.lstrip()
    return start.startswith("%%") and not start.startswith("%%{")


_ACCESSIBLE_TEXT = text('"<>#;\\`{}', units=())
