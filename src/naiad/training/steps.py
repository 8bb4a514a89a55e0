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


def warmup_steps(config: TrainingConfig, rows: int) -> int:
    """Steps during which the learning rate rises."""
    return math.ceil(config.warmup_share * total_steps(config, rows))
