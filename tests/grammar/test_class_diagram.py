"""classDiagram: classes, members, relations, namespaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_classes_relations_and_styles_are_read(check_grammar: Check) -> None:
    check_grammar(
        "classDiagram",
        passing=[
            "classDiagram\n"
            "    direction LR\n"
            "    accTitle: Library\n"
            '    class Shelf~T~["A shelf (wood)"]:::wooden {\n'
            "        <<abstract>>\n"
            "        +List~Book~ books\n"
            "        -int width$\n"
            "        #name : String\n"
            "        +find(String title, int from) List~Book~*\n"
            "        ~sort()\n"
            "    }\n"
            "    class `Reading room` {\n"
            "    }\n"
            "    class Élève\n"
            '    Shelf~T~ "1" *-- "0..*" Book : holds <Book> items\n'
            "    Book <|--|> Élève\n"
            "    `Reading room` ..> Shelf\n"
            "    Loan ()-- Book\n"
            '    Book "1" --() Sale : for\n'
            "    Book : +int pages\n"
            "    Book : +open(page) bool\n"
            "    <<interface>> Book\n"
            '    note "All of it\\nin short"\n'
            '    note for `Reading room` "Quiet<br/>please"\n'
            '    cssClass "Book,Shelf" wooden\n'
            "    style Book fill:#fed,stroke-width:2px\n"
            "    classDef wooden,default fill:tan,color:#000\n"
            '    click Book href "https://example.org/a?b=c" "Read" _blank\n'
            '    click Shelf call open("a", 2)',
            "classDiagram\n"
            '    namespace Company["The company"] {\n'
            "        namespace Sales {\n"
            "            class Seller {\n"
            "                +sell()\n"
            "            }\n"
            "        }\n"
            '        note "inside"\n'
            "    }\n"
            "    namespace Other.Part {\n"
            "        class Buyer:::k\n"
            "    }\n"
            "    Buyer --> Seller\n"
            "    Other.Thing --> Buyer",
        ],
        failing=[
            ("classDiagram", None),
            ("classDiagram\n    A -> B", 2),
            ("classDiagram\n    A --> B : a: b", 2),
            ("classDiagram\n    class link", 2),
            ("classDiagram\n    class Vidéo", 2),
            ("classDiagram\n    class `note this`", 2),
            ("classDiagram\n    class A {\n        run)\n    }", 3),
            ("classDiagram\n    class A {\n        ()\n    }", 3),
            ("classDiagram\n    class A {\n        a { b }\n    }", 3),
            ("classDiagram\n    A : +int : x", 2),
            ("classDiagram\n    class A {\n        int x", None),
            ("classDiagram\n    class A~List~int~~", 2),
            ("classDiagram\n    A\n    class B", 2),
            ("classDiagram\n    class A\n    style A stroke-width:2px", 3),
            ("classDiagram\n    }", 2),
        ],
    )


def test_notes_styles_and_links_name_what_there_is(check_grammar: Check) -> None:
    check_grammar(
        "classDiagram",
        passing=['classDiagram\n    A <|-- B\n    note for B "b"\n    style A fill:#fff'],
        failing=[
            ('classDiagram\n    class A\n    note for B "b"', 3),
            ("classDiagram\n    class A\n    <<interface>> B", 3),
            ("classDiagram\n    class A\n    style B fill:#fff", 3),
            ('classDiagram\n    class A\n    cssClass "A,B" k', 3),
            ('classDiagram\n    class A\n    click B href "https://a.b"', 3),
            ('classDiagram\n    B ()-- A\n    note for B "b"', 3),
            ("classDiagram\n    namespace N {\n    }", 3),
            ("classDiagram\n    namespace N {\n        A --> B", 3),
            ("classDiagram\n    namespace N {\n        class A", None),
            (
                "classDiagram\n    namespace N {\n        class A\n    }\n"
                "    namespace M {\n        class A\n    }",
                6,
            ),
            ("classDiagram\n    class A\n    namespace A {\n        class B\n    }", 3),
            ("classDiagram\n    namespace A {\n        class B\n    }\n    A --> B", 5),
        ],
    )


def test_other_spellings_become_canonical(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'classDiagram-v2\nA --|> B:is a\nC"1"-->"many"`My D`~T~ : has\nE|>--<F',
                'classDiagram\n    A --|> B : is a\n    C "1" --> "many" `My D`~T~ : has\n'
                "    E <|--> F",
            ),
            (
                "classDiagram\nclass A{ +x() }\nclass B <<i>>\nclass My Own:::k{\n- y : int\n}",
                "classDiagram\n    class A {\n        +x()\n    }\n    class B {\n"
                "        <<i>>\n    }\n    class MyOwn:::k {\n        - y : int\n    }",
            ),
            (
                "classDiagram\nnamespace N { class A }\nnamespace M {\nclass B { int x }\n}",
                "classDiagram\n    namespace N {\n        class A\n    }\n    namespace M {\n"
                "        class B {\n            int x\n        }\n    }",
            ),
            (
                'classDiagram\nclass A["a > b"]\nlink A "https://a.b" "tip"\n'
                'callback A "run"\ncssClass "A, B" k\nstyle A fill:#fff , stroke:red\nA\n'
                'note for A "x<br>y"',
                'classDiagram\n    class A["a #gt; b"]\n    click A href "https://a.b" "tip"\n'
                '    click A call run()\n    cssClass "A" k\n    style A fill:#fff,stroke:red\n'
                '    note for A "x<br/>y"',
            ),
        ]
    )


def test_declarations_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "classDiagram LR\nabstract class Shape<T> {\n+area() float;\n}\n"
                "interface Drawn\nclass Box extends Shape implements Drawn {\n{static} side",
                "classDiagram\n    direction LR\n    class Shape~T~ {\n        <<abstract>>\n"
                "        +area() float\n    }\n    class Drawn\n    <<interface>> Drawn\n"
                "    Shape <|-- Box\n    Drawn <|.. Box\n    class Box {\n        static side\n"
                "    }",
            ),
            (
                'classDiagram\nclass "My box" as Box {\n+x(int a\nr)\nclass link {\n+a; +b()\n}\n}',
                'classDiagram\n    class Box["My box"] {\n        +x(int a)\n        r\n    }\n'
                "    class Link {\n        +a\n        +b()\n    }",
            ),
            (
                "classDiagram\nclass A[plain text]\nnamespace Empty {\n}\nnamespace N {\nclass B\n"
                "B --> A\n}",
                'classDiagram\n    class A["plain text"]\n    namespace N {\n        class B\n'
                "    }\n    B --> A",
            ),
        ]
    )


def test_statements_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "classDiagram\n- A -> B : uses: all\nB 1 --> * C; A ||--o{ C : has\n"
                "A -->|to| C\nD <|--- A %% last",
                "classDiagram\n    A --> B : uses#58; all\n"
                '    B "1" --> "*" C\n    A "1" -- "*" C : has\n    A --> C : to\n    D <|-- A',
            ),
            (
                'classDiagram\ntitle Boxes\nA --> B\nnote right of B : "b"\nA:::k\n'
                "style A stroke-width:2px,fill:#fff\nB : -id : int\nThis is prose.",
                'classDiagram\n    accTitle: Boxes\n    A --> B\n    note for B "b"\n'
                '    cssClass "A" k\n    style A fill:#fff,stroke-width:2px\n    B : -id int\n'
                "    %% This is prose.",
            ),
            (
                "classDiagram\n<<interface>> A\nA --> B",
                "classDiagram\n    class A\n    <<interface>> A\n    A --> B",
            ),
            (
                "classDiagram\nclass Vidéo\nVidéo --> A",
                "classDiagram\n    class `Vidéo`\n    `Vidéo` --> A",
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("classDiagram", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("classDiagram")
