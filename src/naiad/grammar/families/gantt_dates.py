"""Dates of Gantt charts: the formats that `dateFormat` may name, and their real days.

Mermaid reads a date with dayjs, strictly; one that does not fit its format, or no day of the
calendar, is read again as JavaScript would, which ends in an error or in a wrong day.
https://day.js.org/docs/en/parse/string-format
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from naiad.grammar.patterns import integer, literal, one_of

DATE_FORMATS = (
    "YYYY-MM-DD",
    "YYYY-MM-DD HH:mm",
    "YYYY-MM-DD HH:mm:ss",
    "YYYY-MM-DDTHH:mm",
    "YYYY-MM-DDTHH:mm:ss",
    "YYYY-MM-DDTHH:mm:ssZ",
    "YYYY/MM/DD",
    "YYYY.MM.DD",
    "DD-MM-YYYY",
    "DD/MM/YYYY",
    "DD.MM.YYYY",
    "MM-DD-YYYY",
    "MM/DD/YYYY",
    "DD-MM-YYYY HH:mm",
    "DD/MM/YYYY HH:mm",
    "DD MMM YYYY",
    "MMM DD YYYY",
    "MMM YYYY",
    "MM-DD",
    "DD-MM",
    "YYYY-MM",
    "YYYY/MM",
    "MM-YYYY",
    "MM/YYYY",
    "YYYY",
    "HH:mm",
    "HH:mm:ss",
    "mm:ss",
    "ss",
    "ss:SSS",
    "SSS",
    "X",
    "x",
)
"""What people write; the first is what nearly all do."""
ONLY_STARTS = ("YYYY-MM-DDTHH:mm:ssZ",)
"""Formats of which Mermaid knows a task's end only where the reader's time zone is the text's."""
MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
FIRST_YEAR, LAST_YEAR = 1900, 2099

_TOKEN = re.compile("YYYY|MMM|MM|DD|HH|mm|ss|SSS|X|x|Z|.")
_FIXED = {
    "HH": "(?:[01][0-9]|2[0-3])",
    "mm": "[0-5][0-9]",
    "ss": "[0-5][0-9]",
    "SSS": "[0-9]{3}",
    "Z": r"(?:[+\-](?:0[0-9]|1[0-2]):[03]0|Z)",
    "X": r"(?:0|[1-9][0-9]{0,9})",
    "x": r"(?:0|[1-9][0-9]{0,12})",
}
_LONG, _SHORT, _FEBRUARY = (1, 3, 5, 7, 8, 10, 12), (4, 6, 9, 11), (2,)


@lru_cache(maxsize=512)
def date_pattern(date_format: str, first: int = FIRST_YEAR, last: int = LAST_YEAR) -> str:
    """Pattern of the dates of one of DATE_FORMATS in the years first … last, all of them real."""
    if "DD" not in date_format:
        return _written(date_format, _month(_LONG + _SHORT + _FEBRUARY), "", integer(first, last))
    days = [
        (_LONG, "(?:0[1-9]|[12][0-9]|3[01])", integer(first, last)),
        (_SHORT, "(?:0[1-9]|[12][0-9]|30)", integer(first, last)),
        (_FEBRUARY, "(?:0[1-9]|1[0-9]|2[0-8])", integer(first, last)),
    ]
    leap_years = [f"{year}" for year in range(first, last + 1) if _is_leap(year)]
    if leap_years and "YYYY" in date_format:
        days.append((_FEBRUARY, "29", one_of(leap_years)))
    written = [_written(date_format, _month(months), day, year) for months, day, year in days]
    return f"(?:{'|'.join(written)})"


def date_in(date_format: str, year: int, month: int, day: int) -> str:
    """A day, at nine o'clock, in one of DATE_FORMATS: date_in("DD/MM/YYYY", 2024, 1, 5)."""
    tokens = {
        "YYYY": f"{year:04}",
        "MMM": MONTHS[month - 1],
        "MM": f"{month:02}",
        "DD": f"{day:02}",
        "HH": "09",
        "mm": "00",
        "ss": "00",
        "SSS": "000",
        "X": "0",
        "x": "0",
    }
    return "".join(tokens.get(token, token) for token in _TOKEN.findall(date_format))


def example_date(date_format: str, year: int = 2024) -> str:
    """A date of the format: "DD/MM/YYYY" -> "01/01/2024"."""
    return date_in(date_format, year, 1, 1)


def year_of(date: str) -> int | None:
    """The year in a date, of whichever format; None where it has none."""
    found = re.search(r"(?<![0-9])[0-9]{4}(?![0-9])", date)
    return int(found[0]) if found else None


def _month(numbers: Iterable[int]) -> Mapping[str, str]:
    chosen = list(numbers)
    return {
        "MM": one_of(f"{number:02}" for number in chosen),
        "MMM": one_of(MONTHS[number - 1] for number in chosen),
    }


def _written(date_format: str, month: Mapping[str, str], day: str, year: str) -> str:
    tokens = {**_FIXED, **month, "DD": day, "YYYY": year}
    return "".join(tokens.get(token) or literal(token) for token in _TOKEN.findall(date_format))


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
