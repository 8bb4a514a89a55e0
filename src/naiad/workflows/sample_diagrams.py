"""Sample diagrams: what the adapter of a running training draws for rows it has not seen.

The loss says how surprised a model is by a diagram; this says what it draws itself. The model
answers freely, without the grammar that `naiad generate` holds it to, since under the grammar
every answer parses and would say nothing.
"""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from naiad.datasets.example import Example
from naiad.errors import EngineError, InputError, InvalidDiagram, JudgeUnavailable, NaiadError
from naiad.files import write_bytes, write_text
from naiad.generation import (
    EngineConfig,
    SamplingConfig,
    chat_template_of,
    engine_for,
    open_engine,
)
from naiad.lora import load_adapter, to_gguf
from naiad.lora.adapter import CONFIG_NAME, WEIGHTS_NAME
from naiad.lora.record import AdapterRecord
from naiad.mermaid.diagram_types import diagram_type_of
from naiad.mermaid.judge import JudgeLimits, shared_judge
from naiad.mermaid.structure import Structure, structure_of
from naiad.models.local_model import LocalModel
from naiad.training.report import DiagramsReport, Notice, OnProgress, no_progress
from naiad.workflows.generate import DiagramRequest, GenerateConfig, GenerationSession

MOST_TOKENS = 1024
"""Longest answer; one that is much longer than the row's own is cut earlier."""

_SHORTEST_TOKENS = 64


@dataclass(frozen=True)
class SampleRow:
    """A row kept back, and what its own answer draws."""

    example: Example
    structure: Structure


@dataclass(frozen=True)
class SampledModel:
    """All that does not change while the adapter is trained."""

    model: LocalModel
    adapter_config: str
    """The content of adapter_config.json."""
    instruction: str
    """System instruction of rows without their own."""
    threads: int | None = None
    """Threads of the engine; None is one for each physical core."""


def diagram_sampler(
    sampled: SampledModel,
    examples: Iterable[Example],
    count: int,
    *,
    on_progress: OnProgress = no_progress,
    should_stop: Callable[[], bool] = lambda: False,
) -> Callable[[int, Callable[[], bytes]], DiagramsReport | None]:
    """What a training asks after each measurement, with its step and a function that gives the
    adapter's file: `sample_diagrams` on `count` of the examples, the same ones each time.
    """
    try:
        rows = choose_rows(examples, count) if count else ()
    except JudgeUnavailable as error:
        on_progress(Notice("warning", f"no diagrams will be drawn: {error.message}"))
        rows = ()

    def draw(step: int, weights: Callable[[], bytes]) -> DiagramsReport | None:
        return sample_diagrams(
            step, weights(), sampled, rows, on_progress=on_progress, should_stop=should_stop
        )

    return draw


def choose_rows(examples: Iterable[Example], count: int) -> tuple[SampleRow, ...]:
    """Up to `count` rows with valid answers: one of each diagram type, then another of each, …

    The same examples give the same rows. Raises JudgeUnavailable.
    """
    chosen: list[SampleRow] = []
    with _judge_at_rest():
        for example in _in_turn_by_type(examples):
            if len(chosen) == count:
                break
            try:
                chosen.append(SampleRow(example, structure_of(example.answer)))
            except InvalidDiagram:
                continue
    return tuple(chosen)


def sample_diagrams(
    step: int,
    weights: bytes,
    sampled: SampledModel,
    rows: Sequence[SampleRow],
    *,
    on_progress: OnProgress = no_progress,
    should_stop: Callable[[], bool] = lambda: False,
) -> DiagramsReport | None:
    """Generate a diagram with these weights for each row, judge them, and free all that it took.

    weights: bytes of adapter_model.safetensors. Nothing random is drawn that a training could
    notice. Costs the model once more in memory, as the engine of its kind holds it. None without
    rows, when asked to stop, and after a failure, which is a warning, since a training must not
    end for it.
    """
    if not rows:
        return None
    began_s = time.monotonic()
    try:
        with (
            _judge_at_rest(),
            _threads_kept(),
            _open_session(weights, sampled, rows) as session,
        ):
            counts = _counted(session, rows, should_stop)
    except NaiadError as error:
        on_progress(Notice("warning", f"no diagrams at step {step}: {error.message}"))
        return None
    if counts is None:
        return None
    parses, right_type, same_structure = counts
    seconds = round(time.monotonic() - began_s, 3)
    return DiagramsReport(step, len(rows), parses, right_type, same_structure, seconds)


def _counted(
    session: GenerationSession, rows: Sequence[SampleRow], should_stop: Callable[[], bool]
) -> tuple[int, int, int] | None:
    """How many parse, are of the right type, draw the same; None when stopped on the way."""
    parses = right_type = same_structure = 0
    for row in rows:
        request = DiagramRequest(row.example.prompt, instruction=row.example.system)
        try:
            diagram = session.generate(request, lambda text: should_stop())
        except (InputError, EngineError) as error:
            diagram = session.failed(row.example.prompt, error)
        if should_stop():
            return None
        parses += diagram.valid
        right_type += diagram.type == row.structure.type
        same_structure += diagram.valid and _structure(diagram.mermaid) == row.structure
    return parses, right_type, same_structure


def _structure(source: str) -> Structure | None:
    try:
        return structure_of(source)
    except (InvalidDiagram, JudgeUnavailable):
        return None


def _in_turn_by_type(examples: Iterable[Example]) -> Iterator[Example]:
    """a1 a2 b1 c1 c2 -> a1 b1 c1 a2 c2; those of no known type are left out."""
    by_type: dict[str, deque[Example]] = {}
    for example in examples:
        diagram_type = diagram_type_of(example.answer)
        if diagram_type is not None:
            by_type.setdefault(diagram_type, deque()).append(example)
    waiting = deque(by_type.values())
    while waiting:
        of_type = waiting.popleft()
        yield of_type.popleft()
        if of_type:
            waiting.append(of_type)


@contextmanager
def _open_session(
    weights: bytes, sampled: SampledModel, rows: Sequence[SampleRow]
) -> Iterator[GenerationSession]:
    """The base model with these weights, as `open_session` loads it; no file of it stays."""
    engine = EngineConfig(threads=sampled.threads)
    config = GenerateConfig(
        SamplingConfig(max_tokens=_most_tokens(rows)), begin_answer=False, constrain=False
    )
    with tempfile.TemporaryDirectory(prefix="naiad-") as name:
        folder = Path(name)
        write_text(folder / CONFIG_NAME, sampled.adapter_config)
        write_bytes(folder / WEIGHTS_NAME, weights)
        _record(sampled).write(folder)
        adapter = load_adapter(folder)
        in_llamacpp = engine_for(sampled.model, engine) == "llamacpp"
        path = to_gguf(adapter, sampled.model, folder) if in_llamacpp else folder
        with GenerationSession(
            open_engine(sampled.model, engine, path),
            chat_template_of(sampled.model),
            sampled.model,
            adapter,
            config,
        ) as session:
            yield session


def _record(sampled: SampledModel) -> AdapterRecord:
    return AdapterRecord(
        base_name=sampled.model.name,
        base_hub_id=sampled.model.hub_id,
        base_gguf_sha256=sampled.model.sha256 if sampled.model.kind == "gguf" else None,
        instruction=sampled.instruction,
    )


def _most_tokens(rows: Sequence[SampleRow]) -> int:
    """Room for about twice the longest answer: a token of Mermaid is some three bytes."""
    longest_bytes = max(len(row.example.answer.encode()) for row in rows)
    return min(MOST_TOKENS, max(_SHORTEST_TOKENS, longest_bytes * 2 // 3))


@contextmanager
def _judge_at_rest() -> Iterator[None]:
    """End the parser's process afterwards: it would hold its memory until the next measurement."""
    try:
        yield
    finally:
        shared_judge(JudgeLimits()).close()


@contextmanager
def _threads_kept() -> Iterator[None]:
    """Give torch its threads back, which the transformers engine sets for the whole process."""
    import torch

    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)
