"""A frozen decoder and the gradients of an adapter over rows, on several threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from naiad.decoder.adapter import AdapterLayout
from naiad.decoder.architecture import RotaryTable, read_config, shape_of
from naiad.decoder.buffers import Buffers
from naiad.decoder.dropout import NO_DROPOUT, Dropout
from naiad.decoder.matrices import Precision
from naiad.decoder.operations import OperationCounts, operation_counts
from naiad.decoder.packing import Pack, Row, pack, packs_of
from naiad.decoder.passes import MOST_KEPT_TOKENS, LoraWeights, PackPass
from naiad.decoder.weights import load_weights

MOST_PACK_TOKENS = MOST_KEPT_TOKENS
"""Tokens of one pack; a longer row is a pack alone. Bounds the memory of a thread."""


class Decoder:
    """A qwen2 or llama model, frozen. Packs are computed side by side, one on each thread.

    Results are a function of the rows, the adapter and the number of threads: which pack a thread
    gets is fixed beforehand, and gradients are added up in the threads' order.
    """

    def __init__(self, folder: Path, precision: Precision, threads: int) -> None:
        """Load the weights. Raises OSError, ValueError, KeyError and SafetensorError."""
        config = read_config(folder)
        self.shape = shape_of(config)
        self.precision = precision
        self._rotary = RotaryTable(config)
        self._weights = load_weights(folder, self.shape, precision)
        self._threads = threads
        self._buffers = [Buffers() for _ in range(threads)]
        self._gradients: list[torch.Tensor] = []
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="naiad-decoder")

    def add_gradients(
        self,
        rows: Sequence[Row],
        layout: AdapterLayout,
        adapter: torch.Tensor,
        scale: float,
        *,
        weight: float,
        dropout: Dropout,
        into: torch.Tensor,
    ) -> float:
        """Summed answer loss of the rows in nats; adds the gradient of weight * loss to `into`.

        adapter, into: vectors of layout.elements. scale: of LoRA, alpha / rank.
        """
        lora = self._lora(layout, adapter, scale)
        shares = self._shares(rows)
        self._make_gradients(len(shares), layout.elements)

        def compute(worker: int, packs: list[Pack]) -> float:
            vector = self._gradients[worker].zero_()
            views = layout.views(vector)
            return sum(
                self._pass(each, lora, dropout, worker).loss_and_gradients(weight, views)
                for each in packs
            )

        losses = self._side_by_side(compute, shares)
        for worker in range(len(shares)):
            into.add_(self._gradients[worker])
        return sum(losses)

    def summed_loss(
        self, rows: Sequence[Row], layout: AdapterLayout, adapter: torch.Tensor, scale: float
    ) -> float:
        """Summed answer loss of the rows in nats, without dropout."""
        lora = self._lora(layout, adapter, scale)

        def compute(worker: int, packs: list[Pack]) -> float:
            return sum(self._pass(each, lora, NO_DROPOUT, worker).loss() for each in packs)

        return sum(self._side_by_side(compute, self._shares(rows)))

    def operations(self, rows: Sequence[Row], layout: AdapterLayout) -> OperationCounts:
        """What add_gradients of these rows computes."""
        packs = [each for share in self._shares(rows) for each in share]
        return operation_counts(self.shape, self.precision, packs, layout.elements)

    def _lora(self, layout: AdapterLayout, adapter: torch.Tensor, scale: float) -> LoraWeights:
        exact = layout.views(adapter)
        dtype = self._weights.layers[0].mlp.lora_dtype
        mlp = exact if dtype == adapter.dtype else layout.views(adapter.to(dtype))
        return LoraWeights(exact, mlp, scale)

    def _pass(self, each: Pack, lora: LoraWeights, dropout: Dropout, worker: int) -> PackPass:
        return PackPass(
            self.shape, self._weights, self._rotary, lora, dropout, each, self._buffers[worker]
        )

    def _shares(self, rows: Sequence[Row]) -> list[list[Pack]]:
        """Packs of every thread that gets some."""
        packs = [pack(group) for group in packs_of(rows, self._threads, MOST_PACK_TOKENS)]
        self._rotary.reach(max(len(row.ids) for row in rows))
        workers = min(self._threads, len(packs))
        return [packs[worker::workers] for worker in range(workers)]

    def _make_gradients(self, workers: int, elements: int) -> None:
        while len(self._gradients) < workers:
            self._gradients.append(torch.empty(elements))

    def _side_by_side(
        self, compute: Callable[[int, list[Pack]], float], shares: list[list[Pack]]
    ) -> list[float]:
        """compute(worker, its packs) of every worker, on a thread each."""
        # Threads that have no pack of their own help with the matrices of the others'.
        inner_threads = max(1, self._threads // len(shares))

        def run(worker: int) -> float:
            if torch.get_num_threads() != inner_threads:
                torch.set_num_threads(inner_threads)
            with torch.inference_mode():
                return compute(worker, shares[worker])

        return list(self._pool.map(run, range(len(shares))))
