"""ishikawa-beta: a problem and its causes, nested by indentation.

https://mermaid.js.org/syntax/ishikawa.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from naiad.grammar.line_grammar import INDENT, DiagramGrammar, LineForm
from naiad.grammar.patterns import text

MOST_CAUSES = 120
DEEPEST = 8
# The lexer takes the keyword for the keyword wherever a line begins with it.
_TEXT = text("\\<>#;`", units=(), first_word_except=("ishikawa",))


class IshikawaGrammar(DiagramGrammar):
    """The first line is the problem; a cause is at most one level deeper than the one before."""

    type = "ishikawa-beta"
    header = "ishikawa(?:-beta)?"
    default_header = "ishikawa-beta"

    def __init__(self) -> None:
        super().__init__()
        self._depth: int | None = None
        """Levels below the problem of the last line; None before it."""
        self._causes = 0

    def body(self) -> Iterator[LineForm]:
        if self._depth is None:
            yield LineForm("problem", _TEXT, self._to(0))
            return
        if self._causes == MOST_CAUSES:
            return
        for depth in range(1, min(self._depth + 1, DEEPEST) + 1):
            yield LineForm("cause", _TEXT, self._to(depth), indent=INDENT * (depth + 1))

    @property
    def complete(self) -> bool:
        return self._depth is not None

    def closing(self) -> Iterator[str]:
        if self._depth is None:
            yield "    Problem"

    def _to(self, depth: int) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            self._depth = depth
            self._causes += depth > 0

        return read
