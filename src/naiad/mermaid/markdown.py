"""Diagrams in Markdown: fenced blocks whose info string begins with `mermaid`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENING = re.compile(r"(?P<indent>[ \t]*(?:>[ \t]?)*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)")


@dataclass(frozen=True)
class MarkdownDiagram:
    """One Mermaid block of a Markdown text."""

    source: str
    """What stands between the fences, without the indent of the block."""
    first_line: int
    """1-based line of the Markdown text on which the source begins."""


def diagrams_in_markdown(text: str) -> list[MarkdownDiagram]:
    """The Mermaid blocks in `text`, in their order.

    "# Plan\\n```mermaid\\npie\\n```\\n" -> [MarkdownDiagram("pie\\n", first_line=3)]. Fences may be
    indented or quoted, as in a list; the same indent comes off their lines. A fence that never
    closes ends with the text.
    """
    diagrams: list[MarkdownDiagram] = []
    block: list[str] | None = None
    is_mermaid, fence, indent, first_line = False, "", "", 0
    # Not splitlines(): editors count neither form feeds nor U+2028 as line ends.
    for number, line in enumerate(re.findall(r"[^\n]*\n|[^\n]+", text), start=1):
        if block is None:
            opening = _OPENING.fullmatch(line.rstrip("\r\n"))
            if opening:
                block, fence, indent = [], opening["fence"], opening["indent"]
                is_mermaid = opening["info"].split()[:1] == ["mermaid"]
                first_line = number + 1
            continue
        content = _without_indent(line, indent)
        if re.fullmatch(rf"[ \t]*{fence[0]}{{{len(fence)},}}\s*", content):
            if is_mermaid:
                diagrams.append(MarkdownDiagram("".join(block), first_line))
            block = None
        else:
            block.append(content)
    if block is not None and is_mermaid:
        diagrams.append(MarkdownDiagram("".join(block), first_line))
    return diagrams


def fenced(source: str) -> str:
    """`source` as a Markdown block, its fence longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", source)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}mermaid\n{source.rstrip()}\n{fence}\n"


def _without_indent(line: str, indent: str) -> str:
    """`line` without the indent of its block's fence, as much of it as is there."""
    if line.startswith(indent):
        return line[len(indent) :]
    if indent.strip():
        return line.lstrip(" \t>")
    return line[len(line) - len(line.lstrip(" \t")) :]
