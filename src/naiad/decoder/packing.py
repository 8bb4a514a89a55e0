"""Rows end to end, their common beginning once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch


class Row(Protocol):
    """A tokenized conversation of n tokens."""

    @property
    def ids(self) -> npt.NDArray[np.int32]:
        """(n,)"""
        ...

    @property
    def loss_mask(self) -> npt.NDArray[np.bool_]:
        """(n,). True on the tokens that the loss counts."""
        ...


@dataclass(frozen=True)
class Pack:
    """T tokens of some rows: a shared prefix of P tokens, then each row's own tokens.

    Rows [1 2 3 4], [1 2 5] -> ids [1 2 3 4 5], prefix 2, spans ((2, 4), (4, 5)),
    positions [0 1 2 3 2]. Keys and values of the prefix are the same for all rows, since each
    token sees only what is before it; so is its gradient, as a sum over the rows.
    """

    ids: torch.Tensor
    """(T,) int64"""
    positions: torch.Tensor
    """(T,) int64, in the row."""
    prefix: int
    spans: tuple[tuple[int, int], ...]
    """First token and end of each row's own tokens."""
    predicting: torch.Tensor
    """(N,) int64. Tokens whose successor the loss counts."""
    targets: torch.Tensor
    """(N,) int64. Those successors' ids."""

    def __len__(self) -> int:
        return len(self.ids)


def pack(rows: Sequence[Row]) -> Pack:
    """One pack of at least one row; rows without a counted token add nothing to the loss."""
    prefix = common_prefix(rows) if len(rows) > 1 else 0
    ids = [rows[0].ids[:prefix], *(row.ids[prefix:] for row in rows)]
    positions = [np.arange(prefix), *(np.arange(prefix, len(row.ids)) for row in rows)]
    spans, predicting, targets = [], [], []
    start = prefix
    for row in rows:
        end = start + len(row.ids) - prefix
        spans.append((start, end))
        # Of the row's counted tokens: the one before each, in the pack's numbering.
        counted = np.flatnonzero(row.loss_mask[1:])
        predicting.append(counted - prefix + start)
        targets.append(row.ids[1:][counted])
        start = end
    return Pack(
        ids=_int64(ids),
        positions=_int64(positions),
        prefix=prefix,
        spans=tuple(spans),
        predicting=_int64(predicting),
        targets=_int64(targets),
    )


def common_prefix(rows: Sequence[Row]) -> int:
    """Tokens that all rows begin with, short of the first that predicts a counted one."""
    bound = min(_first_predicting(row) for row in rows)
    first = rows[0].ids[:bound]
    for row in rows[1:]:
        different = np.flatnonzero(first != row.ids[: len(first)])
        if len(different):
            first = first[: different[0]]
    return len(first)


def packs_of(rows: Sequence[Row], workers: int, max_tokens: int) -> list[list[Row]]:
    """The rows in packs of at most max_tokens (or one row), for that many workers at once.

    Longest first, each to the pack that has least so far; a function of its arguments alone.
    """
    tokens = sum(len(row.ids) for row in rows)
    # As many for one worker as for another: the step takes as long as the last of them.
    count = workers * max(1, -(-tokens // (max_tokens * workers)))
    groups: list[list[Row]] = [[] for _ in range(min(count, len(rows)))]
    sizes = [0] * len(groups)
    order = sorted(range(len(rows)), key=lambda number: (-len(rows[number].ids), number))
    for number in order:
        smallest = sizes.index(min(sizes))
        groups[smallest].append(rows[number])
        sizes[smallest] += len(rows[number].ids)
    return groups


def _first_predicting(row: Row) -> int:
    counted = np.flatnonzero(row.loss_mask[1:])
    return int(counted[0]) if len(counted) else len(row.ids) - 1


def _int64(parts: Sequence[npt.NDArray[np.integer]]) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(parts).astype(np.int64))
