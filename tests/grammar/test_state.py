"""stateDiagram-v2: no state is named in itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from naiad.grammar import fix, refusal

Check = Callable[..., Any]

_HEAD = "stateDiagram-v2\n"


def test_states_transitions_and_notes(check_grammar: Check) -> None:
    check_grammar(
        "stateDiagram-v2",
        passing=[
            f"{_HEAD}    accTitle: Door\n    accDescr: Open or not\n    direction LR\n"
            '    [*] --> Closed\n    Closed --> Open : push: hard, 50% "a" {b} #59; C\n'
            "    Open --> [*]:::done\n    classDef done fill:#0f0,font-weight:bold\n"
            '    state "Ajar" as Half\n    Open : wide\n    class Open, Closed done\n'
            '    style Open,Closed fill:#fff\n    click Open href "https://example.com/a"\n'
            "    note left of Open : let air in\n    note right of Closed\n        Warm: yes\n"
            "        and quiet\n    end note\n    Geöffnet\n    state Geöffnet <<choice>>",
            f"{_HEAD}    [*] --> Level\n    state Level {{\n        [*] --> level\n"
            "        state f <<fork>>\n        level --> f\n        --\n        direction TB\n"
            '        state "In it" as Inner {\n            x\n        }\n        x --> f\n'
            "    }\n    Level : once\n    Level --> x",
        ],
        failing=[
            ("stateDiagram-v2", None),
            (f"{_HEAD}    state A {{", None),
            (f"{_HEAD}    state A {{\n    }}", 3),
            (f"{_HEAD}    state A {{\n        b", None),
            (f"{_HEAD}    state A {{\n        b\n        --\n    }}", 5),
            (f"{_HEAD}    a\n    --", 3),
            (f"{_HEAD}    a\n    note right of b : x", 3),
            (f"{_HEAD}    a\n    note right of a\n    end note", 4),
            (f"{_HEAD}    a\n    note right of a\n        end note of it", 4),
            (f"{_HEAD}    note --> b", 2),
            (f"{_HEAD}    a --> Root", 2),
            (f"{_HEAD}    a-b --> c", 2),
            (f"{_HEAD}    a --> c : x;y", 2),
            (f"{_HEAD}    a --> c : x::y", 2),
            (f"{_HEAD}    a --> c : in direction LR", 2),
            (f"{_HEAD}    a --> direction\n    TBD --> b", 3),
            (f"{_HEAD}    state f <<fork>>\n    f : text", 3),
            (f"{_HEAD}    a\n    class b x", 3),
            (f'{_HEAD}    a\n    click a "https://example.com"', 3),
            (f"{_HEAD}    state a\n    state B {{", 3),
        ],
    )


@pytest.mark.parametrize(
    "inside",
    ["A --> b", "b --> A", "A", "A : text", 'state "x" as A', "state A {", "[*] --> A"],
)
def test_a_state_is_not_named_in_itself(inside: str) -> None:
    refused = refusal(f"{_HEAD}    state A {{\n        {inside}")
    assert refused is not None
    assert refused.line == 3


def test_a_state_is_not_named_in_what_it_contains(check_grammar: Check) -> None:
    check_grammar(
        "stateDiagram-v2",
        passing=[
            f"{_HEAD}    state A {{\n        b\n    }}\n    state C {{\n        A --> b\n    }}"
        ],
        failing=[
            (f"{_HEAD}    state A {{\n        state B {{\n            A --> c", 4),
            (f"{_HEAD}    state A {{\n        B\n    }}\n    state B {{\n        A", 6),
            (f"{_HEAD}    state A_start {{\n        state A {{", 3),
        ],
    )


def test_a_composite_state_has_one_description(check_grammar: Check) -> None:
    check_grammar(
        "stateDiagram-v2",
        passing=[
            f"{_HEAD}    A : one\n    state A {{\n        b\n    }}\n    b : one\n    b : two"
        ],
        failing=[
            (f"{_HEAD}    A : one\n    A : two\n    state A {{", 4),
            (f"{_HEAD}    A : one\n    state A {{\n        b\n    }}\n    A : two", 6),
            (f'{_HEAD}    A : one\n    state "two" as A {{', 3),
        ],
    )


def test_the_usual_writing(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                "stateDiagram\n[*]-->First\nFirst-->Second:goes on < 3 %% no comment\n"
                "state  Second\n{\n  Third %% a comment\n}\nstate f [[fork]]\n"
                'state "A [b]" as c: more\nscale 350 width\nstate Nothing here\n'
                "note right of First\n   x: y\nend note\nclass First,Second hot\n"
                "classDef hot fill:#f00, color: red;",
                f"{_HEAD}    [*] --> First\n"
                "    First --> Second : goes on #lt; 3 #37;#37; no comment\n"
                "    state Second {\n        %% a comment\n        Third\n    }\n"
                '    state f <<fork>>\n    state "A #91;b]" as c\n    c : more\n'
                "    note right of First\n        x: y\n    end note\n"
                "    class First, Second hot\n    classDef hot fill:#f00,color: red",
            )
        ]
    )


def test_blocks_are_closed_and_arrows_put_right(check_repair: Check) -> None:
    check_repair(
        [
            (
                f"{_HEAD}[*] -> Idle\nIdle ->> In Progress : start;\n"
                "state Active {\n  a --> b\n  note right of a\n    text",
                f"{_HEAD}    [*] --> Idle\n    In_Progress : In Progress\n"
                "    Idle --> In_Progress : start\n    state Active {\n        a --> b\n"
                "        note right of a\n            text\n        end note\n    }",
            ),
            (
                f"{_HEAD}title Door\n- A[Open it] -->|push| B(Shut)\n"
                "state Half Open {\n  x\n}\n}",
                f"{_HEAD}    A : Open it\n    B : Shut\n    A --> B : push\n"
                '    state "Half Open" as Half_Open {\n        x\n    }',
            ),
        ]
    )


def test_what_draws_nothing_is_left_out_and_told() -> None:
    fixed = fix(f"{_HEAD}    a --> b\n    state c : text")
    assert fixed.source == f"{_HEAD}    a --> b"
    assert [each.message for each in fixed.changes] == [
        "left out `state c : text`, for which Mermaid draws nothing"
    ]


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("stateDiagram-v2", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("stateDiagram-v2")
