"""What an adapter has to know of its base model: the shape of each linear layer, and the heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naiad.errors import AdapterError
from naiad.lora.record import read_json_object
from naiad.models.gguf_file import read_metadata
from naiad.models.local_model import LocalModel

GGUF_TENSOR = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
"""Hugging Face's name of a layer's linear module -> its name in GGUF."""

PERMUTED_ARCHITECTURES = frozenset({"llama"})
"""Whose query and key rows GGUF keeps in another order than Hugging Face does."""

KNOWN_ARCHITECTURES = PERMUTED_ARCHITECTURES | {"qwen2", "qwen3"}


@dataclass(frozen=True)
class BaseLayout:
    """Layout of a base model's linear layers."""

    architecture: str
    """In GGUF's and Hugging Face's common name: `qwen2`, `llama`."""
    heads: int
    kv_heads: int
    shapes: Mapping[str, tuple[int, int]]
    """Hugging Face's module name -> (outputs, inputs)."""


def base_layout(model: LocalModel) -> BaseLayout:
    """Layout of a model on disk, from file headers only.

    Raises AdapterError for an architecture whose layout is not known, and ModelError.
    """
    return _gguf_layout(model) if model.kind == "gguf" else _folder_layout(model.path)


def _gguf_layout(model: LocalModel) -> BaseLayout:
    metadata = read_metadata(model.path)
    if metadata.architecture not in KNOWN_ARCHITECTURES:
        raise AdapterError(
            f"adapters on a GGUF model of architecture {metadata.architecture!r} are not supported "
            f"(known: {', '.join(sorted(KNOWN_ARCHITECTURES))})",
            hint="use the model's Hugging Face folder with --engine transformers",
        )
    modules: dict[str, tuple[int, int]] = {}
    for layer in range(metadata.block_count):
        for module, name in GGUF_TENSOR.items():
            shape = metadata.tensor_shapes.get(f"blk.{layer}.{name}.weight")
            if shape is not None:
                modules[f"model.layers.{layer}.{module}"] = (shape[0], shape[1])
    return BaseLayout(metadata.architecture, metadata.head_count, metadata.head_count_kv, modules)


def _folder_layout(folder: Path) -> BaseLayout:
    from safetensors import safe_open

    config: dict[str, Any] = read_json_object(folder / "config.json")
    shapes: dict[str, tuple[int, int]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="numpy") as tensors:
            for name in tensors.keys():  # noqa: SIM118 - safe_open is not iterable
                shape = tensors.get_slice(name).get_shape()
                if name.endswith(".weight") and len(shape) == 2:
                    shapes[name.removesuffix(".weight")] = (shape[0], shape[1])
    heads = int(config.get("num_attention_heads", 0))
    kv_heads = int(config.get("num_key_value_heads", heads))
    return BaseLayout(str(config.get("model_type", "")), heads, kv_heads, shapes)
