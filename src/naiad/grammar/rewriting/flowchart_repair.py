"""Make sense of a line of nodes and links that Mermaid refuses.

Small models leave brackets and quotes in labels, close a bracket with another one, borrow the
arrows of other families, write names with blanks where ids belong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from naiad.grammar.families.flowchart_patterns import ANY_ID, BRACKETS
from naiad.grammar.rewriting import flowchart_text as written
from naiad.grammar.rewriting.flowchart_reading import Chain, Link, Node

_LONGEST_SLUG = 30
_SAFE_ID = re.compile(ANY_ID)
_QUOTED = re.compile(r'"[^"]*"')
# A stroke with its heads; x and o are heads only where blanks set them apart from names.
_ARROW = re.compile(
    r"(?:<|(?<=\s)[xo](?=--|==|-\.))?"
    r"(?:-\.+-?|\.{2,}|={2,}|-{2,}|-(?=>)|=(?=>)|(?<=<)[-=](?=\s)|~{3,}|[\u2013\u2014]+(?=>)"
    r"|[\u2192\u27f6\u21d2\u2794])(?:\s?>+(?=\s)|>+|[xo](?=[\s|]))?"
)
_BARS = re.compile(r"\s*\|(?P<label>[^|]*)\|>?\s*(?P<rest>.*)", re.DOTALL)
_HALF_BAR = re.compile(r"\s*\|\s*(?P<label>\S.*?)\s+(?P<rest>\S+)\s*", re.DOTALL)
_NODE = re.compile(
    r"(?P<id>[^\s\[\](){}<>|\":;,&]*)\s*(?P<opening>\[\[|\[\(|\[/|\[\\|\[|\(\(\(|\(\[|\(\(|\(|"
    r"\{\{|\{|>)?(?P<label>.*)",
    re.DOTALL,
)
_CLASS = re.compile(r"\s*:::\s*(?P<name>[A-Za-z][\w\-]*)\s*$")
_LAST_LABEL = re.compile(r"(?P<node>\s*[^\s\[\](){}\":]+)\s*:\s+(?P<label>[^:\"]+)")
_SHAPE = re.compile(r"shape: (?P<name>[^,}]+?)(?P<end>,? )")
_CLOSING = dict(reversed(BRACKETS))
_CURLY_QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"', "\u201e": '"'})


class SafeNames:
    """Ids that Mermaid takes, the same for the same text."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def of(self, text: str) -> str:
        """`text` if it is an id; else one like it: "Load data" -> "Load_data", "end" -> "end_"."""
        if text not in self._names:
            self._names[text] = self._fresh(text)
        return self._names[text]

    def _fresh(self, text: str) -> str:
        if len(text) <= 200 and _SAFE_ID.fullmatch(text):
            return text
        slug = re.sub(r"\W+", "_", text[:_LONGEST_SLUG], flags=re.ASCII).strip("_") or "n"
        name = slug if _SAFE_ID.fullmatch(slug) else f"{slug}_"
        if not _SAFE_ID.fullmatch(name):
            name = f"n_{slug}"
        taken = set(self._names.values())
        return next(
            each
            for each in (name, *(f"{name}_{number}" for number in range(2, len(taken) + 3)))
            if each not in taken
        )


class Mender:
    """Mends statements of one diagram."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self.names = SafeNames()
        self._note = note

    def safe(self, chain: Chain) -> Chain:
        """The chain with ids that Mermaid takes; an id that had to change shows as label."""
        return replace(chain, nodes=tuple(self._safe_node(node) for node in chain.nodes))

    def _safe_node(self, node: Node) -> Node:
        node = replace(node, data=_SHAPE.sub(self._shape, node.data))
        name = self.names.of(node.id)
        if name == node.id:
            return node
        self._note(f"renamed the node `{node.id[:40]}` to `{name}`, an id that Mermaid takes")
        shape = node.shape or (f"[{written.label(node.id)}]" if not node.data else "")
        return replace(node, id=name, shape=shape)

    def _shape(self, found: re.Match[str]) -> str:
        """A shape that Mermaid knows."""
        known = written.known_shape(found["name"])
        if known != found["name"]:
            self._note(f"there is no shape `{found['name'][:40]}`: took `{known or 'rect'}`")
        return f"shape: {known or 'rect'}{found['end']}"

    def chain(self, text: str) -> Chain | None:
        """The statement that `text` was meant to be; None when there is no telling."""
        text = text.translate(_CURLY_QUOTES).strip()
        parts, arrows = _split(text)
        nodes: list[Node] = []
        joints: list[Link | None] = []
        label, pending = "", ""
        for number, part in enumerate(parts):
            arrow = arrows[number - 1] if number else ""
            if pending and arrow:
                # `-- text -->`: the text stood between the two strokes.
                arrow = _joined(pending, arrow)
                pending = ""
            elif number < len(arrows) and number and _is_text(arrow, part, arrows[number]):
                pending, label = arrow, part
                continue
            found, part = _label_of(part)
            last = _LAST_LABEL.fullmatch(part) if number and number == len(arrows) else None
            if last is not None and not (found or label):
                part, found = last["node"], last["label"]
            if not part.strip() and arrow:
                break
            group = [self._node(each) for each in _members(part)]
            if None in group or not group:
                return None
            if arrow:
                joints.append(_link(arrow, found or label))
                label = ""
            joints += [None] * (len(group) - 1)
            nodes += [each for each in group if each is not None]
        return self._finished(nodes, joints)

    def _finished(self, nodes: list[Node], joints: list[Link | None]) -> Chain | None:
        if not nodes or len(nodes) != len(joints) + 1:
            return None
        self._note("rewrote the statement so that Mermaid can read it")
        if joints and all(joint is not None and joint.is_reversed for joint in joints):
            nodes, joints = nodes[::-1], joints[::-1]
        return self.safe(Chain(tuple(nodes), tuple(joints), ""))

    def _node(self, text: str) -> Node | None:
        """A node from `id`, `id[label`, `"label"`, `[label]`, `some words`."""
        text = text.strip().rstrip(";").strip()
        classes = ""
        found = _CLASS.search(text)
        if found is not None:
            text, classes = text[: found.start()].strip(), f":::{found['name']}"
        if not text:
            return None
        node = _NODE.fullmatch(text)
        if node is None:
            return None
        opening, label = node["opening"], node["label"].strip()
        if opening:
            label = _inside(label)
            name = node["id"] or self.names.of(label or "n")
            return Node(name, opening + written.label(label) + _CLOSING[opening], classes)
        if not label and node["id"]:
            return Node(node["id"], "", classes)
        return self._named(text, node["id"], label, classes)

    def _named(self, text: str, name: str, label: str, classes: str) -> Node:
        """A node without brackets that is more than an id: `A: label`, `"label"`, `two words`."""
        if name and label[0] == ":":
            return Node(name, f"[{written.label(_inside(label.lstrip(': ')))}]", classes)
        if name and label[0] == '"':
            return Node(name, f"[{written.label(_inside(label))}]", classes)
        shown = _inside(text)
        return Node(self.names.of(shown), f"[{written.label(shown)}]", classes)


def _split(text: str) -> tuple[list[str], list[str]]:
    """The text between the arrows that stand outside of quotes, and the arrows."""
    quoted = [found.span() for found in _QUOTED.finditer(text)]
    parts, arrows, start, at = [], [], 0, 0
    for arrow in _ARROW.finditer(text):
        while at < len(quoted) and quoted[at][1] <= arrow.start():
            at += 1
        if at < len(quoted) and quoted[at][0] < arrow.start():
            continue
        parts.append(text[start : arrow.start()])
        arrows.append(arrow[0])
        start = arrow.end()
    return [*parts, text[start:]], arrows


def _is_text(arrow: str, part: str, following: str) -> bool:
    """Whether `part` is the text of an edge, between a stroke without a head and the rest."""
    return bool(part.strip()) and arrow in ("--", "==", "-.", "---", "<--") and following != arrow


def _joined(start: str, end: str) -> str:
    return f"<{end}" if start.startswith("<") and not end.startswith("<") else end


def _label_of(part: str) -> tuple[str, str]:
    """The label between bars at the beginning of a part, and the rest."""
    found = _BARS.fullmatch(part)
    if found is None and part.lstrip().startswith("|"):
        found = _HALF_BAR.fullmatch(part[:500])
    return (found["label"], found["rest"]) if found else ("", part)


def _members(part: str) -> list[str]:
    """Nodes joined by `&` or commas, outside of brackets and quotes."""
    members, depth, quoted = [""], 0, False
    for each in part:
        quoted ^= each == '"'
        depth += (each in "[({") - (each in "])}") if not quoted else 0
        if each in "&," and depth <= 0 and not quoted:
            members.append("")
        else:
            members[-1] += each
    return members


def _link(arrow: str, label: str) -> Link:
    """The link that an arrow of any family means."""
    text = written.label(label.strip().strip("|"))
    text = "" if written.is_blank(text) else text
    if "~" in arrow:
        return Link("~~~")
    is_thick, is_dotted = "=" in arrow or "\u21d2" in arrow, "." in arrow
    shaft, end = ("==", "=") if is_thick else ("-.-", "") if is_dotted else ("--", "-")
    back = arrow[0] == "<"
    forth = ">" in arrow or arrow[-1] in "\u2192\u27f6\u21d2\u2794"
    if arrow[-1] in "xo":
        return Link(f"{arrow[0] if arrow[0] == arrow[-1] else ''}{shaft}{arrow[-1]}", text)
    if not back and not forth:
        return Link(shaft + end, text)
    return Link(f"{'<' if forth and back else ''}{shaft}>", text, is_reversed=not forth)


def _inside(label: str) -> str:
    """A label without what closes brackets that it did not open, and without its quotes."""
    label = label.strip()
    surplus = sum(label.count(each) for each in "])}") - sum(label.count(each) for each in "[({")
    while surplus > 0 and label and label[-1] in "])}":
        label, surplus = label[:-1].rstrip(), surplus - 1
    label = label.rstrip("/\\ ")
    if label[:1] == '"':
        label = label[1:]
    return label[:-1].strip() if label[-1:] == '"' else label


_BULLET = re.compile(r"(?:[-*+\u2022]|\d{1,3}[.)])\s+(?=[\w\"])")
_TRAILING_COMMENT = re.compile(r"\s(?:%%|//)\s.*$")
_CODE_COMMENT = re.compile(r"(?://|#)\s+(?P<text>\S.*)")
_PLAIN_TITLE = re.compile(r"(?P<text>title:?\s+[^-=~\[({>]+)")
_LOST_HEADER = re.compile(
    r"(?:flowchart|graph)?\s*:?\s*(?:LR|RL|TB|BT|TD)\s*[:;{]?|(?:flowchart|graph)\s*[:;{]?|\{",
    re.IGNORECASE,
)
_BRACES_TITLE = re.compile(r"(subgraph\b[^{}]*?)\s*\{")


def cleaned(text: str, note: Callable[[str], None]) -> str:
    """A line without what is no Mermaid around a statement; nothing when nothing is left."""
    if _LOST_HEADER.fullmatch(text) or text.startswith("```"):
        note(f"left out `{text[:40]}`, which is no statement")
        return ""
    if text == "}":
        note("wrote `end` for the brace that ended a block")
        return "end"
    comment = _CODE_COMMENT.fullmatch(text) or _PLAIN_TITLE.fullmatch(text)
    if comment is not None:
        note("made a comment of the line")
        return f"%% {comment['text']}"
    trimmed = _BULLET.sub("", text, count=1) if _BULLET.match(text) else text
    trimmed = _TRAILING_COMMENT.sub("", trimmed) if '"' not in trimmed else trimmed
    brace = _BRACES_TITLE.fullmatch(trimmed)
    trimmed = brace[1] if brace else trimmed
    if trimmed != text:
        note("left out what is no part of the statement")
    return trimmed
