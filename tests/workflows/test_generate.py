"""A request becomes a judged diagram."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted_session import ScriptedEngine, adapter_of, session_of, turns

import naiad
from naiad.errors import InputError, JudgeUnavailable, PromptTooLong, RenderFailed
from naiad.generation import SamplingConfig
from naiad.mermaid.diagram_types import DIAGRAM_TYPES, requested_type
from naiad.mermaid.judge import validate
from naiad.mermaid.render import render_svg
from naiad.mermaid.verdict import Problem, Verdict
from naiad.prompts import DEFAULT_INSTRUCTION
from naiad.retrieval import WorkedExample, packaged_examples
from naiad.workflows import generate as workflow
from naiad.workflows.generate import (
    DiagramRequest,
    GenerateConfig,
    GeneratedDiagram,
    diagram_as_json,
    write_diagram,
)

FLOW = " TD\n    a[Ask] --> b[Answer]\n"


def _generate(
    answer: str, request: DiagramRequest, config: GenerateConfig | None = None
) -> tuple[GeneratedDiagram, str]:
    """(diagram, prompt that the engine got)."""
    engine = ScriptedEngine([answer])
    return session_of(engine, config).generate(request), engine.prompts[0]


def test_the_asked_type_is_written_for_the_model_and_belongs_to_the_diagram() -> None:
    diagram, prompt = _generate(FLOW, DiagramRequest("How people ask", type="flowchart"))
    assert prompt.endswith("<assistant>```mermaid\nflowchart")
    assert diagram.mermaid == "flowchart TD\n    a[Ask] --> b[Answer]"
    assert (diagram.type, diagram.valid, diagram.problems) == ("flowchart", True, ())
    assert diagram.raw_output == "flowchart" + FLOW
    assert diagram.tokens == len(FLOW)


def test_a_type_named_in_the_text_is_begun_too() -> None:
    _, prompt = _generate("A->>B: x\n", DiagramRequest("Draw a sequence diagram of a call"))
    assert prompt.endswith("<assistant>```mermaid\nsequenceDiagram\n")


def test_a_text_that_names_no_type_leaves_it_to_the_model() -> None:
    diagram, prompt = _generate('pie\n  "a": 1\n```', DiagramRequest("Cats and dogs"))
    assert prompt.endswith("<assistant>```mermaid\n")
    assert (diagram.type, diagram.valid) == ("pie", True)


def test_a_free_answer_begins_with_nothing_but_the_fence() -> None:
    config = GenerateConfig(begin_answer=False)
    _, prompt = _generate(FLOW, DiagramRequest("A flowchart", type="flowchart"), config)
    assert prompt.endswith("<assistant>```mermaid\n")


def test_one_example_of_the_type_stands_before_the_request() -> None:
    _, prompt = _generate(FLOW, DiagramRequest("A login", type="flowchart"))
    asked = list(turns(prompt))
    assert [role for role, _ in asked] == ["system", "user", "assistant", "user"]
    assert asked[0][1] == DEFAULT_INSTRUCTION
    assert asked[2][1].startswith("```mermaid\nflowchart ")
    assert asked[3][1] == "A login"


@pytest.mark.parametrize("count", [0, 2])
def test_as_many_examples_as_asked_for(count: int) -> None:
    config = GenerateConfig(examples=count)
    _, prompt = _generate(FLOW, DiagramRequest("A login", type="flowchart"), config)
    assert [role for role, _ in turns(prompt)].count("assistant") == count


def test_examples_give_way_to_a_long_request() -> None:
    engine = ScriptedEngine([FLOW], window_tokens=2000)
    config = GenerateConfig(SamplingConfig(max_tokens=500))
    session_of(engine, config).generate(DiagramRequest("x" * 1000, type="flowchart"))
    assert [role for role, _ in turns(engine.prompts[0])] == ["system", "user"]


def test_a_request_beyond_the_window_is_told_with_numbers() -> None:
    session = session_of(ScriptedEngine([], window_tokens=2000))
    with pytest.raises(PromptTooLong, match="window of 2,000"):
        session.generate(DiagramRequest("x" * 3000))


def test_an_adapter_gets_its_own_instruction_no_example_and_no_fence(tmp_path: Path) -> None:
    engine = ScriptedEngine([FLOW])
    session = session_of(engine, adapter=adapter_of(tmp_path, "Draw as trained."))
    diagram = session.generate(DiagramRequest("A login", type="flowchart"))
    assert engine.prompts[0] == (
        "<system>Draw as trained.</system>\n<user>A login</user>\n<assistant>flowchart"
    )
    assert engine.samplings[0].stop == ()
    assert (diagram.adapter, diagram.valid) == (str(tmp_path), True)


def test_an_adapter_of_unknown_origin_gets_the_default_instruction(tmp_path: Path) -> None:
    engine = ScriptedEngine([FLOW])
    session_of(engine, adapter=adapter_of(tmp_path, None)).generate(DiagramRequest("A login"))
    assert next(turns(engine.prompts[0])) == ("system", DEFAULT_INSTRUCTION)


def test_the_requests_own_instruction_wins(tmp_path: Path) -> None:
    engine = ScriptedEngine([FLOW])
    session = session_of(engine, adapter=adapter_of(tmp_path, "Draw as trained."))
    session.generate(DiagramRequest("A login", instruction="Mine."))
    assert next(turns(engine.prompts[0])) == ("system", "Mine.")


def test_control_tokens_in_a_request_are_broken() -> None:
    _, prompt = _generate(FLOW, DiagramRequest("a</assistant>b", type="flowchart"))
    assert "a< /assistant>b" in prompt


def test_an_invalid_answer_is_an_answer_with_problems() -> None:
    diagram, _ = _generate(" TD\n  a[Ask\n", DiagramRequest("x", type="flowchart"))
    assert not diagram.valid
    assert diagram.problems
    assert diagram.problems[0].judge.startswith("mermaid ")


def test_the_unfinished_last_line_of_a_cut_answer_is_left_out() -> None:
    config = GenerateConfig(SamplingConfig(max_tokens=len(FLOW) + 6))
    diagram, _ = _generate(
        FLOW + "    b --> c[Never ends", DiagramRequest("x", "flowchart"), config
    )
    assert diagram.finish_reason == "length"
    assert diagram.mermaid == "flowchart TD\n    a[Ask] --> b[Answer]"
    assert diagram.raw_output.endswith("    b ")


def test_a_runaway_answer_is_stopped_and_its_block_kept_once() -> None:
    diagram, _ = _generate(
        "A->>B: Hi\n" * 200, DiagramRequest("x", "sequenceDiagram"), GenerateConfig(examples=0)
    )
    assert diagram.finish_reason == "repetition"
    assert diagram.mermaid == "sequenceDiagram\nA->>B: Hi"
    assert diagram.tokens == 24 * len("A->>B: Hi\n")


def test_streamed_text_is_the_header_and_the_answer() -> None:
    pieces: list[str] = []
    session_of(ScriptedEngine([FLOW])).generate(DiagramRequest("x", "flowchart"), pieces.append)
    assert "".join(pieces) == "flowchart" + FLOW


def test_the_receiver_can_stop_before_and_during_the_answer() -> None:
    at_header = session_of(ScriptedEngine([FLOW])).generate(
        DiagramRequest("x", "flowchart"), lambda _: True
    )
    assert (at_header.finish_reason, at_header.raw_output) == ("cancelled", "flowchart")
    later = session_of(ScriptedEngine([FLOW])).generate(
        DiagramRequest("x", "flowchart"), lambda piece: piece == "D"
    )
    assert (later.finish_reason, later.raw_output) == ("cancelled", "flowchart TD")


@pytest.mark.parametrize("prompt", ["", "  \n\t "])
def test_an_empty_request_is_refused_before_a_model_is_loaded(prompt: str) -> None:
    with pytest.raises(InputError, match="the description is empty"):
        naiad.generate(prompt, model="no such model")


def test_a_megabyte_is_refused_before_a_model_is_loaded() -> None:
    with pytest.raises(PromptTooLong, match="1,000,002 bytes; at most 1,000,000"):
        naiad.generate("é" * 500_001, model="no such model")


def test_an_unknown_type_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="no diagram type 'circle'") as caught:
        naiad.generate("x", type="circle", model="no such model")
    assert "flowchart" in caught.value.hint


def test_negative_examples_are_refused() -> None:
    with pytest.raises(InputError, match="examples is -1"):
        GenerateConfig(examples=-1)


def test_a_judge_that_cannot_run_does_not_cost_the_diagram(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(source: str) -> None:
        raise JudgeUnavailable("no parser here")

    monkeypatch.setattr(workflow, "validate", unavailable)
    diagram, _ = _generate(FLOW, DiagramRequest("x", "flowchart"))
    assert diagram.mermaid == "flowchart TD\n    a[Ask] --> b[Answer]"
    assert [str(problem) for problem in diagram.problems] == ["not judged: no parser here"]


def test_leaving_the_session_closes_the_engine() -> None:
    engine = ScriptedEngine([])
    with session_of(engine):
        pass
    assert engine.closed


def test_json_names_everything() -> None:
    diagram, _ = _generate(" TD\n  a[Ask\n", DiagramRequest("x", type="flowchart"))
    document = diagram_as_json(diagram)
    assert document.keys() == set(GeneratedDiagram.__dataclass_fields__)
    assert document["problems"][0].keys() == {"message", "line", "judge"}


def test_an_invalid_diagram_is_saved_beside_the_drawing(tmp_path: Path) -> None:
    diagram, _ = _generate(" TD\n  a[Ask\n", DiagramRequest("x", type="flowchart"))
    assert write_diagram(diagram, tmp_path / "x.svg") == tmp_path / "x.mmd"
    assert (tmp_path / "x.mmd").read_text("utf-8") == "flowchart TD\n  a[Ask\n"
    assert [path.name for path in tmp_path.iterdir()] == ["x.mmd"]


def test_a_diagram_that_cannot_be_drawn_is_saved_beside_the_drawing(tmp_path: Path) -> None:
    # Parses, and Mermaid's renderer refuses circles.
    diagram, _ = _generate("\na,b,1\nb,a,1\n", DiagramRequest("x", type="sankey-beta"))
    assert diagram.valid
    with pytest.raises(RenderFailed) as caught:
        write_diagram(diagram, tmp_path / "x.png")
    assert caught.value.hint == f"the source is in {tmp_path / 'x.mmd'}"
    assert (tmp_path / "x.mmd").read_text("utf-8").startswith("sankey-beta\n")


def test_a_valid_diagram_is_drawn(tmp_path: Path) -> None:
    diagram, _ = _generate(FLOW, DiagramRequest("x", type="flowchart"))
    assert write_diagram(diagram, tmp_path / "x.svg") == tmp_path / "x.svg"
    assert "Answer" in (tmp_path / "x.svg").read_text("utf-8")


def test_every_worked_example_is_valid_and_of_its_type() -> None:
    found = {example.prompt: validate(example.mermaid) for example in packaged_examples()}
    assert {prompt: verdict for prompt, verdict in found.items() if not verdict.valid} == {}
    assert [found[example.prompt].type for example in packaged_examples()] == [
        example.type for example in packaged_examples()
    ]


def test_every_type_of_the_house_has_three_worked_examples() -> None:
    counts: dict[str, int] = {}
    for example in packaged_examples():
        counts[example.type] = counts.get(example.type, 0) + 1
    assert len(counts) == 27
    assert min(counts.values()) >= 3
    assert counts.keys() <= DIAGRAM_TYPES.keys()


def test_a_worked_example_never_names_another_type() -> None:
    named = [(example, requested_type(example.prompt)) for example in packaged_examples()]
    assert [(e.prompt, other) for e, other in named if other not in (None, e.type)] == []


def test_a_worked_example_of_every_type_draws() -> None:
    first_of_type = {example.type: example for example in reversed(packaged_examples())}
    assert {
        type for type, example in first_of_type.items() if "<svg" not in _drawn(example)
    } == set()


@pytest.mark.release
def test_every_worked_example_draws() -> None:
    assert {e.prompt for e in packaged_examples() if "<svg" not in _drawn(e)} == set()


def _drawn(example: WorkedExample) -> str:
    try:
        return render_svg(example.mermaid)
    except RenderFailed as error:
        return error.message


@pytest.mark.model
def test_the_default_model_draws_what_is_asked(coder_gguf: Path) -> None:
    diagram = naiad.generate("Pie chart of pets: cats 60, dogs 40", model=coder_gguf)
    assert (diagram.type, diagram.valid) == ("pie", True)
    assert "60" in diagram.mermaid


def test_a_constrained_answer_holds_only_lines_that_the_grammar_allows() -> None:
    answer = 'packet-beta\nSure, here it is:\n    0-7: "type"\n    9-15: "gap"\n    8: "flag"\n'
    session = session_of(ScriptedEngine([answer]), constrain=True)
    diagram = session.generate(DiagramRequest("A packet diagram of a frame"))
    assert diagram.mermaid == 'packet-beta\n    0-7: "type"\n    8: "flag"'
    assert (diagram.valid, diagram.type, diagram.finish_reason) == (True, "packet-beta", "stop")


def test_where_no_type_is_named_the_model_chooses_the_header() -> None:
    engine = ScriptedEngine(['pie\n    "tea" : 3\n'])
    diagram = session_of(engine, constrain=True).generate(DiagramRequest("tea 3"))
    assert (diagram.type, diagram.valid) == ("pie", True)


def test_a_type_without_a_grammar_is_answered_freely() -> None:
    engine = ScriptedEngine(["\n"])
    session = session_of(engine, constrain=True)
    diagram = session.generate(DiagramRequest("which version", type="info"))
    assert (diagram.mermaid, diagram.type) == ("info", "info")


def test_a_constrained_answer_that_was_cut_off_is_whole() -> None:
    answer = 'packet-beta\n    0-7: "type"\n    8-15: "length"\n'
    config = GenerateConfig(SamplingConfig(max_tokens=30))
    session = session_of(ScriptedEngine([answer]), config, constrain=True)
    diagram = session.generate(DiagramRequest("A packet diagram of a frame"))
    assert diagram.mermaid == 'packet-beta\n    0-7: "type"'
    assert (diagram.valid, diagram.finish_reason) == (True, "length")


def test_if_the_judge_knows_better_the_refused_line_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    def strict(source: str) -> Verdict:
        problems = (Problem("no flags", 3),) if "flag" in source else ()
        return Verdict("packet-beta", problems, "test")

    monkeypatch.setattr(workflow, "validate", strict)
    answer = 'packet-beta\n    0-7: "type"\n    8: "flag"\n    9: "rest"\n'
    session = session_of(ScriptedEngine([answer]), constrain=True)
    diagram = session.generate(DiagramRequest("A packet diagram of a frame"))
    assert diagram.mermaid == 'packet-beta\n    0-7: "type"'
    assert diagram.valid
    assert diagram.raw_output.endswith('9: "rest"')
