"""Examples of about one length together, padded only to the longest of their batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from naiad.datasets.tokenizing import TokenizedExample

SORTED_TOGETHER_BATCHES = 50
"""Rows sorted by length at a time, in batches: enough that padding is small, few enough that
the order stays random."""


@dataclass(frozen=True)
class Batch:
    """B conversations, padded at the end to T tokens."""

    ids: npt.NDArray[np.int64]
    """(B, T)"""
    attention_mask: npt.NDArray[np.int64]
    """(B, T). 0 on padding."""
    loss_mask: npt.NDArray[np.bool_]
    """(B, T). True on the tokens that the loss counts."""

    @property
    def tokens(self) -> int:
        """Tokens without padding."""
        return int(self.attention_mask.sum())

    @property
    def loss_tokens(self) -> int:
        """Tokens that the loss counts; never a row's first, which nothing predicts."""
        return int(self.loss_mask[:, 1:].sum())


def collate(examples: Sequence[TokenizedExample], padding_id: int) -> Batch:
    """One batch, as wide as its longest example."""
    shape = (len(examples), max(len(example) for example in examples))
    ids = np.full(shape, padding_id, dtype=np.int64)
    attention_mask = np.zeros(shape, dtype=np.int64)
    loss_mask = np.zeros(shape, dtype=np.bool_)
    for row, example in enumerate(examples):
        ids[row, : len(example)] = example.ids
        attention_mask[row, : len(example)] = 1
        loss_mask[row, : len(example)] = example.loss_mask
    return Batch(ids, attention_mask, loss_mask)


def length_grouped_batches(
    lengths: Sequence[int], batch_size: int, *, seed: int, epoch: int = 0
) -> list[list[int]]:
    """Row numbers of each batch of one epoch; a function of its arguments alone.

    Rows are shuffled, sorted by length within windows of SORTED_TOGETHER_BATCHES batches, cut
    into batches, and the batches shuffled. Only one batch of an epoch may be smaller.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    window = batch_size * SORTED_TOGETHER_BATCHES
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        rows = sorted(order[start : start + window].tolist(), key=lambda row: lengths[row])
        batches += [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [batches[i] for i in random.permutation(len(batches))]
