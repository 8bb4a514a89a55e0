"""Check, convert and split a data file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from naiad.datasets import read_examples
from naiad.errors import ConfigError, DatasetError, StorageError
from naiad.workflows.prepare_data import InvalidAnswer, check_data, convert_data, split_data


def _file(folder: Path, rows: list[Any]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_check_finds_everything_that_is_wrong(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        [
            {"prompt": "a to b", "completion": "flowchart LR\n  a --> b"},
            {"messages": [{"role": "user", "content": "a"}]},
            {"instruction": "A  to b", "output": "flowchart LR\n  a --> b\n"},
            {"prompt": "broken", "completion": "flowchart LR\n  a -->"},
            {"prompt": "words", "completion": "Here you are."},
        ],
    )
    done: list[int] = []
    check = check_data(path, on_row=done.append)
    assert not check.clean
    assert check.rows == 4
    assert [str(row) for row in check.bad_rows] == [f"{path}:2: the row has no answer"]
    assert check.formats == {"prompt": 3, "alpaca": 1}
    assert check.types == {"flowchart": 3, "unknown": 1}
    assert [(each.line, each.type) for each in check.invalid_answers] == [
        (4, "flowchart"),
        (5, None),
    ]
    assert isinstance(check.invalid_answers[0], InvalidAnswer)
    assert check.duplicates.same_row == ((1, 3),)
    assert done == [1, 2, 3, 4]


def test_a_good_file_is_clean(tmp_path: Path) -> None:
    assert check_data(_file(tmp_path, [{"prompt": "a", "completion": "pie\n  x: 1"}])).clean is (
        False
    )
    good = {"prompt": "a", "completion": 'pie\n  "x": 1'}
    assert check_data(_file(tmp_path, [good])).clean is True


@pytest.mark.parametrize("format", ["gemini", "openai", "prompt", "alpaca"])
def test_converting_there_and_back_changes_nothing(tmp_path: Path, format: str) -> None:
    path = _file(tmp_path, [{"system": "Draw.", "prompt": "a", "completion": "```\npie\n```"}])
    there, back = tmp_path / "there.jsonl", tmp_path / "back.jsonl"
    assert convert_data(path, there, format).changed_rows == 0
    convert_data(there, back, "prompt")
    assert back.read_bytes() == path.read_bytes()


def test_cleaning_fixes_the_answers(tmp_path: Path) -> None:
    rows = [
        {"prompt": "a", "completion": "Sure!\n```mermaid\npie\n  'tea': 3;\n```\n"},
        {"prompt": "b", "completion": 'pie\n    "tea" : 3'},
        {"prompt": "c", "completion": "no diagram at all"},
    ]
    done = convert_data(_file(tmp_path, rows), tmp_path / "clean.jsonl", "gemini", clean=True)
    assert (done.rows, done.changed_rows, done.invalid_rows) == (3, 1, 1)
    canonical = 'pie\n    "tea" : 3'
    answers = [example.answer for example in read_examples(done.output)]
    assert answers == [canonical, canonical, "no diagram at all"]


def test_a_bad_row_stops_a_conversion_before_the_file_exists(tmp_path: Path) -> None:
    path = _file(tmp_path, [{"prompt": "a", "completion": "pie"}, {"prompt": ""}])
    with pytest.raises(DatasetError, match=r"rows\.jsonl:2: the prompt is empty"):
        convert_data(path, tmp_path / "out.jsonl", "gemini")
    assert not (tmp_path / "out.jsonl").exists()
    assert convert_data(path, tmp_path / "out.jsonl", "gemini", on_bad_row="skip").rows == 1


def test_a_file_is_not_written_over_itself(tmp_path: Path) -> None:
    path = _file(tmp_path, [{"prompt": "a", "completion": "pie"}])
    before = path.read_bytes()
    with pytest.raises(StorageError, match="is the file that is read"):
        convert_data(path, path, "alpaca")
    assert path.read_bytes() == before


def test_a_split_keeps_every_row_once(tmp_path: Path) -> None:
    rows = [{"prompt": f"draw {i}", "completion": "pie"} for i in range(50)]
    files = split_data(_file(tmp_path, rows), tmp_path / "parts", 0.2)
    train = [e.prompt for e in read_examples(files.train)]
    evaluation = [e.prompt for e in read_examples(files.evaluation)]
    assert (len(train), len(evaluation)) == (files.train_rows, files.evaluation_rows)
    assert sorted(train + evaluation) == sorted(row["prompt"] for row in rows)


def test_an_empty_part_is_an_error(tmp_path: Path) -> None:
    path = _file(tmp_path, [{"prompt": "a", "completion": "pie"}])
    with pytest.raises(DatasetError, match="part would be empty"):
        split_data(path, tmp_path / "parts", 0.5)
    with pytest.raises(ConfigError, match=r"evaluation_share 1\.5"):
        split_data(path, tmp_path / "parts", 1.5)
    assert not (tmp_path / "parts").exists()
