"""Training through naiad.decoder: qwen2 and llama models, in the precision that is fastest here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError

from naiad.datasets.tokenizing import TokenizedExample
from naiad.decoder.adapter import MODULES, AdapterLayout
from naiad.decoder.architecture import read_config, shape_of, why_unsupported
from naiad.decoder.decoder import Decoder
from naiad.decoder.dropout import Dropout
from naiad.decoder.matrices import Precision
from naiad.decoder.operations import OperationCounts
from naiad.decoder.precision import fastest, product_rates
from naiad.errors import TrainingError
from naiad.training.config import ALL_LINEAR, TrainingConfig
from naiad.training.libraries import translated_torch_errors
from naiad.training.memory import return_freed_memory
from naiad.training.parallel import threads_of_each
from naiad.training.report import Notice, OnProgress


def why_not_fast(folder: Path, config: TrainingConfig) -> str | None:
    """Why a model or a setting needs PEFT, in words that go on from "because of"; else None."""
    try:
        reason = why_unsupported(read_config(folder))
    except (OSError, ValueError) as error:
        return f"a configuration that cannot be read ({str(error).splitlines()[0]})"
    if reason is not None:
        return reason
    others = sorted(_targets(config) - set(MODULES))
    return f"an adapter for {', '.join(others)}" if others else None


def open_fast_model(
    folder: Path, config: TrainingConfig, on_progress: OnProgress
) -> FastAdapterModel:
    """The model of `folder`, frozen, with a LoRA adapter that changes nothing yet.

    Where config.precision is auto, products are timed, and a Notice says what came of it.
    Raises TrainingError when the weights cannot be read.
    """
    return_freed_memory()
    threads = threads_of_each(config, config.processes)
    precision = _precision(folder, config, threads, on_progress)
    try:
        with translated_torch_errors(f"load {folder.name} as {precision}"):
            decoder = Decoder(folder, precision, threads)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise TrainingError(
            f"cannot load the model in {folder}: {error}",
            hint="get the model again, or another one",
        ) from error
    return FastAdapterModel(decoder, config, threads)


class FastAdapterModel:
    """A TrainableAdapter over a Decoder; the adapter is one vector."""

    def __init__(self, decoder: Decoder, config: TrainingConfig, threads: int) -> None:
        self._decoder, self._threads = decoder, threads
        self._dropout_share = config.lora_dropout
        self._scale = config.lora_alpha / (
            math.sqrt(config.lora_rank) if config.lora_rslora else config.lora_rank
        )
        self._layout = AdapterLayout(decoder.shape, _targets(config), config.lora_rank)
        self._vector = self._layout.initial(config.seed)

    @property
    def description(self) -> str:
        """How it computes, for one line on the screen."""
        plural = "s" if self._threads > 1 else ""
        return f"{self._decoder.precision} on {self._threads} thread{plural}"

    @property
    def precision(self) -> Precision:
        """Of the frozen matrices."""
        return self._decoder.precision

    @property
    def target_modules(self) -> Sequence[str]:
        """Names of the modules that have an adapter, each once."""
        return sorted({name.split(".")[-3] for name, _ in self._layout.tensors(self._vector)})

    @property
    def parameters(self) -> Sequence[torch.Tensor]:
        """The one vector of all matrices."""
        return [self._vector]

    def add_gradients(
        self, rows: Sequence[TokenizedExample], *, loss_tokens: int, seed: int
    ) -> float:
        """As TrainableAdapter says."""
        if not rows:
            return 0.0
        assert self._vector.grad is not None
        with translated_torch_errors("train"):
            return self._decoder.add_gradients(
                rows,
                self._layout,
                self._vector,
                self._scale,
                weight=1 / loss_tokens,
                dropout=Dropout(self._dropout_share, seed),
                into=self._vector.grad,
            )

    def summed_loss(self, rows: Sequence[TokenizedExample]) -> float:
        """Summed cross entropy in nats over the rows' answer tokens, without dropout."""
        if not rows:
            return 0.0
        with translated_torch_errors("measure the loss"):
            return self._decoder.summed_loss(rows, self._layout, self._vector, self._scale)

    def operations(self, rows: Sequence[TokenizedExample]) -> OperationCounts:
        """What add_gradients of these rows computes."""
        return self._decoder.operations(rows, self._layout)

    def adapter_weights(self) -> dict[str, torch.Tensor]:
        """Copies of the adapter's tensors by PEFT's names."""
        return {name: tensor.clone() for name, tensor in self._layout.tensors(self._vector)}

    def set_adapter_weights(self, weights: dict[str, torch.Tensor]) -> None:
        """Put tensors that adapter_weights gave back into the model. Raises KeyError."""
        for name, tensor in self._layout.tensors(self._vector):
            tensor.copy_(weights[name])


def _targets(config: TrainingConfig) -> set[str]:
    names = config.lora_target_modules
    return set(MODULES) if names == (ALL_LINEAR,) else set(names)


def _precision(
    folder: Path, config: TrainingConfig, threads: int, on_progress: OnProgress
) -> Precision:
    if config.precision != "auto":
        return config.precision  # type: ignore[return-value]
    rates = product_rates(shape_of(read_config(folder)), threads)
    chosen = fastest(rates)
    shown = ", ".join(f"{name} {rate / 1e9:,.0f}" for name, rate in rates.items())
    on_progress(Notice("info", f"precision {chosen}: billion operations a second: {shown}"))
    return chosen
