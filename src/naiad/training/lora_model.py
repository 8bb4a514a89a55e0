"""A base model in float32 with a fresh LoRA adapter, ready to train on a CPU."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import peft
import torch
import transformers
from safetensors.torch import load_file, save

from naiad.errors import ConfigError, TrainingError
from naiad.training.config import ALL_LINEAR, TrainingConfig
from naiad.training.libraries import translated_torch_errors


def load_lora_model(folder: Path, config: TrainingConfig) -> Any:
    """The model of `folder` in float32, frozen, with a LoRA adapter that changes nothing yet.

    Costs 4 bytes a parameter. Raises TrainingError, and ConfigError when the model has no module
    of the names in lora_target_modules.
    """
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
    return with_adapter(model, config)


def with_adapter(model: Any, config: TrainingConfig) -> Any:
    """The model with all weights frozen and a fresh adapter. Raises ConfigError."""
    names = config.lora_target_modules
    lora = peft.LoraConfig(
        task_type="CAUSAL_LM",
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=ALL_LINEAR if names == (ALL_LINEAR,) else list(names),
    )
    # The adapter's first weights are drawn here.
    transformers.set_seed(config.seed)
    try:
        with warnings.catch_warnings():
            # Between versions, peft calls what transformers has just renamed.
            warnings.simplefilter("ignore", FutureWarning)
            return peft.get_peft_model(model, lora)
    except ValueError as error:
        raise ConfigError(
            f"lora_target_modules {', '.join(names)}: {str(error).splitlines()[0]}",
            hint="for example q_proj,k_proj,v_proj,o_proj, or all-linear",
        ) from error


def adapter_weights(model: Any) -> dict[str, Any]:
    """The adapter's tensors by PEFT's names."""
    weights = peft.get_peft_model_state_dict(model, save_embedding_layers=False)
    return {name: tensor.detach().contiguous() for name, tensor in weights.items()}


def adapter_bytes(model: Any) -> bytes:
    """The adapter's tensors as the bytes of a safetensors file."""
    content: bytes = save(adapter_weights(model), {"format": "pt"})
    return content


def read_adapter_weights(model: Any, path: Path) -> None:
    """Put tensors that adapter_bytes gave back into the model."""
    peft.set_peft_model_state_dict(model, load_file(path))


def adapter_config_json(model: Any, base_model: str) -> str:
    """PEFT's adapter_config.json. base_model: a Hub id or name, never a path of this machine."""
    settings = model.peft_config["default"].to_dict()
    settings["base_model_name_or_path"] = base_model
    settings["inference_mode"] = True
    settings["target_modules"] = sorted(settings["target_modules"])
    return json.dumps(settings, indent=2, sort_keys=True, default=_as_json) + "\n"


def _as_json(value: Any) -> Any:
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


def _unloadable(folder: Path, error: Exception) -> TrainingError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return TrainingError(
        f"cannot load the model in {folder}: {reason}", hint="get the model again, or another one"
    )
