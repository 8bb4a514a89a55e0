"""packet-beta: fields with their bits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.rewriting.chart_rewriter import ChartRewriter, quoted_label, unquoted

_FIELD = re.compile(
    r"(?:(?P<start>\d{1,9})(?:\s*(?:-|–|\.\.|to)\s*(?P<end>\d{1,9}))?|\+\s*(?P<bits>\d{1,9}))"
    r"\s*(?P<colon>:?)\s*(?P<label>\S.*)"
)


class PacketRewriter(ChartRewriter):
    """When repairing, fields that overlap or leave gaps move to the next free bit."""

    type = "packet-beta"
    keyword = "packet(?:-beta)?"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._next_bit = 0

    def entry(self, text: str) -> Iterator[str]:
        field = _FIELD.fullmatch(text)
        if field is None or not (field["colon"] or self.repairing):
            yield f"    {text}"
            return
        label = unquoted(field["label"])
        if label == field["label"] or not field["colon"]:
            self.note('wrote the field as `bits: "label"`')
        yield f"    {self._bits(field)}: {quoted_label(label)}"

    def _bits(self, field: re.Match[str]) -> str:
        if field["bits"]:
            count = int(field["bits"])
            if self.repairing and not count:
                count = 1
                self.note("gave the field one bit, since it had none")
            self._next_bit += count
            return f"+{count}"
        start, end = int(field["start"]), int(field["end"] or field["start"])
        if self.repairing and (start != self._next_bit or end < start):
            count = abs(end - start) + 1
            start, end = self._next_bit, self._next_bit + count - 1
            self.note(f"moved the field to the next free bit, {start}")
        self._next_bit = end + 1
        return f"{start}-{end}" if end != start else f"{start}"
