"""A model folder's frozen weights, brought into their precision one tensor at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open

from naiad.decoder.architecture import DecoderShape
from naiad.decoder.head import ExactHead, Head, Int8Head
from naiad.decoder.matrices import FrozenMatrix, Int8Matrix, Precision, frozen_matrix
from naiad.decoder.mlp import FloatMlp, Int8Mlp, Mlp


@dataclass(frozen=True)
class LayerWeights:
    """Frozen weights of one layer."""

    attention_norm: torch.Tensor
    """(H,)"""
    qkv: FrozenMatrix
    """Queries, keys and values, one below the other."""
    qkv_bias: torch.Tensor | None
    output: FrozenMatrix
    output_bias: torch.Tensor | None
    mlp_norm: torch.Tensor
    """(H,)"""
    mlp: Mlp


@dataclass(frozen=True)
class DecoderWeights:
    """All frozen weights."""

    embedding: torch.Tensor
    """(V, H), as the file has it."""
    layers: tuple[LayerWeights, ...]
    norm: torch.Tensor
    head: Head


def load_weights(folder: Path, shape: DecoderShape, precision: Precision) -> DecoderWeights:
    """Read a folder of safetensors; at no time is there more than one matrix in float32 too many.

    Raises OSError, SafetensorError, and KeyError for a tensor that is missing.
    """
    files = _Tensors(folder)
    embedding = "model.embed_tokens.weight"
    return DecoderWeights(
        layers=tuple(_layer(files, number, shape, precision) for number in range(shape.layers)),
        norm=files.read("model.norm.weight").float(),
        head=_head(files.read(embedding if shape.tied else "lm_head.weight"), shape, precision),
        # Mapped anew: of this copy only the pages of tokens that occur are ever in memory.
        embedding=files.read(embedding),
    )


class _Tensors:
    """Tensors by name in the files of a folder, which stay on disk until they are read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        index = folder / "model.safetensors.index.json"
        self._files: dict[str, str] | None = None
        if index.exists():
            self._files = json.loads(index.read_text("utf-8"))["weight_map"]

    def read(self, name: str) -> torch.Tensor:
        file = "model.safetensors" if self._files is None else self._files[name]
        with safe_open(self._folder / file, framework="pt") as tensors:
            tensor: torch.Tensor = tensors.get_tensor(name)
        return tensor

    def has(self, name: str) -> bool:
        if self._files is not None:
            return name in self._files
        with safe_open(self._folder / "model.safetensors", framework="pt") as tensors:
            return name in tensors.keys()  # noqa: SIM118 - safe_open is not iterable

    def joined(self, names: list[str]) -> torch.Tensor:
        return torch.cat([self.read(name) for name in names])


def _layer(files: _Tensors, number: int, shape: DecoderShape, precision: Precision) -> LayerWeights:
    prefix = f"model.layers.{number}."
    qkv = [f"{prefix}self_attn.{name}_proj" for name in "qkv"]
    output = f"{prefix}self_attn.o_proj"
    return LayerWeights(
        attention_norm=files.read(f"{prefix}input_layernorm.weight").float(),
        qkv=frozen_matrix(files.joined([f"{name}.weight" for name in qkv]), precision),
        qkv_bias=_bias(files, qkv),
        output=frozen_matrix(files.read(f"{output}.weight"), precision),
        output_bias=_bias(files, [output]),
        mlp_norm=files.read(f"{prefix}post_attention_layernorm.weight").float(),
        mlp=_mlp(
            frozen_matrix(
                files.joined([f"{prefix}mlp.{name}_proj.weight" for name in ("gate", "up")]),
                precision,
            ),
            frozen_matrix(files.read(f"{prefix}mlp.down_proj.weight"), precision),
            shape,
        ),
    )


def _bias(files: _Tensors, modules: list[str]) -> torch.Tensor | None:
    names = [f"{module}.bias" for module in modules]
    return files.joined(names).float() if files.has(names[0]) else None


def _mlp(gate_up: FrozenMatrix, down: FrozenMatrix, shape: DecoderShape) -> Mlp:
    if isinstance(gate_up, Int8Matrix) and isinstance(down, Int8Matrix):
        return Int8Mlp(gate_up, down, shape.intermediate)
    return FloatMlp(gate_up, down, shape.intermediate)


def _head(weight: torch.Tensor, shape: DecoderShape, precision: Precision) -> Head:
    matrix = frozen_matrix(weight, precision)
    if isinstance(matrix, Int8Matrix):
        return Int8Head(matrix)
    return ExactHead(matrix, shape.vocabulary)
