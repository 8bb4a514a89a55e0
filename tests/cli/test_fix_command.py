"""`naiad fix`: what it writes, tells and ends with."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from naiad.cli.app import app
from naiad.errors import ConfigError, InputError

runner = CliRunner()
LOOSE = "packet-beta\n  0-7: 'type'\n  8-15 : length"
CANONICAL = 'packet-beta\n    0-7: "type"\n    8-15: "length"'
GAPS = 'packet-beta\n0-7: "type"\n9-15: "length"'


def _file(folder: Path, text: str, name: str = "diagram.mmd") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_valid_diagram_is_printed_in_canonical_form(tmp_path: Path) -> None:
    result = runner.invoke(app, ["fix", str(_file(tmp_path, LOOSE.replace("length", '"length"')))])
    assert (result.exit_code, result.stdout) == (0, f"{CANONICAL}\n")


def test_a_broken_diagram_is_repaired_and_the_changes_are_told(tmp_path: Path) -> None:
    result = runner.invoke(app, ["fix", str(_file(tmp_path, f"Sure!\n```mermaid\n{GAPS}\n```\n"))])
    assert result.exit_code == 0
    assert result.stdout == 'packet-beta\n    0-7: "type"\n    8-14: "length"\n'
    assert "line 1: took the diagram out of the text around it" in result.stderr
    assert "next free bit, 8" in result.stderr


def test_what_cannot_be_repaired_ends_with_1_and_overwrites_nothing(tmp_path: Path) -> None:
    path = _file(tmp_path, "packet-beta\n  what is this")
    result = runner.invoke(app, ["fix", str(path), "--in-place"])
    assert result.exit_code == 1
    assert "was not written" in result.stderr
    assert path.read_text() == "packet-beta\n  what is this"


def test_in_place_writes_the_file_itself(tmp_path: Path) -> None:
    path = _file(tmp_path, GAPS)
    assert runner.invoke(app, ["fix", str(path), "-i"]).exit_code == 0
    assert path.read_text() == 'packet-beta\n    0-7: "type"\n    8-14: "length"\n'
    again = runner.invoke(app, ["fix", str(path)])
    assert (again.stdout, again.stderr) == (path.read_text(), "")


def test_standard_input_and_json(tmp_path: Path) -> None:
    result = runner.invoke(app, ["fix", "-", "--json"], input=GAPS)
    document = json.loads(result.stdout)
    assert (document["valid"], document["canonical"], document["type"]) == (
        True,
        True,
        "packet-beta",
    )
    assert [change["line"] for change in document["changes"]] == [3]


def test_rows_are_fixed_and_keep_everything_else(tmp_path: Path) -> None:
    rows = [{"id": "a", "mermaid": GAPS, "note": "x"}, {"id": "b", "mermaid": "no diagram"}]
    source = _file(tmp_path, "".join(json.dumps(row) + "\n" for row in rows), "rows.jsonl")
    result = runner.invoke(app, ["fix", str(source), "-o", str(tmp_path / "fixed.jsonl"), "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "output": str(tmp_path / "fixed.jsonl"),
        "rows": 2,
        "valid": 1,
        "invalid": 1,
        "changed": 1,
    }
    written = [json.loads(line) for line in (tmp_path / "fixed.jsonl").read_text().splitlines()]
    assert written[0] == rows[0] | {"mermaid": 'packet-beta\n    0-7: "type"\n    8-14: "length"'}
    assert written[1] == rows[1]


def test_bad_input_is_told_in_one_line(tmp_path: Path) -> None:
    empty, rows = _file(tmp_path, " \n"), _file(tmp_path, '{"id": 1}\n', "rows.jsonl")
    for arguments, kind, words in (
        ([str(empty)], InputError, "the text is empty"),
        ([str(tmp_path / "none.mmd")], InputError, "no such file"),
        ([str(rows)], InputError, "needs --output"),
        ([str(rows), "-o", str(tmp_path / "out.jsonl")], InputError, "rows.jsonl:1 has no text"),
        (["-", "--in-place"], ConfigError, "--in-place needs a file"),
    ):
        result = runner.invoke(app, ["fix", *arguments], input="")
        assert isinstance(result.exception, kind), arguments
        assert words in result.exception.message
    assert not (tmp_path / "out.jsonl").exists()
