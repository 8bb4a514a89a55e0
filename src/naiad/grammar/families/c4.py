"""C4Context, C4Container, C4Component, C4Dynamic, C4Deployment: one syntax, five headers.

https://mermaid.js.org/syntax/c4.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from naiad.grammar.line_form import INDENT, LineForm, no_change
from naiad.grammar.line_grammar import Accessibility, DiagramGrammar
from naiad.grammar.patterns import (
    COLOR,
    integer,
    listed,
    name,
    one_of,
    optional,
    quoted,
    undirected_text,
)


def _variants(element: str) -> tuple[str, ...]:
    """An element, and it as a database and a queue, each also outside of what is described."""
    shapes = (element, f"{element}Db", f"{element}Queue")
    return tuple(f"{shape}{place}" for shape in shapes for place in ("", "_Ext"))


PEOPLE_AND_SYSTEMS = ("Person", "Person_Ext", *_variants("System"))
PARTS = (*_variants("Container"), *_variants("Component"))
KINDS_OF_BOUNDARIES = ("Enterprise_Boundary", "System_Boundary", "Container_Boundary")
NODES = ("Deployment_Node", "Node", "Node_L", "Node_R")
RELATIONS = ("Rel", "BiRel", "Rel_U", "Rel_D", "Rel_L", "Rel_R", "Rel_Back")
RESERVED_ALIASES = frozenset({"global"})
"""Mermaid's name of what is in no boundary."""

MOST_ELEMENTS = 100
MOST_RELATIONS = 150
DEEPEST = 8
"""Boundaries inside each other."""

_TEXT = undirected_text()
_LABEL = quoted(_TEXT)
_STRING = quoted(optional(_TEXT))
# Mermaid looks for the shape that a tag or sprite names in an object: these two it finds there.
_WORD = name("A-Za-z0-9", r"A-Za-z0-9_.\-", except_for=("constructor", "__proto__"), any_case=True)
_LINK = r"https?://[A-Za-z0-9.\-]{1,60}(?::[0-9]{1,5})?(?:/[A-Za-z0-9_.~/?&=+\-]{0,100})?"
_TAGS = rf"(?:, \$(?:tags={quoted(listed(_WORD, ',', most=6))}|link={quoted(_LINK)})){{0,2}}"
_SPRITE = rf"(?:, \$sprite={quoted(_WORD)})?{_TAGS}"
_COLOUR = quoted(f"(?:{COLOR}|[a-zA-Z]{{3,20}})")
_NUMBER = quoted("-?(?:0|[1-9][0-9]{0,2})")
_ELEMENT_STYLE = (
    rf", \$(?:(?:bgColor|fontColor|borderColor)={_COLOUR}|shadowing={quoted('(?:true|false)')}"
    rf"|legendText={_LABEL})"
)
_RELATION_STYLE = rf", \$(?:(?:textColor|lineColor)={_COLOUR}|(?:offsetX|offsetY)={_NUMBER})"
_ROW = quoted(integer(1, 20))


class C4Grammar(DiagramGrammar):
    """Aliases are unique and declared before a relation uses them; a boundary is never empty."""

    def __init__(self) -> None:
        super().__init__()
        self._aliases: dict[str, None] = {}
        self._relations: dict[str, dict[str, None]] = {}
        """To whom each alias is related."""
        self._relation_count = 0
        self._filled: list[bool] = []
        """Of each open boundary, whether something is in it."""
        self._titled = False
        self._begun_body = False
        self._accessibility = Accessibility()

    @property
    def complete(self) -> bool:
        return self._begun_body and not self._filled

    def closing(self) -> Iterator[str]:
        if not self._begun_body:
            yield f"{' ' * INDENT}title Diagram"
        if self._filled and not self._filled[-1]:
            number = next(n for n in range(1, 1000) if f"system{n}" not in self._aliases)
            yield f'{self._indentation()}System(system{number}, "System")'
        for depth in reversed(range(1, len(self._filled) + 1)):
            yield f"{' ' * INDENT * depth}}}"

    def body(self) -> Iterator[LineForm]:
        if not self._filled:
            if not self._titled:
                yield self._form("title", f"title {_TEXT}", self._read_title)
            for form in self._accessibility.forms():
                # Mermaid takes accTitle for another title.
                if form.name != "accTitle":
                    yield self._form(form.name, form.pattern, form.read)
        if len(self._aliases) < MOST_ELEMENTS:
            yield from self._elements()
        if self._aliases and self._relation_count < MOST_RELATIONS:
            yield from self._relating()
        if self._filled and self._filled[-1]:
            indent = INDENT * len(self._filled)
            yield LineForm("end of the boundary", r"\}", self._read_end, indent=indent)
        yield from self._styles()

    def _elements(self) -> Iterator[LineForm]:
        fresh = name("A-Za-z0-9_", except_for=RESERVED_ALIASES | self._aliases.keys())
        start = rf"\((?P<alias>{fresh}), {_LABEL}"
        yield self._form(
            "person or system",
            rf"{one_of(PEOPLE_AND_SYSTEMS)}{start}(?:, {_STRING})?{_SPRITE}\)",
            self._read_element,
        )
        yield self._form(
            "container or component",
            rf"{one_of(PARTS)}{start}(?:, {_STRING}){{0,2}}{_SPRITE}\)",
            self._read_element,
        )
        if len(self._filled) < DEEPEST and len(self._aliases) < MOST_ELEMENTS - 1:
            yield from self._openings(start)

    def _openings(self, start: str) -> Iterator[LineForm]:
        for what, pattern in (
            ("boundary", rf"{one_of(KINDS_OF_BOUNDARIES)}{start}{_TAGS}\) \{{"),
            ("boundary of a type", rf"Boundary{start}(?:, {_STRING})?{_TAGS}\) \{{"),
            ("node", rf"{one_of(NODES)}{start}(?:, {_STRING}){{0,2}}{_SPRITE}\) \{{"),
        ):
            yield self._form(what, pattern, self._read_boundary)

    def _relating(self) -> Iterator[LineForm]:
        known = one_of(self._aliases)
        ends = rf"(?P<left>{known}), (?P<right>{known}), {_STRING}(?:, {_STRING}){{0,2}}{_SPRITE}\)"
        yield self._form("relation", rf"{one_of(RELATIONS)}\({ends}", self._read_relation)
        yield self._form(
            "numbered relation", rf"RelIndex\({integer(1, 99)}, {ends}", self._read_relation
        )

    def _styles(self) -> Iterator[LineForm]:
        if self._aliases:
            yield self._form(
                "style of an element",
                rf"UpdateElementStyle\({one_of(self._aliases)}(?:{_ELEMENT_STYLE}){{1,5}}\)",
            )
        if self._relations:
            pairs = "|".join(f"{left}, {one_of(each)}" for left, each in self._relations.items())
            yield self._form(
                "style of a relation",
                rf"UpdateRelStyle\((?:{pairs})(?:{_RELATION_STYLE}){{1,4}}\)",
            )
        yield self._form(
            "layout",
            rf"UpdateLayoutConfig\(\$c4ShapeInRow={_ROW}(?:, \$c4BoundaryInRow={_ROW})?\)",
        )

    def _form(
        self, what: str, pattern: str, read: Callable[[re.Match[str]], None] = no_change
    ) -> LineForm:
        """A form at the depth of the open boundaries."""

        def read_content(match: re.Match[str]) -> None:
            self._begun_body = True
            if self._filled:
                self._filled[-1] = True
            read(match)

        return LineForm(what, pattern, read_content, indent=INDENT * (len(self._filled) + 1))

    def _indentation(self) -> str:
        return " " * INDENT * (len(self._filled) + 1)

    def _read_title(self, match: re.Match[str]) -> None:
        self._titled = True

    def _read_element(self, match: re.Match[str]) -> None:
        self._aliases[match["alias"]] = None

    def _read_boundary(self, match: re.Match[str]) -> None:
        self._aliases[match["alias"]] = None
        self._filled.append(False)

    def _read_end(self, match: re.Match[str]) -> None:
        self._filled.pop()

    def _read_relation(self, match: re.Match[str]) -> None:
        self._relations.setdefault(match["left"], {})[match["right"]] = None
        self._relation_count += 1


class C4ContextGrammar(C4Grammar):
    """People and systems."""

    type = header = default_header = "C4Context"


class C4ContainerGrammar(C4Grammar):
    """What a system is made of."""

    type = header = default_header = "C4Container"


class C4ComponentGrammar(C4Grammar):
    """What a container is made of."""

    type = header = default_header = "C4Component"


class C4DynamicGrammar(C4Grammar):
    """Relations in the order in which they happen."""

    type = header = default_header = "C4Dynamic"


class C4DeploymentGrammar(C4Grammar):
    """Containers on nodes."""

    type = header = default_header = "C4Deployment"


C4_GRAMMARS: tuple[type[C4Grammar], ...] = (
    C4ContextGrammar,
    C4ContainerGrammar,
    C4ComponentGrammar,
    C4DynamicGrammar,
    C4DeploymentGrammar,
)
