"""ishikawa-beta: four spaces a level, however deep the lines were."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.line_grammar import INDENT
from naiad.grammar.rewriting.rewriter import Rewriter

_KEYWORD = re.compile(r"ishikawa(?:-beta)?\b:?", re.IGNORECASE)
_BULLET = re.compile(r"(?:[-*+•]|\d+[.)])\s+(?=\S)")


class IshikawaRewriter(Rewriter):
    """Mermaid measures causes against the first one, and the problem against nothing."""

    type = "ishikawa-beta"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._has_problem = False
        self._base: int | None = None
        self._levels: list[int] = []
        """Indentation of the causes above the present line, from the outside in."""

    def header(self, text: str) -> Iterator[str]:
        keyword = _KEYWORD.match(text)
        if keyword is None:
            yield text
            return
        yield keyword[0].lower().rstrip(":")
        rest = text[keyword.end() :].strip()
        if rest:
            self.note("moved the problem to a line of its own")
            yield from self.statement(rest, 0)

    def statement(self, text: str, indent: int) -> Iterator[str]:
        if self.repairing and _BULLET.match(text):
            self.note("took away the bullet")
            text = _BULLET.sub("", text, count=1)
        if not self._has_problem:
            self._has_problem = True
            yield f"{' ' * INDENT}{text}"
            return
        self._base = indent if self._base is None else self._base
        level = max(indent - self._base + 1, 1)
        while self._levels and self._levels[-1] >= level:
            self._levels.pop()
        self._levels.append(level)
        yield f"{' ' * (INDENT * (len(self._levels) + 1))}{text}"

    def finish(self) -> Iterator[str]:
        if self.repairing and not self._has_problem:
            self.note("added a problem, since there was none")
            yield f"{' ' * INDENT}Problem"
