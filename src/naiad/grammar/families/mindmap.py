"""mindmap: one root, and a tree by indentation.

https://mermaid.js.org/syntax/mindmap.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from naiad.grammar.families.outline import (
    BARRED,
    BRACKETS,
    CLASS_LINE,
    ICON_LINE,
    UNITS,
    in_brackets,
    node_id,
)
from naiad.grammar.line_grammar import INDENT, DiagramGrammar, LineForm
from naiad.grammar.patterns import optional, text

SHAPES = (("[", "]"), ("((", "))"), ("(", ")"), ("{{", "}}"), ("))", "(("), (")", "("))
"""Brackets around a label: square, circle, rounded, hexagon, bang, cloud."""
MOST_NODES = 200
DEEPEST = 12
"""Levels below the root."""

PLAIN = text(BARRED + BRACKETS, units=UNITS, first_except=":", first_word_except=("mindmap",))
"""A node that is only its text."""
_NODE = "|".join(
    [
        PLAIN,
        *(
            f"{optional(node_id('mindmap'))}{in_brackets(opening, closing)}"
            for opening, closing in SHAPES
        ),
    ]
)


class MindmapGrammar(DiagramGrammar):
    """A node lies at most one level below the node before it, and only the root on the first."""

    type = "mindmap"
    header = "mindmap"
    default_header = "mindmap"

    def __init__(self) -> None:
        super().__init__()
        self._nodes = 0
        self._level = -1
        """Of the last node: 0 is the root, -1 that there is none yet."""
        self._decorations: set[str] = set()
        """What the last node has been given: icon, class."""

    @property
    def complete(self) -> bool:
        return self._nodes > 0

    def closing(self) -> Iterator[str]:
        if not self.complete:
            yield "    Root"

    def body(self) -> Iterator[LineForm]:
        if self._level < 0:
            yield LineForm("root", _NODE, self._read_node(0))
            return
        for key, pattern in (("icon", ICON_LINE), ("class", CLASS_LINE)):
            if key not in self._decorations:
                indent = INDENT * (self._level + 1)
                yield LineForm(key, pattern, self._read_decoration(key), indent)
        if self._nodes < MOST_NODES:
            for level in range(1, min(self._level + 1, DEEPEST) + 1):
                yield LineForm("node", _NODE, self._read_node(level), INDENT * (level + 1))

    def _read_node(self, level: int) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            self._nodes += 1
            self._level = level
            self._decorations = set()

        return read

    def _read_decoration(self, key: str) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            self._decorations.add(key)

        return read
