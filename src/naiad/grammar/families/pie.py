"""pie: slices with a label and a value.

https://mermaid.js.org/syntax/pie.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.headings import Headings
from naiad.grammar.line_grammar import DiagramGrammar, LineForm
from naiad.grammar.new_name_form import NewNameForm
from naiad.grammar.patterns import text, text_except

MOST_SLICES = 30
"""Mermaid leaves out slices that round to 0%, and has twelve colours."""
_NOT_IN_LABELS = '"\\<>;`'
_ENTITIES = ("#quot;",)
_VALUE = r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?"
_SLICE = f'"(?P<new>{text(_NOT_IN_LABELS, units=_ENTITIES)})" : (?P<value>{_VALUE})'


class PieGrammar(DiagramGrammar):
    """Labels are unique: of two slices with one label Mermaid draws the first only."""

    type = "pie"
    header = "pie(?: showData)?"
    default_header = "pie"

    def __init__(self) -> None:
        super().__init__()
        self._labels: set[str] = set()
        self._sum = 0.0
        self._headings = Headings()

    def body(self) -> Iterator[LineForm]:
        yield from self._headings.forms()
        if len(self._labels) < MOST_SLICES:
            label = text_except(self._labels, _NOT_IN_LABELS, units=_ENTITIES)
            yield NewNameForm(
                "slice",
                f'"{label}" : {_VALUE}',
                self._read_slice,
                any_name=_SLICE,
                taken=frozenset(self._labels),
            )

    @property
    def complete(self) -> bool:
        """Shares of a sum of 0 are no numbers."""
        return not self._labels or self._sum > 0

    def closing(self) -> Iterator[str]:
        if not self.complete:
            label = "Other" if "Other" not in self._labels else f"Other {len(self._labels)}"
            yield f'    "{label}" : 1'

    def _read_slice(self, match: re.Match[str]) -> None:
        self._labels.add(match["new"])
        self._sum += float(match["value"])
