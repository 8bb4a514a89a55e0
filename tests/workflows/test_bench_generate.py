"""What is timed of a generation, on answers that are known."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted_session import ScriptedEngine, session_of

from naiad.errors import InputError
from naiad.workflows.bench_generate import bench_generate

PIE = 'pie\n    "tea" : 3\n    "coffee" : 5\n'
PROMPTS = (
    '{"id": "1", "prompt": "A pie chart of drinks"}\n{"id": "2", "prompt": "A pie of cakes"}\n'
)


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    path.write_text(PROMPTS, "utf-8")
    return path


def test_tokens_are_those_behind_the_first_line_or_piece(prompts: Path) -> None:
    # Once to warm up; then for each prompt under the grammar, without it, and a text only read.
    engine = ScriptedEngine([PIE, PIE, PIE[4:], "x", PIE, PIE[4:], "x"])
    session = session_of(engine)
    lines: list[str] = []
    found = bench_generate(lambda: session, prompts, 2, on_line=lines.append)
    first = found.prompts[0]
    # One token a character, and an end token; the header's line is the first.
    assert first.constrained.decoded_tokens == len('    "tea" : 3\n    "coffee" : 5\n') + 1
    assert first.free.decoded_tokens == len(PIE[4:]) - 1
    assert first.constrained.valid and first.free.valid
    assert first.read_tokens == 2000
    assert len(lines) == 2
    assert engine.closed


def test_each_text_that_is_read_begins_like_no_other(prompts: Path) -> None:
    engine = ScriptedEngine([PIE, PIE, PIE[4:], "x", PIE, PIE[4:], "x"])
    bench_generate(lambda: session_of(engine), prompts, 2)
    read = [prompt for prompt in engine.prompts if len(prompt) == 2000]
    assert [text[:6] for text in read] == ["1 A pi", "2 A pi"]


def test_the_document_holds_figures_and_no_diagrams(prompts: Path) -> None:
    session = session_of(ScriptedEngine([PIE, PIE, PIE[4:], "x"]))
    document = bench_generate(lambda: session, prompts, 1).as_json()
    assert document["prompts"] == 1
    assert document["with_grammar"]["valid"] == document["without_grammar"]["valid"] == 1
    assert document["with_grammar"]["seconds_per_diagram"].keys() == {"median", "least", "most"}
    assert document["runs"][0]["with_grammar"].keys() == {
        "seconds",
        "decoding_s",
        "decoded_tokens",
        "valid",
    }
    assert document["machine"]["cores"] >= 1


def test_no_prompt_at_all_is_an_error() -> None:
    with pytest.raises(InputError, match="0 prompts are too few"):
        bench_generate(lambda: session_of(ScriptedEngine([])), None, 0)
