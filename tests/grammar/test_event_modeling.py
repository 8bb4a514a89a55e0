"""eventmodeling: frames, and what they receive from which others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_frames_receive_from_kinds_that_fit(check_grammar: Check) -> None:
    check_grammar(
        "eventmodeling",
        passing=[
            "eventmodeling\n    tf 01 ui Cart\n    tf 02 cmd Shop.Add ->> 01 { id: 7 }\n"
            "    tf 03 evt Added ->> 02\n    rf 04 rmo View ->> 03",
        ],
        failing=[
            ("eventmodeling\n    tf 01 ui A\n    tf 01 cmd B", 3),
            ("eventmodeling\n    tf 01 ui A\n    tf 02 evt B ->> 01", 3),
            ("eventmodeling\n    tf 01 cmd A ->> 02", 2),
            ("eventmodeling\n    tf 01 screen A", 2),
            ("eventmodeling\n    tf 01 ui data", 2),
            ("eventmodeling\n    title A", 2),
            ("eventmodeling", None),
        ],
    )


def test_frames_are_written_on_a_line_each(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                "eventmodeling\n\ntimeframe 01  cmd A.B {x: 1}\nresetframe 02 event C->>01",
                "eventmodeling\n    tf 01 cmd A.B {x: 1}\n    rf 02 event C ->> 01",
            )
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("eventmodeling", 20)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("eventmodeling")
