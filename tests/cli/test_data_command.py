"""`naiad data`: what it prints and how it ends."""

from __future__ import annotations

import json
import re
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


def _figures(output: str) -> dict[str, str]:
    """The table's lines by name, without advice; the first line names the file."""
    return dict(re.findall(r"^(\S+(?: \S+)*) {2,}(.*?) *$", output, re.M))


def test_a_clean_file_ends_with_0(tmp_path: Path) -> None:
    result = runner.invoke(app, ["data", "check", str(_file(tmp_path, GOOD))])
    assert result.exit_code == 0
    figures = _figures(result.stdout)
    assert figures["usable rows"] == "1"
    assert figures["bad rows"] == "none"
    assert figures["types"] == "flowchart 1"
    assert figures["answers that parse"] == "1 of 1"
    assert figures["answers that draw"] == "not tried"


def test_a_file_with_problems_ends_with_1_and_names_them(tmp_path: Path) -> None:
    path = _file(tmp_path, GOOD, {"prompt": "x"}, {"prompt": "y", "completion": "[red]nothing"})
    result = runner.invoke(app, ["data", "check", str(path)])
    assert result.exit_code == 1
    assert f"{path}:2: the row has no answer" in result.stdout
    assert f"{path}:3: no diagram: " in result.stdout
    assert "! not line 3: it would be learned" in result.stdout


def test_check_prints_one_json_document(tmp_path: Path) -> None:
    path = _file(tmp_path, GOOD, {"prompt": "x"})
    result = runner.invoke(app, ["data", "check", str(path), "--json"])
    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (document["rows"], document["clean"]) == (1, False)
    assert document["bad_rows"] == [
        {"file": str(path), "line": 2, "reason": "the row has no answer"}
    ]
    assert (document["tokens"], document["evaluation"], document["drawn_answers"]) == (
        None,
        None,
        0,
    )


def test_check_draws_and_looks_for_leaks_when_asked(tmp_path: Path) -> None:
    path = _file(tmp_path, GOOD)
    command = ["data", "check", str(path), "--eval", str(path), "--render", "all", "--json"]
    result = runner.invoke(app, command)
    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert document["evaluation"] == {"file": str(path), "rows": 1, "leaked_lines": [1]}
    assert (document["drawn_answers"], document["undrawable_answers"]) == (1, [])


def test_a_number_to_draw_that_is_none_is_refused(tmp_path: Path) -> None:
    result = runner.invoke(app, ["data", "check", str(_file(tmp_path, GOOD)), "--render", "-1"])
    assert result.exit_code == 2
    assert "takes a whole number or all, not '-1'" in result.stderr


def test_what_reads_like_markup_is_printed_as_it_is(tmp_path: Path) -> None:
    path = _file(tmp_path, {"prompt": "[bold]y", "completion": "[red]nothing"})
    copy = path.rename(tmp_path / "[red]rows.jsonl")
    assert f"{copy}:\n" in runner.invoke(app, ["data", "check", str(copy)]).stdout


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
    assert document["leaked_rows"] == 0
    assert len((folder / "train.jsonl").read_text().splitlines()) == document["train_rows"]


def test_dedupe_says_which_lines_it_dropped(tmp_path: Path) -> None:
    path, out = _file(tmp_path, GOOD, GOOD, {**GOOD, "completion": "pie"}), tmp_path / "out.jsonl"
    result = runner.invoke(app, ["data", "dedupe", str(path), "-o", str(out), "--by", "prompt"])
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"1 rows, 2 dropped: {out}",
        "dropped line 2: the row of line 1",
        "dropped line 3: the prompt of line 1",
    ]
    assert out.read_text() == json.dumps(GOOD) + "\n"


def test_dedupe_prints_one_json_document(tmp_path: Path) -> None:
    path, out = _file(tmp_path, GOOD, GOOD, {**GOOD, "completion": "pie"}), tmp_path / "out.jsonl"
    result = runner.invoke(app, ["data", "dedupe", str(path), "-o", str(out), "--json"])
    assert json.loads(result.stdout) == {
        "output": str(out),
        "rows": 2,
        "repeated_rows": [[1, 2]],
        "repeated_prompts": [],
    }
