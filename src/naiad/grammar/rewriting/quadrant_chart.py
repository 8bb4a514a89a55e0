"""quadrantChart: quoted texts, points from 0 to 1, styles in one writing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.rewriting.chart_rewriter import (
    ChartRewriter,
    quoted_label,
    single_spaced,
    unquoted,
)

_AXIS = re.compile(r"(?P<axis>[xy]-axis)\s*(?P<ends>.*)", re.IGNORECASE)
_AXIS_SLIP = re.compile(r"(?P<axis>[xy])[- ]?axis\s*:?\s*(?P<ends>.*)", re.IGNORECASE)
_ARROW = re.compile(r"--+>")
_ARROW_SLIP = re.compile(r"-+>+|→|⟶|<-+>")
_QUADRANT = re.compile(r"quadrant-(?P<number>[1-4])\s*(?P<text>.*)", re.IGNORECASE)
_QUADRANT_SLIP = re.compile(r"quadrant[- ]?(?P<number>[1-4])\s*:?\s*(?P<text>.*)", re.IGNORECASE)
_POINT = re.compile(
    r"""(?P<label>"[^"]*"|[^\[\]"]*?)[ \t]{0,9}(?::::[ \t]{0,9}(?P<name>\w+)[ \t]{0,9})?"""
    r""":[ \t]{0,9}\[(?P<x>[^,\]]*),(?P<y>[^,\]]*)\](?P<styles>.*)"""
)
_POINT_SLIP = re.compile(
    r"""(?P<label>"[^"]*"|'[^']*'|[^\[\]"]*?)[ \t]{0,9}(?::::[ \t]{0,9}(?P<name>\w+)[ \t]{0,9})?"""
    r""":?[ \t]{0,9}[\[(](?P<x>[^,\])]*),(?P<y>[^,\])]*)[\])](?P<styles>.*)"""
)
_CLASS = re.compile(r"classDef\s+(?P<name>\w+)\s+(?P<styles>.*)")
_NUMBER = re.compile(r"[0-9]*\.?[0-9]+%?|[0-9]+\.")
_COLORS = {
    "red": "#ff0000",
    "green": "#008000",
    "blue": "#0000ff",
    "orange": "#ffa500",
    "yellow": "#ffff00",
    "purple": "#800080",
    "pink": "#ffc0cb",
    "gray": "#808080",
    "grey": "#808080",
    "black": "#000000",
    "white": "#ffffff",
    "brown": "#a52a2a",
    "gold": "#ffd700",
    "teal": "#008080",
    "cyan": "#00ffff",
    "magenta": "#ff00ff",
}
"""CSS's values of the names that people write; Mermaid takes hex digits only."""
_KEYS = {"fill": "color", "stroke": "stroke-color", "size": "radius"}


class QuadrantChartRewriter(ChartRewriter):
    """When repairing, points on another scale are brought to 0 … 1, all by the same factor."""

    type = "quadrantChart"
    keyword = "quadrantChart"
    semicolons = True

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._held: list[str | tuple[re.Match[str], int]] = []
        """When repairing, what has been read: the scale is known at the end only."""

    def entry(self, text: str) -> Iterator[str]:
        axis = (_AXIS_SLIP if self.repairing else _AXIS).fullmatch(text)
        quadrant = (_QUADRANT_SLIP if self.repairing else _QUADRANT).fullmatch(text)
        point = (_POINT_SLIP if self.repairing else _POINT).fullmatch(text)
        styled = _CLASS.fullmatch(text)
        if axis:
            yield f"    {axis['axis'].lower()[0]}-axis {self._ends(axis['ends'])}"
        elif quadrant:
            yield f"    quadrant-{quadrant['number']} {_label(quadrant['text'])}"
        elif styled:
            yield f"    classDef {styled['name']} {', '.join(self._styles(styled['styles']))}"
        elif point and self.repairing:
            self._held.append((point, self.number))
        elif point:
            yield self._point(point, 1)
        else:
            yield f"    {text}"

    def statement(self, text: str, indent: int) -> Iterator[str]:
        for line in super().statement(text, indent):
            if self._held:
                self._held.append(line)
            else:
                yield line

    def finish(self) -> Iterator[str]:
        yield from super().finish()
        scale = self._scale()
        for held in self._held:
            if isinstance(held, str):
                yield held
            else:
                self.number = held[1]
                yield self._point(held[0], scale)

    def _scale(self) -> int:
        """What the points' numbers have to be divided by."""
        numbers = [
            float(each.strip().rstrip("%"))
            for held in self._held
            if not isinstance(held, str)
            for each in (held[0]["x"], held[0]["y"])
            if _NUMBER.fullmatch(each.strip())
        ]
        largest = max(numbers, default=0)
        return next((scale for scale in (1, 10, 100) if largest <= scale), 1)

    def _point(self, point: re.Match[str], scale: int) -> str:
        shares = ", ".join(self._share(point[each], scale) for each in ("x", "y"))
        name = f":::{point['name']}" if point["name"] else ""
        styles = ", ".join(self._styles(point["styles"]))
        label = unquoted(point["label"]) if self.repairing else point["label"]
        return f"    {_label(label)}{name}: [{shares}]{' ' if styles else ''}{styles}"

    def _share(self, written: str, scale: int) -> str:
        written = written.strip()
        if not self.repairing or not _NUMBER.fullmatch(written):
            return written
        share = f"{float(written.rstrip('%')) / scale:.4f}".rstrip("0").rstrip(".")
        if share != written:
            self.note(f"wrote {written} as {share}: points lie between 0 and 1")
        return share

    def _ends(self, ends: str) -> str:
        """One or two ends of an axis, with the arrow if there is one."""
        arrow = (_ARROW_SLIP if self.repairing else _ARROW).search(re.sub(r'"[^"]*"', _blank, ends))
        if arrow is None:
            return _label(ends)
        if arrow[0] != "-->":
            self.note("wrote the arrow as `-->`")
        first, last = ends[: arrow.start()], ends[arrow.end() :]
        return f"{_label(first)} -->{' ' if last.strip() else ''}{_label(last)}"

    def _styles(self, styles: str) -> Iterator[str]:
        for style in filter(None, (each.strip() for each in styles.split(","))):
            key, colon, value = (part.strip() for part in style.partition(":"))
            if self.repairing:
                key, value = _KEYS.get(key.lower(), key), self._mended_value(key, value)
            yield f"{key}: {value}" if colon else style

    def _mended_value(self, key: str, value: str) -> str:
        mended = _COLORS.get(value.lower(), value)
        if "width" in key and value.isdigit():
            mended = f"{value}px"
        elif key == "radius":
            mended = value.removesuffix("px")
        if mended != value:
            self.note(f"wrote {value} as {mended}")
        return mended


def _label(text: str) -> str:
    """A text in double quotes; nothing stays nothing."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    return quoted_label(single_spaced(text)) if text.strip() else ""


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])
