"""Title and descriptions of a chart, each at most once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from naiad.grammar.line_grammar import INDENT, Accessibility, LineForm
from naiad.grammar.patterns import text

TITLE_TEXT = text("\\<>;`{}", units=())
"""A title up to the end of its line; quotes in it are drawn."""


class Headings:
    """`title`, `accTitle` and `accDescr`, for the families that take all three."""

    def __init__(self, title: str = TITLE_TEXT) -> None:
        """title: pattern of what follows the keyword."""
        self._title = title
        self._titled = False
        self._accessibility = Accessibility()

    def forms(self) -> Iterator[LineForm]:
        """The lines that have not been given yet."""
        if not self._titled:
            yield LineForm("title", f"title {self._title}", self._take_title)
        yield from self._accessibility.forms()

    def _take_title(self, match: re.Match[str]) -> None:
        self._titled = True


class Once:
    """Statements that may be given once each."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def form(self, statement: str, pattern: str) -> Iterator[LineForm]:
        """The form of a statement, unless it has been given."""
        if statement not in self._given:
            yield LineForm(statement, pattern, self._take(statement), indent=INDENT)

    def _take(self, statement: str) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            self._given.add(statement)

        return read
