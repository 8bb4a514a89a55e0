"""block-beta: blocks in rows, blocks inside blocks, and links between them.

https://mermaid.js.org/syntax/block.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from naiad.grammar.css import DECLARATIONS
from naiad.grammar.line_form import INDENT, LineForm, no_change
from naiad.grammar.line_grammar import DiagramGrammar
from naiad.grammar.patterns import integer, listed, literal, name, one_of, optional, quoted, text

SHAPES = (
    ("[", "]"),
    ("(", ")"),
    ("((", "))"),
    ("(((", ")))"),
    ("{", "}"),
    ("{{", "}}"),
    ("([", "])"),
    ("[[", "]]"),
    ("[(", ")]"),
    (">", "]"),
    ("[/", "/]"),
    ("[\\", "\\]"),
    ("[/", "\\]"),
    ("[\\", "/]"),
)
"""What stands before and behind the quoted label."""
ARROW_DIRECTIONS = ("right", "left", "up", "down", "x", "y")
LINKS = (
    *("-->", "---", "--x", "--o", "==>", "===", "==x", "==o", "-.->", "-.-", "-.-x", "-.-o"),
    *("<-->", "<==>", "<-.->"),
)
LABELLED_LINKS = (
    *(("--", "-->"), ("--", "---"), ("--", "--x"), ("--", "--o")),
    *(("==", "==>"), ("==", "==="), ("==", "==x"), ("==", "==o")),
    *(("-.", ".->"), ("-.", ".-"), ("-.", ".-x"), ("-.", ".-o")),
)
"""What stands before and behind the quoted label of a link. Mermaid looks at the end alone, so
a link with a label has no arrow at its start."""
RESERVED_IDS = frozenset(
    {"accDescr", "accTitle", "block", "class", "classDef", "columns", "default", "end"}
    | {"interpolate", "linkStyle", "root", "space", "style"}
    | {"direction", "subgraph", "title"}
)
"""Words of the lexer, the id of the whole diagram, and statements of other families, which
Mermaid would take for blocks."""
RESERVED_CLASSES = frozenset({"DEFAULT"})
MOST_BLOCKS = 150
MOST_LINKS = 200
MOST_COLUMNS = 20
MOST_IN_A_ROW = 12
"""Blocks on one line of the text; what is drawn in a row, `columns` decides."""
DEEPEST = 6

_LABEL = quoted(text())
_BLANK_LABEL = quoted(f"(?:{text()}| {{1,3}}|(?:#nbsp;){{1,8}})")
_SHAPE = f"(?:{'|'.join(f'{literal(a)}{_LABEL}{literal(b)}' for a, b in SHAPES)})"
_ARROW = rf"<\[{_BLANK_LABEL}\]>\({listed(one_of(ARROW_DIRECTIONS), ', ', most=4)}\)"
_LINK = (
    f"(?:{one_of(LINKS)}|"
    f"{'|'.join(f'{literal(a)} {_LABEL} {literal(b)}' for a, b in LABELLED_LINKS)})"
)
_QUOTED_TEXT = re.compile(r'"[^"]*"')
_ROW_ID = re.compile(r"[A-Za-z0-9_]+")


@dataclass
class _Level:
    """The diagram or a block that is open."""

    columns: int | None = None
    """None: `auto`, or not said."""
    blockless: bool = True
    """Whether the number of columns may be said: once, before the first block."""
    filled: bool = False


class BlockGrammar(DiagramGrammar):
    """A block is declared once; links, styles and classes name blocks that are there."""

    type = "block-beta"
    header = "block(?:-beta)?"
    default_header = "block-beta"

    def __init__(self) -> None:
        super().__init__()
        self._levels = [_Level()]
        self._ids: dict[str, None] = {}
        self._links = 0

    @property
    def complete(self) -> bool:
        return len(self._levels) == 1 and self._levels[0].filled

    def closing(self) -> Iterator[str]:
        depth = len(self._levels)
        if not self._levels[-1].filled:
            yield f"{' ' * INDENT * depth}{'space' if depth > 1 else 'columns 1'}"
        for each in reversed(range(1, depth)):
            yield f"{' ' * INDENT * each}end"

    def body(self) -> Iterator[LineForm]:
        level = self._levels[-1]
        if level.blockless:
            columns = rf"columns (?P<columns>auto|{integer(1, MOST_COLUMNS)})"
            yield self._form("columns", columns, self._read_columns)
        if len(self._ids) < MOST_BLOCKS - MOST_IN_A_ROW:
            yield from self._blocks(level)
        if len(self._levels) > 1 and level.filled:
            indent = INDENT * (len(self._levels) - 1)
            yield LineForm("end of the block", "end", self._read_end, indent=indent)
        if self._ids:
            known = one_of(self._ids)
            if self._links < MOST_LINKS:
                yield self._form("link", f"{known} {_LINK} {known}", self._read_link)
            yield self._form("style", f"style {known} {DECLARATIONS}")
            yield self._form("class", f"class {listed(known, ',')} {name()}")
        class_name = name(except_for=RESERVED_CLASSES)
        yield self._form("definition of a class", f"classDef {class_name} {DECLARATIONS}")

    def _blocks(self, level: _Level) -> Iterator[LineForm]:
        fresh = name("A-Za-z0-9_", except_for=RESERVED_IDS | self._ids.keys())
        widest = level.columns or MOST_COLUMNS
        width = f"(?::{integer(1, widest)})?"
        block = f"{fresh}(?:{_SHAPE}|{_ARROW})?{width}"
        space = f"space(?::{integer(1, MOST_COLUMNS)})?"
        row = listed(f"(?:{block}|{space})", " ", most=MOST_IN_A_ROW)
        if len(self._levels) < DEEPEST:
            opened = (
                rf"(?::(?P<id>{fresh}){optional(literal('[') + _LABEL + literal(']'))}{width})?"
            )
            yield self._form("block of blocks", f"block{opened}", self._read_opening)
        yield self._form("blocks", row, self._read_row)

    def _form(
        self, what: str, pattern: str, read: Callable[[re.Match[str]], None] = no_change
    ) -> LineForm:
        """A form at the depth of the open blocks."""

        def read_content(match: re.Match[str]) -> None:
            self._levels[-1].filled = True
            read(match)

        return LineForm(what, pattern, read_content, indent=INDENT * len(self._levels))

    def _read_columns(self, match: re.Match[str]) -> None:
        self._levels[-1].blockless = False
        if match["columns"] != "auto":
            self._levels[-1].columns = int(match["columns"])

    def _read_row(self, match: re.Match[str]) -> None:
        self._levels[-1].blockless = False
        for block in _QUOTED_TEXT.sub('""', match[0]).replace(", ", ",").split(" "):
            identifier = _ROW_ID.match(block)
            if identifier is not None and identifier[0] != "space":
                self._ids[identifier[0]] = None

    def _read_opening(self, match: re.Match[str]) -> None:
        self._levels[-1].blockless = False
        if match["id"] is not None:
            self._ids[match["id"]] = None
        self._levels.append(_Level())

    def _read_end(self, match: re.Match[str]) -> None:
        self._levels.pop()

    def _read_link(self, match: re.Match[str]) -> None:
        self._links += 1
