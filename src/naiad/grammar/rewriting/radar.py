"""radar-beta: an axis a line, curves as lists of numbers in the order of the axes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.rewriting.chart_rewriter import ChartRewriter, quoted_label, unquoted

_ITEM = re.compile(r"""(?:[^,"']|"[^"]*"?|'[^']*'?)+""")
_NAMED = re.compile(r"""(?P<id>\w+)\s*(?:\[\s*(?P<label>"[^"]*"|'[^']*')\s*\])?""")
_NAMED_SLIP = re.compile(
    r"""(?:(?P<id>\w+)\s*[\[(]\s*(?P<label>[^\[\]]*?)\s*[\])]|(?P<words>[^\[\]{}]+))"""
)
_CURVE = re.compile(
    r"""(?P<named>[^{}"]*(?:"[^"]*"[^{}"]*)?)\{(?P<entries>[^{}]*)\}\s*(?P<rest>.*)"""
)
_CURVE_SLIP = re.compile(
    r"""(?P<named>"[^"]*"|\w+\[[^\[\]]*\]|[^{}"\[\]]*?)\s{0,9}:?\s{0,9}"""
    r"""[\[({]?(?P<entries>[-0-9., ]+)[\])}]?(?P<rest>)"""
)
_ENTRY = re.compile(r"(?P<axis>[A-Za-z_][\w-]*)\s*:?\s*(?P<value>\S+)")
_OPTION = re.compile(r"(?P<option>ticks|max|min|graticule|showLegend)\s+(?P<value>\S+)")
_OPTION_SLIP = re.compile(
    r"(?P<option>ticks|max|min|graticule|showLegend)\s*[:=]?\s*(?P<value>\S+)", re.IGNORECASE
)
_OPTIONS = {each.lower(): each for each in ("ticks", "max", "min", "graticule", "showLegend")}


class RadarRewriter(ChartRewriter):
    """When repairing, axes and curves without ids get them from their labels."""

    type = "radar-beta"
    keyword = "radar-beta:?"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._axes: list[str] = []
        self._open = ""
        """A curve whose braces have not ended."""

    def written_keyword(self, found: re.Match[str]) -> str:
        return "radar-beta"

    def statement(self, text: str, indent: int) -> Iterator[str]:
        if self._open:
            self._open += f" {text}"
            if "}" in text:
                text, self._open = self._open, ""
                yield from super().statement(text, indent)
        elif text.startswith("curve") and "{" in text and "}" not in text:
            self._open = text
        else:
            yield from super().statement(text, indent)

    def finish(self) -> Iterator[str]:
        if self._open:
            text, self._open = self._open, ""
            if self.repairing:
                self.note("ended the curve")
            yield from self.entry(f"{text}}}" if self.repairing else text)
        yield from super().finish()

    def entry(self, text: str) -> Iterator[str]:
        keyword, _, rest = text.partition(" ")
        option = (_OPTION_SLIP if self.repairing else _OPTION).match(text)
        if keyword == "axis":
            yield from self._axis_lines(rest)
        elif keyword == "curve":
            yield from self._curves(rest)
        elif option:
            for each in text.split(","):
                yield from self._option(each.strip())
        else:
            yield f"    {text}"

    def _option(self, text: str) -> Iterator[str]:
        option = (_OPTION_SLIP if self.repairing else _OPTION).fullmatch(text)
        if option is None:
            yield f"    {text}"
            return
        value = re.sub(r"^0+(?=[0-9])|\.0+$", "", option["value"])
        yield f"    {_OPTIONS[option['option'].lower()]} {value}"

    def _axis_lines(self, axes: str) -> Iterator[str]:
        for each in _ITEM.findall(axes):
            axis = self._named(each.strip())
            self._axes.append(axis.partition("[")[0])
            yield f"    axis {axis}"

    def _curves(self, rest: str) -> Iterator[str]:
        while rest:
            curve = _CURVE.fullmatch(rest)
            if curve is None and self.repairing:
                curve = _CURVE_SLIP.fullmatch(rest)
            if curve is None:
                yield f"    curve {rest}"
                return
            named = self._named(curve["named"].strip().rstrip(":"))
            yield f"    curve {named}{{{', '.join(self._entries(curve['entries']))}}}"
            rest = curve["rest"].lstrip(", ")

    def _entries(self, entries: str) -> list[str]:
        """Numbers, in the order of the axes where the entries name them."""
        items = [each.strip() for each in entries.split(",") if each.strip()]
        named = [_ENTRY.fullmatch(each) for each in items]
        values = {each["axis"]: each["value"] for each in named if each}
        if values and len(values) == len(items) and set(values) >= set(self._axes):
            return [values[each] for each in self._axes]
        return items

    def _named(self, text: str) -> str:
        """An id with its label."""
        named = _NAMED.fullmatch(text)
        if named:
            label = f"[{quoted_label(unquoted(named['label']))}]" if named["label"] else ""
            return f"{named['id']}{label}"
        slip = _NAMED_SLIP.fullmatch(text) if self.repairing else None
        if slip is None:
            return text
        label = unquoted(slip["label"] or slip["words"])
        self.note(f"gave `{label}` an id and quotes")
        made = slip["id"] or re.sub(r"\W+", "_", label).strip("_")
        return f"{made or 'a'}[{quoted_label(label)}]"
