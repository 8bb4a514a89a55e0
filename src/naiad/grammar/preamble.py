"""What may stand above the header: front matter with a title and settings, a directive.

Front matter is YAML in blocks of two spaces a level, a directive one line of JSON. Settings have
three levels at most, as in Mermaid's schema. Top-level settings and sections are known ones,
since an unknown one in the place of a section ends Mermaid; inside a section any name will do.
https://mermaid.js.org/config/configuration.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from naiad.grammar.line_form import LineForm
from naiad.grammar.patterns import integer, name, one_of, quoted, text

YAML_INDENT = 2
"""Spaces a level of front matter; models and Mermaid's own pages write two."""
SECTIONS = tuple(
    re.findall(
        r"\w+",
        "architecture block c4 class cynefin elk er flowchart gantt gitGraph ishikawa journey "
        "kanban mindmap packet pie quadrantChart radar railroad requirement sankey sequence "
        "state themeVariables timeline treeView treemap usecase venn xyChart",
    )
)
"""Settings that hold others."""
_INNER_SECTIONS = {
    "xyChart": ("xAxis", "yAxis"),
    "themeVariables": ("packet", "pie", "radar", "treeView", "treemap", "venn", "xyChart"),
}
_POISONOUS = ("constructor", "hasOwnProperty", "prototype", "toString", "valueOf")
_PLAIN_YAML = r"[A-Za-z0-9À-ÖØ-öø-ÿ][A-Za-z0-9À-ÖØ-öø-ÿ ,.()/+–_'\"!?\&\-]{0,119}"
_YAML_TEXT = f"(?:{_PLAIN_YAML}|{quoted(text(units=()))})"
_NUMBER = r"(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,4})?"
_WORD = name("A-Za-z", r"A-Za-z0-9_\-", except_for=("null", "Null", "NULL"))
_STRING = quoted(text('"\\{}%<>', units=()))
_BOOLEAN = "(?:true|false)"


def _choice(*words: str) -> tuple[str, str]:
    """Values of a setting in YAML and in JSON."""
    return one_of(words), quoted(one_of(words))


_SETTINGS: dict[str, tuple[str, str]] = {
    "theme": _choice("default", "base", "dark", "forest", "neutral"),
    "look": _choice("classic", "handDrawn"),
    "layout": _choice("dagre", "elk", "tidy-tree"),
    "logLevel": (
        "(?:[0-5]|trace|debug|info|warn|error|fatal)",
        '(?:[0-5]|"(?:trace|debug|info|warn|error|fatal)")',
    ),
    "fontFamily": (_STRING, _STRING),
    "fontSize": (integer(1, 100),) * 2,
    "handDrawnSeed": (integer(0, 9999),) * 2,
    "htmlLabels": (_BOOLEAN,) * 2,
    "markdownAutoWrap": (_BOOLEAN,) * 2,
    "wrap": (_BOOLEAN,) * 2,
    "darkMode": (_BOOLEAN,) * 2,
}
# How many bits packets have a row decides how many rows there are.
_BOUNDED = {"bitsPerRow": integer(8, 256)}
_SCALAR = f"(?:{_NUMBER}|{_STRING}|{_WORD})"


def _json_settings() -> str:
    """Pattern of a directive's JSON: settings, and sections of two levels."""
    scalar = f"(?:{_NUMBER}|{_STRING}|{_BOOLEAN})"
    key = quoted(name("a-z", "A-Za-z0-9", except_for=_BOUNDED))
    bounded = [f"{quoted(word)}: {values}" for word, values in _BOUNDED.items()]
    leaf = f"(?:{'|'.join([f'{key}: {scalar}', *bounded])})"
    inner = one_of({each for names in _INNER_SECTIONS.values() for each in names})
    nested = f"(?:{leaf}|{quoted(inner)}: {_json_object(leaf)})"
    settings = [f"{quoted(word)}: {values}" for word, (_, values) in _SETTINGS.items()]
    section = f"{quoted(one_of((*SECTIONS, 'config')))}: {_json_object(nested)}"
    return _json_object(f"(?:{'|'.join([*settings, section])})")


def _json_object(pair: str) -> str:
    return rf"\{{{pair}(?:, {pair}){{0,20}}\}}"


DIRECTIVE = rf"%%\{{init: {_json_settings()}\}}%%"
"""`%%{init: {…}}%%`."""


class Preamble:
    """Reads and offers the lines above the header."""

    def __init__(self) -> None:
        self._state = "free"
        self._path: list[str] = []
        """Open sections of the front matter: config, xyChart, xAxis."""
        self._given: list[set[str]] = [set()]
        """Keys given on each open level; one set more than there are open sections."""

    @property
    def is_open(self) -> bool:
        """Whether front matter has begun and not ended."""
        return self._state == "front matter"

    def forms(self) -> Iterator[LineForm]:
        """Lines that may come next."""
        if self._state == "free":
            yield LineForm("front matter", "---", self._to("front matter"), indent=0)
        if self._state in ("free", "directive"):
            yield LineForm("directive", DIRECTIVE, self._to("closed"), indent=0)
        if not self.is_open:
            return
        # An empty section is no section to YAML, so it must be filled before it ends.
        first = len(self._path) if not self._given[-1] else 0
        for level in range(first, len(self._path) + 1):
            yield from self._level(level)
        if self._given[-1]:
            yield LineForm("end of the front matter", "---", self._to("directive"), indent=0)

    def _level(self, level: int) -> Iterator[LineForm]:
        """Settings and sections of one open level of the front matter."""
        given = self._given[level]
        for key, pattern in self._settings(level):
            if key not in given:
                yield self._form(key, f"{key}: {pattern}", level)
        sections = [each for each in self._sections(level) if each not in given]
        if sections:
            yield self._form("section", f"(?P<section>{one_of(sections)}):", level)
        if level > 1:
            key = name("a-z", "A-Za-z0-9", except_for=(*self._reserved(level), *sorted(given)))
            yield self._form("setting", f"(?P<key>{key}): {_SCALAR}", level)

    def _settings(self, level: int) -> Iterator[tuple[str, str]]:
        if level == 0:
            yield "title", _YAML_TEXT
            yield "displayMode", "compact"
        elif level == 1:
            yield from ((key, values) for key, (values, _) in _SETTINGS.items())
        else:
            yield from _BOUNDED.items()

    def _sections(self, level: int) -> tuple[str, ...]:
        if level == 0:
            return ("config",)
        if level == 1:
            return SECTIONS
        return _INNER_SECTIONS.get(self._path[1], ()) if level == 2 else ()

    def _reserved(self, level: int) -> tuple[str, ...]:
        return (*_POISONOUS, *_BOUNDED, *self._sections(level))

    def _form(self, key: str, pattern: str, level: int) -> LineForm:
        def read(match: re.Match[str]) -> None:
            parts = match.groupdict()
            section = parts.get("section")
            del self._path[level:], self._given[level + 1 :]
            self._given[level].add(section or parts.get("key") or key)
            if section is not None:
                self._path.append(section)
                self._given.append(set())

        return LineForm(key, pattern, read, indent=YAML_INDENT * level)

    def closing(self) -> list[str]:
        """Lines that end open front matter."""
        if not self.is_open:
            return []
        level = len(self._path)
        if self._given[-1]:
            return ["---"]
        setting = ("title: Diagram", "look: classic", "useMaxWidth: true")[min(level, 2)]
        return [f"{' ' * (YAML_INDENT * level)}{setting}", "---"]

    def _to(self, state: str) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            self._state = state

        return read
