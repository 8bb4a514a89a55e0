"""classDiagram: classes with their members, relations, namespaces and notes.

https://mermaid.js.org/syntax/classDiagram.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from naiad.grammar.css import DECLARATIONS_AFTER_COLOR
from naiad.grammar.families.class_patterns import (
    ANNOTATION,
    ANNOTATION_TEXT,
    ARROW,
    CALL,
    COUNT,
    GENERIC,
    LABEL,
    NOTE,
    PROVIDED,
    RELATION_TEXT,
    REQUIRED,
    STYLE_CLASS,
    TOOLTIP,
    URL,
    WORD,
    class_name,
    member,
    namespace_name,
    written_name,
)
from naiad.grammar.line_grammar import INDENT, Accessibility, DiagramGrammar, LineForm
from naiad.grammar.patterns import listed, one_of, optional

LARGEST_DIAGRAM = 400
"""Statements of one diagram."""
LARGEST_CLASS = 80
"""Members between two braces."""
DEEPEST = 4
"""Namespaces in each other."""

_MEMBER = member()
_MEMBER_BEHIND_COLON = member(":")
_WORDLIKE = re.compile(WORD)
_UNFINISHED = "…"
"""Mermaid takes no empty namespace; a note that says so fills one that was cut off."""


@dataclass
class _Namespace:
    """One that is open."""

    id: str
    """With those around it: `Company.Sales`."""
    statements: int = 0


class ClassGrammar(DiagramGrammar):
    """Classes come into being where they are first named; notes and styles name known ones."""

    type = "classDiagram"
    header = "classDiagram"
    default_header = "classDiagram"
    finds_directions_anywhere = True

    def __init__(self) -> None:
        super().__init__()
        self._classes: dict[str, str | None] = {}
        """Id -> the namespace it stands in."""
        self._namespaces: set[str] = set()
        self._open: list[_Namespace] = []
        self._members: int | None = None
        self._has_direction = False
        self._statements = 0
        self._accessibility = Accessibility()

    @property
    def complete(self) -> bool:
        return self._members is None and not self._open and self._statements > 0

    def closing(self) -> Iterator[str]:
        if self._members is not None:
            yield f"{' ' * self._indent}}}"
        if self._open and not self._open[-1].statements and self._members is None:
            yield f'{" " * self._indent}note "{_UNFINISHED}"'
        for depth in range(len(self._open), 0, -1):
            yield f"{' ' * INDENT * depth}}}"
        if not self._statements:
            yield f"{' ' * INDENT}direction TB"

    def body(self) -> Iterator[LineForm]:
        if self._members is not None:
            yield from self._member_lines(self._members)
            return
        if self._open and self._open[-1].statements:
            end = INDENT * len(self._open)
            yield LineForm("end of the namespace", r"\}", self._end, indent=end)
        if self._statements >= LARGEST_DIAGRAM and (not self._open or self._open[-1].statements):
            return
        yield from self._class_lines()
        yield from self._namespace_lines()
        if not self._open:
            yield from self._relation_lines()
            yield from self._appearance_lines()
            yield from self._accessible_lines()

    @property
    def _indent(self) -> int:
        return INDENT * (len(self._open) + 1)

    def _member_lines(self, count: int) -> Iterator[LineForm]:
        indent = self._indent + INDENT
        if count < LARGEST_CLASS:
            yield LineForm("annotation", ANNOTATION_TEXT, self._read_member, indent=indent)
            yield LineForm("member", _MEMBER, self._read_member, indent=indent)
        yield LineForm("end of the class", r"\}", self._close_class, indent=self._indent)

    def _class_lines(self) -> Iterator[LineForm]:
        here = self._open[-1].id if self._open else None
        elsewhere = {each for each, place in self._classes.items() if place not in (None, here)}
        taken = self._namespaces | (elsewhere if here else set())
        head = f"class {class_name('first', taken)}{optional(GENERIC)}{optional(LABEL)}"
        whole = rf"{head}{optional(STYLE_CLASS)}(?P<opens> \{{)?"
        yield self._form("class", whole, self._declare)
        yield self._form("note", f"note {NOTE}", self._count)
        if self._classes:
            yield self._form("note for a class", f"note for {self._known()} {NOTE}", self._count)

    def _namespace_lines(self) -> Iterator[LineForm]:
        if len(self._open) < DEEPEST:
            taken = () if self._open else self._classes
            pattern = rf"namespace (?P<id>{namespace_name(taken)}){optional(LABEL)} \{{"
            yield self._form("namespace", pattern, self._open_namespace)

    def _relation_lines(self) -> Iterator[LineForm]:
        first, second = (
            f"{class_name(group, self._namespaces)}{optional(GENERIC)}"
            for group in ("first", "second")
        )
        between = f" (?:{COUNT} )?(?P<drawn>{ARROW}|{PROVIDED}|{REQUIRED})(?: {COUNT})? "
        related = f"{between}{second}{optional(f' : {RELATION_TEXT}')}"
        whole = f"{first}(?:{related}| : {_MEMBER_BEHIND_COLON})"
        yield self._form("relation or member of a class", whole, self._relate)
        if self._classes:
            yield self._form("annotation", f"{ANNOTATION} {self._known()}", self._count)

    def _appearance_lines(self) -> Iterator[LineForm]:
        if not self._has_direction:
            yield self._form("direction", "direction (?:TB|BT|LR|RL)", self._direct)
        styles = f"classDef {listed(WORD, ',', most=4)} {DECLARATIONS_AFTER_COLOR}"
        yield self._form("class definition", styles, self._count)
        plain = [each for each in self._classes if _WORDLIKE.fullmatch(each)]
        if plain:
            ids = one_of(plain)
            style = f"style {ids} {DECLARATIONS_AFTER_COLOR}"
            yield self._form("style", style, self._count)
            given = f'cssClass "{listed(ids, ",", most=8)}" {WORD}'
            yield self._form("style class", given, self._count)
        if self._classes:
            target = optional(" _(?:self|blank|parent|top)")
            href = f"click {self._known()} href {URL}(?: {TOOLTIP})?{target}"
            yield self._form("link", href, self._count)
            call = f"click {self._known()} call {CALL}(?: {TOOLTIP})?"
            yield self._form("callback", call, self._count)

    def _accessible_lines(self) -> Iterator[LineForm]:
        for form in self._accessibility.forms():
            yield LineForm(form.name, form.pattern, self._counted(form.read), indent=form.indent)

    def _form(self, form: str, pattern: str, read: Callable[[re.Match[str]], None]) -> LineForm:
        return LineForm(form, pattern, read, indent=self._indent)

    def _known(self) -> str:
        """Pattern of the classes there are."""
        return one_of(written_name(each) for each in self._classes)

    def _counted(self, read: Callable[[re.Match[str]], None]) -> Callable[[re.Match[str]], None]:
        def counting(match: re.Match[str]) -> None:
            self._count(match)
            read(match)

        return counting

    def _count(self, match: re.Match[str]) -> None:
        self._statements += 1
        if self._open:
            self._open[-1].statements += 1

    def _declare(self, match: re.Match[str]) -> None:
        self._count(match)
        place = self._open[-1].id if self._open else None
        declared = match["first"].strip("`")
        self._classes[declared] = place or self._classes.get(declared)
        if match["opens"]:
            self._members = 0

    def _relate(self, match: re.Match[str]) -> None:
        self._count(match)
        parts = match.groupdict()
        # Of an interface drawn as a circle only the label is known.
        drawn = parts.get("drawn") or ""
        groups = {"()--": ("second",), "()..": ("second",), "--()": ("first",), "..()": ("first",)}
        for group in groups.get(drawn, ("first", "second")):
            if parts.get(group) is not None:
                self._classes.setdefault(parts[group].strip("`"), None)

    def _read_member(self, match: re.Match[str]) -> None:
        self._members = (self._members or 0) + 1

    def _close_class(self, match: re.Match[str]) -> None:
        self._members = None

    def _direct(self, match: re.Match[str]) -> None:
        self._count(match)
        self._has_direction = True

    def _open_namespace(self, match: re.Match[str]) -> None:
        self._count(match)
        around = f"{self._open[-1].id}." if self._open else ""
        self._open.append(_Namespace(around + match["id"]))
        self._namespaces.add(self._open[-1].id)

    def _end(self, match: re.Match[str]) -> None:
        self._open.pop()
