"""packet-beta: fields with their bits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.rewriting.rewriter import Rewriter

_FIELD = re.compile(
    r"(?:(?P<start>\d+)(?:\s*(?:-|–|\.\.|to)\s*(?P<end>\d+))?|\+\s*(?P<bits>\d+))\s*:\s*(?P<label>.+)"
)


class PacketRewriter(Rewriter):
    """When repairing, fields that overlap or leave gaps move to the next free bit."""

    type = "packet-beta"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._next_bit = 0

    def statement(self, text: str, indent: int) -> Iterator[str]:
        field = _FIELD.fullmatch(text)
        if field is None:
            yield f"    {text}"
            return
        yield f"    {self._bits(field)}: {self._label(field['label'])}"

    def _bits(self, field: re.Match[str]) -> str:
        if field["bits"]:
            count = int(field["bits"])
            self._next_bit += count
            return f"+{count}"
        start, end = int(field["start"]), int(field["end"] or field["start"])
        if self.repairing and (start != self._next_bit or end < start):
            count = abs(end - start) + 1
            start, end = self._next_bit, self._next_bit + count - 1
            self.note(f"moved the field to the next free bit, {start}")
        self._next_bit = end + 1
        return f"{start}-{end}" if end != start else f"{start}"

    def _label(self, label: str) -> str:
        if len(label) > 1 and label[0] == label[-1] and label[0] in "\"'":
            label = label[1:-1]
        else:
            self.note("quoted the label")
        return '"' + label.replace('"', "'") + '"'
