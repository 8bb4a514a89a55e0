"""zenuml: participants, then calls that nest like code.

@zenuml/core reads it, not Mermaid, and it takes line breaks for blanks: a statement must not go
on with what the next line begins with. It draws comments, so they are lines of the grammar.
Its tokens are in https://github.com/mermaid-js/zenuml-core/blob/main/src/g4/sequenceLexer.g4
https://mermaid.js.org/syntax/zenuml.html, https://zenuml.com/docs
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.line_grammar import INDENT, DiagramGrammar, LineForm
from naiad.grammar.patterns import (
    COLOR,
    IDEOGRAPHS,
    LETTERS,
    name_but_keywords,
    optional,
    quoted,
    text,
)

KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        "as await catch const critical else false finally for forEach foreach frame group if in "
        "loop new nil null opt par readonly ref return section static title true try while",
    )
)
MOST_LINES = 400
"""Lines that draw something; after them the open blocks can only end."""
DEEPEST_BLOCK = 8

WORD = name_but_keywords(KEYWORDS)
STRING = quoted(text('"\\;', units=(), longest=60))
_BEYOND_ASCII = f"[{LETTERS}{IDEOGRAPHS}]"
_FOREIGN_WORD = (
    f"(?:[A-Za-z_][A-Za-z0-9_]{{0,19}})?{_BEYOND_ASCII}(?:[A-Za-z0-9_]|{_BEYOND_ASCII}){{0,19}}"
)
_NAME = f"(?:{WORD}|{STRING}|{_FOREIGN_WORD})"
_NUMBER = r"-?(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?"
_VALUE = f"(?:{_NUMBER}|{STRING}|true|false|null|nil|{WORD})"
_TERM = rf"!?(?:{_NUMBER}|{STRING}|true|false|null|nil|{WORD}(?:\.{WORD})?(?:\(\))?)"
_OPERATOR = r"(?:==|!=|<=|>=|<|>|&&|\|\||\+|-|\*|/|%)"
EXPRESSION = f"{_TERM}(?: {_OPERATOR} {_TERM}){{0,5}}"
_ARGUMENTS = rf"\({optional(f'{_TERM}(?:(?:,| {_OPERATOR}) {_TERM}){{0,11}}')}\)"
# Mermaid takes `#…;` for an entity, which ZenUML would draw as it stands.
_TEXT = f"(?:{text(';', units=())}|{text('#', units=())})"
_ANNOTATION = "@" + name_but_keywords(
    ("Reply", "Return", "Starter", "reply", "return", "starter"), "A-Za-z"
)
_CONDITION = f"(?:{EXPRESSION}|{WORD} in {WORD})"


class ZenumlGrammar(DiagramGrammar):
    """Keeps the open blocks, and whether participants may still be declared."""

    type = "zenuml"
    header = "zenuml"
    default_header = "zenuml"

    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[str] = []
        """What the open blocks are, which decides what may follow their `}`."""
        self._group_is_empty = False
        self._phase = "title"
        """What may come at the latest: `title`, `head`, `body`."""
        self._line_count = 0

    def body(self) -> Iterator[LineForm]:
        if self._line_count < MOST_LINES:
            if self._phase == "title":
                yield LineForm("title", f"title {_TEXT}", self._read_title)
            if self._phase != "body":
                yield from self._head()
            yield LineForm("comment", f"// {_TEXT}", indent=self._indent())
            if not self._in_group():
                yield from self._statements()
        if self._blocks and not (self._in_group() and self._group_is_empty):
            yield from self._ends(self._blocks[-1])

    @property
    def complete(self) -> bool:
        return self._line_count > 0 and not self._blocks

    def closing(self) -> Iterator[str]:
        if self._in_group() and self._group_is_empty:
            yield f"{' ' * self._indent()}Participant"
        elif not self._line_count:
            yield f"{' ' * self._indent()}Client->Server: …"
        for depth in range(len(self._blocks), 0, -1):
            yield f"{' ' * INDENT * depth}}}"

    def _indent(self) -> int:
        return INDENT * (len(self._blocks) + 1)

    def _in_group(self) -> bool:
        return self._blocks[-1:] == ["group"]

    # --- lines ------------------------------------------------------------------------------

    def _head(self) -> Iterator[LineForm]:
        stereotype = optional(f"<<{_NAME}>> ")
        pattern = (
            f"{optional(f'{_ANNOTATION} ')}{stereotype}{_NAME}"
            f"{optional(f' as {_NAME}')}{optional(f' {COLOR}')}"
        )
        yield LineForm("participant", pattern, self._read_participant, self._indent())
        if not self._in_group():
            pattern = rf"group {optional(f'{_NAME} ')}\{{"
            yield LineForm("group", pattern, self._read_group)
            yield LineForm("starter", rf"@Starter\({_NAME}\)", self._read_starter)

    def _statements(self) -> Iterator[LineForm]:
        indent = self._indent()
        pattern = f"{optional('@return ')}{_NAME}->{_NAME}: {_TEXT}"
        yield LineForm("message", pattern, self._read_statement, indent)
        block = r"(?P<block> \{)?" if len(self._blocks) < DEEPEST_BLOCK else ""
        # In front of the first statement a type would be one more participant.
        kind = optional(f"{WORD} ") if self._phase == "body" else ""
        result = optional(f"{kind}{WORD} = ")
        whose = rf"(?:new |(?:{_NAME}->)?(?:{_NAME}\.){{0,2}})"
        pattern = f"{result}{whose}{_NAME}{_ARGUMENTS}{block}"
        yield LineForm("call", pattern, self._read_call, indent)
        values = optional(f"{_VALUE}(?:, {_VALUE}){{0,5}}")
        pattern = rf"return (?:{EXPRESSION}|{WORD}(?:\.{WORD})?\({values}\))"
        yield LineForm("return", pattern, self._read_statement, indent)
        yield LineForm("divider", f"== {text('=;', units=())} ==", self._read_statement, indent)
        pattern = rf"ref\({_NAME}(?:, {_NAME}){{0,5}}\)"
        yield LineForm("reference", pattern, self._read_statement, indent)
        if block:
            yield from self._openings(indent)

    def _openings(self, indent: int) -> Iterator[LineForm]:
        kinds = (
            rf"(?P<kind>if|while|for|foreach|forEach|loop|opt|critical)\({_CONDITION}\) \{{",
            r"(?P<kind>loop|par|opt|critical|try) \{",
            rf"(?P<kind>section|frame)(?:\({_NAME}\))? \{{",
        )
        for pattern in kinds:
            yield LineForm("block", pattern, self._read_opening, indent)

    def _ends(self, kind: str) -> Iterator[LineForm]:
        indent = self._indent() - INDENT
        yield LineForm("end of the block", r"\}", self._read_end, indent)
        if kind == "if":
            yield LineForm("else", r"\} (?P<kind>else) \{", self._read_next, indent)
            pattern = rf"\}} else (?P<kind>if)\({_CONDITION}\) \{{"
            yield LineForm("else if", pattern, self._read_next, indent)
        elif kind in ("try", "catch"):
            pattern = rf"\}} (?P<kind>catch){optional(_ARGUMENTS)} \{{"
            yield LineForm("catch", pattern, self._read_next, indent)
            yield LineForm("finally", r"\} (?P<kind>finally) \{", self._read_next, indent)

    # --- what lines change ------------------------------------------------------------------

    def _read_title(self, match: re.Match[str]) -> None:
        self._phase = "head"

    def _read_participant(self, match: re.Match[str]) -> None:
        self._phase = "head"
        self._line_count += 1
        self._group_is_empty = False

    def _read_group(self, match: re.Match[str]) -> None:
        self._phase = "head"
        self._line_count += 1
        self._blocks.append("group")
        self._group_is_empty = True

    def _read_starter(self, match: re.Match[str]) -> None:
        self._phase = "body"
        self._line_count += 1

    def _read_statement(self, match: re.Match[str]) -> None:
        self._phase = "body"
        self._line_count += 1

    def _read_call(self, match: re.Match[str]) -> None:
        self._read_statement(match)
        if match.groupdict().get("block"):
            self._blocks.append("call")

    def _read_opening(self, match: re.Match[str]) -> None:
        self._read_statement(match)
        self._blocks.append(match["kind"])

    def _read_next(self, match: re.Match[str]) -> None:
        self._blocks[-1] = match["kind"]

    def _read_end(self, match: re.Match[str]) -> None:
        self._blocks.pop()
