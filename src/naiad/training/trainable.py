"""What the training loop asks of a model: gradients of some rows, losses of others, its adapter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch

from naiad.datasets.tokenizing import TokenizedExample


class TrainableAdapter(Protocol):
    """A frozen base model with a LoRA adapter in float32."""

    @property
    def description(self) -> str:
        """How it computes, for one line on the screen: "int8 on 2 threads"."""
        ...

    @property
    def precision(self) -> str:
        """How it computes with the frozen weights: fp32, int8 or bf16; never auto."""
        ...

    @property
    def target_modules(self) -> Sequence[str]:
        """Names of the modules that have an adapter, each once: ["k_proj", "q_proj"]."""
        ...

    @property
    def parameters(self) -> Sequence[torch.Tensor]:
        """The adapter's tensors, always in the same order; gradients are added to their `.grad`."""
        ...

    def add_gradients(
        self, rows: Sequence[TokenizedExample], *, loss_tokens: int, seed: int
    ) -> float:
        """Add the gradient of (summed answer loss / loss_tokens) to each parameter's `.grad`.

        rows: one optimizer step's, or this process's part of them. loss_tokens: answer tokens of
        the whole step, so that parts add up to its mean. seed: of dropout; equal seeds give equal
        gradients. Returns the summed loss in nats. Raises TrainingError when memory runs out.
        """
        ...

    def summed_loss(self, rows: Sequence[TokenizedExample]) -> float:
        """Summed cross entropy in nats over the rows' answer tokens, without dropout."""
        ...

    def adapter_weights(self) -> dict[str, torch.Tensor]:
        """The adapter's tensors by PEFT's names; copies that later steps do not change."""
        ...

    def set_adapter_weights(self, weights: dict[str, torch.Tensor]) -> None:
        """Put tensors that `adapter_weights` gave back into the model."""
        ...
