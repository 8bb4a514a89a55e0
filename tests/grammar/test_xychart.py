"""xychart-beta: as many values as categories, the x-axis before the plots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_plots_have_a_value_for_each_category(check_grammar: Check) -> None:
    check_grammar(
        "xychart-beta",
        passing=[
            'xychart-beta\n    title "A b"\n    x-axis "m" ["a", "b c"]\n'
            '    y-axis "y" -1 --> 0.5\n'
            '    bar [1, -2]\n    line "l" [0.5 "low", 2]',
            "xychart horizontal\n    accTitle: a\n    x-axis 1 --> 9\n    line [1, 2, 3]\n"
            '    y-axis "late"',
            'xychart-beta\n    x-axis "title only"\n    bar [1]',
        ],
        failing=[
            ('xychart-beta\n    x-axis ["a", "b"]\n    bar [1]', 3),
            ('xychart-beta\n    x-axis ["a", "b"]\n    bar [1, 2, 3]', 3),
            ("xychart-beta\n    bar [1]\n    x-axis 1 --> 2", 3),
            ("xychart-beta\n    x-axis [a]\n    bar [1]", 2),
            ('xychart-beta\n    bar [1 "label"]', 2),
            ("xychart-beta\n    bar []", 2),
            ("xychart-beta\n    title A", 2),
            ('xychart-beta\n    x-axis "a"', None),
        ],
    )


def test_texts_are_quoted_and_surplus_values_go(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'xychart vertical\n title Sales Rev\nx-axis Months [ jan,"f b" ]\n'
                "y-axis +0 --> 1.50;\n"
                'bar [.5,1, 2 ]\nline "a" [1,02] %% c',
                'xychart\n    title "SalesRev"\n    x-axis "Months" ["jan", "f b"]\n'
                '    y-axis 0 --> 1.50\n    bar [0.5, 1]\n    %% c\n    line "a" [1, 2]',
            )
        ]
    )


def test_slips_in_charts_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "xychart-beta:\nTitle: Sales (net)\nx axis: [Q1 (a), 'Q2']\n"
                "y-axis Money to spend 0 to 10\n"
                '- bar: [$1, "2"];\nLine Trend (x): 3, 4%',
                'xychart-beta\n    title "Sales (net)"\n    x-axis ["Q1 (a)", "Q2"]\n'
                '    y-axis "Money to spend" 0 --> 10\n    bar [1, 2]\n    line "Trend (x)" [3, 4]',
            )
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("xychart-beta", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("xychart-beta")
