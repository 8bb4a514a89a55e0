"""Evaluate: how often do a model's answers parse, draw and have the type asked for?"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naiad.datasets import PromptRow, read_prompts
from naiad.errors import EngineError, InputError, RenderFailed
from naiad.mermaid.diagram_types import diagram_type_of
from naiad.mermaid.render import render_svg
from naiad.workflows.generate import DiagramRequest, GeneratedDiagram, GenerationSession

BOOTSTRAP_RESAMPLES = 2000


@dataclass(frozen=True)
class EvaluatedRow:
    """One prompt, what the model made of it, and what the judges said."""

    id: str
    expected_type: str | None
    """Diagram type of the row's `type` field or of its reference answer; None if it has neither."""
    diagram: GeneratedDiagram
    draws: bool
    """The renderer drew it. A diagram that does not parse does not draw."""

    @property
    def right_type(self) -> bool:
        """The answer has the expected type. Unrecognisable answers never have."""
        return self.expected_type is not None and self.diagram.type == self.expected_type


@dataclass(frozen=True)
class Share:
    """A share of rows with its 95% bootstrap interval, all between 0 and 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class EvaluationReport:
    """Figures of one system over all rows; a failed row counts as 0 in each, never skipped."""

    rows: tuple[EvaluatedRow, ...]

    def share(self, name: str) -> Share:
        """Share of rows with `name`: `parses`, `draws` or `right_type`.

        The interval is the percentile bootstrap over rows (Efron 1979), seeded.
        """
        hits = [float(_OUTCOMES[name](row)) for row in self.rows]
        if not hits:
            return Share(math.nan, math.nan, math.nan)
        generator = random.Random(0)
        means = sorted(
            sum(generator.choices(hits, k=len(hits))) / len(hits)
            for _ in range(BOOTSTRAP_RESAMPLES)
        )
        low, high = (means[int(q * (BOOTSTRAP_RESAMPLES - 1))] for q in (0.025, 0.975))
        return Share(sum(hits) / len(hits), low, high)

    def as_json(self) -> dict[str, Any]:
        """The report as one JSON document: totals with intervals, per type, and every row."""
        return {
            "n": len(self.rows),
            **{name: vars(self.share(name)) for name in _OUTCOMES},
            "seconds_per_diagram": _mean([row.diagram.seconds for row in self.rows]),
            "tokens_per_diagram": _mean([row.diagram.tokens for row in self.rows]),
            "by_type": self._by_type(),
            "rows": [_row_as_json(row) for row in self.rows],
        }

    def _by_type(self) -> dict[str, dict[str, int]]:
        counts: dict[str, dict[str, int]] = {}
        for row in self.rows:
            none_yet = dict.fromkeys(("n", *_OUTCOMES), 0)
            of_type = counts.setdefault(row.expected_type or "unknown", none_yet)
            of_type["n"] += 1
            for name, outcome in _OUTCOMES.items():
                of_type[name] += outcome(row)
        return dict(sorted(counts.items()))


_OUTCOMES: dict[str, Callable[[EvaluatedRow], bool]] = {
    "parses": lambda row: row.diagram.valid,
    "draws": lambda row: row.draws,
    "right_type": lambda row: row.right_type,
}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _row_as_json(row: EvaluatedRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "prompt": row.diagram.prompt,
        "expected_type": row.expected_type,
        "type": row.diagram.type,
        "valid": row.diagram.valid,
        "draws": row.draws,
        "right_type": row.right_type,
        "problems": [str(problem) for problem in row.diagram.problems],
        "seconds": round(row.diagram.seconds, 3),
        "tokens": row.diagram.tokens,
        "mermaid": row.diagram.mermaid,
    }


def evaluate(
    data: Path,
    open_model: Callable[[], GenerationSession],
    *,
    limit: int | None = None,
    on_row: Callable[[EvaluatedRow, int, int], None] | None = None,
) -> EvaluationReport:
    """Generate a diagram for each row of `data` and judge it.

    data: rows of any format that `naiad train` reads, or rows with `id`, `prompt` and, for the
    type to be checked, `type`. They are read before open_model is called, and the model sees
    prompt and instruction only. on_row gets each row as it is done, its number and the total.
    A row that fails, say one too long for the model, counts as wrong and does not end the run.
    Raises DatasetError and InputError for `data`, and what open_model raises.
    """
    prompts = list(read_prompts(data))[:limit]
    rows: list[EvaluatedRow] = []
    with open_model() as session:
        for number, prompt in enumerate(prompts, start=1):
            diagram = _answer(session, prompt)
            row = EvaluatedRow(prompt.id, _expected_type(prompt), diagram, _draws(diagram))
            rows.append(row)
            if on_row is not None:
                on_row(row, number, len(prompts))
    return EvaluationReport(tuple(rows))


def _expected_type(row: PromptRow) -> str | None:
    # The `type` field may use any header that Mermaid does, such as `graph` for a flowchart.
    return diagram_type_of(row.type or row.answer or "")


def _answer(session: GenerationSession, row: PromptRow) -> GeneratedDiagram:
    try:
        return session.generate(DiagramRequest(row.prompt, instruction=row.system))
    except (InputError, EngineError) as error:
        return session.failed(row.prompt, error)


def _draws(diagram: GeneratedDiagram) -> bool:
    if not diagram.valid:
        return False
    try:
        render_svg(diagram.mermaid)
    except RenderFailed:
        return False
    return True
