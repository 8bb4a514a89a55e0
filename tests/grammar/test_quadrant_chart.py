"""quadrantChart: axes and quadrants once each, points between 0 and 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_points_lie_on_the_square(check_grammar: Check) -> None:
    check_grammar(
        "quadrantChart",
        passing=[
            'quadrantChart\n    title "A" b: c\n    x-axis "low" --> "high"\n'
            '    y-axis "effort" -->\n'
            '    quadrant-1 "do #quot;now#quot;"\n    "Job title": [0.3, 1]\n'
            '    "b":::vip: [0, 0.25] radius: 12, color: #ff3300, stroke-color: #10f, '
            "stroke-width: 5px\n    classDef vip color: #109060, radius: 10",
            'quadrantChart\n    accTitle: a\n    x-axis "one end"\n    quadrant-4 "last"',
        ],
        failing=[
            ('quadrantChart\n    "a": [1.0, 0]', 2),
            ('quadrantChart\n    "a": [1.5, 0]', 2),
            ('quadrantChart\n    "a": [.5, 0]', 2),
            ('quadrantChart\n    "a": [-1, 0]', 2),
            ("quadrantChart\n    a: [0, 0]", 2),
            ('quadrantChart\n    "a": [0, 0] color: red', 2),
            ('quadrantChart\n    "a": [0, 0] stroke-width: 5', 2),
            ("quadrantChart\n    classDef title radius: 5", 2),
            ("quadrantChart\n    classDef quadrantCharts radius: 5", 2),
            ('quadrantChart\n    x-axis "a"\n    x-axis "b"', 3),
            ('quadrantChart\n    quadrant-5 "a"', 2),
        ],
    )


def test_texts_are_quoted_and_styles_ordered_as_they_were(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'quadrantChart\n  title  A b\nx-axis Low  Reach ---> "High ❤"\ny-axis Up -->;\n'
                " quadrant-1 Do it\n Point A:::vip : [0.30,1] radius : 10 ,color: #f00 %% c\n"
                "  classDef vip color: #908342, radius : 10",
                'quadrantChart\n    title A b\n    x-axis "Low Reach" --> "High ❤"\n'
                '    y-axis "Up" -->\n    quadrant-1 "Do it"\n    %% c\n'
                '    "Point A":::vip: [0.30, 1] radius: 10, color: #f00\n'
                "    classDef vip color: #908342, radius: 10",
            )
        ]
    )


def test_slips_in_points_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "quadrantChart\nTitle: A\nx axis: Low → High\nQuadrant 1: Do (now)\n"
                "- A (b): [1.0, .5]\n"
                "'C': (0.25, 0.5) color: red, stroke-width: 2;",
                'quadrantChart\n    title A\n    x-axis "Low" --> "High"\n'
                '    quadrant-1 "Do (now)"\n    "A (b)": [1, 0.5]\n'
                '    "C": [0.25, 0.5] color: #ff0000, stroke-width: 2px',
            ),
            (
                "quadrantChart\nA: [7, 2.5]\nx-axis a --> b\nB: [10, 0]",
                'quadrantChart\n    "A": [0.7, 0.25]\n    x-axis "a" --> "b"\n    "B": [1, 0]',
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("quadrantChart", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("quadrantChart")
