"""requirementDiagram: named blocks and what relates them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]

_TWO = "requirementDiagram\n    requirement speed {\n    }\n    element engine {\n    }"


def test_blocks_relations_and_looks(check_grammar: Check) -> None:
    check_grammar(
        "requirementDiagram",
        passing=[
            "requirementDiagram\n    accTitle: Motor\n    accDescr: Its parts\n    direction LR\n"
            "    performanceRequirement speed {\n        id: 1.2\n"
            '        text: "A #quot;fast#quot; one: 50% in 3 s"\n        risk: High\n'
            "        verifymethod: Test\n    }\n"
            '    element "Motor (V8)":::big {\n        type: "part"\n'
            '        docRef: "docs/v8.md"\n    }\n'
            '    "Motor (V8)" - satisfies -> speed\n    speed <- copies - "Motor (V8)"\n'
            '    classDef big fill:#f9f,stroke-width:2px\n    class speed,"Motor (V8)" big\n'
            "    style speed color:red",
            f'{_TWO}\n    "engine" - verifies -> speed',
            'requirementDiagram\n    designConstraint "id" {\n        id: "a-b"\n    }',
        ],
        failing=[
            ("requirementDiagram", None),
            ("requirementDiagram\n    requirement a {", None),
            (f"{_TWO}\n    requirement engine {{", 6),
            (f'{_TWO}\n    element "speed" {{', 6),
            (f"{_TWO}\n    engine - traces -> wheel", 6),
            (f"{_TWO}\n    engine - improves -> speed", 6),
            (f"{_TWO}\n    style wheel fill:#fff", 6),
            (f"{_TWO}\n    style speed fill:rgb(1,2,3)", 6),
            (f"{_TWO}\n    requirement Test {{", 6),
            (f"{_TWO}\n    requirement a b {{", 6),
            (f"{_TWO}\n    requirement lr_flow {{", 6),
            ("requirementDiagram\n    requirement a {\n        id: 1\n        id: 2", 4),
            ("requirementDiagram\n    requirement a {\n        risk: Huge", 3),
            ("requirementDiagram\n    requirement a {\n        id: test", 3),
            ("requirementDiagram\n    requirement a {\n        type: x", 3),
            ("requirementDiagram\n    element a {\n        risk: Low", 3),
            ('requirementDiagram\n    requirement "in direction TB" {', 2),
            ('requirementDiagram\n    element a {\n        type: "direction  LR"', 3),
        ],
    )


def test_texts_are_quoted_and_relations_follow_what_they_name(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                "requirementDiagram\na_1 - derives   -> b c\nrequirement a_1 {\nid: 1.0\n"
                'text: it is # of "parts"\nrisk: high\nverifyMethod: analysis\n}\n'
                "functionalRequirement b c {\n}",
                "requirementDiagram\n    requirement a_1 {\n        id: 1.0\n"
                '        text: "it is #35; of #quot;parts#quot;"\n        risk: High\n'
                '        verifymethod: Analysis\n    }\n    functionalRequirement "b c" {\n    }\n'
                '    a_1 - derives -> "b c"',
            ),
            (
                'requirementDiagram\n  element tb1 {\n  docref: "a < b, flow in LR"\n  }\n'
                '  "tb1":::blue\n  classDef blue fill: #00f, stroke: red\n  style tb1  color : red',
                'requirementDiagram\n    element "tb1" {\n'
                '        docRef: "a #lt; b, flow in#32;LR"\n    }\n'
                '    class "tb1" blue\n    classDef blue fill:#00f,stroke:red\n'
                '    style "tb1" color:red',
            ),
        ]
    )


def test_blocks_are_closed_and_written_out(check_repair: Check) -> None:
    check_repair(
        [
            (
                "requirementDiagram\nrequirement a {\n  id: 1\n  text = no - quotes, {here\n"
                "  risk: critical\nelement b {}\na --satisfies--> b\n}",
                "requirementDiagram\n    requirement a {\n        id: 1\n"
                '        text: "no - quotes, {here"\n    }\n    element b {\n    }\n'
                "    a - satisfies -> b",
            ),
            (
                'requirementDiagram\nFunctional Requirement a { id: x-1, text: "y", risk: med }\n'
                'component c {\n  type: "direction LR"\n  owner: me\n}\na --> c : verifies\n'
                "c satisfy a\na -> c\nd - traces -> a",
                'requirementDiagram\n    functionalRequirement a {\n        id: "x-1"\n'
                '        text: "y"\n        risk: Medium\n    }\n    element c {\n'
                '        type: "direction#32;LR"\n    }\n    a - verifies -> c\n'
                "    c - satisfies -> a\n    a - traces -> c\n    element d {\n    }\n"
                "    d - traces -> a",
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("requirementDiagram", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("requirementDiagram")
