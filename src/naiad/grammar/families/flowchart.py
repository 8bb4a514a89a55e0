"""flowchart, graph and flowchart-elk: nodes of many shapes, edges, subgraphs, styles, clicks.

https://mermaid.js.org/syntax/flowchart.html; what Mermaid's database makes of the lines is in
its flowDb.ts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from naiad.grammar.families import flowchart_patterns as piece
from naiad.grammar.line_grammar import INDENT, Accessibility, DiagramGrammar, LineForm
from naiad.grammar.patterns import integer, listed, one_of

MOST_EDGES = 500
"""Mermaid refuses more."""
MOST_LINES = 1000
MOST_DEPTH = 6
"""Subgraphs in each other."""
MOST_TAKEN = 80
"""Ids that a new one is kept from having; with more there are no more new ones."""
_MOST_NUMBERS = 20
"""Edges of one linkStyle."""
_MOST_CLASSED = 30
"""Nodes of one class statement."""
_MOST_STEPS = 12
"""Links and `&` of one line."""
_MOST_EDGES_OF_LINE = 42
"""Of 13 nodes: 6 & … to 7 & …."""

_QUOTED = re.compile(r'@\{(?:"[^"]*"|[^"}])*\}|"[^"]*"')
_LINK = re.compile(rf"(?:(?P<id>[A-Za-z0-9_]+)@)?{piece.ARROW}(?:\|\|)?")
_ID = re.compile(piece.ANY_ID)
# Whatever else a line says, Mermaid's lexer takes it for a direction.
_TAKEN_FOR_DIRECTION = re.compile(r"direction\s+(?:TB|BT|RL|LR|TD)")


@dataclass(frozen=True)
class Statement:
    """The nodes and links of one line."""

    groups: list[list[str]]
    """Ids of the nodes joined by `&`; a link stands between one group and the next."""
    edge_id: str | None

    @property
    def ids(self) -> list[str]:
        return [each for group in self.groups for each in group]

    @property
    def edges(self) -> int:
        return sum(len(start) * len(end) for start, end in pairwise(self.groups))


def statement_of(line: str) -> Statement:
    """The parts of a line that a statement's form has matched."""
    groups: list[list[str]] = [[]]
    edge_id = None
    for part in _QUOTED.sub("", line).split():
        link = _LINK.fullmatch(part)
        if link is not None:
            edge_id = link["id"] or edge_id
            groups.append([])
        elif node := _ID.match(part):
            groups[-1].append(node[0])
    return Statement(groups, edge_id)


@dataclass(frozen=True)
class CheckedForm(LineForm):
    """A form whose ids and numbers change from line to line.

    Python takes a tenth of a second to compile such a pattern. So it reads with one that lasts, of
    any ids and numbers, and then looks at those that the line has.
    """

    lasting: str = ""
    """Matches what `pattern` matches, and more."""
    fits: Callable[[re.Match[str]], bool] = bool
    """Whether a line that `lasting` matches is one of `pattern`."""

    def match(self, line: str) -> re.Match[str] | None:
        found = LineForm(self.name, self.lasting, indent=self.indent).match(line)
        return found if found is not None and self.fits(found) else None


@dataclass
class _Subgraph:
    """A subgraph that is open."""

    id: str
    """Empty for one with a title only."""
    members: list[str] = field(default_factory=list)
    directed: bool = False


class FlowchartGrammar(DiagramGrammar):
    """Of a node that is in several subgraphs Mermaid keeps the one that ends first.

    No subgraph may come to lie in itself: an id that holds the open subgraphs, by its lines or by
    what they say of each other, is not a node in them.
    """

    type = "flowchart"
    header = "(?:flowchart|graph|flowchart-elk) (?:TD|TB|LR|RL|BT)"
    default_header = "flowchart TD"

    def __init__(self) -> None:
        super().__init__()
        self._nodes: dict[str, None] = {}
        self._edges = 0
        self._edge_ids: dict[str, None] = {}
        self._open: list[_Subgraph] = []
        self._subgraphs: frozenset[str] = frozenset()
        self._owner: dict[str, str] = {}
        """The closed subgraph that an id is in."""
        self._lines = 0
        self._accessibility = Accessibility()

    def body(self) -> Iterator[LineForm]:
        indent = INDENT * (len(self._open) + 1)
        if self._lines < MOST_LINES:
            yield from self._statements(indent)
            yield from self._subgraph_forms(indent)
            yield from self._looks(indent)
            if not self._open:
                yield from self._accessibility.forms()
        if self._open:
            yield LineForm("end of the subgraph", "end", self._close, indent=indent - INDENT)

    @property
    def complete(self) -> bool:
        return not self._open and bool(self._nodes or self._subgraphs)

    def closing(self) -> Iterator[str]:
        for depth in reversed(range(len(self._open))):
            yield f"{' ' * INDENT * (depth + 1)}end"
        if not (self._nodes or self._subgraphs or self._open):
            yield f"{' ' * INDENT}A"

    def _statements(self, indent: int) -> Iterator[LineForm]:
        excluded = self._excluded()
        room = MOST_EDGES - self._edges
        steps = _MOST_STEPS if room >= _MOST_EDGES_OF_LINE else min(room, 1)

        def fits(match: re.Match[str]) -> bool:
            statement = statement_of(match[0])
            return excluded.isdisjoint(statement.ids) and len(statement.ids) <= steps + 1

        read = self._read_statement
        chain = _chain(excluded, steps)
        yield CheckedForm("node or edge", chain, read, indent, _ANY_CHAIN, fits)
        taken = excluded | self._subgraphs
        if not room or len(taken) > MOST_TAKEN:
            return

        def fits_named(match: re.Match[str]) -> bool:
            statement = statement_of(match[0])
            return excluded.isdisjoint(statement.ids) and statement.edge_id not in taken

        named = _named_edge(excluded, taken)
        yield CheckedForm("edge with an id", named, read, indent, _ANY_NAMED_EDGE, fits_named)

    def _excluded(self) -> frozenset[str]:
        """Ids that no node may have here: those of edges, and all that holds this place."""
        around = [each.id for each in self._open]
        for each in around:
            owner = self._owner.get(each)
            if owner is not None and owner not in around:
                around.append(owner)
        return frozenset([*self._edge_ids, *around]) - {""}

    def _read_statement(self, match: re.Match[str]) -> None:
        if not self._counts(match):
            return
        statement = statement_of(match[0])
        self._edges += statement.edges
        self._nodes |= dict.fromkeys(statement.ids)
        if statement.edge_id is not None:
            self._edge_ids[statement.edge_id] = None
        if self._open:
            self._open[-1].members += statement.ids

    def _counts(self, match: re.Match[str]) -> bool:
        """Whether Mermaid reads the line as what it is, and not as a direction."""
        self._lines += 1
        return _TAKEN_FOR_DIRECTION.search(match[0]) is None

    def _subgraph_forms(self, indent: int) -> Iterator[LineForm]:
        if self._open and not self._open[-1].directed:
            yield LineForm(
                "direction", "direction (?:TB|TD|BT|LR|RL)", self._read_direction, indent
            )
        taken = self._excluded() | self._subgraphs
        if len(self._open) == MOST_DEPTH or len(taken) > MOST_TAKEN:
            return
        is_inside = bool(self._open)

        def fits(match: re.Match[str]) -> bool:
            return match["id"] not in taken and not (is_inside and match["markdown"])

        pattern = _subgraph(piece.subgraph_id(taken), markdown=not is_inside)
        yield CheckedForm("subgraph", pattern, self._open_one, indent, _ANY_SUBGRAPH, fits)

    def _open_one(self, match: re.Match[str]) -> None:
        if self._counts(match):
            self._open.append(_Subgraph(match["id"] or ""))

    def _read_direction(self, match: re.Match[str]) -> None:
        self._lines += 1
        self._open[-1].directed = True

    def _close(self, match: re.Match[str]) -> None:
        closed = self._open.pop()
        self._subgraphs |= {closed.id}
        for each in closed.members:
            if each != closed.id:
                self._owner.setdefault(each, closed.id)
        if self._open:
            self._open[-1].members.append(closed.id)

    def _looks(self, indent: int) -> Iterator[LineForm]:
        """Styles, classes, clicks, and what edges look like."""
        read = self._read_looks
        subgraphs = self._subgraphs - {""}
        styled, classed = {*self._nodes, *subgraphs}, {*self._nodes, *self._edge_ids, *subgraphs}
        targets = [f"classDef {_CLASS_NAMES}"]
        if self._edges:
            numbers = listed(integer(0, self._edges - 1), ",", most=_MOST_NUMBERS)
            targets.append(f"linkStyle (?:default|{numbers})")
        if styled:
            targets.append(f"style {one_of(styled)}")
            pattern = f"class {listed(one_of(classed), ',', most=_MOST_CLASSED)} {piece.CLASS_NAME}"
            yield CheckedForm("class", pattern, read, indent, _ANY_CLASS, _among(classed))
        if self._nodes:
            pattern, fits = f"click {one_of(self._nodes)} {piece.CLICK}", _among(self._nodes)
            yield CheckedForm("click", pattern, read, indent, _ANY_CLICK, fits)
        if self._edge_ids:
            pattern, fits = f"{one_of(self._edge_ids)}{piece.EDGE_DATA}", _among(self._edge_ids)
            yield CheckedForm("look of an edge", pattern, read, indent, _ANY_LOOK, fits)
        edges, known = self._edges, _among(styled)

        def fits_style(match: re.Match[str]) -> bool:
            numbers = (match["numbers"] or "").split(",") if match["numbers"] else []
            return known(match) and all(int(number) < edges for number in numbers)

        styles = f"(?:{'|'.join(targets)}) {piece.STYLES}"
        yield CheckedForm("style", styles, read, indent, _ANY_STYLE, fits_style)

    def _read_looks(self, match: re.Match[str]) -> None:
        self._lines += 1


@lru_cache(maxsize=256)
def _chain(excluded: frozenset[str], most_steps: int) -> str:
    """Pattern of nodes with at most so many links and `&` between them."""
    node = piece.node(excluded)
    return f"{node}(?:(?: & | {piece.LINK} ){node}){{0,{most_steps}}}"


@lru_cache(maxsize=256)
def _named_edge(excluded: frozenset[str], taken: frozenset[str]) -> str:
    """Pattern of an edge with an id of its own, one between plain nodes.

    In a longer line what follows the edge could be a node of the edge's id, which is none.
    """
    node = piece.word(excluded)
    return f"{node} {piece.word(taken)}@{piece.LINK} {node}"


def _subgraph(id_: str, *, markdown: bool) -> str:
    """Pattern of the line that opens a subgraph.

    markdown: whether a title in Markdown may stand alone. It is an id too, and no subgraph may
    lie in one of its own id.
    """
    titled = rf"(?P<id>{id_})(?:\[{piece.LABEL}\])?|{piece.UNTITLED_TITLE}"
    alone = f"|(?P<markdown>{piece.MARKDOWN_TITLE})" if markdown else ""
    return f"subgraph (?:{titled}{alone})"


def _among(known: Collection[str]) -> Callable[[re.Match[str]], bool]:
    """Whether all ids of a line, if it has any, are known, and not too many."""

    def fits(match: re.Match[str]) -> bool:
        ids = (match["id"] or "").split(",") if match["id"] else []
        return len(ids) <= _MOST_CLASSED and all(each in known for each in ids)

    return fits


_CLASS_NAMES = listed(piece.CLASS_NAME, ",", most=6)
_ANY_CHAIN = _chain(frozenset(), _MOST_STEPS)
_ANY_NAMED_EDGE = _named_edge(frozenset(), frozenset())
_ANY_SUBGRAPH = _subgraph(piece.subgraph_id(), markdown=True)
_ANY_CLASS = f"class (?P<id>[^ ]+) {piece.CLASS_NAME}"
_ANY_CLICK = f"click (?P<id>[^ ,]+) {piece.CLICK}"
_ANY_LOOK = f"(?P<id>[^ ,@]+){piece.EDGE_DATA}"
_ANY_NUMBERS = listed("(?:0|[1-9][0-9]{0,2})", ",", most=_MOST_NUMBERS)
_ANY_STYLE = (
    f"(?:classDef {_CLASS_NAMES}|linkStyle (?:default|(?P<numbers>{_ANY_NUMBERS}))"
    f"|style (?P<id>[^ ,]+)) {piece.STYLES}"
)
