"""xychart-beta: quoted texts, numbers in one writing, as many values as are drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.rewriting.chart_rewriter import (
    ChartRewriter,
    quoted_label,
    single_spaced,
    unquoted,
)

_AXIS = re.compile(r"(?P<axis>[xy])-axis(?P<rest>.*)", re.IGNORECASE)
_AXIS_SLIP = re.compile(r"(?P<axis>[xy])[- ]?axis\s*:?(?P<rest>.*)", re.IGNORECASE)
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_RANGE = re.compile(rf"(?P<first>{_NUMBER})\s*-->\s*(?P<last>{_NUMBER})$")
_RANGE_SLIP = re.compile(rf"(?P<first>{_NUMBER})\s*(?:-+>+|→|\.\.\.?|to)\s*(?P<last>{_NUMBER})$")
_LIST = re.compile(r"\[(?P<items>[^\[\]]*)\]$")
_LIST_SLIP = re.compile(
    r"\[(?P<items>[^\[\]]*)\]?$|[({](?P<round>[-0-9., ]+)[)}]$|:\s*(?P<bare>[-0-9.,%$ ]+)$"
)
_PLOT = re.compile(r"(?P<kind>bar|line)\b(?P<rest>.*)", re.IGNORECASE)
_ITEM = re.compile(r"""(?:[^,"]|"[^"]*"?)+""")
_POINT = re.compile(rf"""(?P<number>{_NUMBER})(?:\s*"(?P<label>[^"]*)")?""")


class XyChartRewriter(ChartRewriter):
    """Of a text without quotes Mermaid drops the blanks; of values it drops what is too many."""

    type = "xychart-beta"
    keyword = r"xychart(?:-beta)?(?:\s+(?:horizontal|vertical))?(?![\w-])"
    semicolons = True

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._categories = 0

    def written_keyword(self, found: re.Match[str]) -> str:
        return single_spaced(found[0]).removesuffix(" vertical")

    def _heading(self, text: str) -> list[str] | None:
        if not re.match(r"title\b", text):
            return super()._heading(text)
        label = self._label(text.removeprefix("title"))
        return [f"    title {label}"] if label else []

    def entry(self, text: str) -> Iterator[str]:
        axis = (_AXIS_SLIP if self.repairing else _AXIS).fullmatch(text)
        plot = _PLOT.fullmatch(text)
        if axis:
            yield f"    {axis['axis'].lower()}-axis{self._axis(axis['rest'].strip())}"
        elif plot:
            yield f"    {plot['kind'].lower()}{self._plot(plot['rest'].strip())}"
        else:
            yield f"    {text}"

    def _axis(self, rest: str) -> str:
        """Title, and categories or a range, each behind a blank."""
        found = (_RANGE_SLIP if self.repairing else _RANGE).search(rest)
        listing = (_LIST_SLIP if self.repairing else _LIST).search(rest)
        if found:
            title, data = rest[: found.start()], f"{_number(found[1])} --> {_number(found[2])}"
        elif listing:
            items = [self._label(each) for each in _ITEM.findall(_items(listing))]
            self._categories = len(items)
            title, data = rest[: listing.start()], f"[{', '.join(items)}]"
        else:
            title, data = rest, ""
        return " ".join(["", *filter(None, [self._label(title), data])])

    def _plot(self, rest: str) -> str:
        listing = (_LIST_SLIP if self.repairing else _LIST).search(rest)
        if listing is None:
            return f" {rest}"
        items = (each.strip() for each in _ITEM.findall(_items(listing)))
        values = [self._value(each) for each in items if each]
        if self._categories:
            values = values[: self._categories]
        title = self._label(rest[: listing.start()].rstrip(": " if self.repairing else ""))
        return " ".join(["", *filter(None, [title, f"[{', '.join(values)}]"])])

    def _value(self, value: str) -> str:
        if self.repairing:
            bare = unquoted(value).strip("$€£% ")
            if bare != value and _POINT.fullmatch(bare):
                self.note(f"wrote the value {value} as {bare}")
                value = bare
        point = _POINT.fullmatch(value)
        if point is None:
            return value
        label = f" {quoted_label(point['label'])}" if point["label"] else ""
        return f"{_number(point['number'])}{label}"

    def _label(self, text: str) -> str:
        """A text in double quotes; nothing stays nothing."""
        text = text.strip()
        inner = unquoted(text)
        if inner != text and (text[0] == '"' or self.repairing):
            return quoted_label(single_spaced(inner)) if inner.strip() else ""
        if not self.repairing:
            text = re.sub(r"\s+", "", text)
        elif text:
            self.note("quoted the text")
        return quoted_label(text) if text else ""


def _items(listing: re.Match[str]) -> str:
    """What stands between the brackets, of whatever kind they are."""
    return next((each for each in listing.groups() if each is not None), "")


def _number(written: str) -> str:
    """The number without a plus, without zeros before it, and with one where there is none."""
    bare = re.sub(r"^([+-]?)0+(?=[0-9])", r"\1", written).removeprefix("+")
    return re.sub(r"^(-?)\.", r"\g<1>0.", bare)
