"""erDiagram: entities, relationships, subgraphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_entities_relationships_and_styles_are_read(check_grammar: Check) -> None:
    check_grammar(
        "erDiagram",
        passing=[
            "erDiagram\n"
            "    direction LR\n"
            "    accTitle: Library\n"
            '    READER["Member"]:::person {\n'
            '        int id PK, UK "number on the card"\n'
            "        varchar(80) name\n"
            "        decimal(10,2) fees\n"
            "        string[] phones\n"
            "        List~int~ ages\n"
            "        date? born\n"
            "        string `first name` FK\n"
            "    }\n"
            '    "Shelf mark" {\n'
            "    }\n"
            "    READER ||--o{ LOAN-SLIP : fills\n"
            '    LOAN-SLIP }|..|| BOOK : "is for<br/>one"\n'
            '    BOOK |o--o| public.copy:::old : ""\n'
            "    BOOK u--o{ Élève : a\n"
            "    classDef person,old fill:#eef,stroke-width:2px\n"
            "    class READER,BOOK old\n"
            "    style BOOK stroke:red,stroke-dasharray:5 5",
            "erDiagram\n"
            '    subgraph Sales ["What is sold"]\n'
            "        direction TB\n"
            "        A ||--|| B : has\n"
            "        subgraph Inner\n"
            "            C {\n"
            "                int id\n"
            "            }\n"
            "        end\n"
            "    end\n"
            "    Sales ||--o{ D : feeds\n"
            "    style Sales fill:#fff",
        ],
        failing=[
            ("erDiagram\n    A ||--o{ B", 2),
            ("erDiagram\n    A ||--o{ B : two words", 2),
            ("erDiagram\n    A --> B : x", 2),
            ("erDiagram\n    A {\n        int id PX\n    }", 3),
            ("erDiagram\n    A {\n        int pk\n    }", 3),
            ("erDiagram\n    A {\n        int id PK, PK\n    }", 3),
            ("erDiagram\n    A {\n        int id", None),
            ("erDiagram\n    end ||--o{ B : x", 2),
            ("erDiagram\n    One ||--o{ B : x", 2),
            ("erDiagram\n    class-room ||--o{ B : x", 2),
            ('erDiagram\n    "50%" ||--o{ B : x', 2),
        ],
    )


def test_groups_and_styles_name_what_there_is(check_grammar: Check) -> None:
    check_grammar(
        "erDiagram",
        passing=["erDiagram\n    A\n    class A old\n    style A color:red"],
        failing=[
            ("erDiagram\n    A\n    style B fill:#fff", 3),
            ("erDiagram\n    A\n    class B old", 3),
            ("erDiagram\n    A\n    subgraph A\n    end", 3),
            ("erDiagram\n    subgraph G\n        A\n    end\n    subgraph G\n    end", 5),
            ("erDiagram\n    subgraph G\n        A\n    end\n    G {\n    }", 5),
            ("erDiagram\n    subgraph G\n        G ||--o{ A : x\n    end", 3),
            ('erDiagram\n    subgraph G\n        "G" ||--o{ A : x\n    end', 3),
            ("erDiagram\n    subgraph constructor\n    end", 2),
            ("erDiagram\n    subgraph G", None),
            ("erDiagram\n    end", 2),
            ("erDiagram\n    direction LR\n    direction TB", 3),
        ],
    )


def test_other_spellings_become_canonical(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                "erDiagram\n  A one or more to zero or many B : x\n  B 1 optionally to 0+ C: y",
                "erDiagram\n    A }|--o{ B : x\n    B ||..o{ C : y",
            ),
            (
                'erDiagram\nA||--}|B:::k:likes\nA 1--1 B : z\n"A" o{.-|o D : "a > b"',
                "erDiagram\n    A ||--|{ B:::k : likes\n    A ||--|| B : z\n"
                '    A }o..o| D : "a #gt; b"',
            ),
            (
                "erDiagram A ||--|| B : x B { int id PK,FK string name } C",
                "erDiagram\n    A ||--|| B : x\n    B {\n        int id PK, FK\n"
                "        string name\n    }\n    C",
            ),
            (
                "erDiagram\n p[Person]\n subgraph s [Two words]\n p:::a,b\n end\n"
                " style p fill: #f9f , stroke : red;\n",
                'erDiagram\n    p["Person"]\n    subgraph s ["Two words"]\n        p:::a,b\n'
                "    end\n    style p fill:#f9f,stroke:red",
            ),
            (
                "erDiagram\n accDescr {\n  all of it\n }\n A",
                "erDiagram\n    accDescr: all of it\n    A",
            ),
        ]
    )


def test_relationships_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "erDiagram\n- A ||--o{ B : lends many\nB ||--{ C\nC --> D : x;",
                'erDiagram\n    A ||--o{ B : "lends many"\n    B ||--|{ C : ""\n'
                '    C ||--o{ D : "x"',
            ),
            (
                'erDiagram\nA "1" -- "0..*" B : has\nOrder Line }|..|| A : x y',
                'erDiagram\n    A ||--o{ B : "has"\n    "Order Line" }|..|| A : "x y"',
            ),
            ("erDiagram TD\nA ||--o{ B", 'erDiagram\n    direction TB\n    A ||--o{ B : ""'),
            (
                "erDiagram\ntitle My shop\nnote for A: x\nA ||--o{ B : has",
                "erDiagram\n    accTitle: My shop\n    %% note for A: x\n    A ||--o{ B : has",
            ),
        ]
    )


def test_attributes_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "erDiagram\nUser {\nid: int (primary key)\n- name: string,\ndecimal(10, 2) fee\n"
                "created_at\nUser ||--o{ Post : has",
                "erDiagram\n    User {\n        int id PK\n        string name\n"
                "        decimal(10,2) fee\n        string created_at\n    }\n"
                "    User ||--o{ Post : has",
            ),
            (
                "erDiagram\nentity A {\nint id PK, string name;\nenum('x','y') state NOT NULL\n}}",
                "erDiagram\n    A {\n        int id PK\n        string name\n"
                '        enum(x,y) state "NOT NULL"\n    }',
            ),
            (
                "erDiagram\nsubgraph G\nA {\nint id",
                "erDiagram\n    subgraph G\n        A {\n            int id\n        }\n    end",
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("erDiagram", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("erDiagram")
