"""Convert, split and deduplicate a data file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from naiad.datasets import read_examples
from naiad.errors import ConfigError, DatasetError, StorageError
from naiad.workflows.prepare_data import convert_data, dedupe_data, split_data


def _file(folder: Path, rows: list[Any]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


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
    assert files.leaked_rows == 0
    assert sorted(train + evaluation) == sorted(row["prompt"] for row in rows)


def test_an_empty_part_is_an_error(tmp_path: Path) -> None:
    path = _file(tmp_path, [{"prompt": "a", "completion": "pie"}])
    with pytest.raises(DatasetError, match="part would be empty"):
        split_data(path, tmp_path / "parts", 0.5)
    with pytest.raises(ConfigError, match=r"evaluation_share 1\.5"):
        split_data(path, tmp_path / "parts", 1.5)
    assert not (tmp_path / "parts").exists()


REPEATING: list[Any] = [
    {"id": "first", "prompt": "Draw a", "completion": "pie", "note": 1},
    {"prompt": "draw  A\n", "completion": "pie\n"},
    {"messages": [{"role": "user", "content": "b"}, {"role": "assistant", "content": "é"}]},
    {"instruction": "DRAW A", "output": "mindmap"},
    {"prompt": "Draw a", "completion": "mindmap"},
]


def test_rows_that_repeat_an_earlier_one_go_and_the_others_keep_every_field(
    tmp_path: Path,
) -> None:
    path = _file(tmp_path, REPEATING)
    before = path.read_bytes()
    done = dedupe_data(path, tmp_path / "out.jsonl")
    kept = [json.loads(line) for line in done.output.read_text("utf-8").splitlines()]
    assert kept == [REPEATING[0], REPEATING[2], REPEATING[3]]
    assert (done.rows, done.dropped.same_row) == (3, ((1, 2), (4, 5)))
    assert done.dropped.same_prompt == ()
    assert path.read_bytes() == before


def test_by_prompt_other_answers_go_too(tmp_path: Path) -> None:
    done = dedupe_data(_file(tmp_path, REPEATING), tmp_path / "out.jsonl", by="prompt")
    assert [example.line for example in read_examples(done.output)] == [1, 2]
    assert done.dropped.same_row == ((1, 2), (4, 5))
    assert done.dropped.same_prompt == ((1, 4),)


def test_deduplicating_twice_changes_nothing(tmp_path: Path) -> None:
    once = dedupe_data(_file(tmp_path, REPEATING), tmp_path / "once.jsonl").output
    twice = dedupe_data(once, tmp_path / "twice.jsonl")
    assert twice.output.read_bytes() == once.read_bytes()
    assert twice.dropped.same_row == ()


def test_an_array_is_deduplicated_into_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(REPEATING, indent=1))
    done = dedupe_data(path, tmp_path / "out.jsonl")
    assert [json.loads(line) for line in done.output.read_text("utf-8").splitlines()] == [
        REPEATING[0],
        REPEATING[2],
        REPEATING[3],
    ]


def test_a_field_that_is_no_text_of_the_row_may_hold_half_a_surrogate_pair(
    tmp_path: Path,
) -> None:
    row = {"prompt": "a", "completion": "é", "note": "\ud83d"}
    done = dedupe_data(_file(tmp_path, [row]), tmp_path / "out.jsonl")
    assert json.loads(done.output.read_text("utf-8")) == row


def test_a_bad_row_stops_deduplicating_before_the_file_exists(tmp_path: Path) -> None:
    path = _file(tmp_path, [REPEATING[0], {"prompt": ""}])
    with pytest.raises(DatasetError, match=r"rows\.jsonl:2: the prompt is empty"):
        dedupe_data(path, tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
    skipped: list[Any] = []
    done = dedupe_data(path, tmp_path / "out.jsonl", on_bad_row="skip", on_skip=skipped.append)
    assert (done.rows, [row.line for row in skipped]) == (1, [2])
    with pytest.raises(StorageError, match="is the file that is read"):
        dedupe_data(path, path)
