"""Whole characters only, and never a part of a stop text."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naiad.generation.streaming import StopFilter, TokenDecoder


def _decode_bytes(ids: Sequence[int]) -> str:
    return bytes(ids).decode("utf-8", errors="replace")


@given(st.text(alphabet="aé漢😀 \n", max_size=30))
def test_bytes_as_tokens_join_to_the_text(text: str) -> None:
    decoder = TokenDecoder(_decode_bytes)
    pieces = [decoder.feed(byte) for byte in text.encode("utf-8")]
    assert "".join(pieces) == text


def test_a_split_character_waits_for_its_end() -> None:
    decoder = TokenDecoder(_decode_bytes)
    assert [decoder.feed(byte) for byte in "é😀".encode()] == ["", "é", "", "", "", "😀"]


def test_a_character_that_never_ends_is_never_shown() -> None:
    decoder = TokenDecoder(_decode_bytes)
    assert [decoder.feed(byte) for byte in "a😀".encode()[:3]] == ["a", "", ""]


def test_a_stop_text_split_over_pieces_is_never_shown() -> None:
    stop = StopFilter(["```"])
    assert [stop.feed(piece) for piece in ("pie\n", "`", "``", " more")][:3] == ["pie\n", "", ""]
    assert stop.found


def test_what_only_began_like_a_stop_text_is_shown() -> None:
    stop = StopFilter(["```"])
    assert [stop.feed(piece) for piece in ("a``", "b")] == ["a", "``b"]
    assert not stop.found


def test_text_held_back_at_the_end_is_not_lost() -> None:
    stop = StopFilter(["END"])
    assert stop.feed("EN") == ""
    assert stop.rest() == "EN"
    assert stop.rest() == ""


def test_the_earliest_of_several_stop_texts_counts() -> None:
    stop = StopFilter(["cd", "b"])
    assert stop.feed("abcd") == "a"


@pytest.mark.parametrize("stop", [[], [""]])
def test_without_stop_texts_everything_passes(stop: list[str]) -> None:
    assert StopFilter(stop).feed("a```") == "a```"


@given(st.text(alphabet="ab`", max_size=20), st.integers(1, 4))
def test_the_pieces_do_not_matter(text: str, size: int) -> None:
    stop = StopFilter(["``", "ba"])
    shown = ""
    for start in range(0, len(text), size):
        shown += stop.feed(text[start : start + size])
        if stop.found:
            break
    if not stop.found:
        shown += stop.rest()
    ends = [text.find(each) for each in ("``", "ba") if each in text]
    assert shown == text[: min(ends, default=len(text))]
