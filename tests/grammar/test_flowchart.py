"""Flowcharts: nodes, edges, subgraphs, and what Mermaid's lexer takes for something else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from naiad.grammar import GRAMMARS, refusal
from naiad.grammar.families import flowchart
from naiad.grammar.rewriting.rewrite import rewrite
from naiad.mermaid import validate

Check = Callable[..., Any]

ORDER = """\
---
title: Orders
---
flowchart LR
    accTitle: From cart to door
    accDescr: Three teams and what they hand on
    cart["Cart"] -->|"pays"| bank(("Bank")):::outside
    bank -.->|"refuses"| cart
    bank ==> pack{"In stock?"} & mail[/"Receipt"/]
    %% what happens in the hall
    subgraph hall["Hall 4"]
        direction TB
        pack --> box[["Box"]] --> label>"Label"]
        subgraph "Loading bay"
            van[("Van")] o--o dock@{ shape: docs, label: "Slips: 2 < 3" }
        end
    end
    mail ~~~ hall
    van e1@--x door
    e1@{ animation: slow }
    classDef outside,late fill:#eee,stroke:DarkGray,stroke-width:1.5px
    class pack,e1,hall late
    style hall fill:#fff,stroke-dasharray: 5 5
    linkStyle default stroke:gray
    linkStyle 0,8 stroke:#f00,stroke-width:4px
    click bank href "https://example.org/pay?a=1&b=%20" "Opens the <b>bank</b>" _blank
    click cart call open('cart') "Shows it\""""


def test_flowcharts_are_read(check_grammar: Check) -> None:
    check_grammar(
        "flowchart",
        passing=[
            ORDER,
            "graph TD\n    A",
            "flowchart-elk BT\n    subgraph empty\n    end",
            'flowchart TD\n    a@{ icon: "fa:user", form: "circle", label: "Me", pos: "t", h: 60 }',
            'flowchart TD\n    a@{ img: "https://e.org/a.svg", w: 80, h: 80, constraint: "on" }',
            'flowchart TD\n    a["`**Bold**<br/># not a heading`"] --> b(" ")',
            "flowchart TD\n    x --x o --o v --> default & 1A & sid-1.2 & Été & 中文",
            "flowchart TD\n    a ---> b\n    b ----- c -...-> d\n    d <====> a\n    a ~~~~ c",
        ],
        failing=[
            ("flowchart TD", None),
            ("flowchart\n    A", 1),
            ("flowchart TD\n    A[unquoted]", 2),
            ("flowchart TD\n    A -- text --> B", 2),
            ("flowchart TD\n  A --> B", 2),
            ('flowchart TD\n    A["one] --> B', 2),
            ('flowchart TD\n    A["x")', 2),
            ("flowchart TD\n    A --> B;", 2),
            ("flowchart TD\n    subgraph default-x\n    end", 2),
            ("flowchart TD\n    A@{ shape: nonsense }", 2),
            ("flowchart TD\n    subgraph one\n        A", None),
            ("flowchart TD\n    A\n    end", 3),
            ("flowchart TD\n    direction LR", 2),
            (
                "flowchart TD\n    subgraph s\n        direction LR\n        direction TB\n    end",
                4,
            ),
        ],
    )


def test_ids_are_what_the_lexer_takes_whole(check_grammar: Check) -> None:
    taken = ["end", "end-1", "style", "class.x", "graph", "subgraph", "1end", "_blank", "classé"]
    unsafe = ["__proto__", "constructor", "hasOwnProperty", "L_A_B_0", "subGraph0", "a--b", "a."]
    check_grammar(
        "flowchart",
        passing=[
            "flowchart TD\n    ending --> style1 --> my-class --> End --> L_A_step --> subGraph"
        ],
        failing=[(f"flowchart TD\n    {name} --> B", 2) for name in [*taken, *unsafe]],
    )


def test_references_exist(check_grammar: Check) -> None:
    check_grammar(
        "flowchart",
        passing=["flowchart TD\n    A & B --> C & D\n    linkStyle 3 stroke:red"],
        failing=[
            ("flowchart TD\n    A & B --> C & D\n    linkStyle 4 stroke:red", 3),
            ("flowchart TD\n    linkStyle 0 stroke:red", 2),
            ("flowchart TD\n    A\n    style B fill:red", 3),
            ("flowchart TD\n    A\n    class A,B red", 3),
            ('flowchart TD\n    A\n    click B href "a.html"', 3),
            ('flowchart TD\n    A\n    click A href "javascript:alert(1)"', 3),
            ("flowchart TD\n    A --> B\n    e1@{ animate: true }", 3),
            ("flowchart TD\n    A\n    style A fill:rgb(1,2,3)", 3),
        ],
    )


def test_edge_ids_are_no_nodes(check_grammar: Check) -> None:
    check_grammar(
        "flowchart",
        passing=['flowchart TD\n    A e1@--> B\n    B e2@-.->|"t"| A\n    class e1,A red'],
        failing=[
            ("flowchart TD\n    A e1@--> B\n    e1 --> C", 3),
            ("flowchart TD\n    A e1@--> B\n    B e1@--> C", 3),
            ("flowchart TD\n    A e1@--> B --> e1", 2),
            ("flowchart TD\n    A e1@--> B\n    subgraph e1\n    end", 3),
        ],
    )


def test_no_subgraph_lies_in_itself(check_grammar: Check) -> None:
    check_grammar(
        "flowchart",
        passing=[
            "flowchart TD\n    a --> s\n    subgraph s\n        b\n    end\n"
            "    subgraph t\n        s --> c\n    end",
        ],
        failing=[
            ("flowchart TD\n    subgraph s\n        s --> b", 3),
            ("flowchart TD\n    subgraph s\n        subgraph t\n            s", 4),
            ("flowchart TD\n    subgraph s\n        t\n    end\n    subgraph t\n        s", 6),
            ("flowchart TD\n    subgraph s\n    end\n    subgraph s\n    end", 4),
        ],
    )


def test_a_line_that_mermaid_takes_for_a_direction_is_one(check_grammar: Check) -> None:
    swallowed = 'flowchart TD\n    A --> B\n    B -->|"in direction TB"| C\n'
    check_grammar(
        "flowchart",
        passing=[swallowed + "    linkStyle 0 stroke:red"],
        failing=[
            (swallowed + "    linkStyle 1 stroke:red", 4),
            (swallowed + "    style C fill:red", 4),
            ('flowchart TD\n    A\n    subgraph s["direction LR"]\n        B', 4),
        ],
    )


def test_mermaid_draws_no_more_edges_than_its_limit() -> None:
    grammar = GRAMMARS["flowchart"]()
    # Near the limit a line holds no more than one edge, so that every line fits.
    lines = ["flowchart TD", *["    a & b & c & d & e --> f & g & h & i & j"] * 19]
    lines += ["    a --> b"] * 25
    for line in lines:
        grammar.read(line)
    assert grammar.may_end
    assert refusal("\n".join([*lines, "    k"])) is None
    assert refusal("\n".join([*lines, "    k --> l"])) is not None
    assert validate("\n".join([*lines, "    k"])).valid
    assert not validate("\n".join([*lines, "    k --> l"])).valid


def test_what_is_read_could_have_been_generated() -> None:
    """Lines are read with patterns that last, and generated with those of their place."""
    grammar = GRAMMARS["flowchart"]()
    grammar.begin_at_header()
    for line in ORDER.split("\n")[3:]:
        if "%%" not in line:
            form = next(each for each in grammar.forms() if each.match(line))
            assert (re.fullmatch(form.pattern, line[form.indent :]) is not None, line) == (
                True,
                line,
            )
        grammar.read(line)
    assert grammar.may_end


def test_a_full_diagram_only_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flowchart, "MOST_LINES", 3)
    grammar = GRAMMARS["flowchart"]()
    for line in ("flowchart TD", "    subgraph s", "        a", "        b"):
        grammar.read(line)
    assert [form.name for form in grammar.forms()] == ["end of the subgraph"]
    grammar.read("    end")
    assert grammar.forms() == []
    assert grammar.may_end


def test_statements_are_written_one_way(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                "graph LR;A[Load x]:::c-->B{{y}};B-- it's on ---C & D;",
                'graph LR\n    A["Load x"]:::c --> B{{"y"}}\n    B ---|"it\'s on"| C & D',
            ),
            (
                'flowchart\n  A x-. no .-x B\n  A == "so" ==> B -- `t` --> C',
                'flowchart TB\n    A x-.-x|"no"| B\n    A ==>|"so"| B -->|"#96;t#96;"| C',
            ),
            (
                "graph TD\nA([a <br> b]) --> B[(c #35; # < 5)]\nB-->C>d]-->D[/e/]-->E[\\f/]",
                'graph TD\n    A(["a <br/> b"]) --> B[("c #35; #35; < 5")]\n'
                '    B --> C>"d"] --> D[/"e"/] --> E[\\"f"/]',
            ),
            (
                "flowchart TB\nsubgraph one [The first]\ndirection LR\na\nend\n"
                'subgraph "Two"\nb\nend\nsubgraph And so on\nc\nend',
                'flowchart TB\n    subgraph one["The first"]\n        direction LR\n        a\n'
                "    end\n    subgraph Two\n        b\n    end\n"
                '    subgraph "And so on"\n        c\n    end',
            ),
            (
                "flowchart LR\nA[x] e1@==> B\nB e2@--> C e3@--> D\ne2@{animate: true, curve: step}",
                'flowchart LR\n    A["x"]\n    B\n    A e1@==> B\n    B e2@--> C\n    C e3@--> D\n'
                "    e2@{ animate: true }\n    e2@{ curve: step }",
            ),
            (
                "flowchart LR\nA@{\n  shape: 'doc'\n  label: \"it's\n  long\"\n}\n"
                "B[b]@{shape: hex}",
                'flowchart LR\n    A@{ shape: doc, label: "it\'s<br/>long" }\n    B["b"]\n'
                "    B@{ shape: hex }",
            ),
            (
                'flowchart LR\nA["`a\n  **b**`"]\n\n%% c\nclick A "x.html" "tip" _self\n'
                "click A go\nclick A call go(1, 'b')",
                'flowchart LR\n    A["`a<br/>**b**`"]\n    %% c\n'
                '    click A href "x.html" "tip" _self\n    click A call go()\n'
                "    click A call go(1, 'b')",
            ),
            (
                "flowchart LR\nA-->B\nclassDef a fill:#fff , stroke:red ;\nclass A,B a;\n"
                "style A fill:#f9f, color: red;\nlinkStyle 0 stroke-dasharray:5 5;\ndirection TB",
                "flowchart LR\n    A --> B\n    classDef a fill:#fff,stroke:red\n    class A,B a\n"
                "    style A fill:#f9f,color: red\n    linkStyle 0 stroke-dasharray:5 5",
            ),
        ]
    )


def test_a_subgraph_called_default_keeps_its_quotes() -> None:
    source = 'flowchart TD\n    subgraph "default"\n        a\n    end'
    assert rewrite(source, repairing=False).source == source


def test_a_long_chain_becomes_its_edges() -> None:
    chain = " --> ".join(f"n{number}" for number in range(16))
    rewritten = rewrite(f"graph TD\n{chain}", repairing=False).source
    assert rewritten.split("\n")[1:3] == ["    n0 --> n1", "    n1 --> n2"]
    assert refusal(rewritten) is None


@pytest.mark.parametrize(
    ("broken", "repaired"),
    [
        ("A[Load (all)] --> B{Is it?}", 'A["Load (all)"] --> B{"Is it?"}'),
        ('A["say "hi" now"] --> B[f[0]]', 'A["say #quot;hi#quot; now"] --> B["f[0]"]'),
        ('A["x] --> B', 'A["x"] --> B'),
        ("A[x) --> B((y]", 'A["x"] --> B(("y"))'),
        ("A -> B", "A --> B"),
        ("A => B\nC ..> D\nE <- F", "A ==> B\n    C -.-> D\n    F --> E"),
        ("A ->> B: asks", 'A -->|"asks"| B'),
        ("A \u2192 B -- yes -> C", 'A --> B -->|"yes"| C'),
        ("A -->|yes|> B", 'A -->|"yes"| B'),
        ("A -->|b (c)| D", 'A -->|"b (c)"| D'),
        ("The user --> Log in", 'The_user["The user"] --> Log_in["Log in"]'),
        ('A --> "Some text"', 'A --> Some_text["Some text"]'),
        ("A: Start\nA --> B, C[x(y)]", 'A["Start"]\n    A --> B & C["x(y)"]'),
        ("A --> B -->", "A --> B"),
        ("A --> end\nend --> B", 'A --> end_["end"]\n    end_["end"] --> B'),
        ("subgraph s\nA --> B", "subgraph s\n        A --> B\n    end"),
        ("A --> B\nend", "A --> B"),
        ("subgraph s {\nA\n}", "subgraph s\n        A\n    end"),
        ("subgraph Orders (new)\nA\nend", 'subgraph "Orders (new)"\n        A\n    end'),
        ("- A --> B\n* B --> C", "A --> B\n    B --> C"),
        ("// why\nA --> B(x", '%% why\n    A --> B("x")'),
        ("A --> B %% why", "A --> B"),
        ("linkStyle 0 stroke:red\nA --> B", "A --> B\n    linkStyle 0 stroke:red"),
        ("A --> B\nlinkStyle 0,7 stroke:red", "A --> B\n    linkStyle 0 stroke:red"),
        ("A\nstyle A fill:rgb(1,2,255),x=1", "A\n    style A fill:#0102ff"),
        ("A --> B\nclass A, B big", "A --> B\n    class A,B big"),
        ('A@{ shape: Parallelogram, label: "x" }', 'A@{ shape: lean-r, label: "x" }'),
        ("graph TD\nA --> B(x", 'A --> B("x")'),
    ],
)
def test_what_small_models_break_is_mended(check_repair: Check, broken: str, repaired: str) -> None:
    check_repair([(f"flowchart TD\n{broken}", f"flowchart TD\n    {repaired}")])


def test_a_header_is_mended(check_repair: Check) -> None:
    check_repair(
        [
            ("graph LR:\nA --> B", "graph LR\n    A --> B"),
            ("flowchart TD {\nA --> B\n}", "flowchart TD\n    A --> B"),
            ("flowchart TD A --> B", "flowchart TD\n    A --> B"),
            ("flowchart DT\nA --> B(x", 'flowchart TB\n    A --> B("x")'),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("flowchart", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("flowchart")
