"""The five C4 diagrams: calls, boundaries, and what relates to what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from naiad.grammar.fixing import fix
from naiad.grammar.rewriting.rewrite import as_meant

Check = Callable[..., Any]

_TWO = 'C4Context\n    Person(user, "User")\n    System(shop, "Shop")\n'


def test_relations_join_what_is_declared(check_grammar: Check) -> None:
    check_grammar(
        "C4Context",
        passing=[
            _TWO + '    Rel(user, shop, "Uses", "HTTPS", "Daily", $tags="a,b")\n'
            '    BiRel(shop, user, "")\n    RelIndex(3, user, user, "Thinks")\n'
            '    UpdateRelStyle(user, shop, $offsetX="-40", $textColor="red")\n'
            '    UpdateElementStyle(shop, $bgColor="#ff0", $borderColor="navy")\n'
            '    UpdateLayoutConfig($c4ShapeInRow="3", $c4BoundaryInRow="1")',
            "C4Context\n    title A #quot;title#quot;\n    accDescr: What it shows\n"
            '    System_Ext(mail, "Mail & more", "", $sprite="queue", $link="https://a.example/b")',
        ],
        failing=[
            (_TWO + '    Rel(user, nobody, "Uses")', 4),
            (_TWO + "    Rel(user, shop)", 4),
            (_TWO + "    Rel(user, shop, 'Uses')", 4),
            (_TWO + '    Rel_Neighbor(user, shop, "Uses")', 4),
            (_TWO + '    System(user, "Taken")', 4),
            (_TWO + '    System(global, "Mermaid has one")', 4),
            (_TWO + '    System(mail, "Goes direction LR there")', 4),
            (_TWO + '    System(mail, "Mail", $tags="constructor")', 4),
            (_TWO + '    UpdateRelStyle(user, shop, $offsetX="1")', 4),
            (_TWO + '    UpdateElementStyle(mail, $bgColor="red")', 4),
            (_TWO + '    UpdateLayoutConfig($c4BoundaryInRow="1")', 4),
            (_TWO + "    user --> shop", 4),
            ("C4Context", None),
        ],
    )


def test_boundaries_hold_something_and_end(check_grammar: Check) -> None:
    check_grammar(
        "C4Deployment",
        passing=[
            'C4Deployment\n    Deployment_Node(host, "Host", "Linux", "Old") {\n'
            '        Node_L(app, "App server") {\n'
            '            Container(api, "API", "Go", "Serves")\n        }\n    }\n'
            '    System_Boundary(b, "B") {\n        Rel(api, host, "runs on")\n    }'
        ],
        failing=[
            ('C4Deployment\n    Boundary(b, "B") {\n    }', 3),
            ('C4Deployment\n    Boundary(b, "B") {\n    Person(a, "A")', 3),
            ('C4Deployment\n    Boundary(b, "B") {\n        title Inside', 3),
            ('C4Deployment\n    Boundary(b, "B") {\n        Person(a, "A")', None),
            ('C4Deployment\n    Boundary(b, "B")', 2),
            ('C4Deployment\n    Person(a, "A")\n    }', 3),
        ],
    )


def test_arguments_take_their_canonical_places(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'C4Container\n title  A\nContainer( api,"API",$descr="Serves",$tags="v1")\n'
                'Rel_Up(api,db,"reads")\n System_Boundary(s, "S"){\n'
                'ContainerDb("db", Store, "", "It;s", $link="https://a.example") }\n'
                'UpdateElementStyle(api, "red", $fontColor="blue")\nUpdateElementStyle(x, "red")\n'
                'UpdateLayoutConfig($c4BoundaryInRow="2")',
                'C4Container\n    title A\n    Container(api, "API", "", "Serves", $tags="v1")\n'
                '    System_Boundary(s, "S") {\n'
                '        ContainerDb(db, "Store", "", "It#59;s", $link="https://a.example")\n'
                '        Rel_U(api, db, "reads")\n    }\n'
                '    UpdateElementStyle(api, $bgColor="red", $fontColor="blue")\n'
                '    UpdateLayoutConfig($c4ShapeInRow="2")',
            )
        ]
    )


def test_single_quotes_are_taken_for_double_ones() -> None:
    source = "C4Context\n    Person(a, 'Anna's, (here)', \"x, 'y', z\", $tags='v1')\n"
    meant = 'C4Context\n    Person(a, "Anna\'s, (here)", "x, \'y\', z", $tags="v1")\n'
    assert as_meant(source) == meant
    assert as_meant(meant) == meant
    fixed = fix(source)
    assert fixed.source == meant.strip()
    assert fixed.refusal is None
    assert len(fixed.changes) == 1


def test_relations_to_nobody_which_do_not_draw_get_an_end() -> None:
    fixed = fix(_TWO + '    Rel(user, Shop, "Uses")\n    Rel(shop, mail, "Sends")')
    assert fixed.source == _TWO + (
        '    Rel(user, shop, "Uses")\n    System(mail, "mail")\n    Rel(shop, mail, "Sends")'
    )
    assert (fixed.verdict.valid, fixed.refusal) == (True, None)


def test_what_models_write_is_mended(check_repair: Check) -> None:
    check_repair(
        [
            (_TWO + "    user -> shop: Uses", _TWO + '    Rel(user, shop, "Uses")'),
            (_TWO + "    user -->|Uses| Shop;", _TWO + '    Rel(user, shop, "Uses")'),
            (
                'C4Container\n    system_boundary(s, "S") {\n    container_db(d-b, "D "x" B")\n'
                '    Boundary(e, "Empty") {\n    }\n    Rel(user, d-b, "reads"',
                'C4Container\n    System_Boundary(s, "S") {\n'
                '        ContainerDb(d_b, "D #quot;x#quot; B")\n        System(e, "Empty")\n    }\n'
                '    System(user, "user")\n    Rel(user, d_b, "reads")',
            ),
            (
                'C4Context\n    Person(user)\n    Boundary(b, "B")\n    System(s, "S")\n'
                "    }\n    }",
                'C4Context\n    Person(user, "user")\n    Boundary(b, "B") {\n'
                '        System(s, "S")\n    }',
            ),
        ]
    )


@pytest.mark.parametrize(
    "diagram_type", ["C4Context", "C4Container", "C4Component", "C4Dynamic", "C4Deployment"]
)
def test_samples_are_accepted(check_samples: Check, diagram_type: str) -> None:
    check_samples(diagram_type, 8)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("C4Context")
