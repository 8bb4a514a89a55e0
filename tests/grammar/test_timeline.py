"""timeline: periods and their events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_events_follow_their_period(check_grammar: Check) -> None:
    check_grammar(
        "timeline",
        passing=[
            "timeline\n    title Rail: a history\n    1825 : First line : 12:30 start\n"
            "        : https://example.org\n    1830",
            "timeline TD\n    section Early\n        1825 : C# <br/> #35;1\n            : more\n"
            "    section Late\n        Titles won : 5%",
        ],
        failing=[
            ("timeline\n    title only", None),
            ("timeline\n        : no period", 2),
            ("timeline\n    section A\n            : no period", 3),
            ("timeline\n    1825: First", 2),
            ("timeline\n    1825 : a: b", 2),
            ("timeline\n    Title fight : a", 2),
            ("timeline\n    Section 5 : a", 2),
            ("timeline\n    #1 : a", 2),
            ("timeline\n    section A: b", 2),
            ("timeline\n    section A\n    1825 : a", 3),
            ("timeline XY\n    1825 : a", 1),
        ],
    )


def test_blanks_and_comments_are_normalised(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'timeline  lr\n title  A\n# note\nsection  X <br> y\n1825:  "a" : d;\n : e',
                "timeline LR\n    title A\n    %% note\n    section X <br/> y\n"
                "        1825 : #quot;a#quot; : d#59;\n            : e",
            ),
        ]
    )


def test_usual_slips_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "timeline\n    2004:Launch:Party\n    - Timeline talk : won\n    2006 : Sale",
                "timeline\n    2004 : Launch : Party\n    #84;imeline talk : won\n    2006 : Sale",
            ),
            (
                "timeline\n    : Start\n    : End",
                "timeline\n    Start\n        : End",
            ),
            (
                "timeline\n    section A : b\n    2002 : c",
                "timeline\n    section A\n        b\n        2002 : c",
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("timeline", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("timeline")
