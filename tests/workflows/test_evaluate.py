"""Evaluation counts what the judges say; the model beside it is scripted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from scripted_session import ScriptedEngine, session_of

from naiad.errors import DatasetError, PromptTooLong
from naiad.workflows.evaluate import EvaluatedRow, evaluate
from naiad.workflows.generate import GenerateConfig, GenerationSession

PIE = 'pie\n  "Tea" : 3\n  "Coffee" : 5\n'
FLOWCHART = "flowchart TD\n  A --> B\n"
BROKEN = "flowchart TD\n  A --> (\n"
CYCLE = "sankey-beta\na,b,1\nb,a,1\n"
TOO_LONG = PromptTooLong("9 tokens exceed the window of 8")


def _answering(*answers: str | Exception) -> Callable[[], GenerationSession]:
    zero_shot = GenerateConfig(examples=0, begin_answer=False)
    return lambda: session_of(ScriptedEngine(answers), zero_shot)


def _rows(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def report_rows(tmp_path_factory: pytest.TempPathFactory) -> list[EvaluatedRow]:
    data = _rows(
        tmp_path_factory.mktemp("evaluate") / "rows.jsonl",
        {"id": "1", "prompt": "a pie", "type": "pie"},
        {"id": "2", "prompt": "a flowchart", "type": "graph"},
        {"id": "3", "prompt": "a mind map", "type": "mindmap"},
        {"id": "4", "prompt": "a broken one", "completion": "flowchart LR\n  A --> B"},
        {"id": "5", "prompt": "a cycle", "type": "sankey-beta"},
        {"id": "6", "prompt": "an endless one", "type": "pie"},
    )
    answers = (PIE, FLOWCHART, FLOWCHART, BROKEN, CYCLE, TOO_LONG)
    return list(evaluate(data, _answering(*answers)).rows)


def test_the_type_may_come_from_a_field_an_alias_or_the_reference(
    report_rows: list[EvaluatedRow],
) -> None:
    expected = ["pie", "flowchart", "mindmap", "flowchart", "sankey-beta", "pie"]
    assert [row.expected_type for row in report_rows] == expected


def test_parsing_drawing_and_type_are_counted_apart(report_rows: list[EvaluatedRow]) -> None:
    assert [row.diagram.valid for row in report_rows] == [True, True, True, False, True, False]
    assert [row.draws for row in report_rows] == [True, True, True, False, False, False]
    assert [row.right_type for row in report_rows][:3] == [True, True, False]


def test_a_request_that_cannot_be_answered_counts_as_wrong(
    report_rows: list[EvaluatedRow],
) -> None:
    last = report_rows[-1]
    assert (last.diagram.valid, last.draws, last.right_type) == (False, False, False)
    assert str(last.diagram.problems[0]) == "not generated: 9 tokens exceed the window of 8"


def test_the_report_is_json_with_shares_intervals_and_counts_by_type(tmp_path: Path) -> None:
    data = _rows(
        tmp_path / "rows.jsonl",
        {"id": "1", "prompt": "a pie", "type": "pie"},
        {"id": "2", "prompt": "a mind map", "type": "mindmap"},
    )
    document = json.loads(json.dumps(evaluate(data, _answering(PIE, FLOWCHART)).as_json()))
    assert document["n"] == 2
    assert document["parses"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert document["right_type"] == {"value": 0.5, "low": 0.0, "high": 1.0}
    assert document["by_type"]["mindmap"] == {"n": 1, "parses": 1, "draws": 1, "right_type": 0}


def test_the_limit_takes_the_first_rows(tmp_path: Path) -> None:
    data = _rows(tmp_path / "rows.jsonl", *({"id": str(i), "prompt": "a pie"} for i in range(4)))
    assert [row.id for row in evaluate(data, _answering(PIE, PIE), limit=2).rows] == ["0", "1"]


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no row"):
        evaluate(_rows(tmp_path / "rows.jsonl"), _answering())
