"""What a run will cost: a few of its own steps, timed on the real model and then undone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

import numpy as np
import torch

from naiad.datasets.tokenizing import TokenizedExample
from naiad.training.config import TrainingConfig
from naiad.training.libraries import translated_torch_errors
from naiad.training.memory import peak_memory_bytes
from naiad.training.objective import compute_gradients, mean_loss
from naiad.training.optimizer import dropout_seed, new_optimizer
from naiad.training.parallel import ALONE, Group, use_threads
from naiad.training.report import TrainingEstimate
from naiad.training.rows import PlannedStep, RunPlan, TrainingRows
from naiad.training.trainable import TrainableAdapter

TIMED_SHARES = (0.1, 0.5, 0.9, 1.0)
"""Where the timed steps stand among all steps of the run, ordered by tokens."""

EVALUATED_ROWS = 16
"""Rows kept back whose loss is measured for the estimate, of all lengths."""

MOST_PLANNED_STEPS = 20_000
"""Steps whose lengths are looked at; a longer run is taken to go on like them."""


def estimate_training(
    model: TrainableAdapter, rows: TrainingRows, config: TrainingConfig, group: Group = ALONE
) -> TrainingEstimate:
    """Time and memory of a whole run, from five of its steps and a part of one evaluation.

    The first step warms up. The others are shorter ones, middling ones and the longest, and the
    time of every step of the run is read off between them. The adapter's weights are put back.
    Raises TrainingError when memory runs out.
    """
    use_threads(config, group.size)
    plan = RunPlan(rows.train, config)
    planned = [plan.step(step) for step in range(1, min(plan.steps, MOST_PLANNED_STEPS) + 1)]
    by_tokens = sorted(planned, key=lambda step: step.tokens)
    with translated_torch_errors("train on the longest rows"), _Undone(model):
        optimizer = new_optimizer(model.parameters, config)
        timed = _TimedSteps(model, optimizer, config, group)
        timed.seconds(by_tokens[0])
        points = [
            (step.tokens, timed.seconds(step))
            for step in (by_tokens[round(share * (len(planned) - 1))] for share in TIMED_SHARES)
        ]
        once_s = _evaluation_seconds(model, rows.evaluation, group)
        peak = int(group.sum(peak_memory_bytes()))
    seconds_of = seconds_by_tokens(points)
    step_s = sum(seconds_of(step.tokens) for step in planned) / len(planned)
    evaluations = -(-plan.steps // config.evaluate_every_steps)
    return TrainingEstimate(
        steps=plan.steps,
        seconds=round(step_s * plan.steps + once_s * evaluations, 1),
        seconds_per_step=round(step_s, 3),
        peak_memory_bytes=peak,
        tokens_per_epoch=sum(map(len, rows.train)),
        longest_row_tokens=max(map(len, rows.train)),
    )


def seconds_by_tokens(points: Sequence[tuple[int, float]]) -> Callable[[int], float]:
    """Seconds of a step by its tokens, read off straight lines between measured points.

    Never falling, since a longer step that took less was measured on a quieter machine; below
    the shortest point in proportion to the tokens, above the longest as steep as there.
    """
    tokens, seconds = zip(*sorted(points), strict=True)
    rising = np.maximum.accumulate(np.array(seconds))

    def at(step_tokens: int) -> float:
        if step_tokens < tokens[0] or step_tokens > tokens[-1]:
            end = 0 if step_tokens < tokens[0] else -1
            return float(rising[end] * step_tokens / tokens[end])
        return float(np.interp(step_tokens, tokens, rising))

    return at


@dataclass
class _TimedSteps:
    """Makes steps that move nothing and says how long each took."""

    model: TrainableAdapter
    optimizer: torch.optim.Optimizer
    config: TrainingConfig
    group: Group

    def seconds(self, planned: PlannedStep) -> float:
        started = time.perf_counter()
        seed = dropout_seed(self.config, 0, self.group.rank)
        compute_gradients(self.model, planned.rows, self.group, seed=seed)
        torch.nn.utils.clip_grad_norm_(self.model.parameters, self.config.max_grad_norm or 1.0)
        self.optimizer.step()
        return time.perf_counter() - started


class _Undone:
    """Puts the adapter's weights back when the block ends."""

    def __init__(self, model: TrainableAdapter) -> None:
        self._model = model

    def __enter__(self) -> None:
        self._copies = [parameter.detach().clone() for parameter in self._model.parameters]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with torch.no_grad():
            for parameter, copy in zip(self._model.parameters, self._copies, strict=True):
                parameter.copy_(copy)
                parameter.grad = None


def _evaluation_seconds(
    model: TrainableAdapter, rows: Sequence[TokenizedExample], group: Group
) -> float:
    """Seconds of one measurement, from a few rows of all lengths."""
    if not rows:
        return 0.0
    by_length = sorted(rows, key=len)
    chosen = by_length[:: -(-len(rows) // EVALUATED_ROWS)]
    # What measuring needs and training does not is made on first use.
    mean_loss(model, chosen[:1], group)
    started = time.perf_counter()
    mean_loss(model, chosen, group)
    seconds = time.perf_counter() - started
    return seconds * sum(map(len, rows)) / sum(map(len, chosen))
