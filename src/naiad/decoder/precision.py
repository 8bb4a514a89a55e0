"""Which precision multiplies fastest on this machine: measured, not guessed from its name.

int8 is fast where the processor has VNNI or AMX, bfloat16 where it has AMX or, less so,
AVX512_BF16; elsewhere either may be many times slower than float32.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import torch

from naiad.decoder.architecture import DecoderShape
from naiad.decoder.matrices import PRECISIONS, Precision
from naiad.decoder.passes import CHUNK_TOKENS

_MEASURED_S = 0.15
"""Of each precision."""

_WORTH = {"bf16": 1.25, "int8": 1.25}
"""How many times the rate of the next more exact precision a type must reach to be chosen."""


def product_rates(shape: DecoderShape, threads: int) -> dict[Precision, float]:
    """Operations a second of a chunk's largest product, in each precision, all threads at work.

    x: (CHUNK_TOKENS, H) @ (H, 2 I); a multiplication and an addition are two operations.
    """
    width, columns = shape.hidden, 2 * shape.intermediate
    return {
        precision: _rate(_product(precision, width, columns), threads)
        * (2 * CHUNK_TOKENS * width * columns)
        for precision in PRECISIONS
    }


def fastest(rates: Mapping[Precision, float]) -> Precision:
    """The precision to train in: a less exact one only where it is clearly faster."""
    chosen: Precision = "fp32"
    for candidate in ("bf16", "int8"):
        if rates[candidate] >= _WORTH[candidate] * rates[chosen]:
            chosen = candidate
    return chosen


def _product(precision: Precision, width: int, columns: int) -> Callable[[], object]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(CHUNK_TOKENS, width, generator=generator)
    weight = torch.randn(columns, width, generator=generator)
    if precision == "int8":
        left, right = (x * 30).to(torch.int8), (weight * 30).to(torch.int8)
        return lambda: torch._int_mm(left, right.t())
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    typed_x, typed_weight = x.to(dtype), weight.to(dtype)
    return lambda: torch.mm(typed_x, typed_weight.t())


def _rate(product: Callable[[], object], threads: int) -> float:
    """Products a second of all threads together, each computing its own."""

    def repeat(_: int) -> float:
        torch.set_num_threads(1)
        product()
        started, count = time.perf_counter(), 0
        while time.perf_counter() - started < _MEASURED_S:
            product()
            count += 1
        return count / (time.perf_counter() - started)

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(repeat, range(threads)))
