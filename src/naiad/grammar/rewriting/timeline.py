"""timeline: sections, periods, events."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.families.timeline import BARRED, KEYWORDS
from naiad.grammar.rewriting.chart_rewriter import ChartRewriter, single_spaced
from naiad.grammar.rewriting.escaping import escaped

_SECTION = re.compile(r"section\s+(?P<name>[^:]+?)\s*(?P<events>:.*)?", re.IGNORECASE)
_HASH = re.compile(r"#(?!(?:[0-9]{1,5}|[a-z]{2,8});)")
_EVENT = re.compile(r":(?=\s|$)")
_FIRST_WORD = re.compile(r"[A-Za-z0-9_]+")
_ARROW = re.compile(r"\s*(?:-->|->|=>|–|—)\s*")


class TimelineRewriter(ChartRewriter):
    """When repairing, every colon begins an event but those of times and addresses."""

    type = "timeline"
    keyword = r"(?i:timeline)(?P<direction>[ \t]+(?i:LR|TD)\b)?"
    barred_in_title = BARRED

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._in_section = False
        self._has_period = False

    def written_keyword(self, found: re.Match[str]) -> str:
        direction = found["direction"]
        return f"timeline {direction.strip().upper()}" if direction else "timeline"

    def comment(self, text: str) -> str:
        return f"{self._blanks()}{text}"

    def entry(self, text: str) -> Iterator[str]:
        if text.startswith("#") and _HASH.match(text):
            yield f"{self._blanks()}%% {text.lstrip('#').strip()}"
            return
        section = _SECTION.fullmatch(text)
        if section and (self.repairing or not section["events"]):
            yield from self._section(section)
            return
        if self.repairing:
            text = self._spaced(text)
        period, events = _taken_apart(text)
        if not period and not events:
            return
        if not period:
            if self.repairing and not self._has_period:
                yield self._continued(events)
            else:
                yield f"{self._blanks()}    {_written(events)}"
            return
        self._has_period = True
        hidden = self._without_keyword(_period(period))
        yield f"{self._blanks()}{hidden}{f' {_written(events)}' if events else ''}"

    def _section(self, section: re.Match[str]) -> Iterator[str]:
        self._in_section = True
        yield f"    section {escaped(single_spaced(section['name']), BARRED)}"
        if section["events"]:
            self.note("wrote what stood behind the section as a period")
            yield from self.entry(section["events"].strip(": "))

    def _spaced(self, text: str) -> str:
        """Blanks behind the colons that stand for an event: `2004:Launch`, `2004 -> Launch`."""
        spaced = re.sub(r":(?![\s/]|\d\d\b)", ": ", text)
        if ":" not in spaced:
            spaced = _ARROW.sub(" : ", spaced, count=1)
        if spaced != text:
            self.note("put a colon and a blank before the event")
        return spaced

    def _continued(self, events: list[str]) -> str:
        """Events without a period: the first becomes one."""
        self.note("took the first event for a period")
        self._has_period = True
        rest = f" {_written(events[1:])}" if events[1:] else ""
        return f"{self._blanks()}{self._without_keyword(_period(events[0]))}{rest}"

    def _without_keyword(self, period: str) -> str:
        first = _FIRST_WORD.match(period)
        if not self.repairing or first is None or first[0].lower() not in KEYWORDS:
            return period
        self.note(f"hid the keyword {first[0]} at the beginning of the period")
        return f"#{ord(period[0])};{period[1:]}"

    def _blanks(self) -> str:
        return "        " if self._in_section else "    "


def _taken_apart(text: str) -> tuple[str, list[str]]:
    """A period, which may be empty, and its events."""
    period, *events = [part.strip() for part in _EVENT.split(text)]
    return period, [event for event in events if event]


def _period(period: str) -> str:
    return escaped(single_spaced(period), BARRED + ":#")


def _written(events: list[str]) -> str:
    return " ".join(f": {escaped(single_spaced(event), BARRED)}" for event in events)
