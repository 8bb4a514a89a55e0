"""Training through PEFT in float32: any architecture that transformers can load."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import peft
import torch
import transformers
from torch.nn import functional

from naiad.datasets.batching import Batch, collate
from naiad.datasets.tokenizing import TokenizedExample
from naiad.errors import ConfigError, TrainingError
from naiad.training.adapter_config import lora_config
from naiad.training.config import ALL_LINEAR, TrainingConfig
from naiad.training.libraries import translated_torch_errors


def open_peft_model(folder: Path, config: TrainingConfig, padding_id: int) -> PeftAdapterModel:
    """The model of `folder` in float32, frozen, with a LoRA adapter that changes nothing yet.

    Costs 4 bytes a parameter. Raises TrainingError, and ConfigError when the model has no module
    of the names in lora_target_modules, or another precision than fp32 is asked for.
    """
    if config.precision not in ("auto", "fp32"):
        raise ConfigError(
            f"precision {config.precision!r}: this model is trained through PEFT, in fp32 only",
            hint="use --precision auto or fp32, or a model of the qwen2 or llama architecture",
        )
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        with translated_torch_errors(f"load {folder.name} as float32"):
            model = transformers.AutoModelForCausalLM.from_pretrained(
                folder, dtype=torch.float32, local_files_only=True
            )
    except (OSError, ValueError, KeyError) as error:
        raise _unloadable(folder, error) from error
    model.config.use_cache = False
    return PeftAdapterModel(model, config, padding_id)


class PeftAdapterModel:
    """A TrainableAdapter over PEFT, in padded batches of config.batch_size rows."""

    def __init__(self, model: Any, config: TrainingConfig, padding_id: int) -> None:
        """Freeze a transformers model and give it a fresh adapter. Raises ConfigError."""
        self._model = _with_adapter(model, config)
        self._config, self._padding_id = config, padding_id
        self._parameters = [p for p in self._model.parameters() if p.requires_grad]

    @property
    def description(self) -> str:
        """How it computes, for one line on the screen."""
        threads = torch.get_num_threads()
        return f"fp32 through PEFT on {threads} thread{'s' if threads > 1 else ''}"

    @property
    def precision(self) -> str:
        """fp32, whatever was asked for."""
        return "fp32"

    @property
    def target_modules(self) -> Sequence[str]:
        """Names of the modules that have an adapter, each once."""
        names = self._model.peft_config["default"].target_modules
        if self._config.lora_target_modules == (ALL_LINEAR,):
            # PEFT lists a small model's modules with their layers, a large one's without.
            names = {name.rpartition(".")[2] for name in names}
        return sorted(names)

    @property
    def parameters(self) -> Sequence[torch.Tensor]:
        """The adapter's tensors, always in the same order."""
        return self._parameters

    def add_gradients(
        self, rows: Sequence[TokenizedExample], *, loss_tokens: int, seed: int
    ) -> float:
        """As TrainableAdapter says; gradient checkpointing is off, since memory is cheap here."""
        self._model.train()
        total = 0.0
        with translated_torch_errors("train"), torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for batch in self._batches(rows):
                loss = self._answer_loss(batch)
                (loss / loss_tokens).backward()
                total += loss.item()
        return total

    def summed_loss(self, rows: Sequence[TokenizedExample]) -> float:
        """Summed cross entropy in nats over the rows' answer tokens, without dropout."""
        self._model.eval()
        with translated_torch_errors("measure the loss"), torch.inference_mode():
            return float(sum(self._answer_loss(batch).item() for batch in self._batches(rows)))

    def adapter_weights(self) -> dict[str, torch.Tensor]:
        """Copies of the adapter's tensors by PEFT's names."""
        weights = peft.get_peft_model_state_dict(self._model, save_embedding_layers=False)
        return {name: tensor.detach().clone() for name, tensor in weights.items()}

    def set_adapter_weights(self, weights: dict[str, torch.Tensor]) -> None:
        """Put tensors that adapter_weights gave back into the model."""
        peft.set_peft_model_state_dict(self._model, weights)

    def _batches(self, rows: Sequence[TokenizedExample]) -> Iterator[Batch]:
        # Rows of about one length together, since the shorter ones are padded.
        by_length = sorted(rows, key=len)
        size = self._config.batch_size
        for start in range(0, len(by_length), size):
            yield collate(by_length[start : start + size], self._padding_id)

    def _answer_loss(self, batch: Batch) -> torch.Tensor:
        """Summed cross entropy in nats over a batch's answer tokens.

        The output head (V is 151,936 for Qwen, a third of a small model's work) is computed only
        at the N positions that predict an answer token; the sum is the same.
        """
        ids = torch.from_numpy(batch.ids)  # (B, T)
        counted = torch.from_numpy(batch.loss_mask)[:, 1:]  # (B, T - 1)
        logits = self._model(
            input_ids=ids,
            attention_mask=torch.from_numpy(batch.attention_mask),
            logits_to_keep=functional.pad(counted, (0, 1)),  # (B, T), True where t + 1 is counted
        ).logits  # (N, V)
        return functional.cross_entropy(logits, ids[:, 1:][counted], reduction="sum")


def _with_adapter(model: Any, config: TrainingConfig) -> Any:
    names = config.lora_target_modules
    lora = lora_config(config, ALL_LINEAR if names == (ALL_LINEAR,) else list(names))
    try:
        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
            # Between versions, peft calls what transformers has just renamed.
            warnings.simplefilter("ignore", FutureWarning)
            # The adapter's first weights are drawn here.
            torch.manual_seed(config.seed)
            return peft.get_peft_model(model, lora)
    except ValueError as error:
        raise ConfigError(
            f"lora_target_modules {', '.join(names)}: {str(error).splitlines()[0]}",
            hint="for example q_proj,k_proj,v_proj,o_proj, or all-linear",
        ) from error


def _unloadable(folder: Path, error: Exception) -> TrainingError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return TrainingError(
        f"cannot load the model in {folder}: {reason}", hint="get the model again, or another one"
    )
