"""Read a line of nodes and links as Mermaid's lexer does, or more kindly when repairing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from naiad.grammar.families.flowchart_patterns import ARROW, BRACKETS
from naiad.grammar.rewriting import flowchart_text as written

Note = Callable[[str], None]

_LETTER = r"A-Za-z0-9_!'*+.?/\\$%\u00aa-\uffdc"
_ID = re.compile(rf"(?:[{_LETTER}]|-(?=[{_LETTER}])(?!\.)|,(?=[{_LETTER}])|:(?=[{_LETTER}]))+")
_CLASS = re.compile(r":::\s*(?P<name>\w+(?:[.\-]\w+)*)", re.ASCII)
_DATA = re.compile(r'@\{(?P<inner>(?:"[^"]*"|[^"}])*)\}')
_LINK_ID = re.compile(r'(?P<id>[^\s"\[\](){}|@]+)@(?=[^{"])')
_FULL = re.compile(r"[xo<]?--+[-xo>]|[xo<]?==+[=xo>]|[xo<]?-?\.+-[xo>]?|~~~+")
_START = {
    "-": re.compile(r"[xo<]?--"),
    "=": re.compile(r"[xo<]?=="),
    ".": re.compile(r"[xo<]?-\."),
}
_END = {
    "-": re.compile(r"[xo<]?--+[-xo>]"),
    "=": re.compile(r"[xo<]?==+[=xo>]"),
    ".": re.compile(r"[xo<]?-?\.+-[xo>]?"),
}
_BARS = re.compile(r'\s*\|(?P<text>\s*"[^"]*"\s*|[^|"]*)\|')
_CANONICAL_ARROW = re.compile(ARROW)
_OPENINGS = sorted({opening for opening, _ in BRACKETS}, key=len, reverse=True)
_CLOSINGS = {
    opening: [each for start, each in BRACKETS if start == opening] for opening in _OPENINGS
}
_BLANKS = re.compile(r"\s*")


@dataclass(frozen=True)
class Node:
    """A node as a line mentions it."""

    id: str
    shape: str = ""
    """Canonical brackets with label, or nothing."""
    classes: str = ""
    """`:::name` or nothing."""
    data: str = ""
    """Canonical `@{ … }` or nothing."""
    edge_data: tuple[str, ...] = ()
    """What `@{ … }` says if the id is that of an edge."""

    @property
    def text(self) -> str:
        return self.id + (self.shape + self.classes or self.data)

    @property
    def later(self) -> str:
        """The statement of the data, where brackets or a class leave no room for it."""
        return self.id + self.data if self.data and self.shape + self.classes else ""


@dataclass(frozen=True)
class Link:
    """What joins two nodes."""

    arrow: str
    label: str = ""
    """Canonical, with its quotes; empty without one."""
    id: str = ""
    is_reversed: bool = False
    """Whether it was written with its head at the other end, which Mermaid does not know."""

    @property
    def text(self) -> str:
        return f"{self.id}@{self.bare}" if self.id else self.bare

    @property
    def bare(self) -> str:
        return f"{self.arrow}|{self.label}|" if self.label else self.arrow


@dataclass(frozen=True)
class Chain:
    """Nodes joined by links and `&`, and what stands behind them."""

    nodes: tuple[Node, ...]
    joints: tuple[Link | None, ...]
    """Between one node and the next: a link, or None for `&`."""
    rest: str

    @property
    def edges(self) -> int:
        """Edges that Mermaid makes of it: between every two of neighbouring groups."""
        sizes = [1]
        for joint in self.joints:
            if joint is None:
                sizes[-1] += 1
            else:
                sizes.append(1)
        return sum(start * end for start, end in pairwise(sizes))

    @property
    def text(self) -> str:
        parts = [self.nodes[0].text]
        for joint, node in zip(self.joints, self.nodes[1:], strict=True):
            parts += ["&" if joint is None else joint.text, node.text]
        return " ".join(parts)


class Unreadable(ValueError):
    """A line that is no statement of nodes and links."""


class ChainReader:
    """Reads one statement; a new one is made for each."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def read(self) -> Chain:
        """The statement up to a `;` or the end. Raises Unreadable."""
        nodes = [self._node()]
        joints: list[Link | None] = []
        while not self._at_end():
            joints.append(None if self._takes("&") else self._link())
            self._skip()
            nodes.append(self._node())
        return Chain(tuple(nodes), tuple(joints), self._text[self._position :].lstrip(" \t;"))

    def _at_end(self) -> bool:
        self._skip()
        return self._position == len(self._text) or self._text[self._position] == ";"

    def _skip(self) -> None:
        found = _BLANKS.match(self._text, self._position)
        self._position = found.end() if found else self._position

    def _takes(self, text: str) -> bool:
        taken = self._text.startswith(text, self._position)
        self._position += len(text) if taken else 0
        self._skip() if taken else None
        return taken

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._position)
        if found is not None:
            self._position = found.end()
        return found

    def _node(self) -> Node:
        found = self._match(_ID)
        if found is None:
            raise Unreadable(self._text)
        node = Node(found[0], self._brackets())
        if self._text.startswith(":::", self._position):
            name = self._match(_CLASS)
            if name is None:
                raise Unreadable(self._text)
            node = replace(node, classes=f":::{name['name']}")
        data = self._match(_DATA)
        return node if data is None else self._with_data(node, data["inner"])

    def _with_data(self, node: Node, inner: str) -> Node:
        data = written.data_of(inner)
        if data is None:
            raise Unreadable(self._text)
        looks = tuple(written.edge_data(data))
        return replace(node, data=written.node_data(data), edge_data=looks)

    def _brackets(self) -> str:
        """Canonical brackets with their label, nothing where there are none."""
        for opening in _OPENINGS:
            if self._text.startswith(opening, self._position):
                return self._bracketed(opening)
        return ""

    def _bracketed(self, opening: str) -> str:
        start = self._position + len(opening)
        quote = re.compile(r'\s*("[^"]*")\s*').match(self._text, start)
        if quote is not None:
            for closing in _CLOSINGS[opening]:
                if self._text.startswith(closing, quote.end()):
                    self._position = quote.end() + len(closing)
                    return opening + written.label(quote[1]) + closing
        end, closing = self._first_closing(opening, start)
        label = self._text[start:end]
        if '"' in label or not label:
            raise Unreadable(self._text)
        self._position = end + len(closing)
        return opening + written.label(label) + closing

    def _first_closing(self, opening: str, start: int) -> tuple[int, str]:
        """Where the label that begins at `start` ends, and with what."""
        for position in range(start, len(self._text)):
            for closing in _CLOSINGS[opening]:
                if self._text.startswith(closing, position):
                    return position, closing
            if self._text[position] in '[](){}"' or self._text[position] == "|":
                break
        raise Unreadable(self._text)

    def _link(self) -> Link:
        named = self._match(_LINK_ID)
        identity = named["id"] if named else ""
        full = self._match(_FULL)
        if full is not None:
            bars = self._match(_BARS)
            label = written.label(bars["text"]) if bars else ""
            return self._checked(full[0], label, identity)
        for kind, pattern in _START.items():
            start = self._match(pattern)
            if start is not None:
                return self._with_text(start[0], kind, identity)
        raise Unreadable(self._text)

    def _with_text(self, start: str, kind: str, identity: str) -> Link:
        """`-- text -->`, behind its start."""
        quote = re.compile(r'\s*("[^"]*")\s*').match(self._text, self._position)
        end = _END[kind].search(self._text, quote.end() if quote else self._position)
        if end is None or (quote and end.start() != quote.end()):
            raise Unreadable(self._text)
        label = quote[1] if quote else self._text[self._position : end.start()]
        self._position = end.end()
        arrow = end[0] if end[0][:1] not in "xo<" else end[0][1:]
        head = start[0] if start[0] in "xo<" else ""
        if kind == "." and not arrow.startswith("-"):
            arrow = f"-{arrow}"
        if head and arrow[-1] != {"<": ">"}.get(head, head):
            raise Unreadable(self._text)
        return self._checked(head + arrow, written.label(label), identity)

    def _checked(self, arrow: str, label: str, identity: str) -> Link:
        if _CANONICAL_ARROW.fullmatch(arrow) is None:
            raise Unreadable(self._text)
        return Link(arrow, "" if written.is_blank(label) else label, identity)
