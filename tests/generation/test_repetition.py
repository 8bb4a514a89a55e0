"""Runaway output is noticed, and real diagrams are not."""

from __future__ import annotations

import pytest

from naiad.generation.repetition import RepetitionWatch


def _watch(text: str) -> RepetitionWatch:
    watch = RepetitionWatch()
    for character in text:
        watch.feed(character)
    return watch


def test_one_line_over_and_over_is_noticed_and_kept_once() -> None:
    watch = _watch("sequenceDiagram\n" + "A->>B: Hi\n" * 24)
    assert watch.found
    assert watch.sound_text() == "sequenceDiagram\nA->>B: Hi"


def test_a_block_over_and_over_is_noticed_and_kept_once() -> None:
    block = "A->>B: 1\nB-->>A: 2\nA->>C: 3\nC-->>A: 4\n"
    watch = _watch("sequenceDiagram\n" + block * 6)
    assert watch.found
    assert watch.sound_text() == "sequenceDiagram\n" + block.rstrip("\n")


def test_feed_says_so_at_the_line_that_decides() -> None:
    watch = RepetitionWatch()
    assert [watch.feed("x\n") for _ in range(24)] == [False] * 23 + [True]


@pytest.mark.parametrize(
    "text",
    [
        "gitGraph\n" + "  commit\n" * 20,
        "classDiagram\n" + "".join(f"class C{n} {{\n  +int id\n  +save()\n}}\n" for n in range(30)),
        "flowchart TD\n" + "".join(f"A{n} --> A{n + 1}\n" for n in range(100)),
        "pie\n" + "\n" * 40,
    ],
)
def test_real_diagrams_are_left_alone(text: str) -> None:
    watch = _watch(text)
    assert not watch.found
    assert watch.sound_text() == text
