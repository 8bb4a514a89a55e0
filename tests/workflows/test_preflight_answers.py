"""Judging and drawing before training: how many, which, and what is left running."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from naiad.datasets import Example
from naiad.errors import JudgeUnavailable, RendererUnavailable
from naiad.mermaid.render import renderer_pid
from naiad.training.report import Notice
from naiad.workflows import preflight
from naiad.workflows.preflight import (
    FileExample,
    check_before_training,
    draw_answers,
    judge_answers,
    spread,
    spread_over_types,
)

ROWS = Path("rows.jsonl")
PIE = 'pie\n  "tea": 1'
CIRCLE = "sankey-beta\na,b,1\nb,a,1"


def _rows(*answers: str) -> list[FileExample]:
    return [FileExample(ROWS, Example("p", a, line=i)) for i, a in enumerate(answers, 1)]


def _of_types(types: str) -> list[tuple[FileExample, str]]:
    return [(FileExample(ROWS, Example("p", "a", line=i)), t) for i, t in enumerate(types, 1)]


def test_a_sample_lies_at_even_distances() -> None:
    assert spread("abcdef", 3) == ["a", "c", "e"]
    assert spread("abcdef", 6) == "abcdef"
    assert spread("abcdef", None) == "abcdef"
    assert spread(range(1000), 3) == [0, 333, 666]
    assert spread("ab", 0) == []


def test_drawn_answers_are_spread_over_types_and_file() -> None:
    valid = _of_types("ffffffffsspf")
    chosen = [(each[1], each[0].example.line) for each in spread_over_types(valid, 6)]
    assert chosen == [("f", 1), ("s", 9), ("p", 11), ("f", 5), ("s", 10)]
    assert len(spread_over_types(valid, None)) == 12
    assert spread_over_types(valid, 0) == []
    assert spread_over_types([], 5) == []


def test_both_files_are_judged_and_a_problem_names_its_own() -> None:
    rows = [*_rows(PIE, "nothing"), FileExample(Path("e.jsonl"), Example("q", "pie\n x", line=1))]
    check = check_before_training(rows, lambda event: None)
    assert (check.answers, check.judged, check.types) == (3, 3, {"pie": 2, "unknown": 1})
    assert [(each.file, each.line) for each in check.invalid] == [("rows.jsonl", 2), ("e.jsonl", 1)]
    assert (check.drawn, check.undrawable) == (1, ())


def test_no_process_is_left_for_training(tmp_path: Path) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    check_before_training(_rows(PIE), lambda event: None)
    assert renderer_pid() is None
    left = {child.pid for child in psutil.Process().children(recursive=True)} - before
    assert left == set()


def test_an_answer_that_parses_and_does_not_draw_is_found() -> None:
    judged = judge_answers(_rows(CIRCLE, PIE))
    assert judged.invalid == ()
    tried, undrawable = draw_answers(judged.valid)
    assert (tried, [(each.line, each.type) for each in undrawable]) == (2, [(1, "sankey-beta")])


def test_no_drawing_begins_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s, drawn = [0.0], []

    def render_svg(source: str, config: Any) -> str:
        now_s[0] += 4.0
        drawn.append(source)
        return "<svg/>"

    monkeypatch.setattr(preflight, "render_svg", render_svg)
    monkeypatch.setattr(preflight, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
    assert draw_answers(_of_types("abcdefg"), time_limit_s=10.0) == (3, ())
    assert len(drawn) == 3


def test_many_answers_are_judged_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "MOST_JUDGED", 2)
    monkeypatch.setattr(preflight, "MOST_DRAWN", 0)
    check = check_before_training(_rows(PIE, "x", CIRCLE, "y"), lambda event: None)
    assert (check.answers, check.judged) == (4, 2)
    assert check.types == {"pie": 1, "sankey-beta": 1}


def test_without_a_parser_training_goes_on_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(*arguments: Any) -> None:
        raise JudgeUnavailable("no engine")

    monkeypatch.setattr(preflight, "judge_answers", unavailable)
    events: list[Any] = []
    check = check_before_training(_rows(PIE), events.append)
    assert (check.answers, check.judged, check.drawn) == (1, 0, 0)
    assert events[1:] == [Notice("warning", "the answers were not parsed: no engine")]


def test_without_a_renderer_the_answers_are_parsed_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unavailable(*arguments: Any) -> None:
        raise RendererUnavailable("no renderer")

    monkeypatch.setattr(preflight, "render_svg", unavailable)
    events: list[Any] = []
    check = check_before_training(_rows(PIE), events.append)
    assert (check.judged, check.drawn) == (1, 0)
    assert events[1:] == [Notice("warning", "no answer was drawn: no renderer")]
