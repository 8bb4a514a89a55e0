"""pie: slices with their values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.rewriting.chart_rewriter import ChartRewriter, quoted_label, unquoted

_SLICE = re.compile(r"""(?P<label>"[^"]*"|'[^']*')\s*:\s*(?P<value>-?[0-9.]+)""")
_SLIP = re.compile(
    r"""(?P<label>"[^"]*"|'[^']*'|[^":=]*[^":=\s])\s*[:=]?\s*[$€£]?"""
    r"(?P<value>-?[0-9][0-9,_]*(?:\.[0-9]+)?|-?\.[0-9]+)\s*(?:%|[A-Za-z€]{1,10})?"
)


class PieRewriter(ChartRewriter):
    """When repairing, unquoted labels, percent signs and a `showData` of its own are mended."""

    type = "pie"
    keyword = r"pie(?:[ \t]+showData)?(?!\w)"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._labels: set[str] = set()
        self._held_header = ""
        """The header, until it is known whether `showData` follows on a line of its own."""

    def written_keyword(self, found: re.Match[str]) -> str:
        return " ".join(found[0].split())

    def header(self, text: str) -> Iterator[str]:
        first, *rest = super().header(text)
        if self.repairing and not rest and first == "pie":
            self._held_header = first
            return
        yield first
        yield from rest

    def statement(self, text: str, indent: int) -> Iterator[str]:
        if self._held_header:
            if text.rstrip(";:").casefold() == "showdata":
                self.note("moved showData behind the keyword")
                self._held_header += " showData"
                return
            yield self._held_header
            self._held_header = ""
        yield from super().statement(text, indent)

    def finish(self) -> Iterator[str]:
        if self._held_header:
            yield self._held_header
        yield from super().finish()

    def entry(self, text: str) -> Iterator[str]:
        entry = _SLICE.fullmatch(text)
        if entry is None and self.repairing:
            entry = _SLIP.fullmatch(text)
            if entry:
                self.note('wrote the slice as `"label" : value`')
        if entry is None:
            yield f"    {text}"
            return
        label, value = quoted_label(unquoted(entry["label"])), _number(entry["value"])
        if self.repairing and value.startswith("-"):
            self.note(f"left out the slice of {value}: there is no share below 0")
        elif label not in self._labels:
            # Of two slices with one label Mermaid draws the first.
            self._labels.add(label)
            yield f"    {label} : {value}"


def _number(written: str) -> str:
    """The number without separators of thousands and without zeros before it."""
    digits = re.sub(r"[,_ ]", "", written)
    digits = re.sub(r"^(-?)0+(?=[0-9])", r"\1", digits)
    return re.sub(r"^(-?)\.", r"\g<1>0.", digits)
