"""Fine-tuning for real on SmolLM2: the folder, the record, a kill, and every refusal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from naiad.datasets import read_examples
from naiad.errors import (
    ConfigError,
    DatasetError,
    ExampleTooLong,
    ModelUnavailable,
    StorageError,
    TrainingError,
)
from naiad.generation.cores import patient_openmp
from naiad.lora import check_fits, load_adapter
from naiad.models.hub import offline_variable
from naiad.models.store import ModelStore
from naiad.training.config import TrainingConfig
from naiad.training.preflight import DataSummary
from naiad.training.report import Notice, StepReport, TrainingEstimate
from naiad.workflows.finetune import finetune

pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
with patient_openmp():
    pytest.importorskip("torch", reason="training needs naiad[train]")

MODEL = "smollm2-135m"
SETTINGS: dict[str, Any] = {
    "max_steps": 6,
    "batch_size": 2,
    "lora_rank": 4,
    "lora_target_modules": ["q_proj", "v_proj"],
    "evaluation_share": 0.2,
    "evaluate_every_steps": 3,
    "save_every_steps": 1,
    "threads": 1,
}
CONFIG = TrainingConfig(**{**SETTINGS, "lora_target_modules": ("q_proj", "v_proj")})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, smol_gguf: Path) -> Path:
    path = tmp_path_factory.mktemp("data") / "rows.jsonl"
    rows = [
        {"system": "Draw.", "prompt": f"Box {a} to {b}", "completion": f"flowchart LR\n {a}-->{b}"}
        for a, b in zip("ABCDEFGH", "KLMNOPQR", strict=True)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """(result, events) of one uninterrupted run."""
    events: list[Any] = []
    output = tmp_path_factory.mktemp("runs") / "whole"
    return finetune(data, MODEL, output, CONFIG, on_progress=events.append), events


def test_the_folder_is_a_peft_adapter_with_everything_beside_it(trained: Any) -> None:
    result, events = trained
    assert {path.name for path in result.output.iterdir()} == {
        "adapter_model.safetensors",
        "adapter_config.json",
        "naiad.json",
        "README.md",
        "log.jsonl",
        "losses.png",
        "losses.svg",
        "tensorboard",
    }
    settings = json.loads((result.output / "adapter_config.json").read_text())
    assert settings["base_model_name_or_path"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert (settings["r"], settings["target_modules"]) == (4, ["q_proj", "v_proj"])
    steps = [event for event in events if isinstance(event, StepReport)]
    assert [step.step for step in steps] == [1, 2, 3, 4, 5, 6]
    assert result.outcome.last_loss < result.outcome.first_loss


def test_the_record_says_how_to_make_it_again(trained: Any, data: Path) -> None:
    result, _ = trained
    adapter = load_adapter(result.output)
    record = adapter.record
    assert record is not None
    model = ModelStore().resolve(MODEL)
    assert (record.base_name, record.base_gguf_sha256) == (MODEL, model.sha256)
    assert record.instruction == "Draw."
    decided = record.config["precision"]
    assert decided in ("fp32", "int8", "bf16")
    assert record.config == {**CONFIG.as_dict(), "precision": decided}
    rows = record.data["train_rows"] + record.data["evaluation_rows"]
    assert (rows, list(record.data["files"])) == (8, [data.name])
    assert record.versions.keys() == {"naiad", "torch", "transformers", "peft", "tensorboard"}
    check_fits(adapter, model)


def test_no_path_of_this_machine_is_in_the_folder(trained: Any, data: Path) -> None:
    result, _ = trained
    for path in result.output.glob("*.*"):
        assert str(Path.home()).encode() not in path.read_bytes(), path.name
        assert str(data.parent).encode() not in path.read_bytes(), path.name


def test_time_and_memory_are_told_before_the_first_step(trained: Any) -> None:
    result, events = trained
    kinds = [type(event) for event in events if not isinstance(event, Notice)]
    assert kinds[:3] == [DataSummary, TrainingEstimate, StepReport]
    assert result.estimate.steps == 6
    # Its weights alone are 135 M float32.
    assert result.estimate.peak_memory_bytes > 4 * 134_000_000


def test_an_estimate_writes_nothing(data: Path, tmp_path: Path) -> None:
    result = finetune(data, MODEL, tmp_path / "out", CONFIG, estimate_only=True)
    assert result.estimate is not None
    assert result.outcome is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_a_killed_run_resumes_and_ends_with_the_same_bytes(
    trained: Any, data: Path, tmp_path: Path
) -> None:
    output, settings = tmp_path / "out", tmp_path / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    command = [sys.executable, "-m", "naiad.cli.app", "train", str(data), "--model", MODEL]
    run = subprocess.Popen(
        [*command, "--output", str(output), "--config", str(settings)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    # After its second step it is writing that step's checkpoint: the worst moment.
    _wait_for(run, lambda: _logged_steps(output) >= 2)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert not (output / "adapter_model.safetensors").exists()

    events: list[Any] = []
    result = finetune(data, MODEL, output, CONFIG, resume=True, on_progress=events.append)
    assert next(e.step for e in events if isinstance(e, StepReport)) in (2, 3, 4, 5, 6)
    assert result.outcome is not None
    assert result.outcome.steps == 6
    name = "adapter_model.safetensors"
    assert (output / name).read_bytes() == (trained[0].output / name).read_bytes()


def _logged_steps(output: Path) -> int:
    path = output / "log.jsonl"
    return path.read_text().count('"loss"') if path.exists() else 0


def _wait_for(run: subprocess.Popen[bytes], happened: Any, timeout_s: float = 300) -> None:
    deadline = time.monotonic() + timeout_s
    while not happened():
        assert run.poll() is None, run.stderr.read().decode() if run.stderr else ""
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_long_row_is_an_error_that_names_its_line(data: Path, tmp_path: Path) -> None:
    longer = tmp_path / "rows.jsonl"
    row = {"system": "Draw.", "prompt": "x " * 300, "completion": "pie"}
    longer.write_text(json.dumps(row) + "\n" + data.read_text())
    short = TrainingConfig(max_tokens=64)
    with pytest.raises(ExampleTooLong, match=r"1 rows have more than 64 tokens: line 1"):
        finetune(longer, MODEL, tmp_path / "out", short)
    assert not (tmp_path / "out").exists()


def test_what_is_odd_about_the_data_is_said(data: Path, tmp_path: Path) -> None:
    odd = tmp_path / "rows.jsonl"
    rows = [
        {"prompt": "Box A to K", "completion": "flowchart LR\n A-->K"},
        {"prompt": "box a to k", "completion": "flowchart LR\n A-->K"},
        {"prompt": "nothing", "completion": "no diagram at all"},
        {"prompt": ""},
    ]
    odd.write_text("".join(json.dumps(row) + "\n" for row in rows))
    events: list[Any] = []
    config = TrainingConfig(
        max_steps=1, batch_size=1, on_bad_row="skip", evaluation_share=0.0, threads=1
    )
    finetune(odd, MODEL, None, config, estimate_only=True, on_progress=events.append)
    (summary,) = (event for event in events if isinstance(event, DataSummary))
    assert summary.left_out == (f"{odd}:4: the prompt is empty",)
    assert summary.duplicates.same_row == ((1, 2),)
    assert [(each.line, each.type) for each in summary.answers.invalid] == [(3, None)]
    assert [each.what for each in summary.findings() if each.advice] == [
        "rows left out",
        "duplicates",
        "answers that parse",
    ]


def test_a_model_is_fetched_before_the_network_is_switched_off(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []

    def resolve(store: ModelStore, name: str, **options: Any) -> Any:
        seen.append(offline_variable())
        raise ModelUnavailable("the test ends here")

    monkeypatch.setattr(ModelStore, "resolve", resolve)
    for name in ("HF_HUB_OFFLINE", "NAIAD_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModelUnavailable):
        finetune(data, "owner/model", estimate_only=True)
    assert seen == [None]


def test_refusals_come_before_the_model_is_touched(data: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no folder to write"):
        finetune(data, "no-such-model", None)
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{\n")
    with pytest.raises(DatasetError, match=r"broken\.jsonl:1: not JSON"):
        finetune(broken, "no-such-model", tmp_path / "out")
    with pytest.raises(StorageError, match=r"holds other files \(broken\.jsonl\)"):
        finetune(data, "no-such-model", tmp_path)


def test_what_the_fast_trainer_cannot_do_goes_through_peft_and_is_said(data: Path) -> None:
    config = TrainingConfig(lora_target_modules=("nothing_proj",))
    events: list[Any] = []
    with pytest.raises(ConfigError, match="nothing_proj"):
        finetune(data, MODEL, None, config, estimate_only=True, on_progress=events.append)
    said = [event.text for event in events if isinstance(event, Notice)]
    assert "training through PEFT, which is slower, because of an adapter for nothing_proj" in said
    assert len(list(read_examples(data))) == 8


def test_a_precision_that_peft_does_not_have_is_not_replaced(data: Path) -> None:
    config = TrainingConfig(lora_target_modules=("nothing_proj",), precision="int8")
    with pytest.raises(ConfigError, match="precision 'int8'"):
        finetune(data, MODEL, None, config, estimate_only=True)
