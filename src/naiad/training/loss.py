"""The loss: cross entropy on the answer's tokens alone."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from naiad.datasets.batching import Batch, collate
from naiad.training.rows import TrainingRows


def answer_loss(model: Any, batch: Batch) -> torch.Tensor:
    """Summed cross entropy in nats over a batch's answer tokens; divide by batch.loss_tokens.

    The output head (V is 151,936 for Qwen, a third of a small model's work) is computed only at
    the N positions that predict an answer token; the sum is the same.
    """
    ids = torch.from_numpy(batch.ids)  # (B, T)
    counted = torch.from_numpy(batch.loss_mask)[:, 1:]  # (B, T - 1)
    logits = model(
        input_ids=ids,
        attention_mask=torch.from_numpy(batch.attention_mask),
        logits_to_keep=functional.pad(counted, (0, 1)),  # (B, T), True where t + 1 is counted
    ).logits  # (N, V)
    return functional.cross_entropy(logits, ids[:, 1:][counted], reduction="sum")


def evaluation_loss(model: Any, rows: TrainingRows, batch_size: int) -> float:
    """Mean cross entropy over all answer tokens of the evaluation rows, in nats."""
    by_length = sorted(rows.evaluation, key=len)
    model.eval()
    total, tokens = 0.0, 0
    with torch.inference_mode():
        for start in range(0, len(by_length), batch_size):
            batch = collate(by_length[start : start + batch_size], rows.padding_id)
            total += answer_loss(model, batch).item()
            tokens += batch.loss_tokens
    return total / tokens
