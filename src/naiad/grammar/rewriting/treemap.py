"""treemap-beta: sections, items, classes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.families.treemap import BARRED
from naiad.grammar.line_grammar import INDENT
from naiad.grammar.rewriting.chart_rewriter import ChartRewriter, single_spaced, unquoted
from naiad.grammar.rewriting.escaping import escaped

_ROW = re.compile(
    r"(?P<name>\"[^\"]*\"|'[^']*')\s*(?:[:,]\s*(?P<value>[0-9_.,]+))?\s*(?::::\s*(?P<class>\w+))?"
)
_LOOSE_ROW = re.compile(
    r"(?P<name>.*?[^\s:])\s*(?:[:=]\s*(?P<value>-?[$€£]?\s*[0-9][0-9_.,]*)\s*%?)?"
    r"(?:\s*:::\s*(?P<class>\w+))?"
)
_CLASS = re.compile(r"classDef\s+(?P<name>\w+)\s+(?P<styles>[^;]*);?")


class TreemapRewriter(ChartRewriter):
    """A row lies in the nearest section above it that is indented less, as in Mermaid."""

    type = "treemap-beta"
    keyword = "treemap(?:-beta)?"
    barred_in_title = BARRED

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._indent = 0
        self._sections: list[int] = []
        """Indents of the sections that the next row may lie in."""

    def statement(self, text: str, indent: int) -> Iterator[str]:
        self._indent = indent
        yield from super().statement(text, indent)

    def entry(self, text: str) -> Iterator[str]:
        style = _CLASS.fullmatch(text)
        if style:
            styles = [part.strip() for part in style["styles"].split(",")]
            yield f"    classDef {style['name']} {','.join(each for each in styles if each)}"
            return
        row = _ROW.fullmatch(text)
        if row is None and self.repairing:
            self.note("quoted the name")
            row = _LOOSE_ROW.fullmatch(text)
        if row is None:
            yield f"    {text}"
            return
        while self._sections and self._sections[-1] >= self._indent:
            self._sections.pop()
        blanks = " " * INDENT * (len(self._sections) + 1)
        name = escaped(single_spaced(unquoted(row["name"])), BARRED)
        styled = f":::{row['class']}" if row["class"] else ""
        if row["value"] is None:
            self._sections.append(self._indent)
            yield f'{blanks}"{name}"{styled}'
        else:
            yield f'{blanks}"{name}": {_number(row["value"])}{styled}'


def _number(value: str) -> str:
    """A number as Mermaid reads it: commas left out, as far as it is one."""
    found = re.match(r"[0-9]*\.?[0-9]*", re.sub(r"[^0-9._]", "", value))
    whole, _, part = (found[0] if found else "").partition(".")
    return f"{whole.lstrip('0') or '0'}{f'.{part}' if part else ''}"
