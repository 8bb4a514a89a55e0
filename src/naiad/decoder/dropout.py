"""Dropout of the adapter's inputs, drawn again for the backward pass instead of kept."""

from __future__ import annotations

import torch


class Dropout:
    """Masks of one pack, a function of the seed and the place alone.

    Modules that read one input (q, k and v; gate and up) share its mask.
    """

    def __init__(self, share: float, seed: int) -> None:
        self._share = share
        self._seed = seed

    def __call__(self, x: torch.Tensor, *place: int) -> torch.Tensor:
        """x (M, N) with a share of its elements 0 and the others larger by 1 / (1 - share)."""
        if self._share == 0:
            return x
        seed = self._seed
        for number in place:
            seed = (seed * 1_000_003 + number + 1) % 2**63
        generator = torch.Generator().manual_seed(seed)
        kept = torch.rand(x.shape, generator=generator) >= self._share
        return x * kept.to(x.dtype).div_(1 - self._share)


NO_DROPOUT = Dropout(0.0, 0)
