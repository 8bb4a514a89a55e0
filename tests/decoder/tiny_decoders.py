"""Random two-layer models of both architectures, rows for them, and PEFT's answer to the rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
peft = pytest.importorskip("peft")
pytest.importorskip("numba")

from naiad.decoder.adapter import MODULES, AdapterLayout  # noqa: E402
from naiad.decoder.decoder import Decoder  # noqa: E402
from naiad.decoder.dropout import NO_DROPOUT, Dropout  # noqa: E402

VOCABULARY = 300
RANK = 3
SCALE = 2.0

SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}
STRETCHED = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}


@dataclass(frozen=True)
class Row:
    ids: Any
    loss_mask: Any

    def __len__(self) -> int:
        return len(self.ids)


def save_model(folder: Path, kind: str) -> Path:
    """kind: qwen2 (biases, tied), llama (untied), llama3 (stretched, biases, wide heads)."""
    transformers.set_seed(7)
    if kind == "qwen2":
        config = transformers.Qwen2Config(**SIZES, tie_word_embeddings=True)
        model = transformers.Qwen2ForCausalLM(config)
    else:
        extra = {"rope_parameters": STRETCHED, "attention_bias": True, "head_dim": 32}
        config = transformers.LlamaConfig(
            **SIZES, tie_word_embeddings=False, **(extra if kind == "llama3" else {})
        )
        model = transformers.LlamaForCausalLM(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            # Larger than transformers' own first weights, so that every part has an effect.
            center = 1.0 if "norm" in name else 0.0
            parameter.normal_(center, 0.15)
    model.save_pretrained(folder)
    return folder


def random_rows(lengths: tuple[int, ...], prefix: int = 6, seed: int = 0) -> list[Row]:
    """Rows with a common beginning; the second half of each is the answer."""
    random = np.random.default_rng(seed)
    start = random.integers(1, VOCABULARY, prefix)
    rows = []
    for length in lengths:
        own = random.integers(1, VOCABULARY, length - prefix)
        ids = np.concatenate([start, own]).astype(np.int32)
        rows.append(Row(ids, np.arange(length) >= max(prefix + 1, length // 2)))
    return rows


def loss_tokens(rows: list[Row]) -> int:
    return sum(int(row.loss_mask[1:].sum()) for row in rows)


class TinyDecoder:
    """A decoder with a random adapter, and what PEFT computes with the same."""

    def __init__(
        self,
        folder: Path,
        precision: str = "fp32",
        *,
        threads: int = 1,
        targets: tuple[str, ...] = MODULES,
        dropout: float = 0.0,
    ) -> None:
        self.folder, self.targets, self.dropout = folder, targets, dropout
        self.decoder = Decoder(folder, precision, threads)
        self.layout = AdapterLayout(self.decoder.shape, targets, RANK)
        generator = torch.Generator().manual_seed(11)
        self.adapter = torch.randn(self.layout.elements, generator=generator) * 0.1

    def loss_and_gradient(self, rows: list[Row], seed: int = 0) -> tuple[float, Any]:
        into = torch.zeros_like(self.adapter)
        loss = self.decoder.add_gradients(
            rows,
            self.layout,
            self.adapter,
            SCALE,
            weight=1 / loss_tokens(rows),
            dropout=Dropout(self.dropout, seed) if self.dropout else NO_DROPOUT,
            into=into,
        )
        return loss / loss_tokens(rows), into

    def loss(self, rows: list[Row]) -> float:
        summed = self.decoder.summed_loss(rows, self.layout, self.adapter, SCALE)
        return summed / loss_tokens(rows)

    def peft_loss_and_gradient(self, rows: list[Row]) -> tuple[float, Any]:
        """Row by row, all logits, with autograd."""
        base = transformers.AutoModelForCausalLM.from_pretrained(self.folder, dtype=torch.float32)
        config = peft.LoraConfig(
            task_type="CAUSAL_LM", r=RANK, lora_alpha=RANK * SCALE, target_modules=self.targets
        )
        model = peft.get_peft_model(base, config)
        peft.set_peft_model_state_dict(model, dict(self.layout.tensors(self.adapter)))
        total = 0.0
        for row in rows:
            ids = torch.from_numpy(row.ids).long()
            counted = torch.from_numpy(row.loss_mask[1:])
            logits = model(input_ids=ids[None]).logits[0, :-1][counted]
            loss = torch.nn.functional.cross_entropy(logits, ids[1:][counted], reduction="sum")
            (loss / loss_tokens(rows)).backward()
            total += loss.item()
        gradient = torch.zeros_like(self.adapter)
        of_name = {n: p.grad for n, p in model.named_parameters() if p.requires_grad}
        for name, tensor in self.layout.tensors(gradient):
            tensor.copy_(of_name[name.replace(".weight", ".default.weight")])
        return total / loss_tokens(rows), gradient


def relative_error(value: Any, reference: Any) -> float:
    return float((value - reference).norm() / reference.norm())


def cosine(first: Any, second: Any) -> float:
    return float(torch.nn.functional.cosine_similarity(first.double(), second.double(), dim=0))
