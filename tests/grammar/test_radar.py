"""radar-beta: a value for each axis on every curve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_curves_have_a_value_for_each_axis(check_grammar: Check) -> None:
    check_grammar(
        "radar-beta",
        passing=[
            'radar-beta\n    title A\n    axis a["Math"]\n    axis b\n    axis c\n'
            '    curve a["Alice"]{1, 2.5, 3}\n    curve d{0, 0, 1}\n    min 1\n    max 2\n'
            "    ticks 32\n    graticule polygon\n    showLegend false",
            "radar-beta\n    accTitle: a",
        ],
        failing=[
            ("radar-beta\n    axis a\n    axis b\n    curve c{1}", 4),
            ("radar-beta\n    axis a\n    curve c{1, 2}", 3),
            ("radar-beta\n    curve c{1}", 2),
            ("radar-beta\n    axis a\n    axis a", 3),
            ("radar-beta\n    axis a\n    curve c{1}\n    axis b", 4),
            ("radar-beta\n    axis a\n    curve c{1}\n    curve c{1}", 4),
            ("radar-beta\n    axis a\n    curve c{-1}", 3),
            ("radar-beta\n    axis trueness", 2),
            ("radar-beta\n    axis title1", 2),
            ("radar-beta\n    axis max", 2),
            ("radar-beta\n    min 5\n    max 5", 3),
            ("radar-beta\n    max 5\n    min 5", 3),
            ("radar-beta\n    ticks 33", 2),
            ("radar-beta\n    graticule square", 2),
        ],
    )


def test_axes_get_lines_and_named_values_their_order(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                "radar-beta:\n title  A\naxis a['Math, b'] , b,c\ncurve d[\"D\"]{ c: 3, a 1,\n"
                " b: 2 }\n"
                " curve e{1,2,3}, f{3,2,1}\nticks 5, max 10 %% g",
                'radar-beta\n    title A\n    axis a["Math, b"]\n    axis b\n    axis c\n'
                '    curve d["D"]{1, 2, 3}\n    curve e{1, 2, 3}\n    curve f{3, 2, 1}\n'
                "    %% g\n    ticks 5\n    max 10",
            )
        ]
    )


def test_slips_in_radars_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                'radar-beta\nTitle: A\naxis "Speed (x)", Long word, c["C"]\n'
                'curve "Alice": 1, 2, 3\n'
                "curve b[4, 5, 6]\nmax: 10\nshowlegend=true",
                'radar-beta\n    title A\n    axis Speed_x["Speed (x)"]\n'
                '    axis Long_word["Long word"]\n    axis c["C"]\n'
                '    curve Alice["Alice"]{1, 2, 3}\n    curve b{4, 5, 6}\n    max 10\n'
                "    showLegend true",
            ),
            (
                "radar-beta\naxis a, b\ncurve c{1,\n2",
                "radar-beta\n    axis a\n    axis b\n    curve c{1, 2}",
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("radar-beta", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("radar-beta")
