"""`naiad eval` as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "naiad.cli.app", "eval"]


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def test_a_missing_file_is_told_before_any_model_is_looked_for(tmp_path: Path) -> None:
    run = _run(tmp_path / "none.jsonl", "--model", "no such model")
    assert (run.returncode, run.stdout) == (2, "")
    assert "no such file" in run.stderr


@pytest.mark.model
def test_json_is_one_document_with_a_row_for_each_prompt(tmp_path: Path, smol_gguf: Path) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text(
        '{"id": "a", "prompt": "A pie chart of tea 3 and milk 4", "type": "pie"}\n'
        '{"id": "b", "prompt": "A flowchart of waking up", "completion": "graph TD\\n A-->B"}\n'
    )
    run = _run(data, "--model", smol_gguf, "--json")
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    assert document["n"] == 2
    rows = [(row["id"], row["expected_type"], row["right_type"]) for row in document["rows"]]
    assert rows == [("a", "pie", True), ("b", "flowchart", True)]
    assert "1/2 a: pie" in run.stderr
