"""The rows of a run, and their batches epoch after epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from naiad.datasets.batching import length_grouped_batches
from naiad.datasets.tokenizing import TokenizedExample
from naiad.training.config import TrainingConfig


@dataclass(frozen=True)
class TrainingRows:
    """Tokenized rows, and the id that pads them."""

    train: Sequence[TokenizedExample]
    evaluation: Sequence[TokenizedExample]
    padding_id: int


class EpochBatches:
    """The batch sampler of a DataLoader: row numbers of each batch of the epoch `epoch`."""

    def __init__(self, lengths: Sequence[int], config: TrainingConfig) -> None:
        self.epoch = 0
        self._lengths = lengths
        self._batch_size = config.batch_size
        self._seed = config.seed

    def __len__(self) -> int:
        return math.ceil(len(self._lengths) / self._batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        batches = length_grouped_batches(
            self._lengths, self._batch_size, seed=self._seed, epoch=self.epoch
        )
        return iter(batches)
