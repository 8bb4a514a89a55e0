"""`naiad train`: every setting reaches the run, and every ending has its exit status."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from naiad.cli.app import app
from naiad.datasets.findings import AnswerCheck
from naiad.datasets.splitting import Duplicates
from naiad.datasets.token_check import TokenCheck
from naiad.errors import ConfigError
from naiad.models.catalog import DEFAULT_MODEL
from naiad.training.config import TrainingConfig
from naiad.training.preflight import DataSummary
from naiad.training.report import TrainingOutcome
from naiad.workflows import finetune as finetune_module
from naiad.workflows.finetune import FinetuneResult

runner = CliRunner()
SUMMARY = DataSummary(
    train_rows=9,
    evaluation_rows=1,
    left_out=(),
    tokens=TokenCheck(900, 300, 90, 100, 100, 4, "<|im_end|>", (), ()),
    duplicates=Duplicates((), ()),
    leaks=(),
    instructions=1,
    answers=AnswerCheck(10, 10, (), {"pie": 10}, 10, ()),
)
OUTCOME = TrainingOutcome(8, 8, 12.0, 3.0, 1.0, 0.9, 8, "finished", 10**9)

# One value for each field that is not its default, as typed and as it must arrive; a switch is
# typed without one.
VALUES: dict[str, tuple[str | None, Any]] = {
    "epochs": ("1.5", 1.5),
    "max_steps": ("7", 7),
    "learning_rate": ("1e-3", 1e-3),
    "schedule": ("cosine", "cosine"),
    "warmup_share": ("0.5", 0.5),
    "batch_size": ("3", 3),
    "gradient_accumulation_steps": ("5", 5),
    "weight_decay": ("0.1", 0.1),
    "max_grad_norm": ("0", 0.0),
    "max_tokens": ("99", 99),
    "instruction": ("Draw it.", "Draw it."),
    "lora_rank": ("2", 2),
    "lora_alpha": ("6", 6.0),
    "lora_rslora": (None, True),
    "lora_dropout": ("0.3", 0.3),
    "lora_target_modules": ("q_proj, v_proj", ("q_proj", "v_proj")),
    "evaluation_share": ("0", 0.0),
    "evaluate_every_steps": ("11", 11),
    "evaluation_diagrams": ("3", 3),
    "save_every_steps": ("12", 12),
    "early_stopping_patience": ("2", 2),
    "on_bad_row": ("skip", "skip"),
    "seed": ("42", 42),
    "precision": ("bf16", "bf16"),
    "threads": ("1", 1),
    "processes": ("2", 2),
    "tracker": ("tensorboard,trackio", "tensorboard,trackio"),
}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Arguments of each call of the workflow."""
    seen: list[dict[str, Any]] = []

    def finetune(data: Path, model: str, output: Path, config: Any, **rest: Any) -> Any:
        seen.append({"data": data, "model": model, "output": output, "config": config, **rest})
        outcome = None if rest["estimate_only"] else OUTCOME
        return FinetuneResult(output or Path(), model, SUMMARY, None, outcome)

    monkeypatch.setattr(finetune_module, "finetune", finetune)
    return seen


def test_every_field_has_a_value_here() -> None:
    assert list(VALUES) == [field.name for field in dataclasses.fields(TrainingConfig)]


@pytest.mark.parametrize("field", VALUES)
def test_every_setting_reaches_the_run(calls: list[dict[str, Any]], field: str) -> None:
    typed, expected = VALUES[field]
    words = ["--" + field.replace("_", "-"), *([] if typed is None else [typed])]
    result = runner.invoke(app, ["train", "rows.jsonl", "-o", "out", *words])
    assert result.exit_code == 0, result.output
    assert getattr(TrainingConfig(), field) != expected
    assert calls[0]["config"] == dataclasses.replace(TrainingConfig(), **{field: expected})


@pytest.mark.parametrize("field", VALUES)
def test_every_setting_can_stand_in_a_file(
    calls: list[dict[str, Any]], tmp_path: Path, field: str
) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({field: VALUES[field][1]}))
    runner.invoke(app, ["train", "rows.jsonl", "-o", "out", "--config", str(file)])
    assert calls[0]["config"] == dataclasses.replace(TrainingConfig(), **{field: VALUES[field][1]})


def test_an_option_wins_over_the_file(calls: list[dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("seed = 3\nbatch_size = 8\n")
    command = ["train", "rows.jsonl", "-o", "out", "--config", str(file), "--seed", "4"]
    runner.invoke(app, command)
    assert calls[0]["config"] == TrainingConfig(seed=4, batch_size=8)


def test_every_other_option_reaches_the_run(calls: list[dict[str, Any]]) -> None:
    command = ["train", "rows.jsonl", "--model", "smollm2-135m", "--output", "out"]
    runner.invoke(app, [*command, "--eval-data", "eval.jsonl", "--resume", "--overwrite"])
    call = calls[0]
    assert (call["data"], call["model"]) == (Path("rows.jsonl"), "smollm2-135m")
    assert (call["output"], call["evaluation_data"]) == (Path("out"), Path("eval.jsonl"))
    assert (call["resume"], call["overwrite"], call["estimate_only"]) == (True, True, False)


def test_the_model_has_the_same_default_everywhere(calls: list[dict[str, Any]]) -> None:
    runner.invoke(app, ["train", "rows.jsonl", "-o", "out"])
    assert calls[0]["model"] == DEFAULT_MODEL


def test_an_estimate_needs_no_output(calls: list[dict[str, Any]]) -> None:
    result = runner.invoke(app, ["train", "rows.jsonl", "--estimate", "--json"])
    assert result.exit_code == 0
    assert calls[0]["estimate_only"] is True
    assert json.loads(result.stdout)["outcome"] is None


def test_a_run_without_output_is_refused_before_it_starts(calls: list[dict[str, Any]]) -> None:
    result = runner.invoke(app, ["train", "rows.jsonl"])
    assert result.exit_code == 2
    assert calls == []


def test_all_wrong_settings_are_one_error(calls: list[dict[str, Any]]) -> None:
    command = ["train", "rows.jsonl", "-o", "out", "--batch-size", "0", "--seed", "-1"]
    result = runner.invoke(app, command)
    assert isinstance(result.exception, ConfigError)
    assert "batch_size 0" in result.exception.message
    assert "seed -1" in result.exception.message
    assert calls == []


def test_the_result_is_one_json_document(calls: list[dict[str, Any]]) -> None:
    result = runner.invoke(app, ["train", "rows.jsonl", "-o", "out", "--json"])
    document = json.loads(result.stdout)
    assert document["complete"] is True
    assert document["outcome"] == dataclasses.asdict(OUTCOME)


def test_the_picture_of_the_losses_is_named_where_there_is_one(
    calls: list[dict[str, Any]], tmp_path: Path
) -> None:
    command = ["train", "rows.jsonl", "-o", str(tmp_path)]
    assert "its losses" not in runner.invoke(app, command).stdout
    (tmp_path / "losses.svg").write_text("<svg/>")
    assert f"its losses: {tmp_path / 'losses.svg'}" in runner.invoke(app, command).stdout


def test_a_stopped_run_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = dataclasses.replace(OUTCOME, steps=5, stopped="asked")
    monkeypatch.setattr(
        finetune_module,
        "finetune",
        lambda *a, **k: FinetuneResult(Path("out"), "m", SUMMARY, None, stopped),
    )
    result = runner.invoke(app, ["train", "rows.jsonl", "-o", "out"])
    assert result.exit_code == 130
    assert "stopped after step 5 of 8" in result.stderr
    assert "--resume" in result.stderr
