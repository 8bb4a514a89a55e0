"""How many optimizer steps a configuration makes of a number of rows."""

from __future__ import annotations

import math

from naiad.training.config import TrainingConfig


def steps_per_epoch(config: TrainingConfig, rows: int) -> int:
    """Optimizer steps of one pass; the last one may be of fewer batches."""
    batches = math.ceil(rows / config.batch_size)
    return math.ceil(batches / config.gradient_accumulation_steps)


def total_steps(config: TrainingConfig, rows: int) -> int:
    """Optimizer steps of the whole run: max_steps where it is set, else of all epochs."""
    if config.max_steps is not None:
        return config.max_steps
    return max(1, math.ceil(config.epochs * steps_per_epoch(config, rows)))


def learning_rate_share(config: TrainingConfig, rows: int, step: int) -> float:
    """The share of config.learning_rate that step `step`, from 0, uses.

    No step has a rate of 0, which would compute for nothing: with 3 steps of warm-up and 7 in
    all, linear gives 1/4, 2/4, 3/4, 4/4, 3/4, 2/4, 1/4.
    """
    total = total_steps(config, rows)
    warmup = math.ceil(config.warmup_share * total)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if config.schedule == "constant":
        return 1.0
    left = max(0.0, (total - step) / max(1, total - warmup))
    return left if config.schedule == "linear" else (1 - math.cos(math.pi * left)) / 2
