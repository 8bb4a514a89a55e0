"""sequenceDiagram: participants, messages between them, and blocks of messages.

Every participant is declared before it is used, as most authors do; Mermaid would declare it
silently, and so draw a slip of the pen as one more participant.
https://mermaid.js.org/syntax/sequenceDiagram.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from naiad.grammar.families.sequence_names import (
    DeclarationForm,
    fresh,
    fresh_simple,
    is_simple,
)
from naiad.grammar.line_grammar import INDENT, Accessibility, DiagramGrammar, LineForm
from naiad.grammar.patterns import ENTITY, literal, one_of, optional, text, without_names

ARROWS = ("->>", "-->>", "->", "-->", "-x", "--x", "-)", "--)", "<<->>", "<<-->>")
_FORWARD_HALVES = ("-|\\", "-|/", "-\\\\", "-//", "--|\\", "--|/", "--\\\\", "--//")
FORWARD_ARROWS = (*ARROWS, *_FORWARD_HALVES)
BACKWARD_ARROWS = ("/|-", "\\|-", "//-", "\\\\-", "/|--", "\\|--", "//--", "\\\\--")
PARTICIPANT_TYPES = (
    "actor",
    "boundary",
    "collections",
    "control",
    "database",
    "entity",
    "participant",
    "queue",
)
TYPES_WITH_LINKS = frozenset({"participant", "collections", "database", "queue"})
"""Mermaid fails to draw a menu of links for the others."""
SECTION_KEYWORDS = {"alt": "else", "par": "and", "par_over": "and", "critical": "option"}
"""Block -> what begins its next section."""
BLOCKS = ("loop", "alt", "opt", "par", "par_over", "critical", "break")
"""Blocks with a text; `rect` has a colour."""
_CONDITIONAL_BLOCKS = frozenset({"alt", "opt", "critical", "break"})
"""Who is destroyed in these is there again behind them."""
MOST_PARTICIPANTS = 40
MOST_LINES = 500
"""Lines that draw something; after them the open blocks can only end."""
DEEPEST_BLOCK = 8

_PART = text("#;", units=(ENTITY,))
_TEXT = f"{_PART}{optional(_PART)}"
"""Twice the usual length: messages are sentences."""
_LINK_LABEL = text('#;@<>"', units=())
_URL = r"(?:https?://[A-Za-z0-9]|/)(?:[A-Za-z0-9._~:/?&=+,@!\-]|%[0-9A-F]{2}){0,200}"
_CHANNEL = r"(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_CHANNELS = rf"{_CHANNEL}, ?{_CHANNEL}, ?{_CHANNEL}"
_COLOR_NAMES = re.findall(
    r"\w+",
    "aliceblue antiquewhite aqua aquamarine azure beige bisque black blue brown coral cornsilk "
    "crimson cyan darkblue darkgray darkgreen darkred fuchsia gainsboro gold gray green grey "
    "honeydew indigo ivory khaki lavender lemonchiffon lightblue lightcoral lightcyan lightgray "
    "lightgreen lightgrey lightpink lightsalmon lightyellow lime linen magenta maroon mintcream "
    "mistyrose moccasin navy olive orange orchid pink plum purple red salmon seashell silver "
    "skyblue snow tan teal thistle tomato transparent turquoise violet wheat white whitesmoke "
    "yellow",
)
_COLOR = (
    rf"(?:rgb\({_CHANNELS}\)|rgba\({_CHANNELS}, ?(?:0|1|0?\.[0-9]{{1,3}})\)"
    f"|{one_of(_COLOR_NAMES)})"
)
_TYPE = rf'@\{{ "type": "(?P<type>{one_of(PARTICIPANT_TYPES)})" \}}'
_KIND = "(?:participant|actor)"
_NAMED_KIND = "(?P<kind>participant|actor)"
_NUMBER = r"(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,2})?"


@dataclass
class _Block:
    """A block that is open."""

    keyword: str
    destroyed_before: frozenset[str]
    """Who had been destroyed when the block began."""
    destroyed: set[str] = field(default_factory=set)
    """Who has been destroyed in any of its sections."""
    has_content: bool = False
    """Whether any section draws something: Mermaid gives an empty block no place."""


class SequenceGrammar(DiagramGrammar):
    """Keeps the participants, who of them is active or destroyed, and the open blocks."""

    type = "sequenceDiagram"
    header = "sequenceDiagram"
    default_header = "sequenceDiagram"

    def __init__(self) -> None:
        super().__init__()
        self._participants: dict[str, str] = {}
        """Name -> type, in the order of declaration."""
        self._destroyed: set[str] = set()
        self._ever_destroyed: set[str] = set()
        self._activations: Counter[str] = Counter()
        self._blocks: list[_Block] = []
        self._box_is_empty: bool | None = None
        """None outside of a box."""
        self._boxed: set[str] = set()
        self._created: str | None = None
        """Who waits for the message that creates it."""
        self._doomed: str | None = None
        """Who waits for the message that destroys it."""
        self._boxing_unusual = self._boxed_unusual = False
        """Whether the present box, or an earlier one, has a name that is not a plain word."""
        self._titled = False
        self._line_count = 0
        self._accessibility = Accessibility()

    def body(self) -> Iterator[LineForm]:
        if self._box_is_empty is not None:
            yield from self._in_box()
        elif self._created is not None or self._doomed is not None:
            yield from self._awaited_message()
        elif self._line_count >= MOST_LINES:
            yield from self._block_ends()
        else:
            yield from self._statements()

    @property
    def complete(self) -> bool:
        waiting = self._created is not None or self._box_is_empty is not None
        return bool(self._participants) and not waiting and not self._blocks

    def closing(self) -> Iterator[str]:
        awaited = self._created or self._doomed
        if awaited is not None:
            other = next(each for each in self._live() if each != awaited)
            arrow, word = ("->>", "create") if self._created else ("-x", "destroy")
            yield f"{self._blanks()}{other}{arrow}{awaited}: {word}"
        someone = next(iter(self._live()), self._free_name())
        if self._box_is_empty or not self._live():
            inner = INDENT if self._box_is_empty else 0
            yield f"{self._blanks()}{' ' * inner}participant {self._free_name()}"
        if self._box_is_empty is not None:
            yield f"{self._blanks()}end"
        yield from self._closing_blocks(someone, has_content=awaited is not None)

    def _closing_blocks(self, someone: str, *, has_content: bool) -> Iterator[str]:
        for depth in range(len(self._blocks), 0, -1):
            if not (self._blocks[depth - 1].has_content or has_content):
                yield f"{' ' * INDENT * (depth + 1)}Note over {someone}: …"
            has_content = True
            yield f"{' ' * INDENT * depth}end"

    def _free_name(self) -> str:
        taken = {each.lower() for each in self._participants}
        return next(f"P{n}" for n in range(1, len(taken) + 2) if f"p{n}" not in taken)

    def _indent(self) -> int:
        return INDENT * (len(self._blocks) + 1)

    def _blanks(self) -> str:
        return " " * self._indent()

    def _live(self) -> list[str]:
        return [each for each in self._participants if each not in self._destroyed]

    # --- statements -------------------------------------------------------------------------

    def _statements(self) -> Iterator[LineForm]:
        indent = self._indent()
        if not self._blocks and self._line_count == 0:
            yield from self._headlines()
        if len(self._participants) < MOST_PARTICIPANTS:
            yield from self._declarations(indent)
        live = self._live()
        if live:
            yield from self._messages(live, indent)
            yield from self._notes(live, indent)
            yield from self._activation_lines(live, indent)
        if len(self._blocks) < DEEPEST_BLOCK:
            yield from self._openings(indent)
        number = optional(f" (?:off|{_NUMBER}(?: {_NUMBER})?)")
        yield LineForm("autonumber", f"autonumber{number}", indent=indent)
        yield from self._block_ends()

    def _headlines(self) -> Iterator[LineForm]:
        if not self._titled:
            yield LineForm("title", f"title {text('#;', units=())}", self._read_title)
        yield from self._accessibility.forms()

    def _declarations(self, indent: int) -> Iterator[LineForm]:
        yield self._declaration("participant", _KIND, unusual=True)
        if self._live():
            yield self._declaration("creation", f"create {_KIND}", unusual=False)
        if not self._blocks:
            yield LineForm("box", _with_text("box"), self._read_box, indent)

    def _declaration(self, name: str, kind: str, *, unusual: bool) -> DeclarationForm:
        """The line that declares someone new; unusual: also names of several words."""
        more = f"{optional(_TYPE)}{optional(f' as {_TEXT}')}"
        taken = self._participants
        unnamed = without_names(more)
        names = fresh(unnamed, taken) if unusual else f"{fresh_simple(taken)}{unnamed}"
        creates = name == "creation"
        return DeclarationForm(
            name,
            f"{kind} {names}",
            self._read_creation if creates else self._read_participant,
            self._indent() + (0 if self._box_is_empty is None else INDENT),
            any_name=rf"{kind.replace(_KIND, _NAMED_KIND)} (?P<declared>[^@]{{1,160}}?){more}",
            taken=frozenset(each.lower() for each in taken if is_simple(each)),
            unusual=unusual,
        )

    def _messages(self, live: list[str], indent: int) -> Iterator[LineForm]:
        ends = one_of(live)
        arrows = rf"(?:{one_of(ARROWS)}(?P<plus>\+)?|{one_of(FORWARD_ARROWS)}(?:\(\))?)"
        kinds = [f"{ends}{arrows}(?P<to>{ends})", *self._answers(live)]
        # Behind a hyphen Mermaid takes `(`, `/` and `\` for parts of the name.
        unhyphened = [each for each in live if "-" not in each]
        if unhyphened:
            backward = rf"(?:\(\){one_of(FORWARD_ARROWS)}|(?:\(\))?{one_of(BACKWARD_ARROWS)})"
            kinds.append(rf"{one_of(unhyphened)}{backward}(?:\(\))?{ends}")
        pattern = f"(?:{'|'.join(kinds)}):{optional(f' {_TEXT}')}"
        yield LineForm("message", pattern, self._read_message, indent)

    def _answers(self, live: list[str]) -> Iterator[str]:
        """Messages that end the sender's activation."""
        active = [each for each in live if self._activations[each]]
        # `->>-x` is a cross to Mermaid, whatever the name goes on with.
        receivers = [each for each in live if each[0] not in "xX"]
        if active and receivers:
            yield f"(?P<ended>{one_of(active)}){one_of(ARROWS)}-{one_of(receivers)}"

    def _notes(self, live: list[str], indent: int) -> Iterator[LineForm]:
        one = one_of(live)
        place = f"(?:(?:left|right) of {one}|over {one}{optional(f',{one}')})"
        yield LineForm("note", f"Note {place}: {_TEXT}", self._read_content, indent)

    def _activation_lines(self, live: list[str], indent: int) -> Iterator[LineForm]:
        pattern = f"activate (?P<who>{one_of(live)})"
        yield LineForm("activation", pattern, self._read_activation, indent)
        active = [each for each in self._participants if self._activations[each]]
        if active:
            pattern = f"deactivate (?P<who>{one_of(active)})"
            yield LineForm("end of the activation", pattern, self._read_deactivation, indent)
        doomed = [each for each in live if each not in self._ever_destroyed]
        if doomed and len(live) > 1:
            pattern = f"destroy (?P<who>{one_of(doomed)})"
            yield LineForm("destruction", pattern, self._read_destruction, indent)
        linked = [each for each in live if self._participants[each] in TYPES_WITH_LINKS]
        if linked:
            pattern = f"link {one_of(linked)}: {_LINK_LABEL} @ {_URL}"
            yield LineForm("link", pattern, indent=indent)

    def _openings(self, indent: int) -> Iterator[LineForm]:
        pattern = _with_text(f"(?P<keyword>{one_of(BLOCKS)})")
        yield LineForm("block", pattern, self._read_opening, indent)
        yield LineForm("rect", f"(?P<keyword>rect) {_COLOR}", self._read_opening, indent)

    def _block_ends(self) -> Iterator[LineForm]:
        if not self._blocks:
            return
        indent = self._indent() - INDENT
        section = SECTION_KEYWORDS.get(self._blocks[-1].keyword)
        if section is not None and self._line_count < MOST_LINES:
            yield LineForm("section", _with_text(section), self._read_section, indent)
        if self._blocks[-1].has_content:
            yield LineForm("end of the block", "end", self._read_end, indent)

    # --- places where only a few lines may come ---------------------------------------------

    def _in_box(self) -> Iterator[LineForm]:
        indent = self._indent() + INDENT
        if len(self._participants) < MOST_PARTICIPANTS:
            yield self._declaration("participant", _KIND, unusual=not self._boxed_unusual)
        known = [each for each in self._participants if each not in self._boxed]
        if known:
            pattern = f"{_KIND} (?P<declared>{one_of(known)})"
            yield LineForm("participant in the box", pattern, self._read_boxed, indent)
        if not self._box_is_empty:
            yield LineForm("end of the box", "end", self._read_box_end, self._indent())

    def _awaited_message(self) -> Iterator[LineForm]:
        """Mermaid takes the very next message for the one that creates or destroys.

        A destruction without one is drawn where the block or the diagram ends.
        """
        who = self._created or self._doomed or ""
        others = one_of(each for each in self._live() if each != who)
        kinds = [rf"{others}{one_of(ARROWS)}(?P<plus>\+)?(?P<to>{literal(who)})"]
        if self._created is None:
            kinds.append(f"{literal(who)}{one_of(ARROWS)}{others}")
            if self._activations[who]:
                receivers = [each for each in self._live() if each != who and each[0] not in "xX"]
                if receivers:
                    kinds.append(f"(?P<ended>{literal(who)}){one_of(ARROWS)}-{one_of(receivers)}")
        pattern = f"(?:{'|'.join(kinds)}):{optional(f' {_TEXT}')}"
        yield LineForm("message", pattern, self._read_message, self._indent())
        if self._created is None and self._blocks and self._blocks[-1].has_content:
            indent = self._indent() - INDENT
            yield LineForm("end of the block", "end", self._read_end, indent)

    # --- what lines change ------------------------------------------------------------------

    def _read_title(self, match: re.Match[str]) -> None:
        self._titled = True

    def _read_participant(self, match: re.Match[str]) -> None:
        declared = match["declared"]
        if declared not in self._participants:
            self._participants[declared] = match["type"] or match["kind"]
        if self._box_is_empty is not None:
            self._read_boxed(match)

    def _read_boxed(self, match: re.Match[str]) -> None:
        self._box_is_empty = False
        self._boxed.add(match["declared"])
        self._boxing_unusual |= not is_simple(match["declared"])

    def _read_creation(self, match: re.Match[str]) -> None:
        self._read_participant(match)
        self._created = next(reversed(self._participants))

    def _read_box(self, match: re.Match[str]) -> None:
        self._box_is_empty = True

    def _read_box_end(self, match: re.Match[str]) -> None:
        self._box_is_empty = None
        self._boxed_unusual |= self._boxing_unusual

    def _read_content(self, match: re.Match[str]) -> None:
        self._line_count += 1
        for block in self._blocks:
            block.has_content = True

    def _read_message(self, match: re.Match[str]) -> None:
        self._read_content(match)
        parts = match.groupdict()
        if parts.get("plus"):
            self._activations[parts["to"]] += 1
        if parts.get("ended"):
            self._activations[parts["ended"]] -= 1
        if self._doomed is not None:
            self._destroyed.add(self._doomed)
            self._ever_destroyed.add(self._doomed)
            for block in self._blocks:
                block.destroyed.add(self._doomed)
        self._created = self._doomed = None

    def _read_activation(self, match: re.Match[str]) -> None:
        self._activations[match["who"]] += 1

    def _read_deactivation(self, match: re.Match[str]) -> None:
        self._activations[match["who"]] -= 1

    def _read_destruction(self, match: re.Match[str]) -> None:
        self._doomed = match["who"]

    def _read_opening(self, match: re.Match[str]) -> None:
        self._blocks.append(_Block(match["keyword"], frozenset(self._destroyed)))

    def _read_section(self, match: re.Match[str]) -> None:
        self._destroyed = set(self._blocks[-1].destroyed_before)

    def _read_end(self, match: re.Match[str]) -> None:
        block = self._blocks.pop()
        if block.keyword in _CONDITIONAL_BLOCKS:
            self._destroyed = set(block.destroyed_before)
        else:
            self._destroyed |= block.destroyed


def _with_text(keyword: str) -> str:
    return f"{keyword}{optional(f' {_TEXT}')}"
