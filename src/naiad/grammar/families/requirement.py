"""requirementDiagram: requirements, elements and how they relate.

https://mermaid.js.org/syntax/requirementDiagram.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from naiad.grammar.line_form import INDENT, LineForm
from naiad.grammar.line_grammar import Accessibility, DiagramGrammar
from naiad.grammar.new_name_form import NewNameForm
from naiad.grammar.patterns import (
    COLOR,
    LONGEST_TEXT,
    name,
    one_of,
    optional,
    quoted,
    text_except,
    undirected_text,
)

MOST_NODES = 60
MOST_RELATIONS = 200
MOST_STYLES = 60

KINDS = (
    "requirement",
    "functionalRequirement",
    "interfaceRequirement",
    "performanceRequirement",
    "physicalRequirement",
    "designConstraint",
)
RELATIONS = ("contains", "copies", "derives", "satisfies", "verifies", "refines", "traces")
RISKS = ("Low", "Medium", "High")
METHODS = ("Analysis", "Demonstration", "Inspection", "Test")
KEYWORDS = frozenset(
    each.lower()
    for each in (
        *(*KINDS, *RELATIONS, *RISKS, *METHODS, "requirementDiagram", "element", "title"),
        *("id", "text", "risk", "verifyMethod", "type", "docref", "style", "classDef", "class"),
    )
)
"""What the lexer takes for itself, in any case."""
_STARTS = ("tb", "bt", "lr", "rl")
"""A name that begins so, behind a word that ends in `direction`, would be a direction."""
_PLAIN = re.compile(r"[A-Za-z_0-9]\w{0,39}", re.ASCII)

_TEXT = undirected_text()
_QUOTED = quoted(_TEXT)
_ANY_TEXT = undirected_text(longest=2 * LONGEST_TEXT)
_PLAIN_ID = name("A-Za-z0-9_", "A-Za-z0-9_.", except_for=KEYWORDS, any_case=True, longest=20)
_PLAIN_NAME = name("A-Za-z_0-9", except_for=KEYWORDS, beginnings=_STARTS, any_case=True)
_CLASS = name("A-Za-z", except_for=KEYWORDS, beginnings=_STARTS, any_case=True)
_COLOR = f"(?:{COLOR}|[a-z]{{3,20}})"
_STYLES = {
    "fill": _COLOR,
    "stroke": _COLOR,
    "color": _COLOR,
    "stroke-width": "[1-9]px",
    "stroke-dasharray": "[1-9]",
    "font-size": "[1-9][0-9]px",
    "font-weight": "(?:bold|normal|[1-9]00)",
    "font-style": "(?:italic|normal)",
}
_STYLE = "|".join(f"{key}:{value}" for key, value in _STYLES.items())
_LOOK = f"(?:{_STYLE})(?:,(?:{_STYLE})){{0,9}}"

_Fields = dict[str, str]
_FIELDS: dict[str, _Fields] = {
    "requirement": {
        "id": f"(?:{_PLAIN_ID}|{_QUOTED})",
        "text": _QUOTED,
        "risk": one_of(RISKS),
        "verifymethod": one_of(METHODS),
    },
    "element": {"type": _QUOTED, "docRef": _QUOTED},
}
"""What may be said of each kind of thing: key -> pattern of its value."""


def is_plain(word: str) -> bool:
    """Whether a name or an id is written without quotes."""
    small = word.lower()
    return (
        _PLAIN.fullmatch(word) is not None
        and small not in KEYWORDS
        and not small.startswith(_STARTS)
    )


class RequirementGrammar(DiagramGrammar):
    """Names are given once, to a requirement or an element, before anything else uses them."""

    type = "requirementDiagram"
    header = "requirementDiagram"
    default_header = "requirementDiagram"

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, None] = {}
        self._open: _Fields | None = None
        """What can still be said of the thing whose block is open."""
        self._relations = 0
        self._styles = 0
        self._has_direction = False
        self._accessibility = Accessibility()

    @property
    def complete(self) -> bool:
        return bool(self._names) and self._open is None

    def closing(self) -> list[str]:
        if self._open is not None:
            return ["    }"]
        return [] if self._names else ["    element System {", "    }"]

    def body(self) -> Iterator[LineForm]:
        if self._open is not None:
            yield from self._fields(self._open)
            return
        if not self._names:
            yield from self._accessibility.forms()
        if not self._has_direction:
            yield LineForm("direction", "direction (?:TB|BT|LR|RL)", self._read_direction)
        if len(self._names) < MOST_NODES:
            yield from self._nodes()
        if self._names and self._relations < MOST_RELATIONS:
            yield self._relation()
        if self._styles < MOST_STYLES:
            yield from self._looks()

    def _fields(self, fields: _Fields) -> Iterator[LineForm]:
        for key, value in fields.items():
            line = f"(?P<key>{key}): {value}"
            yield LineForm(key, line, self._read_field, indent=2 * INDENT)
        yield LineForm("end of the block", r"\}", self._read_end)

    def _nodes(self) -> Iterator[LineForm]:
        start = f"(?P<kind>{one_of((*KINDS, 'element'))}) "
        end = rf"{optional(f':::{_CLASS}')} \{{"
        taken = frozenset(self._names)
        plain = name(
            "A-Za-z_0-9",
            except_for=(*KEYWORDS, *(each.lower() for each in taken)),
            beginnings=_STARTS,
            any_case=True,
        )
        yield NewNameForm(
            "block",
            f"{start}{plain}{end}",
            self._read_node,
            taken=taken,
            any_name=f"{start}(?P<new>{_PLAIN_NAME}){end}",
        )
        yield NewNameForm(
            "block",
            f'{start}"{text_except(taken, undirected=True)}"{end}',
            self._read_node,
            taken=taken,
            any_name=f'{start}"(?P<new>{_ANY_TEXT})"{end}',
        )

    def _relation(self) -> LineForm:
        node, relation = _any_name(self._names), one_of(RELATIONS)
        pattern = f"{node} (?:- {relation} ->|<- {relation} -) {node}"
        return LineForm("relation", pattern, self._read_relation)

    def _looks(self) -> Iterator[LineForm]:
        yield LineForm("class definition", f"classDef {_CLASS} {_LOOK}", self._read_look)
        if self._names:
            nodes = f"{_any_name(self._names)}(?:,{_any_name(self._names)}){{0,11}}"
            classes = f"{_CLASS}(?:,{_CLASS}){{0,3}}"
            yield LineForm("class", f"class {nodes} {classes}", self._read_look)
            yield LineForm("style", f"style {nodes} {_LOOK}", self._read_look)

    def _read_direction(self, match: re.Match[str]) -> None:
        self._has_direction = True

    def _read_node(self, match: re.Match[str]) -> None:
        self._names[match["new"]] = None
        fields = _FIELDS["element" if match["kind"] == "element" else "requirement"]
        self._open = dict(fields)

    def _read_field(self, match: re.Match[str]) -> None:
        if self._open is not None:
            del self._open[match["key"]]

    def _read_end(self, match: re.Match[str]) -> None:
        self._open = None

    def _read_relation(self, match: re.Match[str]) -> None:
        self._relations += 1

    def _read_look(self, match: re.Match[str]) -> None:
        self._styles += 1


def _any_name(names: Iterable[str]) -> str:
    """Pattern of any of these names, with quotes or, where possible, without."""
    plain = [each for each in names if is_plain(each)]
    quotes = quoted(one_of(names))
    return f"(?:{one_of(plain)}|{quotes})" if plain else quotes
