"""What a run will cost: a few of its real steps, timed on the real model and then undone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import psutil
import torch

from naiad.datasets.batching import collate
from naiad.datasets.tokenizing import TokenizedExample
from naiad.training.config import TrainingConfig
from naiad.training.libraries import translated_torch_errors
from naiad.training.loss import answer_loss
from naiad.training.report import TrainingEstimate
from naiad.training.rows import EpochBatches, TrainingRows
from naiad.training.steps import total_steps
from naiad.training.trainer import use_threads

EVALUATION_SHARE_OF_STEP = 1 / 3
"""A step is a forward pass and a backward pass of about twice its work."""


def estimate_training(model: Any, rows: TrainingRows, config: TrainingConfig) -> TrainingEstimate:
    """Time and memory of a whole run, from three real steps.

    One batch warms up; then a batch of median length and one of the longest rows are timed, and
    a straight line through the two gives the time of every batch of the run. The adapter's
    weights and the random state are put back. Raises TrainingError when memory runs out.
    """
    use_threads(config)
    by_length = sorted(rows.train, key=len)
    median = _median_batch(by_length, config.batch_size)
    longest = by_length[-config.batch_size :]
    with translated_torch_errors("train on the longest rows"), _Undone(model):
        _timed_step(model, median, rows.padding_id)
        points = [
            (_width(batch), _timed_step(model, batch, rows.padding_id))
            for batch in (median, longest)
        ]
    seconds_of = _line_through(*points)
    batch_widths = _planned_widths(rows.train, config)
    steps = total_steps(config, len(rows.train))
    train_s = sum(map(seconds_of, batch_widths))
    evaluation_s = _evaluation_seconds(rows.evaluation, config, steps, seconds_of)
    return TrainingEstimate(
        steps=steps,
        seconds=round(train_s + evaluation_s, 1),
        seconds_per_step=round(train_s / steps, 3),
        peak_memory_bytes=peak_memory_bytes(),
        tokens_per_epoch=sum(map(len, rows.train)),
        longest_row_tokens=len(by_length[-1]),
    )


def peak_memory_bytes() -> int:
    """Most memory this process has had resident so far, where the system says; else now."""
    try:
        import resource
    except ImportError:  # Windows
        memory = psutil.Process().memory_info()
        return int(getattr(memory, "peak_wset", memory.rss))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if psutil.MACOS else peak * 1024)


class _Undone:
    """Puts the adapter's weights and every random state back when the block ends."""

    def __init__(self, model: Any) -> None:
        self._weights = [p for p in model.parameters() if p.requires_grad]

    def __enter__(self) -> None:
        self._copies = [p.detach().clone() for p in self._weights]
        self._random = (random.getstate(), np.random.get_state(), torch.get_rng_state())

    def __exit__(self, *error: object) -> None:
        with torch.no_grad():
            for weight, copy in zip(self._weights, self._copies, strict=True):
                weight.copy_(copy)
                weight.grad = None
        random.setstate(self._random[0])
        np.random.set_state(self._random[1])
        torch.set_rng_state(self._random[2])


def _median_batch(by_length: Sequence[TokenizedExample], size: int) -> Sequence[TokenizedExample]:
    start = max(0, (len(by_length) - size) // 2)
    return by_length[start : start + size]


def _timed_step(model: Any, examples: Sequence[TokenizedExample], padding_id: int) -> float:
    """Seconds of one forward, backward and optimizer step."""
    weights = [p for p in model.parameters() if p.requires_grad]
    # A rate of 0: the step costs what it costs and moves nothing.
    optimizer = torch.optim.AdamW(weights, lr=0.0)
    model.train()
    started = time.perf_counter()
    batch = collate(examples, padding_id)
    (answer_loss(model, batch) / batch.loss_tokens).backward()
    optimizer.step()
    optimizer.zero_grad()
    return time.perf_counter() - started


def _width(batch: Sequence[TokenizedExample]) -> int:
    """Tokens computed for a batch, padding included."""
    return len(batch) * max(map(len, batch))


def _line_through(first: tuple[int, float], second: tuple[int, float]) -> Callable[[int], float]:
    """Seconds of a batch by its width: a straight line through two measurements.

    Below the narrower one it never falls faster than in proportion to the width, since two
    measurements close together may by chance give a line that reaches 0.
    """
    (narrow, narrow_s), (wide, wide_s) = sorted((first, second))
    per_token = max(0.0, wide_s - narrow_s) / max(1, wide - narrow)

    def seconds(width: int) -> float:
        on_line_s = narrow_s + per_token * (width - narrow)
        return on_line_s if width >= narrow else max(on_line_s, narrow_s * width / narrow)

    return seconds


def _planned_widths(examples: Sequence[TokenizedExample], config: TrainingConfig) -> list[int]:
    """Width of every batch of the run, in order."""
    batches = EpochBatches([len(example) for example in examples], config)
    needed = total_steps(config, len(examples)) * config.gradient_accumulation_steps
    widths: list[int] = []
    while len(widths) < needed:
        widths += [_width([examples[row] for row in batch]) for batch in batches]
        batches.epoch += 1
    return widths[:needed]


def _evaluation_seconds(
    examples: Sequence[TokenizedExample],
    config: TrainingConfig,
    steps: int,
    seconds_of: Callable[[int], float],
) -> float:
    by_length = sorted(examples, key=len)
    size = config.batch_size
    batches = [by_length[start : start + size] for start in range(0, len(by_length), size)]
    once_s = EVALUATION_SHARE_OF_STEP * sum(seconds_of(_width(batch)) for batch in batches)
    return once_s * -(-steps // config.evaluate_every_steps)
