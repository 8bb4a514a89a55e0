"""PEFT's adapter_config.json, as PEFT itself would write it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import peft

from naiad.training.config import TrainingConfig


def lora_config(config: TrainingConfig, target_modules: str | Sequence[str]) -> Any:
    """The peft.LoraConfig of a run. target_modules: names of linear modules, or all-linear."""
    return peft.LoraConfig(
        task_type="CAUSAL_LM",
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        use_rslora=config.lora_rslora,
        target_modules=target_modules,
    )


def adapter_config_json(
    config: TrainingConfig, base_model: str, target_modules: Iterable[str]
) -> str:
    """The content of adapter_config.json.

    base_model: a Hub id or name, never a path of this machine. target_modules: the names of the
    modules that have an adapter, each once.
    """
    names = sorted(set(target_modules))
    settings = lora_config(config, names).to_dict()
    settings["base_model_name_or_path"] = base_model
    settings["inference_mode"] = True
    settings["target_modules"] = names
    return json.dumps(settings, indent=2, sort_keys=True, default=_as_json) + "\n"


def _as_json(value: Any) -> Any:
    return sorted(value) if isinstance(value, set | frozenset) else str(value)
