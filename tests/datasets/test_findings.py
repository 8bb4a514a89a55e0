"""What is said of a data file: a figure for each thing, advice only where something is wrong."""

from __future__ import annotations

from naiad.datasets.findings import (
    AnswerCheck,
    AnswerProblem,
    Finding,
    answer_findings,
    counted,
    duplicate_findings,
    instruction_finding,
    leak_finding,
    named_lines,
    token_findings,
)
from naiad.datasets.splitting import Duplicates
from naiad.datasets.token_check import TokenCheck

TOKENS = TokenCheck(1000, 400, 90, 200, 300, 4, "<|im_end|>", (), ())


def _advice(findings: list[Finding]) -> dict[str, str]:
    return {each.what: each.advice for each in findings if each.advice}


def test_eight_lines_are_named_and_the_others_counted() -> None:
    assert named_lines([3]) == "line 3"
    assert named_lines(range(1, 9)) == "lines 1, 2, 3, 4, 5, 6, 7, 8"
    assert named_lines(range(1, 1011)) == "lines 1, 2, 3, 4, 5, 6, 7, 8 and 1,002 more"


def test_counts_are_read_as_a_sentence() -> None:
    assert counted({"pie": 1200, "kanban": 3}) == "pie 1,200, kanban 3"
    assert counted({}) == "none"


def test_good_rows_need_no_advice() -> None:
    findings = [
        *token_findings(TOKENS, max_tokens=300),
        *duplicate_findings(Duplicates((), ())),
        leak_finding((), 9),
        leak_finding((), 0),
        instruction_finding(1),
        *answer_findings(AnswerCheck(9, 9, (), {"pie": 9}, 3, ())),
        *answer_findings(AnswerCheck(9, 0, (), {}, 0, ())),
    ]
    assert _advice(findings) == {}


def test_every_fault_has_its_advice_and_names_lines() -> None:
    bad = TokenCheck(1000, 400, 90, 200, 300, 4, "<|im_end|>", (2,), (5, 6))
    problem = AnswerProblem("rows.jsonl", 8, None, "no diagram")
    findings = [
        *token_findings(bad, max_tokens=299),
        *duplicate_findings(Duplicates(((1, 2),), ((1, 3),))),
        leak_finding((7,), 9),
        instruction_finding(2),
        *answer_findings(AnswerCheck(9, 9, (problem,), {"unknown": 1}, 3, (problem, problem))),
    ]
    advice = _advice(findings)
    assert advice["tokens in a row"].endswith("of more than --max-tokens 299")
    assert advice["end tokens"].startswith("line 2:")
    assert advice["control tokens in text"].startswith("lines 5, 6:")
    assert advice["duplicates"].startswith("line 2:")
    assert advice["prompts answered twice"].startswith("line 3:")
    assert advice["leaks"].startswith("line 7:")
    assert advice["system instructions"] == "generating uses the commonest"
    assert advice["answers that parse"].startswith("not line 8:")
    assert advice["answers that draw"].startswith("not lines 8, 8:")
    assert len(advice) == 9


def test_a_sample_says_of_how_many_it_is_one() -> None:
    figures = {
        each.what: each.figure
        for each in answer_findings(AnswerCheck(1000, 500, (), {"pie": 500}, 24, ()))
    }
    assert figures["answers that parse"] == "500 of 500 tried, 1,000 in all"
    assert figures["answers that draw"] == "24 of 24 tried, 500 in all"


def test_the_length_of_rows_is_said_without_a_limit_too() -> None:
    figures = {each.what: each.figure for each in token_findings(TOKENS)}
    assert figures["tokens in a row"] == "half up to 90, 95% up to 200, longest 300 (line 4)"
    assert figures["end tokens"] == "every row ends with <|im_end|>"
    assert figures["truncated rows"] == "none; a row is never cut"
