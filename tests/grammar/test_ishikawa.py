"""ishikawa-beta: indentation is nesting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from naiad.grammar.rewriting.rewrite import rewrite

Check = Callable[..., Any]


def test_causes_nest_by_one_level(check_grammar: Check) -> None:
    check_grammar(
        "ishikawa-beta",
        passing=[
            "ishikawa-beta\n    Late (again)\n        People\n            Ill, tired\n"
            "        Tools",
            "ishikawa\n    Only a problem",
        ],
        failing=[
            ("ishikawa-beta", None),
            ("ishikawa-beta\n    A\n    B", 3),
            ("ishikawa-beta\n    A\n            B", 3),
            ("ishikawa-beta\n    A\n        B\n                C", 4),
            ("ishikawa-beta\n    Ishikawa of it", 2),
            ("ishikawa-beta\n    a <b>", 2),
        ],
    )


def test_any_indentation_becomes_four_spaces_a_level(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                "ishikawa-beta\n  A\n\n  B\n     C\n    D\n %% e\n  F",
                "ishikawa-beta\n    A\n        B\n            C\n            D\n    %% e\n"
                "        F",
            ),
            (
                "Ishikawa\n      A\nB\n  C\n    D\nE",
                "ishikawa\n    A\n        B\n            C\n                D\n        E",
            ),
        ]
    )


def test_bullets_and_a_problem_on_the_keywords_line_are_mended() -> None:
    rewritten = rewrite("ishikawa-beta: A b\n- C\n  - D\n* E", repairing=True)
    assert rewritten.source == ("ishikawa-beta\n    A b\n        C\n            D\n        E")
    assert [change.line for change in rewritten.changes] == [1, 2, 3, 4]
    assert rewrite("ishikawa-beta", repairing=True).source == "ishikawa-beta\n    Problem"


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("ishikawa-beta", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("ishikawa-beta")
