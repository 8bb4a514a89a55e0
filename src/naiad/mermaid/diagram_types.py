"""Which type a diagram is of, and which type a request asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType

from naiad.mermaid.diagram_type_table import TABLE, DiagramType

__all__ = ["DIAGRAM_TYPES", "DiagramType", "diagram_type_of", "first_statement", "requested_type"]

DIAGRAM_TYPES: Mapping[str, DiagramType] = MappingProxyType({each.name: each for each in TABLE})
"""All diagram types by name, the common ones first."""

# JavaScript's \s, which Mermaid trims by; Python's differs in U+FEFF and a few controls.
_SPACE = " \t\n\v\f\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_LEADING_SPACE = re.compile(rf"[{_SPACE}]*")
_DIRECTIVE = re.compile(
    r"%%\{\s*(?:\w+\s*:|\w+)\s*(?:\w+|(?:(?!\}%%).|\r?\n)*)?\s*(?:\}%%)?", re.IGNORECASE
)


def diagram_type_of(source: str) -> str | None:
    """Type of a Mermaid text by its first keyword, as Mermaid itself detects it.

    Front matter, directives, comments and blank lines before the keyword are skipped:
    "%%{init: {}}%%\\n%% hi\\ngraph TD" -> "flowchart". None when Mermaid knows no such type.
    One difference: Mermaid takes any text with `C4Container` (Component, Dynamic, Deployment)
    somewhere in it for C4; here the first keyword decides.
    """
    text = first_statement(source)
    return next((each.name for each in TABLE if each.begins(text)), None)


def first_statement(source: str) -> str:
    """`source` from its first character that is not front matter, directive, comment or blank."""
    text = re.sub(r"\r\n?", "\n", source)
    text = _DIRECTIVE.sub("", text[_front_matter_length(text) :])
    position = 0
    while True:
        match = _LEADING_SPACE.match(text, position)
        position = match.end() if match else position
        if not text.startswith("%%", position):
            return text[position:]
        newline = text.find("\n", position)
        if newline == -1:
            return ""
        position = newline + 1


def _front_matter_length(text: str) -> int:
    """Length of the YAML block that begins `text`, 0 if there is none.

    Its fences are lines of three dashes and nothing else, equally indented, and at least one
    line lies between them; the closing one must end with a newline.
    """
    lines = text.split("\n")
    opening = lines[0].rstrip()
    indent = opening[: len(opening) - len(opening.lstrip())]
    if opening != f"{indent}---":
        return 0
    length = len(lines[0]) + 1
    for number, line in enumerate(lines[1:-1], start=1):
        length += len(line) + 1
        if number > 1 and line.rstrip() == f"{indent}---":
            return length
    return 0


_ASKS = (
    r"\b(?:draw|create|generate|construct|build|make|design|produce|show|sketch|illustrate|"
    r"visuali[sz]e|model|plot|give me|i need|i want|write|compose|render|"
    r"dessine[rz]?|cr[ée]e[rz]?|g[ée]n[èe]re[rz]?|g[ée]n[ée]rer|trace[rz]?|fais|faites|"
    r"construi[st]|construire|produi[st]|montre[rz]?|repr[ée]sente[rz]?|illustre[rz]?|"
    r"con[çc]ois|je veux|je voudrais|il me faut)\b"
)
_WORDS_BETWEEN = r"(?:[\s'`\"]+[\w'’-]+){0,4}?[\s'`\"]+"
"""Room for "a simple", "me a", "une" between the verb and the diagram."""
_BEGINS = r"\A\W*(?:(?:an?|une?)\s+)?"
"""A request may leave the verb out: "Timeline of the project", "a kanban for three people"."""
_MARKED = r"mermaid[\s`'\"]+"
_LONGEST_REQUEST = 20_000
"""Characters in which a type is looked for; what follows is material."""


def requested_type(prompt: str) -> str | None:
    """The diagram type that a request names, in English or French; None when it names none.

    The earliest naming wins. A name is Mermaid's own keyword or a phrase that means a diagram
    and nothing else ("pie chart"). Without any, notation that one type alone has names it
    (`[*]`), and then a word that may mean something else ("timeline", "journey"), if it is
    what is asked for or begins the request:
    "Draw a timeline of the project" -> "timeline", "Pie of tea 3, milk 4" -> "pie",
    "A class of students on a journey" -> None.
    """
    start = prompt[:_LONGEST_REQUEST].replace("’", "'")
    for patterns in _tiers():
        found = [hit for name, pattern in patterns if (hit := _first(name, pattern, start))]
        if found:
            return min(found)[2]
    return None


def _first(name: str, pattern: re.Pattern[str], prompt: str) -> tuple[int, int, str] | None:
    """(position, -length, name), so that the earliest and then the longest is the least."""
    match = pattern.search(prompt)
    if match is None:
        return None
    start, end = match.span("name")
    return start, start - end, name


def _strong_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for each in TABLE:
        # In their exact case, keywords that are not ordinary words need no context.
        coined = [header for header in each.headers if not header.isalpha() or _is_camel(header)]
        ordinary = [header for header in each.headers if header not in coined]
        alternatives = [rf"(?i:{phrase})" for phrase in each.phrases]
        alternatives += [rf"(?<![\w-]){re.escape(header)}(?![\w-])" for header in coined]
        quoted = [
            rf"(?<=`){re.escape(header)}(?=[`\s])|(?i:{_MARKED}){re.escape(header)}\b"
            for header in ordinary
        ]
        yield each.name, re.compile(f"(?P<name>{'|'.join(alternatives + quoted)})")


def _notation_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for each in TABLE:
        if each.notation:
            yield each.name, re.compile(f"(?P<name>{'|'.join(each.notation)})")


def _weak_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for each in TABLE:
        if each.words:
            words = "|".join(each.words)
            yield (
                each.name,
                re.compile(rf"(?i:(?:{_ASKS}{_WORDS_BETWEEN}|{_BEGINS})(?P<name>{words}))"),
            )


def _is_camel(header: str) -> bool:
    return any(character.isupper() for character in header)


@cache
def _tiers() -> tuple[tuple[tuple[str, re.Pattern[str]], ...], ...]:
    """Compiled at the first request, not at import: a hundred expressions take their time."""
    return (
        tuple(_strong_patterns()),
        tuple(_notation_patterns()),
        tuple(_weak_patterns()),
    )
