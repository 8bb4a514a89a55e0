"""What holds of all families together."""

from __future__ import annotations

import pytest

from naiad.grammar import GRAMMARS, REWRITERS, UndecidedDiagram, fix, refusal
from naiad.grammar.rewriting.rewrite import as_meant
from naiad.mermaid import validate
from naiad.mermaid.diagram_types import DIAGRAM_TYPES, diagram_type_of
from naiad.mermaid.structure import structure_difference
from naiad.retrieval import packaged_examples

PROMISED = {
    *("flowchart", "sequenceDiagram", "classDiagram", "stateDiagram-v2", "erDiagram", "gantt"),
    *("pie", "journey", "gitGraph", "mindmap", "timeline", "quadrantChart", "requirementDiagram"),
    *("C4Context", "C4Container", "C4Component", "C4Dynamic", "C4Deployment", "sankey-beta"),
    *("xychart-beta", "block-beta", "packet-beta", "kanban", "architecture-beta", "zenuml"),
    *("radar-beta", "treemap-beta"),
}


def test_every_promised_family_has_a_grammar_and_a_rewriter() -> None:
    assert set(GRAMMARS) >= PROMISED
    assert set(GRAMMARS) == set(REWRITERS)
    assert set(GRAMMARS) <= set(DIAGRAM_TYPES)


@pytest.mark.parametrize("diagram_type", GRAMMARS)
def test_a_grammar_begins_its_own_type_and_can_always_be_closed(diagram_type: str) -> None:
    grammar = GRAMMARS[diagram_type]()
    source = "\n".join(grammar.closing_lines())
    assert diagram_type_of(source) == diagram_type
    assert validate(source).problems == ()
    assert not grammar.may_end


@pytest.mark.parametrize("diagram_type", GRAMMARS)
def test_an_undecided_diagram_is_decided_by_its_header(diagram_type: str) -> None:
    undecided = UndecidedDiagram()
    undecided.begin_at_header()
    assert not undecided.may_end
    header = GRAMMARS[diagram_type].default_header
    undecided.read(header)
    alone = GRAMMARS[diagram_type]()
    alone.read(header)
    assert undecided.next_line() == alone.next_line()


def test_every_worked_example_is_canonical() -> None:
    refused = [
        (example.type, refused.line, refused.message)
        for example in packaged_examples()
        if example.type in GRAMMARS and (refused := refusal(example.mermaid)) is not None
    ]
    assert refused == []


def test_fixing_other_peoples_diagrams_changes_no_structure_and_is_stable(
    other_peoples_diagrams: list[str],
) -> None:
    for source in other_peoples_diagrams:
        fixed = fix(source)
        meant = as_meant(source)
        assert fixed.verdict.valid
        if validate(meant).valid:
            assert (structure_difference(meant, fixed.source), source) == (None, source)
        assert fix(fixed.source).source == fixed.source
