"""Diagrams drawn while a model is trained: which rows, how they are counted, and what is left."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripted_session import ScriptedEngine, adapter_of, session_of, turns

from naiad.datasets.example import Example
from naiad.errors import EngineError, JudgeUnavailable
from naiad.files import data_home
from naiad.mermaid.judge import JudgeLimits, shared_judge
from naiad.models.store import ModelStore
from naiad.training.report import Notice
from naiad.workflows import sample_diagrams as module
from naiad.workflows.sample_diagrams import (
    SampledModel,
    choose_rows,
    diagram_sampler,
    sample_diagrams,
)

FLOW = Example("Box A to B", "flowchart LR\n A-->B", line=1)
OTHER_FLOW = Example("Box C to D", "flowchart LR\n C-->D", line=2)
PIE = Example("Tea 3", 'pie\n "tea" : 3', "Draw.", line=3)
BROKEN = Example("Box", "flowchart LR\n A--", line=4)
PROSE = Example("Hello", "I cannot draw that.", line=5)
LAYERS, WIDTH, KEY_WIDTH = 30, 576, 192
"""Of SmolLM2-135M."""


def _sampled(model: Any = None) -> SampledModel:
    settings = {
        "peft_type": "LORA",
        "r": 2,
        "lora_alpha": 4,
        "target_modules": ["q_proj", "v_proj"],
    }
    return SampledModel(model, json.dumps(settings), "Draw it.", threads=1)


def test_each_type_has_its_turn_and_what_draws_nothing_is_passed_over() -> None:
    rows = choose_rows([FLOW, BROKEN, OTHER_FLOW, PROSE, PIE], 9)
    assert [row.example for row in rows] == [FLOW, PIE, OTHER_FLOW]
    assert [row.structure.type for row in rows] == ["flowchart", "pie", "flowchart"]
    assert [row.example for row in choose_rows([FLOW, OTHER_FLOW, PIE], 2)] == [FLOW, PIE]


def test_the_parser_s_process_ends_with_the_choice() -> None:
    choose_rows([FLOW], 1)
    assert shared_judge(JudgeLimits()).pid is None


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Makes the next model that is opened answer from a list; gives the engine back."""

    def answering(*answers: str | Exception) -> ScriptedEngine:
        engine = ScriptedEngine(answers)

        @contextmanager
        def open_session(*arguments: Any) -> Iterator[Any]:
            with session_of(engine, adapter=adapter_of(tmp_path, "Draw it.")) as session:
                yield session

        monkeypatch.setattr(module, "_open_session", open_session)
        return engine

    return answering


def test_parses_type_and_structure_are_counted_on_what_the_model_writes(scripted: Any) -> None:
    rows = choose_rows([FLOW, OTHER_FLOW, PIE, Example("Milk 1", 'pie\n "milk" : 1')], 4)
    engine = scripted(
        "graph LR\n  A --> B",  # written otherwise, drawn the same
        'pie\n "coffee" : 3',  # another pie
        "pie\n C-->D",  # no diagram, but known for a pie
        EngineError("out of memory"),
    )
    report = sample_diagrams(7, b"", _sampled(), rows)
    assert report is not None
    assert (report.step, report.diagrams) == (7, 4)
    assert (report.parses, report.right_type, report.same_structure) == (2, 2, 1)
    assert engine.closed
    assert [list(turns(prompt)) for prompt in engine.prompts[:2]] == [
        [("system", "Draw it."), ("user", FLOW.prompt)],
        [("system", "Draw."), ("user", PIE.prompt)],
    ]
    assert shared_judge(JudgeLimits()).pid is None


def test_a_stop_is_obeyed_at_once_and_reports_nothing(scripted: Any) -> None:
    engine = scripted("flowchart LR\n A-->B", "never asked")
    rows = choose_rows([FLOW, PIE], 2)
    assert sample_diagrams(1, b"", _sampled(), rows, should_stop=lambda: True) is None
    assert len(engine.prompts) == 1


def _weights(width: int = WIDTH) -> bytes:
    """An adapter that changes nothing yet, as at the beginning of a training."""
    save = pytest.importorskip("safetensors.numpy").save
    random = np.random.default_rng(0)
    tensors = {}
    for layer in range(LAYERS):
        for name, outputs in (("q_proj", width), ("v_proj", KEY_WIDTH)):
            stem = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            tensors[f"{stem}.lora_A.weight"] = random.normal(size=(2, width)).astype(np.float32)
            tensors[f"{stem}.lora_B.weight"] = np.zeros((outputs, 2), np.float32)
    content: bytes = save(tensors)
    return content


def test_a_training_without_the_setting_looks_at_no_row() -> None:
    examples: Iterator[Example] = iter([FLOW])
    draw = diagram_sampler(_sampled(), examples, 0)
    assert draw(1, bytes) is None
    assert next(examples) == FLOW


def test_a_training_draws_its_rows_at_each_measurement(scripted: Any) -> None:
    draw = diagram_sampler(_sampled(), [FLOW], 1)
    for step, answer, same in ((1, "pie\n", 0), (2, FLOW.answer, 1)):
        scripted(answer)
        report = draw(step, bytes)
        assert report is not None
        assert (report.step, report.same_structure) == (step, same)


def test_no_parser_is_a_warning_at_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(source: str) -> Any:
        raise JudgeUnavailable("no V8 here")

    monkeypatch.setattr(module, "structure_of", unavailable)
    events: list[Any] = []
    draw = diagram_sampler(_sampled(), [FLOW], 1, on_progress=events.append)
    assert draw(1, bytes) is None
    assert [event.text for event in events] == ["no diagrams will be drawn: no V8 here"]


def _files(folder: Path) -> set[Path]:
    return set(folder.rglob("*")) if folder.exists() else set()


@pytest.mark.model
def test_a_real_model_draws_the_same_each_time_and_leaves_nothing(
    smol_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cached = _files(data_home() / "adapters")
    sampled, rows = _sampled(ModelStore().resolve("smollm2-135m")), choose_rows([FLOW, PIE], 2)
    threads, random = torch.get_num_threads(), torch.get_rng_state()
    events: list[Any] = []
    first, second = (
        sample_diagrams(3, _weights(), sampled, rows, on_progress=events.append) for _ in range(2)
    )
    assert events == []
    assert first is not None
    assert second is not None
    assert first.diagrams == 2
    assert (first.parses, first.right_type, first.same_structure) == (
        second.parses,
        second.right_type,
        second.same_structure,
    )
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), random)
    assert _files(data_home() / "adapters") == cached
    assert list(tmp_path.iterdir()) == []


@pytest.mark.model
def test_weights_that_do_not_fit_are_a_warning(smol_gguf: Path) -> None:
    sampled, rows = _sampled(ModelStore().resolve("smollm2-135m")), choose_rows([FLOW], 1)
    events: list[Any] = []
    assert sample_diagrams(9, _weights(width=8), sampled, rows, on_progress=events.append) is None
    assert [type(event) for event in events] == [Notice]
    assert events[0].kind == "warning"
    assert "no diagrams at step 9" in events[0].text
