"""venn-beta: sets, their unions and what lies in them.

https://mermaid.js.org/syntax/venn.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from naiad.grammar.css import COLOR_NAMES
from naiad.grammar.headings import Once
from naiad.grammar.line_grammar import INDENT, DiagramGrammar, LineForm
from naiad.grammar.new_name_form import NewNameForm
from naiad.grammar.patterns import COLOR, integer, listed, name, one_of, quoted, text

MOST_SETS = 6
"""Of six sets there are 57 unions."""
MOST_TEXTS = 60
_KEYWORDS = ("set", "style", "text", "title", "union")
_SPACED_ID = r'"[A-Za-z0-9_]+(?:[ &+.\-]{1,3}[A-Za-z0-9_]+){1,6}"'
_LABEL = quoted(text('"\\<>;`', units=("#quot;",)))
# The lexer ends a title at these.
_TITLE = text("#;\\<>`{}", units=())
_SIZE = r"[1-9][0-9]{0,5}(?:\.[0-9]{1,3})?"
_REST = rf"(?:\[{_LABEL}\])?(?::{_SIZE})?"
_BYTE = integer(0, 255)
_COLOR = (
    f"(?:{COLOR}|{one_of(set(COLOR_NAMES) - {'none', 'transparent'})}"
    rf"|rgb\({_BYTE}, {_BYTE}, {_BYTE}\)|rgba\({_BYTE}, {_BYTE}, {_BYTE}, (?:1|0\.[0-9]{{1,2}})\))"
)
_STYLE = (
    rf"(?:fill:{_COLOR}|color:{_COLOR}|stroke:{_COLOR}|stroke-width:[1-9]"
    r"|fill-opacity:0\.[0-9]{1,2})"
)


class VennGrammar(DiagramGrammar):
    """Unions are of sets above them; a text lies in the set or union right above it."""

    type = "venn-beta"
    header = "venn-beta"
    default_header = "venn-beta"

    def __init__(self) -> None:
        super().__init__()
        self._once = Once()
        self._sets: list[str] = []
        """As they are written, in order."""
        self._unions: list[str] = []
        self._texts: list[str] = []
        self._takes_text = False

    def body(self) -> Iterator[LineForm]:
        if not self._sets:
            yield from self._once.form("title", f"title {_TITLE}")
        if len(self._sets) < MOST_SETS:
            yield NewNameForm(
                "set",
                f"set {_id(self._sets)}{_REST}",
                self._read_set,
                any_name=f"set (?P<new>{_id()}|{_SPACED_ID}){_REST}",
                taken=frozenset(self._sets),
            )
        unions = [each for each in self._possible_unions() if each not in self._unions]
        if unions:
            yield LineForm("union", f"union (?P<sets>{one_of(unions)}){_REST}", self._read_union)
        if self._takes_text and len(self._texts) < MOST_TEXTS:
            item = rf"(?:(?P<id>{_id()})(?:\[{_LABEL}\])?|{_LABEL})"
            yield LineForm("text", f"text {item}", self._read_text, indent=2 * INDENT)
        styled = [*self._sets, *self._unions, *self._texts]
        if styled:
            styles = listed(_STYLE, most=4)
            yield LineForm("style", f"style {one_of(styled)} {styles}", self._read_style)

    @property
    def complete(self) -> bool:
        return bool(self._sets)

    def closing(self) -> Iterator[str]:
        if not self._sets:
            yield "    set A"

    def _possible_unions(self) -> Iterator[str]:
        for size in range(2, len(self._sets) + 1):
            yield from (",".join(each) for each in combinations(self._sets, size))

    def _read_set(self, match: re.Match[str]) -> None:
        self._sets.append(match["new"])
        self._takes_text = True

    def _read_union(self, match: re.Match[str]) -> None:
        self._unions.append(match["sets"])
        self._takes_text = True

    def _read_text(self, match: re.Match[str]) -> None:
        if match["id"] not in (None, *self._sets, *self._texts):
            self._texts.append(match["id"])

    def _read_style(self, match: re.Match[str]) -> None:
        self._takes_text = False


def _id(taken: list[str] | None = None) -> str:
    """An identifier that is no keyword, and none of `taken` in any case."""
    words = {*_KEYWORDS, *(each.lower() for each in taken or ())}
    return name("A-Za-z_", "A-Za-z0-9_", except_for=words, any_case=True)
