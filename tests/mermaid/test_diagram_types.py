from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naiad.mermaid.diagram_types import DIAGRAM_TYPES, diagram_type_of, requested_type


def test_every_type_is_recognised_by_each_of_its_keywords() -> None:
    for name, diagram_type in DIAGRAM_TYPES.items():
        assert diagram_type.headers[0] == name
        for header in diagram_type.headers:
            assert diagram_type_of(header) == name
            assert diagram_type_of(f"  {header}\n  a") == name


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("graph TD\nA-->B", "flowchart"),
        ("flowchart-elk LR\nA-->B", "flowchart"),
        ("stateDiagram\n[*] --> A", "stateDiagram-v2"),
        ("classDiagram-v2\nclass A", "classDiagram"),
        ("gitGraph:\ncommit", "gitGraph"),
        ("xychart\nbar [1]", "xychart-beta"),
        ("WARDLEY-BETA\n", "wardley-beta"),
        ("C4Dynamic\nPerson(a, 'b')", "C4Dynamic"),
        ("\n\n%% a comment\n\n%% another\npie\n", "pie"),
        ('%%{init: {"theme": "dark"}}%%\nmindmap\n', "mindmap"),
        ("%%{init: {\n  'theme': 'dark'\n}\n}%%\nmindmap\n", "mindmap"),
        ("---\ntitle: pie\n---\ngantt\n", "gantt"),
        ("---\r\ntitle: pie\r\n---\r\ngantt\r\n", "gantt"),
        ("  ---\n  title: pie\n  ---\n  gantt\n", "gantt"),
        ("---\ntitle: a\n---\n%%{init: {}}%%\n%% b\nkanban", "kanban"),
        ("\ufeffpie", "pie"),
    ],
)
def test_the_first_keyword_behind_all_preamble_decides(source: str, name: str) -> None:
    assert diagram_type_of(source) == name


@pytest.mark.parametrize(
    "source",
    ["", "   \n", "hello", "Flowchart TD", "---\ntitle: a\n", "---\npie", "error", "%% pie", "%%{"],
)
def test_what_mermaid_does_not_know_has_no_type(source: str) -> None:
    assert diagram_type_of(source) is None


def test_the_types_of_mermaids_own_diagrams_are_right(shared_data: Path) -> None:
    with (shared_data / "mermaid_corpus.jsonl").open(encoding="utf-8") as rows:
        for row in map(json.loads, rows):
            # One row keeps the short keyword as its type; all others name the long one.
            wanted = "treemap-beta" if row["type"] == "treemap" else row["type"]
            assert diagram_type_of(row["mermaid"]) == wanted, row["id"]


@given(st.text(alphabet="-%{}\n\r \tpie:init\"'", max_size=300))
@settings(deadline=None)
def test_no_text_breaks_the_detection(source: str) -> None:
    diagram_type_of(source)


def test_detection_takes_no_longer_than_its_text_is_long() -> None:
    for hostile in ("\n" * 300_000, "---\n" * 100_000, "%%{" * 100_000, "%%{init:" + " " * 300_000):
        diagram_type_of(hostile)


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Create a flowchart for a login process", "flowchart"),
        ("Draw a flow chart of tea making", "flowchart"),
        ("Make a `graph LR` with three nodes", "flowchart"),
        ("Please draw a sequence diagram of an OAuth login.", "sequenceDiagram"),
        ("A sequenceDiagram between Alice and Bob", "sequenceDiagram"),
        ("Design a UML class diagram for a library", "classDiagram"),
        ("state machine diagram of a traffic light", "stateDiagram-v2"),
        ("Model a state machine for a door", "stateDiagram-v2"),
        ("ER diagram for a shop", "erDiagram"),
        ("Draw the entity-relationship model of a school", "erDiagram"),
        ("Show me a Gantt chart for a house build", "gantt"),
        ("Make a pie chart of my expenses", "pie"),
        ("user journey of booking a flight", "journey"),
        ("Map the customer journey of a bank's client", "journey"),
        ("Draw a git graph with a feature branch", "gitGraph"),
        ("Create a mind map about coffee", "mindmap"),
        ("Create a timeline of the space race", "timeline"),
        ("quadrant chart of effort against impact", "quadrantChart"),
        ("requirements diagram for a brake", "requirementDiagram"),
        ("C4 container diagram of a web shop", "C4Container"),
        ("Draw a container-level C4 view of a bank", "C4Container"),
        ("A C4 model of a bank at the component level", "C4Component"),
        ("system context diagram for a hospital", "C4Context"),
        ("C4 deployment diagram of our cluster", "C4Deployment"),
        ("a C4 dynamic diagram of sign-in", "C4Dynamic"),
        ("Draw a C4 diagram of a bank", "C4Context"),
        ("Sankey of household energy", "sankey-beta"),
        ("bar chart of rainfall by month", "xychart-beta"),
        ("Draw an xy chart", "xychart-beta"),
        ("block diagram of a radio", "block-beta"),
        ("packet diagram of a TCP header", "packet-beta"),
        ("kanban board for a small team", "kanban"),
        ("Create a kanban for a bakery", "kanban"),
        ("cloud architecture diagram with two servers", "architecture-beta"),
        ("ZenUML of an order", "zenuml"),
        ("radar chart of five skills", "radar-beta"),
        ("treemap of a disk", "treemap-beta"),
        ("Venn diagram of cats and dogs", "venn-beta"),
        ("fishbone diagram of late trains", "ishikawa-beta"),
        ("Dessine un diagramme de séquence pour une connexion", "sequenceDiagram"),
        ("Crée un organigramme de flux", "flowchart"),
        ("un diagramme de classes pour une bibliothèque", "classDiagram"),
        ("Fais un diagramme d'états d'une porte", "stateDiagram-v2"),
        ("diagramme d’états-transitions d'un feu", "stateDiagram-v2"),
        ("un modèle entité-association d'une école", "erDiagram"),
        ("diagramme de Gantt d'un chantier", "gantt"),
        ("un camembert de mes dépenses", "pie"),
        ("le parcours utilisateur d'un achat", "journey"),
        ("une carte mentale sur le café", "mindmap"),
        ("une frise chronologique de la Révolution", "timeline"),
        ("Dessine un tableau kanban", "kanban"),
        ("un diagramme d'exigences pour un frein", "requirementDiagram"),
        ("un diagramme C4 de conteneurs d'une boutique", "C4Container"),
        ("un graphique en quadrants de nos idées", "quadrantChart"),
        ("un diagramme d'architecture avec deux serveurs", "architecture-beta"),
        ("un schéma-bloc d'une radio", "block-beta"),
    ],
)
def test_a_request_names_its_type_in_english_and_french(prompt: str, name: str) -> None:
    assert requested_type(prompt) == name


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "Describe the login process",
        "A class of pupils on a journey to the state capital",
        "Block the user after three wrong passwords and show the package status",
        "The baker makes a pie and the packet arrives",
        "The project's timeline slipped, so the state changed its requirement",
        "Les élèves de la classe en voyage",
    ],
)
def test_words_of_the_described_world_name_no_type(prompt: str) -> None:
    assert requested_type(prompt) is None


def test_the_earliest_naming_wins() -> None:
    assert requested_type("A flowchart of how to make a pie chart") == "flowchart"
    assert requested_type("A pie chart of how often we use a flowchart") == "pie"


def test_a_request_may_begin_with_the_bare_word() -> None:
    assert requested_type("Pie of tea 3 and coffee 4") == "pie"
    assert requested_type("a timeline of the project") == "timeline"
    assert requested_type("The journey was long, and a timeline helped") is None


def test_a_diagram_named_outright_beats_a_word_before_it() -> None:
    assert requested_type("Draw the git workflow as a sequence diagram") == "sequenceDiagram"
    assert requested_type("Show the timeline of the project as a Gantt chart") == "gantt"


def test_notation_of_one_type_alone_names_it() -> None:
    assert requested_type("`[*] --> Idle`, then `Idle --> Busy`") == "stateDiagram-v2"
    assert requested_type("A ||--o{ B, and B has two attributes") == "erDiagram"


def test_a_request_of_a_megabyte_is_read_only_at_its_start() -> None:
    assert requested_type("draw a " * 150_000) is None


def test_the_users_requests_are_understood(shared_data: Path) -> None:
    """97% of them; the rest are broken rows and requests that name no type."""
    right = wrong = total = 0
    with (shared_data / "training_data.jsonl").open(encoding="utf-8") as rows:
        for row in map(json.loads, rows):
            prompt, answer = (content["parts"][0]["text"] for content in row["contents"])
            named = requested_type(prompt)
            total += 1
            right += named == diagram_type_of(answer)
            wrong += named is not None and named != diagram_type_of(answer)
    assert (total, right, wrong) == (1900, 1847, 0)
