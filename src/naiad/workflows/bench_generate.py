"""Measure generation: tokens a second of prompt and answer, with the grammar and without."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from naiad import __version__
from naiad.datasets import read_prompts
from naiad.errors import EngineError, InputError
from naiad.generation import Engine, SamplingConfig
from naiad.generation.engine import WrittenLine
from naiad.retrieval.cookbook import packaged_examples
from naiad.workflows.benchmarks.machine import machine
from naiad.workflows.generate import DiagramRequest, GenerationSession

OnLine = Callable[[str], None]
"""Gets one line for people after each prompt."""

PROMPT_CHARACTERS = 2000
"""Of a text that the engine only reads: about 450 tokens."""

ENGINE_PACKAGES = {
    "llamacpp": ("xllamacpp",),
    "transformers": ("torch", "transformers", "llguidance"),
}


@dataclass(frozen=True)
class AnswerTime:
    """One answer."""

    seconds: float
    """From request to verdict."""
    decoding_s: float
    """Of it from the first line or piece of text to the last: decoding without the prompt."""
    decoded_tokens: int
    """Tokens written in decoding_s."""
    valid: bool
    mermaid: str

    @property
    def ms_per_token(self) -> float | None:
        """None of an answer of one line or piece, which has no time between two."""
        return self.decoding_s / self.decoded_tokens * 1e3 if self.decoded_tokens else None


@dataclass(frozen=True)
class PromptTime:
    """One prompt answered under the grammar and without it, and one text only read."""

    constrained: AnswerTime
    free: AnswerTime
    reading_s: float
    read_tokens: int


@dataclass(frozen=True)
class GenerationBenchmark:
    """All figures of one run."""

    model: str
    adapter: str | None
    engine: str
    machine: dict[str, Any]
    versions: dict[str, str]
    prompts: tuple[PromptTime, ...]

    def as_json(self) -> dict[str, Any]:
        """Everything, as one document; the diagrams themselves left out."""
        read_tokens = sum(each.read_tokens for each in self.prompts)
        constrained = [each.constrained for each in self.prompts]
        free = [each.free for each in self.prompts]
        rates = _rate(free), _rate(constrained)
        return {
            "model": self.model,
            "adapter": self.adapter,
            "engine": self.engine,
            "machine": self.machine,
            "versions": self.versions,
            "prompts": len(self.prompts),
            "prompt_tokens_per_s": round(
                read_tokens / sum(each.reading_s for each in self.prompts), 2
            ),
            "with_grammar": _answers_json(constrained),
            "without_grammar": _answers_json(free),
            "grammar_costs_times": round(rates[0] / rates[1], 3) if all(rates) else None,
            "runs": [
                {
                    "with_grammar": _answer_json(each.constrained),
                    "without_grammar": _answer_json(each.free),
                    "reading_s": round(each.reading_s, 4),
                    "read_tokens": each.read_tokens,
                }
                for each in self.prompts
            ],
        }


def bench_generate(
    open_model: Callable[[], GenerationSession],
    prompts: Path | None = None,
    count: int = 10,
    *,
    on_line: OnLine = lambda line: None,
) -> GenerationBenchmark:
    """Answer `count` prompts, spread over a file, under the grammar and without it, in turns.

    prompts: a prompt file; None is the packaged cookbook's descriptions. Raises InputError,
    DatasetError, and what open_model and answering raise.
    """
    if count < 1:
        raise InputError(f"{count} prompts are too few", hint="measure at least 1")
    found, texts = machine(), _texts(prompts)
    chosen = texts[:: max(1, len(texts) // count)][:count]
    with open_model() as session:
        times = time_prompts(session, chosen, on_line)
        return GenerationBenchmark(
            model=session.model.name,
            adapter=str(session.adapter.path.name) if session.adapter else None,
            engine=session.engine.name,
            machine=found,
            versions=_versions(session.engine.name),
            prompts=times,
        )


def time_prompts(
    session: GenerationSession, prompts: Sequence[str], on_line: OnLine = lambda line: None
) -> tuple[PromptTime, ...]:
    """Times of each prompt, constrained and free in turns, so that a busy minute hits both."""
    constrained = replace(session.config, constrain=True)
    free = replace(session.config, constrain=False)
    session.generate(DiagramRequest(prompts[0]))  # the engine reads its vocabulary once
    times: list[PromptTime] = []
    for number, prompt in enumerate(prompts, start=1):
        session.config = constrained
        with_grammar = time_lines(session, prompt)
        session.config = free
        without = time_pieces(session, prompt)
        reading_s, tokens = _reading_time(session.engine, prompts, number)
        times.append(PromptTime(with_grammar, without, reading_s, tokens))
        on_line(
            f"{number}/{len(prompts)}: {with_grammar.seconds:.1f} s under the grammar, "
            f"{without.seconds:.1f} s without"
        )
    session.config = constrained
    return tuple(times)


def time_lines(session: GenerationSession, prompt: str) -> AnswerTime:
    """An answer under the grammar, timed from its first line, which evaluates the prompt."""
    with _noted_lines(session.engine) as lines:
        diagram = session.generate(DiagramRequest(prompt))
    return AnswerTime(
        seconds=diagram.seconds,
        decoding_s=lines[-1][0] - lines[0][0] if lines else 0.0,
        decoded_tokens=sum(tokens for _, tokens in lines[1:]),
        valid=diagram.valid,
        mermaid=diagram.mermaid,
    )


def time_pieces(session: GenerationSession, prompt: str) -> AnswerTime:
    """A free answer, timed from its first piece of text."""
    times_s: list[float] = []

    def note(piece: str) -> None:
        times_s.append(time.perf_counter())

    diagram = session.generate(DiagramRequest(prompt), note)
    # A header that was begun for the model comes first and is not its own.
    own = times_s[1:] if diagram.raw_output != diagram.mermaid else times_s
    return AnswerTime(
        seconds=diagram.seconds,
        decoding_s=own[-1] - own[0] if own else 0.0,
        decoded_tokens=max(0, len(own) - 1),
        valid=diagram.valid,
        mermaid=diagram.mermaid,
    )


@contextmanager
def _noted_lines(engine: Engine) -> Iterator[list[tuple[float, int]]]:
    """Gets (when it was done, tokens) of each line that the engine writes in the block."""
    lines: list[tuple[float, int]] = []
    inner = engine.write_line

    def noted(prompt: str, pattern: str, sampling: SamplingConfig) -> WrittenLine:
        line = inner(prompt, pattern, sampling)
        lines.append((time.perf_counter(), line.tokens))
        return line

    engine.write_line = noted  # type: ignore[method-assign]
    try:
        yield lines
    finally:
        engine.write_line = inner  # type: ignore[method-assign]


def _reading_time(engine: Engine, prompts: Sequence[str], number: int) -> tuple[float, int]:
    """(seconds, tokens) to evaluate a text that begins like none before it, and one token more.

    What an engine has kept of an earlier prompt would not be evaluated again.
    """
    text = f"{number} " + "\n".join([*prompts[number - 1 :], *prompts[: number - 1]])
    text = (text * (1 + PROMPT_CHARACTERS // len(text)))[:PROMPT_CHARACTERS]
    began_s = time.perf_counter()
    completion = engine.complete(text, SamplingConfig(max_tokens=1))
    if not completion.prompt_tokens:
        raise EngineError(f"{engine.name} read nothing", hint="measure with another engine")
    return time.perf_counter() - began_s, completion.prompt_tokens


def _texts(prompts: Path | None) -> list[str]:
    if prompts is not None:
        return [row.prompt for row in read_prompts(prompts)]
    return [example.prompt for example in packaged_examples()]


def _rate(answers: Sequence[AnswerTime]) -> float:
    """Tokens a second over all answers; 0 where none took any time."""
    seconds = sum(each.decoding_s for each in answers)
    return sum(each.decoded_tokens for each in answers) / seconds if seconds else 0.0


def _answers_json(answers: Sequence[AnswerTime]) -> dict[str, Any]:
    seconds = [each.seconds for each in answers]
    return {
        "tokens_per_s": round(_rate(answers), 2),
        "seconds_per_diagram": {
            "median": round(statistics.median(seconds), 2),
            "least": round(min(seconds), 2),
            "most": round(max(seconds), 2),
        },
        "valid": sum(each.valid for each in answers),
    }


def _answer_json(answer: AnswerTime) -> dict[str, Any]:
    return {
        key: round(value, 4) if isinstance(value, float) else value
        for key, value in asdict(answer).items()
        if key != "mermaid"
    }


def _versions(engine: str) -> dict[str, str]:
    found = {"naiad": __version__}
    for name in ENGINE_PACKAGES.get(engine, ()):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
