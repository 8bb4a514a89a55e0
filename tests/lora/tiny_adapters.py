"""A one-layer base model as GGUF and as folder, and adapters written by hand for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from safetensors.numpy import save_file

from naiad.models.local_model import LocalModel

WIDTH, HEADS, KV_HEADS, INNER = 8, 2, 1, 12
SHAPES = {
    "self_attn.q_proj": (8, 8),
    "self_attn.k_proj": (4, 8),
    "self_attn.v_proj": (4, 8),
    "self_attn.o_proj": (8, 8),
    "mlp.gate_proj": (12, 8),
    "mlp.up_proj": (12, 8),
    "mlp.down_proj": (8, 12),
}
GGUF_NAMES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


def gguf_base(folder: Path, architecture: str, **known: Any) -> LocalModel:
    """A base of one layer. known: other fields of LocalModel, hub_id or sha256."""
    path = folder / f"{architecture}.gguf"
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_block_count(1)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(["a", "b"])
    writer.add_token_types([1, 1])
    for name, shape in zip(GGUF_NAMES, SHAPES.values(), strict=True):
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros(shape, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return LocalModel("tiny", "gguf", path, "local", **known)


def folder_base(folder: Path, **known: Any) -> LocalModel:
    """The same base as a Hugging Face folder."""
    path = folder / "base"
    path.mkdir()
    config = {"model_type": "llama", "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS}
    (path / "config.json").write_text(json.dumps(config))
    tensors = {
        f"model.layers.0.{name}.weight": np.zeros(shape, np.float32)
        for name, shape in SHAPES.items()
    }
    save_file(tensors, path / "model.safetensors")
    return LocalModel("tiny", "folder", path, "local", **known)


def write_adapter(
    folder: Path,
    tensors: dict[str, Any],
    record: dict[str, Any] | None = None,
    **config: Any,
) -> Path:
    """An adapter folder. tensors: "q_proj.A" and so on, of layer 0, or a tensor's full name."""
    folder.mkdir(parents=True)
    named = {}
    for short, values in tensors.items():
        name = short
        if short.count(".") == 1:
            module, side = short.split(".")
            full = next(each for each in SHAPES if each.endswith(module))
            name = f"base_model.model.model.layers.0.{full}.lora_{side}.weight"
        named[name] = np.asarray(values, np.float32)
    save_file(named, folder / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": 1, "lora_alpha": 2, **config}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    if record is not None:
        (folder / "naiad.json").write_text(json.dumps({"format": 1, **record}))
    return folder
