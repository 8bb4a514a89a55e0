"""flowchart: nodes and edges however they are written, subgraphs, styles, clicks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from naiad.grammar.families.flowchart_patterns import ANY_ID
from naiad.grammar.rewriting import flowchart_text as written
from naiad.grammar.rewriting.flowchart_reading import Chain, ChainReader, Unreadable
from naiad.grammar.rewriting.rewriter import Rewriter

_HEADER = re.compile(
    r"(?P<keyword>flowchart-elk|flowchart|graph)\b"
    r"(?:[ \t]*(?P<direction>LR|RL|TB|BT|TD|[<>^]|v\b))?(?P<rest>.*)"
)
_ARROW_DIRECTIONS = {"<": "RL", ">": "LR", "^": "BT", "v": "TB"}
# Whatever else a line says, Mermaid's lexer takes it for a direction.
_DIRECTION = re.compile(r"direction\s+(?P<direction>TB|BT|RL|LR|TD)")
_REST = r"\s*(?:;\s*(?P<rest>.*))?"
_END = re.compile(r"end\b\s*;?\s*(?P<rest>.*)", re.DOTALL)
_SUBGRAPH = re.compile(rf'subgraph\b\s*(?P<title>(?:"[^"]*"|[^;"])*?){_REST}', re.DOTALL)
_WITH_ID = re.compile(r'(?P<id>[^\[\]"]+?)\s*\[(?P<title>\s*"[^"]*"\s*|[^\[\]"]*)\]')
_STYLED = re.compile(
    r"(?P<what>classDef\s+\S+|style\s+\S+|linkStyle\s+(?:default|[\d,]+))\s+"
    rf"(?P<styles>[^;]*){_REST}"
)
_CLASS = re.compile(rf"class\s+(?P<ids>\S+)\s+(?P<name>[^\s;]+){_REST}")
_CLICK = re.compile(
    r"click\s+(?P<id>\S+)\s+(?:(?:href\s+)?(?P<address>\"[^\"]*\")"
    r"|(?:call\s+)?(?P<name>[A-Za-z_]\w*)\s*(?:\((?P<arguments>[^)]*)\))?)"
    rf"(?P<tip>\s+\"[^\"]*\")?(?P<target>\s+_(?:blank|self|parent|top))?{_REST}"
)
_ACCESSIBLE = re.compile(r"(?P<key>accTitle|accDescr)\s*:\s*(?P<text>.*)(?P<rest>)")
_BLOCK = re.compile(r"accDescr\s*\{(?P<text>[^}]*)\}\s*(?P<rest>.*)", re.DOTALL)
_OPEN_BLOCK = re.compile(r"accDescr\s*\{[^}]*")
_SAFE_ID = re.compile(ANY_ID)
_MOST_NODES = 13
"""Nodes of one canonical line."""
_Read = Callable[[re.Match[str]], str]


class FlowchartRewriter(Rewriter):
    """Statements are read whole: a label in quotes and `@{ … }` may take several lines."""

    type = "flowchart"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._depth = 0
        self._held = ""
        self._nodes: set[str] = set()
        self._edge_ids: set[str] = set()
        self._readers: tuple[tuple[re.Pattern[str], _Read], ...] = (
            (_SUBGRAPH, self._subgraph),
            (_END, self._end),
            (_STYLED, self._styled),
            (_CLASS, lambda found: self._line(f"class {found['ids']} {found['name']}")),
            (_CLICK, self._click),
            (_ACCESSIBLE, lambda found: self._line(f"{found['key']}: {found['text']}")),
            (_BLOCK, self._block),
        )

    def header(self, text: str) -> Iterable[str]:
        found = _HEADER.fullmatch(text)
        if found is None:
            return [text]
        direction = found["direction"] or "TB"
        first = f"{found['keyword']} {_ARROW_DIRECTIONS.get(direction, direction)}"
        return [first, *self._statements(found["rest"])]

    def statement(self, text: str, indent: int) -> Iterable[str]:
        text = f"{self._held}\n{' ' * indent}{text}" if self._held else text
        self._held = text if _is_open(text) else ""
        return [] if self._held else self._statements(text)

    def comment(self, text: str) -> str:
        return self._line(text)

    def finish(self) -> Iterable[str]:
        held, self._held = self._held, ""
        return [self._line(each.strip()) for each in held.split("\n")] if held else []

    def _line(self, text: str) -> str:
        return "    " * (self._depth + 1) + text

    def _statements(self, text: str) -> list[str]:
        """Canonical lines of one line, which may hold several statements."""
        lines: list[str] = []
        direction = _DIRECTION.search(text)
        if direction is not None:
            return [self._line(direction[0])] if self._depth else []
        while text := text.strip(" \t;"):
            written_lines, text = self._statement(text)
            lines += written_lines
        return lines

    def _statement(self, text: str) -> tuple[list[str], str]:
        """Canonical lines of the first statement, and what stands behind it."""
        for pattern, read in self._readers:
            found = pattern.fullmatch(text)
            if found is not None:
                return [read(found)], found["rest"] or ""
        try:
            chain = ChainReader(text).read()
        except Unreadable:
            return [self._line(text)], ""
        return [self._line(each) for each in self._chain(chain)], chain.rest

    def _chain(self, chain: Chain) -> list[str]:
        """Canonical statements of a chain: an edge with an id stands alone between plain nodes."""
        new = [node for node in chain.nodes if node.text != node.id or node.id not in self._nodes]
        first = chain.nodes[0]
        if first.id in self._edge_ids and first.edge_data and not chain.joints:
            return [first.id + look for look in first.edge_data]
        self._nodes |= {node.id for node in chain.nodes}
        self._edge_ids |= {joint.id for joint in chain.joints if joint is not None}
        links = [joint for joint in chain.joints if joint is not None]
        has_and = len(links) < len(chain.joints)
        named = any(link.id for link in links)
        later = [node.later for node in chain.nodes if node.later]
        if has_and or (not named and len(chain.nodes) <= _MOST_NODES):
            return [chain.text, *later]
        if all(node.text == node.id for node in chain.nodes):
            new = []
        ends = zip(chain.nodes, links, chain.nodes[1:], strict=False)
        edges = [f"{start.id} {link.text} {end.id}" for start, link, end in ends]
        return [*(node.text for node in new), *edges, *later]

    def _subgraph(self, found: re.Match[str]) -> str:
        line = self._line(f"subgraph {_title(found['title'])}")
        self._depth += 1
        return line

    def _end(self, found: re.Match[str]) -> str:
        self._depth = max(self._depth - 1, 0)
        return self._line("end")

    def _styled(self, found: re.Match[str]) -> str:
        what = re.sub(r"\s+", " ", found["what"])
        return self._line(f"{what} {written.styles(found['styles'])}")

    def _click(self, found: re.Match[str]) -> str:
        does = f"href {found['address']}" if found["address"] else f"call {found['name']}"
        if not found["address"]:
            does += f"({(found['arguments'] or '').strip()})"
        tip = f" {written.label(found['tip'])}" if found["tip"] else ""
        target = f" {found['target'].strip()}" if found["target"] else ""
        return self._line(f"click {found['id']} {does}{tip}{target}")

    def _block(self, found: re.Match[str]) -> str:
        text = found["text"].strip()
        if "\n" in text:
            return f"{self._line('accDescr {')}\n{text}\n{self._line('}')}"
        return self._line(f"accDescr: {text}")


def _is_open(text: str) -> bool:
    """Whether a label in quotes, `@{` or `accDescr {` goes on in the next line."""
    if text.count('"') % 2 or _OPEN_BLOCK.fullmatch(text):
        return True
    bare = re.sub(r'"[^"]*"', "", text)
    return bare.rfind("@{") > bare.rfind("}")


def _title(text: str) -> str:
    """Id, title or both of a subgraph."""
    titled = _WITH_ID.fullmatch(text)
    if titled is not None:
        return f"{titled['id']}[{written.label(titled['title'])}]"
    quoted = text[0] == text[-1] == '"' if len(text) > 1 else False
    bare = text[1:-1].strip() if quoted else text
    return bare if _SAFE_ID.fullmatch(bare) else written.label(text)
