"""kanban: columns with cards.

https://mermaid.js.org/syntax/kanban.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from naiad.grammar.families.outline import CLASS_LINE, ICON_LINE, in_brackets, node_id
from naiad.grammar.line_grammar import INDENT, DiagramGrammar, LineForm
from naiad.grammar.patterns import one_of, optional, text

PRIORITIES = ("Very High", "High", "Low", "Very Low")
MOST_COLUMNS = 30
MOST_CARDS = 200

BARRED_IN_VALUE = "\"'<>;\\`{}^"
_VALUE = f"'{text(BARRED_IN_VALUE, longest=80)}'"
_METADATA = {
    "assigned": f"assigned: {_VALUE}",
    "ticket": f"ticket: {_VALUE}",
    "priority": f"priority: '{one_of(PRIORITIES)}'",
}
_ICON = r"icon: '[A-Za-z][A-Za-z0-9:_ \-]{0,60}'"


def _card_data() -> str:
    """Pattern of `@{ … }`: YAML refuses a key that comes twice, so all orders are spelled out."""
    return rf"@\{{ (?:{_pairs_of(frozenset(_METADATA))}(?:, {_ICON})?|{_ICON}) \}}"


def _pairs_of(keys: frozenset[str]) -> str:
    """Pattern of one or more pairs of these keys, each at most once."""
    branches = []
    for key in sorted(keys):
        rest = keys - {key}
        branches.append(_METADATA[key] + (optional(f", {_pairs_of(rest)}") if rest else ""))
    return f"(?:{'|'.join(branches)})"


_LABEL = in_brackets("[", "]")
_CARD_DATA = _card_data()


class KanbanGrammar(DiagramGrammar):
    """Ids are unique: cards stand in every column that has the id of theirs."""

    type = "kanban"
    header = "kanban"
    default_header = "kanban"

    def __init__(self) -> None:
        super().__init__()
        self._ids: set[str] = set()
        self._columns = 0
        self._indent = INDENT
        self._decorations: set[str] = set()
        """What the last column or card has been given: icon, class."""

    @property
    def complete(self) -> bool:
        return self._columns > 0

    def closing(self) -> Iterator[str]:
        if not self.complete:
            yield "    todo[Todo]"

    def body(self) -> Iterator[LineForm]:
        own = f"(?P<id>{node_id('kanban', self._ids)}){_LABEL}{optional(_CARD_DATA)}"
        if self._columns < MOST_COLUMNS:
            yield LineForm("column", own, self._read_column)
        if not self._columns:
            return
        if len(self._ids) < MOST_CARDS:
            yield LineForm("card", own, self._read_card, 2 * INDENT)
        for key, pattern in (("icon", ICON_LINE), ("class", CLASS_LINE)):
            if key not in self._decorations:
                yield LineForm(key, pattern, self._read_decoration(key), self._indent)

    def _read_column(self, match: re.Match[str]) -> None:
        self._columns += 1
        self._read_node(match["id"], INDENT)

    def _read_card(self, match: re.Match[str]) -> None:
        self._read_node(match["id"], 2 * INDENT)

    def _read_node(self, own: str, indent: int) -> None:
        self._ids.add(own)
        self._indent = indent
        self._decorations = set()

    def _read_decoration(self, key: str) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            self._decorations.add(key)

        return read
