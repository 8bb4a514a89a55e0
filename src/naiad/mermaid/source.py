"""The Mermaid text inside what a language model answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from naiad.mermaid.diagram_type_table import TABLE
from naiad.mermaid.diagram_types import first_statement

_HEADERS = sorted((header for each in TABLE for header in each.headers), key=len, reverse=True)
# Many keywords are words ("block", "journey"), so a line of prose may begin with one. What
# follows the keyword on its line decides: nothing, or one of the few things Mermaid allows.
_HEADER_LINE = re.compile(
    rf"[ \t]*(?:{'|'.join(map(re.escape, _HEADERS))})"
    r"[ \t]*(?:$|[;:{%]|[<>^v]$|"
    r"(?:TB|TD|LR|RL|BT|v2|showData|showInfo|title|accTitle|accDescr|horizontal|vertical)\b)"
)
_FENCE = re.compile(r"(?P<before>.*?)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)")
_PROSE = re.compile(r"[A-ZÀ-Ý*_#(](?:[^\[\]{}|<>=(]|(?<!\w)\()*[.:!?]\**")
_MIN_PROSE_WORDS = 5
_MOST_OPENINGS = 50
"""Lines tried as the beginning of a diagram; each try reads the rest of the text."""


def extract_diagram(text: str) -> str:
    """The diagram in `text`: what stands in a fence, or from the first keyword on.

    "Sure!\\n```mermaid\\npie\\n \\"a\\": 1\\n```\\nEnjoy." -> "pie\\n \\"a\\": 1". Fences may be of
    tildes, unnamed, of another name around a known keyword, or never closed; line ends become
    \\n and blanks around the diagram go. Nothing is added or repaired. A text in which no
    diagram is recognised comes back stripped, for the judge to refuse. Applying it twice
    changes nothing more.
    """
    diagram = re.sub(r"\r\n?", "\n", text).strip()
    while (inner := _unwrapped(diagram)) != diagram:
        diagram = inner
    return diagram


def _unwrapped(text: str) -> str:
    """`text` without its outermost wrapping; `text` itself when there is none. Never longer."""
    blocks = [block for block in _fenced_blocks(text) if block.content]
    named = [block for block in blocks if block.language == "mermaid"]
    known = [block for block in blocks if _header_line(block.content.split("\n")) is not None]
    for block in (*named, *known):
        return block.content
    return _without_prose(text)


@dataclass(frozen=True)
class _Block:
    language: str
    content: str


def _fenced_blocks(text: str) -> Iterator[_Block]:
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        opening = _FENCE.fullmatch(lines[number])
        number += 1
        if not opening:
            continue
        body: list[str] = []
        # A model often writes on behind the closing fence, and Mermaid has no such lines.
        while number < len(lines) and not lines[number].lstrip().startswith(opening["fence"]):
            body.append(lines[number])
            number += 1
        number += 1
        indent = opening["before"] if not opening["before"].strip() else ""
        body = [line.removeprefix(indent) for line in body]
        language, _, rest = opening["info"].strip().partition(" ")
        if _header_line([rest]) is not None:
            body.insert(0, rest)
        yield _Block(language.lower().strip("{}."), "\n".join(body).strip())


def _header_line(lines: list[str]) -> int | None:
    for number, line in enumerate(lines):
        if _HEADER_LINE.match(line):
            return number
    return None


def _without_prose(text: str) -> str:
    """`text` from its keyword, with front matter and directives above, to the prose below."""
    lines = text.split("\n")
    first = _first_line(lines)
    if first is None:
        return text
    # The keyword is not before `header`, so nothing of front matter can look like prose.
    header = len(lines) - first_statement("\n".join(lines[first:])).count("\n")
    last = next(
        (
            number
            for number in range(header, len(lines))
            if _is_closing_fence(lines[number]) or _begins_prose(lines, number)
        ),
        len(lines),
    )
    return "\n".join(lines[first:last]).strip()


def _first_line(lines: list[str]) -> int | None:
    """Where a diagram begins: at its front matter, directive, comment or keyword."""
    openings = [
        number
        for number, line in enumerate(lines)
        if line.lstrip()[:2] in ("--", "%%") or _HEADER_LINE.match(line)
    ]
    for number in openings[:_MOST_OPENINGS]:
        statement = first_statement("\n".join(lines[number:]))
        if _HEADER_LINE.match(statement.split("\n", 1)[0]):
            return number
    return None


def _is_closing_fence(line: str) -> bool:
    return line.lstrip().startswith(("```", "~~~"))


def _begins_prose(lines: list[str], number: int) -> bool:
    """Whether a paragraph about the diagram begins here, rather than a part of it.

    Only a sentence counts: behind a blank line, not indented, of several words, ended by a
    full stop or the like, without Mermaid's arrows and brackets.
    """
    line = lines[number]
    return (
        not lines[number - 1].strip()
        and len(line.split()) >= _MIN_PROSE_WORDS
        and "--" not in line
        and _PROSE.fullmatch(line.rstrip()) is not None
    )
