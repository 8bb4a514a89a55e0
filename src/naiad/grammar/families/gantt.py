"""gantt: tasks in time.

https://mermaid.js.org/syntax/gantt.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import permutations

from naiad.grammar.families.gantt_dates import (
    DATE_FORMATS,
    FIRST_YEAR,
    LAST_YEAR,
    ONLY_STARTS,
    date_pattern,
    example_date,
    year_of,
)
from naiad.grammar.line_grammar import INDENT, Accessibility, DiagramGrammar, LineForm
from naiad.grammar.patterns import (
    COLOR,
    DATE,
    ENTITY,
    integer,
    listed,
    name,
    one_of,
    optional,
    text,
)

TAGS = ("active", "done", "crit", "milestone", "vert")
KEYWORDS = (
    *("accdescr", "accdescription", "acctitle", "axisformat", "call", "click", "dateformat"),
    *("excludes", "gantt", "href", "includes", "inclusiveenddates", "section", "tickinterval"),
    *("title", "todaymarker", "topaxis", "weekday", "weekend"),
)
"""Words, in any case, with which Mermaid takes a line for something other than a task."""
MOST_TASKS = 120
MOST_LINES = 400
MOST_FORWARD = 8
"""`until` of a later task takes Mermaid another round over all tasks, and it gives up after ten."""
DAYS_OF = {"ms": 0.0, "s": 0.0, "m": 0.001, "h": 0.042, "d": 1.0, "w": 7.0, "M": 31.0, "y": 366.0}

# Mermaid gives up 10,000 days behind the end of a task whose days it finds excluded. With four
# days of the week excluded, every day of work takes 7/3 days; so many are left to durations when
# all dates lie in eleven years.
_MOST_EXCLUDED_WORDS = 3
_YEARS_AROUND = 5
_MOST_WORK_DAYS = 1400

_TEXT = text('"<>;\\`', units=(ENTITY,))
_WORDS = text(
    '"<>;:\\`',
    units=(ENTITY,),
    first_except="0123456789",
    first_word_except=KEYWORDS,
    second_except="%",
)
# A name that begins with a day (2025-06-02) is a day to the lexer, and no name.
_BEHIND_NUMBER = optional(text('"<>;:\\`', units=(ENTITY,)))
_NUMBERED = rf"(?:[0-9]{{1,4}}|[0-9]{{2,4}}%)(?:[A-Za-z .)]{_BEHIND_NUMBER})?"
_NAME = f"(?:{_WORDS}|{_NUMBERED})"
_TAGS = one_of(", ".join(each) + ", " for count in (1, 2, 3) for each in permutations(TAGS, count))
_ID = "A-Za-z_", r"A-Za-z0-9_\-"
_NUMBER = r"(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,3})?"
_DURATION = rf"(?:{_NUMBER}[dhms]|[1-9][0-9]{{3,5}}(?:ms|[hms])|{_NUMBER}ms|{integer(0, 99)}w" + (
    rf"|{integer(0, 60)}M|{integer(0, 9)}y)"
)
_LONG_DURATION = f"(?:{_DURATION}|[1-9][0-9]{{3}}d|{integer(100, 999)}w)"
_DAY = "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_EXCLUDED_WORD = f"(?:weekends|{_DAY})"
# `weekdays` stands in Mermaid's own examples and does nothing.
_DATES = f"(?:(?:{DATE}|weekdays), ){{0,20}}"
_EXCLUDED = (
    f"{_DATES}(?:{_EXCLUDED_WORD}, {_DATES}){{0,{_MOST_EXCLUDED_WORDS - 1}}}"
    f"(?:{_EXCLUDED_WORD}|{DATE}|weekdays)"
)
_AXIS_PART = r"(?:%[\-0_]?[aAbBcdeHIjLmMpqQsSuUVwWxXyYZ]|[A-Za-z0-9 ,./:\-])"
_AXIS = rf"[A-Z]?%[\-0_]?[aAbBcdeHIjLmMpqQsSuUVwWxXyYZ]{_AXIS_PART}{{0,30}}"
_TICK = f"{integer(1, 999)}(?:millisecond|second|minute|hour|day|week|month)"
_STYLE = (
    rf"(?:stroke-width:[1-9][0-9]?px|stroke:{COLOR}|opacity:(?:0?\.[0-9]{{1,2}}|1)"
    r"|stroke-dasharray:[1-9])"
)
_SETTINGS = {
    "title": _TEXT,
    "axisFormat": _AXIS,
    "tickInterval": _TICK,
    "weekday": _DAY,
    "excludes": f"(?P<excluded>{_EXCLUDED})",
    "weekend": "(?:friday|saturday)",
    "includes": listed(DATE, most=20),
    "todayMarker": f"(?:off|{listed(_STYLE, ',', most=4)})",
}
_URL_PATH = r"(?:/[A-Za-z0-9_.~?=\&+,@:\-]{0,60}){1,8}(?:#[A-Za-z0-9_\-]{1,40})?"
_URL = (
    rf"(?:https?://[A-Za-z0-9][A-Za-z0-9.\-]{{0,60}}(?::[0-9]{{1,5}})?{optional(_URL_PATH)}"
    rf"|\.{{0,2}}{_URL_PATH}|#[A-Za-z0-9_\-]{{1,40}})"
)
_ARGUMENT = r"(?:'[A-Za-z0-9_ .\-]{0,40}'|[A-Za-z0-9_.]{1,40}|\"[A-Za-z0-9_ .\-]{0,40}\")"
_CALL = rf"call [A-Za-z_][A-Za-z0-9_]{{0,39}}\((?:{listed(_ARGUMENT, most=5)})?\)"


class GanttGrammar(DiagramGrammar):
    """Every task has a start that Mermaid can find: a real date, earlier tasks, or the one before.

    `after` names tasks above. `until` may name one below, as people write it, which then has to
    follow and must not itself wait for what waits for it.
    """

    type = "gantt"
    header = "gantt"
    default_header = "gantt"

    def __init__(self) -> None:
        super().__init__()
        self._accessibility = Accessibility()
        self._given: set[str] = set()
        self._date_format: str | None = None
        self._excludes_words = False
        self._lines = 0
        self._tasks = 0
        self._in_section = False
        self._waits: dict[str, frozenset[str]] = {}
        """By id of a task, those below without which Mermaid cannot tell its end."""
        self._pending: set[str] = set()
        """Ids that `until` has named and no task has yet."""
        self._last_waits: frozenset[str] = frozenset()
        self._without_id = 0
        self._forward = 0
        self._year: int | None = None
        self._work_days = 0.0

    @property
    def complete(self) -> bool:
        return self._tasks > 0 and not self._pending

    def closing(self) -> Iterator[str]:
        if self._date_format is None:
            yield f"    dateFormat {DATE_FORMATS[0]}"
        blanks = " " * self._task_indent()
        start = example_date(self._date_format or DATE_FORMATS[0], self._year or 2024)
        for pending in sorted(self._pending):
            yield f"{blanks}Milestone :milestone, {pending}, {start}, 0d"
        if not self._tasks:
            yield f"{blanks}Task :{start}, 1d"

    def body(self) -> Iterator[LineForm]:
        if not self._tasks and not self._in_section:
            yield from self._settings()
        if self._date_format is None:
            return
        if self._tasks < MOST_TASKS or self._pending:
            yield from self._task_forms(self._date_format)
        if self._lines >= MOST_LINES:
            return
        if self._tasks < MOST_TASKS:
            yield LineForm("section", f"section {_TEXT}", self._read_section)
        known = [each for each in self._waits if not each.startswith("task")]
        if known:
            target = f'{one_of(known)} (?:href "{_URL}"|{_CALL})'
            yield LineForm("click", f"click {target}", self._read_line)

    def _settings(self) -> Iterator[LineForm]:
        yield from self._accessibility.forms()
        for key, values in _SETTINGS.items():
            if key not in self._given:
                yield LineForm(key, f"{key} {values}", self._read_setting(key))
        if "inclusiveEndDates" not in self._given:
            key = "inclusiveEndDates"
            yield LineForm(key, key, self._read_setting(key))
        if self._date_format is None:
            formats = one_of(DATE_FORMATS)
            yield LineForm("dateFormat", f"dateFormat (?P<format>{formats})", self._read_format)

    def _task_forms(self, date_format: str) -> Iterator[LineForm]:
        """The one form of an ordinary task, and that of a task which another one waits for."""
        first, last = FIRST_YEAR, LAST_YEAR
        if self._excludes_words and self._year is not None:
            first = max(first, self._year - _YEARS_AROUND)
            last = min(last, self._year + _YEARS_AROUND)
        date = date_pattern(date_format, first, last)
        end = self._end_pattern(date, date_format)
        indent = self._task_indent()
        if self._tasks < MOST_TASKS:
            new_id = name(*_ID, except_for=(*TAGS, *self._waits, *self._pending))
            start = _start_pattern(date, list(self._waits))
            yield LineForm(
                "task", f"{_NAME} :{self._details(new_id, start, end)}", self._read_task, indent
            )
        if self._pending:
            settled = [each for each, waits in self._waits.items() if not waits]
            start = _start_pattern(date, settled)
            awaited = f"(?P<id>{one_of(self._pending)}), {start}, {end}"
            yield LineForm(
                "task that another one waits for",
                f"{_NAME} :{optional(_TAGS)}{awaited}",
                self._read_task,
                indent,
            )

    def _details(self, new_id: str, start: str, end: str) -> str:
        """Pattern of what follows the colon. Without an id of its own a task is `task1` …"""
        own = f"(?P<id>{new_id}), "
        if self._next_automatic_id() in {*self._waits, *self._pending}:
            return f"{optional(_TAGS)}{own}{start}, {end}"
        if not self._tasks:
            return f"{optional(_TAGS)}{optional(own)}{start}, {end}"
        return f"{optional(_TAGS)}(?:{optional(own)}{start}, )?{end}"

    def _end_pattern(self, date: str, date_format: str) -> str:
        ends = [f"(?P<duration>{_DURATION if self._excludes_words else _LONG_DURATION})"]
        short = not self._excludes_words or (
            self._work_days <= _MOST_WORK_DAYS and self._year is not None
        )
        # Mermaid leaves a task's end alone that is a date of this format, and only of this one.
        if date_format not in ONLY_STARTS and (short or date_format == DATE_FORMATS[0]):
            ends.append(f"(?P<end>{date})")
        if short:
            ends += self._until_pattern()
        return f"(?:{'|'.join(ends)})"

    def _until_pattern(self) -> Iterator[str]:
        waiting = [each for each, waits in self._waits.items() if waits]
        if self._forward < MOST_FORWARD and self._tasks < MOST_TASKS - MOST_FORWARD:
            yield f"until (?P<until>{name(*_ID, except_for=waiting)})"
            return
        known = {*self._waits, *self._pending} - set(waiting)
        if known:
            yield f"until (?P<until>{one_of(known)})"

    def _task_indent(self) -> int:
        return 2 * INDENT if self._in_section else INDENT

    def _next_automatic_id(self) -> str:
        return f"task{self._without_id + 1}"

    def _read_line(self, match: re.Match[str]) -> None:
        self._lines += 1

    def _read_section(self, match: re.Match[str]) -> None:
        self._lines += 1
        self._in_section = True

    def _read_setting(self, key: str) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            self._given.add(key)
            if key == "excludes":
                self._excludes_words = re.search(_EXCLUDED_WORD, match["excluded"]) is not None

        return read

    def _read_format(self, match: re.Match[str]) -> None:
        self._date_format = match["format"]

    def _read_task(self, match: re.Match[str]) -> None:
        parts = match.groupdict()
        self._lines += 1
        self._tasks += 1
        own = parts["id"]
        if own is None:
            own = self._next_automatic_id()
            self._without_id += 1
        waits = self._start_waits(parts) | self._end_waits(parts, own)
        if own in self._pending:
            self._pending.discard(own)
            self._waits = {each: those - {own} for each, those in self._waits.items()}
        self._waits[own] = self._last_waits = waits
        for key in ("start", "end"):
            if self._year is None and parts.get(key):
                self._year = year_of(parts[key])
        if parts["duration"]:
            number, unit = re.fullmatch(r"([0-9.]+)([a-zA-Z]+)", parts["duration"]).groups()  # type: ignore[union-attr]
            self._work_days += float(number) * DAYS_OF[unit]

    def _start_waits(self, parts: dict[str, str | None]) -> frozenset[str]:
        after = parts.get("after")
        if after:
            return frozenset().union(*(self._waits[each] for each in after.split(" ")))
        return frozenset() if parts["start"] else self._last_waits

    def _end_waits(self, parts: dict[str, str | None], own: str) -> frozenset[str]:
        until = parts.get("until")
        if until is None or until == own or until in self._waits:
            return frozenset()
        if until not in self._pending:
            self._forward += 1
            self._pending.add(until)
        return frozenset({until})


def _start_pattern(date: str, known: list[str]) -> str:
    after = f"|after (?P<after>{listed(one_of(known), ' ', most=6)})" if known else ""
    return f"(?:(?P<start>{date}){after})"
