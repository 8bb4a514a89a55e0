"""A valid and a broken diagram of each family, written for the tests.

BROKEN: type -> (source, line of the first problem, words of its message).
"""

from __future__ import annotations

VALID = {
    "flowchart": "flowchart LR\n  tea([Boil water]) -->|hot| cup{{Pour}}\n  cup -.-> sip[Drink]\n",
    "sequenceDiagram": (
        "sequenceDiagram\n  autonumber\n  actor Cook\n  box gold Kitchen\n  participant Oven\n"
        "  end\n  Cook->>+Oven: heat\n  loop every minute\n  Oven-->>-Cook: warm\n  end\n"
    ),
    "classDiagram": (
        "classDiagram\n  class Boat~T~ {\n    +int length\n    +sail(to) bool\n  }\n"
        "  Boat <|-- Ferry : is\n"
    ),
    "stateDiagram-v2": (
        "stateDiagram-v2\n  [*] --> Asleep\n  state Awake {\n    [*] --> Reading\n  }\n"
        "  Asleep --> Awake : alarm\n"
    ),
    "erDiagram": (
        "erDiagram\n  FARM ||--o{ FIELD : has\n  FIELD {\n    int id PK\n"
        '    string name UK "unique"\n  }\n'
    ),
    "gantt": (
        "gantt\n  title Garden\n  dateFormat YYYY-MM-DD\n  section Spring\n"
        "  Dig :dig, 2026-03-01, 5d\n  Sow :after dig, 3d\n"
    ),
    "pie": 'pie showData\n  title Fruit\n  "Apples" : 3\n  "Pears" : 4.5\n',
    "journey": "journey\n  title Bus\n  section Morning\n    Wait: 2: Me, Bob\n    Ride: 4: Me\n",
    "gitGraph": (
        'gitGraph\n  commit id: "a"\n  branch fix\n  checkout fix\n  commit\n'
        '  checkout main\n  merge fix tag: "v1"\n'
    ),
    "mindmap": "mindmap\n  root((Sea))\n    Fish\n      Cod\n    Ships\n",
    "timeline": "timeline\n  title Bikes\n  section Old\n  1817 : Draisine\n  1861 : Pedals\n",
    "quadrantChart": (
        "quadrantChart\n  title Pets\n  x-axis Small --> Large\n  y-axis Quiet --> Loud\n"
        "  quadrant-1 Dogs\n  Cat: [0.3, 0.2]\n"
    ),
    "requirementDiagram": (
        "requirementDiagram\n  requirement stop {\n    id: 1\n    text: stops in time\n"
        "    risk: high\n    verifymethod: test\n  }\n  element brake {\n    type: part\n  }\n"
        "  brake - satisfies -> stop\n"
    ),
    "C4Context": (
        'C4Context\n  title Library\n  Person(reader, "Reader")\n'
        '  System(lib, "Library", "Lends")\n  Rel(reader, lib, "borrows")\n'
    ),
    "C4Container": (
        'C4Container\n  Person(u, "User")\n  System_Boundary(s, "Shop") {\n'
        '    Container(web, "Web", "Flask")\n  }\n  Rel(u, web, "visits")\n'
    ),
    "C4Component": (
        'C4Component\n  Container_Boundary(api, "API") {\n    Component(auth, "Auth", "Python")\n'
        '    Component(db, "Store", "SQL")\n  }\n  Rel(auth, db, "reads")\n'
    ),
    "C4Dynamic": (
        'C4Dynamic\n  Container(a, "A")\n  Container(b, "B")\n  RelIndex(1, a, b, "asks")\n'
    ),
    "C4Deployment": (
        'C4Deployment\n  Deployment_Node(host, "Host", "Linux") {\n    Container(app, "App")\n  }\n'
    ),
    "sankey-beta": "sankey-beta\nSun,Panel,10\nPanel,Lamp,4\nPanel,Heat,6\n",
    "xychart-beta": (
        'xychart-beta\n  title "Rain"\n  x-axis [Jan, Feb]\n  y-axis "mm" 0 --> 90\n'
        "  bar [40, 60]\n  line [30, 70]\n"
    ),
    "block-beta": 'block-beta\n  columns 2\n  a["One"] b\n  space c(("Two"))\n  a --> c\n',
    "packet-beta": 'packet-beta\n  title Note\n  0-7: "Kind"\n  8-15: "Length"\n  +16: "Body"\n',
    "kanban": "kanban\n  todo[To do]\n    t1[Milk]@{ priority: 'High' }\n  done[Done]\n",
    "architecture-beta": (
        "architecture-beta\n  group yard(cloud)[Yard]\n  service hut(server)[Hut] in yard\n"
        "  service box(disk)[Box] in yard\n  hut:R --> L:box\n"
    ),
    "zenuml": "zenuml\n  title Post\n  @Actor Ann\n  Ann->Box.drop(mail) {\n    return ok\n  }\n",
    "radar-beta": "radar-beta\n  title Skills\n  axis a, b, c\n  curve me{3, 4, 5}\n  max 5\n",
    "treemap-beta": 'treemap-beta\n"Disk"\n  "Photos": 40\n  "Music": 12\n',
    "treeView-beta": 'treeView-beta\n  "house"\n    "kitchen"\n',
    "venn-beta": 'venn-beta\n  set A["Cats"]\n  set B["Pets"]\n  union A,B["House cats"]\n',
    "wardley-beta": (
        "wardley-beta\ntitle Tea\nanchor Me [0.9, 0.6]\ncomponent Cup [0.8, 0.7]\nMe -> Cup\n"
    ),
    "ishikawa-beta": "ishikawa-beta\n  Late train\n    Weather\n      Snow\n",
    "eventmodeling": "eventmodeling\n\ntf 01 ui Form\ntf 02 cmd Save\ntf 03 evt Saved\n",
    "swimlane-beta": "swimlane-beta\n  subgraph Shop\n    a[Order]\n  end\n",
    "usecase-beta": "usecase-beta\n  actor Guest\n",
    "cynefin-beta": "cynefin-beta\n  title Work\n",
    "agentflow-beta": "agentflow-beta\n",
    "railroad-beta": 'railroad-beta\n  digit = terminal("0") ;\n',
    "railroad-ebnf-beta": 'railroad-ebnf-beta\n  digit = "0" | "1" ;\n',
    "railroad-abnf-beta": 'railroad-abnf-beta\n  digit = "0" / "1" ;\n',
    "railroad-peg-beta": 'railroad-peg-beta\n  digit <- "0" / "1" ;\n',
    "info": "info\n",
}

BROKEN: dict[str, tuple[str, int, str]] = {
    "flowchart": (
        "flowchart TD\n  a --> b\n  b --> c[open\n  c --> d\n",
        4,
        "got the end of the text",
    ),
    "sequenceDiagram": ("sequenceDiagram\n  A->>B: hi\n  B-A: x\n", 3, "got 'TXT' `: x`"),
    "classDiagram": ("classDiagram\n  class A {\n    +x\n  }\n  A <|= B\n", 5, "got 'EQUALS' `=`"),
    "stateDiagram-v2": ("stateDiagram-v2\n  [*] --> A\n  A -> B\n", 3, "got 'INVALID' `-`"),
    "erDiagram": (
        "erDiagram\n  A ||--o{ B : has\n  B {\n    int\n  }\n",
        4,
        "got 'BLOCK_STOP' `}`",
    ),
    "gantt": ("gantt\n  title A\n  section S\n  Dig a bed\n", 4, "got 'NL'"),
    "pie": ('pie\n  "a" : 1\n  "b" 2\n', 3, "got `2`"),
    "journey": ("journey\n  section S\n    Wait: 2: Me\n    : x\n", 4, "got 'taskData' `: x`"),
    "gitGraph": (
        "gitGraph\n  commit\n  branch a\n  merge nowhere\n",
        4,
        'Incorrect usage of "merge". Branch to be',
    ),
    "mindmap": (
        "mindmap\n  root\n    a\n  second\n",
        4,
        "There can be only one root. No parent co",
    ),
    "timeline": (
        "timeline\n  title T\n  : orphan\n",
        3,
        "Cannot read properties of undefined (rea",
    ),
    "quadrantChart": (
        "quadrantChart\n  x-axis a --> b\n  Cat: [3, 0.2]\n",
        3,
        "unrecognised text `3, 0.2]`",
    ),
    "requirementDiagram": (
        "requirementDiagram\n  requirement stop {\n    id: 1\n    risk: huge\n  }\n",
        4,
        "got 'unqString' `huge`",
    ),
    "C4Context": (
        'C4Context\n  Person(a, "A")\n  a -> b: "Uses"\n',
        3,
        'unrecognised text `a -> b: "Uses"`',
    ),
    "C4Container": (
        'C4Container\n  System_Boundary(s, "S") {\n    Container(w, "W")\n',
        3,
        "got the end of the text",
    ),
    "C4Component": ('C4Component\n  Component(a, "A"\n', 2, "got the end of the text"),
    "C4Dynamic": ('C4Dynamic\n  Container(a, "A")\n  }\n', 3, "got 'RBRACE' `}`"),
    "C4Deployment": ('C4Deployment\n  Deployment_Node(h, "H") {\n  }\n', 3, "got 'RBRACE' `}`"),
    "sankey-beta": ("sankey-beta\nA,B,1\nB,C\n", 3, "got the end of the text"),
    "xychart-beta": ("xychart-beta\n  x-axis [a, b]\n  bar [1, two]\n", 3, "got 'ALPHA' `two`"),
    "block-beta": ("block-beta\n  columns 2\n  a b\n  a --> \n", 4, "got the end of the text"),
    "packet-beta": (
        'packet-beta\n  0-7: "A"\n  9-15: "B"\n',
        3,
        "Packet block 9 - 15 is not contiguous. I",
    ),
    "kanban": ("kanban\n  todo[To do]\n    a[b] c\n", 3, "got 'SPACELIST'"),
    "architecture-beta": (
        "architecture-beta\n  service a(server)[A]\n  service b(disk)[B]\n  a --> b\n",
        4,
        "got `--`",
    ),
    "zenuml": (
        "zenuml\n  A->B.go() {\n    return x\n",
        3,
        "no viable alternative at input 'x\\n\\n'",
    ),
    "radar-beta": ("radar-beta\n  axis a, b\n  curve me{3 4}\n", 3, "got `4`"),
    "treemap-beta": ('treemap-beta\n"Disk"\n  "Photos": many\n', 3, "got `:`"),
    "treeView-beta": ('treeView-beta\n  "a\n', 2, 'unexpected character `"`'),
    "venn-beta": ("venn-beta\n  set A\n  union A,Z\n", 3, "unknown set identifier: Z"),
    "wardley-beta": ("wardley-beta\ntitle T\ncomponent Cup [0.8]\n", 3, "got `]`"),
    "info": ("info\n  me\n", 2, "unexpected character `m`"),
    "eventmodeling": ("eventmodeling\n\ntf 01 ui Form\ntf two cmd Save\n", 4, "got `two`"),
    "swimlane-beta": (
        "swimlane-beta\n  subgraph Shop\n    a[Order\n  end\n",
        4,
        "got the end of the text",
    ),
    "usecase-beta": (
        "usecase-beta\n  actor Guest\n  -->\n",
        3,
        "Error parsing usecase diagram: Redundant",
    ),
    "cynefin-beta": ("cynefin-beta\n  title Work\n  messy\n    x\n", 3, "unexpected character `m`"),
    "agentflow-beta": ("agentflow-beta\n  a --> [\n", 2, "got 'SQS' `[`"),
    "railroad-beta": ('railroad-beta\n  a = terminal("0") ;\n  b = ;\n', 3, "got `;`"),
    "railroad-ebnf-beta": ('railroad-ebnf-beta\n  a = "0" ;\n  b = | ;\n', 3, "got `|`"),
    "railroad-abnf-beta": ('railroad-abnf-beta\n  a = "0" ;\n  b = / ;\n', 3, "got `/`"),
    "railroad-peg-beta": ('railroad-peg-beta\n  a <- "0" ;\n  b <- / ;\n', 3, "got `/`"),
}
