"""Rewrite a whole text: preamble, header, body."""

from __future__ import annotations

from dataclasses import dataclass

from naiad.grammar.line_grammar import is_comment
from naiad.grammar.rewriting.preamble import canonical_preamble
from naiad.grammar.rewriting.registry import REWRITERS
from naiad.grammar.rewriting.rewriter import Change, Rewriter
from naiad.mermaid.diagram_types import diagram_type_of

TAB_WIDTH = 4


@dataclass(frozen=True)
class Rewritten:
    """A text after rewriting."""

    source: str
    changes: tuple[Change, ...] = ()
    """What was changed beyond blanks, in the order of the lines."""
    misread: bool = False
    """See Rewriter.misread."""


def rewrite(source: str, *, repairing: bool) -> Rewritten:
    """`source` in the canonical subset, as far as its family's rewriter gets it there.

    repairing: whether the text is known to be invalid. A text of an unknown type, or of a type
    without a rewriter, comes back as it is. Nothing is judged here: see fixing.
    """
    diagram_type = diagram_type_of(source)
    if diagram_type is None or diagram_type not in REWRITERS:
        return Rewritten(source)
    rewriter = REWRITERS[diagram_type](repairing=repairing)
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    header = _header_line(lines, diagram_type)
    written = canonical_preamble(lines[:header])
    rewriter.preamble = tuple(written)
    rewriter.number = header + 1
    written += rewriter.header(lines[header].strip())
    for number, line in enumerate(lines[header + 1 :], start=header + 2):
        rewriter.number = number
        written += _rewritten_line(rewriter, line)
    written += rewriter.finish()
    return Rewritten("\n".join(written), tuple(rewriter.changes), rewriter.misread)


def as_meant(source: str) -> str:
    """`source` without what Mermaid accepts and then cannot draw, or takes for something else.

    That is the single quotes of C4 and its relations to unknown aliases, a second edge between
    the same services of an architecture, and a chain of links in a block diagram.
    """
    diagram_type = diagram_type_of(source)
    rewriter = REWRITERS.get(diagram_type) if diagram_type is not None else None
    if rewriter is None:
        return source
    meant = rewriter.as_meant(source)
    misread = rewrite(meant, repairing=False).misread
    return rewrite(meant, repairing=True).source if misread else meant


def _header_line(lines: list[str], diagram_type: str) -> int:
    """Index of the line with the keyword: the first with which the type can be told."""
    ends = range(1, len(lines) + 1)
    found = (end for end in ends if diagram_type_of("\n".join([*lines[:end], ""])) == diagram_type)
    return next(found, 1) - 1


def _rewritten_line(rewriter: Rewriter, line: str) -> list[str]:
    text = line.strip()
    if not text:
        return []
    if is_comment(text):
        return [rewriter.comment(text)]
    if rewriter.repairing and text.startswith("//") and rewriter.type != "zenuml":
        rewriter.note("wrote the comment as Mermaid does, with `%%`")
        return [rewriter.comment(f"%%{text.removeprefix('//')}")]
    blanks = line[: len(line) - len(line.lstrip())].replace("\t", " " * TAB_WIDTH)
    return list(rewriter.statement(text, len(blanks)))
