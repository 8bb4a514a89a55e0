"""LoRA adapters in PEFT's folder format: reading one, and whether it fits a base model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naiad.errors import AdapterError, AdapterMismatch, AdapterNotFound
from naiad.lora.base_layout import base_layout
from naiad.lora.record import AdapterRecord, read_json_object, read_record
from naiad.models.local_model import LocalModel

CONFIG_NAME = "adapter_config.json"
WEIGHTS_NAME = "adapter_model.safetensors"

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Adapter:
    """One adapter folder, opened: its settings and the shapes of its tensors, no weights yet."""

    path: Path
    config: Mapping[str, Any]
    """adapter_config.json as it is."""
    shapes: Mapping[str, Shape]
    """Shape of every tensor by its name in the safetensors file."""
    record: AdapterRecord | None
    """naiad.json, None for an adapter that another program made."""

    @property
    def weights_path(self) -> Path:
        return self.path / WEIGHTS_NAME

    @property
    def instruction(self) -> str | None:
        """The system instruction it was trained with, where that is known."""
        return self.record.instruction if self.record else None

    @property
    def base_sha256(self) -> str | None:
        """Hash of the GGUF file it was trained on, where that is known."""
        return self.record.base_gguf_sha256 if self.record else None

    @property
    def base_hub_id(self) -> str | None:
        """Hub id of its base model: Naiad's record, else PEFT's `base_model_name_or_path`."""
        if self.record:
            return self.record.base_hub_id
        name = self.config.get("base_model_name_or_path")
        return name if isinstance(name, str) and _looks_like_a_hub_id(name) else None

    @property
    def base_name(self) -> str:
        """The base model in words for a message."""
        return self.base_hub_id or (self.record.base_name if self.record else "an unnamed model")


def load_adapter(folder: Path) -> Adapter:
    """Open an adapter folder; the weights stay on disk.

    Raises AdapterNotFound, saying what is missing, and AdapterError when a file is damaged.
    """
    if not folder.is_dir():
        raise AdapterNotFound(
            f"no adapter folder {folder}", hint="name the --output folder of `naiad train`"
        )
    missing = [name for name in (CONFIG_NAME, WEIGHTS_NAME) if not (folder / name).is_file()]
    if missing:
        raise AdapterNotFound(
            f"{folder} holds no LoRA adapter: {' and '.join(missing)} missing",
            hint=_missing_hint(folder),
        )
    config = read_json_object(folder / CONFIG_NAME)
    if config.get("peft_type", "LORA") != "LORA":
        raise AdapterError(
            f"{folder} is a {config['peft_type']} adapter", hint="only LoRA adapters can be used"
        )
    return Adapter(folder, config, _tensor_shapes(folder / WEIGHTS_NAME), read_record(folder))


def check_fits(adapter: Adapter, model: LocalModel) -> None:
    """Make sure that `model` is the base the adapter was trained on.

    The same GGUF file always fits. Otherwise the names of the two base models are compared where
    both are known (models of one family have equal shapes, and an adapter of the sister model
    would quietly write nonsense), and always the shapes. Raises AdapterMismatch.
    """
    same_file = adapter.base_sha256 is not None and adapter.base_sha256 == model.sha256
    if not same_file:
        _check_names(adapter, model)
    _check_shapes(adapter, model)


def module_of(tensor_name: str) -> tuple[str, str] | None:
    """Base module and side of a LoRA tensor's name, None when it is something else.

    "base_model.model.model.layers.0.mlp.up_proj.lora_A.weight"
      -> ("model.layers.0.mlp.up_proj", "A")
    """
    match = re.fullmatch(r"base_model\.model\.(.+)\.lora_([AB])\.weight", tensor_name)
    return (match[1], match[2]) if match else None


def _looks_like_a_hub_id(name: str) -> bool:
    return re.fullmatch(r"[\w.-]+/[\w.-]+", name) is not None and not name.startswith((".", "/"))


def _missing_hint(folder: Path) -> str:
    if (folder / "adapter_model.bin").is_file():
        return "adapter_model.bin is pickled code and never read; save it as safetensors"
    if (folder / "checkpoints").is_dir():
        return "the training did not end: go on with `naiad train … --resume`"
    return "name the --output folder of `naiad train`, or any PEFT LoRA folder"


def _tensor_shapes(path: Path) -> dict[str, Shape]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as tensors:
            names = list(tensors.keys())
            return {name: tuple(tensors.get_slice(name).get_shape()) for name in names}
    except (SafetensorError, OSError) as error:
        raise AdapterError(
            f"{path} is damaged: {error}", hint="copy the adapter again, or train it again"
        ) from error


def _check_names(adapter: Adapter, model: LocalModel) -> None:
    if adapter.base_hub_id is None or model.hub_id is None:
        return
    if _family_name(adapter.base_hub_id) == _family_name(model.hub_id):
        return
    raise AdapterMismatch(
        f"the adapter {adapter.path} was trained on {adapter.base_hub_id}, "
        f"and the model is {model.hub_id}",
        hint=f"use --model {adapter.record.base_name if adapter.record else adapter.base_hub_id}",
    )


def _family_name(hub_id: str) -> str:
    """The model's own name: repackaged files (quantized, mirrored) are still that model.

    "Qwen/Qwen2.5-0.5B-Instruct-GGUF" -> "qwen2.5-0.5b-instruct"
    """
    name = hub_id.rsplit("/", 1)[-1].lower()
    return re.sub(r"([-_.](gguf|awq|gptq|int[48]|bnb|[48]bit|unsloth))+$", "", name)


def _check_shapes(adapter: Adapter, model: LocalModel) -> None:
    expected = base_layout(model).shapes
    for name, shape in adapter.shapes.items():
        parsed = module_of(name)
        if parsed is None or len(shape) != 2:
            continue
        module, side = parsed
        base = expected.get(module)
        if base is None:
            _mismatch(adapter, model, f"it changes {module}, which the model does not have")
        assert base is not None
        outputs, inputs = base
        has, needs = (shape[1], inputs) if side == "A" else (shape[0], outputs)
        if has != needs:
            _mismatch(adapter, model, f"{module} is {has} wide in it and {needs} in the model")


def _mismatch(adapter: Adapter, model: LocalModel, reason: str) -> None:
    raise AdapterMismatch(
        f"the adapter {adapter.path}, trained on {adapter.base_name}, does not fit the model "
        f"{model.hub_id or model.name}: {reason}",
        hint="use the base model it was trained on, with --model",
    )
