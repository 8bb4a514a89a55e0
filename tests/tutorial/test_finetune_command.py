"""The tutorial's fine-tuning command: every flag arrives, and two real steps make an adapter."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from diagram_generation_on_cpu import diagram_inference
from diagram_generation_on_cpu.diagram_inference import Diagram_LLM2_Adapter
from diagram_generation_on_cpu.mermaid_finetune_cpu import SETTINGS, main, with_underscores
from naiad.training.config import TrainingConfig

REQUIRED = ["--model_name_or_path", "M", "--train_data_path", "F", "--output_dir", "D"]

# A value that is not the default, for every flag.
OTHER_VALUES: dict[str, tuple[list[str], Any]] = {
    "num_train_epochs": (["3"], 3.0),
    "max_steps": (["7"], 7),
    "learning_rate": (["1e-4"], 1e-4),
    "lr_scheduler_type": (["cosine"], "cosine"),
    "warmup_ratio": (["0.1"], 0.1),
    "per_device_train_batch_size": (["2"], 2),
    "gradient_accumulation_steps": (["8"], 8),
    "weight_decay": (["0.01"], 0.01),
    "max_grad_norm": (["0.5"], 0.5),
    "max_seq_length": (["512"], 512),
    "lora_r": (["4"], 4),
    "lora_alpha": (["9"], 9.0),
    "use_rslora": ([], True),
    "lora_dropout": (["0.2"], 0.2),
    "lora_target_modules": (["q_proj", "v_proj"], ("q_proj", "v_proj")),
    "eval_share": (["0.2"], 0.2),
    "eval_steps": (["5"], 5),
    "eval_diagrams": (["3"], 3),
    "save_steps": (["6"], 6),
    "early_stopping_patience": (["2"], 2),
    "instruction": (["Draw."], "Draw."),
    "on_bad_row": (["skip"], "skip"),
    "seed": (["11"], 11),
    "precision": (["fp32"], "fp32"),
    "threads": (["1"], 1),
    "processes": (["2"], 2),
    "report_to": (["none"], "none"),
}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], dict[str, Any]]:
    """Runs the command up to the package's finetune, and gives the arguments that it got."""

    def call(words: list[str]) -> dict[str, Any]:
        received: dict[str, Any] = {}

        def finetune(
            data: Path, model: str, output: Path, config: TrainingConfig, **others: Any
        ) -> None:
            received.update(data=data, model=model, output=output, config=config, **others)
            raise typer.Exit(0)

        monkeypatch.setattr("naiad.workflows.finetune.finetune", finetune)
        assert main(words) == 0
        return received

    return call


def test_every_field_of_the_configuration_has_a_flag() -> None:
    fields = [field.name for field in dataclasses.fields(TrainingConfig)]
    assert sorted(setting.field for setting in SETTINGS) == sorted(fields)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.flag)
@pytest.mark.parametrize("separator", ["_", "-"])
def test_a_flag_sets_its_field_and_no_other(
    setting: Any, separator: str, called: Callable[[list[str]], dict[str, Any]]
) -> None:
    words, value = OTHER_VALUES[setting.flag]
    assert value != getattr(TrainingConfig(), setting.field)
    flag = "--" + setting.flag.replace("_", separator)
    config = called([*REQUIRED, flag, *words])["config"]
    assert config == dataclasses.replace(TrainingConfig(), **{setting.field: value})


def test_no_flag_leaves_every_default_of_the_package(
    called: Callable[[list[str]], dict[str, Any]],
) -> None:
    assert called(REQUIRED)["config"] == TrainingConfig()


def test_the_last_of_a_repeated_flag_counts_so_that_the_scripts_can_be_overridden(
    called: Callable[[list[str]], dict[str, Any]],
) -> None:
    received = called([*REQUIRED, "--num_train_epochs", "3", "--num_train_epochs", "1"])
    assert received["config"].epochs == 1.0


def test_target_modules_may_stand_between_commas(
    called: Callable[[list[str]], dict[str, Any]],
) -> None:
    config = called([*REQUIRED, "--lora_target_modules", "q_proj,k_proj"])["config"]
    assert config.lora_target_modules == ("q_proj", "k_proj")


def test_files_and_switches_arrive(called: Callable[[list[str]], dict[str, Any]]) -> None:
    switches = ["--resume_from_checkpoint", "--overwrite_output_dir", "--estimate"]
    received = called([*REQUIRED, "--eval_data_path", "E", *switches])
    assert (received["data"], received["model"], received["output"]) == (Path("F"), "M", Path("D"))
    assert received["evaluation_data"] == Path("E")
    assert received["resume"] is received["overwrite"] is received["estimate_only"] is True
    plain = called(REQUIRED)
    assert plain["evaluation_data"] is None
    assert plain["resume"] is plain["overwrite"] is plain["estimate_only"] is False


def test_the_cache_folder_is_where_models_are_kept(
    called: Callable[[list[str]], dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from naiad.models.store import ModelStore

    monkeypatch.setenv("NAIAD_HOME", "elsewhere")
    monkeypatch.setenv("HF_HUB_CACHE", "elsewhere")
    called([*REQUIRED, "--cache_dir", str(tmp_path)])
    assert ModelStore().home == tmp_path / "models"


def test_logging_steps_says_how_often_a_line_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from naiad.training.report import StepReport

    def finetune(*_: object, on_progress: Callable[[StepReport], None], **__: object) -> None:
        for step in range(1, 9):
            on_progress(StepReport(step, 8, 0.5, 1.25, 1e-4, 1.0, 100, 2.0, 50.0))
        raise typer.Exit(0)

    monkeypatch.setattr("naiad.workflows.finetune.finetune", finetune)
    main([*REQUIRED, "--logging_steps", "3"])
    steps = [line.split()[1] for line in capsys.readouterr().err.splitlines()]
    assert steps == ["1", "3", "6", "8"]


@pytest.mark.parametrize("words", [["--no_such_flag"], ["--logging_steps", "0"]], ids=str)
def test_an_unknown_flag_is_an_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([*REQUIRED, *words])
    assert left.value.code == 2
    assert "mermaid_finetune_cpu.py: error: " in capsys.readouterr().err


def test_everything_out_of_range_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*REQUIRED, "--learning_rate", "0", "--lora_r", "0"]) == 2
    message = capsys.readouterr().err
    assert "learning_rate 0.0" in message
    assert "lora_rank 0" in message


def test_a_missing_data_file_is_an_error_and_nothing_takes_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing, output = tmp_path / "none.jsonl", tmp_path / "adapter"
    words = ["--model_name_or_path", "smollm2-135m", "--train_data_path", str(missing)]
    assert main([*words, "--output_dir", str(output)]) == 2
    assert f"error: no such file: {missing}" in capsys.readouterr().err
    assert not output.exists()


def test_values_keep_their_dashes() -> None:
    assert with_underscores(["--lora-r=8", "a-b", "--output-dir", "x-y"]) == [
        "--lora_r=8",
        "a-b",
        "--output_dir",
        "x-y",
    ]


@pytest.mark.model
def test_two_real_steps_make_an_adapter_that_the_app_s_class_loads(
    smol_gguf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, adapter = tmp_path / "rows.jsonl", tmp_path / "mermaid_lora"
    rows = [
        {"prompt": f"Pie chart: tea {n}, coffee {n + 1}", "completion": f'pie\n "tea" : {n}'}
        for n in range(4)
    ]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    words = ["--model_name_or_path", str(smol_gguf), "--train_data_path", str(data)]
    words += ["--output_dir", str(adapter), "--max_steps", "2", "--logging_steps", "1"]
    words += ["--per_device_train_batch_size", "1", "--eval_share", "0", "--lora_r", "4"]
    words += ["--lora_target_modules", "q_proj", "v_proj"]
    assert main(words) == 0

    printed = capsys.readouterr()
    assert "step 1 of 2" in printed.err
    assert "step 2 of 2" in printed.err
    assert f"adapter: {adapter}" in printed.out
    config = json.loads((adapter / "adapter_config.json").read_text("utf-8"))
    assert (config["r"], sorted(config["target_modules"])) == (4, ["q_proj", "v_proj"])
    record = json.loads((adapter / "naiad.json").read_text("utf-8"))
    assert record["config"]["max_steps"] == 2

    model = Diagram_LLM2_Adapter(str(adapter))
    assert model.generate("Pie chart: tea 1, coffee 2").startswith("pie")
    model.close()
    words = ["--lora_path", str(adapter), "--limit", "1", "--max-new-tokens", "8"]
    assert diagram_inference.main(words) in (0, 1)
    assert f"adapter: {adapter}" in capsys.readouterr().err

    # The record names the base file without its folder; only the hash of a known model says more.
    (adapter / "naiad.json").write_text(json.dumps(record | {"base_gguf_sha256": "0" * 64}))
    assert diagram_inference.main(words) == 2
    assert "name the file or folder of that model with --model" in capsys.readouterr().err
