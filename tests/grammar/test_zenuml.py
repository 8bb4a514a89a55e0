"""zenuml: participants first, then calls that nest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_calls_nest_and_participants_come_first(check_grammar: Check) -> None:
    check_grammar(
        "zenuml",
        passing=[
            "zenuml\n    title Order: a book\n    @Actor User\n    @Database <<sql>> DB as Books "
            '#fa0\n    group "Back end" {\n        API\n    }\n    // asks\n'
            "    book = API.find(title1, 2) {\n        rows = DB.select(id == 3)\n"
            "        return rows.first()\n    }\n    Book b = new Book(rows, true)\n"
            '    @return API->User: done #1 "yes"',
            "zenuml\n    @Starter(User)\n    if(a.b > 3 && !c) {\n        A.m()\n"
            '    } else if("it is late") {\n        B->C: x\n    } else {\n        m()\n    }',
            "zenuml\n    try {\n        A.m()\n    } catch(Error) {\n        // nothing\n"
            "    } finally {\n        B.close()\n    }",
            "zenuml\n    for(each in list) {\n        par {\n            A->B.m()\n        }\n"
            '    }\n    == later ==\n    ref("Pay", A, B)\n    section("x y") {\n    }',
            'zenuml\n    "Your API"->用户: x\n    "Your API".constructor(__proto__)',
        ],
        failing=[
            ("zenuml", None),
            ("zenuml\n    title x", None),
            ("zenuml\n    A->B: x\n    title x", 3),
            ("zenuml\n    A.m()\n    B", 3),
            ("zenuml\n    A.m()\n    @Actor B", 3),
            ("zenuml\n    Result r = A.m()", 2),
            ("zenuml\n    A.m() {", None),
            ("zenuml\n    group G {\n    }", 3),
            ("zenuml\n    if(a == 'b') {", 2),
            ("zenuml\n    for(i = 0; i < 3; i++) {", 2),
            ("zenuml\n    if(x) {\n        A.m()\n    }\n    else {", 5),
            ("zenuml\n    try {\n        A.m()\n    } else {", 4),
            ("zenuml\n    while.m()", 2),
            ("zenuml\n    A.return()", 2),
            ("zenuml\n    A.m()\n    }", 3),
            ("zenuml\n    A->B: #35;", 2),
            ("zenuml\n    A->B:", 2),
            ("zenuml\n    return", 2),
            ("zenuml\n    A.m() {\n    B.m()", 3),
        ],
    )


def test_valid_text_only_changes_its_writing(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                "zenuml\ntitle  T\n@Actor A as   X\nA -> B : hi\nif (a==b) { B.m( 1,2 ) }\n"
                "else { m() }",
                "zenuml\n    title T\n    @Actor A as X\n    A->B: hi\n    if(a == b) {\n"
                "        B.m(1, 2)\n    } else {\n        m()\n    }",
            ),
            (
                "zenuml\nResult r = A.m();\nB.m() // why\n@return\nB->A: x",
                "zenuml\n    Result\n    r = A.m()\n    B.m()\n    // why\n    @return B->A: x",
            ),
            (
                "zenuml\n  try { A.m() } catch (e) {\n  } finally {\n  B.m() }",
                "zenuml\n    try {\n        A.m()\n    } catch(e) {\n    } finally {\n"
                "        B.m()\n    }",
            ),
            (
                'zenuml\nA "B b"\nwhile(!a.b() && x<=-3) {\n// in it\nA->"B b": {x} // y\n}',
                'zenuml\n    A\n    "B b"\n    while(!a.b() && x <= -3) {\n        // in it\n'
                '        A->"B b": {x} // y\n    }',
            ),
        ]
    )


def test_usual_slips_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "zenuml\nif(a == 'b') {\nA.m()",
                'zenuml\n    if(a == "b") {\n        A.m()\n    }',
            ),
            ("zenuml\nA.m() {\n}\n}", "zenuml\n    A.m() {\n    }"),
            (
                "zenuml\nfor(x : items) {\nA.m()\n}",
                "zenuml\n    for(x in items) {\n        A.m()\n    }",
            ),
            (
                "zenuml\nfor(i = 0; i < 3; i++) {\nA.m()\n}",
                'zenuml\n    for("i = 0, i < 3, i++") {\n        A.m()\n    }',
            ),
            (
                "zenuml\nparticipant A\nactor B\nA->>B: x\nalt it works\nB-->>A: y\nelse\n"
                "B-->>A: z\nend\n",
                'zenuml\n    A\n    @Actor B\n    A->B: x\n    if("it works") {\n'
                "        B->A: y\n    } else {\n        B->A: z\n    }",
            ),
            ("zenuml\nA.m()\n@Actor B", "zenuml\n    A.m()\n    // @Actor B"),
            ("zenuml\nA.m(x y z)\nB.n()", "zenuml\n    // A.m(x y z)\n    B.n()"),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("zenuml", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("zenuml")
