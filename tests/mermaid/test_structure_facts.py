from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from diagrams_by_family import BROKEN, VALID

from naiad.errors import InvalidDiagram
from naiad.mermaid.judge import Judge, JudgeLimits
from naiad.mermaid.judge_engines import find_node
from naiad.mermaid.structure import (
    Structure,
    drawn_text,
    same_structure,
    structure_difference,
    structure_of,
)

ROWS_READ = 120
"""Of each file of ../shared/data, seeded; all 3,032 rows, each read twice, take two minutes."""

# type -> (a text, another that draws the same, texts that each draw one thing differently)
PAIRS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "flowchart": (
        "flowchart LR\n  A[Tea] -->|hot| B\n  subgraph S\n    C\n  end\n  style A fill:#f00\n",
        '%% a comment\ngraph LR;\n A["Tea"]-->|"hot"|B;\nsubgraph S\nC\nend\nstyle A fill:#f00;\n',
        (
            "flowchart LR\n  A[Tea!] -->|hot| B\n  subgraph S\n    C\n  end\n  style A fill:#f00\n",
            "flowchart LR\n  A[Tea] -->|hot| B\n  subgraph S\n    C\n  end\n  style A fill:#0f0\n",
            "flowchart TD\n  A[Tea] -->|hot| B\n  subgraph S\n    C\n  end\n  style A fill:#f00\n",
            "flowchart LR\n  A(Tea) -->|hot| B\n  subgraph S\n    C\n  end\n  style A fill:#f00\n",
            "flowchart LR\n  A[Tea] -.->|hot| B\n  subgraph S\n    C\n  end\n  style A fill:#f00\n",
            "flowchart LR\n  A[Tea] -->|hot| B\n  C\n  style A fill:#f00\n",
        ),
    ),
    "sequenceDiagram": (
        "sequenceDiagram\n  A->>+B: hi\n  Note over A,B: wait\n  B-->>-A: yes\n  A->>B: bye\n",
        "sequenceDiagram\nparticipant A\n%% c\nA->>+B:hi\nnote over A,B: wait\nB-->>-A: yes;\n"
        "A->>B: bye\n",
        (
            "sequenceDiagram\n  A->>+B: hi\n  Note over A,B: wait\n  A->>B: bye\n  B-->>-A: yes\n",
            "sequenceDiagram\n  A->>+B: hi\n  Note right of A: wait\n  B-->>-A: yes\n"
            "  A->>B: bye\n",
            "sequenceDiagram\n  A->>B: hi\n  Note over A,B: wait\n  B-->>A: yes\n  A->>B: bye\n",
            "sequenceDiagram\n  A->>+B: hi\n  Note over A,B: wait\n  B-->>-A: yes\n  A-)B: bye\n",
        ),
    ),
    "classDiagram": (
        "classDiagram\n  class Boat {\n    +int length\n    +sail(to) bool\n  }\n"
        "  Boat <|-- Ferry\n",
        "classDiagram\nclass Boat\nBoat : +int length\nBoat : +sail(to) bool\n%% c\n"
        "Boat <|-- Ferry\n",
        (
            "classDiagram\n  class Boat {\n    -int length\n    +sail(to) bool\n  }\n"
            "  Boat <|-- Ferry\n",
            "classDiagram\n  class Boat {\n    +int length\n    +sail(to) bool\n  }\n"
            "  Boat --|> Ferry\n",
            "classDiagram\n  class Boat {\n    +int length\n    +sail(to)* bool\n  }\n"
            "  Boat <|-- Ferry\n",
        ),
    ),
    "stateDiagram-v2": (
        "stateDiagram-v2\n  [*] --> A\n  state B {\n    C --> D\n    --\n    E --> F\n  }\n"
        "  A --> B : go\n  note right of A : tired\n",
        "stateDiagram-v2\n%% c\n[*]-->A\nstate B {\nC-->D\n--\nE-->F\n}\nA-->B: go\n"
        "note right of A\ntired\nend note\n",
        (
            "stateDiagram-v2\n  [*] --> A\n  state B {\n    C --> D\n    E --> F\n  }\n"
            "  A --> B : go\n  note right of A : tired\n",
            "stateDiagram-v2\n  [*] --> A\n  state B {\n    C --> D\n    --\n    E --> F\n  }\n"
            "  B --> A : go\n  note right of A : tired\n",
            "stateDiagram-v2\n  [*] --> A\n  state B {\n    C --> D\n    --\n    E --> F\n  }\n"
            "  A --> B : go\n  note left of A : tired\n",
            "stateDiagram-v2\n  [*] --> A\n  state B {\n    C --> D\n    --\n    E --> F\n  }\n"
            '  A --> B : go\n  note right of A : tired\n  click A href "https://example.org"\n',
        ),
    ),
    "erDiagram": (
        'erDiagram\n  FARM ||--o{ FIELD : "has"\n  FIELD {\n    int id PK\n  }\n',
        "erDiagram\n%% c\nFARM ||--o{ FIELD : has\nFIELD {\nint id PK\n}\n",
        (
            'erDiagram\n  FARM ||--|{ FIELD : "has"\n  FIELD {\n    int id PK\n  }\n',
            'erDiagram\n  FARM ||..o{ FIELD : "has"\n  FIELD {\n    int id PK\n  }\n',
            'erDiagram\n  FARM ||--o{ FIELD : "has"\n  FIELD {\n    int id UK\n  }\n',
        ),
    ),
    "gantt": (
        "gantt\n  dateFormat YYYY-MM-DD\n  section Spring\n  Dig :d, 2026-03-01, 5d\n"
        "  Sow :after d, 3d\n",
        "gantt\n%% c\ndateFormat YYYY-MM-DD\nsection Spring\nDig: d, 2026-03-01, 2026-03-06\n"
        "Sow: after d, 3d\n",
        (
            "gantt\n  dateFormat YYYY-MM-DD\n  section Spring\n  Dig :d, 2026-03-02, 5d\n"
            "  Sow :after d, 3d\n",
            "gantt\n  dateFormat YYYY-MM-DD\n  section Spring\n  Dig :crit, d, 2026-03-01, 5d\n"
            "  Sow :after d, 3d\n",
            "gantt\n  dateFormat YYYY-MM-DD\n  section Summer\n  Dig :d, 2026-03-01, 5d\n"
            "  Sow :after d, 3d\n",
        ),
    ),
    "pie": (
        'pie showData\n  title Fruit\n  "Apples" : 3\n  "Pears" : 4.50\n',
        '---\ntitle: Fruit\n---\npie showData\n"Apples":3\n%% c\n"Pears":4.5\n',
        (
            'pie\n  title Fruit\n  "Apples" : 3\n  "Pears" : 4.50\n',
            'pie showData\n  title Fruit\n  "Pears" : 4.50\n  "Apples" : 3\n',
            'pie showData\n  title Fruits\n  "Apples" : 3\n  "Pears" : 4.50\n',
        ),
    ),
    "journey": (
        "journey\n  title Bus\n  section Day\n    Wait: 2: Me, Bob\n",
        "---\ntitle: Bus\n---\njourney\nsection Day\n%% c\nWait : 2 : Me,Bob\n",
        (
            "journey\n  title Bus\n  section Day\n    Wait: 3: Me, Bob\n",
            "journey\n  title Bus\n  section Day\n    Wait: 2: Me\n",
            "journey\n  title Bus\n  section Night\n    Wait: 2: Me, Bob\n",
        ),
    ),
    "gitGraph": (
        'gitGraph\n  commit\n  branch fix\n  commit id: "b"\n  checkout main\n'
        '  merge fix tag: "v1"\n',
        "gitGraph:\n%% c\ncommit\nbranch fix\ncheckout fix\ncommit id:'b'\nswitch main\n"
        'merge fix tag:"v1"\n',
        (
            'gitGraph\n  commit\n  branch fix\n  commit id: "b"\n  checkout main\n'
            '  merge fix tag: "v2"\n',
            'gitGraph\n  commit\n  branch fix\n  commit id: "b" type: REVERSE\n  checkout main\n'
            '  merge fix tag: "v1"\n',
            'gitGraph\n  commit\n  branch fix\n  checkout main\n  commit id: "b"\n'
            '  checkout fix\n  commit\n  checkout main\n  merge fix tag: "v1"\n',
        ),
    ),
    "mindmap": (
        'mindmap\n  root((Sea))\n    f["Fish"]\n      Cod\n    Ships\n',
        "mindmap\nr((Sea))\n  fish[Fish]\n        Cod\n  Ships\n%% c\n",
        (
            'mindmap\n  root((Sea))\n    f["Fish"]\n    Cod\n    Ships\n',
            'mindmap\n  root(Sea)\n    f["Fish"]\n      Cod\n    Ships\n',
            'mindmap\n  root((Sea))\n    f["Fish"]\n      Cod\n      ::icon(fa fa-fish)\n'
            "    Ships\n",
        ),
    ),
    "timeline": (
        "timeline\n  title Bikes\n  section Old\n  1817 : Draisine : Wood\n",
        "timeline LR\ntitle Bikes\nsection Old\n%% c\n1817: Draisine\n  : Wood\n",
        (
            "timeline\n  title Bikes\n  section New\n  1817 : Draisine : Wood\n",
            "timeline\n  title Bicycles\n  section Old\n  1817 : Draisine : Wood\n",
            "timeline\n  title Bikes\n  section Old\n  1817 : Wood : Draisine\n",
        ),
    ),
    "quadrantChart": (
        "quadrantChart\n  x-axis Small --> Large\n  quadrant-1 Dogs\n  Cat: [0.3, 0.2]\n",
        'quadrantChart\n%% c\nx-axis "Small" --> "Large"\nquadrant-1 "Dogs"\n"Cat": [0.30, 0.2]\n',
        (
            "quadrantChart\n  x-axis Small --> Large\n  quadrant-1 Dogs\n  Cat: [0.4, 0.2]\n",
            "quadrantChart\n  x-axis Small --> Large\n  quadrant-2 Dogs\n  Cat: [0.3, 0.2]\n",
            "quadrantChart\n  x-axis Small --> Large\n  quadrant-1 Dogs\n"
            "  Cat: [0.3, 0.2] color: #ff0000\n",
        ),
    ),
    "requirementDiagram": (
        "requirementDiagram\n  requirement stop {\n    id: 1\n    text: stops\n"
        "    risk: high\n  }\n"
        "  element brake {\n    type: part\n  }\n  brake - satisfies -> stop\n",
        'requirementDiagram\nrequirement "stop" {\nid: "1"\ntext: "stops"\nrisk: High\n}\n%% c\n'
        'element brake {\ntype: "part"\n}\nstop <- satisfies - brake\n',
        (
            "requirementDiagram\n  requirement stop {\n    id: 1\n    text: stops\n"
            "    risk: low\n  }\n  element brake {\n    type: part\n  }\n"
            "  brake - satisfies -> stop\n",
            "requirementDiagram\n  requirement stop {\n    id: 1\n    text: stops\n"
            "    risk: high\n  }\n  element brake {\n    type: part\n  }\n"
            "  brake - traces -> stop\n",
        ),
    ),
    "C4Context": (
        'C4Context\n  Person(r, "Reader")\n  System(l, "Library", "Lends")\n  Rel(r, l, "uses")\n',
        'C4Context\n%% c\nPerson(r,"Reader")\nSystem(l,"Library","Lends")\nRel(r,l,"uses")\n',
        (
            'C4Context\n  Person(r, "Reader")\n  System(l, "Library", "Lends")\n'
            '  Rel(l, r, "uses")\n',
            'C4Context\n  Person_Ext(r, "Reader")\n  System(l, "Library", "Lends")\n'
            '  Rel(r, l, "uses")\n',
            'C4Context\n  Person(r, "Reader")\n  System(l, "Library", "Lends")\n'
            '  Rel(r, l, "uses")\n  UpdateElementStyle(r, $bgColor="red")\n',
        ),
    ),
    "C4Container": (
        'C4Container\n  System_Boundary(s, "Shop") {\n    Container(w, "Web", "Flask")\n  }\n',
        'C4Container\nSystem_Boundary(s,"Shop"){\nContainer(w,"Web","Flask")\n}\n%% c\n',
        (
            'C4Container\n  Container(w, "Web", "Flask")\n',
            'C4Container\n  System_Boundary(s, "Shop") {\n'
            '    ContainerDb(w, "Web", "Flask")\n  }\n',
        ),
    ),
    "sankey-beta": (
        "sankey-beta\nSun,Panel,10\nPanel,Lamp,4\n",
        'sankey-beta\n\n%% c\n"Sun",Panel,10.0\nPanel,"Lamp",4\n',
        ("sankey-beta\nSun,Panel,11\nPanel,Lamp,4\n", "sankey-beta\nPanel,Lamp,4\nSun,Panel,10\n"),
    ),
    "xychart-beta": (
        "xychart-beta\n  title Rain\n  x-axis [Jan, Feb]\n  y-axis mm 0 --> 90\n  bar [40, 60]\n",
        'xychart-beta\n%% c\ntitle "Rain"\nx-axis ["Jan", Feb]\ny-axis "mm" 0 --> 90\n'
        "bar [40,60.0]\n",
        (
            "xychart-beta\n  title Rain\n  x-axis [Jan, Feb]\n  y-axis mm 0 --> 90\n"
            "  line [40, 60]\n",
            "xychart-beta\n  title Rain\n  x-axis [Jan, Feb]\n  y-axis mm 0 --> 99\n"
            "  bar [40, 60]\n",
            "xychart-beta horizontal\n  title Rain\n  x-axis [Jan, Feb]\n  y-axis mm 0 --> 90\n"
            "  bar [40, 60]\n",
        ),
    ),
    "block-beta": (
        'block-beta\n  columns 2\n  a["One"] space\n  block\n    b\n  end\n  a --> b\n',
        'block-beta\ncolumns 2\n%% c\na["One"]\nspace\nblock\nb\nend\na-->b\n',
        (
            'block-beta\n  columns 3\n  a["One"] space\n  block\n    b\n  end\n  a --> b\n',
            'block-beta\n  columns 2\n  a["One"] space:2\n  block\n    b\n  end\n  a --> b\n',
            'block-beta\n  columns 2\n  a["One"] space\n  b\n  a --> b\n',
            'block-beta\n  columns 2\n  a["One"] space\n  block\n    b\n  end\n  b --> a\n',
        ),
    ),
    "packet-beta": (
        'packet-beta\n  title Note\n  0-7: "Kind"\n  8-15: "Length"\n',
        '---\ntitle: Note\n---\npacket\n+8: "Kind"\n%% c\n+8:"Length"\n',
        (
            'packet-beta\n  title Note\n  0-8: "Kind"\n  9-15: "Length"\n',
            'packet-beta\n  title Note\n  0-7: "Kind"\n  8-15: "Width"\n',
        ),
    ),
    "kanban": (
        "kanban\n  t[To do]\n    a[Milk]@{ priority: 'High' }\n  d[Done]\n",
        'kanban\n  todo["To do"]\n      milk["Milk"]@{ priority: "High" }\n%% c\n  done[Done]\n',
        (
            "kanban\n  t[To do]\n    a[Milk]@{ priority: 'Low' }\n  d[Done]\n",
            "kanban\n  t[To do]\n  d[Done]\n    a[Milk]@{ priority: 'High' }\n",
        ),
    ),
    "architecture-beta": (
        "architecture-beta\n  group y(cloud)[Yard]\n  service a(disk)[A] in y\n"
        "  service b(disk)[B] in y\n  a:R --> L:b\n",
        "architecture-beta\ngroup y(cloud)[Yard]\n%% c\nservice a(disk)[A] in y\n"
        "service b(disk)[B] in y\na:R-->L:b\n",
        (
            "architecture-beta\n  group y(cloud)[Yard]\n  service a(disk)[A] in y\n"
            "  service b(disk)[B]\n  a:R --> L:b\n",
            "architecture-beta\n  group y(cloud)[Yard]\n  service a(disk)[A] in y\n"
            "  service b(disk)[B] in y\n  a:R -- L:b\n",
            "architecture-beta\n  group y(cloud)[Yard]\n  service a(disk)[A] in y\n"
            "  service b(disk)[B] in y\n  a:B --> L:b\n",
        ),
    ),
    "zenuml": (
        "zenuml\n  title Post\n  @Actor Ann\n  Ann->Box.drop(mail) {\n    // why\n"
        "    return ok\n  }\n",
        'zenuml\ntitle Post\n@Actor "Ann"\nAnn->Box.drop( mail ){\n// why\nreturn ok;\n}\n',
        (
            "zenuml\n  title Post\n  @Actor Ann\n  Ann->Box.drop(post) {\n    // why\n"
            "    return ok\n  }\n",
            "zenuml\n  title Post\n  @Boundary Ann\n  Ann->Box.drop(mail) {\n    // why\n"
            "    return ok\n  }\n",
            "zenuml\n  title Post\n  @Actor Ann\n  Ann->Box.drop(mail)\n  // why\n  return ok\n",
            # ZenUML draws the comment above the message.
            "zenuml\n  title Post\n  @Actor Ann\n  Ann->Box.drop(mail) {\n    // how\n"
            "    return ok\n  }\n",
        ),
    ),
    "radar-beta": (
        "radar-beta\n  title Skills\n  axis a, b, c\n  curve me{3, 4, 5}\n",
        '---\ntitle: Skills\n---\nradar-beta\naxis a["a"]\n%% c\naxis b, c\ncurve me{3,4,5}\n',
        (
            "radar-beta\n  title Skills\n  axis a, b, c\n  curve me{3, 4, 6}\n",
            "radar-beta\n  title Skills\n  axis a, b, c\n  curve me{3, 4, 5}\n  showLegend false\n",
        ),
    ),
    "treemap-beta": (
        'treemap-beta\n"Disk"\n  "Photos": 40\n  "Music": 12\n',
        "treemap\n%% c\n'Disk'\n      'Photos': 40\n      'Music': 12\n",
        (
            'treemap-beta\n"Disk"\n  "Photos": 41\n  "Music": 12\n',
            'treemap-beta\n"Disk"\n  "Photos": 40\n"Music": 12\n',
        ),
    ),
    "treeView-beta": (
        'treeView-beta\n  "house"\n    "kitchen"\n',
        'treeView-beta\n"house"\n        "kitchen"\n',
        ('treeView-beta\n  "house"\n  "kitchen"\n',),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_texts_that_draw_the_same_have_the_same_structure(name: str) -> None:
    first, second, _ = PAIRS[name]
    assert structure_difference(first, second) is None
    assert same_structure(first, second)
    assert structure_of(first).type == name


@pytest.mark.parametrize(
    ("first", "second"),
    [(first, other) for first, _, others in PAIRS.values() for other in others],
)
def test_texts_that_draw_one_thing_differently_have_other_structures(
    first: str, second: str
) -> None:
    assert not same_structure(first, second)
    assert structure_difference(first, second) is not None


@pytest.mark.parametrize("name", VALID)
def test_a_line_less_is_another_structure(name: str) -> None:
    source = VALID[name]
    lines = source.splitlines(keepends=True)
    whole = structure_of(source)
    for index in range(1, len(lines)):
        try:
            shorter = structure_of("".join(lines[:index] + lines[index + 1 :]))
        except InvalidDiagram:
            continue
        # `branch fix` has led to that branch already.
        if lines[index].strip() not in ("", "checkout fix"):
            assert structure_difference(whole, shorter), lines[index]


@pytest.mark.parametrize(
    "engine",
    [
        "mini-racer",
        pytest.param("node", marks=pytest.mark.skipif(find_node() is None, reason="no node here")),
    ],
)
def test_a_fresh_process_of_either_engine_gives_the_same_facts(engine: str) -> None:
    sources = [*VALID.values(), *(text for pair in PAIRS.values() for text in pair[:2])]
    with Judge(engine=engine) as judge, Judge() as other:
        for source in reversed(sources):
            other.facts(source)
        for source in sources:
            verdict, facts = judge.facts(source)
            assert (verdict, facts) == other.facts(source)
            assert verdict == other.validate(source)
            assert facts is not None


def test_an_invalid_diagram_has_no_structure() -> None:
    for source, line, _ in BROKEN.values():
        with pytest.raises(InvalidDiagram, match=f"no structure of an invalid .*line {line}: "):
            structure_of(source)
    with pytest.raises(InvalidDiagram, match="the text is empty"):
        structure_of("")


def test_the_limits_of_the_judge_hold() -> None:
    limits = JudgeLimits(max_source_bytes=20)
    with pytest.raises(InvalidDiagram, match="the text has 25 bytes; at most 20 are judged"):
        structure_of("flowchart TD\n  A --> B\n  ", limits)


def test_the_difference_names_the_first_place() -> None:
    source = "flowchart TD\n  A[x] --> B\n"
    assert structure_difference(source, source) is None
    for other, difference in {
        "flowchart TD\n  A[y] --> B\n": 'nodes.A.label: "x" against "y"',
        "flowchart LR\n  A[x] --> B\n": 'direction: "TB" against "LR"',
        "flowchart TD\n  A[x]\n  B\n": "edges: [{",
        "pie\n": "type: flowchart against pie",
        "flowchart TD\n  B\n  A[x] --> B\n": 'nodes: order ["A", "B"] against ["B", "A"]',
    }.items():
        found = structure_difference(source, other)
        assert found is not None
        assert difference in found
        assert "\n" not in found


def test_structures_can_be_compared_without_reading_them_again() -> None:
    first = structure_of("pie\n  'a' : 1\n")
    difference = structure_difference(first, Structure("pie", {}))
    assert difference == 'sections: [{"id": "a", "value": 1}] against nothing'


def test_settings_of_the_text_are_facts_and_defaults_are_not() -> None:
    plain = 'packet-beta\n  0-7: "Kind"\n'
    assert same_structure("---\nconfig:\n  packet:\n    showBits: true\n---\n" + plain, plain)
    assert same_structure('%%{init: {"logLevel": 1}}%%\n' + plain, plain)
    shown = structure_of("---\nconfig:\n  packet:\n    showBits: false\n---\n" + plain)
    assert shown.facts["config"] == {"packet": {"showBits": False}}
    assert not same_structure('%%{init: {"theme": "forest"}}%%\n' + plain, plain)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("plain", "plain"),
        ("a<br/>b<BR >c<br />d", "a<br>b<br>c<br>d"),
        ("\ufb02\u00b0quot\u00b6\u00df\ufb02\u00b0\u00b035\u00b6\u00df", '"#'),
        ("1 &lt; 2 &amp; 3", "1 < 2 & 3"),
        ("&lt;b&gt; &amp;lt;", "&lt;b> &amp;lt;"),
        ("\ufb02\u00b0lt\u00b6\u00dfb>", "&lt;b>"),
        ("  x \n", "x"),
    ],
)
def test_label_text_is_the_text_that_is_drawn(text: str, drawn: str) -> None:
    assert drawn_text(text, is_html=True) == drawn


def test_where_labels_are_no_html_an_escaped_sign_stands_as_it_is() -> None:
    assert drawn_text("1 &lt; 2", is_html=False) == "1 &lt; 2"
    assert drawn_text("1 \ufb02\u00b0lt\u00b6\u00df 2", is_html=False) == "1 < 2"
    assert not same_structure("pie\n  '&lt;' : 1\n", "pie\n  '#lt;' : 1\n")


def _rows(folder: Path, name: str) -> list[str]:
    rows = [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]
    sources = [
        row["mermaid"] if "mermaid" in row else row["contents"][-1]["parts"][0]["text"]
        for row in rows
    ]
    return random.Random(0).sample(sources, ROWS_READ)


@pytest.mark.parametrize("name", ["mermaid_corpus.jsonl", "training_data.jsonl"])
def test_diagrams_of_others_have_one_structure_and_it_says_something(
    shared_data: Path, name: str
) -> None:
    with Judge() as judge, Judge() as other:
        for source in _rows(shared_data, name):
            verdict, facts = judge.facts(source)
            assert other.facts(source) == (verdict, facts)
            if facts is None and judge.validate(source).valid:
                # What parses and has no facts fails to draw, too: dates that are none.
                assert verdict.problems[0].message.startswith("it parses, but cannot be drawn: ")
                assert verdict.type == "gantt"
            assert (facts is not None) == verdict.valid
