"""radar-beta: curves over axes around a centre.

https://mermaid.js.org/syntax/radar.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from naiad.grammar.headings import Headings, Once
from naiad.grammar.line_grammar import DiagramGrammar, LineForm
from naiad.grammar.patterns import integer, listed, name, quoted, text

MOST_AXES = 24
MOST_CURVES = 24
MOST_TICKS = 32
"""Mermaid draws no more."""
LARGEST = 1_000_000
_LABEL = quoted(text('"\\<>;`', units=("#quot;",)))
_NUMBER = r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?"
_KEYWORDS = ("axis", "curve", "graticule", "max", "min", "showLegend", "ticks")
# Mermaid's lexer takes these for what they are even where a longer word begins with them.
_TOKENS = ("accDescr", "accTitle", "circle", "false", "polygon", "title", "true")


class RadarGrammar(DiagramGrammar):
    """Every axis on a line of its own, before the curves; a curve has a value for each."""

    type = "radar-beta"
    header = "radar-beta"
    default_header = "radar-beta"

    def __init__(self) -> None:
        super().__init__()
        self._headings = Headings()
        self._once = Once()
        self._axes: set[str] = set()
        self._curves: set[str] = set()
        self._max = LARGEST
        self._min = 0

    def body(self) -> Iterator[LineForm]:
        yield from self._headings.forms()
        if not self._curves and len(self._axes) < MOST_AXES:
            axis = rf"axis (?P<id>{_id(self._axes)})(?:\[{_LABEL}\])?"
            yield LineForm("axis", axis, lambda match: self._axes.add(match["id"]))
        if self._axes and len(self._curves) < MOST_CURVES:
            values = listed(_NUMBER, least=len(self._axes), most=len(self._axes))
            curve = rf"curve (?P<id>{_id(self._curves)})(?:\[{_LABEL}\])?\{{{values}\}}"
            yield LineForm("curve", curve, lambda match: self._curves.add(match["id"]))
        yield from self._options()

    def _options(self) -> Iterator[LineForm]:
        highest = integer(self._min + 1, LARGEST)
        yield from self._bound("max", f"max (?P<value>{highest})")
        yield from self._bound("min", f"min (?P<value>{integer(0, self._max - 1)})")
        yield from self._once.form("ticks", f"ticks {integer(1, MOST_TICKS)}")
        yield from self._once.form("graticule", "graticule (?:circle|polygon)")
        yield from self._once.form("legend", "showLegend (?:true|false)")

    def _bound(self, option: str, pattern: str) -> Iterator[LineForm]:
        """max or min, which remember each other: a scale of no length has no points."""
        for form in self._once.form(option, pattern):
            yield LineForm(option, pattern, self._then_keep(option, form))

    def _then_keep(self, option: str, form: LineForm) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            form.read(match)
            value = int(match["value"])
            self._max, self._min = (value, self._min) if option == "max" else (self._max, value)

        return read


def _id(taken: set[str]) -> str:
    return name("A-Za-z", "A-Za-z0-9_", except_for=(*_KEYWORDS, *taken), beginnings=_TOKENS)
