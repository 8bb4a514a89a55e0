"""wardley-beta: components with places, and what they need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]

_TWO = 'wardley-beta\n    component "Tea" [0.79, 0.61]\n    anchor "Public" [0.95, 1.0]\n'


def test_what_is_placed_can_be_linked(check_grammar: Check) -> None:
    check_grammar(
        "wardley-beta",
        passing=[
            "wardley-beta\n    title Tea shop\n    size [1100, 800]\n"
            '    evolution "Genesis"@0.3 / "Concept" -> "Custom"@0.6 -> "Commodity"\n'
            '    component "evolution of (tea)" [0.5, 0.25] label [-60, 4] (buy) (inertia)\n'
            '    evolve "evolution of (tea)" 0.9\n    note "Why #quot;so#quot;" [0.1, 0.2]\n'
            '    annotations [0.1, 0.9]\n    annotation 1, [0.6, 0.65] "Critical"\n'
            '    accelerator "Cloud" [0.2, 0.8]\n    deaccelerator "Law" [0.4, 0.3]',
            _TWO + '    "Public" -> "Tea"; likes it\n    "Tea" -.-> "Tea"\n    "Tea" +<> "Public"',
        ],
        failing=[
            (_TWO + '    "Public" -> "Coffee"', 4),
            (_TWO + '    component "Tea" [0.1, 0.2]', 4),
            (_TWO + '    component "Cup" [1, 0.2]', 4),
            (_TWO + '    component "Cup" [0.1, 1.2]', 4),
            (_TWO + "    component Cup [0.1, 0.2]", 4),
            (_TWO + '    component "Cup"', 4),
            (_TWO + '    evolve "Public" 0.5', 4),
            (_TWO + '    pipeline "Public" {', 4),
            ("wardley-beta\n    title A\n    title B", 3),
        ],
    )


def test_pipelines_hold_something_and_end(check_grammar: Check) -> None:
    pipeline = _TWO + '    pipeline "Tea" {\n'
    check_grammar(
        "wardley-beta",
        passing=[
            pipeline + '        component "Green" [0.2] label [1, 2]\n'
            '        component "Black" [0.9]\n    }\n    "Green" -> "Tea"'
        ],
        failing=[
            (pipeline + "    }", 5),
            (pipeline + '        component "Green" [0.2]', None),
            (pipeline + '        component "Green" [0.2, 0.3]', 5),
            (pipeline + '        component "Tea" [0.2]', 5),
            (pipeline + '        component "Green" [0.2]\n    }\n    pipeline "Tea" {', 7),
        ],
    )


def test_names_are_quoted_and_links_wait_for_their_ends(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                "wardley-beta\ntitle  Tea\nUser->Hot Water; needs\ncomponent Hot Water [52.0, 0.8] "
                "label [ 1, -2 ] (build) inertia\nanchor User [0.95, 0.630]\n"
                "pipeline Hot Water {\ncomponent Kettle [0.35]\n}\nKettle +'heat'> Hot Water\n"
                'annotation 1,[0.6, 0.65] "x"\nevolution A / B -> C',
                'wardley-beta\n    title Tea\n    component "Hot Water" [0.52, 0.8] label [1, -2] '
                '(build) (inertia)\n    anchor "User" [0.95, 0.63]\n'
                '    "User" -> "Hot Water"; needs\n    pipeline "Hot Water" {\n'
                '        component "Kettle" [0.35]\n    }\n    "Kettle" +> "Hot Water"; heat\n'
                '    annotation 1, [0.6, 0.65] "x"\n    evolution "A" / "B" -> "C"',
            )
        ]
    )


def test_places_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "wardley-beta\n- component Cup (1, 0.5)\ncomponent Hot Water [0.5, 80%]\n"
                "pipeline Cup\ncomponent Mug [1]",
                'wardley-beta\n    component "Cup" [1.0, 0.5]\n'
                '    component "Hot Water" [0.5, 0.8]\n    pipeline "Cup" {\n'
                '        component "Mug" [1.0]\n    }',
            )
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("wardley-beta", 25)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("wardley-beta")
