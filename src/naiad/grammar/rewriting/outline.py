"""Nodes of mindmaps and boards, as their common lexer reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from naiad.grammar.families.outline import BARRED, BRACKETS
from naiad.grammar.rewriting.chart_rewriter import single_spaced
from naiad.grammar.rewriting.escaping import escaped

_OPENING = re.compile(r"\(-|\)\)|\)|\(\(|\{\{|\(|\[")
_CLOSING = re.compile(r"\)\)|\)|\]|\}\}|\(-|-\)|\(\(|\(")
_ICON = re.compile(r"::icon\(\s*(?P<names>[^)]*?)\s*\)")
_CLASS = re.compile(r":::\s*(?P<names>.+)")
_BULLET = re.compile(r"(?:[-*+•]|\d+[.)])\s+(?=\S)")
_PAIRS = {"((": "))", "(": ")", "[": "]", "{{": "}}", "))": "((", ")": "("}
# A backslash that is not of a line break would be drawn otherwise as an entity.
_ESCAPED = BARRED.replace("\\", "")


@dataclass(frozen=True)
class OutlineNode:
    """One node of the source."""

    id: str
    """Empty where it has none of its own."""
    opening: str
    """Its first bracket; empty where the node is only its text."""
    closing: str
    label: str
    is_markdown: bool = False
    """Whether the label is a Markdown string."""
    rest: str = ""
    """What follows on the line."""


def parsed_node(text: str) -> OutlineNode | None:
    """A line as Mermaid's lexer takes it apart; None where it would not."""
    opening = _OPENING.search(text)
    brace = re.search(r"[\]}]|\{(?!\{)", text)
    if opening is None:
        return None if brace else OutlineNode("", "", "", text)
    if brace and brace.start() < opening.start():
        return None
    label = _label_at(text, opening.end())
    if label is None:
        return None
    words, end, is_markdown = label
    closing = _CLOSING.match(text, end)
    if closing is None or not words.strip():
        return None
    own = text[: opening.start()].strip()
    rest = text[closing.end() :].strip()
    return OutlineNode(own, opening[0], closing[0], words, is_markdown, rest)


def guessed_node(text: str) -> OutlineNode:
    """A line that Mermaid refuses, as its author may have meant it.

    'root((Plan (draft))' -> id "root", opening "((", label "Plan (draft"; without brackets at
    both ends, all of it is a label.
    """
    opening = re.match(r"(?P<id>[A-Za-z_][\w\-]*)?(?P<open>\(\(|\{\{|\[|\(|\)\)|\))", text)
    if opening is not None:
        closing = _PAIRS[opening["open"]]
        inner = text[opening.end() :].rstrip("; ")
        for end in (closing, closing[0]):
            if inner.endswith(end) and len(inner) > len(end):
                words = _without_quotes(inner[: -len(end)])
                return OutlineNode(opening["id"] or "", opening["open"], closing, words)
    return OutlineNode("", "[", "]", _without_quotes(text))


def written_label(node: OutlineNode) -> str:
    """The label, quoted where it has to be."""
    label = escaped(single_spaced(node.label), _ESCAPED)
    if node.is_markdown:
        return f'"`{label}`"'
    plain = not any(each in label for each in BRACKETS) and not label.startswith("`")
    return label if plain else f'"{label}"'


def decoration(text: str) -> str | None:
    """A line that gives the last node an icon or classes; None of any other."""
    icon = _ICON.fullmatch(text)
    if icon:
        return f"::icon({' '.join(icon['names'].split())})"
    classes = _CLASS.fullmatch(text)
    return f":::{' '.join(classes['names'].split())}" if classes else None


def without_bullet(text: str) -> str:
    """`text` without the sign of a list before it."""
    return _BULLET.sub("", text, count=1)


def as_id(text: str) -> str:
    """The ASCII word characters of `text`: "To Do!" -> "To_Do"."""
    own = re.sub(r"[^A-Za-z0-9_\-]+", "_", text).strip("_-")[:40]
    return own if not own or own[0].isalpha() or own[0] == "_" else f"n{own}"[:40]


def _label_at(text: str, start: int) -> tuple[str, int, bool] | None:
    """(label, where it ends, whether it is a Markdown string) behind an opening bracket."""
    for mark, end in (('"`', '`"'), ('"', '"')):
        if text.startswith(mark, start):
            stop = text.find(end, start + len(mark))
            if stop < 0:
                return None
            return text[start + len(mark) : stop], stop + len(end), mark == '"`'
    plain = re.compile(r"[^)\](}]+").match(text, start)
    if plain is None:
        return None
    return plain[0], plain.end(), False


def _without_quotes(label: str) -> str:
    label = label.strip()
    if len(label) > 1 and label[0] == label[-1] == '"':
        label = label[1:-1]
    return label.strip("`").replace('"', "'")
