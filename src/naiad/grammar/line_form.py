"""One kind of line: its pattern, its indentation, and what reading it changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from naiad.grammar.pattern_variants import for_python, without_lookaheads
from naiad.grammar.patterns import loosened, without_names

INDENT = 4
"""Spaces a level."""


def no_change(match: re.Match[str]) -> None:
    """A line that leaves the state as it is."""


@dataclass(frozen=True)
class LineForm:
    """One kind of line that may come next."""

    name: str
    """What a user would call it: `edge`, `end of the subgraph`."""
    pattern: str
    """The line without its indentation, in the dialect of patterns.py."""
    read: Callable[[re.Match[str]], None] = no_change
    """Changes the state by a line of this form."""
    indent: int = INDENT
    """Spaces before it, exactly."""

    def match(self, line: str) -> re.Match[str] | None:
        """The line's parts, None when it is not of this form."""
        if line[: self.indent] != " " * self.indent:
            return None
        if not line.startswith(_beginning(self.pattern), self.indent):
            return None
        without, words = without_lookaheads(self.pattern)
        match = _compiled(without).fullmatch(line, self.indent)
        if match is None or not words:
            return match
        lower = line.lower()
        if not any(word in lower for word in words):
            return match
        return _compiled(for_python(self.pattern)).fullmatch(line, self.indent)


def union(forms: Iterable[LineForm], *, bounded: bool = True) -> str:
    """Pattern of a line of any of these forms, with its indentation, without names.

    bounded=False: of such lines and others, which `read` refuses; see patterns.loosened.
    """
    by_indent: dict[int, list[str]] = {}
    for form in forms:
        pattern = form.pattern if bounded else loosened(form.pattern)
        by_indent.setdefault(form.indent, []).append(pattern)
    whole = "|".join(
        f"{' ' * indent}(?:{'|'.join(patterns)})" for indent, patterns in by_indent.items()
    )
    return without_names(f"(?:{whole})")


@lru_cache(maxsize=8192)
def _beginning(pattern: str) -> str:
    """Letters with which all lines of the pattern begin: most forms are ruled out by these,
    and then never compiled."""
    plain = _LETTERS.match(pattern)
    whole = plain is not None and "|" not in _without_groups(pattern)
    return plain[0] if plain is not None and whole else ""


def _without_groups(pattern: str) -> str:
    """The pattern outside all groups and classes."""
    outside, depth = [], 0
    for part in _PARTS.findall(pattern):
        depth += (part == "(") - (part == ")")
        if depth == 0:
            outside.append(part)
    return "".join(outside)


_LETTERS = re.compile(r"[A-Za-z]+(?![?*{])(?=[^?*{]|$)|[A-Za-z]+(?=[A-Za-z])")
_PARTS = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|[()|]|[^()|\[\\]+")


@lru_cache(maxsize=8192)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
