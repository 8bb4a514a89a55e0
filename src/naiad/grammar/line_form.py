"""One kind of line: its pattern, its indentation, and what reading it changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from naiad.grammar.patterns import unbounded, without_names

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
        return _compiled(self.pattern).fullmatch(line, self.indent)


def union(forms: Iterable[LineForm], *, bounded: bool = True) -> str:
    """Pattern of a line of any of these forms, with its indentation, without names."""
    by_indent: dict[int, list[str]] = {}
    for form in forms:
        by_indent.setdefault(form.indent, []).append(form.pattern)
    whole = "|".join(
        f"{' ' * indent}(?:{'|'.join(patterns)})" for indent, patterns in by_indent.items()
    )
    pattern = without_names(f"(?:{whole})")
    return pattern if bounded else unbounded(pattern)


@lru_cache(maxsize=8192)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
