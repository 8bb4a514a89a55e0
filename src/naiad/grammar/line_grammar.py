"""What may come next in a diagram: one class a family, asked line by line.

A grammar holds the state of the diagram so far. Before each line it gives the forms of every
line that may come next; it reads the line and changes its state; it knows whether the diagram
may stop here, and which lines close what is open. Each form is one regular expression, so what
generates a line, what checks it and what takes its parts out is the same rule.

The language is a canonical subset of Mermaid: four spaces of indentation a level (more where
indentation means nesting), labels quoted, no trailing `;`, one statement a line, no blank lines.
`rewriting` brings other Mermaid into it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from naiad.grammar.patterns import quoted, text, unbounded, without_names

INDENT = 4
"""Spaces a level."""


def _no_change(match: re.Match[str]) -> None:
    """A line that leaves the state as it is."""


@dataclass(frozen=True)
class LineForm:
    """One kind of line that may come next."""

    name: str
    """What a user would call it: `edge`, `end of the subgraph`."""
    pattern: str
    """The line without its indentation, in the dialect of patterns.py."""
    read: Callable[[re.Match[str]], None] = _no_change
    """Changes the state by a line of this form."""
    indent: int = INDENT
    """Spaces before it, exactly."""

    def match(self, line: str) -> re.Match[str] | None:
        """The line's parts, None when it is not of this form."""
        if line[: self.indent] != " " * self.indent:
            return None
        return _compiled(self.pattern).fullmatch(line, self.indent)


class LineRefused(ValueError):
    """A line that no form of the grammar fits."""

    def __init__(self, line: str, forms: Iterable[str]) -> None:
        expected = ", ".join(dict.fromkeys(forms)) or "nothing, the diagram is full"
        super().__init__(f"`{line[:80]}` is none of: {expected}")
        self.line = line


class DiagramGrammar(ABC):
    """A diagram that is being written or read, line by line."""

    type: ClassVar[str]
    """Diagram type in Naiad's names."""
    header: ClassVar[str]
    """Pattern of the line that begins the diagram; its named groups reach `begin`."""
    default_header: ClassVar[str]
    """The header of a diagram of which nothing else is known."""

    def __init__(self) -> None:
        self._preamble = Preamble()
        self._begun = False

    @abstractmethod
    def body(self) -> Iterable[LineForm]:
        """Forms of the lines that may come next, behind the header; the first that fits is read.

        None at all only where the diagram is complete and full.
        """

    def begin(self, match: re.Match[str]) -> None:
        """Take what the header says; a family with a choice there overrides it."""
        _no_change(match)

    @property
    def complete(self) -> bool:
        """Whether the diagram may stop behind the header and the lines read since."""
        return True

    def closing(self) -> Iterable[str]:
        """Lines, with their indentation, that make a diagram complete from any state.

        Empty when it is complete. Mermaid accepts and draws the diagram with them behind it.
        """
        return ()

    @property
    def may_end(self) -> bool:
        """Whether the diagram may stop here."""
        return self._begun and self.complete

    def forms(self) -> list[LineForm]:
        """All lines that may come next."""
        if self._begun:
            return list(self.body())
        header = LineForm(f"header of a {self.type}", self.header, self._begin, indent=0)
        if self._preamble.is_open:
            return list(self._preamble.forms())
        return [header, *self._preamble.forms()]

    def next_line(self, *, bounded: bool = True) -> str | None:
        """Pattern of the next line with its indentation, without names and newline.

        None when the diagram is full and can only end. bounded=False leaves out the bound on
        free text: see patterns.unbounded.
        """
        forms = self.forms()
        return union(forms, bounded=bounded) if forms else None

    def read(self, line: str) -> None:
        """Take the next line. Raises LineRefused, and then nothing has changed.

        Comments are read anywhere and never generated; they change nothing.
        """
        if is_comment(line):
            return
        forms = self.forms()
        for form in forms:
            match = form.match(line)
            if match is not None:
                form.read(match)
                return
        raise LineRefused(line, (form.name for form in forms))

    def closing_lines(self) -> list[str]:
        """Lines that make the diagram so far a whole one."""
        if self._begun:
            return list(self.closing())
        self_closed = list(self._preamble.closing())
        fresh = type(self)()
        fresh.read(self.default_header)
        return [*self_closed, self.default_header, *fresh.closing_lines()]

    def _begin(self, match: re.Match[str]) -> None:
        self._begun = True
        self.begin(match)


class Preamble:
    """What may stand above the header: front matter with a title and configuration, directives.

    https://mermaid.js.org/config/configuration.html
    """

    def __init__(self) -> None:
        self._state = "free"
        self._keys: set[str] = set()

    @property
    def is_open(self) -> bool:
        """Whether front matter has begun and not ended."""
        return self._state in ("front matter", "config")

    def forms(self) -> Iterator[LineForm]:
        """Lines that may come next."""
        if self._state == "free":
            yield LineForm("front matter", "---", self._open, indent=0)
            yield LineForm("directive", DIRECTIVE, self._directive, indent=0)
        elif self._state == "directives":
            yield LineForm("directive", DIRECTIVE, self._directive, indent=0)
        elif self._state == "front matter":
            if "title" not in self._keys:
                yield LineForm("title", f"title: {_YAML_TEXT}", self._key("title"), indent=0)
            if "config" not in self._keys:
                yield LineForm("configuration", "config:", self._config, indent=0)
            if self._keys:
                yield LineForm("end of the front matter", "---", self._close, indent=0)
        elif self._state == "config":
            for key, values in _SETTINGS.items():
                if key not in self._keys:
                    yield LineForm(f"setting {key}", f"{key}: {values}", self._key(key), indent=2)
            if self._keys & set(_SETTINGS):
                if "title" not in self._keys:
                    yield LineForm("title", f"title: {_YAML_TEXT}", self._title, indent=0)
                yield LineForm("end of the front matter", "---", self._close, indent=0)

    def closing(self) -> list[str]:
        """Lines that end open front matter."""
        if not self.is_open:
            return []
        if self._keys <= {"config"}:
            setting = "  look: classic" if "config" in self._keys else "title: Diagram"
            return [setting, "---"]
        return ["---"]

    def _open(self, match: re.Match[str]) -> None:
        self._state = "front matter"

    def _directive(self, match: re.Match[str]) -> None:
        self._state = "closed"

    def _config(self, match: re.Match[str]) -> None:
        self._keys.add("config")
        self._state = "config"

    def _title(self, match: re.Match[str]) -> None:
        self._keys.add("title")
        self._state = "front matter"

    def _key(self, key: str) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            self._keys.add(key)

        return read

    def _close(self, match: re.Match[str]) -> None:
        self._state = "directives"


class Accessibility:
    """`accTitle` and `accDescr`, each at most once, for the families that take them."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def forms(self, indent: int = INDENT) -> Iterator[LineForm]:
        """The lines that have not been given yet."""
        for key in ("accTitle", "accDescr"):
            if key not in self._given:
                yield LineForm(key, f"{key}: {_ACCESSIBLE_TEXT}", self._take(key), indent=indent)

    def _take(self, key: str) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            self._given.add(key)

        return read


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


def is_comment(line: str) -> bool:
    """Whether Mermaid leaves the line out: `%%` behind blanks, and no directive."""
    start = line.lstrip()
    return start.startswith("%%") and not start.startswith("%%{")


@lru_cache(maxsize=8192)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_ACCESSIBLE_TEXT = text('"<>#;\\`{}', units=())
_PLAIN_YAML = r"[A-Za-z0-9À-ÖØ-öø-ÿ][A-Za-z0-9À-ÖØ-öø-ÿ ,.()/+–_\-]{0,119}"
_YAML_TEXT = f"(?:{_PLAIN_YAML}|{quoted(text(units=()))})"
_THEMES = "(?:default|base|dark|forest|neutral)"
_SETTINGS = {
    "theme": _THEMES,
    "look": "(?:classic|handDrawn)",
}
_JSON_SCALAR = (
    r"(?:\"[^\"\\{}\x00-\x1f%]{0,60}\"|'[^'\\{}\x00-\x1f%]{0,60}'"
    r"|-?[0-9]{1,6}(?:\.[0-9]{1,4})?|true|false)"
)
_JSON_KEY = r"(?:\"[A-Za-z0-9]{1,40}\"|'[A-Za-z0-9]{1,40}')"


def _json_object(value: str) -> str:
    pair = rf"{_JSON_KEY} ?: ?{value}"
    return rf"\{{ ?{pair}(?: ?, ?{pair}){{0,20}} ?\}}"


DIRECTIVE = (
    rf"%%\{{ ?init: ?{_json_object(f'(?:{_JSON_SCALAR}|{_json_object(_JSON_SCALAR)})')} ?\}}%%"
)
"""`%%{init: {…}}%%` with at most two levels of settings."""
