"""architecture-beta: declarations first, edges with a side at both ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from naiad.grammar.families.architecture import ICONS, RESERVED_BEGINNINGS, RESERVED_IDS
from naiad.grammar.rewriting.escaping import escaped
from naiad.grammar.rewriting.rewriter import Rewriter

_BARRED = '"<>#;\\`[]'
_HEADER = re.compile(r"architecture(?:-beta)?\b[\s:;]*(?P<rest>.*)")
_TITLE = re.compile(r"title\b\s*:?\s*(?P<text>.*)")
_ACCESSIBILITY = re.compile(r"(?P<key>accTitle|accDescr)\s*:\s*(?P<text>.+)")
_DESCRIPTION = re.compile(r"accDescr\s*\{(?P<text>[^}]*)(?P<end>\})?\s*")
_DECLARATION = re.compile(
    r"(?P<kind>group|service|junction)\s+(?P<id>[^()\[\]{}]+?)\s*(?:\((?P<icon>[^()]*)\))?"
    r"\s*(?:\[(?P<title>.*?)\]?)?(?:(?:\s+|(?<=[\])]))in\s+(?P<parent>[\w-]+))?\s*(?P<open>\{)?[;,]?"
)
_NODE = re.compile(
    r"(?P<id>\w[\w-]*)(?:\((?P<icon>[^()]*)\))?\[(?P<title>[^\[\]]+)\](?:\s+in\s+(?P<parent>[\w-]+))?;?"
)
_SUBGRAPH = re.compile(r"subgraph\s+(?P<id>[^\[\]]+?)\s*(?:\[(?P<title>[^\[\]]+)\])?")
_LEFT = re.compile(
    r"(?P<id>\w(?:[\w-]*\w)?)\s*(?P<group>\{group\})?(?:\s*:\s*(?P<side>[A-Za-z]+))?\s*(?P<group2>\{group\})?"
)
_ARROW = re.compile(
    r"\s*(?P<into_left><)?\s*(?:-\s*\[(?P<label>.*)\]\s*-|(?:--+|==+|-\.+-?|~~+|-(?=>)))\s*(?P<into_right>>)?"
    r"(?:\s*\|(?P<bar_label>[^|]*)\|)?\s*"
)
_RIGHT = re.compile(
    r"(?:(?P<side>[LRTB]|(?i:left|right|top|bottom))\s*:\s*)?(?P<id>\w(?:[\w-]*\w)?)\s*(?P<group>\{group\})?"
    r"(?:\s*:\s*(?P<after>[^\[\]{}]+))?\s*(?P<group2>\{group\})?[;,]?"
)
_SIDES = {
    **dict.fromkeys(("l", "left", "w", "west"), "L"),
    **dict.fromkeys(("r", "right", "e", "east"), "R"),
    **dict.fromkeys(("t", "top", "u", "up", "n", "north"), "T"),
    **dict.fromkeys(("b", "bottom", "d", "down", "s", "south"), "B"),
}
_MEANT = {
    **dict.fromkeys(("data", "db", "sql", "cache", "redis", "table"), "database"),
    **dict.fromkeys(("disk", "storage", "file", "bucket", "volume"), "disk"),
    **dict.fromkeys(("web", "internet", "globe", "user", "client", "browser", "cdn"), "internet"),
    **dict.fromkeys(("cloud", "aws", "azure", "gcp", "vpc"), "cloud"),
}
_BULLET = re.compile(r"^(?:[-*+]|\d+\.)\s+")
_OPPOSITE = {"L": "R", "R": "L", "T": "B", "B": "T"}


@dataclass(frozen=True)
class _Waiting:
    """A line that names something which is declared further down."""

    needs: frozenset[str]
    line: str
    declares: str | None


class ArchitectureRewriter(Rewriter):
    """Mermaid reads groups, then services, then edges; the canonical text has them in an order."""

    type = "architecture-beta"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._ids: dict[str, str] = {}
        """Ids as they are written -> as they are declared, of groups, services and junctions."""
        self._parents: dict[str, str | None] = {}
        """Canonical ids -> the group each is in."""
        self._kinds: dict[str, str] = {}
        self._lines: dict[str, str] = {}
        """Canonical ids -> the line that declares them."""
        self._edges: set[tuple[str, str]] = set()
        self._open: list[str | None] = []
        """Groups whose braces are open; None for a brace that belongs to nothing."""
        self._description: list[str] | None = None
        self._waiting: list[_Waiting] = []

    def header(self, text: str) -> Iterator[str]:
        match = _HEADER.fullmatch(text)
        yield self.type
        if match is None:
            return
        if not text.startswith(self.type):
            self.note(f"wrote the header as `{self.type}`")
        if match["rest"]:
            yield from self.statement(match["rest"], 0)

    def statement(self, text: str, indent: int) -> Iterator[str]:
        if self._description is not None:
            yield from self._describe(text)
        elif text.startswith("accDescr") and (match := _DESCRIPTION.fullmatch(text)):
            self._description = []
            yield from self._describe(match["text"] + (match["end"] or ""))
        elif match := _ACCESSIBILITY.fullmatch(text):
            yield f"    {match['key']}: {match['text'].strip()}"
        elif match := _TITLE.fullmatch(text):
            if match["text"]:
                yield f"    title {escaped(match['text'], _BARRED)}"
        else:
            yield from self._content(text)

    def finish(self) -> Iterator[str]:
        if self._description is not None:
            yield from self._describe("}")
        for waiting in list(self._waiting) if self.repairing else ():
            for missing in sorted(waiting.needs - set(self._kinds)):
                yield from self._declare_missing(missing, group=waiting.declares is not None)
        yield from (waiting.line for waiting in self._waiting)

    def _describe(self, text: str) -> Iterator[str]:
        """A line of `accDescr { … }`, which becomes one line."""
        words, end, _ = text.partition("}")
        lines = self._description or []
        self._description = [*lines, words.strip()] if words.strip() else lines
        if end:
            if self._description:
                yield f"    accDescr: {' '.join(self._description)}"
            self._description = None

    def _content(self, text: str) -> Iterator[str]:
        if self.repairing:
            text = self._mended(text)
        declaration = _DECLARATION.fullmatch(text)
        if declaration:
            yield from self._declare(declaration)
        elif (edge := self._edge(text)) is not None:
            yield from edge
        elif text:
            yield f"    {text}"

    def _mended(self, text: str) -> str:
        """A line as this family would write it, empty where it has nothing to say."""
        bare = _BULLET.sub("", text).rstrip(";,").rstrip()
        if bare in ("}", "end"):
            self.note(f"removed `{bare}`: a group has no end, its members say `in`")
            if self._open:
                self._open.pop()
            return ""
        if subgraph := _SUBGRAPH.fullmatch(bare):
            title = subgraph["title"] or subgraph["id"]
            bare = f"group {subgraph['id']}(cloud)[{title}] {{"
        elif node := _NODE.fullmatch(bare):
            bare = f"service {node[0]}"
        if bare != text:
            self.note(f"read `{text[:60]}` as `{bare[:60]}`")
        return bare

    def _declare(self, declaration: re.Match[str]) -> Iterator[str]:
        kind, written = declaration["kind"], declaration["id"].strip("\"'")
        parent = declaration["parent"]
        if parent is None and self._open:
            parent = self._open[-1]
            if parent is not None:
                self.note(f"put `{written}` into the group `{parent}`")
        what = self._look(declaration, kind)
        identifier = self._fresh_id(written, kind, what)
        if declaration["open"]:
            self._open.append(identifier if kind == "group" else None)
        if identifier is None:
            return
        line = f"    {kind} {identifier}{what}"
        if parent is not None:
            parent = self._ids.get(parent, parent)
            line += f" in {parent}"
        self._parents[identifier], self._kinds[identifier] = parent, kind
        needs = frozenset() if parent is None or parent in self._lines else frozenset({parent})
        yield from self._when_declared(_Waiting(needs, line, identifier))

    def _declare_missing(self, identifier: str, *, group: bool) -> Iterator[str]:
        kind, icon = ("group", "cloud") if group else ("service", "server")
        self.note(f"declared the {kind} `{identifier}`, which was used and nowhere declared")
        title = escaped(identifier.replace("_", " "), _BARRED)
        self._kinds[identifier], self._parents[identifier] = kind, None
        line = f"    {kind} {identifier}({icon})[{title}]"
        yield from self._placed(_Waiting(frozenset(), line, identifier))

    def _look(self, declaration: re.Match[str], kind: str) -> str:
        """`(icon)[title]` of a declaration."""
        icon, title = declaration["icon"], declaration["title"]
        if kind == "junction":
            if icon or title:
                self.note("took icon and title from the junction: it has none")
            return ""
        if self.repairing and icon is not None and icon.strip() not in ICONS:
            icon = _known_icon(icon)
        if title and title[0] == title[-1] and title[0] in "\"'" and len(title) > 1:
            title = re.sub(r"\\([\"'])", r"\1", title[1:-1])
        title = escaped(title or "", _BARRED)
        return (f"({icon.strip()})" if icon else "") + (f"[{title}]" if title else "")

    def _fresh_id(self, written: str, kind: str, what: str) -> str | None:
        """The canonical id of a declaration; None when it says again what has been declared."""
        identifier = _safe_id(written) if self.repairing else written
        if self.repairing and identifier in self._kinds:
            if f"    {kind} {identifier}{what}" == self._lines.get(identifier, "").split(" in ")[0]:
                self.note(f"removed the second `{identifier}`")
                return None
            count = 2
            while f"{identifier}_{count}" in self._kinds:
                count += 1
            identifier = f"{identifier}_{count}"
        if identifier != written:
            self.note(f"renamed `{written}` to `{identifier}`")
        self._ids.setdefault(written, identifier)
        return identifier

    def _edge(self, text: str) -> Iterable[str] | None:
        """The lines of an edge; None when it is none."""
        left = _LEFT.match(text)
        arrow = _ARROW.match(text, left.end()) if left else None
        right = _RIGHT.fullmatch(text, arrow.end()) if arrow else None
        if left is None or arrow is None or right is None:
            return None
        return self._joined(left, arrow, right)

    def _joined(
        self, left: re.Match[str], arrow: re.Match[str], right: re.Match[str]
    ) -> Iterator[str]:
        sides = self._sides(left, right)
        if sides is None:
            yield f"    {left.string}"
            return
        ids = [self._ids.get(each["id"], each["id"]) for each in (left, right)]
        groups = [bool(each["group"] or each["group2"]) for each in (left, right)]
        if self.repairing:
            ids, groups = self._mended_ends(ids, groups)
            if (ids[0], ids[1]) in self._edges:
                self.note(f"removed the second edge from `{ids[0]}` to `{ids[1]}`")
                return
        self.misread |= (ids[0], ids[1]) in self._edges
        self._edges.add((ids[0], ids[1]))
        ends = [
            f"{each}{'{group}' if grouped else ''}"
            for each, grouped in zip(ids, groups, strict=True)
        ]
        into = [arrow["into_left"] or "", arrow["into_right"] or ""]
        label = self._label(arrow, right)
        line = f"-[{label}]-" if label else "--"
        text = f"{ends[0]}:{sides[0]} {into[0]}{line}{into[1]} {sides[1]}:{ends[1]}"
        needs = frozenset(each for each in ids if each not in self._lines)
        yield from self._when_declared(_Waiting(needs, f"    {text}", None))

    def _label(self, arrow: re.Match[str], right: re.Match[str]) -> str:
        label = arrow["label"] or arrow["bar_label"]
        after = (right["after"] or "").strip()
        if not label and after and after.lower() not in _SIDES:
            self.note(f"put the label `{after}` on the edge")
            label = after
        return escaped(label or "", _BARRED)

    def _sides(self, left: re.Match[str], right: re.Match[str]) -> tuple[str, str] | None:
        """The sides of an edge, guessed when repairing; None when they cannot be told."""
        first = _SIDES.get((left["side"] or "").lower())
        second = _SIDES.get((right["side"] or right["after"] or "").strip().lower())
        if first and second:
            if right["side"] is None:
                self.note("put the side of the arrow's end before the id")
            return first, second
        if not self.repairing:
            return None
        first = first or (_OPPOSITE[second] if second else "R")
        second = second or _OPPOSITE[first]
        self.note(f"gave the edge the sides `{first}` and `{second}`")
        return first, second

    def _mended_ends(self, ids: list[str], groups: list[bool]) -> tuple[list[str], list[bool]]:
        """Services for groups at the ends, and `{group}` only where the edge leaves its group."""
        ids = [self._known(each) for each in ids]
        for end, each in enumerate(ids):
            member = next(self._nodes_of(each), None) if self._kinds.get(each) == "group" else None
            if member is not None:
                self.note(f"led the edge to `{member}` of the group `{each}`")
                ids[end], groups[end] = member, True
        parents = [self._parents.get(each) for each in ids]
        if parents[0] is not None and parents[0] == parents[1] and any(groups):
            self.note("took `{group}` from an edge that stays in its group")
            groups = [False, False]
        return ids, groups

    def _nodes_of(self, group: str) -> Iterator[str]:
        for each, parent in self._parents.items():
            if parent == group and self._kinds[each] != "group":
                yield each

    def _known(self, written: str) -> str:
        """The declared id that is meant, the written one made safe if there is none."""
        safe = _safe_id(written)
        if written in self._kinds or safe in self._kinds:
            return written if written in self._kinds else safe
        same = (each for each in self._kinds if each.lower() == safe.lower())
        return next(same, safe)

    def _when_declared(self, waiting: _Waiting) -> Iterator[str]:
        """The line, or nothing yet if it needs what has not been declared."""
        if waiting.needs:
            self._waiting.append(waiting)
        else:
            yield from self._placed(waiting)

    def _placed(self, placed: _Waiting) -> Iterator[str]:
        """The line, and those that waited for it alone."""
        yield placed.line
        if placed.declares is None:
            return
        self._lines[placed.declares] = placed.line
        for waiting in list(self._waiting):
            if waiting.needs <= self._lines.keys() and waiting in self._waiting:
                self._waiting.remove(waiting)
                yield from self._placed(waiting)


def _safe_id(written: str) -> str:
    """An id that Mermaid takes: "Load Balancer" -> "load_Balancer"."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "_", written).strip("-") or "node"
    if safe[0] in "LRTB":
        safe = safe[0].lower() + safe[1:]
    if safe in RESERVED_IDS or safe.startswith(RESERVED_BEGINNINGS):
        safe = f"the_{safe}"
    return safe


def _known_icon(icon: str) -> str:
    """The built-in icon that a model may have meant, a server where there is no telling."""
    word = icon.strip().lower()
    if re.fullmatch(r"[a-z0-9][a-z0-9-]*:[a-z0-9][a-z0-9-]*", word):
        return word
    for known, meant in _MEANT.items():
        if known in word:
            return meant
    return "server"
