"""The output head fused with the cross entropy of the counted tokens.

hidden: (N, H), normalized, at the tokens that predict a counted one. Each head gives the summed
loss in nats and writes the gradient of weight * loss by hidden. Qwen's vocabulary has 151,936
tokens, so logits are made for a few rows, or for a block of the vocabulary, at a time.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch.nn import functional

from naiad.decoder.buffers import Buffers
from naiad.decoder.kernels import collect_likely, likely_gradient
from naiad.decoder.matrices import FrozenMatrix, Int8Matrix, quantized_rows

_LOGIT_BYTES = 64 * 2**20
"""Memory for logits at a time."""

_VOCABULARY_BLOCK = 8192

_MARGIN = 11.0
"""Tokens less likely than e^-11 = 1/60,000 of the likeliest add nothing to the gradient."""

_MOST_LIKELY = 4096
"""Tokens kept for a position."""


class Head(Protocol):
    """A head in one precision."""

    def loss(self, hidden: torch.Tensor, targets: torch.Tensor, buffers: Buffers) -> float:
        """Summed loss."""
        ...

    def loss_and_gradient(
        self,
        hidden: torch.Tensor,
        targets: torch.Tensor,
        weight: float,
        out: torch.Tensor,
        buffers: Buffers,
    ) -> float:
        """Summed loss; the gradient of weight * loss by hidden goes to out: (N, H)."""
        ...


class ExactHead:
    """All logits of some rows at a time, and all of their gradient."""

    def __init__(self, matrix: FrozenMatrix, vocabulary: int) -> None:
        self._matrix, self._vocabulary = matrix, vocabulary

    def loss(self, hidden: torch.Tensor, targets: torch.Tensor, buffers: Buffers) -> float:
        total = 0.0
        for rows in self._chunks(len(hidden)):
            logits = self._logits(hidden[rows], buffers)
            total += functional.cross_entropy(logits, targets[rows], reduction="sum").item()
        return total

    def loss_and_gradient(
        self,
        hidden: torch.Tensor,
        targets: torch.Tensor,
        weight: float,
        out: torch.Tensor,
        buffers: Buffers,
    ) -> float:
        total = 0.0
        for rows in self._chunks(len(hidden)):
            logits = self._logits(hidden[rows], buffers)
            wanted = targets[rows, None]
            log_sums = logits.logsumexp(1, keepdim=True)
            total += float((log_sums - logits.gather(1, wanted)).sum(dtype=torch.float64))
            probabilities = logits.sub_(log_sums).exp_()
            probabilities.scatter_add_(1, wanted, torch.full(wanted.shape, -1.0)).mul_(weight)
            self._matrix.multiply_back(probabilities, out[rows], buffers)
        return total

    def _logits(self, hidden: torch.Tensor, buffers: Buffers) -> torch.Tensor:
        logits = buffers.take("logits", (len(hidden), self._vocabulary), torch.float32)
        self._matrix.multiply(hidden, logits, buffers)
        return logits

    def _chunks(self, rows: int) -> list[slice]:
        step = max(1, _LOGIT_BYTES // (4 * self._vocabulary))
        return [slice(start, min(rows, start + step)) for start in range(0, rows, step)]


class Int8Head:
    """Logits in int8, a block of the vocabulary at a time; the gradient of likely tokens alone.

    Never holds all logits of a row. Leaving unlikely tokens out of the gradient is Cut
    Cross-Entropy's filter (arXiv 2411.09009); multiplying the likely ones one by one is exact
    where an int8 gradient, nearly all of it in the target's element, would lose the rest.
    """

    def __init__(self, matrix: Int8Matrix) -> None:
        self._matrix = matrix

    def loss(self, hidden: torch.Tensor, targets: torch.Tensor, buffers: Buffers) -> float:
        total, _ = self._likely(hidden, targets, buffers)
        return total

    def loss_and_gradient(
        self,
        hidden: torch.Tensor,
        targets: torch.Tensor,
        weight: float,
        out: torch.Tensor,
        buffers: Buffers,
    ) -> float:
        total, (ids, logits, counts, log_sums) = self._likely(hidden, targets, buffers)
        likely_gradient(
            ids.numpy(),
            logits.numpy(),
            counts.numpy(),
            log_sums.numpy(),
            targets.numpy(),
            weight,
            self._matrix.values.numpy(),
            self._matrix.scales.numpy(),
            out.numpy(),
        )
        return total

    def _likely(
        self, hidden: torch.Tensor, targets: torch.Tensor, buffers: Buffers
    ) -> tuple[float, tuple[torch.Tensor, ...]]:
        rows, values, scales = len(hidden), self._matrix.values, self._matrix.scales
        ids = buffers.take("likely ids", (rows, _MOST_LIKELY), torch.int32)
        logits = buffers.take("likely logits", (rows, _MOST_LIKELY), torch.float32)
        counts = torch.zeros(rows, dtype=torch.int64)
        largest, total = torch.full((rows,), -1e30), torch.zeros(rows)
        target_logit = torch.zeros(rows)
        quantized, row_scales = quantized_rows(hidden, buffers)
        for first in range(0, len(values), _VOCABULARY_BLOCK):
            block = values[first : first + _VOCABULARY_BLOCK]
            sums = buffers.take("sums", (rows, len(block)), torch.int32)
            torch._int_mm(quantized, block.t(), out=sums)
            collect_likely(
                sums.numpy(),
                row_scales.numpy(),
                scales[first : first + _VOCABULARY_BLOCK].numpy(),
                first,
                targets.numpy(),
                _MARGIN,
                largest.numpy(),
                total.numpy(),
                target_logit.numpy(),
                ids.numpy(),
                logits.numpy(),
                counts.numpy(),
            )
        log_sums = largest + total.log()
        loss = float((log_sums - target_logit).sum(dtype=torch.float64))
        return loss, (ids, logits, counts, log_sums)
