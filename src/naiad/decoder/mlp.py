"""The gated MLP of a layer (SwiGLU, arXiv 2002.05202) on a chunk of tokens, with LoRA.

x: (M, H) -> down(silu(gate(x)) * up(x)): (M, H). Its arrays of (M, 2 I) are most of what a layer
moves through memory, so the int8 form never makes them in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch

from naiad.decoder.adapter import LoraGroup
from naiad.decoder.buffers import Buffers
from naiad.decoder.kernels import int8_mlp, int8_mlp_gradient, silu_times, silu_times_gradient
from naiad.decoder.matrices import FrozenMatrix, Int8Matrix, quantized_rows

Drop = Callable[[torch.Tensor, int], torch.Tensor]
"""Dropout of the input of group 2 (gate and up) or 3 (down)."""

GATE_UP, DOWN = 2, 3


@dataclass(frozen=True)
class MlpLora:
    """The adapters of gate and up, and of down; None where there is none."""

    gate_up: LoraGroup | None
    down: LoraGroup | None


@dataclass(frozen=True)
class Projected:
    """x @ A.T of the forward pass, which the gradients of B need."""

    gate_up: torch.Tensor | None
    down: torch.Tensor | None


class Mlp(Protocol):
    """An MLP in one precision."""

    kept_dtype: torch.dtype
    """Of gate and up, which are kept for the backward pass: (M, 2 I)."""
    lora_dtype: torch.dtype
    """Of the adapter weights that forward and backward are given."""

    def forward(
        self,
        x: torch.Tensor,
        out: torch.Tensor,
        kept: torch.Tensor,
        lora: MlpLora,
        scale: float,
        drop: Drop,
        buffers: Buffers,
    ) -> Projected:
        """Write the result to out and gate and up to kept."""
        ...

    def backward(
        self,
        gradient: torch.Tensor,
        x: torch.Tensor,
        kept: torch.Tensor,
        projected: Projected,
        lora: MlpLora,
        lora_gradients: MlpLora,
        scale: float,
        drop: Drop,
        out: torch.Tensor,
        buffers: Buffers,
    ) -> None:
        """Write the gradient by x to out, for `gradient` (M, H) by the result; kept is used up."""
        ...


class FloatMlp:
    """In float32, with matrices of any precision."""

    kept_dtype = torch.float32
    lora_dtype = torch.float32

    def __init__(self, gate_up: FrozenMatrix, down: FrozenMatrix, intermediate: int) -> None:
        self._gate_up, self._down = gate_up, down
        self._intermediate = intermediate

    def forward(
        self,
        x: torch.Tensor,
        out: torch.Tensor,
        kept: torch.Tensor,
        lora: MlpLora,
        scale: float,
        drop: Drop,
        buffers: Buffers,
    ) -> Projected:
        self._gate_up.multiply(x, kept, buffers)
        of_gate_up = of_down = None
        if lora.gate_up is not None:
            of_gate_up = lora.gate_up.project(drop(x, GATE_UP), scale)
            lora.gate_up.add_to(of_gate_up, kept)
        hidden = buffers.take("hidden", (len(x), self._intermediate), torch.float32)
        silu_times(kept.numpy(), hidden.numpy())
        self._down.multiply(hidden, out, buffers)
        if lora.down is not None:
            of_down = lora.down.project(drop(hidden, DOWN), scale)
            lora.down.add_to(of_down, out)
        return Projected(of_gate_up, of_down)

    def backward(
        self,
        gradient: torch.Tensor,
        x: torch.Tensor,
        kept: torch.Tensor,
        projected: Projected,
        lora: MlpLora,
        lora_gradients: MlpLora,
        scale: float,
        drop: Drop,
        out: torch.Tensor,
        buffers: Buffers,
    ) -> None:
        hidden = buffers.take("hidden", (len(x), self._intermediate), torch.float32)
        below = buffers.take("below", hidden.shape, torch.float32)
        self._down.multiply_back(gradient, below, buffers)
        if lora.down is not None:
            assert projected.down is not None and lora_gradients.down is not None
            # Its own gradient needs the input, which is made only with gate and up at hand.
            silu_times(kept.numpy(), hidden.numpy())
            through = lora.down.gradients(
                gradient, drop(hidden, DOWN), projected.down, scale, lora_gradients.down
            )
            below.add_(drop(torch.mm(through, lora.down.a), DOWN))
        silu_times_gradient(kept.numpy(), below.numpy(), hidden.numpy())
        self._gate_up.multiply_back(kept, out, buffers)
        if lora.gate_up is not None:
            assert projected.gate_up is not None and lora_gradients.gate_up is not None
            through = lora.gate_up.gradients(
                kept, drop(x, GATE_UP), projected.gate_up, scale, lora_gradients.gate_up
            )
            out.add_(drop(torch.mm(through, lora.gate_up.a), GATE_UP))


class Int8Mlp:
    """int8 matrices; what lies between them, and LoRA, in bfloat16."""

    kept_dtype = torch.bfloat16
    lora_dtype = torch.bfloat16

    def __init__(self, gate_up: Int8Matrix, down: Int8Matrix, intermediate: int) -> None:
        self._gate_up, self._down = gate_up, down
        self._intermediate = intermediate

    def forward(
        self,
        x: torch.Tensor,
        out: torch.Tensor,
        kept: torch.Tensor,
        lora: MlpLora,
        scale: float,
        drop: Drop,
        buffers: Buffers,
    ) -> Projected:
        quantized, scales = quantized_rows(x, buffers)
        sums = self._gate_up.sums(quantized, buffers)
        adapter = buffers.take("adapter", kept.shape, torch.bfloat16)
        of_gate_up = of_down = None
        if lora.gate_up is not None:
            of_gate_up = lora.gate_up.project(drop(x.bfloat16(), GATE_UP), scale)
            lora.gate_up.write_to(of_gate_up, adapter)
        shape = (len(x), self._intermediate)
        hidden = buffers.take("hidden", shape, torch.bfloat16)
        down_input = buffers.take("quantized hidden", shape, torch.int8)
        down_scales = buffers.take("hidden scales", (len(x),), torch.float32)
        int8_mlp(
            sums.numpy(),
            scales.numpy(),
            self._gate_up.scales.numpy(),
            _bits(adapter),
            lora.gate_up is not None,
            _bits(kept),
            _bits(hidden),
            down_input.numpy(),
            down_scales.numpy(),
        )
        self._down.multiply_quantized(down_input, down_scales, out, buffers)
        if lora.down is not None:
            of_down = lora.down.project(drop(hidden, DOWN), scale)
            added = buffers.take("added", out.shape, torch.bfloat16)
            lora.down.write_to(of_down, added)
            out.add_(added)
        return Projected(of_gate_up, of_down)

    def backward(
        self,
        gradient: torch.Tensor,
        x: torch.Tensor,
        kept: torch.Tensor,
        projected: Projected,
        lora: MlpLora,
        lora_gradients: MlpLora,
        scale: float,
        drop: Drop,
        out: torch.Tensor,
        buffers: Buffers,
    ) -> None:
        shape = (len(x), self._intermediate)
        hidden = buffers.take("hidden", shape, torch.bfloat16)
        adapter = buffers.take("adapter", shape, torch.bfloat16)
        rounded = gradient.bfloat16()
        through = None
        if lora.down is not None:
            assert projected.down is not None
            through = torch.mm(rounded, lora.down.b[0]).mul_(scale)
            adapter.copy_(drop(torch.mm(through, lora.down.a), DOWN))
        quantized, scales = self._down.quantized_gradient(gradient, buffers)
        sums = self._down.sums_back(quantized, buffers)
        both = buffers.take("gate and up gradient", kept.shape, torch.bfloat16)
        quantized_both = buffers.take("quantized both", kept.shape, torch.int8)
        both_scales = buffers.take("both scales", (len(x),), torch.float32)
        int8_mlp_gradient(
            _bits(kept),
            sums.numpy(),
            scales.numpy(),
            _bits(adapter),
            through is not None,
            self._gate_up.scales.numpy(),
            _bits(hidden),
            _bits(both),
            quantized_both.numpy(),
            both_scales.numpy(),
        )
        if lora.down is not None:
            assert projected.down is not None and lora_gradients.down is not None
            lora.down.gradients(
                rounded, drop(hidden, DOWN), projected.down, scale, lora_gradients.down
            )
        self._gate_up.multiply_back_quantized(quantized_both, both_scales, out, buffers)
        if lora.gate_up is not None:
            assert projected.gate_up is not None and lora_gradients.gate_up is not None
            through = lora.gate_up.gradients(
                both,
                drop(x.bfloat16(), GATE_UP),
                projected.gate_up,
                scale,
                lora_gradients.gate_up,
            )
            out.add_(drop(torch.mm(through, lora.gate_up.a), GATE_UP))


def _bits(array: torch.Tensor) -> object:
    """A bfloat16 tensor as numpy's uint16, the same memory."""
    return array.view(torch.uint16).numpy()
