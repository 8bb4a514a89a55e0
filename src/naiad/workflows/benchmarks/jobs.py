"""What a benchmark's child process is told and what it answers, as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from naiad.datasets.tokenizing import TokenizedExample

TUTORIAL_TOKENS = 512
"""Width that the tutorial pads every row to."""


@dataclass(frozen=True)
class TrainingJob:
    """Train an adapter on some rows with one system; the same for all systems but `system`."""

    system: str
    """Name in systems.SYSTEMS."""
    folder: str
    """Weights and tokenizer."""
    warmup_rows: tuple[TokenizedExample, ...]
    """Rows of the steps that come first, at a learning rate of 0 and not timed."""
    rows: tuple[TokenizedExample, ...]
    rank: int
    alpha: float
    targets: tuple[str, ...]
    learning_rate: float
    rows_per_step: int
    threads: int
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)
    """The system's own: of `trl` the fields of trl_settings.TrlSettings."""

    def to_json(self) -> str:
        """The job as one line of JSON."""
        rows = {name: [_as_pair(row) for row in getattr(self, name)] for name in _ROWS}
        plain = {key: value for key, value in vars(self).items() if key not in _ROWS}
        return json.dumps(plain | rows)

    @classmethod
    def from_json(cls, text: str) -> TrainingJob:
        """The job that `to_json` wrote."""
        document = json.loads(text)
        for name in _ROWS:
            document[name] = tuple(_as_row(ids, start) for ids, start in document[name])
        return cls(**document | {"targets": tuple(document["targets"])})


_ROWS = ("warmup_rows", "rows")


def _as_pair(row: TokenizedExample) -> tuple[list[int], int]:
    """(token ids, first position that the loss counts)"""
    return row.ids.tolist(), int(row.loss_mask.argmax())


def _as_row(ids: list[int], answer_start: int) -> TokenizedExample:
    return TokenizedExample(np.array(ids, np.int32), np.arange(len(ids)) >= answer_start, line=0)


@dataclass(frozen=True)
class Measurement:
    """What one system did in one run. Seconds are those of the rows, warm-up left out."""

    wall_s: float
    cpu_s: float
    """User and system time of the process, all threads together."""
    steps: int
    """Optimizer steps."""
    start_loss: float
    """Mean answer loss in nats over the warm-up rows, before anything has been learned: equal for
    systems that compute the same objective, whatever their batches are."""
    first_loss: float
    """Of the first timed step."""
    last_loss: float
    peak_memory_bytes: int
    """Most memory the process had resident, loading and warm-up included."""
    matrix_operations: int | None
    """Floating point operations of the frozen matrices, as the system counts them itself."""
    description: str
    """How it computed."""
    versions: dict[str, str]

    def to_json(self) -> str:
        """The measurement as one line of JSON."""
        return json.dumps(asdict(self))


def answer_tokens(rows: Sequence[TokenizedExample]) -> int:
    """Tokens of the rows that the loss counts."""
    return sum(int(row.loss_mask[1:].sum()) for row in rows)
