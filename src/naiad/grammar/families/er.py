"""erDiagram: entities with their attributes, the relationships between them, and subgraphs.

https://mermaid.js.org/syntax/entityRelationshipDiagram.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations

from naiad.grammar.css import DECLARATIONS
from naiad.grammar.line_grammar import INDENT, Accessibility, DiagramGrammar, LineForm
from naiad.grammar.patterns import (
    ENTITY,
    IDEOGRAPHS,
    LETTERS,
    LONGEST_NAME,
    listed,
    name,
    one_of,
    optional,
    quoted,
    text,
    text_except,
)

LARGEST_DIAGRAM = 400
"""Statements of one diagram."""
LARGEST_ENTITY = 60
"""Attributes between two braces."""
DEEPEST = 4
"""Subgraphs in each other."""

KEYWORDS = frozenset(
    {"style", "classdef", "class", "subgraph", "end", "one", "many", "to", "u"}
    | {"erdiagram", "acctitle", "accdescr"}
)
"""Words that Mermaid's lexer takes for something else than a name, in any case, alone or before
a hyphen or a letter beyond ASCII."""
KEYS = ("PK", "FK", "UK")
OBJECT_NAMES = frozenset(
    {"__proto__", "constructor", "prototype", "toString", "valueOf"}
    | {"hasOwnProperty", "isPrototypeOf"}
)
"""Names that every JavaScript object has; Mermaid keeps groups in objects."""

_BEYOND = LETTERS + IDEOGRAPHS
_REST = rf"[A-Za-z0-9_.\-{_BEYOND}]{{0,{LONGEST_NAME}}}"


def bare_name(except_for: Iterable[str] = (), *, dotted: bool = True) -> str:
    """A name that needs no quotes and is none of the keywords and of `except_for` in any case.

    dotted: whether it may be `public.users`, which no style and no class can be given to.
    """
    barred = KEYWORDS.union(each.lower() for each in except_for)
    head = name("A-Za-z_", "A-Za-z0-9_", except_for=barred, any_case=True)
    rest = _REST if dotted else _REST.replace(".", "", 1)
    return rf"(?:{head}(?:[{'.' if dotted else ''}\-{_BEYOND}]{rest})?|[{_BEYOND}]{rest})"


def _word() -> str:
    """A word of an attribute, which must not look like a key."""
    head = name("A-Za-z_", "A-Za-z0-9_", except_for=("pk", "fk", "uk"), any_case=True)
    return rf"(?:{head}(?:[.\-{_BEYOND}]{_REST})?|[{_BEYOND}]{_REST})"


_IN_QUOTES = '"<>#;\\`%'
CLASS_NAME = bare_name(dotted=False)
_CLASSES = f":::{listed(CLASS_NAME, ',', most=4)}"
_ALIAS = rf"\[{quoted(text(_IN_QUOTES, units=(ENTITY,), longest=80))}\]"
_ROLE = f"(?:{quoted(optional(text()))}|{bare_name()})"
_LEFT = one_of(("|o", "||", "}o", "}|"))
_RIGHT = one_of(("o|", "||", "o{", "|{"))
# A parent in multidimensional data, `u`, stands on the left only.
_RELATIONSHIP = rf"(?: {_LEFT}| u)(?:--|\.\.){_RIGHT} "
_GENERIC = r"[A-Za-z_][A-Za-z0-9_]{0,39}~[A-Za-z0-9_, ]{1,40}~"
_SIZE = r"\([A-Za-z0-9_,.]{1,40}\)"
_BACKTICKED = r"`[A-Za-z0-9_][A-Za-z0-9_ .,/()+\-]{0,60}`"
_TYPE = rf"(?:{_GENERIC}|{_word()}(?:{_SIZE})?(?:\[\])?\??|{_BACKTICKED})"
_ATTRIBUTE_NAME = rf"(?:\*?{_word()}|{_BACKTICKED})"
_KEY_LIST = one_of(", ".join(keys) for count in (1, 2, 3) for keys in permutations(KEYS, count))
_COMMENT = quoted(text('"<>#;\\`~', units=(ENTITY,)))
_ATTRIBUTE = f"{_TYPE} {_ATTRIBUTE_NAME}{optional(f' {_KEY_LIST}')}{optional(f' {_COMMENT}')}"


@dataclass
class _Subgraph:
    """One that is open."""

    id: str
    has_direction: bool = False


class ErGrammar(DiagramGrammar):
    """Entities come into being where they are first named; groups and styles name known ones."""

    type = "erDiagram"
    header = "erDiagram"
    default_header = "erDiagram"
    finds_directions_anywhere = True

    def __init__(self) -> None:
        super().__init__()
        self._entities: set[str] = set()
        self._closed: set[str] = set()
        self._open: list[_Subgraph] = []
        self._attributes: int | None = None
        self._has_direction = False
        self._statements = 0
        self._accessibility = Accessibility()

    @property
    def complete(self) -> bool:
        return self._attributes is None and not self._open

    def closing(self) -> Iterator[str]:
        if self._attributes is not None:
            yield f"{' ' * self._indent}}}"
        for depth in range(len(self._open), 0, -1):
            yield f"{' ' * INDENT * depth}end"

    def body(self) -> Iterator[LineForm]:
        if self._attributes is not None:
            yield from self._attribute_lines(self._attributes)
            return
        if self._open:
            yield LineForm("end of the subgraph", "end", self._end, indent=INDENT * len(self._open))
        if self._statements >= LARGEST_DIAGRAM:
            return
        yield from self._entity_lines()
        yield from self._group_lines()
        yield from self._style_lines()
        if not self._open:
            yield from self._accessibility.forms()

    @property
    def _indent(self) -> int:
        return INDENT * (len(self._open) + 1)

    def _attribute_lines(self, count: int) -> Iterator[LineForm]:
        if count < LARGEST_ENTITY:
            indent = self._indent + INDENT
            yield LineForm("attribute", _ATTRIBUTE, self._read_attribute, indent=indent)
        yield LineForm("end of the attributes", r"\}", self._close_entity, indent=self._indent)

    def _entity_lines(self) -> Iterator[LineForm]:
        open_groups = {group.id for group in self._open}
        ends = [_entity_name(open_groups, group) for group in ("first", "second")]
        first, second = (f"{each}{optional(_CLASSES)}" for each in ends)
        yield self._form("relationship", f"{first}{_RELATIONSHIP}{second} : {_ROLE}", self._relate)
        entity = _entity_name(open_groups | self._closed, "first")
        whole = f"{entity}{optional(_ALIAS)}{optional(_CLASSES)}"
        yield self._form("entity", whole, self._relate)
        yield self._form("entity with attributes", rf"{whole} \{{", self._open_entity)

    def _group_lines(self) -> Iterator[LineForm]:
        inside = self._open[-1].has_direction if self._open else self._has_direction
        if not inside:
            yield self._form("direction", "direction (?:TB|BT|LR|RL)", self._direct)
        if len(self._open) < DEEPEST:
            taken = OBJECT_NAMES | self._entities | self._groups()
            title = rf" \[{quoted(text(_IN_QUOTES, units=(ENTITY,), longest=80))}\]"
            pattern = f"subgraph (?P<id>{bare_name(taken)}){optional(title)}"
            yield self._form("subgraph", pattern, self._open_subgraph)

    def _style_lines(self) -> Iterator[LineForm]:
        classes = listed(CLASS_NAME, ",", most=4)
        yield self._form("class definition", f"classDef {classes} {DECLARATIONS}", self._count)
        known = [each for each in sorted(self._entities | self._closed) if takes_a_style(each)]
        if known:
            ids = listed(one_of(known), ",", most=8)
            yield self._form("class", f"class {ids} {classes}", self._count)
            yield self._form("style", f"style {ids} {DECLARATIONS}", self._count)

    def _form(self, form: str, pattern: str, read: Callable[[re.Match[str]], None]) -> LineForm:
        return LineForm(form, pattern, read, indent=self._indent)

    def _groups(self) -> set[str]:
        return self._closed.union(group.id for group in self._open)

    def _count(self, match: re.Match[str]) -> None:
        self._statements += 1

    def _relate(self, match: re.Match[str]) -> None:
        self._count(match)
        named = {each.strip('"') for each in match.groupdict().values() if each is not None}
        self._entities |= named - self._closed

    def _open_entity(self, match: re.Match[str]) -> None:
        self._relate(match)
        self._attributes = 0

    def _read_attribute(self, match: re.Match[str]) -> None:
        self._attributes = (self._attributes or 0) + 1

    def _close_entity(self, match: re.Match[str]) -> None:
        self._attributes = None

    def _direct(self, match: re.Match[str]) -> None:
        if self._open:
            self._open[-1].has_direction = True
        else:
            self._has_direction = True

    def _open_subgraph(self, match: re.Match[str]) -> None:
        self._count(match)
        self._open.append(_Subgraph(match["id"]))

    def _end(self, match: re.Match[str]) -> None:
        self._closed.add(self._open.pop().id)


def needs_no_quotes(entity: str) -> bool:
    """Whether an entity of this name may stand without quotes."""
    return _BARE.fullmatch(entity) is not None


def takes_a_style(entity: str) -> bool:
    """Whether `style` and `class` lines can name it."""
    return _STYLED.fullmatch(entity) is not None


def _entity_name(except_for: Iterable[str], group: str) -> str:
    """Pattern of an entity's name, none of `except_for`, captured with its quotes."""
    taken = set(except_for)
    in_quotes = quoted(text_except(taken, _IN_QUOTES, units=(), longest=80))
    return f"(?P<{group}>{bare_name(taken)}|{in_quotes})"


_BARE = re.compile(bare_name())
_STYLED = re.compile(CLASS_NAME)
