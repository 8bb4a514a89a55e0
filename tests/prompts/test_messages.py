"""The conversation that a request becomes."""

from __future__ import annotations

from naiad.prompts import DEFAULT_INSTRUCTION, Message, answer_prefix, build_messages, fenced


def test_a_request_alone_has_the_default_instruction() -> None:
    assert build_messages("Draw") == [
        Message("system", DEFAULT_INSTRUCTION),
        Message("user", "Draw"),
    ]


def test_examples_are_earlier_turns() -> None:
    assert build_messages("Draw", "Sys", [("a", "b"), ("c", "d")]) == [
        Message("system", "Sys"),
        Message("user", "a"),
        Message("assistant", "b"),
        Message("user", "c"),
        Message("assistant", "d"),
        Message("user", "Draw"),
    ]


def test_an_empty_instruction_gives_no_system_message() -> None:
    assert build_messages("Draw", "") == [Message("user", "Draw")]


def test_the_answer_begins_with_the_header_of_the_type() -> None:
    assert answer_prefix("sequenceDiagram", in_fence=True) == "```mermaid\nsequenceDiagram\n"
    assert answer_prefix("gitGraph", in_fence=False) == "gitGraph\n"


def test_the_model_ends_the_header_that_goes_on_with_a_direction() -> None:
    assert answer_prefix("flowchart", in_fence=False) == "flowchart"


def test_without_a_type_only_the_fence_is_begun() -> None:
    assert answer_prefix(None, in_fence=True) == "```mermaid\n"
    assert answer_prefix(None, in_fence=False) == ""


def test_a_fenced_diagram_ends_its_last_line() -> None:
    assert fenced("pie\n") == "```mermaid\npie\n```"
