"""treeView-beta: folders and files by indentation.

https://mermaid.js.org/syntax/treeView.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from naiad.grammar.line_grammar import INDENT, Accessibility, DiagramGrammar, LineForm
from naiad.grammar.patterns import ENTITY, optional, quoted, text

BARRED = '"<>;\\`'
# One of these makes Mermaid read the whole text as the drawing of a tree.
BOX_SIGNS = "─━│┃└┗├┣"
MOST_NODES = 300
DEEPEST = 15

_NAME = quoted(text(BARRED + BOX_SIGNS, units=(ENTITY,)))
_TITLE = text(BARRED + BOX_SIGNS, units=(ENTITY,))
_CLASS = r" :::[A-Za-z_][A-Za-z0-9_\-]{0,39}"
_ICON = r" icon\([a-z][a-z0-9\-]{0,39}(?::[a-z0-9][a-z0-9\-]{0,39})?\)"
_DESCRIPTION = f" ## {_TITLE}"
_NODE = f"{_NAME}{optional(_CLASS)}{optional(_ICON)}{optional(_DESCRIPTION)}"


class TreeViewGrammar(DiagramGrammar):
    """A node lies at most one level below the node before it; there may be several roots."""

    type = "treeView-beta"
    header = "treeView-beta"
    default_header = "treeView-beta"

    def __init__(self) -> None:
        super().__init__()
        self._accessibility = Accessibility()
        self._titled = False
        self._nodes = 0
        self._level = -1

    @property
    def complete(self) -> bool:
        return self._nodes > 0

    def closing(self) -> Iterator[str]:
        if not self.complete:
            yield '    "root"'

    def body(self) -> Iterator[LineForm]:
        if not self._nodes:
            if not self._titled:
                yield LineForm("title", f"title {_TITLE}", self._read_title)
            yield from self._accessibility.forms()
        if self._nodes < MOST_NODES:
            for level in range(min(self._level + 1, DEEPEST) + 1):
                yield LineForm("node", _NODE, self._read_node(level), INDENT * (level + 1))

    def _read_title(self, match: re.Match[str]) -> None:
        self._titled = True

    def _read_node(self, level: int) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            self._nodes += 1
            self._level = level

        return read
