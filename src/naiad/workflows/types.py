"""Types: what Naiad can do with each family of diagrams."""

from __future__ import annotations

from dataclasses import dataclass

from naiad.grammar import GRAMMARS, REWRITERS
from naiad.mermaid.diagram_types import DIAGRAM_TYPES
from naiad.retrieval import packaged_examples


@dataclass(frozen=True)
class FamilySupport:
    """What there is for one diagram type."""

    type: str
    """Naiad's name, which is Mermaid's keyword."""
    title: str
    """In words."""
    grammar: bool
    """Generated line by line under a grammar: every answer parses."""
    fixer: bool
    """`naiad fix` rewrites and repairs it."""
    structure: bool
    """Its structure can be read from Mermaid's database and compared."""
    renderer: bool
    """`naiad render` draws it."""
    examples: int
    """Worked examples in the package."""
    trained: bool
    """An adapter of the package was trained on it."""


def family_support() -> list[FamilySupport]:
    """One row a diagram type, in the order of DIAGRAM_TYPES."""
    examples = [example.type for example in packaged_examples()]
    return [
        FamilySupport(
            type=each.name,
            title=each.title,
            grammar=each.name in GRAMMARS,
            fixer=each.name in REWRITERS,
            # The judge's bundle and the renderer are the same Mermaid, with all its families.
            structure=True,
            renderer=True,
            examples=examples.count(each.name),
            trained=False,
        )
        for each in DIAGRAM_TYPES.values()
    ]
