"""architecture-beta: services in groups, and the edges between their sides.

https://mermaid.js.org/syntax/architecture.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.line_grammar import Accessibility, DiagramGrammar, LineForm
from naiad.grammar.patterns import name, one_of, text

ICONS = ("cloud", "database", "disk", "internet", "server")
"""What Mermaid draws without an icon pack. A name of a pack (`logos:aws-s3`) is drawn as a
question mark where the page has not registered the pack, any other bare name always is."""
RESERVED_IDS = frozenset(
    {"accDescr", "accTitle", "align", "column", "group", "in", "junction", "row", "service"}
)
RESERVED_BEGINNINGS = ("title",)
"""The lexer takes a title before it looks for an id: `titles(server)` is one."""
MOST_NODES = 100
"""Services, junctions and groups of one diagram: the layout is slow."""
MOST_EDGES = 150

_FIRST = "AC-KM-QSU-Za-z0-9_"
"""No L, R, T, B: the lexer takes the first letter for a side of an edge."""
_PACK = name("a-z0-9", r"a-z0-9\-", last="a-z0-9", longest=30)
_ICON = f"(?:{one_of(ICONS)}|{_PACK}:{_PACK})"
_TITLE = text('"<>#;\\`[]')
_SIDE = "[LRTB]"


class ArchitectureGrammar(DiagramGrammar):
    """Ids are declared before they are used, once, and an edge joins a pair only once."""

    type = "architecture-beta"
    header = "architecture-beta"
    default_header = "architecture-beta"

    def __init__(self) -> None:
        super().__init__()
        self._parents: dict[str, str | None] = {}
        """Services and junctions, with the group that each is in."""
        self._groups: dict[str, None] = {}
        self._taken: set[str] = set()
        """Ids and, as `left-right`, edges: Mermaid's layout has one space of names for both."""
        self._edges = 0
        self._titled = False
        self._accessibility = Accessibility()

    def body(self) -> Iterator[LineForm]:
        if not self._titled:
            yield LineForm("title", f"title {_TITLE}", self._read_title)
        yield from self._accessibility.forms()
        if len(self._parents) + len(self._groups) < MOST_NODES:
            yield from self._declarations()
        if self._edges < MOST_EDGES:
            pairs = list(self._pairs())
            if pairs:
                yield LineForm("edge", f"(?:{'|'.join(pairs)})", self._read_edge)

    def _declarations(self) -> Iterator[LineForm]:
        fresh = name(
            _FIRST,
            r"A-Za-z0-9_\-",
            last="A-Za-z0-9_",
            except_for=RESERVED_IDS | self._taken,
            beginnings=RESERVED_BEGINNINGS,
        )
        what = rf"(?P<id>{fresh})(?:\({_ICON}\))?(?:\[{_TITLE}\])?"
        within = f"(?: in (?P<parent>{one_of(self._groups)}))?" if self._groups else ""
        yield LineForm(
            "group or service", f"(?P<kind>group|service) {what}{within}", self._read_declaration
        )
        yield LineForm("junction", f"junction (?P<id>{fresh}){within}", self._read_node)

    def _pairs(self) -> Iterator[str]:
        """Patterns of all edges: left-hand ids that may meet the same right-hand ids are one."""
        left_of: dict[tuple[str | None, frozenset[str]], list[str]] = {}
        for left, parent in self._parents.items():
            rights = frozenset(
                right for right in self._parents if f"{left}-{right}" not in self._taken
            )
            left_of.setdefault((parent, rights), []).append(left)
        for (parent, rights), lefts in left_of.items():
            # Mermaid refuses `{group}` on an edge that stays in its group.
            inside = {right for right in rights if parent and self._parents[right] == parent}
            for ids, boundary in ((inside, ""), (rights - inside, r"(?:\{group\})?")):
                if ids:
                    yield _edge(one_of(lefts), one_of(ids), boundary)

    def _read_title(self, match: re.Match[str]) -> None:
        self._titled = True

    def _read_declaration(self, match: re.Match[str]) -> None:
        if match["kind"] == "service":
            self._read_node(match)
            return
        self._groups[match["id"]] = None
        self._taken.add(match["id"])

    def _read_node(self, match: re.Match[str]) -> None:
        self._parents[match["id"]] = match.groupdict().get("parent")
        self._taken.add(match["id"])

    def _read_edge(self, match: re.Match[str]) -> None:
        ends = _EDGE_ENDS.fullmatch(match[0])
        if ends is not None:
            self._taken.add(f"{ends['left']}-{ends['right']}")
            self._edges += 1


def _edge(left: str, right: str, boundary: str) -> str:
    arrow = rf"<?-(?:-|\[{_TITLE}\]-)>?"
    return rf"{left}{boundary}:{_SIDE} {arrow} {_SIDE}:{right}{boundary}"


_EDGE_ENDS = re.compile(
    r"(?P<left>[\w-]+)(?:\{group\})?:[LRTB] .* [LRTB]:(?P<right>[\w-]+)(?:\{group\})?"
)
