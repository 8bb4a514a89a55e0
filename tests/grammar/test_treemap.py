"""treemap-beta: items in sections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_items_lie_in_sections(check_grammar: Check) -> None:
    check_grammar(
        "treemap-beta",
        passing=[
            'treemap-beta\n    title Money, not time\n    "A: (b)":::big\n        "Rent": 900.50\n'
            '        "Food"\n'
            '            "Tea": 12:::small\n    "B": 0\n'
            "    classDef big fill:#f96,stroke-width:2px\n    classDef small color:red",
            'treemap\n    "Only": 1',
        ],
        failing=[
            ("treemap-beta", None),
            ('treemap-beta\n    "A"', None),
            ('treemap-beta\n        "A": 1', 2),
            ('treemap-beta\n    "A": 1\n        "in an item": 1', 3),
            ('treemap-beta\n    "A"\n            "too deep": 1', 3),
            ('treemap-beta\n    "A": -1', 2),
            ('treemap-beta\n    "A": 1,000', 2),
            ("treemap-beta\n    A: 1", 2),
            ('treemap-beta\n    "": 1', 2),
            ('treemap-beta\n    "A": 1:::titles', 2),
            ('treemap-beta\n    "A": 1\n    classDef x fill:#f00', 3),
            ('treemap-beta\n    "A": 1\n    classDef xx fill:#f00\n    classDef xx fill:#0f0', 4),
        ],
    )


def test_rows_are_normalised(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'treemap-beta\n\'A "b"\':::big\n  "C" , 1,000.50:::small\n'
                '      "D":010\nclassDef big fill:#f96, stroke:#333;',
                'treemap-beta\n    "A #quot;b#quot;":::big\n        "C": 1000.50:::small\n'
                '        "D": 10\n    classDef big fill:#f96,stroke:#333',
            ),
        ]
    )


def test_usual_slips_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "treemap-beta\nBudget\n  - Rent (flat): $1,200\n  Food = 30%",
                'treemap-beta\n    "Budget"\n        "Rent (flat)": 1200\n        "Food": 30',
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("treemap-beta", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("treemap-beta")
