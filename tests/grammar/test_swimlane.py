"""Swimlanes: flowcharts in lanes, without edges from a node to itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_edges_join_two_known_nodes(check_grammar: Check) -> None:
    lanes = 'swimlane-beta LR\n    subgraph shop["The shop"]\n        a["Order"]\n    end\n    b\n'
    check_grammar(
        "swimlane-beta",
        passing=[
            lanes + '    a -->|"asks"| b\n    b e1@-.-> shop\n    e1@{ animate: true }\n'
            "    linkStyle 0 stroke:red"
        ],
        failing=[
            (lanes + "    a --> a", 6),
            (lanes + "    a --> c", 6),
            (lanes + "    a --> b --> shop", 6),
            (lanes + "    a b@--> shop", 6),
            (lanes + "    a e1@--> b\n    e1", 7),
            ("swimlane-beta LR\n    subgraph shop\n        a\n        shop --> a", 4),
        ],
    )


def test_chains_become_nodes_and_edges(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                "swimlane-beta\nsubgraph Shop\na[Order] --> b & c -- t --> d\nend\nb e1@--> a",
                'swimlane-beta TB\n    subgraph Shop\n        a["Order"]\n        b\n        c\n'
                '        d\n        a --> b\n        a --> c\n        b -->|"t"| d\n'
                '        c -->|"t"| d\n    end\n    b e1@--> a',
            )
        ]
    )


def test_broken_lanes_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "swimlane-beta LR\nsubgraph Shop\na[Order (new)] -> b",
                'swimlane-beta LR\n    subgraph Shop\n        a["Order (new)"]\n        b\n'
                "        a --> b\n    end",
            )
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("swimlane-beta", 20)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("swimlane-beta")
