"""AdamW over the adapter's tensors, and its state as tensors by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from naiad.training.config import TrainingConfig

_STATE_NAMES = ("exp_avg", "exp_avg_sq", "step")


def new_optimizer(parameters: Sequence[torch.Tensor], config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW whose state is there from the start, all zeros, so that it can be filled."""
    optimizer = torch.optim.AdamW(
        list(parameters), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    for parameter in parameters:
        optimizer.state[parameter] = {
            "exp_avg": torch.zeros_like(parameter, requires_grad=False),
            "exp_avg_sq": torch.zeros_like(parameter, requires_grad=False),
            "step": torch.zeros((), dtype=torch.float32),
        }
    return optimizer


def optimizer_state(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """The optimizer's own tensors: {"0.exp_avg": …, "0.exp_avg_sq": …, "0.step": …, "1. …}"""
    (group,) = optimizer.param_groups
    return {
        f"{index}.{name}": optimizer.state[parameter][name]
        for index, parameter in enumerate(group["params"])
        for name in _STATE_NAMES
    }


def fill_optimizer(optimizer: torch.optim.Optimizer, saved: Mapping[str, torch.Tensor]) -> None:
    """Put back what optimizer_state gave."""
    for name, tensor in optimizer_state(optimizer).items():
        tensor.copy_(saved[name])


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """The rate of the next step."""
    (group,) = optimizer.param_groups
    group["lr"] = rate


def dropout_seed(config: TrainingConfig, step: int, rank: int) -> int:
    """The seed of one step's dropout in one process: another one for each, below 2**63."""
    sequence = np.random.SeedSequence([config.seed, step, rank])
    return int(sequence.generate_state(1, np.uint64)[0] >> 1)
