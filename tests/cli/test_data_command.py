"""`naiad data`: what it prints and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from naiad.cli.app import app
from naiad.errors import InputError

GOOD = {"prompt": "a to b", "completion": "flowchart LR\n  a --> b"}
runner = CliRunner()


def _file(folder: Path, *rows: object) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_clean_file_ends_with_0(tmp_path: Path) -> None:
    result = runner.invoke(app, ["data", "check", str(_file(tmp_path, GOOD))])
    assert result.exit_code == 0
    assert "1 usable rows, 0 bad" in result.stdout


def test_a_file_with_problems_ends_with_1_and_names_them(tmp_path: Path) -> None:
    path = _file(tmp_path, GOOD, {"prompt": "x"}, {"prompt": "y", "completion": "[red]nothing"})
    result = runner.invoke(app, ["data", "check", str(path)])
    assert result.exit_code == 1
    assert f"{path}:2: the row has no answer" in result.stdout
    assert f"{path}:3: no diagram: " in result.stdout


def test_check_prints_one_json_document(tmp_path: Path) -> None:
    path = _file(tmp_path, GOOD, {"prompt": "x"})
    result = runner.invoke(app, ["data", "check", str(path), "--json"])
    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (document["rows"], document["clean"]) == (1, False)
    assert document["bad_rows"] == [{"line": 2, "reason": "the row has no answer"}]


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    result = runner.invoke(app, ["data", "check", str(tmp_path / "nothing.jsonl")])
    assert isinstance(result.exception, InputError)


@pytest.mark.parametrize("format", ["gemini", "openai", "prompt", "alpaca"])
def test_convert_writes_each_format(tmp_path: Path, format: str) -> None:
    out = tmp_path / "out.jsonl"
    command = ["data", "convert", str(_file(tmp_path, GOOD)), "-o", str(out), "--to", format]
    result = runner.invoke(app, [*command, "--json"])
    assert json.loads(result.stdout) == {
        "output": str(out),
        "rows": 1,
        "changed_rows": 0,
        "invalid_rows": 0,
    }
    keys = {
        "gemini": {"contents"},
        "openai": {"messages"},
        "prompt": {"prompt", "completion"},
        "alpaca": {"instruction", "input", "output"},
    }
    assert json.loads(out.read_text()).keys() == keys[format]


def test_split_says_what_it_wrote(tmp_path: Path) -> None:
    rows = [{**GOOD, "prompt": str(i)} for i in range(40)]
    folder = tmp_path / "parts"
    command = ["data", "split", str(_file(tmp_path, *rows)), "--output-dir", str(folder)]
    result = runner.invoke(app, [*command, "--evaluation-share", "0.25", "--json"])
    document = json.loads(result.stdout)
    assert document["train_rows"] + document["evaluation_rows"] == 40
    assert len((folder / "train.jsonl").read_text().splitlines()) == document["train_rows"]
