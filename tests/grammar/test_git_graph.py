"""gitGraph: a history that Mermaid can carry out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from naiad.grammar import fix

Check = Callable[..., Any]

_FEATURE = 'gitGraph\n    commit id: "one"\n    branch feature\n    commit id: "two"'


def test_histories(check_grammar: Check) -> None:
    check_grammar(
        "gitGraph",
        passing=[
            "gitGraph\n    commit",
            'gitGraph TB:\n    title Release "1.0"\n    accTitle: Release\n'
            '    commit id: "Fix #12 & #quot;test#quot; -> 50%" msg: "m" type: REVERSE tag: "a"'
            ' tag: "b"\n    commit tag: "v1" type: HIGHLIGHT',
            f"{_FEATURE}\n    checkout main\n    commit\n"
            '    merge feature id: "three" tag: "v1"\n    branch release/1.0 order: 2\n'
            '    checkout "release/1.0"\n    branch "merge"\n    commit\n    checkout main\n'
            '    merge "merge"',
            f'{_FEATURE}\n    checkout main\n    cherry-pick id: "two" tag: ""',
            f'{_FEATURE}\n    checkout main\n    commit id: "three"\n    merge feature id: "four"\n'
            '    branch fix\n    commit\n    cherry-pick id: "four" parent: "two" tag: "picked"',
        ],
        failing=[
            ("gitGraph", None),
            ("gitGraph LR", 1),
            ('gitGraph\n    commit id: "one"\n    commit id: "one"', 3),
            ("gitGraph\n    commit\n    checkout feature", 3),
            (f"{_FEATURE}\n    branch feature", 5),
            (f'{_FEATURE}\n    branch "main"', 5),
            ("gitGraph\n    commit\n    branch merge", 3),
            ("gitGraph\n    commit\n    branch titles", 3),
            ("gitGraph\n    commit\n    branch 1.0", 3),
            ("gitGraph\n    commit\n    branch a.", 3),
            (f"{_FEATURE}\n    branch x order: 007", 5),
            ('gitGraph\n    commit id: "a" id: "b"', 2),
            ("gitGraph\n    commit type: LOUD", 2),
        ],
    )


def test_merges_that_mermaid_refuses(check_grammar: Check) -> None:
    check_grammar(
        "gitGraph",
        passing=[],
        failing=[
            (f"{_FEATURE}\n    merge feature", 5),
            ("gitGraph\n    commit\n    branch feature\n    merge main", 4),
            ("gitGraph\n    branch a\n    commit\n    checkout main\n    merge a", 5),
            ("gitGraph\n    branch a\n    branch b\n    commit\n    merge a", 5),
            (f"{_FEATURE}\n    branch b\n    checkout main\n    commit\n    merge none", 8),
            (f'{_FEATURE}\n    checkout main\n    merge feature id: "two"', 6),
            (f"{_FEATURE}\n    branch b\n    checkout feature\n    merge b", 7),
        ],
    )


def test_cherry_picks_that_mermaid_refuses(check_grammar: Check) -> None:
    merged = f'{_FEATURE}\n    checkout main\n    commit id: "x"\n    merge feature id: "m"'
    check_grammar(
        "gitGraph",
        passing=[],
        failing=[
            (f'{_FEATURE}\n    cherry-pick id: "two"', 5),
            (f'{_FEATURE}\n    cherry-pick id: "none"', 5),
            (f'{merged}\n    branch fix\n    commit\n    cherry-pick id: "m"', 10),
            (f'{merged}\n    branch fix\n    commit\n    cherry-pick id: "m" parent: "one"', 10),
            ('gitGraph\n    branch a\n    commit id: "1"\n    checkout main\n'
             '    cherry-pick id: "1"', 5),
        ],
    )  # fmt: skip


def test_the_first_branch_has_the_name_that_the_settings_give(check_grammar: Check) -> None:
    front = "---\nconfig:\n  gitGraph:\n    mainBranchName: trunk\n---\n"
    directive = '%%{init: {"gitGraph": {"mainBranchName": "trunk"}}}%%\n'
    body = "gitGraph\n    commit\n    branch b\n    commit\n    checkout "
    elsewhere = "---\nconfig:\n  flowchart:\n    mainBranchName: trunk\n---\n"
    check_grammar(
        "gitGraph",
        passing=[f"{front}{body}trunk", f"{directive}{body}trunk", f"{elsewhere}{body}main"],
        failing=[
            (f"{front}{body}main", 10),
            (f"{directive}{body}main", 6),
            (f"{elsewhere}{body}trunk", 10),
        ],
    )


def test_spacing_quotes_and_order_are_the_usual_ones(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'gitGraph:\n  commit id:\'a "b"\' type:HIGHLIGHT  tag:"v1"\n  branch "dev"\n'
                '  switch dev\n  commit tag: "t" id: "c;d"\n  commit "text"',
                'gitGraph\n    commit id: "a #quot;b#quot;" type: HIGHLIGHT tag: "v1"\n'
                '    branch dev\n    checkout dev\n    commit id: "c#59;d" tag: "t"\n'
                '    commit msg: "text"',
            ),
            (
                'gitGraph LR :\n commit\n branch "a b" order:2\n commit\n checkout main\n'
                ' merge "a b" tag:"x" type: REVERSE',
                'gitGraph LR:\n    commit\n    branch "a b" order: 2\n    commit\n'
                '    checkout main\n    merge "a b" tag: "x" type: REVERSE',
            ),
        ]
    )


@pytest.mark.parametrize("header", ["gitGraph TD", "gitGraph\n    TD:", "gitGraph\ndirection TB"])
def test_the_direction_goes_to_the_header(check_repair: Check, header: str) -> None:
    check_repair([(f"{header}\n  commit", "gitGraph TB:\n    commit")])


def test_missing_branches_and_checkouts_are_put_in(check_repair: Check) -> None:
    check_repair(
        [
            (
                "gitGraph\n  commit\n  checkout dev\n  commit\n  merge dev",
                "gitGraph\n    commit\n    branch dev\n    commit\n    checkout main\n"
                "    merge dev",
            ),
            (
                "gitGraph\n  commit\n  branch dev\n  checkout main\n  branch dev\n  commit;",
                "gitGraph\n    commit\n    branch dev\n    checkout main\n    checkout dev\n"
                "    commit",
            ),
            (
                "gitGraph\n  commit\n  branch dev\n  checkout main\n  merge dev",
                "gitGraph\n    commit\n    branch dev\n    checkout main\n    checkout dev\n"
                "    commit\n    checkout main\n    merge dev",
            ),
            (
                "gitGraph\n  commit\n  branch dev\n  commit\n  merge dev into main",
                "gitGraph\n    commit\n    branch dev\n    commit\n    checkout main\n"
                "    merge dev",
            ),
        ]
    )


def test_statements_of_the_command_line_are_understood(check_repair: Check) -> None:
    check_repair(
        [
            (
                'gitGraph\n- git commit -m "Start here"\n- git checkout -b feature x\n'
                "- git commit id: add login tag: v1\n- git commit type: loud",
                'gitGraph\n    commit id: "Start here"\n    branch "feature x"\n'
                '    commit id: "add login" tag: "v1"\n    commit',
            ),
            (
                'gitGraph\n  commit id: "a"; commit id: "b"\n  cherry-pick id: "a"\n'
                '  cherry-pick id: "z"',
                'gitGraph\n    commit id: "a"\n    commit id: "b"',
            ),
            (
                'gitGraph\n  commit id: "a"\n  commit id: "a"\n  branch b\n  merge main',
                'gitGraph\n    commit id: "a"\n    commit id: "a (2)"\n    branch b',
            ),
        ]
    )


def test_a_merge_is_picked_with_its_parent(check_repair: Check) -> None:
    start = (
        'gitGraph\n    commit id: "a"\n    branch b\n    commit id: "c"\n    checkout main\n'
        '    commit id: "d"\n    merge b id: "m"\n    branch e\n    commit\n'
    )
    check_repair(
        [(f'{start}    cherry-pick id: "m"', f'{start}    cherry-pick id: "m" parent: "d"')]
    )


def test_a_valid_history_with_an_id_twice_is_left_alone() -> None:
    source = 'gitGraph\n    commit id: "a"\n    commit id: "a"'
    fixed = fix(source)
    assert (fixed.source, fixed.verdict.valid) == (source, True)
    assert fixed.refusal is not None


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("gitGraph", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("gitGraph")
