"""A random two-layer Qwen2 with an adapter, and rows for it; a step takes milliseconds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from naiad.datasets.tokenizing import TokenizedExample
from naiad.training.config import TrainingConfig
from naiad.training.rows import TrainingRows

VOCABULARY = 50

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("peft")


def tiny_qwen() -> Any:
    """The base model in float32, always the same one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return transformers.Qwen2ForCausalLM(
            transformers.Qwen2Config(
                vocab_size=VOCABULARY,
                hidden_size=16,
                intermediate_size=24,
                num_hidden_layers=2,
                num_attention_heads=2,
                num_key_value_heads=1,
                max_position_embeddings=64,
            )
        )


def tiny_lora_model(config: TrainingConfig, *, base: Any = None) -> Any:
    """The model with a fresh adapter, ready to train."""
    from naiad.training.peft_model import PeftAdapterModel

    return PeftAdapterModel(base or tiny_qwen(), config, padding_id=0)


def random_rows(train: int, evaluation: int = 0) -> TrainingRows:
    """Rows of 4 to 11 tokens; the second half of each is the answer."""
    random = np.random.default_rng(3)

    def row(line: int) -> TokenizedExample:
        ids = random.integers(1, VOCABULARY, size=4 + line % 8).astype(np.int32)
        return TokenizedExample(ids, np.arange(len(ids)) >= len(ids) // 2, line)

    rows = [row(line) for line in range(train + evaluation)]
    return TrainingRows(rows[:train], rows[train:], padding_id=0)
