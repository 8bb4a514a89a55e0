"""Frozen matrices, multiplied forward and backward in float32, bfloat16 or int8."""

from __future__ import annotations

from typing import Literal, Protocol

import torch

from naiad.decoder.buffers import Buffers
from naiad.decoder.kernels import (
    dequantize,
    dequantize_rows,
    quantize_rows,
    quantize_scaled_rows,
)

Precision = Literal["fp32", "bf16", "int8"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "int8")


class FrozenMatrix(Protocol):
    """A linear layer's weights W: (outputs, inputs), that never change."""

    def __init__(self, weight: torch.Tensor) -> None: ...

    def multiply(self, x: torch.Tensor, out: torch.Tensor, buffers: Buffers) -> None:
        """out = x @ W.T for x: (M, inputs), out: (M, outputs), both float32."""
        ...

    def multiply_back(self, gradient: torch.Tensor, out: torch.Tensor, buffers: Buffers) -> None:
        """out = gradient @ W for gradient: (M, outputs), out: (M, inputs), both float32."""
        ...


class Float32Matrix:
    """4 bytes an element; exact."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.weight = weight.float().contiguous()

    def multiply(self, x: torch.Tensor, out: torch.Tensor, buffers: Buffers) -> None:
        torch.mm(x, self.weight.t(), out=out)

    def multiply_back(self, gradient: torch.Tensor, out: torch.Tensor, buffers: Buffers) -> None:
        torch.mm(gradient, self.weight, out=out)


class Bfloat16Matrix:
    """2 bytes an element; products are summed in float32 and rounded once."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.weight = weight.bfloat16().contiguous()

    def multiply(self, x: torch.Tensor, out: torch.Tensor, buffers: Buffers) -> None:
        out.copy_(torch.mm(x.bfloat16(), self.weight.t()))

    def multiply_back(self, gradient: torch.Tensor, out: torch.Tensor, buffers: Buffers) -> None:
        out.copy_(torch.mm(gradient.bfloat16(), self.weight))


class Int8Matrix:
    """1 byte an element, a scale for each output; the other factor gets a scale for each row.

    Symmetric, as in SwitchBack (arXiv 2304.13013). Backward, the outputs' scales go into the
    gradient before it is quantized, so that one copy of the matrix serves both ways.
    """

    def __init__(self, weight: torch.Tensor) -> None:
        self.values, self.scales = quantize_matrix(weight)

    def multiply(self, x: torch.Tensor, out: torch.Tensor, buffers: Buffers) -> None:
        self.multiply_quantized(*quantized_rows(x, buffers), out, buffers)

    def multiply_back(self, gradient: torch.Tensor, out: torch.Tensor, buffers: Buffers) -> None:
        self.multiply_back_quantized(*self.quantized_gradient(gradient, buffers), out, buffers)

    def multiply_quantized(
        self, quantized: torch.Tensor, scales: torch.Tensor, out: torch.Tensor, buffers: Buffers
    ) -> None:
        """multiply for rows that are int8 with scales (M,) already."""
        sums = self.sums(quantized, buffers)
        dequantize(sums.numpy(), scales.numpy(), self.scales.numpy(), out.numpy())

    def multiply_back_quantized(
        self, quantized: torch.Tensor, scales: torch.Tensor, out: torch.Tensor, buffers: Buffers
    ) -> None:
        """multiply_back for a gradient that quantized_gradient, or the like, has made int8."""
        sums = self.sums_back(quantized, buffers)
        dequantize_rows(sums.numpy(), scales.numpy(), out.numpy())

    def quantized_gradient(
        self, gradient: torch.Tensor, buffers: Buffers
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """int8 (M, outputs) and scales (M,) of the gradient times the outputs' scales."""
        quantized = buffers.take("quantized", gradient.shape, torch.int8)
        scales = buffers.take("scales", (len(gradient),), torch.float32)
        quantize_scaled_rows(
            gradient.numpy(), self.scales.numpy(), quantized.numpy(), scales.numpy()
        )
        return quantized, scales

    def sums(self, quantized: torch.Tensor, buffers: Buffers) -> torch.Tensor:
        """int32 (M, outputs) of int8 (M, inputs); valid until the next product."""
        out = buffers.take("sums", (len(quantized), len(self.values)), torch.int32)
        torch._int_mm(quantized, self.values.t(), out=out)
        return out

    def sums_back(self, quantized: torch.Tensor, buffers: Buffers) -> torch.Tensor:
        """int32 (M, inputs) of int8 (M, outputs); valid until the next product."""
        out = buffers.take("sums", (len(quantized), self.values.shape[1]), torch.int32)
        torch._int_mm(quantized, self.values, out=out)
        return out


_MATRICES: dict[Precision, type[FrozenMatrix]] = {
    "fp32": Float32Matrix,
    "bf16": Bfloat16Matrix,
    "int8": Int8Matrix,
}


def frozen_matrix(weight: torch.Tensor, precision: Precision) -> FrozenMatrix:
    """The weights (outputs, inputs) as a matrix of that precision."""
    return _MATRICES[precision](weight)


def quantized_rows(x: torch.Tensor, buffers: Buffers) -> tuple[torch.Tensor, torch.Tensor]:
    """int8 (M, N) and scales (M,) of float32 rows; valid until the next quantization."""
    quantized = buffers.take("quantized", x.shape, torch.int8)
    scales = buffers.take("scales", (len(x),), torch.float32)
    quantize_rows(x.numpy(), quantized.numpy(), scales.numpy())
    return quantized, scales


def quantize_matrix(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """int8 (outputs, inputs) and scales (outputs,), some rows at a time."""
    values = torch.empty(weight.shape, dtype=torch.int8)
    scales = torch.empty(len(weight), dtype=torch.float32)
    step = max(1, 2**22 // weight.shape[1])
    for first in range(0, len(weight), step):
        rows = weight[first : first + step].float().contiguous()
        quantize_rows(
            rows.numpy(),
            values[first : first + step].numpy(),
            scales[first : first + step].numpy(),
        )
    return values, scales
