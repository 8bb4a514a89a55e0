"""journey: tasks with scores and actors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_tasks_have_scores(check_grammar: Check) -> None:
    check_grammar(
        "journey",
        passing=[
            "journey\n    title A day at 100%\n    section Out\n        Make tea: 5: Me, The cat\n"
            "        Titles & co: 0\n    section Back\n        Sit #35;1: 3: Me",
            "journey\n    Wait: 1",
        ],
        failing=[
            ("journey\n    section A", None),
            ("journey\n    Wait", 2),
            ("journey\n    Wait: x: Me", 2),
            ("journey\n    Wait: 11: Me", 2),
            ("journey\n    Wait: 2.5: Me", 2),
            ("journey\n    Wait: 3: Me: You", 2),
            ("journey\n    Wait: 3: Me,", 2),
            ("journey\n    Wait #1: 3: Me", 2),
            ("journey\n    Wait; go: 3: Me", 2),
            ("journey\n    Section 5: 3: Me", 2),
            ("journey\n    section A: b", 2),
            ("journey\n    section A\n    Wait: 3", 3),
        ],
    )


def test_blanks_and_comments_are_normalised(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'journey\n title  A "b"\n # note\nsection  X\n  Make  tea:5:Me ,You\n Sit :05',
                "journey\n    title A #quot;b#quot;\n    %% note\n    section X\n"
                "        Make tea: 5: Me, You\n        Sit: 5",
            ),
        ]
    )


def test_usual_slips_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "journey\n    section A: b;\n      - Wait; think\n      Journey home (4): Me\n"
                "      Step 1: go: 7: You",
                "journey\n    section A#58; b\n        Wait#59; think: 3\n"
                "        #74;ourney home: 4: Me\n        Step 1#58; go: 7: You",
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("journey", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("journey")
