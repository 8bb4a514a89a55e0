"""The rows of a run, and which of them each optimizer step takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from naiad.datasets.batching import length_grouped_batches
from naiad.datasets.tokenizing import TokenizedExample
from naiad.training.config import TrainingConfig
from naiad.training.steps import steps_per_epoch, total_steps


@dataclass(frozen=True)
class TrainingRows:
    """Tokenized rows, and the id that pads them."""

    train: Sequence[TokenizedExample]
    evaluation: Sequence[TokenizedExample]
    padding_id: int


@dataclass(frozen=True)
class PlannedStep:
    """One optimizer step before it is made."""

    rows: Sequence[TokenizedExample]
    epoch: float
    """Passes over the rows when it is done."""

    @property
    def tokens(self) -> int:
        """Prompts and answers."""
        return sum(map(len, self.rows))


class RunPlan:
    """Every step of a run; a function of the rows' lengths and the configuration alone."""

    def __init__(self, rows: Sequence[TokenizedExample], config: TrainingConfig) -> None:
        self.steps = total_steps(config, len(rows))
        self._rows, self._config = rows, config
        self._steps_per_epoch = steps_per_epoch(config, len(rows))
        self._epoch, self._batches = -1, [[0]]

    def step(self, step: int) -> PlannedStep:
        """Step `step`, from 1."""
        epoch, index = divmod(step - 1, self._steps_per_epoch)
        if epoch != self._epoch:
            lengths = [len(row) for row in self._rows]
            seed, size = self._config.seed, self._config.batch_size
            self._batches = length_grouped_batches(lengths, size, seed=seed, epoch=epoch)
            self._epoch = epoch
        together = self._config.gradient_accumulation_steps
        end = (index + 1) * together
        chosen = [row for batch in self._batches[index * together : end] for row in batch]
        seen = sum(map(len, self._batches[:end]))
        return PlannedStep([self._rows[row] for row in chosen], epoch + seen / len(self._rows))


def loss_tokens(rows: Sequence[TokenizedExample]) -> int:
    """Tokens that the loss counts; never a row's first, which nothing predicts."""
    return sum(int(row.loss_mask[1:].sum()) for row in rows)
