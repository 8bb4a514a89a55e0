"""venn-beta: unions in the order of their sets, labels quoted, texts below what holds them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.rewriting.chart_rewriter import (
    ChartRewriter,
    quoted_label,
    single_spaced,
    unquoted,
)

_ID = r"""(?:"[^"]*"|[A-Za-z_][\w-]*)"""
_LABEL = r"""\[\s{0,9}(?:"(?P<label>[^"]*)"|(?P<bare>[^\]"]+))\]"""
_REST = rf"(?:{_LABEL})?\s{{0,9}}(?::\s{{0,9}}(?P<size>[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)))?"
_SET = re.compile(rf"set\s+(?P<id>{_ID})\s{{0,9}}{_REST}", re.IGNORECASE)
_UNION = re.compile(
    rf"union\s+(?P<ids>{_ID}(?:\s{{0,9}},\s{{0,9}}{_ID}){{0,20}})\s{{0,9}}{_REST}", re.IGNORECASE
)
_TEXT = re.compile(rf"text\s+(?P<id>{_ID}|[0-9.]+)\s{{0,9}}(?:{_LABEL})?", re.IGNORECASE)
_STYLE = re.compile(
    rf"style\s+(?P<ids>{_ID}(?:\s{{0,9}},\s{{0,9}}{_ID}){{0,20}})\s+(?P<styles>[\w-]+\s*:.*)",
    re.IGNORECASE,
)
_STYLE_PAIR = re.compile(r"(?P<key>[A-Za-z_][\w-]*)\s{0,9}:\s{0,9}(?P<value>(?:\([^)]*\)|[^,(])+)")
_IDENTIFIER = re.compile(r"(?!(?:set|style|text|title|union)$)[A-Za-z_]\w*", re.IGNORECASE)
_SLIP_BETWEEN = re.compile(r"\s*(?:&|∩|∪|\+|\band\b|,)\s*")
_SET_SLIP = re.compile(
    r"""(?:set|circle)\s+(?P<id>[^"\[\]:]+?)\s{0,9}(?:[:\[]?\s{0,9}(?P<label>"[^"]*")\]?)?"""
)


class VennRewriter(ChartRewriter):
    """When repairing, sets that a union names and nothing declares are declared."""

    type = "venn-beta"
    keyword = "venn-beta"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._sets: list[str] = []
        """As they are written, in order."""

    def entry(self, text: str) -> Iterator[str]:
        if self.repairing:
            text = self._mended_line(text)
        declared, union = _SET.fullmatch(text), _UNION.fullmatch(text)
        inside, style = _TEXT.fullmatch(text), _STYLE.fullmatch(text)
        if declared:
            self._sets.append(_written(declared["id"]))
            yield f"    set {self._sets[-1]}{_rest(declared)}"
        elif union:
            yield from self._undeclared(union["ids"])
            yield f"    union {self._ordered(union['ids'])}{_rest(union)}"
        elif inside:
            name = inside["id"]
            written = name if name[0] != '"' else quoted_label(name[1:-1])
            yield f"        text {written}{_bracket(inside)}"
        elif style:
            yield f"    style {self._ordered(style['ids'])} {_styles(style['styles'])}"
        else:
            yield f"    {text}"

    def _mended_line(self, text: str) -> str:
        """Ids with blanks in quotes, commas between the sets of a union."""
        keyword, _, rest = text.partition(" ")
        if keyword.lower() == "union":
            ids, bracket, label = rest.partition("[")
            ids, colon, size = ids.partition(":")
            names = [each for each in _SLIP_BETWEEN.split(ids) if each.strip()]
            mended = f"union {','.join(map(_written, names))}{colon}{size}{bracket}{label}"
        else:
            slip = _SET_SLIP.fullmatch(text)
            if slip is None or _SET.fullmatch(text):
                return text
            label = f"[{slip['label']}]" if slip["label"] else ""
            mended = f"set {_written(slip['id'])}{label}"
        if mended.replace(" ", "") != text.replace(" ", ""):
            self.note("wrote the sets' names as Mermaid does")
        return mended

    def _undeclared(self, ids: str) -> Iterator[str]:
        for each in self._names(ids) if self.repairing else ():
            if each not in self._sets:
                self.note(f"declared the set {each}")
                self._sets.append(each)
                yield f"    set {each}"

    def _ordered(self, ids: str) -> str:
        """The sets in the order of their declaration; Mermaid sorts them itself."""
        places = {name: place for place, name in enumerate(self._sets)}
        names = self._names(ids)
        return ",".join(sorted(dict.fromkeys(names), key=lambda each: places.get(each, 99)))

    def _names(self, ids: str) -> list[str]:
        return [_written(each) for each in re.findall(_ID, ids)]


def _written(name: str) -> str:
    """An id, in quotes only where it is no identifier."""
    bare = unquoted(name).strip()
    return bare if _IDENTIFIER.fullmatch(bare) else f'"{bare}"'


def _bracket(match: re.Match[str]) -> str:
    label = match["label"] if match["label"] is not None else match["bare"]
    return f"[{quoted_label(single_spaced(label))}]" if label else ""


def _rest(match: re.Match[str]) -> str:
    """Label and size."""
    size = (match["size"] or "").lstrip("+")
    size = re.sub(r"^0+(?=[0-9])|\.0+$", "", size)
    return f"{_bracket(match)}{':' if size else ''}{size}"


def _styles(styles: str) -> str:
    pairs = [f"{each['key']}:{each['value'].strip()}" for each in _STYLE_PAIR.finditer(styles)]
    return ", ".join(pairs) or styles
