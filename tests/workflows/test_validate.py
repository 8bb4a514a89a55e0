from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from naiad.cli.app import app
from naiad.errors import ConfigError, JudgeUnavailable
from naiad.mermaid.judge import Judge
from naiad.mermaid.verdict import Problem
from naiad.workflows import validate as workflow
from naiad.workflows.validate import Checked, Unchecked, validate_files

MERMAID = "mermaid 12.3.0"
GOOD = 'pie\n  "a" : 3\n'
BAD = 'pie\n  "a" 3\n'
PROBLEM = "expected ':', got `3`"


@pytest.fixture(scope="module")
def judge():
    with Judge() as judge:
        yield judge


def _written(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


@pytest.mark.parametrize("name", ["a.mmd", "a.mermaid", "a.txt", "a"])
def test_a_file_is_one_diagram(tmp_path: Path, judge: Judge, name: str) -> None:
    file = _written(tmp_path / name, BAD)
    assert list(validate_files([file], judge)) == [
        Checked(file, 1, None, "pie", (Problem(PROBLEM, 2, MERMAID),))
    ]


def test_each_mermaid_block_of_a_page_has_the_lines_of_the_page(
    tmp_path: Path, judge: Judge
) -> None:
    page = (
        '# Title\r\n\r\n- item\n  ```mermaid\n  pie\n    "a" 3\n  ```\n\n'
        "```python\npie\n```\n\f\n> ~~~mermaid title\n> pie\n> ~~~\n```mermaid\n"
    )
    file = _written(tmp_path / "page.md", page)
    assert list(validate_files([file], judge)) == [
        Checked(file, 5, None, "pie", (Problem(PROBLEM, 6, MERMAID),)),
        Checked(file, 14, None, "pie", ()),
        Checked(file, 17, None, None, (Problem("the text is empty", None, "naiad"),)),
    ]


def test_rows_are_judged_one_by_one_and_broken_ones_named(tmp_path: Path, judge: Judge) -> None:
    rows = [
        json.dumps({"id": "a", "mermaid": GOOD}),
        "",
        json.dumps({"id": 7, "mermaid": BAD, "more": 1}),
        '{"id": "b", "mermaid"',
        '["pie"]',
        '{"id": "c", "mermaid": 3}',
        "[" * 100_000,
        json.dumps({"mermaid": ""}),
    ]
    file = _written(tmp_path / "rows.jsonl", "\n".join(rows))
    outcomes = list(validate_files([file], judge))
    assert outcomes[:2] == [
        Checked(file, 1, "a", "pie", ()),
        Checked(file, 3, "7", "pie", (Problem(PROBLEM, 2, MERMAID),)),
    ]
    assert [(each.line, each.message) for each in outcomes[2:6] if isinstance(each, Unchecked)] == [
        (4, "the row is not JSON: Expecting ':' delimiter"),
        (5, "the row has no text under `mermaid`"),
        (6, "the row has no text under `mermaid`"),
        (7, "the row is not JSON: nested too deeply"),
    ]
    assert outcomes[6] == Checked(
        file, 8, None, None, (Problem("the text is empty", None, "naiad"),)
    )


def test_a_row_without_end_is_skipped(
    tmp_path: Path, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow, "MAX_ROW_BYTES", 1000)
    good = json.dumps({"mermaid": GOOD})
    file = _written(tmp_path / "rows.jsonl", f"{'x' * 12_345}\n{good}\n")
    assert list(validate_files([file], judge)) == [
        Unchecked(file, 1, "the row has more than 1,000 bytes"),
        Checked(file, 2, None, "pie", ()),
    ]


def test_what_cannot_be_read_is_named_and_the_rest_is_judged(
    tmp_path: Path, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workflow, "MAX_TEXT_BYTES", 1000)
    binary = _written(tmp_path / "binary.mmd", b"\x89PNG\r\n\0\xff")
    large = _written(tmp_path / "large.mmd", "x" * 1001)
    good = _written(tmp_path / "good.mmd", GOOD)
    missing = str(tmp_path / "missing.mmd")
    files = [missing, str(tmp_path), binary, large, good]
    outcomes = list(validate_files(files, judge))
    assert [each.message for each in outcomes[:4] if isinstance(each, Unchecked)] == [
        f"no such file: {missing}",
        f"{tmp_path} is a folder",
        f"{binary} is not UTF-8 text (byte 0)",
        f"{large} has more than 1,000 bytes",
    ]
    assert outcomes[4:] == [Checked(good, 1, None, "pie", ())]


def test_standard_input_is_read_as_the_format_says(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file_format, content in (
        (None, GOOD),
        ("markdown", f"```mermaid\n{GOOD}```\n"),
        ("jsonl", json.dumps({"mermaid": GOOD})),
    ):
        stdin = io.TextIOWrapper(io.BytesIO(content.encode()))
        monkeypatch.setattr("sys.stdin", stdin)
        (outcome,) = validate_files(["-"], judge, file_format=file_format)
        assert isinstance(outcome, Checked)
        assert (outcome.type, outcome.valid) == ("pie", True)
    with pytest.raises(ConfigError, match="no file format 'yaml'"):
        list(validate_files(["-"], judge, file_format="yaml"))  # type: ignore[arg-type]


def _naiad(*arguments: str, stdin: str | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["validate", *arguments], input=stdin)
    return result.exit_code, result.stdout, result.stderr


def test_the_command_prints_one_line_a_problem_and_its_status_tells(tmp_path: Path) -> None:
    good = _written(tmp_path / "good.mmd", GOOD)
    bad = _written(tmp_path / "bad.mmd", BAD)
    rows = _written(tmp_path / "rows.jsonl", json.dumps({"id": "r1", "mermaid": BAD}))
    assert _naiad(good) == (0, "1 diagram: 1 valid, 0 not valid\n", "")
    assert _naiad(good, bad, rows) == (
        1,
        f"{bad}:2: {PROBLEM} ({MERMAID})\n"
        f"{rows}:1: r1: line 2: {PROBLEM} ({MERMAID})\n"
        "3 diagrams: 1 valid, 2 not valid\n",
        "",
    )
    missing = str(tmp_path / "missing.mmd")
    assert _naiad(missing, bad) == (
        2,
        f"{bad}:2: {PROBLEM} ({MERMAID})\n1 diagram: 0 valid, 1 not valid, "
        "1 could not be checked\n",
        f"{missing}: could not check: no such file: {missing} (check the path)\n",
    )
    assert _naiad("-", stdin=GOOD)[0] == 0
    assert _naiad("-", stdin="") == (
        1,
        "-:1: the text is empty (naiad)\n1 diagram: 0 valid, 1 not valid\n",
        "",
    )


def test_a_page_without_diagrams_is_not_valid_by_silence(tmp_path: Path) -> None:
    page = _written(tmp_path / "page.md", "# Nothing here\n")
    assert _naiad(page) == (2, "no Mermaid diagram found\n", "")


def test_json_is_one_document(tmp_path: Path) -> None:
    bad = _written(tmp_path / "bad.mmd", BAD)
    missing = str(tmp_path / "missing.mmd")
    status, printed, _ = _naiad("--json", bad, missing)
    assert status == 2
    assert json.loads(printed) == {
        "valid": False,
        "results": [
            {
                "file": bad,
                "line": 1,
                "id": None,
                "type": "pie",
                "valid": False,
                "problems": [{"message": PROBLEM, "line": 2, "judge": MERMAID}],
            }
        ],
        "unchecked": [
            {
                "file": missing,
                "line": None,
                "message": f"no such file: {missing}",
                "hint": "check the path",
            }
        ],
        "counts": {"diagrams": 1, "valid": 0, "invalid": 1, "unchecked": 1},
    }


def test_without_an_engine_nothing_is_called_valid_or_invalid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("naiad.mermaid.judge_engines._is_installed", lambda _: False)
    result = CliRunner().invoke(app, ["validate", _written(tmp_path / "a.mmd", GOOD)])
    assert isinstance(result.exception, JudgeUnavailable)
