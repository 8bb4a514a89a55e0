"""How fast this machine multiplies matrices, and how much of it a training step needs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from naiad.datasets.tokenizing import TokenizedExample
from naiad.workflows.benchmarks.jobs import answer_tokens

ROWS = 512
"""Height of the left matrix: about the tokens of two rows."""

TRIALS = 4
TRIAL_S = 0.2


def gemm_rates(hidden: int, intermediate: int, threads: int) -> dict[str, float]:
    """Operations a second of (512, hidden) x (hidden, 2 * intermediate) in fp32, bf16 and int8.

    A multiplication and an addition are two operations. All threads in one product, or each in a
    product of its own; the right matrix in either layout; the best of several trials: what the
    machine can do, not what it mostly does.
    """
    operations = 2 * ROWS * hidden * 2 * intermediate
    return {
        name: operations
        * max(
            _best_rate(multiply, workers=workers, threads=threads // workers)
            for multiply in _products(name, hidden, 2 * intermediate)
            for workers in {1, threads}
        )
        for name in ("fp32", "bf16", "int8")
    }


def _products(name: str, hidden: int, columns: int) -> Iterator[Callable[[], Any]]:
    import torch

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "int8": torch.int8}[name]
    left = torch.randint(-127, 128, (ROWS, hidden)).to(dtype)
    right = torch.randint(-127, 128, (hidden, columns)).to(dtype)
    multiply = torch._int_mm if name == "int8" else torch.mm
    yield partial(multiply, left, right)
    yield partial(multiply, left, right.t().contiguous().t())


def _best_rate(multiply: Callable[[], Any], *, workers: int, threads: int) -> float:
    """Products a second of all workers together, each with so many threads."""
    import torch

    def worker_rate(worker: int) -> float:
        # In OpenMP this is a setting of the calling thread.
        torch.set_num_threads(threads)
        multiply()
        calls, began_s = 0, time.perf_counter()
        while (elapsed_s := time.perf_counter() - began_s) < TRIAL_S:
            multiply()
            calls += 1
        return calls / elapsed_s

    with ThreadPoolExecutor(workers) as pool:
        return max(sum(pool.map(worker_rate, range(workers))) for _ in range(TRIALS))


def matrix_shape(folder: Path) -> tuple[int, int]:
    """(hidden size, intermediate size) of a model folder."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    return int(config["hidden_size"]), int(config["intermediate_size"])


def plain_operations(folder: Path, rows: Sequence[TokenizedExample]) -> int:
    """Operations of the frozen matrices to train on the rows, each by itself and none in vain.

    Forward and, for the gradient of the inputs, backward: 2 operations a weight and token each.
    The head on answer tokens only. Padding, second forward passes and a head on the prompt count
    as waste of the system that spends them.
    """
    config = json.loads((folder / "config.json").read_text("utf-8"))
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    head_width = config.get("head_dim") or hidden // heads
    key_heads = config.get("num_key_value_heads") or heads
    attention = 2 * hidden * head_width * (heads + key_heads)
    feed_forward = 3 * hidden * config["intermediate_size"]
    layers = config["num_hidden_layers"] * (attention + feed_forward) * sum(map(len, rows))
    head = config["vocab_size"] * hidden * answer_tokens(rows)
    return int(4 * (layers + head))
