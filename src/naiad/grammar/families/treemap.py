"""treemap-beta: areas within areas.

https://mermaid.js.org/syntax/treemap.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from naiad.grammar.line_grammar import INDENT, Accessibility, DiagramGrammar, LineForm
from naiad.grammar.patterns import COLOR, ENTITY, listed, name, optional, quoted, text

BARRED = '"<>;\\`'
MOST_ROWS = 300
DEEPEST = 10
"""Levels of sections."""

_NAME = quoted(text(BARRED, units=(ENTITY,)))
_TITLE = text(BARRED, units=(ENTITY,))
_VALUE = r"(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,10})?"
# Mermaid's lexer knows no class of one letter, and takes its keywords out of longer ones.
_NO_CLASSES = (*map(chr, range(65, 91)), *map(chr, range(97, 123)), "_")
_KEYWORDS = ("accDescr", "accTitle", "classDef", "title", "treemap")
_CLASS = name("A-Za-z_", except_for=_NO_CLASSES, beginnings=_KEYWORDS)
_STYLE = (
    rf"(?:(?:fill|stroke|color):(?:{COLOR}|[a-z]{{3,20}})|stroke-width:[0-9]{{1,2}}(?:px)?"
    r"|stroke-dasharray:[0-9]{1,2}|font-size:[0-9]{1,3}px|font-weight:(?:bold|[1-9]00)"
    r"|(?:fill-|stroke-)?opacity:(?:[01]|0?\.[0-9]{1,2}))"
)


class TreemapGrammar(DiagramGrammar):
    """A row lies at most one level below the section before it; items hold nothing."""

    type = "treemap-beta"
    header = "treemap(?:-beta)?"
    default_header = "treemap-beta"

    def __init__(self) -> None:
        super().__init__()
        self._accessibility = Accessibility()
        self._titled = False
        self._rows = 0
        self._items = 0
        self._deepest = 0
        """Level at which the next row may lie; 0 is the first."""
        self._classes: set[str] = set()

    @property
    def complete(self) -> bool:
        return self._items > 0

    def closing(self) -> Iterator[str]:
        if not self.complete:
            yield f'{" " * INDENT * (self._deepest + 1)}"Item": 1'

    def body(self) -> Iterator[LineForm]:
        if not self._rows:
            if not self._titled:
                yield LineForm("title", f"title {_TITLE}", self._read_title)
            yield from self._accessibility.forms()
        if self._rows < MOST_ROWS:
            for level in range(self._deepest + 1):
                yield from self._row_forms(level)
        elif not self._items:
            yield LineForm("item", f"{_NAME}: {_VALUE}", self._read_item)
        if self._rows and len(self._classes) < MOST_ROWS:
            taken = (*self._classes, *_NO_CLASSES)
            own = name("A-Za-z_", except_for=taken, beginnings=_KEYWORDS)
            pattern = f"classDef (?P<id>{own}) {listed(_STYLE, ',', most=8)}"
            yield LineForm("classDef", pattern, self._read_class)

    def _row_forms(self, level: int) -> Iterator[LineForm]:
        indent = INDENT * (level + 1)
        styled = optional(f":::{_CLASS}")
        yield LineForm("item", f"{_NAME}: {_VALUE}{styled}", self._read_item_at(level), indent)
        if level < DEEPEST and self._rows < MOST_ROWS - 1:
            yield LineForm("section", f"{_NAME}{styled}", self._read_section_at(level), indent)

    def _read_title(self, match: re.Match[str]) -> None:
        self._titled = True

    def _read_item(self, match: re.Match[str]) -> None:
        self._rows += 1
        self._items += 1

    def _read_item_at(self, level: int) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            self._read_item(match)
            self._deepest = level

        return read

    def _read_section_at(self, level: int) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            self._rows += 1
            self._deepest = level + 1

        return read

    def _read_class(self, match: re.Match[str]) -> None:
        self._classes.add(match["id"])
