"""sankey-beta: three columns, quotes only where a name needs them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from naiad.grammar.rewriting.rewriter import Rewriter

_KEYWORD = re.compile(r"sankey(?:-beta)?\b", re.IGNORECASE)
_FIELD = r'([^",]*(?:"(?:[^"]|"")*"[^",]*)?)'
_ROW = re.compile(f"{_FIELD},{_FIELD},{_FIELD}")
_ARROW = re.compile(
    r"(?P<source>[^<>:\[\]]+?)\s{0,9}(?:-{1,5}>{1,3}|→|={1,5}>)\s{0,9}(?P<target>[^<>:\[\]]+?)\s{0,9}"
    r"[:,\[(]\s*(?P<value>[$€£]?[0-9][0-9., ]*%?)[\])]?"
)
_LOOSE = re.compile(r"(?P<value>[$€£]?-?[0-9][0-9., ]{0,20}%?[A-Za-z/]{0,12})\s{0,9};?$")
_PLAIN_NUMBER = re.compile(r"(?P<whole>[0-9]+)(?P<fraction>\.[0-9]*)?|(?P<bare>\.[0-9]+)")


class SankeyRewriter(Rewriter):
    """When repairing, arrows, loose quotes and letters beyond ASCII become what Mermaid reads."""

    type = "sankey-beta"

    def header(self, text: str) -> Iterator[str]:
        keyword = _KEYWORD.match(text)
        if keyword is None:
            yield text
            return
        yield keyword[0]
        rest = text[keyword.end() :].strip(" \t:;")
        if rest:
            yield from self.statement(rest, 0)

    def comment(self, text: str) -> str:
        return text

    def statement(self, text: str, indent: int) -> Iterator[str]:
        row = _ROW.fullmatch(text)
        columns = row.groups() if row else None
        if self.repairing:
            columns = self._mended(text, columns)
        if columns is None:
            yield text
            return
        source, target, value = columns
        yield f"{_written(source)},{_written(target)},{_number(value)}"

    def _mended(self, text: str, columns: tuple[str | None, ...] | None) -> tuple[str, ...] | None:
        """Three columns out of what is no row, or a row with signs that Mermaid does not know."""
        if columns is None:
            arrow = _ARROW.fullmatch(text.rstrip(";"))
            columns = arrow.groups() if arrow else _loose_columns(text)
            if columns is None:
                return None
            self.note("wrote the flow as three columns")
        names = [_ascii(each or "") for each in columns[:2]]
        if names != list(columns[:2]):
            self.note("wrote the names in ASCII, which is all that Mermaid reads here")
        value = re.sub(r"[,_ $€£%]", "", (columns[2] or "").strip('"'))
        return *names, value


def _loose_columns(text: str) -> tuple[str, ...] | None:
    """Source, target and value of a line with too many commas or quotes."""
    value = _LOOSE.search(text)
    if value is None:
        return None
    names = text[: value.start()].rstrip(" ,").replace('"', "").split(",")
    if len(names) < 2:
        return None
    return names[0], ", ".join(each.strip() for each in names[1:]), value["value"]


def _written(name: str) -> str:
    """A node's name, in quotes only where it holds a comma or a quote."""
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1].replace('""', '"').strip()
    if "," in name or '"' in name:
        doubled = name.replace('"', '""')
        return f'"{doubled}"'
    return name


def _number(value: str) -> str:
    """The value as Mermaid reads it, without zeros before it or an empty fraction."""
    value = value.strip().strip('"').strip()
    number = _PLAIN_NUMBER.fullmatch(value)
    if number is None:
        return value
    if number["bare"]:
        return f"0{number['bare']}"
    whole = number["whole"].lstrip("0") or "0"
    fraction = (number["fraction"] or "").rstrip(".")
    return f"{whole}{fraction}"


def _ascii(text: str) -> str:
    """The letters without their accents, dashes and quotes as on a keyboard."""
    plain = text.translate(str.maketrans("–—’‘“”", "--''''"))
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode().strip()
