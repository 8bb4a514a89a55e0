"""Through PEFT the loss and its gradient are what the plain formula says, however rows batch."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from tiny_lora import random_rows, tiny_lora_model, tiny_qwen, torch

from naiad.errors import ConfigError
from naiad.training.adapter_config import adapter_config_json
from naiad.training.config import TrainingConfig
from naiad.training.objective import compute_gradients, mean_loss
from naiad.training.parallel import ALONE
from naiad.training.peft_model import open_peft_model
from naiad.training.rows import loss_tokens

CONFIG = TrainingConfig(lora_rank=2)


@pytest.fixture(scope="module")
def base() -> Any:
    return tiny_qwen()


@pytest.fixture(scope="module")
def model(base: Any) -> Any:
    return tiny_lora_model(CONFIG, base=base)


def _reference_loss(base: Any, row: Any) -> Any:
    """Row alone, all logits, one token after the other."""
    ids = torch.tensor(row.ids, dtype=torch.long)
    log_probabilities = base(input_ids=ids[None]).logits[0].log_softmax(-1)
    counted = [t for t in range(1, len(ids)) if row.loss_mask[t]]
    return -sum(log_probabilities[t - 1, ids[t]] for t in counted)


def test_padding_and_the_skipped_logits_change_nothing(base: Any, model: Any) -> None:
    rows = random_rows(5).train
    with torch.no_grad():
        alone = sum(_reference_loss(base.eval(), row).item() for row in rows)
    assert model.summed_loss(rows) == pytest.approx(alone, rel=1e-5)
    (row,) = random_rows(1).train
    assert loss_tokens([row]) == 2


def test_the_mean_is_over_tokens_and_not_over_batches(base: Any) -> None:
    rows = random_rows(7).train
    with torch.no_grad():
        total = sum(_reference_loss(base.eval(), row).item() for row in rows)
    for batch_size in (1, 3, 8):
        config = dataclasses.replace(CONFIG, batch_size=batch_size)
        measured = mean_loss(tiny_lora_model(config), rows, ALONE)
        assert measured == pytest.approx(total / loss_tokens(rows), rel=1e-5)


def test_gradients_are_those_of_the_plain_mean(base: Any, model: Any) -> None:
    rows = random_rows(5).train
    for parameter in model.parameters:
        parameter.grad = None
    mean = sum(_reference_loss(base, row) for row in rows) / loss_tokens(rows)
    mean.backward()
    expected = [parameter.grad for parameter in model.parameters]
    loss = compute_gradients(model, rows, ALONE, seed=0)
    assert loss == pytest.approx(mean.item(), rel=1e-6)
    for parameter, gradient in zip(model.parameters, expected, strict=True):
        assert torch.allclose(parameter.grad, gradient, atol=1e-6)


def test_equal_seeds_drop_alike_and_the_callers_random_state_stays() -> None:
    dropping = tiny_lora_model(dataclasses.replace(CONFIG, lora_dropout=0.5))
    with torch.no_grad():
        for parameter in dropping.parameters:
            parameter.fill_(0.1)
    rows = random_rows(5).train
    before = torch.get_rng_state()
    losses = [compute_gradients(dropping, rows, ALONE, seed=seed) for seed in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]
    assert torch.equal(torch.get_rng_state(), before)


def test_the_adapters_settings_are_pefts(model: Any) -> None:
    config = dataclasses.replace(CONFIG, lora_rslora=True)
    written = json.loads(adapter_config_json(config, "org/tiny", model.target_modules))
    assert (written["r"], written["lora_alpha"], written["use_rslora"]) == (2, 32.0, True)
    assert (written["peft_type"], written["inference_mode"]) == ("LORA", True)
    assert written["base_model_name_or_path"] == "org/tiny"
    linear = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]
    assert written["target_modules"] == linear


def test_another_precision_than_fp32_is_refused_before_anything_is_loaded(tmp_path: Any) -> None:
    with pytest.raises(ConfigError, match="precision 'int8'") as error:
        open_peft_model(tmp_path, dataclasses.replace(CONFIG, precision="int8"), padding_id=0)
    assert "--precision auto or fp32" in error.value.hint
