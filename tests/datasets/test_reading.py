"""Reading training files: four formats, and every way a row can be wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from naiad.datasets import Example, read_examples, read_prompts
from naiad.datasets.reading import MAX_ROW_BYTES, BadRow
from naiad.errors import DatasetError, InputError

EXAMPLE = Example("Draw a to b", "flowchart LR\n  a --> b", "Draw.", 1)


def _file(tmp_path: Path, *rows: Any) -> Path:
    path = tmp_path / "rows.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _reason(tmp_path: Path, row: Any) -> str:
    path = _file(tmp_path, row)
    with pytest.raises(DatasetError) as error:
        list(read_examples(path))
    return error.value.message.removeprefix(f"{path}:1: ")


def _text(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": text}]}


@pytest.mark.parametrize(
    "row",
    [
        {
            "systemInstruction": _text("system", "Draw."),
            "contents": [
                _text("user", "Draw a to b"),
                _text("model", "flowchart LR\n  a --> b"),
            ],
        },
        {
            "system_instruction": "Draw.",
            "contents": [
                {"role": "user", "parts": {"text": "Draw a to b"}},
                {"role": "model", "parts": [{"text": "flowchart LR\n"}, {"text": "  a --> b"}]},
            ],
        },
        {
            "messages": [
                {"role": "system", "content": "Draw."},
                {"role": "user", "content": [{"type": "text", "text": "Draw a to b"}]},
                {"role": "assistant", "content": "flowchart LR\n  a --> b"},
            ]
        },
        {"system": "Draw.", "prompt": "Draw a to b", "completion": "flowchart LR\n  a --> b"},
        {"system": "Draw.", "prompt": "Draw a to b", "response": "flowchart LR\n  a --> b"},
        {"system": "Draw.", "prompt": "Draw a to b", "answer": "flowchart LR\n  a --> b"},
        {"system": "Draw.", "prompt": "Draw a to b", "mermaid": "flowchart LR\n  a --> b"},
        {
            "system": "Draw.",
            "prompt": [{"role": "user", "content": "Draw a to b"}],
            "completion": [{"role": "assistant", "content": "flowchart LR\n  a --> b"}],
        },
        {"system": "Draw.", "text_input": "Draw a to b", "output": "flowchart LR\n  a --> b"},
        {"system": "Draw.", "input_text": "Draw a to b", "output_text": "flowchart LR\n  a --> b"},
        {
            "system": "Draw.",
            "instruction": "Draw a to b",
            "input": "",
            "output": "flowchart LR\n  a --> b",
        },
    ],
)
def test_every_format_gives_the_same_example(tmp_path: Path, row: dict[str, Any]) -> None:
    assert list(read_examples(_file(tmp_path, row))) == [EXAMPLE]


def test_alpaca_input_follows_the_instruction(tmp_path: Path) -> None:
    row = {"instruction": "Draw this.", "input": "a to b", "output": "pie"}
    (example,) = read_examples(_file(tmp_path, row))
    assert example.prompt == "Draw this.\n\na to b"
    assert example.system is None


def test_reading_keeps_fences_and_blanks(tmp_path: Path) -> None:
    row = {"prompt": " a ", "completion": "```mermaid\npie\n```\n"}
    (example,) = read_examples(_file(tmp_path, row))
    assert (example.prompt, example.answer) == (" a ", "```mermaid\npie\n```\n")


def test_blank_lines_count_as_lines_and_not_as_rows(tmp_path: Path) -> None:
    row = {"prompt": "a", "completion": "pie"}
    lines = [example.line for example in read_examples(_file(tmp_path, "", row, "  ", row))]
    assert lines == [2, 4]


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"prompt": "a", "completion": "pie"}\r\n')
    assert [example.prompt for example in read_examples(path)] == ["a"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"prompt": "a"', "not JSON: Expecting ',' delimiter at character 15"),
        ("3", "a row must be a JSON object, not a number"),
        ({"prompt": "a"}, "the row has no answer"),
        ({"prompt": " ", "completion": "pie"}, "the prompt is empty"),
        ({"prompt": "a", "completion": "\n"}, "the answer is empty"),
        ({"prompt": "a", "completion": 3}, "`completion` must be text, not a number"),
        ({"prompt": "a", "completion": None}, "the row has no answer"),
        (
            {"prompt": "\ud800", "completion": "pie"},
            "the prompt holds half of a surrogate pair at character 0",
        ),
        ({"contents": "a"}, "`contents` must be a list, not text"),
        ({"contents": [{"role": "user"}]}, "`contents[0]` has no `parts` with text"),
        (
            {"contents": [{"role": "user", "parts": [{"inlineData": {}}]}]},
            "`contents[0].parts[0]` has no text (images and tool calls cannot be learned)",
        ),
        (
            {"messages": [{"role": "tool", "content": "a"}]},
            "`messages[0].role` is 'tool'; known: system, developer, user, human, assistant, model",
        ),
        (
            {"messages": [{"role": "assistant", "content": "a"}]},
            "`messages` must be a user turn and then an answer; it holds assistant",
        ),
        (
            {"messages": [{"role": r, "content": "a"} for r in ("user", "assistant") * 2]},
            "`messages` holds 4 turns; Naiad learns from one request and one answer",
        ),
        ({"instruction": "a", "input": 3, "output": "b"}, "`input` must be text, not a number"),
        ({"prompt": "a", "completion": "b", "id": []}, "`id` must be text or a whole number"),
    ],
)
def test_a_bad_row_is_named_with_its_reason(tmp_path: Path, row: Any, reason: str) -> None:
    assert _reason(tmp_path, row) == reason


def test_an_unknown_row_names_its_keys(tmp_path: Path) -> None:
    assert _reason(tmp_path, {"question": "a", "reply": "b"}).endswith(
        "its keys: 'question', 'reply'"
    )


def test_a_deeply_nested_row_is_one_bad_row(tmp_path: Path) -> None:
    assert _reason(tmp_path, "[" * 3 + "1" + "]" * 3).startswith("a row must be a JSON object")
    path = _file(tmp_path, '{"a":' * 200_000, {"prompt": "a", "completion": "pie"})
    assert len(list(read_examples(path, "skip"))) == 1


def test_bytes_that_are_no_text_are_one_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"prompt": "\xff"}\n{"prompt": "a", "completion": "pie"}\n')
    skipped: list[BadRow] = []
    assert [example.line for example in read_examples(path, "skip", skipped.append)] == [2]
    assert [str(row) for row in skipped] == [f"{path}:1: not UTF-8 text (byte 12 of the line)"]


def test_a_row_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    good = b'{"prompt": "a", "completion": "pie"}\n'
    path.write_bytes(b"x" * (3 * MAX_ROW_BYTES) + b"\n" + good)
    skipped: list[BadRow] = []
    assert [example.line for example in read_examples(path, "skip", skipped.append)] == [2]
    assert [row.reason for row in skipped] == ["the row is longer than 16,777,216 bytes"]


def test_skipping_names_each_row_and_goes_on(tmp_path: Path) -> None:
    good = {"prompt": "a", "completion": "pie"}
    skipped: list[BadRow] = []
    path = _file(tmp_path, good, "{", good, {"prompt": ""})
    assert [e.line for e in read_examples(path, "skip", skipped.append)] == [1, 3]
    assert [row.line for row in skipped] == [2, 4]


def test_a_file_without_usable_rows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no usable row"):
        list(read_examples(_file(tmp_path, "{"), "skip"))
    with pytest.raises(DatasetError, match="holds no usable row"):
        list(read_examples(_file(tmp_path, "")))


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such file: .*nothing\.jsonl"):
        list(read_examples(tmp_path / "nothing.jsonl"))
    with pytest.raises(InputError, match="is a folder"):
        list(read_examples(tmp_path))


def test_an_array_gives_the_line_each_row_begins_on(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    rows = [{"prompt": name, "completion": "pie"} for name in "abc"]
    path.write_text(json.dumps(rows, indent=2))
    assert [(e.prompt, e.line) for e in read_examples(path)] == [("a", 2), ("b", 6), ("c", 10)]


def test_a_broken_array_ends_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('[\n{"prompt": "a", "completion": "pie"},\n{"prompt": ]\n')
    skipped: list[BadRow] = []
    assert len(list(read_examples(path, "skip", skipped.append))) == 1
    reason = "not JSON: Expecting value; the array cannot be read further"
    assert [(row.line, row.reason) for row in skipped] == [(3, reason)]


def test_prompts_need_no_answer_and_get_an_id(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        {"id": 7, "prompt": "a"},
        {"instruction": "b", "input": ""},
        {"contents": [_text("user", "c")], "systemInstruction": _text("system", "Draw.")},
        {"messages": [{"role": "user", "content": "d"}, {"role": "assistant", "content": "x"}]},
    )
    rows = [(row.id, row.prompt, row.system, row.line) for row in read_prompts(path)]
    assert rows == [
        ("7", "a", None, 1),
        ("2", "b", None, 2),
        ("3", "c", "Draw.", 3),
        ("4", "d", None, 4),
    ]


def test_an_id_used_twice_is_an_error(tmp_path: Path) -> None:
    path = _file(tmp_path, {"id": "x", "prompt": "a"}, {"id": "x", "prompt": "b"})
    with pytest.raises(DatasetError, match=r":2: id 'x' is that of line 1"):
        list(read_prompts(path))
