"""Read a whole diagram with the grammar of its family."""

from __future__ import annotations

from dataclasses import dataclass

from naiad.grammar.line_grammar import DiagramGrammar, LineRefused
from naiad.grammar.registry import GRAMMARS
from naiad.mermaid.diagram_types import diagram_type_of


@dataclass(frozen=True)
class Refusal:
    """Why a text is not in the canonical subset."""

    message: str
    """One line: what was found and what could have been there."""
    line: int | None = None
    """1-based line of the text, None where it is the whole."""


def refusal(source: str) -> Refusal | None:
    """Why the grammars refuse a diagram; None when it is in the canonical subset.

    A refused diagram need not be invalid: the subset leaves out other ways of writing things.
    """
    diagram_type = diagram_type_of(source)
    if diagram_type is None or diagram_type not in GRAMMARS:
        return Refusal(f"there is no grammar for {diagram_type or 'a text of no known type'}")
    grammar = GRAMMARS[diagram_type]()
    for number, line in enumerate(source.rstrip("\n").split("\n"), start=1):
        try:
            grammar.read(line)
        except LineRefused as error:
            return Refusal(str(error), number)
    return None if grammar.may_end else Refusal(unfinished(grammar))


def unfinished(grammar: DiagramGrammar) -> str:
    """What to say of a diagram that stops too early."""
    missing = " / ".join(line.strip() for line in grammar.closing_lines())
    return f"the diagram is not finished; this would end it: {missing}"
