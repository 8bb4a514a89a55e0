"""The fast model and PEFT's are one to the loop: the same losses, gradients and weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from tiny_lora import random_rows, torch, transformers

pytest.importorskip("numba")

from naiad.errors import TrainingError
from naiad.training.config import TrainingConfig
from naiad.training.fast_model import open_fast_model, why_not_fast
from naiad.training.peft_model import open_peft_model
from naiad.training.report import Notice
from naiad.training.rows import loss_tokens

CONFIG = TrainingConfig(lora_rank=4, lora_alpha=6.0, precision="fp32", threads=2, batch_size=2)
ROWS = random_rows(train=5).train


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    transformers.set_seed(1)
    model = transformers.Qwen2ForCausalLM(
        transformers.Qwen2Config(
            vocab_size=50,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
        )
    )
    path = tmp_path_factory.mktemp("model")
    model.save_pretrained(path)
    return path


def _ignore(event: Any) -> None:
    pass


def _gradients(model: Any) -> tuple[float, dict[str, Any]]:
    """Loss, and what one plain descent step changes, by PEFT's names."""
    before = model.adapter_weights()
    for parameter in model.parameters:
        parameter.grad = torch.zeros_like(parameter)
    loss = model.add_gradients(ROWS, loss_tokens=loss_tokens(ROWS), seed=0)
    with torch.no_grad():
        for parameter in model.parameters:
            parameter.sub_(parameter.grad)
    after = model.adapter_weights()
    model.set_adapter_weights(before)
    return loss, {name: before[name] - after[name] for name in before}


@pytest.mark.parametrize("rslora", [False, True])
def test_scale_and_gradients_are_pefts(folder: Path, rslora: bool) -> None:
    config = dataclasses.replace(CONFIG, lora_rslora=rslora)
    fast = open_fast_model(folder, config, _ignore)
    slow = open_peft_model(folder, config, padding_id=0)
    weights = {name: torch.randn_like(t) * 0.3 for name, t in fast.adapter_weights().items()}
    fast.set_adapter_weights(weights)
    slow.set_adapter_weights(weights)
    assert fast.target_modules == slow.target_modules
    (loss, gradients), (expected_loss, expected) = _gradients(fast), _gradients(slow)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    assert fast.summed_loss(ROWS) == pytest.approx(slow.summed_loss(ROWS), rel=1e-5)
    assert gradients.keys() == expected.keys()
    for name, gradient in gradients.items():
        assert torch.allclose(gradient, expected[name], rtol=1e-3, atol=1e-5), name


def test_a_fresh_adapter_changes_nothing_and_depends_on_the_seed(folder: Path) -> None:
    first, again = (open_fast_model(folder, CONFIG, _ignore).adapter_weights() for _ in "12")
    other = open_fast_model(folder, dataclasses.replace(CONFIG, seed=1), _ignore).adapter_weights()
    for name, tensor in first.items():
        assert torch.equal(tensor, again[name])
        if "lora_B" in name:
            assert not tensor.any()
        else:
            assert not torch.equal(tensor, other[name])


def test_an_automatic_precision_says_what_was_measured(folder: Path) -> None:
    notices: list[Any] = []
    model = open_fast_model(folder, dataclasses.replace(CONFIG, precision="auto"), notices.append)
    assert [type(notice) for notice in notices] == [Notice]
    assert notices[0].text.startswith(f"precision {model.precision}: billion operations a second")
    assert model.description == f"{model.precision} on 2 threads"


def test_other_modules_and_models_need_peft(folder: Path, tmp_path: Path) -> None:
    assert why_not_fast(folder, CONFIG) is None
    named = dataclasses.replace(CONFIG, lora_target_modules=("q_proj", "lm_head"))
    assert why_not_fast(folder, named) == "an adapter for lm_head"
    transformers.GPT2Config().save_pretrained(tmp_path)
    assert why_not_fast(tmp_path, CONFIG) == "the architecture gpt2"


def test_missing_weights_are_one_clear_error(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    with pytest.raises(TrainingError, match=f"cannot load the model in {tmp_path}"):
        open_fast_model(tmp_path, CONFIG, _ignore)
