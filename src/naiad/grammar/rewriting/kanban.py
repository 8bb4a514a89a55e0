"""kanban: columns, cards and what is known of the cards."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.families.kanban import BARRED_IN_VALUE, PRIORITIES
from naiad.grammar.line_grammar import INDENT
from naiad.grammar.rewriting.chart_rewriter import single_spaced, unquoted
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

_KEYWORD = re.compile(r"kanban(?:-?beta|[bB]oard|[dD]iagram)?\b[ \t:]*", re.IGNORECASE)
_CARD_DATA = re.compile(r"@\s*\{(?P<pairs>[^{}]*)\}?$")
_PAIR = re.compile(r"\s*(?P<key>\w+)\s*:\s*(?P<value>'(?:[^']|'')*'|\"[^\"]*\"|[^,'\"]*)\s*(?:,|$)")
_ORDER = ("assigned", "ticket", "priority", "icon")
_OTHER_KEYS = {"assignee": "assigned", "owner": "assigned", "id": "ticket", "prio": "priority"}
_OTHER_PRIORITIES = {
    **dict.fromkeys(("critical", "urgent", "highest", "blocker"), "Very High"),
    **dict.fromkeys(("lowest", "trivial"), "Very Low"),
    **{priority.lower(): priority for priority in PRIORITIES},
}


class KanbanRewriter(Rewriter):
    """What is indented as the first node is a column, what is indented more a card."""

    type = "kanban"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._column_indent: int | None = None
        self._is_card = False
        self._ids: set[str] = set()

    def header(self, text: str) -> Iterator[str]:
        keyword = _KEYWORD.match(text)
        if keyword is None:
            yield text
            return
        if keyword[0].strip(" \t:") != "kanban":
            self.note("wrote the keyword as Mermaid does")
        yield "kanban"
        rest = text[keyword.end() :].strip("; ")
        if rest:
            yield from self.statement(rest, 0)

    def comment(self, text: str) -> str:
        return f"{self._blanks()}{text}"

    def statement(self, text: str, indent: int) -> Iterator[str]:
        decorating = decoration(text)
        if decorating is not None:
            yield f"{self._blanks()}{decorating}"
            return
        if self.repairing:
            text = self._without_list_signs(text)
        before, data = self._split_data(text)
        node = parsed_node(before)
        if node is None or node.rest:
            if not self.repairing:
                yield f"{self._blanks()}{text}"
                return
            self.note("quoted the label")
            node = guessed_node(before)
        self._place(indent)
        label = OutlineNode("", "[", "]", data.pop("label", node.label), node.is_markdown)
        written = f"{self._new_id(node)}[{written_label(label)}]{_written_data(data)}"
        yield f"{self._blanks()}{written}"

    def _without_list_signs(self, text: str) -> str:
        without = without_bullet(text).rstrip(";, \t")
        if without != text:
            self.note("took away the sign of a list")
        return without

    def _split_data(self, text: str) -> tuple[str, dict[str, str]]:
        """A line and the pairs behind its `@`."""
        found = _CARD_DATA.search(text)
        if found is None:
            return text, {}
        pairs: dict[str, str] = {}
        end = 0
        while end < len(found["pairs"]):
            pair = _PAIR.match(found["pairs"], end)
            if pair is None:
                break
            end = pair.end()
            value = unquoted(pair["value"]).replace("''", "'")
            key = pair["key"]
            if self.repairing:
                key, value = self._mended_pair(key, value)
            pairs[key] = value
        if end < len(found["pairs"].rstrip()) and not self.repairing:
            return text, {}
        return text[: found.start()].rstrip(), pairs

    def _mended_pair(self, key: str, value: str) -> tuple[str, str]:
        known = _OTHER_KEYS.get(key.lower(), key)
        if known == "priority":
            value = _OTHER_PRIORITIES.get(value.lower(), value)
        if known != key:
            self.note(f"wrote {key} as {known}")
        return known, value

    def _place(self, indent: int) -> None:
        if self._column_indent is None:
            self._column_indent = indent
        self._is_card = indent > self._column_indent

    def _new_id(self, node: OutlineNode) -> str:
        """Cards stand in every column that has the id of theirs, so that ids are unique."""
        wanted = as_id(node.id or node.label) or "n"
        if wanted.lower().startswith("kanban"):
            wanted = f"n_{wanted}"[:40]
        own, count = wanted, 1
        while own.lower() in self._ids:
            count += 1
            own = f"{wanted[:36]}_{count}"
        self._ids.add(own.lower())
        return own

    def _blanks(self) -> str:
        return " " * (2 * INDENT if self._is_card else INDENT)


def _written_data(pairs: dict[str, str]) -> str:
    ordered = [key for key in pairs if key != "icon"] + [key for key in pairs if key == "icon"]
    written = [
        f"{key}: '{escaped(single_spaced(pairs[key]), BARRED_IN_VALUE)}'"
        for key in ordered
        if pairs[key]
    ]
    return f"@{{ {', '.join(written)} }}" if written else ""
