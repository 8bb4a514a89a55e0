"""mindmap: a tree by whatever indentation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.families.mindmap import DEEPEST, PLAIN, SHAPES
from naiad.grammar.line_grammar import INDENT
from naiad.grammar.rewriting.chart_rewriter import single_spaced
from naiad.grammar.rewriting.escaping import escaped
from naiad.grammar.rewriting.outline import (
    OutlineNode,
    as_id,
    decoration,
    guessed_node,
    parsed_node,
    without_bullet,
    written_label,
)
from naiad.grammar.rewriting.rewriter import Rewriter

_KEYWORD = re.compile(r"mindmap\b[ \t:]*", re.IGNORECASE)
_PLAIN = re.compile(PLAIN)
_CLOSING = dict(SHAPES)
_INLINE = re.compile(r"\s+(?P<decoration>::icon\([^)]*\)|:::\s*[\w\- ]+)$")


class MindmapRewriter(Rewriter):
    """A node lies under the nearest one above it that is indented less, as in Mermaid."""

    type = "mindmap"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._indents: list[int] = []
        """Of the last node and of those it lies under, the root first."""
        self._held: list[str] = []
        """Lines of a Markdown string that has not ended."""
        self._held_indent = 0

    def header(self, text: str) -> Iterator[str]:
        keyword = _KEYWORD.match(text)
        if keyword is None:
            yield text
            return
        yield "mindmap"
        rest = text[keyword.end() :].strip("; ")
        if rest:
            yield from self.statement(rest, 0)

    def comment(self, text: str) -> str:
        return f"{self._blanks()}{text}"

    def statement(self, text: str, indent: int) -> Iterator[str]:
        if self._held:
            text, indent = "<br/>".join([*self._held, text]), self._held_indent
            self._held = []
        # A real line break is drawn in a Markdown string, and so is this one.
        if not self.repairing and text.count('"`') > text.count('`"'):
            self._held, self._held_indent = [text], indent
            return
        decorating = decoration(text)
        if decorating is not None:
            yield f"{self._blanks()}{decorating}"
            return
        if self.repairing:
            yield from self._repaired(text, indent)
            return
        node = parsed_node(text)
        self._descend(indent)
        if node is None or node.rest:
            yield f"{self._blanks()}{text}"
        else:
            yield f"{self._blanks()}{_written(node)}"

    def finish(self) -> Iterator[str]:
        yield from self._held

    def _repaired(self, text: str, indent: int) -> Iterator[str]:
        without = without_bullet(text).rstrip(";, \t")
        inline = _INLINE.search(without)
        if inline:
            without = without[: inline.start()]
        if without != text:
            self.note("took away what is not the node's")
        node = parsed_node(without)
        if node is None or node.rest:
            self.note("quoted the label")
            node = guessed_node(without)
        if self._indents and indent <= self._indents[0]:
            self.note("put the node under the root, of which there can be only one")
            indent = self._indents[0] + 1
        self._descend(indent)
        yield f"{self._blanks()}{_written(node)}"
        if inline:
            yield f"{self._blanks()}{decoration(inline['decoration'].strip())}"

    def _descend(self, indent: int) -> None:
        while self._indents and self._indents[-1] >= indent and len(self._indents) > 1:
            self._indents.pop()
        if len(self._indents) > DEEPEST:
            self._indents.pop()
        self._indents.append(indent)

    def _blanks(self) -> str:
        return " " * (INDENT * max(len(self._indents), 1))


def _written(node: OutlineNode) -> str:
    is_cloud = node.opening == "(" and node.closing != ")"
    opening = ")" if is_cloud else node.opening
    if opening not in _CLOSING:
        plain = escaped(single_spaced(node.label), '"<>;`')
        if not plain or _PLAIN.fullmatch(plain):
            return plain
        # What begins like a keyword or an icon has to hide that.
        return f"#{ord(plain[0])};{plain[1:]}"
    return f"{as_id(node.id)}{opening}{written_label(node)}{_CLOSING[opening]}"
