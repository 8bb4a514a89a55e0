"""One configuration: every problem at once, no unknown name, every field used."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path
from typing import Any

import pytest

import naiad
from naiad.errors import ConfigError, InputError
from naiad.training.config import (
    TrainingConfig,
    config_from,
    field_documentation,
    read_settings,
)

FIELDS = [field.name for field in dataclasses.fields(TrainingConfig)]
SOURCE = Path(naiad.__file__).parent


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(ConfigError) as error:
        TrainingConfig(epochs=0, learning_rate=float("nan"), schedule="step", lora_rank=0)
    assert error.value.message == (
        "training settings: epochs 0 must be from above 0 to 10,000; "
        "learning_rate nan must be above 0 and at most 1; "
        "schedule 'step' must be one of linear, cosine, constant; "
        "lora_rank 0 must be from 1 to 1024"
    )


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_steps", 0),
        ("warmup_share", 1.5),
        ("batch_size", 0),
        ("gradient_accumulation_steps", 0),
        ("weight_decay", -0.1),
        ("max_grad_norm", -1.0),
        ("max_tokens", 1),
        ("lora_alpha", 0.0),
        ("lora_dropout", 1.0),
        ("lora_target_modules", ()),
        ("lora_target_modules", ("all-linear", "q_proj")),
        ("evaluation_share", 0.9),
        ("evaluate_every_steps", 0),
        ("save_every_steps", 0),
        ("early_stopping_patience", 0),
        ("on_bad_row", "ignore"),
        ("seed", -1),
        ("threads", 0),
        ("precision", "fp16"),
        ("processes", 0),
        ("lora_rslora", 1),
        ("batch_size", "4"),
        ("seed", True),
        ("max_steps", 2.5),
        ("learning_rate", None),
    ],
)
def test_a_value_out_of_range_is_named(setting: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=setting):
        TrainingConfig(**{setting: value})


def test_an_unknown_setting_is_an_error() -> None:
    with pytest.raises(ConfigError, match="unknown training settings: lr, rank"):
        config_from({"rank": 4, "lr": 1e-4, "seed": 1})


def test_toml_and_json_give_the_same_configuration(tmp_path: Path) -> None:
    toml, json = tmp_path / "a.toml", tmp_path / "a.json"
    toml.write_text('epochs = 3\nlora_target_modules = ["q_proj", "v_proj"]\n')
    json.write_text('{"epochs": 3, "lora_target_modules": ["q_proj", "v_proj"]}')
    expected = TrainingConfig(epochs=3, lora_target_modules=("q_proj", "v_proj"))
    assert config_from(read_settings(toml)) == config_from(read_settings(json)) == expected


def test_a_configuration_survives_its_own_record() -> None:
    config = TrainingConfig(lora_target_modules=("q_proj",), max_steps=3)
    assert config_from(config.as_dict()) == config


@pytest.mark.parametrize(("name", "text"), [("a.toml", "epochs ="), ("a.json", "[1]")])
def test_a_broken_file_is_named(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError, match=name):
        read_settings(path)
    with pytest.raises(InputError, match="no such file"):
        read_settings(tmp_path / "nothing.toml")


def test_every_field_has_one_line_of_documentation() -> None:
    documentation = field_documentation()
    assert list(documentation) == FIELDS
    assert all(text.endswith(".") for text in documentation.values())


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_read_where_it_works(field: str) -> None:
    read = {
        node.attr
        for room in ("training", "workflows")
        for path in (SOURCE / room).glob("*.py")
        if path.name != "config.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name | ast.Attribute)
        and (node.value.id if isinstance(node.value, ast.Name) else node.value.attr)
        in ("config", "_config")
    }
    assert field in read
