"""Names of participants: what Mermaid's lexer takes for one, and what it does not.

Its tokens are tried in order and in any case, so a name breaks that begins with a keyword
(`end-user`), has an arrow in it (`a-x`: a cross), or has the word `as` or `of` in it.
https://mermaid.js.org/syntax/sequenceDiagram.html#participants
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from naiad.grammar.line_form import LineForm
from naiad.grammar.patterns import IDEOGRAPHS, LETTERS, name, name_but_keywords, one_of, optional

KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        "acc accDescr accTitle activate actor alt and autonumber box break create critical "
        "deactivate destroy details else end left link links loop note off opt option over par "
        "par_over participant properties rect right sequenceDiagram title",
    )
)
"""What no name may begin with. Some break only in front of a blank or a colon."""
_LOWER_KEYWORDS = frozenset(word.lower() for word in KEYWORDS)
_WORD = "A-Za-z0-9_"
_BEYOND_ASCII = LETTERS + IDEOGRAPHS
_LONGEST_WORD = 24
# `1 A->>B` begins with a number to Mermaid: these do not begin with a digit.
_FIRST_WORD = name_but_keywords(_LOWER_KEYWORDS, any_case=True)
# Lower case behind a blank is left out: `Web Server as WS` would be one long name to Mermaid.
_NEXT_WORD = name("A-Z0-9", _WORD, except_for=("as", "of"), any_case=True, longest=_LONGEST_WORD)
_HYPHENED = f"-(?:{name('A-WYZa-wyz0-9_', _WORD, longest=_LONGEST_WORD)}|[{_BEYOND_ASCII}])"
_BEYOND = f"[{_BEYOND_ASCII}][{_WORD}{_BEYOND_ASCII}]{{0,{_LONGEST_WORD - 1}}}"
_COMPOUND_TAIL = f"(?:{_BEYOND}|{_HYPHENED}){{1,4}}"
_SPACED_TAIL = (
    f"(?: (?:{_NEXT_WORD}|{_BEYOND})|{_HYPHENED}|{_BEYOND}){{0,3}} (?:{_NEXT_WORD}|{_BEYOND})"
)

_BRACKETED = ("{end}", "[end]")
"""What Mermaid's documentation advises to write for the word itself."""

_SIMPLE = re.compile(r"[A-Za-z0-9_]+")
_COMPOUND = re.compile(f"(?:{_FIRST_WORD}{_COMPOUND_TAIL}|{_BEYOND}{optional(_COMPOUND_TAIL)})")
_SPACED = re.compile(f"(?:{_FIRST_WORD}|{_BEYOND}){_SPACED_TAIL}")


def fresh_simple(taken: Iterable[str]) -> str:
    """Pattern of a name of one plain word that differs from all taken ones, in any case."""
    words = {each.lower() for each in taken if is_simple(each)}
    return name(_WORD, _WORD, except_for=words | _LOWER_KEYWORDS, any_case=True)


def is_simple(participant: str) -> bool:
    """Whether the name is one plain word of ASCII."""
    return _SIMPLE.fullmatch(participant) is not None


def fresh(more: str, taken: Iterable[str]) -> str:
    """Pattern of any name that Mermaid reads, and of `more` behind it.

    more: what may follow a name; nothing follows one with blanks, since Mermaid would take that
    for part of it. A name of several words, with hyphens or with letters beyond ASCII may be
    taken already: to declare it again is harmless in most places, and a regular expression
    without those would be long.
    """
    compound = f"(?:{_FIRST_WORD}(?:{_COMPOUND_TAIL}{more}|{_SPACED_TAIL})"
    bracketed = f"{one_of(_BRACKETED)}{more}"
    beyond = f"{_BEYOND}(?:{optional(_COMPOUND_TAIL)}{more}|{_SPACED_TAIL}))"
    return f"(?:{fresh_simple(taken)}{more}|{compound}|{beyond}|{bracketed})"


def is_name(text: str) -> bool:
    """Whether a participant can have this name in the canonical subset."""
    if is_simple(text):
        return text.lower() not in _LOWER_KEYWORDS
    return text in _BRACKETED or bool(_COMPOUND.fullmatch(text) or _SPACED.fullmatch(text))


def takes_alias(participant: str) -> bool:
    """Whether Mermaid reads `participant name as …` as a name and its alias."""
    return " " not in participant


@dataclass(frozen=True)
class DeclarationForm(LineForm):
    """A line that declares someone who must not be there already.

    The pattern is long, so lines are only generated with it; they are read with `any_name`.
    """

    any_name: str = ""
    """The line with anything in place of the name, which is the group `declared`."""
    taken: frozenset[str] = frozenset()
    """Plain names that are taken, in lower case."""
    unusual: bool = False
    """Whether names of several words are possible."""

    def match(self, line: str) -> re.Match[str] | None:
        match = LineForm(self.name, self.any_name, indent=self.indent).match(line)
        if match is None or not is_name(match["declared"]):
            return None
        declared = match["declared"]
        if is_simple(declared):
            return None if declared.lower() in self.taken else match
        is_alone = takes_alias(declared) or match.end() == match.end("declared")
        return match if self.unusual and is_alone else None
