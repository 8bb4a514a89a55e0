"""swimlane-beta: a flowchart whose outermost subgraphs are drawn as lanes.

https://mermaid.js.org/syntax/swimlanes.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.families import flowchart_patterns as piece
from naiad.grammar.families.flowchart import (
    MOST_EDGES,
    CheckedForm,
    FlowchartGrammar,
    statement_of,
)
from naiad.grammar.line_grammar import LineForm
from naiad.grammar.patterns import one_of

MOST_JOINED = 40
"""Nodes that edges join: the pattern of an edge grows with their square."""


class SwimlaneGrammar(FlowchartGrammar):
    """Nodes on lines of their own, then edges between two different ones of them.

    Mermaid reads flowcharts and swimlanes with the same parser, but cannot draw an edge from a
    node to itself here; and only of ids that are known can a pattern say that two differ.
    """

    type = "swimlane-beta"
    header = "swimlane-beta (?:LR|RL|TB|TD|BT)"
    default_header = "swimlane-beta LR"

    def _statements(self, indent: int) -> Iterator[LineForm]:
        excluded = self._excluded()

        def is_free(match: re.Match[str]) -> bool:
            return excluded.isdisjoint(statement_of(match[0]).ids)

        node, read = piece.node(excluded), self._read_statement
        yield CheckedForm("node", node, read, indent, _ANY_NODE, is_free)
        known = [each for each in [*self._nodes, *self._subgraphs] if each not in excluded]
        known = list(dict.fromkeys(each for each in known if each))[:MOST_JOINED]
        if len(known) < 2 or self._edges >= MOST_EDGES:
            return
        taken = frozenset([*excluded, *self._nodes, *self._subgraphs])
        edge_id = f"(?:{piece.word(taken)}@)?" if len(taken) <= MOST_JOINED else ""

        def joins_two(match: re.Match[str]) -> bool:
            statement = statement_of(match[0])
            start, end = statement.ids
            is_new = statement.edge_id is None or bool(edge_id and statement.edge_id not in taken)
            return start != end and start in known and end in known and is_new

        edges = "|".join(
            f"{one_of([start])} {edge_id}{piece.LINK} {one_of(set(known) - {start})}"
            for start in known
        )
        yield CheckedForm("edge", f"(?:{edges})", read, indent, _ANY_EDGE, joins_two)


_ANY_NODE = piece.node(frozenset())
_ANY_EDGE = f"{piece.ANY_ID} (?:{piece.word()}@)?{piece.LINK} {piece.ANY_ID}"
