"""block-beta: rows, blocks in blocks, links between what is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from naiad.grammar import fix

Check = Callable[..., Any]

_TWO = 'block-beta\n    columns 3\n    a["A"] space b("B")\n'


def test_links_styles_and_classes_name_blocks_that_are_there(check_grammar: Check) -> None:
    check_grammar(
        "block-beta",
        passing=[
            _TWO + '    a --> b\n    b -- "reads & writes" --> a\n    a -. "#quot;x#quot;" .-> b\n'
            "    a <--> b\n    a === a\n    style a fill:#f9f,stroke-width:2px\n"
            "    classDef warm fill:#fa0\n    class a,b warm",
        ],
        failing=[
            (_TWO + "    a --> c", 4),
            (_TWO + "    a --> b --> a", 4),
            (_TWO + "    a ~~~ b", 4),
            (_TWO + "    a x--x b", 4),
            (_TWO + '    a <-- "label" --> b', 4),
            (_TWO + '    a -- "" --> b', 4),
            (_TWO + "    style c fill:#f9f", 4),
            (_TWO + "    style a,b fill:#f9f", 4),
            (_TWO + "    class a, b warm", 4),
            (_TWO + "    title Blocks", 4),
            ("block-beta", None),
        ],
    )


@pytest.mark.parametrize(
    "block",
    [
        *('["x"]', '("x")', '(("x"))', '((("x")))', '{"x"}', '{{"x"}}', '(["x"])', '[["x"]]'),
        *('[("x")]', '>"x"]', '[/"x"/]', '[\\"x"\\]', '[/"x"\\]', '[\\"x"/]', '["x"]:2', ":3"),
        *('<["x"]>(right)', '<[" "]>(left, up)', '<["#nbsp;#nbsp;"]>(x, down):2'),
    ],
)
def test_all_shapes_are_there(check_grammar: Check, block: str) -> None:
    check_grammar("block-beta", passing=[f"block\n    columns 3\n    a{block} b"], failing=[])


def test_blocks_are_declared_once_and_fit_in_their_columns(check_grammar: Check) -> None:
    reserved = ["end", "default", "root", "linkStyle", "columns", "my-id", "é", "accTitle"]
    check_grammar(
        "block-beta",
        passing=["block-beta\n    columns auto\n    a:9\n    space:2 end1 spaces 1st"],
        failing=[
            (_TWO + "    c a", 4),
            (_TWO + "    c:4", 4),
            (_TWO + "    c:0", 4),
            (_TWO + "    columns 2", 4),
            (_TWO + "    c[C]", 4),
            (_TWO + '    c[""]', 4),
            (_TWO + '    c["`C`"]', 4),
            (_TWO + '    c<["C"]>', 4),
            *((f"block-beta\n    {each}", 2) for each in reserved),
        ],
    )


def test_blocks_in_blocks_hold_something_and_end(check_grammar: Check) -> None:
    check_grammar(
        "block-beta",
        passing=[
            'block-beta\n    block:g["Group"]:2\n        columns 1\n        a\n        block\n'
            "            b\n        end\n        a --> b\n    end\n    g --> a",
        ],
        failing=[
            ("block-beta\n    block\n    end", 3),
            ("block-beta\n    block\n        a", None),
            ("block-beta\n    a\n    end", 3),
            ("block-beta\n    block:a\n        b\n    end\n    block:a", 5),
            ("block-beta\n    block\n        columns 2\n        a:3", 4),
        ],
    )


def test_links_and_blocks_go_to_lines_of_their_own(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'block-beta columns 2 a["A &lt;1&gt;"]  b\n block:g c end d\n'
                'a---->b\n c=="y"==>d\n style a  fill : #f9f , stroke:#333;\nclass a,b  warm\n',
                'block-beta\n    columns 2\n    a["A #lt;1#gt;"] b\n    block:g\n        c\n'
                '    end\n    d\n    a --> b\n    c == "y" ==> d\n    style a fill:#f9f,'
                "stroke:#333\n    class a,b warm",
            ),
            (
                'block\n  go<["&nbsp;&nbsp;"]>( right )\n a\n %% why\n go-->a',
                'block\n    go<["#nbsp;#nbsp;"]>(right)\n    a\n    %% why\n    go --> a',
            ),
        ]
    )


def test_what_models_write_is_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "block-beta\n    title Shop\n    web[Web shop (new)] my-db{Data}\n"
                "    web -->|reads| my-db\n    web -- writes --> my-db",
                'block-beta\n    web["Web shop (new)"] my_db{"Data"}\n'
                '    web -- "reads" --> my_db\n    web -- "writes" --> my_db',
            ),
            (
                "block-beta\n    subgraph g[Group]\n    a:2[A]\n    end\n    end\n"
                "    style x fill:#fff\n    b<[go]>",
                'block-beta\n    block:g["Group"]\n        a["A"]:2\n    end\n    b<["go"]>(right)',
            ),
            (
                "block-beta\n    block:g\n    block\n    a -> b",
                "block-beta\n    block:g\n        block\n            a b\n            a --> b\n"
                "        end\n    end",
            ),
            ("block-beta\n    block\n    end", "block-beta\n    block\n        space\n    end"),
        ]
    )


def test_chains_which_mermaid_accepts_and_misreads_become_links() -> None:
    fixed = fix('block-beta\n    a["A"] --> b --> c')
    assert fixed.source == 'block-beta\n    a["A"] b\n    a --> b\n    c\n    b --> c'
    assert (fixed.verdict.valid, fixed.refusal) == (True, None)


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("block-beta", 25)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("block-beta")
