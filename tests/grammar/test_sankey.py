"""sankey-beta: three columns without a cycle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_flows_make_no_cycle(check_grammar: Check) -> None:
    check_grammar(
        "sankey-beta",
        passing=[
            'sankey-beta\nA,B,1\nB,"C, d",0.5\nA,"C, d",2\n"a ""q""",A,10',
            "sankey\nCoal Plant,Gas Plant,1\nCoal,Cars,1\nx,constructor,3",
        ],
        failing=[
            ("sankey-beta\nA,A,1", 2),
            ("sankey-beta\nA,B,1\nB,A,1", 3),
            ("sankey-beta\nA,B,1\nB,C,1\nC,D,1\nD,B,1", 5),
            ("sankey-beta\nA,B,0", 2),
            ("sankey-beta\nA,B,-1", 2),
            ("sankey-beta\nA,B", 2),
            ("sankey-beta\nA,B,1,2", 2),
            ('sankey-beta\n"A",B,1', 2),
            ("sankey-beta\nA ,B,1", 2),
            ("sankey-beta\nÉ,B,1", 2),
            ("sankey-beta\n    A,B,1", 2),
            ("sankey-beta", None),
        ],
    )


def test_quotes_stay_where_a_name_needs_them(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'sankey-beta\n\n  A b , c,  010.50\n"c","e ""f""",.5\n%% g\n"c, d","x",1.',
                'sankey-beta\nA b,c,10.50\nc,"e ""f""",0.5\n%% g\n"c, d",x,1',
            )
        ]
    )


def test_slips_in_flows_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "sankey-beta:\nCafé,Bar – b,$5\nA -> B: 1,200\nC,D,10%\nE, f,G,2;",
                'sankey-beta\nCafe,Bar - b,5\nA,B,1200\nC,D,10\nE,"f, G",2',
            )
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("sankey-beta", 20)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("sankey-beta")
