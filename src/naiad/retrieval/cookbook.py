"""The packaged cookbook: worked examples of every diagram type, written for this project.

One Markdown file a type in `cookbook/`, so that a forge shows the diagrams: a `##` heading with
the description, then the diagram in a ```mermaid fence. To add a type, add a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

_SECTION = re.compile(r"^## (?P<prompt>[^\n]+)\n\n```mermaid\n(?P<mermaid>.+?)\n```$", re.M | re.S)


@dataclass(frozen=True)
class WorkedExample:
    """A description and a diagram that answers it."""

    prompt: str
    mermaid: str
    type: str
    """Diagram type, in the names of mermaid.diagram_types."""


@cache
def packaged_examples() -> tuple[WorkedExample, ...]:
    """All examples of the cookbook, by type and then in the order of the file."""
    folder = resources.files("naiad.retrieval") / "cookbook"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".md")), key=_name)
    return tuple(
        WorkedExample(section["prompt"], section["mermaid"], file.name.removesuffix(".md"))
        for file in files
        for section in _SECTION.finditer(file.read_text("utf-8"))
    )


def _name(file: resources.abc.Traversable) -> str:
    return file.name
