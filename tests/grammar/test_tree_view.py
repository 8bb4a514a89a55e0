"""treeView-beta: names in names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_nodes_lie_at_most_one_level_deeper(check_grammar: Check) -> None:
    check_grammar(
        "treeView-beta",
        passing=[
            'treeView-beta\n    title The code\n    "src/"\n        "a (b).py" :::new icon(file)'
            ' ## what runs: all\n    "C#"',
        ],
        failing=[
            ("treeView-beta", None),
            ("treeView-beta\n    src", 2),
            ('treeView-beta\n        "a"', 2),
            ('treeView-beta\n    "a"\n            "too deep"', 3),
            ('treeView-beta\n    "a" icon()', 2),
            ('treeView-beta\n    "└ a"', 2),
        ],
    )


def test_drawn_trees_and_bare_names_are_normalised(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                "treeView-beta\nsrc/\n├── a b.py :::  new\n│   └── c.py ##  why \n└── 'd\"e'\n",
                'treeView-beta\n    "src/"\n        "a b.py" :::new\n            "c.py" ## why\n'
                '        "d#quot;e"',
            ),
            (
                "treeView-beta\n  title  T\n  x\n      y icon(file)\n  z",
                'treeView-beta\n    title T\n    "x"\n        "y" icon(file)\n    "z"',
            ),
        ]
    )


def test_usual_slips_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                'treeView-beta\n    "src" and more\n        "b',
                'treeView-beta\n    "#quot;src#quot; and more"\n        "#quot;b"',
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("treeView-beta", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("treeView-beta")
