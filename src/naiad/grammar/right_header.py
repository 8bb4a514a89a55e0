"""Give a broken diagram the header that its lines call for.

Models write `sequence diagram` for `sequenceDiagram`, leave the header out, or begin a sequence of
messages with `graph TD`. What the first line means is tried first, then every family under whose
header the lines are valid as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from naiad.grammar.reading import refusal
from naiad.grammar.registry import GRAMMARS
from naiad.grammar.rewriting.rewrite import rewrite
from naiad.grammar.rewriting.rewriter import Change
from naiad.mermaid.diagram_types import DIAGRAM_TYPES, diagram_type_of
from naiad.mermaid.judge import validate

FEWEST_LINES = 2
"""Lines behind the header by which a family can be guessed; one line fits several."""
_DIRECTION = re.compile(r"\b(?:TB|TD|BT|LR|RL)\b")
_TELLING = (
    *("flowchart", "sequenceDiagram", "classDiagram", "stateDiagram-v2", "erDiagram", "gitGraph"),
    *("requirementDiagram", "C4Context", "C4Deployment", "architecture-beta", "packet-beta"),
)
"""Families whose lines are those of no other; a mind map or a timeline may hold any text."""
_NOTATION = re.compile(r"--|->|==>|\|\||\w\(")
"""Words alone, a line each, are no diagram, although a flowchart would draw them."""
_NOT_LETTERS = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True)
class Reheaded:
    """A diagram under another header."""

    source: str
    changes: tuple[Change, ...]


def with_right_header(source: str) -> Reheaded | None:
    """`source` under the header that makes it valid; None where there is none to be found.

    For texts that are invalid as they are.
    """
    lines = source.split("\n")
    first = lines[0].strip()
    meant = None if _is_header(first) else _meant_type(first)
    if meant is not None:
        header = _with_direction(GRAMMARS[meant].default_header, first)
        fixed = rewrite("\n".join([header, *lines[1:]]), repairing=True)
        told = Change(f"wrote the header `{header}` for `{first[:60]}`", 1)
        return Reheaded(fixed.source, (told, *fixed.changes))
    for candidate, note in _candidates(lines):
        if validate(candidate).valid:
            fixed = rewrite(candidate, repairing=False)
            if refusal(fixed.source) is None:
                return Reheaded(fixed.source, (Change(note, 1), *fixed.changes))
    return None


def _candidates(lines: list[str]) -> Iterator[tuple[str, str]]:
    """(the lines under another family's header, what was done)."""
    first, rest = lines[0].strip(), lines[1:]
    has_header = diagram_type_of(first) is not None
    body = rest if has_header else lines
    if sum(1 for line in body if line.strip()) < FEWEST_LINES or not _NOTATION.search(
        "\n".join(body)
    ):
        return
    for diagram_type in _TELLING:
        header = GRAMMARS[diagram_type].default_header
        done = f"put the header `{header}` in place of `{first[:60]}`"
        yield (
            "\n".join([header, *body]),
            done if has_header else f"added the header `{header}`",
        )


def _is_header(first: str) -> bool:
    diagram_type = diagram_type_of(first)
    grammar = GRAMMARS.get(diagram_type) if diagram_type is not None else None
    return grammar is not None and re.fullmatch(grammar.header, first.rstrip("; ")) is not None


def _meant_type(first: str) -> str | None:
    """The type that a line names in words or in another spelling of its keyword."""
    words = _letters(_DIRECTION.sub("", first))
    for diagram_type in GRAMMARS:
        family = DIAGRAM_TYPES[diagram_type]
        names = {_letters(each) for each in (*family.headers, family.title, family.title_fr)}
        names |= {name.removesuffix("beta").removesuffix("v2") for name in names}
        if words in names:
            return diagram_type
    return None


def _letters(text: str) -> str:
    return _NOT_LETTERS.sub("", text.lower())


def _with_direction(header: str, first: str) -> str:
    direction = _DIRECTION.search(first)
    return _DIRECTION.sub(direction[0], header) if direction else header
