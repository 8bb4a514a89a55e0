"""architecture-beta: what is declared, and how edges join it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from naiad.grammar import fix
from naiad.grammar.rewriting.rewrite import rewrite

Check = Callable[..., Any]

_TWO = "architecture-beta\n    service a(server)[A]\n    service b(database)[B]\n"


def test_edges_join_what_is_declared(check_grammar: Check) -> None:
    check_grammar(
        "architecture-beta",
        passing=[
            "architecture-beta\n    title Shop\n    accTitle: The shop\n    group api(cloud)[API]\n"
            "    group inner(logos:aws-vpc)[Inner net] in api\n"
            "    service db(database)[Orders (main) #35;1] in inner\n"
            "    service web-shop(internet)\n    junction mid in api\n"
            "    web-shop:R --> L:mid\n    mid:B <-[reads & writes]-> T:db{group}",
            _TWO + "    a:R -- L:b\n    b:R -- L:a\n    a:T <-- B:a",
        ],
        failing=[
            (_TWO + "    a:R --> L:c", 4),
            (_TWO + "    service a(disk)[Again]", 4),
            (_TWO + "    a:R --> L:b\n    a:T --> B:b", 5),
            (_TWO + "    a --> b", 4),
            (_TWO + "    a:R -> L:b", 4),
            (_TWO + "    a:X --> L:b", 4),
            (_TWO + "    service c in a", 4),
            (_TWO + "    service c in nowhere", 4),
            (_TWO + "    junction c(server)", 4),
            (_TWO + "    service c(rocket)[No such icon]", 4),
            (_TWO + "    service c(disk)[a [b] c]", 4),
        ],
    )


def test_ids_are_none_that_the_lexer_takes_for_something_else(check_grammar: Check) -> None:
    taken = ["Left", "R1", "Top", "Bus", "titles", "in", "group", "accTitle", "a-", "é"]
    check_grammar(
        "architecture-beta",
        passing=["architecture-beta\n    service group-a\n    service index\n    service _1"],
        failing=[(f"architecture-beta\n    service {each}", 2) for each in taken],
    )


def test_names_of_edges_and_ids_do_not_meet(check_grammar: Check) -> None:
    nodes = "architecture-beta\n    service a\n    service b\n    service c\n    service b-c\n"
    check_grammar(
        "architecture-beta",
        passing=[nodes + "    a:R -- L:b-c"],
        failing=[
            (nodes + "    b:R -- L:c", 6),
            (nodes + "    service a-b\n    a-b:R -- L:c\n    a:R -- L:b-c", 8),
            (nodes + "    a:R -- L:b\n    service a-b", 7),
        ],
    )


def test_group_edges_leave_their_group(check_grammar: Check) -> None:
    groups = (
        "architecture-beta\n    group g(cloud)[G]\n    group h(cloud)[H]\n"
        "    service a in g\n    service b in g\n    service c in h\n"
    )
    check_grammar(
        "architecture-beta",
        passing=[groups + "    a{group}:R --> L:c{group}", groups + "    a:R --> L:b"],
        failing=[(groups + "    a{group}:R --> L:b", 7), (groups + "    g:R --> L:c", 7)],
    )


def test_a_diagram_has_room_for_a_hundred_nodes(check_grammar: Check) -> None:
    services = "\n".join(f"    service s{number}" for number in range(100))
    check_grammar(
        "architecture-beta",
        passing=[f"architecture-beta\n{services}"],
        failing=[(f"architecture-beta\n{services}\n    service s100", 102)],
    )


def test_declarations_come_first_and_titles_lose_their_quotes(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'architecture-beta title Shop\n a:R-->L:b\nservice a (server) ["A [1]"] in g\n'
                "%% the rest\n\tgroup g(cloud)[G]\nservice b(disk)[B; c]\njunction j in g"
                "\naccDescr {\n  in one line\n}\nb:T <-[ x ]- B:a{group}",
                "architecture-beta\n    title Shop\n    %% the rest\n    group g(cloud)[G]\n"
                "    service a(server)[A #91;1#93;] in g\n    service b(disk)[B#59; c]\n"
                "    a:R --> L:b\n    junction j in g\n    accDescr: in one line\n"
                "    b:T <-[x]- B:a{group}",
            )
        ]
    )


def test_edges_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (_TWO + "    a -> b", _TWO + "    a:R --> L:b"),
            (_TWO + "    a:T --> b", _TWO + "    a:T --> B:b"),
            (_TWO + "    a:right --> b:left", _TWO + "    a:R --> L:b"),
            (_TWO + "    a -->|reads| b;", _TWO + "    a:R -[reads]-> L:b"),
            (_TWO + "    a:R --> L:b : reads", _TWO + "    a:R -[reads]-> L:b"),
            (
                _TWO + "    a:R --> L:b\n    a --> b\n    b:R <-- L:a",
                _TWO + "    a:R --> L:b\n    b:R <-- L:a",
            ),
        ]
    )


def test_second_edges_which_do_not_draw_are_removed() -> None:
    fixed = fix(_TWO + "    a:R --> L:b\n    a:B --> T:b")
    assert fixed.source == _TWO + "    a:R --> L:b"
    assert (fixed.verdict.valid, fixed.refusal) == (True, None)


def test_ids_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "architecture-beta\n    service Load Balancer(server)[LB]\n    service title\n"
                "    service a\n    service a(disk)[Other]\n    Load_Balancer:R --> L:A",
                "architecture-beta\n    service load_Balancer(server)[LB]\n"
                "    service the_title\n    service a\n    service a_2(disk)[Other]\n"
                "    load_Balancer:R --> L:a",
            ),
            (
                "architecture-beta\n    a:R --> L:user_db\n    service a in net",
                "architecture-beta\n    service user_db(server)[user db]\n"
                "    group net(cloud)[net]\n    service a in net\n    a:R --> L:user_db",
            ),
        ]
    )


def test_what_other_families_write_is_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                "architecture\n    group api(cloud)[API] {\n    - service a(redis)[Cache]\n    }\n"
                "    junction j(server)[J]\n    db[(Store)]\n    a:R --> L:j",
                "architecture-beta\n    group api(cloud)[API]\n"
                "    service a(database)[Cache] in api\n    junction j\n"
                "    service db[(Store)]\n    a:R --> L:j",
            ),
            (
                "architecture-beta\n    subgraph net[The net]\n    service a\n    end\n"
                "    service b\n    b --> net",
                "architecture-beta\n    group net(cloud)[The net]\n    service a in net\n"
                "    service b\n    b:R --> L:a{group}",
            ),
        ]
    )


def test_a_circle_of_groups_stays_as_it_is() -> None:
    source = "architecture-beta\n    group a in b\n    group b in a"
    assert rewrite(source, repairing=False).source == source


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("architecture-beta", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("architecture-beta")
