"""Cheaper forms of patterns that forbid words.

"Not one of these names" has to be spelled out as a tree, in the dialect that Python and Rust
share. A tree of forty names costs milliseconds to compile, for Python and for llguidance, and
masks under it are slow; and the names change with each line. Two other forms do the same work:

- for Python, which only has to check a line, a lookahead: exactly as strict, and short. Even that
  is a new pattern to compile for each new name, so first of all comes the pattern without any
  lookahead, which stays the same: what it refuses is refused, and what it accepts is accepted
  unless a forbidden word stands somewhere in the line;
- for the first attempt at generating a line, any name: wider. What comes out is checked, and the
  line is written again under the exact tree if the model chose a forbidden word, which it rarely
  does.

Whoever makes such a pattern remembers its forms here; they are put in its place wherever it is a
part of a pattern.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

MOST_REMEMBERED = 400
"""Patterns beyond these are forgotten, the least recently made first: they only lose speed."""
SHORTEST_REMEMBERED = 60
"""A shorter pattern is cheap enough as it is."""


class _Forms(NamedTuple):
    lookahead: str
    wide: str
    without: str
    words: frozenset[str]


_forms: OrderedDict[str, _Forms] = OrderedDict()


def remember(
    exact: str, *, lookahead: str, wide: str, without: str | None = None, words: Iterable[str] = ()
) -> str:
    """`exact`, whose other forms are known from now on.

    lookahead: matches what `exact` matches, with Python's lookaheads. wide: a pattern of the
    common dialect that matches all of it and more. without: `lookahead` without those that
    depend on `words`, the forbidden ones; None where there are none.
    """
    if len(exact) >= SHORTEST_REMEMBERED:
        forbidden = frozenset(word.lower() for word in words)
        _forms[exact] = _Forms(lookahead, wide, without or lookahead, forbidden)
        _forms.move_to_end(exact)
        if len(_forms) > MOST_REMEMBERED:
            _forms.popitem(last=False)
    return exact


@lru_cache(maxsize=8192)
def for_python(pattern: str) -> str:
    """The pattern with lookaheads in the place of trees."""
    for exact, forms in _longest_first():
        if exact in pattern:
            pattern = pattern.replace(exact, forms.lookahead)
    return pattern


@lru_cache(maxsize=8192)
def without_lookaheads(pattern: str) -> tuple[str, frozenset[str]]:
    """The pattern that does not know its forbidden words, and the words, in lower case.

    For a line in which none of these stands it says what `for_python(pattern)` says.
    """
    words: frozenset[str] = frozenset()
    for exact, forms in _longest_first():
        if exact in pattern:
            pattern = pattern.replace(exact, forms.without)
            words |= forms.words
    return pattern, words


@lru_cache(maxsize=8192)
def widened(pattern: str) -> str:
    """The pattern with any names and texts in the place of trees."""
    for exact, forms in _longest_first():
        if exact in pattern:
            pattern = pattern.replace(exact, forms.wide)
    return pattern


def _longest_first() -> list[tuple[str, _Forms]]:
    """A remembered pattern may be a part of another one."""
    return sorted(_forms.items(), key=lambda item: -len(item[0]))
