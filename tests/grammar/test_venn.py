"""venn-beta: unions of sets that are declared, texts in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_unions_are_of_declared_sets(check_grammar: Check) -> None:
    check_grammar(
        "venn-beta",
        passing=[
            'venn-beta\n    title "A" b\n    set A["Alpha"]:20\n        text a1["in A"]\n'
            '        text "also"\n    set "Foo Bar"\n    union A,"Foo Bar"["both"]:2.5\n'
            '        text x\n    style A,"Foo Bar" fill:#ff6b6b, color:red\n'
            "    style a1 color:#333",
        ],
        failing=[
            ("venn-beta\n    set A\n    set A", 3),
            ("venn-beta\n    set A\n    union A,B", 3),
            ("venn-beta\n    set A\n    union A,A", 3),
            ("venn-beta\n    set A\n    set B\n    union B,A", 4),
            ("venn-beta\n    set Union", 2),
            ("venn-beta\n    set A:0", 2),
            ("venn-beta\n        text a", 2),
            ("venn-beta\n    set A\n    style A fill:red\n        text a", 4),
            ("venn-beta\n    set A\n    style B fill:red", 3),
            ("venn-beta", None),
        ],
    )


def test_sets_of_a_union_are_in_their_order(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'venn-beta\n  title  A\nset "B" : 12\nset A [ Alpha ]\n  text "x"\n'
                " union A, B:3 %% c\nstyle A , B fill : #f00,color:red",
                'venn-beta\n    title A\n    set B:12\n    set A["Alpha"]\n        text "x"\n'
                "    %% c\n    union B,A:3\n    style B,A fill:#f00, color:red",
            )
        ]
    )


def test_sets_that_are_only_named_are_declared(check_repair: Check) -> None:
    check_repair(
        [
            (
                "venn-beta\nset A\nunion A & B",
                "venn-beta\n    set A\n    set B\n    union A,B",
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("venn-beta", 20)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("venn-beta")
