"""kanban: columns, cards, and ids that are unique."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_cards_stand_in_columns(check_grammar: Check) -> None:
    check_grammar(
        "kanban",
        passing=[
            'kanban\n    todo[To do]\n        c1[Order #12]\n        c2["Plan (a)"]'
            "@{ ticket: 'A-1', assigned: 'O#39;Neil', priority: 'Very High' }\n    done[Done]",
            '---\nconfig:\n  kanban:\n    ticketBaseUrl: "https://example.org/#TICKET#"\n---\n'
            "kanban\n    a[A]\n    :::wide\n        b[B]@{ icon: 'star' }",
        ],
        failing=[
            ("kanban", None),
            ("kanban\n        c1[a card]", 2),
            ("kanban\n    todo", 2),
            ("kanban\n    todo[a]\n    todo[b]", 3),
            ("kanban\n    todo[a]\n        TODO[b]", 3),
            ("kanban\n    todo[a]\n            c[too deep]", 3),
            ("kanban\n    kanban1[a]", 2),
            ("kanban\n    a[a]@{ priority: 'Medium' }", 2),
            ("kanban\n    a[a]@{ ticket: 'x', ticket: 'y' }", 2),
            ("kanban\n    a[a]@{ colour: 'x' }", 2),
            ("kanban\n    a[a]@{ }", 2),
        ],
    )


def test_ids_and_quotes_are_given(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'kanban\n  To Do\n    docs["Read"]@{assigned: "me", ticket: 12}\n'
                "      deep(a)@{ label: 'Deeper: b' }\n    docs[Write]\n  Ünïcode",
                "kanban\n    To_Do[To Do]\n        docs[Read]@{ assigned: 'me', ticket: '12' }\n"
                "        deep[Deeper: b]\n        docs_2[Write]\n    n_code[Ünïcode]",
            ),
        ]
    )


def test_usual_slips_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "kanban\n  - Todo\n    * Buy {milk\n    c[Call (her)]@{ assignee: Bo, "
                "priority: critical }",
                'kanban\n    Todo[Todo]\n        Buy_milk["Buy {milk"]\n'
                "        c[\"Call (her)\"]@{ assigned: 'Bo', priority: 'Very High' }",
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("kanban", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("kanban")
