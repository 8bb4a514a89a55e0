"""Preflight: the official parser and the renderer look at a file's answers before training does.

Judging takes 8 to 14 ms an answer, drawing one to two seconds: so many are judged and few drawn,
spread over the file and over the diagram types. Both run in processes of their own, which end
here: training needs their memory for hours.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from naiad.datasets.example import Example
from naiad.datasets.findings import AnswerCheck, AnswerProblem
from naiad.errors import JudgeUnavailable, RendererUnavailable, RenderFailed
from naiad.mermaid.judge import Judge
from naiad.mermaid.render import RenderConfig, close_renderer, render_svg
from naiad.training.report import Notice, OnProgress

MOST_JUDGED = 2000
"""Answers that are parsed before training: about half a minute."""
MOST_DRAWN = 24
"""Valid answers that are drawn before training."""
MOST_DRAWING_S = 10.0
"""Seconds after which no further drawing is begun before training."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class FileExample:
    """An example and the file that names it."""

    path: Path
    example: Example


@dataclass(frozen=True)
class JudgedAnswers:
    """What the official parser said."""

    judged: int
    valid: tuple[tuple[FileExample, str], ...]
    """Valid answers with their diagram types, in the order of the rows."""
    invalid: tuple[AnswerProblem, ...]
    types: dict[str, int]
    """Judged answers of each type, the commonest first."""


def check_before_training(rows: Sequence[FileExample], on_progress: OnProgress) -> AnswerCheck:
    """Judge at most MOST_JUDGED answers and draw at most MOST_DRAWN for MOST_DRAWING_S seconds.

    Where the parser or the renderer cannot run, a warning says so and the check goes without.
    """
    on_progress(Notice("info", "looking at the rows"))
    judged = JudgedAnswers(0, (), (), {})
    drawn: int = 0
    undrawable: tuple[AnswerProblem, ...] = ()
    try:
        judged = judge_answers(spread(rows, MOST_JUDGED))
        drawn, undrawable = draw_answers(judged.valid, most=MOST_DRAWN, time_limit_s=MOST_DRAWING_S)
    except JudgeUnavailable as error:
        on_progress(Notice("warning", f"the answers were not parsed: {error.message}"))
    except RendererUnavailable as error:
        on_progress(Notice("warning", f"no answer was drawn: {error.message}"))
    return AnswerCheck(len(rows), judged.judged, judged.invalid, judged.types, drawn, undrawable)


def judge_answers(
    rows: Sequence[FileExample], on_row: Callable[[int], None] = lambda row: None
) -> JudgedAnswers:
    """Parse the answer of each row. on_row gets the number done. Raises JudgeUnavailable."""
    valid: list[tuple[FileExample, str]] = []
    invalid: list[AnswerProblem] = []
    types: Counter[str] = Counter()
    # A judge of its own: the one that all callers share would stay.
    with Judge() as judge:
        for done, row in enumerate(rows, 1):
            verdict = judge.validate(row.example.answer)
            types[verdict.type or "unknown"] += 1
            if verdict.valid:
                valid.append((row, verdict.type or "unknown"))
            else:
                invalid.append(_problem(row, verdict.type, str(verdict.problems[0])))
            on_row(done)
    return JudgedAnswers(len(rows), tuple(valid), tuple(invalid), dict(types.most_common()))


def draw_answers(
    valid: Sequence[tuple[FileExample, str]],
    *,
    most: int | None = None,
    time_limit_s: float | None = None,
    on_row: Callable[[int], None] = lambda row: None,
) -> tuple[int, tuple[AnswerProblem, ...]]:
    """How many of the valid answers were tried, and which of them could not be drawn.

    most, time_limit_s: None has no limit; a drawing that was begun is waited for. Raises
    RendererUnavailable.
    """
    started_s = time.monotonic()
    tried = 0
    undrawable: list[AnswerProblem] = []
    config = RenderConfig()
    try:
        for row, diagram_type in spread_over_types(valid, most):
            if time_limit_s is not None and time.monotonic() - started_s >= time_limit_s:
                break
            tried += 1
            try:
                render_svg(row.example.answer, config)
            except RenderFailed as failure:
                undrawable.append(_problem(row, diagram_type, failure.message))
            on_row(tried)
    finally:
        close_renderer()
    return tried, tuple(undrawable)


def spread(values: Sequence[_T], most: int | None) -> Sequence[_T]:
    """At most `most` of the values at even distances, in order: "abcdef", 3 -> "a", "c", "e"."""
    if most is None or len(values) <= most:
        return values
    return [values[i * len(values) // most] for i in range(most)]


def spread_over_types(
    valid: Sequence[tuple[FileExample, str]], most: int | None
) -> Sequence[tuple[FileExample, str]]:
    """At most `most` answers: one of each type, then a second of each, evenly from the file."""
    by_type: dict[str, list[tuple[FileExample, str]]] = {}
    for answer in valid:
        by_type.setdefault(answer[1], []).append(answer)
    of_each_type = None if most is None else -(-most // max(1, len(by_type)))
    rounds = zip_longest(*(spread(each, of_each_type) for each in by_type.values()))
    return [answer for answers in rounds for answer in answers if answer is not None][:most]


def _problem(row: FileExample, diagram_type: str | None, problem: str) -> AnswerProblem:
    return AnswerProblem(str(row.path), row.example.line, diagram_type, problem)
