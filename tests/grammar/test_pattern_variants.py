"""The cheaper forms of a pattern: Python's is as strict, the wide one at least as wide."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from naiad.grammar.line_form import LineForm
from naiad.grammar.pattern_variants import for_python, without_lookaheads
from naiad.grammar.patterns import (
    loosened,
    name,
    name_but_keywords,
    quoted,
    text,
    text_except,
    undirected_text,
)

WORDS = st.frozensets(st.text("abe", min_size=1, max_size=4), min_size=1, max_size=8)
CANDIDATES = st.lists(st.text("abeE1-", max_size=6), min_size=1, max_size=60)


def _agree(exact: str, candidates: list[str]) -> None:
    """On each text by itself and with something behind it, as in a line."""
    checked, wide = re.compile(for_python(exact)), re.compile(loosened(exact))
    for candidate in candidates:
        accepted = re.fullmatch(exact, candidate) is not None
        assert (checked.fullmatch(candidate) is not None) == accepted, candidate
        assert not accepted or wide.fullmatch(candidate)
        form = LineForm("x", exact, indent=0)
        assert (form.match(candidate) is not None) == accepted, candidate
        behind = f"(?:{for_python(exact)})-->"
        assert (re.fullmatch(behind, f"{candidate}-->") is not None) == accepted, candidate


@given(WORDS, WORDS | st.just(frozenset()), st.booleans(), CANDIDATES)
def test_names_agree(
    words: frozenset[str], beginnings: frozenset[str], any_case: bool, candidates: list[str]
) -> None:
    exact = name("a-zA-Z", "a-zA-Z0-9", except_for=words, beginnings=beginnings, any_case=any_case)
    _agree(exact, [*candidates, *words, *(f"{word}a" for word in words)])


@given(WORDS, CANDIDATES)
def test_names_with_an_ending_agree(words: frozenset[str], candidates: list[str]) -> None:
    _agree(name("a-z", "a-z0-9", last="a-z", except_for=words), [*candidates, *words])


@given(WORDS, st.booleans(), CANDIDATES)
def test_names_but_keywords_agree(
    words: frozenset[str], any_case: bool, candidates: list[str]
) -> None:
    exact = name_but_keywords(words, "a-zA-Z", "a-zA-Z0-9", any_case=any_case)
    _agree(exact, [*candidates, *words, *(f"{word}1" for word in words)])


@given(WORDS, CANDIDATES)
def test_texts_but_some_agree(words: frozenset[str], candidates: list[str]) -> None:
    exact = text_except(words, excluding='">')
    checked = re.compile(f'"{for_python(exact)}"')
    for candidate in [*candidates, *words]:
        accepted = re.fullmatch(f'"{exact}"', f'"{candidate}"') is not None
        assert (checked.fullmatch(f'"{candidate}"') is not None) == accepted, candidate


@given(WORDS, st.sampled_from(["", ":", "-"]), CANDIDATES)
def test_texts_that_begin_with_no_keyword_agree(
    words: frozenset[str], second: str, candidates: list[str]
) -> None:
    exact = text(first_word_except=words, second_except=second)
    behind = [f"{word}{more}" for word in words for more in ("", " x", "x", "1", ": x", "-x")]
    _agree_as_lines(exact, [*candidates, *behind])


def _agree_as_lines(exact: str, candidates: list[str]) -> None:
    checked = re.compile(for_python(exact))
    for candidate in candidates:
        accepted = re.fullmatch(exact, candidate) is not None
        assert (checked.fullmatch(candidate) is not None) == accepted, candidate


def test_a_pattern_knows_the_words_it_forbids() -> None:
    names = ("Order", "customer", "delivery", "payment", "invoice")
    exact = f"class {name(except_for=names)}"
    assert without_lookaheads(exact)[1] == {each.lower() for each in names}
    form = LineForm("class", exact, indent=0)
    assert not form.match("class Order")
    assert form.match("class Orders")
    assert form.match("class Shop")


def test_the_wide_forms_hold_the_exact_ones() -> None:
    for exact, texts in (
        (quoted(text()), ['"a b"', '"50% of R"', '"x<br/>y"', '"#quot;"']),
        (quoted(undirected_text()), ['"a b"']),
        (text(first_word_except=("end", "note")), ["a", "the end", "ending", "no"]),
    ):
        for each in texts:
            assert re.fullmatch(exact, each)
            assert re.fullmatch(for_python(exact), each)
            assert re.fullmatch(loosened(exact), each)


def test_forms_are_ruled_out_by_the_letters_they_begin_with() -> None:
    for pattern, fits, does_not in (
        ("subgraph [a-z]{1,3}", "subgraph a", "style a"),
        ("(?:a|b)c", "ac", "c"),
        ("ab|cd", "cd", "ac"),
        ("ab?c", "ac", "b"),
        ("ab{1,2}c", "abbc", "a"),
        ("classDef(?: x)?", "classDef", "class"),
        ("a", "a", "b"),
    ):
        form = LineForm("x", pattern, indent=0)
        assert form.match(fits), pattern
        assert not form.match(does_not), pattern
