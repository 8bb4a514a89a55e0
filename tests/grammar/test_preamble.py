"""Front matter and directives, above a diagram of any family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from naiad.grammar import GRAMMARS
from naiad.grammar.rewriting.preamble import canonical_preamble

Check = Callable[..., Any]

BODY = 'packet-beta\n    0-15: "a"'


def test_front_matter_holds_a_title_and_settings(check_grammar: Check) -> None:
    check_grammar(
        "packet-beta",
        passing=[
            f"---\ntitle: A (b)\nconfig:\n  theme: dark\n  packet:\n    bitsPerRow: 9\n---\n{BODY}",
            "---\nconfig:\n  themeVariables:\n    fontSize: 12\n    xyChart:\n"
            f'      titleColor: "#fff"\n  look: classic\ntitle: "x: y"\n---\n{BODY}',
        ],
        failing=[
            (f"---\nconfig:\n---\n{BODY}", 3),
            (f"---\nconfig:\n  packet:\n  look: classic\n---\n{BODY}", 4),
            (f"---\nconfig:\n  theme: purple\n---\n{BODY}", 3),
            (f"---\nconfig:\n  packet: 5\n---\n{BODY}", 3),
            (f"---\nconfig:\n  packet:\n    bitsPerRow: 0\n---\n{BODY}", 4),
            (f"---\nconfig:\n  packet:\n    a: 1\n    a: 2\n---\n{BODY}", 5),
            (f"---\nconfig:\n  packet:\n    a: null\n---\n{BODY}", 4),
            (f"---\ntitle: a\ntitle: b\n---\n{BODY}", 3),
            ("---\ntitle: a", None),
        ],
    )


def test_a_directive_holds_settings(check_grammar: Check) -> None:
    check_grammar(
        "packet-beta",
        passing=[
            f'%%{{init: {{"theme": "dark", "packet": {{"bitsPerRow": 16}}}}}}%%\n{BODY}',
            f'---\ntitle: a\n---\n%%{{init: {{"look": "classic"}}}}%%\n{BODY}',
        ],
        failing=[
            (f'%%{{init: {{"packet": 5}}}}%%\n{BODY}', 1),
            (f'%%{{init: {{"theme": "a"}}}}%%\n{BODY}', 1),
            (f'%%{{init: {{"look": "classic"}}}}%%\n%%{{init: {{"wrap": true}}}}%%\n{BODY}', 2),
        ],
    )


def test_other_writing_becomes_canonical(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                "---\ntitle: 'a b' # c\nconfig:\n    theme: 'dark'\n    packet:\n"
                f"        bitsPerRow:  16\n        showBits: false\n    pie: {{}}\n---\n{BODY}",
                '---\ntitle: "a b"\nconfig:\n  theme: dark\n  packet:\n'
                f"    bitsPerRow: 16\n    showBits: false\n---\n{BODY}",
            ),
            (
                f"%%{{init: {{'theme':'dark',\n  'pie': {{}}}} }}%%\n%%{{initialize: "
                f"{{'themeVariables': {{'git0': '#fff'}}}}}}%%\n{BODY}",
                f'%%{{init: {{"theme": "dark", "themeVariables": {{"git0": "#fff"}}}}}}%%\n{BODY}',
            ),
            (f"---\nfont: a\nconfig:\n  maxEdges: 5\n---\n{BODY}", BODY),
        ]
    )


def test_yaml_of_another_kind_stays_as_it_is() -> None:
    for lines in (
        ["---", "config: {theme: dark}", "---"],
        ["---", "title: >", "  a", "", "  b", "---"],
        ["---", "title: open"],
        ["%%{init: {broken}}%%"],
    ):
        assert canonical_preamble(lines) == lines


def test_open_front_matter_is_closed_anywhere() -> None:
    lines = ["---", "config:", "  xyChart:", "    xAxis:", "      a: 1", "  wrap: true", "title: a"]
    for count in range(len(lines) + 1):
        grammar = GRAMMARS["packet-beta"]()
        for line in lines[:count]:
            grammar.read(line)
        for line in grammar.closing_lines():
            grammar.read(line)
        assert grammar.may_end, lines[:count]
