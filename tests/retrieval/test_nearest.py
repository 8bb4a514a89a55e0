"""Worked examples: of the type asked for first, then by words."""

from __future__ import annotations

import subprocess
import sys

import pytest

from naiad.retrieval import nearest, packaged_examples


def test_the_type_goes_before_the_words() -> None:
    found = nearest("A customer withdraws cash from a machine of the bank", "pie", 2)
    assert [example.type for example in found] == ["pie", "pie"]


def test_the_nearest_words_come_last() -> None:
    found = nearest("Sequence of a customer who withdraws cash with a PIN", "sequenceDiagram", 2)
    assert "withdrawing cash" in found[-1].prompt


def test_without_a_type_the_words_decide() -> None:
    assert nearest("Which animals live in the zoo enclosure?", None, 1)[0].type == "classDiagram"


def test_a_request_without_a_known_word_gets_flowcharts() -> None:
    assert {example.type for example in nearest("zzz qqq", None, 3)} == {"flowchart"}


def test_an_unknown_type_falls_back_to_the_words() -> None:
    assert nearest("lion and penguin in a zoo", "no such type", 1)[0].type == "classDiagram"


@pytest.mark.parametrize("k", [0, -1])
def test_no_examples_when_none_are_asked_for(k: int) -> None:
    assert nearest("anything", None, k) == []


def test_as_many_as_there_are() -> None:
    assert len(nearest("anything", "pie", 100)) == 3


def test_the_same_request_gets_the_same_examples() -> None:
    assert nearest("a login", None, 5) == nearest("a login", None, 5)


def test_plural_and_singular_are_one_word() -> None:
    assert nearest("lions", None, 1) == nearest("lion", None, 1)


def test_nothing_is_printed() -> None:
    program = "from naiad.retrieval import nearest; nearest('a zoo', None, 1)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert (run.stdout, run.stderr) == (b"", b"")


def test_no_two_examples_have_one_description() -> None:
    prompts = [example.prompt for example in packaged_examples()]
    assert len(prompts) == len(set(prompts))
