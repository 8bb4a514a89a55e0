"""Which decoders can be computed by hand, and their sizes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

_ARCHITECTURES = ("qwen2", "llama")
_ROTARY_KINDS = ("default", "linear", "llama3", "yarn")
"""Rotary embeddings whose angles depend on the position alone."""


@dataclass(frozen=True)
class DecoderShape:
    """Sizes of a decoder: L layers, H wide, I wide inside, V tokens, D a head."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    norm_epsilon: float
    tied: bool
    """The output head is the embedding."""

    @property
    def query_columns(self) -> int:
        return self.heads * self.head_dim

    @property
    def key_columns(self) -> int:
        """Columns of the keys, and of the values."""
        return self.kv_heads * self.head_dim

    @property
    def layer_matrix_elements(self) -> int:
        """Elements of the frozen matrices of one layer."""
        attention = self.hidden * 2 * (self.query_columns + self.key_columns)
        return attention + 3 * self.hidden * self.intermediate

    @property
    def head_elements(self) -> int:
        return self.hidden * self.vocabulary


def read_config(folder: Path) -> Any:
    """transformers' configuration of a model folder. Raises OSError, ValueError."""
    return transformers.AutoConfig.from_pretrained(folder, local_files_only=True)


def why_unsupported(config: Any) -> str | None:
    """Why a model of this configuration cannot be computed here; None if it can."""
    if config.model_type not in _ARCHITECTURES:
        return f"the architecture {config.model_type}"
    rotary = _rotary_kind(config)
    reasons = [
        (config.hidden_act != "silu", f"the activation {config.hidden_act}"),
        (getattr(config, "use_sliding_window", False), "a sliding window"),
        (getattr(config, "mlp_bias", False), "biases in the MLP"),
        (getattr(config, "quantization_config", None) is not None, "quantized weights"),
        (rotary not in _ROTARY_KINDS, f"rotary embeddings of kind {rotary}"),
    ]
    return next((reason for holds, reason in reasons if holds), None)


def shape_of(config: Any) -> DecoderShape:
    """Sizes of a supported configuration."""
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return DecoderShape(
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        intermediate=config.intermediate_size,
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head_dim=head_dim,
        vocabulary=config.vocab_size,
        norm_epsilon=config.rms_norm_eps,
        tied=bool(config.tie_word_embeddings),
    )


class RotaryTable:
    """Cosine and sine of every angle up to a position, as transformers computes them."""

    def __init__(self, config: Any) -> None:
        rotary = transformers.models.llama.modeling_llama.LlamaRotaryEmbedding
        self._embedding = rotary(config)
        self._cosine = self._sine = torch.empty(0, 0)

    def reach(self, positions: int) -> None:
        """Make the table hold at least that many positions; not while it is being read."""
        if len(self._cosine) >= positions:
            return
        like = torch.empty(0, dtype=torch.float32)
        cosine, sine = self._embedding(like, torch.arange(positions)[None])
        half = cosine.shape[-1] // 2
        self._cosine = cosine[0, :, :half].float().contiguous()
        self._sine = sine[0, :, :half].float().contiguous()

    def at(self, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines, (T, D / 2) each."""
        return self._cosine[positions], self._sine[positions]


def _rotary_kind(config: Any) -> str:
    parameters = getattr(config, "rope_parameters", None) or {}
    return str(parameters.get("rope_type", "default"))
