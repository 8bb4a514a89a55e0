"""A loss that jumps from batch to batch, as a line that can be read."""

from __future__ import annotations

WEIGHT_OF_THE_PAST = 0.9
"""What the mean keeps at each step: it looks back about 10 steps."""


class SmoothedLoss:
    """Running exponential mean, without the pull towards 0 at its beginning.

    As Adam's bias correction (arXiv 1412.6980): losses 4, 2 -> 4.0, 2.947
    """

    def __init__(self) -> None:
        self._sum = self._weight = 0.0

    def add(self, loss: float) -> float:
        """Take in one step's loss; the mean so far."""
        self._sum = WEIGHT_OF_THE_PAST * self._sum + (1 - WEIGHT_OF_THE_PAST) * loss
        self._weight = WEIGHT_OF_THE_PAST * self._weight + (1 - WEIGHT_OF_THE_PAST)
        return self._sum / self._weight
