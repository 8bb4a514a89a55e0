"""flowchart: nodes and edges however they are written, subgraphs, styles, clicks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from naiad.grammar.families.flowchart_patterns import STYLE, subgraph_id
from naiad.grammar.line_grammar import is_comment
from naiad.grammar.rewriting import flowchart_text as written
from naiad.grammar.rewriting.flowchart_reading import Chain, ChainReader, Unreadable
from naiad.grammar.rewriting.flowchart_repair import Mender, cleaned
from naiad.grammar.rewriting.rewriter import Rewriter

_HEADER = re.compile(
    r"(?P<keyword>flowchart-elk|flowchart|graph|swimlane-beta)\b"
    r"(?:[ \t]*(?P<direction>LR|RL|TB|BT|TD|[<>^]|v\b))?(?P<rest>.*)"
)
_ARROW_DIRECTIONS = {"<": "RL", ">": "LR", "^": "BT", "v": "TB"}
# Whatever else a line says, Mermaid's lexer takes it for a direction.
_DIRECTION = re.compile(r"direction\s+(?P<direction>TB|BT|RL|LR|TD)")
_REST = r"\s*(?:;\s*(?P<rest>.*))?"
_END = re.compile(r"end\b(?!\s*[-=~<&@\[({])\s*;?\s*(?P<rest>.*)", re.DOTALL)
_SUBGRAPH = re.compile(rf'subgraph\b\s*(?P<title>(?:"[^"]*"|[^;"])*?){_REST}', re.DOTALL)
_WITH_ID = re.compile(r'(?P<id>[^\[\]"]+?)\s*\[(?P<title>\s*"[^"]*"\s*|[^\[\]"]*)\]')
_LOOSE_TITLE = re.compile(r'(?P<id>[^\s\[({"]+)[\[({]+"?(?P<title>[^"]*?)"?[\])}]*')
_STYLED = re.compile(
    r"(?P<what>(?:classDef|style)\s+[^\s,;]+(?:\s*,\s*[^\s,;]+)*|linkStyle\s+(?:default|[\d,]+))\s+"
    rf"(?P<styles>[^;]*){_REST}"
)
_CLASS = re.compile(rf"class\s+(?P<ids>[^\s,;]+(?:\s*,\s*[^\s,;]+)*)\s+(?P<name>[^\s;]+){_REST}")
_CLICK = re.compile(
    r"click\s+(?P<id>\S+)\s+(?:(?:href\s+)?(?P<address>\"[^\"]*\")"
    r"|(?:call\s+)?(?P<name>[A-Za-z_]\w*)\s*(?:\((?P<arguments>[^)]*)\))?)"
    rf"(?P<tip>\s+\"[^\"]*\")?(?P<target>\s+_(?:blank|self|parent|top))?{_REST}"
)
_ACCESSIBLE = re.compile(r"(?P<key>accTitle|accDescr)\s*:\s*(?P<text>.*)(?P<rest>)")
_BLOCK = re.compile(r"accDescr\s*\{(?P<text>[^}]*)\}\s*(?P<rest>.*)", re.DOTALL)
_OPEN_BLOCK = re.compile(r"accDescr\s*\{[^}]*")
_SAFE_ID = re.compile(subgraph_id())
_STYLE = re.compile(STYLE)
_HEADER_JUNK = re.compile(r"\s*(?:[:{]|[A-Z]{2,3}\b:?)?\s*")
_MOST_NODES = 13
"""Nodes of one canonical line."""
_MOST_LINES_HELD = 12
_LONGEST_ID = 200
_Read = Callable[[re.Match[str]], list[str]]


class FlowchartRewriter(Rewriter):
    """Statements are read whole: a label in quotes and `@{ … }` may take several lines."""

    type = "flowchart"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._depth = 0
        self._held = ""
        self._nodes: set[str] = set()
        self._edge_ids: set[str] = set()
        self._edges = 0
        self._finishing = False
        self._late: list[tuple[str, str, int]] = []
        """Indices, styles and source lines of linkStyles for edges that have not come yet."""
        self._mender = Mender(self.note)
        self._readers: tuple[tuple[re.Pattern[str], _Read], ...] = (
            (_SUBGRAPH, self._subgraph),
            (_END, self._end),
            (_STYLED, self._styled),
            (_CLASS, self._class),
            (_CLICK, self._click),
            (_ACCESSIBLE, lambda found: [f"{found['key']}: {found['text']}"]),
            (_BLOCK, self._block),
        )

    def header(self, text: str) -> Iterable[str]:
        found = _HEADER.fullmatch(text)
        if found is None:
            return [text]
        direction, rest = found["direction"] or "TB", found["rest"]
        if self.repairing and (junk := _HEADER_JUNK.match(rest)) and junk[0]:
            self.note(f"left out `{junk[0].strip()}` behind the keyword")
            rest = rest[junk.end() :]
        first = f"{found['keyword']} {_ARROW_DIRECTIONS.get(direction, direction)}"
        return [first, *self._statements(rest)]

    def statement(self, text: str, indent: int) -> Iterable[str]:
        if self.repairing and not self._held:
            text = cleaned(text, self.note)
            if is_comment(text):
                return [self._line(text)]
        text = f"{self._held}\n{' ' * indent}{text}" if self._held else text
        self._held = text if _is_open(text, repairing=self.repairing) else ""
        lines = [] if self._held else self._statements(text)
        if lines and "".join(text.split()).rstrip(";") != "".join("".join(lines).split()):
            self.note("wrote labels in quotes, texts of edges between bars, one statement a line")
        return lines

    def comment(self, text: str) -> str:
        return self._line(text)

    def finish(self) -> Iterable[str]:
        held, self._held = self._held, ""
        lines = [self._line(each.strip()) for each in held.split("\n")] if held else []
        if self.repairing and self._depth:
            self.note(f"added the missing `end` of {self._depth} subgraph(s)")
            while self._depth:
                self._depth -= 1
                lines.append(self._line("end"))
        self._finishing = True
        for target, styles, number in self._late:
            self.number = number
            lines += [self._line(each) for each in self._link_style(target, styles)]
        return lines

    def _line(self, text: str) -> str:
        return "    " * (self._depth + 1) + text

    def _statements(self, text: str) -> list[str]:
        """Canonical lines of one line, which may hold several statements."""
        lines: list[str] = []
        direction = _DIRECTION.search(text)
        if direction is not None:
            return [self._line(direction[0])] if self._depth else []
        while text := text.strip(" \t;"):
            depth = self._depth
            statements, text = self._statement(text)
            opened = self._depth > depth
            lines += ["    " * (depth + 1 if opened else self._depth + 1) + s for s in statements]
        return lines

    def _statement(self, text: str) -> tuple[list[str], str]:
        """The first statement, written canonically, and what stands behind it."""
        for pattern, read in self._readers:
            found = pattern.fullmatch(text)
            if found is not None:
                return read(found), found["rest"] or ""
        try:
            chain = ChainReader(text).read()
        except Unreadable:
            mended = self._mender.chain(text) if self.repairing else None
            return ([text] if mended is None else self._chain(mended)), ""
        return self._chain(self._mender.safe(chain) if self.repairing else chain), chain.rest

    def _chain(self, chain: Chain) -> list[str]:
        """Canonical statements of a chain: an edge with an id stands alone between plain nodes."""
        first = chain.nodes[0]
        if first.id in self._edge_ids and first.edge_data and not chain.joints:
            return [first.id + look for look in first.edge_data]
        new = [node for node in chain.nodes if node.text != node.id or node.id not in self._nodes]
        self._edges += chain.edges
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

    def _subgraph(self, found: re.Match[str]) -> list[str]:
        self._depth += 1
        return [f"subgraph {self._title(found['title'])}"]

    def _title(self, text: str) -> str:
        """Id, title or both of a subgraph."""
        text = re.sub(r"\s+", " ", text)
        titled = _WITH_ID.fullmatch(text)
        if titled is not None and (not self.repairing or _is_id(titled["id"])):
            return f"{titled['id']}[{written.label(titled['title'])}]"
        quoted = len(text) > 1 and text[0] == text[-1] == '"'
        bare = text[1:-1].strip() if quoted else text
        if _is_id(bare):
            return bare
        if not self.repairing or (quoted and bare):
            return written.label(text)
        return self._mended_title(text)

    def _mended_title(self, text: str) -> str:
        """A title that Mermaid would refuse: `Orders (new)`, `orders(New)`, `a "b"`, nothing."""
        if re.search(r'[\[\](){}"]', text) or not text:
            self.note("quoted the title of the subgraph")
        named = _LOOSE_TITLE.fullmatch(text)
        if named is not None and _is_id(named["id"]):
            return f"{named['id']}[{written.label(named['title'])}]"
        title = written.label(text.replace('"', "") or f"Group {self._depth}")
        return title if " " in title else f"{self._mender.names.of(text)}[{title}]"

    def _end(self, found: re.Match[str]) -> list[str]:
        if self.repairing and not self._depth:
            self.note("left out an `end` without a subgraph")
            return []
        self._depth = max(self._depth - 1, 0)
        return ["end"]

    def _styled(self, found: re.Match[str]) -> list[str]:
        keyword, target = found["what"].split(None, 1)
        styles = written.styles(found["styles"])
        if not self.repairing:
            return [f"{keyword} {target} {styles}"]
        styles = self._known_styles(styles)
        if not styles:
            return []
        if keyword == "linkStyle":
            return self._link_style(target, styles)
        if keyword == "style":
            targets = [self._mender.names.of(each) for each in re.split(r"[,\s]+", target) if each]
            return [f"style {each} {styles}" for each in targets]
        names = ",".join(each for each in re.split(r"[,\s]+", target) if each)
        return [f"classDef {names} {styles}"]

    def _known_styles(self, styles: str) -> str:
        """Those declarations that Mermaid can read."""
        declarations = re.split(r"(?<!\\),(?!\s*[\d.])", styles)
        known = [each for each in declarations if _STYLE.fullmatch(each)]
        if len(known) < len(declarations):
            self.note("left out declarations that Mermaid cannot read")
        return ",".join(known)

    def _link_style(self, target: str, styles: str) -> list[str]:
        """A linkStyle of the edges that there are; of those to come, later."""
        if target == "default":
            return [f"linkStyle default {styles}"]
        numbers = [number for number in target.split(",") if number]
        missing = [number for number in numbers if int(number[:6]) >= self._edges]
        if missing and not self._finishing:
            self.note("moved the style of edges behind them")
            self._late.append((target, styles, self.number))
            return []
        if missing:
            self.note(f"left out the style of edges that do not exist: {', '.join(missing)[:40]}")
        there = [number for number in numbers if number not in missing]
        return [f"linkStyle {','.join(there)} {styles}"] if there else []

    def _class(self, found: re.Match[str]) -> list[str]:
        ids = found["ids"]
        if self.repairing:
            names = [each for each in re.split(r"[,\s]+", ids) if each]
            ids = ",".join(self._mender.names.of(each) for each in names)
            if ids != found["ids"]:
                self.note("wrote the ids of the class as Mermaid reads them")
        return [f"class {ids} {found['name']}"]

    def _click(self, found: re.Match[str]) -> list[str]:
        does = f"href {found['address']}" if found["address"] else f"call {found['name']}"
        if not found["address"]:
            does += f"({(found['arguments'] or '').strip()})"
        tip = f" {written.label(found['tip'])}" if found["tip"] else ""
        target = f" {found['target'].strip()}" if found["target"] else ""
        return [f"click {found['id']} {does}{tip}{target}"]

    def _block(self, found: re.Match[str]) -> list[str]:
        lines = [each.strip() for each in found["text"].strip().split("\n")]
        return [f"accDescr: {lines[0]}"] if len(lines) == 1 else ["accDescr {", *lines, "}"]


def _is_id(text: str) -> bool:
    return len(text) <= _LONGEST_ID and _SAFE_ID.fullmatch(text) is not None


def _is_open(text: str, *, repairing: bool) -> bool:
    """Whether a label in quotes, `@{` or `accDescr {` goes on in the next line.

    Of a broken text only a label in Markdown is taken to go on: a quote may just be missing.
    """
    if repairing and text.count("\n") > _MOST_LINES_HELD:
        return False
    bare = re.sub(r'"[^"]*"', "", text)
    quotes = text.count('"`') > text.count('`"') if repairing else text.count('"') % 2 == 1
    return quotes or _OPEN_BLOCK.fullmatch(text) is not None or bare.rfind("@{") > bare.rfind("}")
