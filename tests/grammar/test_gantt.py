"""gantt: dates that are days, tasks that exist."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from naiad.grammar.families.gantt_dates import DATE_FORMATS, date_pattern, example_date

Check = Callable[..., Any]

HEAD = "gantt\n    dateFormat YYYY-MM-DD\n"


def test_every_task_has_a_start_and_an_end(check_grammar: Check) -> None:
    check_grammar(
        "gantt",
        passing=[
            HEAD + "    Dig :crit, d1, 2024-02-29, 3d\n    Pour :after d1, 2024-03-09\n    Dry :1w",
            "gantt\n    title Plan: 50% of it\n    dateFormat DD/MM/YYYY\n    axisFormat %d %b\n"
            "    tickInterval 1week\n    weekday monday\n    excludes weekends, 2024-01-01\n"
            "    todayMarker off\n    section One #2\n        Start :milestone, s, 31/01/2024, 0d\n"
            '    click s href "https://example.org/a?b=c"',
            HEAD + "    A :a, 2024-01-01, until b\n    B :milestone, b, 2024-01-09, 0d",
            HEAD + "    50% of it #58; all :task2, 2024-01-01, 5.5h\n    clicks :after task2, 3d",
            "---\ndisplayMode: compact\n---\n" + HEAD + "    A :2024-01-01, 2d",
        ],
        failing=[
            ("gantt\n    A :2024-01-01, 3d", 2),
            (HEAD + "    A :3d", 3),
            (HEAD + "    A :2023-02-29, 3d", 3),
            (HEAD + "    A :2024-04-31, 3d", 3),
            (HEAD + "    A :01/02/2024, 3d", 3),
            (HEAD + "    A :2024-01-01, 3 days", 3),
            (HEAD + "    A :2024-01-01, 1h 30m", 3),
            (HEAD + "    A :a, 2024-01-01, 3d\n    B :a, 2024-01-01, 3d", 4),
            (HEAD + "    A :a, 2024-01-01, 3d\n    B :after b, 3d", 4),
            (HEAD + "    A :a, 2024-01-01, 3d\n    B :b, after b, 3d", 4),
            (HEAD + "    A :a, 2024-01-01, until b", None),
            (HEAD + "    A :a, 2024-01-01, until b\n    B :b, after a, 1d", 4),
            (HEAD + "    A :task1, 2024-01-01, 3d\n    B :3d", 4),
            (HEAD + "    Call home :2024-01-01, 3d", 3),
            (HEAD + "    5% more :2024-01-01, 3d", 3),
            (HEAD + "    A: B :a, 2024-01-01, 3d", 3),
            (HEAD + "    A :done, 2024-01-01", 3),
            (HEAD + "    A :2024-01-01, 3d\n    topAxis", 4),
            (HEAD + '    A :a, 2024-01-01, 3d\n    click b href "https://a.b"', 4),
            (HEAD + '    A :a, 2024-01-01, 3d\n    click a href "javascript:alert(1)"', 4),
            (HEAD + "    excludes monday, tuesday, wednesday, thursday", 3),
            (HEAD, None),
        ],
    )


def test_what_days_off_make_endless_is_refused(check_grammar: Check) -> None:
    head = "gantt\n    dateFormat DD/MM/YYYY\n    excludes weekends, monday\n"
    check_grammar(
        "gantt",
        passing=[head + "    A :a, 01/01/2024, 9d\n    B :02/01/2024, 02/01/2029"],
        failing=[
            (head + "    A :01/01/1950, 01/01/2050", 4),
            (head + "    A :a, 01/01/1950, 9d\n    B :01/01/2050, 9d", 5),
            (head + "    A :a, 01/01/2024, 3650d", 4),
        ],
    )


@pytest.mark.parametrize("date_format", DATE_FORMATS)
def test_every_date_format_is_drawn(check_grammar: Check, date_format: str) -> None:
    start = example_date(date_format)
    check_grammar(
        "gantt",
        passing=[f"gantt\n    dateFormat {date_format}\n    A :a, {start}, 3d\n    B :after a, 1d"],
        failing=[],
    )


def test_only_days_of_the_calendar_are_dates() -> None:
    pattern = re.compile(date_pattern("DD MMM YYYY"))
    assert [
        day
        for day in ("29 Feb 2024", "29 Feb 2000", "31 Dec 1999", "28 Feb 2023", "30 Apr 2024")
        if not pattern.fullmatch(day)
    ] == []
    assert [
        day
        for day in ("29 Feb 2023", "29 Feb 1900", "30 Feb 2024", "31 Apr 2024", "00 Jan 2024")
        if pattern.fullmatch(day)
    ] == []
    assert re.fullmatch(date_pattern("HH:mm"), "24:00") is None


def test_blanks_and_quotes_are_normalised(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'gantt\n  title  A "plan"; or so\n'
                "  dateFormat   YYYY-MM-DD\n"
                "  excludes Weekends 2024-01-01\n"
                "  %% first\n section  One\n"
                " Dig  : crit ,done, d1,2024-01-02 , 3d\nPour:after d1  d1, 5d\n",
                "gantt\n    title A #quot;plan#quot;#59; or so\n    dateFormat YYYY-MM-DD\n"
                "    excludes weekends, 2024-01-01\n    %% first\n    section One\n"
                "        Dig :crit, done, d1, 2024-01-02, 3d\n        Pour :after d1 d1, 5d",
            ),
        ]
    )


def test_usual_slips_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "gantt\n    dateFormat YYYY-MM-DD\n    topAxis\n"
                "    Call home :crit, c, 2024/1/5, 2 weeks\n    - Sleep :after Call home, 1h 30m;",
                "gantt\n    dateFormat YYYY-MM-DD\n"
                "    #67;all home :crit, c, 2024-01-05, 2w\n    Sleep :after c, 90m",
            ),
            (
                "gantt\n    dateFormat: YYYY-MM-DD\n    Design, 2024-01-01, 5d\n"
                "    Call them, after Design, 5d",
                "gantt\n    dateFormat YYYY-MM-DD\n    Design :2024-01-01, 5d\n"
                "    #67;all them :after task1, 5d",
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("gantt", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("gantt")
