"""swimlane-beta: written and mended as a flowchart, nodes and edges on lines of their own."""

from __future__ import annotations

from itertools import pairwise

from naiad.grammar.rewriting.flowchart import FlowchartRewriter
from naiad.grammar.rewriting.flowchart_reading import Chain, Link


class SwimlaneRewriter(FlowchartRewriter):
    """Mermaid makes the same of a chain and of its nodes and then its edges."""

    type = "swimlane-beta"

    def _chain(self, chain: Chain) -> list[str]:
        if not chain.joints:
            return super()._chain(chain)
        groups: list[list[str]] = [[]]
        links: list[Link] = []
        for joint, node in zip((None, *chain.joints), chain.nodes, strict=True):
            if joint is not None:
                links.append(joint)
                groups.append([])
            groups[-1].append(node.id)
        new = [each for each in chain.nodes if each.text != each.id or each.id not in self._nodes]
        self._edges += chain.edges
        self._nodes |= {node.id for node in chain.nodes}
        self._edge_ids |= {link.id for link in links}
        later = [node.later for node in chain.nodes if node.later]
        edges = [
            f"{start} {_link(link, start is starts[-1] and end is ends[0])} {end}"
            for link, (starts, ends) in zip(links, pairwise(groups), strict=True)
            for start in starts
            for end in ends
        ]
        return [*dict.fromkeys(node.text for node in new), *edges, *later]


def _link(link: Link, has_id: bool) -> str:
    """Of the edges between two groups the last node's first one has the id."""
    return link.text if has_id else link.bare
