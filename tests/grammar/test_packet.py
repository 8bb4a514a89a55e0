"""packet-beta: fields without gaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_fields_follow_each_other(check_grammar: Check) -> None:
    check_grammar(
        "packet-beta",
        passing=[
            'packet-beta\n    title TCP\n    0-15: "Source port"\n    +16: "Target"\n    32: "URG"',
            '---\ntitle: UDP\n---\npacket\n    0: "a"\n    %% a comment\n    1-8: "R&D 50%"',
        ],
        failing=[
            ('packet-beta\n    0-15: "a"\n    17-20: "gap"', 3),
            ('packet-beta\n    0-15: "a"\n    15-20: "overlap"', 3),
            ('packet-beta\n    0-15: "a"\n    16-16: "one bit as a range"', 3),
            ("packet-beta\n    0-15: unquoted", 2),
            ('packet-beta\n  0: "indented by two"', 2),
            ("---\ntitle: x", None),
        ],
    )


def test_labels_are_quoted(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                "packet-beta\n  title  TCP\n0-15: 'Port'\n\n%% the rest\n16 : \"b\"",
                'packet-beta\n    title TCP\n    0-15: "Port"\n    %% the rest\n    16: "b"',
            ),
            (
                'packet\n  title "A" b\n  accDescr {\n  c\n}\n0: \'a "b"\' %% c',
                'packet\n    title "A" b\n    accDescr: c\n    %% c\n    0: "a #quot;b#quot;"',
            ),
        ]
    )


def test_gaps_and_overlaps_are_closed(check_repair: Check) -> None:
    check_repair(
        [
            (
                'packet-beta\n0-15: "a"\n17-20: "b"\n20-24: "c"',
                'packet-beta\n    0-15: "a"\n    16-19: "b"\n    20-24: "c"',
            ),
            ("packet-beta\n0-15: a b", 'packet-beta\n    0-15: "a b"'),
            (
                'packet-beta:\nTitle: A\n- 0-15 "a";\n* +0: b',
                'packet-beta\n    title A\n    0-15: "a"\n    +1: "b"',
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("packet-beta", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("packet-beta")
