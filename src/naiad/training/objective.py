"""What training makes small, computed by all processes of a run together."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from naiad.datasets.tokenizing import TokenizedExample
from naiad.training.parallel import Group
from naiad.training.rows import loss_tokens
from naiad.training.trainable import TrainableAdapter


def compute_gradients(
    model: TrainableAdapter, rows: Sequence[TokenizedExample], group: Group, *, seed: int
) -> float:
    """Fill every parameter's `.grad` with the gradient of the rows' mean loss; that loss, in nats.

    The mean is over the answer tokens of all rows: a row with a short answer must not weigh as
    much as one with a long answer. seed: of this process's dropout.
    """
    for parameter in model.parameters:
        parameter.grad = torch.zeros_like(parameter, requires_grad=False)
    tokens, mine = loss_tokens(rows), group.share(rows)
    # There may be fewer rows than processes.
    summed = model.add_gradients(mine, loss_tokens=tokens, seed=seed) if mine else 0.0
    group.sum_([parameter.grad for parameter in model.parameters])
    return group.sum(summed) / tokens


def mean_loss(model: TrainableAdapter, rows: Sequence[TokenizedExample], group: Group) -> float:
    """Mean cross entropy over all answer tokens of the rows, in nats."""
    mine = group.share(rows)
    return group.sum(model.summed_loss(mine) if mine else 0.0) / loss_tokens(rows)
