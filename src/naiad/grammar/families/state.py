"""stateDiagram-v2: states, transitions, composite states, notes.

https://mermaid.js.org/syntax/stateDiagram.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from naiad.grammar.line_form import INDENT, LineForm
from naiad.grammar.line_grammar import Accessibility, DiagramGrammar
from naiad.grammar.new_name_form import NewNameForm
from naiad.grammar.patterns import (
    COLOR,
    ENTITY,
    IDEOGRAPHS,
    LETTERS,
    LINE_BREAK,
    name,
    one_of,
    optional,
    quoted,
    text,
    undirected_text,
)

MOST_LINES = 300
MOST_DEPTH = 4
"""Composite states in each other."""

KEYWORDS = frozenset(
    {
        *("click", "href", "default", "scale", "state", "note", "class", "classdef", "style"),
        *("statediagram", "acctitle", "accdescr", "root", "root_start", "root_end"),
        *("constructor", "prototype"),
        *("__proto__", "tostring", "valueof", "hasownproperty"),
    }
)
"""What the lexer takes for itself, in any case, and what the layout has in its own tables."""
_DIRECTIONS = ("tb", "bt", "lr", "rl")
_FOREIGN = f"{LETTERS}{IDEOGRAPHS}\\u0904-\\u0939\\u093e-\\u094d\\u0958-\\u0961"
_PLAIN_ID = re.compile(rf"[A-Za-z0-9_{_FOREIGN}]{{1,40}}")
_BARE_STATE = re.compile(r" *state \w+")
_ASCII_ID = re.compile(r"\w{1,40}", re.ASCII)

_COLON = r""":[A-Za-z0-9 ,.()/'"!?+=_\-]"""
_NOTE_START = text("<;:", units=(LINE_BREAK, ENTITY), first_word_except=("end",))
_NOTE_LINE = f"{_NOTE_START}(?:: ?{text('<;', units=(LINE_BREAK, ENTITY))})?"
_POINT = r"\[\*\]"


@dataclass(frozen=True)
class _Texts:
    """Patterns of the texts of a line."""

    label: str
    quoted: str
    note: str


def _texts(excluding: str) -> _Texts:
    return _Texts(
        undirected_text(f"<;:{excluding}", units=(LINE_BREAK, ENTITY, _COLON)),
        quoted(undirected_text(f'"<;[{excluding}', units=(LINE_BREAK, ENTITY))),
        undirected_text(f"<;:{excluding}", units=(LINE_BREAK, ENTITY)),
    )


_TEXTS = _texts("")
_BRACELESS = _texts("{")
"""For the line behind `state X`, which the lexer reads on to the next brace."""

_CLASS = name("A-Za-z", except_for=KEYWORDS, beginnings=_DIRECTIONS, any_case=True)
_COLOR = f"(?:{COLOR}|[a-z]{{3,20}})"
_STYLES = {
    "fill": _COLOR,
    "stroke": _COLOR,
    "color": _COLOR,
    "background": _COLOR,
    "stroke-width": "[0-9]{1,2}(?:px)?",
    "stroke-dasharray": "[1-9]{1,2}(?: [1-9]{1,2})?",
    "font-size": "[1-9][0-9]px",
    "font-weight": "(?:bold|normal|[1-9]00)",
    "font-style": "(?:italic|normal)",
    "border": f"[1-9]px (?:solid|dashed|dotted) {_COLOR}",
    "opacity": r"(?:0\.[1-9]|1)",
}
_STYLE = "|".join(f"{key}: ?{value}" for key, value in _STYLES.items())
_LOOK = f"(?:{_STYLE})(?:,(?:{_STYLE})){{0,9}}"
_URL = r'"https?://[A-Za-z0-9][A-Za-z0-9./_~?=&+\-]{0,100}"'
_LINK = f"(?:href {_URL}|{_URL} {_TEXTS.quoted})"


def is_plain(word: str) -> bool:
    """Whether Mermaid reads the word as the id of a state."""
    return _PLAIN_ID.fullmatch(word) is not None and word.lower() not in KEYWORDS


@dataclass
class _State:
    """What is known of one state."""

    descriptions: int = 0
    is_composite: bool = False
    is_pseudo: bool = False
    """Whether it is a fork, a join or a choice."""
    parent: str | None = None
    """The composite state in which it was named last; Mermaid draws it there."""


@dataclass
class _Scope:
    """The body of the diagram, or of an open composite state."""

    id: str | None
    region_has_states: bool = False
    may_direct: bool = True
    """Whether this region has no direction yet."""


class StateGrammar(DiagramGrammar):
    """States may be named anywhere but in themselves and in what they contain.

    Naming a state in a composite one moves it there, and Mermaid never ends over a state that
    contains itself.
    """

    type = "stateDiagram-v2"
    header = "stateDiagram-v2"
    default_header = "stateDiagram-v2"

    def __init__(self) -> None:
        super().__init__()
        self._states: dict[str, _State] = {}
        self._scopes = [_Scope(None)]
        self._note_lines: int | None = None
        """Lines of the open note, None when there is none."""
        self._lines = 0
        self._is_after_bare_state = False
        """Whether the last line is `state X`, which draws nothing."""
        self._ends_in_direction = False
        """Whether the last line ends so that TB, BT, LR or RL behind it would be a direction."""
        self._accessibility = Accessibility()

    @property
    def complete(self) -> bool:
        scope = self._scopes[-1]
        return scope.id is None and scope.region_has_states and self._note_lines is None

    def closing(self) -> list[str]:
        lines = []
        if self._note_lines is not None:
            inner = " " * (INDENT + self._indent)
            lines = [] if self._note_lines else [f"{inner}Note"]
            lines.append(f"{' ' * self._indent}end note")
        if not self._scopes[-1].region_has_states:
            lines.append(f"{' ' * self._indent}[*] --> [*]")
        lines += [f"{' ' * INDENT * depth}}}" for depth in range(len(self._scopes) - 1, 0, -1)]
        return lines

    def read(self, line: str) -> None:
        super().read(line)
        if not line.lstrip().startswith("%%"):
            self._lines += 1
            self._ends_in_direction = line.lower().endswith("direction")
            self._is_after_bare_state = _BARE_STATE.fullmatch(line) is not None

    def body(self) -> Iterator[LineForm]:
        if self._note_lines is not None:
            yield from self._note_forms()
            return
        scope = self._scopes[-1]
        if scope.id is not None and scope.region_has_states:
            yield self._form("end of the state", r"\}", self._close, depth=-1)
        if self._lines >= MOST_LINES:
            if not scope.region_has_states:
                yield self._form("transition", f"{_POINT} --> {_POINT}", self._relate)
            return
        if scope.id is None:
            yield from self._root_forms()
        elif scope.region_has_states:
            yield self._form("concurrency", "--", self._divide)
        if scope.may_direct:
            yield self._form("direction", "direction (?:TB|BT|LR|RL)", self._direct)
        yield from self._state_forms(_BRACELESS if self._is_after_bare_state else _TEXTS)
        if len(self._scopes) <= MOST_DEPTH and not self._is_after_bare_state:
            yield from self._composite_forms()

    @property
    def _indent(self) -> int:
        return INDENT * len(self._scopes)

    def _form(
        self, kind: str, pattern: str, read: Callable[[re.Match[str]], None], depth: int = 0
    ) -> LineForm:
        return LineForm(kind, pattern, read, indent=self._indent + INDENT * depth)

    def _naming(
        self,
        kind: str,
        line: Callable[[str, str], str],
        read: Callable[[re.Match[str]], None],
        taken: Iterable[str],
    ) -> LineForm:
        """A form that names states which are none of `taken`.

        line: the pattern, given those of a state at the beginning of the line and elsewhere.
        """
        behind = self._ends_in_direction
        return NewNameForm(
            kind,
            line(_id(taken, after_direction=behind), _id(taken)),
            read,
            indent=self._indent,
            any_name=line(_id((), after_direction=behind), _id(())),
            taken=frozenset(taken),
        )

    def _state_forms(self, texts: _Texts) -> Iterator[LineForm]:
        shut = self._shut()
        look = f"(?::::{_CLASS})?" if self._scopes[-1].id is None else ""
        label = optional(f" : {texts.label}")

        def transition(first: str, other: str) -> str:
            start, end = f"(?:{_POINT}|(?P<new>{first}))", f"(?:{_POINT}|(?P<new_to>{other}))"
            return f"{start}{look} --> {end}{look}{label}"

        yield self._naming("transition", transition, self._relate, shut)
        mute = shut | {id for id, state in self._states.items() if _is_mute(state)}
        yield self._naming(
            "description", lambda id, _: f"(?P<new>{id}) : {texts.label}", self._describe, mute
        )
        yield self._naming(
            "description",
            lambda _, id: f"state {texts.quoted} as (?P<new>{id})",
            self._describe,
            mute,
        )
        yield self._naming("state", lambda id, _: f"(?P<new>{id})", self._name, shut)
        yield self._naming("state", lambda _, id: f"state (?P<new>{id})", _pass, shut)
        fixed = shut | {id for id, state in self._states.items() if not _is_plain_state(state)}
        kinds = "<<(?:choice|fork|join)>>"
        yield self._naming(
            "fork, join or choice", lambda _, id: f"state (?P<new>{id}) {kinds}", self._fork, fixed
        )
        yield from self._notes(texts, shut)

    def _notes(self, texts: _Texts, shut: set[str]) -> Iterator[LineForm]:
        noted = [id for id in self._states if id not in shut and not self._states[id].is_pseudo]
        start = "note (?:left|right) of "
        if noted:
            pattern = f"{start}(?P<new>{one_of(noted)}) : {texts.note}"
            yield self._form("note", pattern, self._name)
        noted = [id for id in noted if not id.lower().endswith("direction")]
        if noted:
            pattern = f"{start}(?P<new>{one_of(noted)})"
            yield self._form("note of several lines", pattern, self._open_note)

    def _composite_forms(self) -> Iterator[LineForm]:
        states = self._states.items()
        used = self._shut() | {id for id, state in states if state.is_composite or state.is_pseudo}
        yield self._naming(
            "composite state",
            lambda _, id: rf"state (?P<new>{id}) \{{",
            self._open,
            used | {id for id, state in states if state.descriptions > 1},
        )
        yield self._naming(
            "composite state",
            lambda _, id: rf"state {_TEXTS.quoted} as (?P<new>{id}) \{{",
            self._open_described,
            used | {id for id, state in states if state.descriptions},
        )

    def _root_forms(self) -> Iterator[LineForm]:
        if not self._states:
            yield from self._accessibility.forms()
        yield self._form("class definition", f"classDef {_CLASS} {_LOOK}", _pass)
        ids = [id for id in self._states if _ASCII_ID.fullmatch(id)]
        if ids:
            id = one_of(ids)
            yield self._form("class", f"class {id}(?:, ?{id}){{0,11}} {_CLASS}", _pass)
            yield self._form("style", f"style {id}(?:,{id}){{0,11}} {_LOOK}", _pass)
            yield self._form("link", f"click {id} {_LINK}", _pass)

    def _note_forms(self) -> Iterator[LineForm]:
        if self._note_lines is not None and self._note_lines < MOST_LINES:
            yield self._form("line of the note", _NOTE_LINE, self._note, depth=1)
        if self._note_lines:
            yield self._form("end of the note", "end note", self._close_note)

    def _shut(self) -> set[str]:
        """The open composite states and what contains them: naming them here never ends."""
        shut: set[str] = set()
        id = self._scopes[-1].id
        while id is not None and id not in shut:
            # The start of a state X is the state X_start to Mermaid, and in X.
            shut |= {id, id.removesuffix("_start"), id.removesuffix("_end")}
            id = self._states[id].parent
        return shut

    def _mention(self, id: str) -> _State:
        scope = self._scopes[-1]
        scope.region_has_states = True
        state = self._states.setdefault(id, _State())
        if scope.id is not None:
            state.parent = scope.id
        return state

    def _relate(self, match: re.Match[str]) -> None:
        self._scopes[-1].region_has_states = True
        for id in match.groupdict().values():
            if id is not None:
                self._mention(id)

    def _name(self, match: re.Match[str]) -> None:
        self._mention(match["new"])

    def _describe(self, match: re.Match[str]) -> None:
        self._mention(match["new"]).descriptions += 1

    def _fork(self, match: re.Match[str]) -> None:
        self._mention(match["new"]).is_pseudo = True

    def _open(self, match: re.Match[str]) -> None:
        self._mention(match["new"]).is_composite = True
        self._scopes.append(_Scope(match["new"]))

    def _open_described(self, match: re.Match[str]) -> None:
        self._open(match)
        self._states[match["new"]].descriptions += 1

    def _close(self, match: re.Match[str]) -> None:
        self._scopes.pop()

    def _divide(self, match: re.Match[str]) -> None:
        self._scopes[-1] = _Scope(self._scopes[-1].id)

    def _direct(self, match: re.Match[str]) -> None:
        self._scopes[-1].may_direct = False

    def _open_note(self, match: re.Match[str]) -> None:
        self._name(match)
        self._note_lines = 0

    def _note(self, match: re.Match[str]) -> None:
        self._note_lines = (self._note_lines or 0) + 1

    def _close_note(self, match: re.Match[str]) -> None:
        self._note_lines = None


def _pass(match: re.Match[str]) -> None:
    """A line about looks."""


def _is_plain_state(state: _State) -> bool:
    """Whether it may still become a fork, a join or a choice."""
    return not (state.is_pseudo or state.is_composite or state.descriptions)


def _is_mute(state: _State) -> bool:
    """Whether Mermaid refuses or forgets a further description."""
    return state.is_pseudo or (state.is_composite and state.descriptions > 0)


def _id(taken: Iterable[str], *, after_direction: bool = False) -> str:
    """Pattern of the id of a state that is none of `taken`.

    after_direction: whether it follows the word, so that it must not begin with one.
    """
    beginnings = _DIRECTIONS if after_direction else ()
    taken = set(taken)
    plain = name(
        "A-Za-z0-9_",
        except_for=(*KEYWORDS, *(each.lower() for each in taken if each.isascii())),
        beginnings=beginnings,
        any_case=True,
    )
    if not all(each.isascii() for each in taken):
        return plain
    start = name("A-Za-z", beginnings=(*KEYWORDS, *beginnings), any_case=True, longest=20)
    foreign = f"(?:{start})?[{_FOREIGN}][A-Za-z0-9_{_FOREIGN}]{{0,19}}"
    return f"(?:{plain}|{foreign})"
