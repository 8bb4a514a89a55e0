"""gantt: settings, sections, tasks with their dates."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator

from naiad.grammar.families.gantt import KEYWORDS, TAGS
from naiad.grammar.families.gantt_dates import (
    DATE_FORMATS,
    MONTHS,
    date_in,
    date_pattern,
    example_date,
)
from naiad.grammar.rewriting.chart_rewriter import ChartRewriter, single_spaced
from naiad.grammar.rewriting.escaping import escaped

_SETTING = re.compile(
    r"(?P<key>dateFormat|axisFormat|tickInterval|todayMarker|excludes|includes|weekday|weekend)"
    r"\s+:?\s*(?P<value>.+)",
    re.IGNORECASE,
)
_SETTING_SLIP = re.compile(
    r"(?P<key>dateFormat|axisFormat|tickInterval|excludes)\s*[:=]\s*(?P<value>.+)"
)
_KEYS = (
    *("dateFormat", "axisFormat", "tickInterval", "todayMarker", "excludes", "includes"),
    *("weekday", "weekend", "inclusiveEndDates", "topAxis"),
)
_CANONICAL_KEY = {key.lower(): key for key in _KEYS}
_SECTION = re.compile(r"section\s+(?P<name>.+)", re.IGNORECASE)
_CLICK = re.compile(r"click\s+(?P<id>\S+)\s+(?P<target>(?:href|call)\b.*)", re.IGNORECASE)
_HREF = re.compile(r'href\s+"(?P<url>[^"]*)"')
_CALL = re.compile(r"call\s+(?P<function>[^(\s]+)\s*\((?P<arguments>[^)]*)\)")
_FIRST_WORD = re.compile(r"[A-Za-z0-9_]+")
_REFERENCE = re.compile(r"(?P<word>after|until)\s*:?\s+(?P<ids>.+)")
_DURATION_PART = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|milliseconds?|mins?|minutes?|months?|seconds?|secs?"
    r"|hours?|hrs?|days?|weeks?|wks?|years?|yrs?|[smhdwMy])",
)
_UNITS = {
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("month", "months"), "M"),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), "ms"),
}
_MINUTES = {"m": 1, "h": 60, "d": 1440, "w": 10080}
_STATUSES = {
    **dict.fromkeys(("critical", "high"), "crit"),
    **dict.fromkeys(("completed", "complete", "finished"), "done"),
    **dict.fromkeys(("in progress", "in-progress", "ongoing", "in_progress"), "active"),
}
_MONTH_NAMES = tuple(month.lower() for month in MONTHS)
_ISO = re.compile(r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})")
_WORDED = re.compile(r"(?P<month>[A-Za-z]{3})[a-z]*\.?\s+(?P<day>\d{1,2})\s+(?P<year>\d{4})")
BARRED = '"<>;\\`'


class GanttRewriter(ChartRewriter):
    """When repairing, what stands for a date, a length or an earlier task becomes one."""

    type = "gantt"
    barred_in_title = BARRED
    keyword = "gantt(?:-?[cC]hart|[dD]iagram)?"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._in_section = False
        self._date_format = ""
        self._ids: list[str] = []
        self._without_id = 0
        self._ids_by_name: dict[str, str] = {}

    def written_keyword(self, found: re.Match[str]) -> str:
        if found[0] != self.type:
            self.note("wrote the keyword as Mermaid does")
        return self.type

    def comment(self, text: str) -> str:
        return f"{self._blanks()}{text}"

    def entry(self, text: str) -> Iterator[str]:
        section = _SECTION.fullmatch(text)
        if section:
            self._in_section = True
            yield f"    section {_plain(section['name'])}"
        elif (setting := self._setting(text)) is not None:
            yield from setting
        elif click := _CLICK.fullmatch(text):
            yield f"    click {click['id']} {_target(click['target'])}"
        else:
            yield f"{self._blanks()}{self._task(text)}"

    def _setting(self, text: str) -> list[str] | None:
        """Canonical lines of a setting, None of anything else."""
        found = _SETTING.fullmatch(text)
        if found is None and self.repairing:
            found = _SETTING_SLIP.fullmatch(text)
        if found is None:
            key = _CANONICAL_KEY.get(text.lower())
            if key is None:
                return None
            if key == "topAxis" and self.repairing:
                self.note(
                    "left out topAxis, which Mermaid's parser knows and its database does not"
                )
                return []
            return [f"    {key}"]
        key, value = _CANONICAL_KEY[found["key"].lower()], single_spaced(found["value"])
        if key in ("excludes", "includes"):
            value = ", ".join(dict.fromkeys(re.split(r"[\s,]+", value.lower().strip(", "))))
        elif key in ("weekday", "weekend"):
            value = value.lower()
        elif key == "dateFormat":
            value = self._read_date_format(value)
        elif key == "todayMarker":
            value = re.sub(r"\s*([,:;])\s*", r"\1", value)
        return [f"    {key} {value}"]

    def _read_date_format(self, value: str) -> str:
        if self.repairing and value not in DATE_FORMATS:
            known = {each.lower(): each for each in DATE_FORMATS}
            if value.lower() in known:
                self.note(f"wrote the date format {value} as Mermaid does")
                value = known[value.lower()]
        self._date_format = value
        return value

    def _task(self, text: str) -> str:
        if self.repairing and ":" not in text:
            text = self._with_colon(text)
        name, colon, data = text.partition(":")
        if not colon:
            return text
        if self.repairing and ":" in data:
            name, data = self._name_with_colons(name, data)
        name = _plain(name)
        key = _key(name)
        if self.repairing:
            name = self._without_keyword(name)
        details = [single_spaced(part) for part in data.split(",")]
        if self.repairing:
            details = self._mended_details(details)
        tags = [part for part in details if part in TAGS]
        rest = details[len(tags) :]
        if details[: len(tags)] == tags:
            details = [*dict.fromkeys(tags), *rest]
        self._ids.append(rest[0] if len(rest) == 3 else self._automatic_id())
        self._ids_by_name[key] = self._ids[-1]
        return f"{name} :{', '.join(details)}"

    def _automatic_id(self) -> str:
        """Mermaid's own id of a task without one: `task1` …"""
        self._without_id += 1
        return f"task{self._without_id}"

    def _with_colon(self, text: str) -> str:
        """A task whose colon is missing: `Design, 2024-01-01, 5d`."""
        name, comma, data = text.partition(",")
        if not comma:
            return text
        self.note("put the colon behind the task's name")
        return f"{name.strip()} :{data}"

    def _name_with_colons(self, name: str, data: str) -> tuple[str, str]:
        """The last colon before the details is the one; those before it are the name's."""
        if re.search("[Hm]", self._date_format):
            before, comma, times = data.partition(",")
            early, colon, late = before.rpartition(":")
            if not colon or re.search(r"\d$", early):
                return name, data
            data = f"{late}{comma}{times}"
        else:
            early, _, data = data.rpartition(":")
        self.note("wrote the colon in the task's name as #58;")
        return f"{name}#58;{early.replace(':', '#58;')}", data

    def _without_keyword(self, name: str) -> str:
        """Mermaid takes a task that begins with `Click` for a click; an entity hides the word."""
        first = _FIRST_WORD.match(name)
        if first is None or first[0].lower() not in KEYWORDS:
            return name
        self.note(f"hid the keyword {first[0]} at the beginning of the task's name")
        return f"#{ord(name[0])};{name[1:]}"

    def _mended_details(self, details: list[str]) -> list[str]:
        details = [_STATUSES.get(part.lower(), part) for part in details if part]
        details = self._joined_references(details)
        tags = [part for part in details if part in TAGS]
        rest = [part for part in details if part not in TAGS]
        mended = [self._mended_part(part) for part in rest[-2:]]
        own = [self._new_id(part) for part in rest[:-2]][-1:]
        if not mended or (len(mended) == 1 and _REFERENCE.match(mended[0])):
            self.note("gave the task a length")
            mended.append("0d" if "milestone" in tags else "1d")
        elif len(mended) == 2 and not self._is_start(mended[0]):
            own = [self._new_id(mended[0])]
            mended = [self._start_after_last(), mended[1]]
        return [*dict.fromkeys(tags), *own, *self._started(mended)]

    def _joined_references(self, details: list[str]) -> list[str]:
        """`after a, b` as `after a b`."""
        joined: list[str] = []
        for part in details:
            if joined and _REFERENCE.match(joined[-1]) and part in self._ids:
                self.note("wrote the tasks behind `after` without commas")
                joined[-1] += f" {part}"
            else:
                joined.append(part)
        return joined

    def _started(self, timing: list[str]) -> list[str]:
        """The first task of all must say when it starts."""
        if len(timing) == 1 and not self._ids:
            self.note("gave the first task a start")
            return [example_date(self._date_format or "YYYY-MM-DD"), *timing]
        return timing

    def _start_after_last(self) -> str:
        self.note("gave the task a start")
        if self._ids:
            return f"after {self._ids[-1]}"
        return example_date(self._date_format or "YYYY-MM-DD")

    def _is_start(self, part: str) -> bool:
        return bool(_REFERENCE.match(part)) or self._is_date(part)

    def _is_date(self, part: str) -> bool:
        if self._date_format not in DATE_FORMATS:
            return re.match(r"\d", part) is not None
        return re.fullmatch(date_pattern(self._date_format), part) is not None

    def _mended_part(self, part: str) -> str:
        """A start or an end in Mermaid's writing."""
        reference = _REFERENCE.fullmatch(part)
        if reference:
            return self._known_reference(reference)
        if self._date_format in DATE_FORMATS and not self._is_date(part):
            date = self._real_date(part)
            if date is not None:
                self.note(f"wrote {part} as a date of the format {self._date_format}")
                return date
        length = _duration(part)
        if length is not None and length != part:
            self.note(f"wrote the length {part} as {length}")
            return length
        return part

    def _known_reference(self, reference: re.Match[str]) -> str:
        """Ids of tasks for their names: `after Design` as `after design`."""
        whole = self._ids_by_name.get(_key(reference["ids"]))
        ids = [whole] if whole else re.split(r"[\s,&+]+", reference["ids"])
        known = [self._ids_by_name.get(_key(each), each) for each in ids if each]
        if known != reference["ids"].split():
            self.note(f"named the tasks behind `{reference['word']}` by their ids")
        return f"{reference['word']} {' '.join(known)}"

    def _new_id(self, part: str) -> str:
        own = re.sub(r"[^A-Za-z0-9_\-]+", "_", part).strip("_") or "t"
        own = own if own[0].isalpha() or own[0] == "_" else f"t{own}"
        while own in self._ids:
            own += "x"
        if own != part:
            self.note(f"wrote the id {part} as {own}")
        return own

    def _real_date(self, part: str) -> str | None:
        """Year, month and day in the chart's format, cut to the month's last day."""
        iso = _ISO.match(part)
        worded = _WORDED.fullmatch(part.replace(",", " "))
        if iso:
            year, month, day = (int(iso[each]) for each in ("year", "month", "day"))
        elif worded and worded["month"].lower() in _MONTH_NAMES:
            month = _MONTH_NAMES.index(worded["month"].lower()) + 1
            year, day = int(worded["year"]), int(worded["day"])
        else:
            return None
        if not 1 <= month <= 12:
            return None
        day = max(1, min(day, monthrange(year, month)[1]))
        date = date_in(self._date_format, year, month, day)
        return date if self._is_date(date) else None

    def _blanks(self) -> str:
        return "        " if self._in_section else "    "


def _plain(name: str) -> str:
    return escaped(single_spaced(name), BARRED)


def _target(target: str) -> str:
    href, call = _HREF.fullmatch(target), _CALL.fullmatch(target)
    if href:
        return f'href "{href["url"]}"'
    if call:
        arguments = ", ".join(each.strip() for each in call["arguments"].split(",") if each.strip())
        return f"call {call['function']}({arguments})"
    return target


def _duration(part: str) -> str | None:
    """`2 weeks` as `2w`, `1h 30m` as `90m`; None of what is no length."""
    found = list(_DURATION_PART.finditer(part))
    if not found or _DURATION_PART.sub("", part).strip(" ,"):
        return None
    lengths = [(each["number"], _UNITS.get(each["unit"], each["unit"][0])) for each in found]
    if len(lengths) == 1:
        return "".join(lengths[0])
    if any(unit not in _MINUTES or "." in number for number, unit in lengths):
        return None
    return f"{sum(int(number) * _MINUTES[unit] for number, unit in lengths)}m"


def _key(name: str) -> str:
    return re.sub(r"\W+", "", name).lower()
