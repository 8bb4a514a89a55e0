"""A less exact precision is chosen only where it is clearly faster."""

from __future__ import annotations

import pytest
from tiny_decoders import save_model, torch

from naiad.decoder.architecture import read_config, shape_of, why_unsupported
from naiad.decoder.matrices import PRECISIONS
from naiad.decoder.precision import fastest, product_rates


@pytest.mark.parametrize(
    ("fp32", "bf16", "int8", "chosen"),
    [
        (100, 70, 500, "int8"),
        (100, 70, 40, "fp32"),
        (100, 300, 320, "bf16"),
        (100, 300, 600, "int8"),
        (100, 110, 124, "fp32"),
    ],
)
def test_the_clearly_fastest_is_chosen(fp32: float, bf16: float, int8: float, chosen: str) -> None:
    assert fastest({"fp32": fp32, "bf16": bf16, "int8": int8}) == chosen


def test_every_precision_is_measured(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = save_model(tmp_path_factory.mktemp("model"), "qwen2")
    rates = product_rates(shape_of(read_config(folder)), threads=2)
    assert set(rates) == set(PRECISIONS)
    assert min(rates.values()) > 0
    assert torch.get_num_threads() >= 1


def test_what_cannot_be_computed_by_hand_is_named() -> None:
    import transformers

    assert why_unsupported(transformers.Qwen2Config()) is None
    assert why_unsupported(transformers.GPT2Config()) == "the architecture gpt2"
    assert why_unsupported(transformers.LlamaConfig(mlp_bias=True)) == "biases in the MLP"
    assert why_unsupported(transformers.Qwen2Config(use_sliding_window=True)) == "a sliding window"
    assert why_unsupported(transformers.LlamaConfig(hidden_act="gelu")) == "the activation gelu"
    stretched = transformers.LlamaConfig(
        rope_parameters={"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}
    )
    assert why_unsupported(stretched) == "rotary embeddings of kind dynamic"
