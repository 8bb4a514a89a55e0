"""Evaluation counts what the judges say; the model beside it is scripted."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from naiad.errors import DatasetError, PromptTooLong
from naiad.mermaid.judge import validate
from naiad.workflows.evaluate import EvaluatedRow, evaluate
from naiad.workflows.generate import DiagramRequest, GeneratedDiagram, GenerationSession

ANSWERS = {
    "a pie": 'pie\n  "Tea" : 3\n  "Coffee" : 5\n',
    "a flowchart": "flowchart TD\n  A --> B\n",
    "a mind map": "flowchart TD\n  A --> B\n",
    "a broken one": "flowchart TD\n  A --> (\n",
    "a cycle": "sankey-beta\na,b,1\nb,a,1\n",
}


class ScriptedSession(GenerationSession):
    """Answers from a table; what is not in it is too long."""

    def __init__(self) -> None:
        self.adapter = None
        self.model = type("Model", (), {"name": "scripted"})()  # type: ignore[assignment]

    def close(self) -> None:
        pass

    def generate(self, request: DiagramRequest, on_text: object = None) -> GeneratedDiagram:
        if request.prompt not in ANSWERS:
            raise PromptTooLong("9 tokens exceed the window of 8")
        began = time.monotonic()
        source = ANSWERS[request.prompt]
        verdict = validate(source)
        return GeneratedDiagram(
            prompt=request.prompt,
            mermaid=source,
            type=verdict.type,
            valid=verdict.valid,
            problems=verdict.problems,
            seconds=time.monotonic() - began,
            tokens=len(source.split()),
            raw_output=source,
            model="scripted",
            adapter=None,
        )


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
    return list(evaluate(data, ScriptedSession).rows)


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
    document = json.loads(json.dumps(evaluate(data, ScriptedSession).as_json()))
    assert document["n"] == 2
    assert document["parses"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert document["right_type"] == {"value": 0.5, "low": 0.0, "high": 1.0}
    assert document["by_type"]["mindmap"] == {"n": 1, "parses": 1, "draws": 1, "right_type": 0}


def test_the_limit_takes_the_first_rows(tmp_path: Path) -> None:
    data = _rows(tmp_path / "rows.jsonl", *({"id": str(i), "prompt": "a pie"} for i in range(4)))
    assert [row.id for row in evaluate(data, ScriptedSession, limit=2).rows] == ["0", "1"]


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no row"):
        evaluate(_rows(tmp_path / "rows.jsonl"), ScriptedSession)
