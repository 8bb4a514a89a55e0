"""pie: slices with a label and a value.

https://mermaid.js.org/syntax/pie.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.line_grammar import Accessibility, DiagramGrammar, LineForm
from naiad.grammar.patterns import text, text_except

MOST_SLICES = 30
"""Mermaid leaves out slices that round to 0%, and has twelve colours."""
_NOT_IN_LABELS = '"\\<>;`'
_ENTITIES = ("#quot;",)
_TITLE = text("\\<>;`{}", units=())
_VALUE = r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?"


class PieGrammar(DiagramGrammar):
    """Labels are unique: of two slices with one label Mermaid draws the first only."""

    type = "pie"
    header = "pie(?: showData)?"
    default_header = "pie"

    def __init__(self) -> None:
        super().__init__()
        self._labels: set[str] = set()
        self._sum = 0.0
        self._titled = False
        self._accessibility = Accessibility()

    def body(self) -> Iterator[LineForm]:
        if not self._titled:
            yield LineForm("title", f"title {_TITLE}", self._read_title)
        yield from self._accessibility.forms()
        if len(self._labels) < MOST_SLICES:
            label = text_except(self._labels, _NOT_IN_LABELS, units=_ENTITIES)
            yield LineForm("slice", f'"(?P<label>{label})" : (?P<value>{_VALUE})', self._read_slice)

    @property
    def complete(self) -> bool:
        """Shares of a sum of 0 are no numbers."""
        return not self._labels or self._sum > 0

    def closing(self) -> Iterator[str]:
        if not self.complete:
            label = "Other" if "Other" not in self._labels else f"Other {len(self._labels)}"
            yield f'    "{label}" : 1'

    def _read_title(self, match: re.Match[str]) -> None:
        self._titled = True

    def _read_slice(self, match: re.Match[str]) -> None:
        self._labels.add(match["label"])
        self._sum += float(match["value"])
