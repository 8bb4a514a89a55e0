"""Loops over the elements of a few rows, each fused into one pass, compiled by numba's LLVM.

Every kernel runs on one thread and releases the interpreter's lock, so several packs can be
computed side by side. Arrays are C-contiguous unless said otherwise; M rows are a chunk of tokens.
bfloat16 arrays come as uint16, the upper half of a float32's bits.

Float arithmetic is IEEE single precision with reassociated sums (fastmath), so a sum's last bits
depend on the machine's vector width but never on the run.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

F32 = np.float32
Array = npt.NDArray[Any]

_LOG2_E = F32(1.4426950408889634)
_LN_2_HIGH = F32(0.693359375)
_LN_2_LOW = F32(-2.12194440e-4)
_TINY = F32(1e-30)
SUBBLOCK = 64
"""Logits whose largest is looked at before any of them, when likely tokens are collected."""


def _kernel(function: Any) -> Any:
    return njit(nogil=True, fastmath=True, cache=True, error_model="numpy")(function)


def _inlined_in_order(function: Any) -> Any:
    # Everything of fastmath but the freedom to reassociate.
    flags = {"contract", "nsz", "nnan", "ninf"}
    return njit(forceinline=True, fastmath=flags, error_model="numpy")(function)


def _inlined(function: Any) -> Any:
    return njit(inline="always", fastmath=True, error_model="numpy")(function)


@_inlined_in_order
def _exp(x: Any) -> Any:
    """e^x to about 2e-7 of its value; written out so that the compiler vectorizes it.

    Splits off the power of two, then the Taylor polynomial of degree 6 on [-ln 2 / 2, ln 2 / 2].
    ln 2 is subtracted in two parts (Cody and Waite), which reassociation would undo.
    """
    x = min(max(x, F32(-87.0)), F32(88.0))
    power = np.floor(x * _LOG2_E + F32(0.5))
    rest = (x - power * _LN_2_HIGH) - power * _LN_2_LOW
    value = F32(1 / 720)
    value = value * rest + F32(1 / 120)
    value = value * rest + F32(1 / 24)
    value = value * rest + F32(1 / 6)
    value = value * rest + F32(0.5)
    value = value * rest + F32(1)
    value = value * rest + F32(1)
    bits = (np.int32(power) + np.int32(127)) << np.int32(23)
    return value * np.int32(bits).view(F32)


@_inlined
def _to_bf16(x: Any) -> Any:
    """Round to nearest, ties to even."""
    bits = F32(x).view(np.uint32)
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    return np.uint16((bits + np.uint32(0x7FFF) + odd) >> np.uint32(16))


@_inlined
def _from_bf16(x: Any) -> Any:
    return np.uint32(np.uint32(x) << np.uint32(16)).view(F32)


@_kernel
def rms_norm(x: Array, weight: Array, epsilon: float, out: Array, inverse_rms: Array) -> None:
    """out = x / rms(x) * weight by row (arXiv 1910.07467). x, out: (M, H); inverse_rms: (M,)."""
    rows, width = x.shape
    for i in range(rows):
        total = F32(0)
        for j in range(width):
            total += x[i, j] * x[i, j]
        scale = F32(1) / np.sqrt(total / F32(width) + F32(epsilon))
        inverse_rms[i] = scale
        for j in range(width):
            out[i, j] = x[i, j] * scale * weight[j]


@_kernel
def add_rms_norm_gradient(
    gradient: Array, x: Array, weight: Array, inverse_rms: Array, out: Array
) -> None:
    """Add the gradient by x of rms_norm to out, for `gradient` by its result. All (M, H)."""
    rows, width = x.shape
    for i in range(rows):
        scale = inverse_rms[i]
        dot = F32(0)
        for j in range(width):
            dot += gradient[i, j] * weight[j] * x[i, j]
        along = dot * scale * scale * scale / F32(width)
        for j in range(width):
            out[i, j] += gradient[i, j] * weight[j] * scale - x[i, j] * along


@_kernel
def rotate(x: Array, heads: int, cosine: Array, sine: Array, direction: float) -> None:
    """Rotary position embedding in place on the first heads * D columns (arXiv 2104.09864).

    x: (M, columns), rows strided; cosine, sine: (M, D / 2), one angle for each pair (j, j + D / 2).
    direction: 1 to rotate, -1 to rotate a gradient back.
    """
    rows, half = cosine.shape
    for i in range(rows):
        for head in range(heads):
            start = head * 2 * half
            for j in range(half):
                first, second = x[i, start + j], x[i, start + half + j]
                c, s = cosine[i, j], sine[i, j] * F32(direction)
                x[i, start + j] = first * c - second * s
                x[i, start + half + j] = second * c + first * s


@_kernel
def silu_times(gate_up: Array, out: Array) -> None:
    """out = silu(gate) * up. gate_up: (M, 2 I), gate first; out: (M, I)."""
    rows, width = out.shape
    for i in range(rows):
        for j in range(width):
            gate = gate_up[i, j]
            out[i, j] = gate / (F32(1) + _exp(-gate)) * gate_up[i, width + j]


@_kernel
def silu_times_gradient(gate_up: Array, gradient: Array, hidden: Array) -> None:
    """Replace gate_up by its gradient, for `gradient` by silu(gate) * up, which goes to hidden."""
    rows, width = hidden.shape
    for i in range(rows):
        for j in range(width):
            gate, up, below = gate_up[i, j], gate_up[i, width + j], gradient[i, j]
            sigmoid = F32(1) / (F32(1) + _exp(-gate))
            silu = gate * sigmoid
            hidden[i, j] = silu * up
            gate_up[i, j] = below * up * (sigmoid + silu * (F32(1) - sigmoid))
            gate_up[i, width + j] = below * silu


@_kernel
def quantize_rows(x: Array, quantized: Array, scales: Array) -> None:
    """x ~ quantized * scales by row, symmetric. x, quantized: (M, N); scales: (M,)."""
    rows, width = x.shape
    for i in range(rows):
        largest = _TINY
        for j in range(width):
            largest = max(largest, abs(x[i, j]))
        scales[i] = largest / F32(127)
        inverse = F32(127) / largest
        for j in range(width):
            quantized[i, j] = np.int8(np.rint(x[i, j] * inverse))


@_kernel
def quantize_scaled_rows(x: Array, columns: Array, quantized: Array, scales: Array) -> None:
    """quantize_rows of x * columns. columns: (N,)."""
    rows, width = x.shape
    for i in range(rows):
        largest = _TINY
        for j in range(width):
            largest = max(largest, abs(x[i, j] * columns[j]))
        scales[i] = largest / F32(127)
        inverse = F32(127) / largest
        for j in range(width):
            quantized[i, j] = np.int8(np.rint(x[i, j] * columns[j] * inverse))


@_kernel
def dequantize(sums: Array, rows_scale: Array, columns_scale: Array, out: Array) -> None:
    """out = sums * rows_scale * columns_scale. sums: (M, N) int32."""
    rows, width = sums.shape
    for i in range(rows):
        scale = rows_scale[i]
        for j in range(width):
            out[i, j] = F32(sums[i, j]) * (scale * columns_scale[j])


@_kernel
def dequantize_rows(sums: Array, rows_scale: Array, out: Array) -> None:
    """out = sums * rows_scale. sums: (M, N) int32."""
    rows, width = sums.shape
    for i in range(rows):
        scale = rows_scale[i]
        for j in range(width):
            out[i, j] = F32(sums[i, j]) * scale


@_kernel
def int8_mlp(
    sums: Array,
    rows_scale: Array,
    columns_scale: Array,
    adapter: Array,
    has_adapter: bool,
    gate_up: Array,
    hidden: Array,
    quantized: Array,
    scales: Array,
) -> None:
    """From int32 sums of gate and up to the int8 input of down, in one pass.

    sums: (M, 2 I); adapter: (M, 2 I) bf16, what LoRA adds; gate_up: (M, 2 I) bf16, kept for
    int8_mlp_gradient; hidden: (M, I) bf16; quantized: (M, I) int8 with scales (M,).
    """
    rows, width = hidden.shape
    row = np.empty(width, F32)
    for i in range(rows):
        scale = rows_scale[i]
        largest = _TINY
        if has_adapter:
            for j in range(width):
                gate = F32(sums[i, j]) * (scale * columns_scale[j]) + _from_bf16(adapter[i, j])
                up = F32(sums[i, width + j]) * (scale * columns_scale[width + j])
                up += _from_bf16(adapter[i, width + j])
                gate_up[i, j] = _to_bf16(gate)
                gate_up[i, width + j] = _to_bf16(up)
                row[j] = gate / (F32(1) + _exp(-gate)) * up
        else:
            for j in range(width):
                gate = F32(sums[i, j]) * (scale * columns_scale[j])
                up = F32(sums[i, width + j]) * (scale * columns_scale[width + j])
                gate_up[i, j] = _to_bf16(gate)
                gate_up[i, width + j] = _to_bf16(up)
                row[j] = gate / (F32(1) + _exp(-gate)) * up
        for j in range(width):
            largest = max(largest, abs(row[j]))
        scales[i] = largest / F32(127)
        inverse = F32(127) / largest
        for j in range(width):
            quantized[i, j] = np.int8(np.rint(row[j] * inverse))
            hidden[i, j] = _to_bf16(row[j])


@_kernel
def int8_mlp_gradient(
    gate_up: Array,
    sums: Array,
    rows_scale: Array,
    adapter: Array,
    has_adapter: bool,
    columns_scale: Array,
    hidden: Array,
    gradient: Array,
    quantized: Array,
    scales: Array,
) -> None:
    """From the int32 gradient by down's input to the int8 gradient by gate and up.

    gate_up: (M, 2 I) bf16 of int8_mlp; sums: (M, I), the gradient without LoRA's part, which is
    adapter: (M, I) bf16; columns_scale: (2 I,) of the gate and up matrices. Writes hidden (M, I)
    and gradient (M, 2 I) in bf16 for LoRA's own gradients, and quantized (M, 2 I) int8 of
    gradient * columns_scale with scales (M,).
    """
    rows, width = hidden.shape
    row = np.empty(2 * width, F32)
    for i in range(rows):
        scale = rows_scale[i]
        for j in range(width):
            below = F32(sums[i, j]) * scale
            if has_adapter:
                below += _from_bf16(adapter[i, j])
            gate, up = _from_bf16(gate_up[i, j]), _from_bf16(gate_up[i, width + j])
            sigmoid = F32(1) / (F32(1) + _exp(-gate))
            silu = gate * sigmoid
            hidden[i, j] = _to_bf16(silu * up)
            gate_gradient = below * up * (sigmoid + silu * (F32(1) - sigmoid))
            up_gradient = below * silu
            gradient[i, j] = _to_bf16(gate_gradient)
            gradient[i, width + j] = _to_bf16(up_gradient)
            row[j] = gate_gradient * columns_scale[j]
            row[width + j] = up_gradient * columns_scale[width + j]
        largest = _TINY
        for j in range(2 * width):
            largest = max(largest, abs(row[j]))
        scales[i] = largest / F32(127)
        inverse = F32(127) / largest
        for j in range(2 * width):
            quantized[i, j] = np.int8(np.rint(row[j] * inverse))


@_kernel
def collect_likely(
    sums: Array,
    rows_scale: Array,
    columns_scale: Array,
    first_id: int,
    targets: Array,
    margin: float,
    largest: Array,
    total: Array,
    target_logit: Array,
    ids: Array,
    logits: Array,
    counts: Array,
) -> None:
    """Take a block of the vocabulary into a running softmax (arXiv 1805.02867).

    sums: (N, V') int32 logits of the tokens from first_id on. Updated for every row: largest and
    total, the running maximum and sum of exp(logit - largest); target_logit; and the list of
    tokens whose logit is above largest - margin: ids, logits (N, C), counts (N,). A full list
    drops what has fallen below the margin since, then the newcomer.
    """
    rows, width = sums.shape
    blocks = (width + SUBBLOCK - 1) // SUBBLOCK
    row = np.empty(width, F32)
    highs = np.empty(blocks, F32)
    capacity = ids.shape[1]
    for i in range(rows):
        scale = rows_scale[i]
        for j in range(width):
            row[j] = F32(sums[i, j]) * (scale * columns_scale[j])
        high = largest[i]
        for block in range(blocks):
            block_high = F32(-3e38)
            for j in range(block * SUBBLOCK, min(width, (block + 1) * SUBBLOCK)):
                block_high = max(block_high, row[j])
            highs[block] = block_high
            high = max(high, block_high)
        added = F32(0)
        for j in range(width):
            added += _exp(row[j] - high)
        total[i] = total[i] * _exp(largest[i] - high) + added
        largest[i] = high
        if first_id <= targets[i] < first_id + width:
            target_logit[i] = row[targets[i] - first_id]
        floor = high - F32(margin)
        count = counts[i]
        for block in range(blocks):
            if highs[block] > floor:
                for j in range(block * SUBBLOCK, min(width, (block + 1) * SUBBLOCK)):
                    if row[j] > floor:
                        if count == capacity:
                            kept = 0
                            for k in range(capacity):
                                if logits[i, k] > floor:
                                    ids[i, kept], logits[i, kept] = ids[i, k], logits[i, k]
                                    kept += 1
                            count = kept
                        if count < capacity:
                            ids[i, count] = first_id + j
                            logits[i, count] = row[j]
                            count += 1
        counts[i] = count


@_kernel
def likely_gradient(
    ids: Array,
    logits: Array,
    counts: Array,
    log_total: Array,
    targets: Array,
    weight: float,
    matrix: Array,
    columns_scale: Array,
    out: Array,
) -> None:
    """Gradient of weight * cross entropy by the head's input, from the likely tokens alone.

    out: (N, H) = weight * (sum of p(v) * W[v] over the list - W[target]); matrix: (V, H) int8 with
    columns_scale (V,); log_total: (N,) log of the softmax's denominator.
    """
    rows, width = out.shape
    for i in range(rows):
        for j in range(width):
            out[i, j] = F32(0)
        for k in range(counts[i]):
            token = ids[i, k]
            share = F32(weight) * _exp(logits[i, k] - log_total[i]) * columns_scale[token]
            for j in range(width):
                out[i, j] += share * F32(matrix[token, j])
        token = targets[i]
        share = F32(weight) * columns_scale[token]
        for j in range(width):
            out[i, j] -= share * F32(matrix[token, j])
