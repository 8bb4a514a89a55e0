"""What a check of a data file finds, and what makes a file clean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from naiad.datasets.findings import AnswerProblem
from naiad.errors import InputError, ModelNotFound
from naiad.mermaid.render import renderer_pid
from naiad.workflows.check_data import check_data

PIE = {"prompt": "tea", "completion": 'pie\n  "tea": 1'}
CIRCLE = {"prompt": "flow", "completion": "sankey-beta\na,b,1\nb,a,1"}
"""It parses; drawing it fails."""


def _file(folder: Path, rows: list[Any], name: str = "rows.jsonl") -> Path:
    path = folder / name
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
    done: list[Any] = []
    check = check_data(path, on_row=lambda doing, row: done.append((doing, row)))
    assert not check.clean
    assert check.rows == 4
    assert [str(row) for row in check.bad_rows] == [f"{path}:2: the row has no answer"]
    assert check.formats == {"prompt": 3, "alpaca": 1}
    assert check.answers.types == {"flowchart": 3, "unknown": 1}
    assert [(each.line, each.type) for each in check.answers.invalid] == [
        (4, "flowchart"),
        (5, None),
    ]
    assert isinstance(check.answers.invalid[0], AnswerProblem)
    assert check.duplicates.same_row == ((1, 3),)
    assert done == [("judging", row) for row in (1, 2, 3, 4)]
    assert [each.what for each in check.findings() if each.advice] == [
        "bad rows",
        "duplicates",
        "answers that parse",
        "valid, not canonical",
    ]


def test_a_good_file_is_clean(tmp_path: Path) -> None:
    assert check_data(_file(tmp_path, [PIE])).clean is True
    bad = {"prompt": "a", "completion": "pie\n  x: 1"}
    assert check_data(_file(tmp_path, [bad])).clean is False


def test_an_evaluation_file_that_shares_a_prompt_is_a_leak(tmp_path: Path) -> None:
    path = _file(tmp_path, [PIE])
    evaluation = _file(tmp_path, [{"prompt": "milk"}, {"prompt": " TEA"}], "evaluation.jsonl")
    check = check_data(path, evaluation=evaluation)
    assert check.leaks is not None
    assert (check.leaks.rows, check.leaks.lines) == (2, (2,))
    assert check.clean is False
    apart = _file(tmp_path, [{"prompt": "milk"}], "apart.jsonl")
    assert check_data(path, evaluation=apart).clean is True


def test_a_bad_row_of_the_evaluation_file_is_named_with_its_file(tmp_path: Path) -> None:
    evaluation = _file(tmp_path, [{"prompt": ""}], "evaluation.jsonl")
    check = check_data(_file(tmp_path, [PIE]), evaluation=evaluation)
    assert [str(row) for row in check.bad_rows] == [f"{evaluation}:1: the prompt is empty"]


def test_a_mistyped_name_is_an_error_before_the_answers_are_judged(tmp_path: Path) -> None:
    path, done = _file(tmp_path, [PIE]), []
    with pytest.raises(InputError, match="no such file"):
        check_data(path, evaluation=tmp_path / "no.jsonl", on_row=lambda *row: done.append(row))
    with pytest.raises(ModelNotFound):
        check_data(path, model="no-such.gguf", on_row=lambda *row: done.append(row))
    assert done == []


def test_answers_are_drawn_when_asked_and_the_renderer_is_closed(tmp_path: Path) -> None:
    path = _file(tmp_path, [CIRCLE, PIE, {"prompt": "x", "completion": "nothing"}])
    done: list[Any] = []
    check = check_data(path, most_drawn=None, on_row=lambda doing, row: done.append(doing))
    assert check.answers.drawn == 2
    (refused,) = check.answers.undrawable
    assert str(refused).startswith(f"{path}:1: sankey-beta: mermaid ")
    assert "circular link" in refused.problem
    assert done == ["judging"] * 3 + ["drawing"] * 2
    assert renderer_pid() is None


def test_a_file_whose_answer_does_not_draw_is_clean_only_if_nobody_asked(tmp_path: Path) -> None:
    path = _file(tmp_path, [CIRCLE])
    assert check_data(path).clean is True
    assert check_data(path, most_drawn=1).clean is False


@pytest.mark.model
def test_tokens_are_counted_as_the_model_has_them(tmp_path: Path, smol_gguf: Path) -> None:
    pytest.importorskip("transformers")
    spelled = {"prompt": "milk", "completion": 'pie\n  "<|im_end|>": 1'}
    path = _file(tmp_path, [PIE, spelled])
    check = check_data(path, model=str(smol_gguf))
    tokens = check.tokens
    assert tokens is not None
    assert (tokens.end, tokens.rows_without_end) == ("<|im_end|>", ())
    assert tokens.rows_with_control_tokens == (2,)
    assert (tokens.longest_line, tokens.tokens) == (2, tokens.median_tokens + tokens.longest_tokens)
    assert check.clean is True
