"""A broken header is put right; a text that is no diagram stays one."""

from __future__ import annotations

import pytest

from naiad.grammar import fix


@pytest.mark.parametrize(
    ("broken", "begins"),
    [
        ("sequence diagram\nA->>B: hi\nB-->>A: yes", "sequenceDiagram\n"),
        ("Entity Relationship Diagram\nA ||--o{ B : has\nB ||--o{ C : has", "erDiagram\n"),
        ("flow chart LR\nA-->B", "flowchart LR\n"),
        ("pie chart\n\"a\": 3\n\"b\": 4", "pie\n"),
        ("A-->B\nB-->C[\"x (y)\"]", "flowchart TD\n"),
        ("participant A\nparticipant B\nA->>B: hello", "sequenceDiagram\n"),
        ("graph TD\nparticipant A\nparticipant B\nA->>B: hello", "sequenceDiagram\n"),
    ],
)  # fmt: skip
def test_the_header_that_the_lines_call_for(broken: str, begins: str) -> None:
    fixed = fix(broken)
    assert fixed.verdict.problems == ()
    assert fixed.source.startswith(begins)
    assert any("header" in change.message for change in fixed.changes)
    assert fix(fixed.source).source == fixed.source


@pytest.mark.parametrize(
    "text",
    ["hello world\nthis is nothing", "hello\nworld", "A sentence: nothing.\nMore (or less)."],
)
def test_prose_becomes_no_diagram(text: str) -> None:
    fixed = fix(text)
    assert not fixed.verdict.valid
    assert fixed.source == text
