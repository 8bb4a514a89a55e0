"""The summary of a run's rows: what it says, and what of it may be passed on."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from naiad.datasets import Example
from naiad.datasets.findings import AnswerCheck, AnswerProblem
from naiad.datasets.splitting import Duplicates
from naiad.datasets.token_check import TokenCheck
from naiad.training.preflight import DataSummary, as_counts, commonest_instruction

CLEAN = DataSummary(
    train_rows=9,
    evaluation_rows=1,
    left_out=(),
    tokens=TokenCheck(900, 300, 90, 100, 110, 4, "<|im_end|>", (), ()),
    duplicates=Duplicates((), ()),
    leaks=(),
    instructions=1,
    answers=AnswerCheck(10, 10, (), {"pie": 10}, 10, ()),
)
PROBLEM = AnswerProblem("/home/me/rows.jsonl", 3, "pie", "line 2: unexpected [/red] end")
FAULTY = replace(
    CLEAN,
    left_out=tuple(f"/home/me/rows.jsonl:{line}: the prompt is empty" for line in range(5, 11)),
    duplicates=Duplicates(((1, 2),), ((1, 4), (1, 7))),
    leaks=(1,),
    answers=AnswerCheck(10, 10, (PROBLEM,), {"pie": 10}, 9, (PROBLEM, PROBLEM)),
)


def test_clean_rows_have_a_line_for_each_thing_and_no_advice() -> None:
    findings = list(CLEAN.findings())
    assert [each.what for each in findings] == [
        "rows",
        "rows left out",
        "tokens",
        "tokens in a row",
        "truncated rows",
        "end tokens",
        "control tokens in text",
        "duplicates",
        "prompts answered twice",
        "leaks",
        "system instructions",
        "types",
        "answers that parse",
        "answers that draw",
    ]
    assert [each for each in findings if each.advice] == []


def test_left_out_rows_are_named_and_the_rest_counted() -> None:
    (finding,) = (each for each in FAULTY.findings() if each.what == "rows left out")
    assert finding.figure == "6"
    assert finding.advice.startswith("/home/me/rows.jsonl:5: the prompt is empty; ")
    assert finding.advice.endswith("rows.jsonl:8: the prompt is empty; and 2 more")


def test_the_record_counts_and_names_no_line_and_no_file() -> None:
    counts = as_counts(FAULTY)
    assert counts["skipped_rows"] == 6
    assert (counts["repeated_rows"], counts["repeated_prompts"]) == (1, 2)
    assert (counts["leaked_rows"], counts["checked_answers"]) == (1, 10)
    assert (counts["invalid_answers"], counts["undrawable_answers"]) == (1, 2)
    assert "/home/me" not in json.dumps(counts)


def test_the_summary_is_json() -> None:
    document = json.loads(json.dumps(asdict(FAULTY)))
    assert document["answers"]["invalid"] == [asdict(PROBLEM)]


def test_the_commonest_instruction_is_that_of_most_rows() -> None:
    rows = [Example("a", "b", "Draw."), Example("a", "b"), Example("a", "b")]
    assert commonest_instruction(rows, "Default.") == "Default."
    assert commonest_instruction([*rows, rows[0], rows[0]], "Default.") == "Draw."
