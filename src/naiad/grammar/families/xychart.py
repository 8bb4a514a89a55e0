"""xychart-beta: bars and lines over categories or a range.

https://mermaid.js.org/syntax/xyChart.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from naiad.grammar.headings import Headings, Once
from naiad.grammar.line_grammar import DiagramGrammar, LineForm
from naiad.grammar.patterns import listed, quoted, text

MOST_CATEGORIES = 40
MOST_VALUES = 60
MOST_PLOTS = 12
_TEXT = quoted(text('"\\<>;`', units=("#quot;",)))
_NUMBER = r"-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,6})?"
_CATEGORIES = rf"\[(?P<categories>{listed(_TEXT, most=MOST_CATEGORIES)})\]"
_RANGE = f"{_NUMBER} --> {_NUMBER}"


class XyChartGrammar(DiagramGrammar):
    """Mermaid fits values to the categories that it knows when it reads them.

    So the x-axis comes before the plots, and every plot has a value for each category: what is
    too much is not drawn, and what is missing leaves bars of no height.
    """

    type = "xychart-beta"
    header = "xychart(?:-beta)?(?: horizontal)?"
    default_header = "xychart-beta"

    def __init__(self) -> None:
        super().__init__()
        self._headings = Headings(_TEXT)
        self._once = Once()
        self._categories = 0
        """0 where the x-axis is a range, or none is given."""
        self._plots = 0

    def body(self) -> Iterator[LineForm]:
        yield from self._headings.forms()
        if not self._plots:
            axis = f"(?:{_TEXT} )?(?:{_CATEGORIES}|{_RANGE})|{_TEXT}"
            for form in self._once.form("x-axis", f"x-axis (?:{axis})"):
                yield LineForm(form.name, form.pattern, self._then_count(form))
        yield from self._once.form("y-axis", f"y-axis (?:(?:{_TEXT} )?{_RANGE}|{_TEXT})")
        if self._plots < MOST_PLOTS:
            least, most = (self._categories,) * 2 if self._categories else (1, MOST_VALUES)
            values = listed(_NUMBER, least=least, most=most)
            points = listed(f"{_NUMBER}(?: {_TEXT})?", least=least, most=most)
            yield LineForm("bars", rf"bar(?: {_TEXT})? \[{values}\]", self._count)
            yield LineForm("line", rf"line(?: {_TEXT})? \[{points}\]", self._count)

    @property
    def complete(self) -> bool:
        """Mermaid does not draw a chart without a plot."""
        return self._plots > 0

    def closing(self) -> Iterator[str]:
        if not self._plots:
            values = ", ".join(str(each + 1) for each in range(self._categories or 2))
            yield f"    bar [{values}]"

    def _then_count(self, form: LineForm) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            form.read(match)
            self._categories = len(re.findall(r'"[^"]*"', match["categories"] or ""))

        return read

    def _count(self, match: re.Match[str]) -> None:
        self._plots += 1
