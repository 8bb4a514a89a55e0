"""Memory that one thread uses again and again.

A fresh array of some megabytes comes from the system page by page, which costs as much as a pass
over it; a training step would ask for a gigabyte of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch


class Buffers:
    """Named arrays that grow to the largest size asked for; their content is not kept."""

    def __init__(self) -> None:
        self._arrays: dict[tuple[str, torch.dtype], torch.Tensor] = {}

    def take(self, name: str, shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """An array of that shape; whatever was taken under the name before is overwritten."""
        elements = math.prod(shape)
        array = self._arrays.get((name, dtype))
        if array is None or array.numel() < elements:
            # Drop the old one first: both at once would be the peak of the step.
            self._arrays.pop((name, dtype), None)
            array = torch.empty(elements, dtype=dtype)
            self._arrays[name, dtype] = array
        return array[:elements].view(*shape)
