"""packet-beta: fields of bits, one after the other.

https://mermaid.js.org/syntax/packet.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.headings import Headings
from naiad.grammar.line_grammar import DiagramGrammar, LineForm
from naiad.grammar.patterns import integer, quoted, text

LARGEST_PACKET_BITS = 2048
"""Mermaid draws a row for every 32 bits."""
LARGEST_FIELD_BITS = 1024
_LABEL = quoted(text('"\\<>;`', units=("#quot;",)))


class PacketGrammar(DiagramGrammar):
    """Fields follow each other without a gap, so every field begins with the next free bit."""

    type = "packet-beta"
    header = "packet(?:-beta)?"
    default_header = "packet-beta"

    def __init__(self) -> None:
        super().__init__()
        self._next_bit = 0
        self._headings = Headings()

    def body(self) -> Iterator[LineForm]:
        yield from self._headings.forms()
        start, free = self._next_bit, LARGEST_PACKET_BITS - self._next_bit
        if not free:
            return
        longest = min(free, LARGEST_FIELD_BITS)
        yield LineForm("bit", f"{start}: {_LABEL}", self._read_bit)
        yield LineForm(
            "count of bits", rf"\+(?P<bits>{integer(1, longest)}): {_LABEL}", self._read_count
        )
        if longest > 1:
            end = integer(start + 1, start + longest - 1)
            yield LineForm("range of bits", f"{start}-(?P<end>{end}): {_LABEL}", self._read_range)

    def _read_bit(self, match: re.Match[str]) -> None:
        self._next_bit += 1

    def _read_count(self, match: re.Match[str]) -> None:
        self._next_bit += int(match["bits"])

    def _read_range(self, match: re.Match[str]) -> None:
        self._next_bit = int(match["end"]) + 1
