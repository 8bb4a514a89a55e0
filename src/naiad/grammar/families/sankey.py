"""sankey-beta: flows from node to node, as comma-separated values.

https://mermaid.js.org/syntax/sankey.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from naiad.grammar.line_grammar import DiagramGrammar, LineForm
from naiad.grammar.patterns import LONGEST_TEXT, one_of

MOST_FLOWS = 200
MOST_NODES = 60
MOST_LETTERS = 300
"""Of all names; beyond them the only new nodes that are generated are targets of old ones."""
# Mermaid's parser takes printable ASCII only; a comma needs quotes, a quote is doubled in them.
_INNER = r"[ !#$'()*+\-./0-9:=?@A-Z\[\]\^_`a-z|~&%]"
_OUTER = r"[!#$'()*+\-./0-9:=?@A-Z\[\]\^_`a-z|~&]"
_LAST_ONES = frozenset(re.findall(_OUTER, "".join(map(chr, range(128)))))
_INNERS = f"{_INNER}{{0,{LONGEST_TEXT - 1}}}"
_REST = f"(?:{_INNERS}{_OUTER})?"
# Names are read a little longer than they are written: those are put together from two pieces.
_PLAIN = f"{_OUTER}(?:{_INNER}{{0,500}}{_OUTER})?"
_QUOTED = rf'"{_INNER}{{0,500}}(?:,|"")(?:{_INNER}|,|""){{0,500}}"'
"""Quotes only where they are needed, so that a node has one spelling."""
_VALUE = r"(?:[1-9][0-9]{0,9}(?:\.[0-9]{1,6})?|0\.[0-9]{0,5}[1-9])"
_FLOW = rf"(?P<source>{_PLAIN}|{_QUOTED}),(?P<target>{_PLAIN}|{_QUOTED}),{_VALUE}"
_BITS = tuple(1 << bit for bit in range(7))


@dataclass(frozen=True)
class _FlowForm(LineForm):
    """A flow; which ones are allowed is easier to tell of a line than to put into a pattern."""

    allows: Callable[[str, str], bool] = lambda source, target: source != target

    def match(self, line: str) -> re.Match[str] | None:
        match = LineForm(self.name, _FLOW, indent=self.indent).match(line)
        return match if match and self.allows(match["source"], match["target"]) else None


class SankeyGrammar(DiagramGrammar):
    """No node feeds itself, over however many flows: d3 draws no cycle.

    What is generated is a little less than what is read: two new nodes on a line differ in the
    first character, and on the first line in one of the first four.
    """

    type = "sankey-beta"
    header = "sankey(?:-beta)?"
    default_header = "sankey-beta"

    def __init__(self) -> None:
        super().__init__()
        self._feeds: dict[str, set[str]] = {}
        """Node, as it is written -> the nodes right behind it."""
        self._flows = 0

    def body(self) -> Iterator[LineForm]:
        if self._flows < MOST_FLOWS:
            pattern = f"(?:{'|'.join(self._links())}),{_VALUE}"
            yield _FlowForm("flow", pattern, self._read, indent=0, allows=self._allows)

    @property
    def complete(self) -> bool:
        return self._flows > 0

    def closing(self) -> Iterator[str]:
        if not self._flows:
            yield "Source,Target,1"

    def _allows(self, source: str, target: str) -> bool:
        new = len({source, target} - self._feeds.keys())
        room = len(self._feeds) + new <= MOST_NODES
        return source != target and room and source not in self._below(target)

    def _below(self, node: str) -> set[str]:
        """All nodes that `node` feeds, over however many flows."""
        found: set[str] = set()
        waiting = [node]
        while waiting:
            for each in self._feeds.get(waiting.pop(), set()) - found:
                found.add(each)
                waiting.append(each)
        return found

    def _read(self, match: re.Match[str]) -> None:
        self._flows += 1
        self._feeds.setdefault(match["source"], set()).add(match["target"])
        self._feeds.setdefault(match["target"], set())

    def _links(self) -> Iterator[str]:
        """Patterns of a source and a target."""
        nodes = sorted(self._feeds)
        below = {node: self._below(node) for node in nodes}
        is_crowded = sum(map(len, nodes)) > MOST_LETTERS or len(nodes) >= MOST_NODES - 1
        for source in nodes:
            targets = [each for each in nodes if each != source and source not in below[each]]
            if targets:
                yield f"{one_of([source])},{one_of(targets)}"
        if len(nodes) < MOST_NODES and nodes:
            new = "|".join(self._new_names())
            yield f"{one_of(nodes)},(?:{new})"
            if not is_crowded:
                yield f"(?:{new}),{one_of(nodes)}"
        if not is_crowded:
            yield from self._two_new()

    def _new_names(self) -> Iterator[str]:
        for heads in self._heads().values():
            yield f"(?:{'|'.join(heads)}){_REST}"
        quoted = {each[1] for each in self._feeds if each.startswith('"')}
        first = _class(_LAST_ONES - quoted)
        yield f'"{first}{_INNERS},{_INNERS}"'

    def _heads(self) -> dict[str, list[str]]:
        """How names begin that are no node's yet, by their first character.

        "" stands for all characters that no node begins with. A head that ends at a blank cannot
        be a whole name, so heads leave the known names at other characters.
        """
        heads: dict[str, list[str]] = {}
        names = [each for each in self._feeds if not each.startswith('"')]
        for start in sorted({name[:length] for name in names for length in range(len(name) + 1)}):
            next_ones = {
                name[len(start)] for name in names if name.startswith(start) and name != start
            }
            prefix = one_of([start]) if start else ""
            heads.setdefault(start[:1], []).append(prefix + _class(_LAST_ONES - next_ones))
        return heads or {"": [_OUTER]}

    def _two_new(self) -> Iterator[str]:
        """Two new nodes: the first characters differ, on the first line one of the first four."""
        heads = self._heads()
        firsts = frozenset(heads) - {""}
        if not firsts:
            yield from _two_different()
            return
        for first in sorted(firsts):
            other = _class(_LAST_ONES - {first})
            yield f"(?:{'|'.join(heads[first])}){_REST},{other}{_REST}"
        free = _LAST_ONES - firsts
        yield f"{_class(free)}{_REST},{_class(firsts)}{_REST}"
        for one, other in _unlike(free):
            yield f"{one}{_REST},{other}{_REST}"


@lru_cache(maxsize=1)
def _two_different() -> tuple[str, ...]:
    """Two names that differ in one of their first four characters."""
    before = ["", _OUTER, f"{_OUTER}{_INNER}", f"{_OUTER}{_INNER}{{2}}"]
    return tuple(
        f"{start}{one}{_REST},{start}{other}{_REST}"
        for start in before
        for one, other in _unlike(_LAST_ONES)
    )


def _unlike(characters: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Pairs of classes that hold every two different characters and no two equal ones.

    Two characters differ when they differ in a bit, and seven bits are fewer than all pairs.
    """
    for bit in _BITS:
        with_bit = _class(frozenset(each for each in characters if ord(each) & bit))
        without = _class(frozenset(each for each in characters if not ord(each) & bit))
        if with_bit and without:
            yield with_bit, without
            yield without, with_bit


@lru_cache(maxsize=512)
def _class(characters: frozenset[str]) -> str:
    """Pattern of one of those characters, in ranges; "" where there are none."""
    inside, codes = "", sorted(map(ord, characters))
    for start in (each for each in codes if each - 1 not in codes):
        end = next(each for each in range(start, 128) if each + 1 not in codes)
        inside += _escaped(start) + (f"-{_escaped(end)}" if end > start else "")
    return f"[{inside}]" if inside else ""


def _escaped(code: int) -> str:
    return f"\\{chr(code)}" if chr(code) in r"\&-~[]^" else chr(code)
