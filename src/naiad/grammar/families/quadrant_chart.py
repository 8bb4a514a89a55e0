"""quadrantChart: points on a square of four quadrants.

https://mermaid.js.org/syntax/quadrantChart.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.headings import Headings, Once
from naiad.grammar.line_grammar import DiagramGrammar, LineForm
from naiad.grammar.patterns import COLOR, integer, listed, name, quoted, text

MOST_POINTS = 80
QUADRANTS = {1: "top right", 2: "top left", 3: "bottom left", 4: "bottom right"}
_TEXT = quoted(text('"\\<>;`', units=("#quot;",)))
_AXIS = f"{_TEXT}(?: -->(?: {_TEXT})?)?"
_SHARE = r"(?:0(?:\.[0-9]{1,6})?|1)"
"""From 0 to 1; of 1.0 the parser reads the 1 and then knows no further."""
_STYLE = (
    f"(?:radius: {integer(1, 99)}|color: {COLOR}|stroke-color: {COLOR}"
    f"|stroke-width: {integer(0, 20)}px)"
)
_STYLES = listed(_STYLE, most=4)
# The lexer finds these words at the beginning of a class's name.
_CLASS = name(
    "A-Za-z",
    "A-Za-z0-9",
    except_for=("title", "classdef"),
    beginnings=("quadrantchart",),
    any_case=True,
)


class QuadrantChartGrammar(DiagramGrammar):
    """Axes and quadrants once each, points from 0 to 1."""

    type = "quadrantChart"
    header = "quadrantChart"
    default_header = "quadrantChart"

    def __init__(self) -> None:
        super().__init__()
        self._headings = Headings()
        self._once = Once()
        self._points = 0

    def body(self) -> Iterator[LineForm]:
        yield from self._headings.forms()
        yield from self._once.form("x-axis", f"x-axis {_AXIS}")
        yield from self._once.form("y-axis", f"y-axis {_AXIS}")
        for number, place in QUADRANTS.items():
            yield from self._once.form(f"quadrant {place}", f"quadrant-{number} {_TEXT}")
        if self._points < MOST_POINTS:
            point = rf"{_TEXT}(?::::{_CLASS})?: \[{_SHARE}, {_SHARE}\](?: {_STYLES})?"
            yield LineForm("point", point, self._count)
            yield LineForm("class of points", f"classDef {_CLASS} {_STYLES}", self._count)

    def _count(self, match: re.Match[str]) -> None:
        self._points += 1
