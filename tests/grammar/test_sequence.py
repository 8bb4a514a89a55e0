"""sequenceDiagram: who is there, who is active, which blocks are open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from naiad.grammar import refusal
from naiad.grammar.rewriting.rewrite import rewrite

Check = Callable[..., Any]

_HEAD = "sequenceDiagram\n    participant A\n    participant B\n"


def test_everyone_is_declared_and_everything_ends(check_grammar: Check) -> None:
    check_grammar(
        "sequenceDiagram",
        passing=[
            "sequenceDiagram\n    title Log in: twice\n    accTitle: a, b\n    accDescr: c\n"
            "    autonumber 10 0.5\n    actor U as User <br/>of #35;1\n"
            '    participant DB@{ "type": "database" } as The data\n'
            "    U->>+DB: SELECT 1, 2 & 3 < 4\n    Note over U,DB: both\n    DB-->>-U: rows\n"
            "    Note left of U: done\n    autonumber off",
            _HEAD + "    box rgb(200, 220, 255) Servers\n        participant C\n"
            "        participant A\n    end\n    A<<->>C: both ways",
            _HEAD + "    loop every day\n        alt it is new\n            A->>B: x\n"
            "        else\n        else it is old\n            A-xB: y\n        end\n    end",
            _HEAD + "    par\n        A->>B: x\n    and\n        B->>A: y\n    end\n"
            "    critical a\n    option b\n        A--)B: z\n    end\n"
            "    rect rgba(0,0,0,.1)\n        Note right of A: n\n    end",
            _HEAD + "    create participant C as Third\n    A->>C: begin\n    destroy C\n"
            "    C-->>A: end\n    A->B: alone",
            _HEAD + "    alt a\n        destroy B\n        A-xB: stop\n    else b\n"
            "        A->>B: go on\n    end\n    A->>B: still there",
            _HEAD + "    A-|\\B: x\n    B()//--()A: y\n    A->>()B: z\n    A--|/A: w",
            "sequenceDiagram\n    participant Auth Service\n    participant auth-api as API\n"
            "    participant 用户\n    Auth Service->>auth-api: x\n    auth-api--)用户:",
            _HEAD + "    link A: Wiki @ https://a.example/x?y=z%20&b=1\n    A->>B: x",
            "sequenceDiagram\n    participant __proto__\n    participant constructor\n"
            "    constructor->>+__proto__: x\n    deactivate __proto__",
            _HEAD + "    loop x\n        A->>B: y\n        destroy B\n    end",
        ],
        failing=[
            (_HEAD + "    A->>C: nobody declared C", 4),
            (_HEAD + "    participant a", 4),
            (_HEAD + "    participant end", 4),
            (_HEAD + "    participant Note", 4),
            (_HEAD + "    participant end-user", 4),
            (_HEAD + "    participant a-x", 4),
            (_HEAD + "    participant Web Server as WS", 4),
            (_HEAD + '    participant "C"', 4),
            (_HEAD + "    A->>B: one; two", 4),
            (_HEAD + "    A->>B: #1", 4),
            (_HEAD + "    A->>B", 4),
            (_HEAD + "    A ->> B: blanks", 4),
            (_HEAD + "    A-->>-B: not active", 4),
            (_HEAD + "    deactivate A", 4),
            (_HEAD + "    activate A\n    deactivate A\n    deactivate A", 6),
            (_HEAD + "    activate A\n    participant xy\n    A->>-xy: a cross to Mermaid", 6),
            (_HEAD + "    loop empty\n    end", 5),
            (_HEAD + "    loop open\n        A->>B: x", None),
            (_HEAD + "    opt a\n        A->>B: x\n    else b", 6),
            (_HEAD + "    end", 4),
            (_HEAD + "    else x", 4),
            (_HEAD + "    box empty\n    end", 5),
            (
                _HEAD
                + "    box a\n        participant A\n    end\n    box b\n        participant A",
                8,
            ),
            (_HEAD + "    create participant C\n    A->>B: not to C", 5),
            (_HEAD + "    create participant C", None),
            (_HEAD + "    create participant A", 4),
            (_HEAD + "    destroy A\n    B->>B: without A", 5),
            (_HEAD + "    destroy B\n    A-xB: x\n    A->>B: B is gone", 6),
            (_HEAD + "    rect #ff0000", 4),
            (_HEAD + "    Note over A,B,A: three", 4),
            (_HEAD + "    loop a\n    A->>B: not indented", 5),
            (_HEAD + "    actor C\n    link C: no menu is drawn @ /c", 5),
            ("sequenceDiagram", None),
            ("sequenceDiagram LR", 1),
        ],
    )


def test_valid_text_only_changes_its_writing(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                "sequenceDiagram\nAlice ->> Bob : Hi\nnote over Bob, Alice: n",
                "sequenceDiagram\n    participant Alice\n    participant Bob\n"
                "    Alice->>Bob: Hi\n    Note over Bob,Alice: n",
            ),
            (
                "sequenceDiagram;A->B: x;B-->A: y;",
                "sequenceDiagram\n    participant A\n    participant B\n    A->B: x\n    B-->A: y",
            ),
            (
                "sequenceDiagram\n  title: T\n  PARTICIPANT A AS One\n  Alt x\n  A->>A: y # why\n"
                "  ELSE\n  A-XA:z\n  END",
                "sequenceDiagram\n    title T\n    participant A as One\n    alt x\n"
                "        A->>A: y\n        %% why\n    else\n        A-xA: z\n    end",
            ),
            (
                'sequenceDiagram\nparticipant A@{"type":"queue","alias":"Q 1"}\n'
                'participant B@{ "alias" : "Bee" }\n%% c\nA->>B:x',
                'sequenceDiagram\n    participant A@{ "type": "queue" } as Q 1\n'
                "    participant B as Bee\n    %% c\n    A->>B: x",
            ),
            (
                'sequenceDiagram\nparticipant A\nlinks A: {"a": "https://a.b", "c": "/d"}\n'
                "autonumber 010 .5\nA->>A: x#quot;y",
                "sequenceDiagram\n    participant A\n    link A: a @ https://a.b\n"
                "    link A: c @ /d\n    autonumber 10 0.5\n    A->>A: x#quot;y",
            ),
            (
                "sequenceDiagram\n  box Blue b\n  actor A\n  end\n  loop\n  rect rgb(1,2,3)\n"
                "  A->>A: x\n  end\n  end\n  participant A",
                "sequenceDiagram\n    box Blue b\n        actor A\n    end\n    loop\n"
                "        rect rgb(1,2,3)\n            A->>A: x\n        end\n    end",
            ),
            (
                "sequenceDiagram\naccDescr {\n  of two lines\n}\nA->>A: x",
                "sequenceDiagram\n    accDescr: of two lines\n    participant A\n    A->>A: x",
            ),
        ]
    )


def test_usual_slips_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (_HEAD + "A=>B: x", _HEAD + "    A->>B: x"),
            (_HEAD + "A<-B: x", _HEAD + "    B->>A: x"),
            (_HEAD + "A->>B", _HEAD + "    A->>B:"),
            (_HEAD + "A-->|x y|B", _HEAD + "    A-->B: x y"),
            (_HEAD + "- A->>B: one; two", _HEAD + "    A->>B: one#59; two"),
            (_HEAD + "loop x\nA->>B: y", _HEAD + "    loop x\n        A->>B: y\n    end"),
            (_HEAD + "A->>B: y\nend", _HEAD + "    A->>B: y"),
            (
                _HEAD + "alt x\nA->>B: y\nend alt\nend if",
                _HEAD + "    alt x\n        A->>B: y\n    end",
            ),
            (
                _HEAD + "opt x\nA->>B: y\nelse z\nB->>A: w\nend",
                _HEAD
                + "    opt x\n        A->>B: y\n    end\n    opt z\n        B->>A: w\n    end",
            ),
            (
                _HEAD + "par x\nA->>B: y\nelse z\nB->>A: w\nend",
                _HEAD + "    par x\n        A->>B: y\n    and z\n        B->>A: w\n    end",
            ),
            (_HEAD + "A->>B: x\nB-->>-A: y", _HEAD + "    A->>B: x\n    B-->>A: y"),
            (_HEAD + "A->>B: x\ndeactivate B", _HEAD + "    A->>B: x"),
            (
                _HEAD + "create participant C\nA->>B: x",
                _HEAD + "    participant C\n    A->>B: x",
            ),
            (_HEAD + "destroy B\nA->>A: x", _HEAD + "    A->>A: x"),
            (_HEAD + "A->>End: x", _HEAD + "    participant End_ as End\n    A->>End_: x"),
            (
                'sequenceDiagram LR\ndatabase D\nparticipant "Web one" as W\nD->>W: x',
                'sequenceDiagram\n    participant D@{ "type": "database" }\n'
                "    participant W as Web one\n    D->>W: x",
            ),
            (
                "sequenceDiagram\nparticipant A: Ann\nNote A: n\n"
                "Note right of A\none\ntwo\nend note",
                "sequenceDiagram\n    participant A as Ann\n    Note over A: n\n"
                "    Note right of A: one<br/>two",
            ),
            (
                "sequenceDiagram\nbox x\nactor A\nA->>A: x\nend",
                "sequenceDiagram\n    box x\n        actor A\n    end\n    A->>A: x",
            ),
            (_HEAD + "Note over A,A,B: x", _HEAD + "    Note over A,B: x"),
            (
                _HEAD + "A->>B: x\nstyle A fill:red",
                _HEAD + "    A->>B: x\n    %% style A fill:red",
            ),
            (_HEAD + "A->>B,A: x", _HEAD + "    A->>B: x\n    A->>A: x"),
        ]
    )


def test_a_comment_keeps_the_indentation_of_its_block() -> None:
    source = _HEAD + "    loop a\n  %% why\n        A->>B: x\n    end"
    assert rewrite(source, repairing=False).source.split("\n")[4] == "        %% why"
    assert refusal(rewrite(source, repairing=False).source) is None


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("sequenceDiagram", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("sequenceDiagram")
