"""mindmap: one root, nesting by indentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_nodes_lie_at_most_one_level_deeper(check_grammar: Check) -> None:
    check_grammar(
        "mindmap",
        passing=[
            "mindmap\n    Plants",
            'mindmap\n    root(("Plants (all)"))\n    ::icon(fa fa-leaf)\n        Trees: 50%\n'
            "            oak[Oak #1]\n            :::old tall\n            ))Big((\n"
            '        Herbs\n            m["`**Mint** & *co*`"]',
            "---\nconfig:\n  layout: tidy-tree\n---\nmindmap\n    %% the root\n    ((Root))",
        ],
        failing=[
            ("mindmap", None),
            ("mindmap\n    a\n    b", 3),
            ("mindmap\n    a\n            too deep", 3),
            ("mindmap\n    a\n      odd", 3),
            ("mindmap\n        a", 2),
            ("mindmap\n    ::icon(fa fa-leaf)", 2),
            ("mindmap\n    a\n    ::icon(fa fa-leaf)\n    ::icon(fa fa-tree)", 4),
            ("mindmap\n    a\n        Mindmap tools", 3),
            ("mindmap\n    a\n        Trees (old)", 3),
            ("mindmap\n    a\n        b[Trees (old)]", 3),
            ("mindmap\n    a\n        b[Trees)", 3),
            ("mindmap\n    a\n        mindmap[b]", 3),
        ],
    )


def test_any_indentation_becomes_four_spaces_a_level(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'mindmap\n root)A  "b"(\n   %% left\n   B[ "x" ]\n      C\n'
                "    ::icon( fa  fa-car )\n      D; e\n   the id(-f-)",
                "mindmap\n    root)A #quot;b#quot;(\n    %% left\n        B[#quot;x#quot;]\n"
                "            C\n            ::icon(fa fa-car)\n            D#59; e\n        f-",
            ),
            (
                'mindmap\n    r["`one\n    two`"]\n        b["(c)"]\n        d["e"]',
                'mindmap\n    r["`one<br/>two`"]\n        b["(c)"]\n        d[e]',
            ),
        ]
    )


def test_usual_slips_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "mindmap\n    root((Plan (draft))\n    - First {a}\n      Second: b [c",
                'mindmap\n    root(("Plan (draft"))\n        ["First {a}"]\n'
                '            ["Second: b [c"]',
            ),
            (
                "mindmap\n  Root\n  Other root\n    Mindmap tools ::icon(fa fa-car)",
                "mindmap\n    Root\n        Other root\n            #77;indmap tools\n"
                "            ::icon(fa fa-car)",
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("mindmap", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("mindmap")
