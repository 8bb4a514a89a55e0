"""The calls that C4 diagrams are made of: `Person(user, "User", $tags="v1")`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from naiad.grammar.families.c4 import (
    KINDS_OF_BOUNDARIES,
    NODES,
    PARTS,
    PEOPLE_AND_SYSTEMS,
    RELATIONS,
)
from naiad.grammar.rewriting.escaping import escaped

BOUNDARIES = frozenset({"Boundary", *KINDS_OF_BOUNDARIES, *NODES})
ELEMENTS = frozenset({*PEOPLE_AND_SYSTEMS, *PARTS})
STYLES = frozenset({"UpdateElementStyle", "UpdateRelStyle", "UpdateLayoutConfig"})
SAME = {"Rel_Up": "Rel_U", "Rel_Down": "Rel_D", "Rel_Left": "Rel_L", "Rel_Right": "Rel_R"}
"""Keywords that mean what another one means."""
FIXED = {
    **dict.fromkeys((*ELEMENTS, *BOUNDARIES), 2),
    **dict.fromkeys(RELATIONS, 3),
    "RelIndex": 4,
    "UpdateElementStyle": 1,
    "UpdateRelStyle": 2,
    "UpdateLayoutConfig": 0,
}
"""How many arguments every call has: with the label of what has one."""
KEYWORDS = {each.lower().replace("_", ""): each for each in (*FIXED, *SAME)}
"""Keywords as models may write them, in small letters without `_`."""
_DESCRIBED = ("techn", "descr", "sprite", "tags", "link")
_PARAMETERS = {
    **dict.fromkeys(PEOPLE_AND_SYSTEMS, ("descr", "sprite", "tags", "link")),
    **dict.fromkeys((*PARTS, *RELATIONS, "RelIndex"), _DESCRIBED),
    **dict.fromkeys(KINDS_OF_BOUNDARIES, ("tags", "link")),
    "Boundary": ("type", "tags", "link"),
    **dict.fromkeys(NODES, ("type", "descr", "sprite", "tags", "link")),
    "UpdateElementStyle": ("bgColor", "fontColor", "borderColor", "shadowing", "shape", "sprite"),
    "UpdateRelStyle": ("textColor", "lineColor", "offsetX", "offsetY"),
    "UpdateLayoutConfig": ("c4ShapeInRow", "c4BoundaryInRow"),
}
"""What the arguments behind the fixed ones say, one after the other."""
_BY_PLACE = frozenset({"techn", "descr", "type"})
_BARRED_IN_NAMED = '"<>;\\`'
"""A `#` begins a colour."""
_KEYWORD = re.compile(r"(?P<keyword>[A-Za-z]\w*)\s*\(")
_DIRECTION = re.compile(r"(?<=\s)(?:T(?=B)|B(?=T)|L(?=R)|R(?=L))", re.IGNORECASE)
_KEY = re.compile(r"\$\s*(?P<key>\w+)\s*=\s*")
_DOUBLE = re.compile(r'"([^"]*)"')
# A quote inside of the text is none that a comma or the end of the call follows.
_LOOSE_DOUBLE = re.compile(r'"((?:[^"]|"(?!\s*(?:[,)]|$)))*)"')
_SINGLE = re.compile(r"'((?:[^'\"]|'(?!\s*[,)]))*)'(?=\s*[,)])")
_BARE = re.compile(r"[^,)\"]*")
_END = re.compile(r"\s*(?P<end>[,)])")
_QUOTED = re.compile(rf'"[^"]*"|(?P<before>[(,=]\s*){_SINGLE.pattern}')


@dataclass(frozen=True)
class Argument:
    """One argument of a call."""

    value: str
    """Its text without quotes."""
    key: str = ""
    """`tags` of `$tags="v1"`, "" of an argument that its place names."""

    def __str__(self) -> str:
        return f'${self.key}="{self.value}"' if self.key else f'"{self.value}"'


@dataclass(frozen=True)
class Call:
    """A keyword with its arguments."""

    keyword: str
    arguments: tuple[Argument, ...]

    def __str__(self) -> str:
        return f"{self.keyword}({', '.join(map(str, self.arguments))})"

    def written(self, *fixed: str) -> str:
        """The call with these texts first, and the others in the canonical order."""
        return f"{self.keyword}({', '.join([*fixed, *self._further()])})"

    def _further(self) -> Iterator[str]:
        """Technology and description by their places, the others by their names."""
        parameters = _PARAMETERS[self.keyword]
        given = self.arguments[FIXED[self.keyword] :]
        said = {}
        for parameter, argument in zip(parameters, given, strict=False):
            by_place = self.keyword == "UpdateLayoutConfig"
            said[parameter if by_place else argument.key or parameter] = argument.value
        places = [each for each in parameters if each in _BY_PLACE]
        last = max((at for at, each in enumerate(places) if said.get(each)), default=-1)
        for each in places[: last + 1]:
            yield f'"{plain_text(said.get(each, ""))}"'
        named = [each for each in said if each not in places and said[each]]
        for each in sorted(named, key=lambda key: key != "sprite"):
            yield f'${each}="{escaped(said[each], _BARRED_IN_NAMED)}"'


def plain_text(text: str) -> str:
    """`text` escaped, and so that no word of it can be taken for a direction."""
    return _DIRECTION.sub(lambda word: f"#{ord(word[0])};", escaped(" ".join(text.split())))


def double_quoted(source: str) -> str:
    """`source` with double quotes around the arguments that have single ones.

    Mermaid accepts single quotes and then takes everything up to the next comma for the text,
    across lines: it draws garbage, and nobody means that.
    """
    return _QUOTED.sub(
        lambda found: found[0] if found["before"] is None else f'{found["before"]}"{found[2]}"',
        source,
    )


def next_call(text: str, *, repairing: bool) -> tuple[Call, str] | None:
    """The call that begins `text`, and the text behind it; None when it begins with none.

    repairing: also reads double quotes inside of texts, and a call without its last parenthesis.
    """
    keyword = _KEYWORD.match(text)
    if keyword is None:
        return None
    arguments = []
    position = keyword.end()
    while True:
        argument, position = _argument(text, position, repairing=repairing)
        arguments.append(argument)
        end = _END.match(text, position)
        if end is None and not (repairing and not text[position:].strip()):
            return None
        position = len(text) if end is None else end.end()
        if end is None or end["end"] == ")":
            return Call(keyword["keyword"], tuple(arguments)), text[position:]


def _argument(text: str, position: int, *, repairing: bool) -> tuple[Argument, int]:
    """The argument from `position` on, and where it ends."""
    while text[position : position + 1].isspace():
        position += 1
    key = _KEY.match(text, position)
    if key is not None:
        position = key.end()
    value = (_LOOSE_DOUBLE if repairing else _DOUBLE).match(text, position)
    value = value or _SINGLE.match(text, position)
    if value is None:
        value = _BARE.match(text, position)
    if value is None:
        return Argument(""), position
    found = value[1] if value.re.groups else value[0]
    return Argument(found.strip(), key["key"] if key else ""), value.end()
