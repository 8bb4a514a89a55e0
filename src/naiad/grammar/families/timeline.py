"""timeline: periods and what happened in them.

https://mermaid.js.org/syntax/timeline.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.line_grammar import INDENT, Accessibility, DiagramGrammar, LineForm
from naiad.grammar.patterns import ENTITY, LINE_BREAK, text

BARRED = '"<>;\\`'
KEYWORDS = ("accdescr", "acctitle", "section", "timeline", "title")
"""Words, in any case, with which Mermaid takes a line for something other than a period."""
MOST_PERIODS = 100
MOST_EVENTS = 12
"""Events of a line, and lines of events of a period."""

_UNITS = (LINE_BREAK, ENTITY)
_TITLE = text(BARRED, units=_UNITS)
_SECTION = text(BARRED + ":", units=_UNITS)
_PERIOD = text(BARRED + ":#", units=_UNITS, first_word_except=KEYWORDS)
# A colon with a blank behind it begins the next event, as in `10:30 : lunch`.
_EVENT = text(BARRED + ":", units=(*_UNITS, ":[A-Za-z0-9/]"))
_EVENTS = f": {_EVENT}(?: : {_EVENT}){{0,{MOST_EVENTS - 1}}}"


class TimelineGrammar(DiagramGrammar):
    """Events stand behind their period, or below it on lines that begin with a colon."""

    type = "timeline"
    header = "timeline(?: (?:LR|TD))?"
    default_header = "timeline"

    def __init__(self) -> None:
        super().__init__()
        self._accessibility = Accessibility()
        self._titled = False
        self._in_section = False
        self._periods = 0
        self._more_events = 0
        """Lines of events that may follow."""

    @property
    def complete(self) -> bool:
        return self._periods > 0

    def closing(self) -> Iterator[str]:
        if not self.complete:
            yield f"{' ' * self._indent()}Now : Event"

    def body(self) -> Iterator[LineForm]:
        if not self._periods and not self._in_section:
            if not self._titled:
                yield LineForm("title", f"title {_TITLE}", self._read_title)
            yield from self._accessibility.forms()
        if self._more_events:
            yield LineForm("events", _EVENTS, self._read_events, self._indent() + INDENT)
        if self._periods < MOST_PERIODS:
            yield LineForm("period", f"{_PERIOD}(?: {_EVENTS})?", self._read_period, self._indent())
            yield LineForm("section", f"section {_SECTION}", self._read_section)

    def _indent(self) -> int:
        return 2 * INDENT if self._in_section else INDENT

    def _read_title(self, match: re.Match[str]) -> None:
        self._titled = True

    def _read_section(self, match: re.Match[str]) -> None:
        self._in_section = True
        self._more_events = 0

    def _read_period(self, match: re.Match[str]) -> None:
        self._periods += 1
        self._more_events = MOST_EVENTS

    def _read_events(self, match: re.Match[str]) -> None:
        self._more_events -= 1
