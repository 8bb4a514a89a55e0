"""Take lines of sequence diagrams apart, the right ones and the usual slips.

https://mermaid.js.org/syntax/sequenceDiagram.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from naiad.grammar.families.sequence import BACKWARD_ARROWS, FORWARD_ARROWS, PARTICIPANT_TYPES
from naiad.grammar.patterns import one_of

_SLIPS = {
    "->>>": "->>",
    "--->>": "-->>",
    "=>>": "->>",
    "==>>": "->>",
    "==>": "->>",
    "=>": "->>",
    "~>": "-)",
    "-.->": "-->>",
    "..>": "-->>",
    "..>>": "-->>",
    "--->": "-->",
    "---": "-->",
    "<->": "<<->>",
    "<-->": "<<-->>",
    "<=>": "<<->>",
    "→": "->>",
    "⇒": "->>",
    "⟶": "->>",
}
"""Arrows of other notations -> ours."""
_BACKWARD_SLIPS = {"<-": "->>", "<<-": "->>", "<--": "-->>", "<<--": "-->>", "←": "->>"}
"""Arrows that point at the sender: the message goes the other way."""
_RIGHT_ARROW = re.compile(one_of((*FORWARD_ARROWS, *BACKWARD_ARROWS)), re.IGNORECASE)
_ANY_ARROW = re.compile(
    one_of((*FORWARD_ARROWS, *BACKWARD_ARROWS, *_SLIPS, *_BACKWARD_SLIPS)), re.IGNORECASE
)
_BREAKS = re.compile(r"#\w+;|@\{[^}]*\}|[#;]")
_DECLARATION = re.compile(
    r"(?P<name>[^<>:,;@\s]+)\s*(?:@\{(?P<settings>[^}]*)\})?(?:(?:\s+|(?<=\}))as\s+(?P<alias>.*))?",
    re.IGNORECASE,
)
_SETTING = re.compile(r"\s*[\"']?(\w+)[\"']?\s*:\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s,\"']+))\s*")
_FOREIGN_ALIAS = re.compile(r"\"(?P<alias>[^\"]+)\"\s+as\s+(?P<name>\S+)", re.IGNORECASE)
_LABELLED = re.compile(r"(?P<name>\w+)\s*(?::\s*|\[|\()\s*(?P<alias>[^\])]+?)\s*[\])]?")

_STATEMENT_WORDS = frozenset(
    re.findall(
        r"\w+",
        "participant actor create destroy activate deactivate note loop alt else opt par and "
        "critical option break rect box end autonumber title link links",
    )
)


@dataclass(frozen=True)
class Message:
    """`sender () arrow () receiver: text`, each part as it was written."""

    sender: str
    arrow: str
    receiver: str
    text: str
    before: str = ""
    """`()` behind the sender, or nothing."""
    behind: str = ""
    """`()`, `+` or `-` in front of the receiver, or nothing."""


@dataclass(frozen=True)
class Declaration:
    """What follows `participant` or `actor`."""

    name: str
    type: str = ""
    alias: str = ""


def statements(line: str) -> tuple[list[str], str]:
    """The statements of a line, and the comment behind them.

    `;` ends a statement and `#` begins a comment, unless they belong to an entity or stand in
    a participant's settings. "A->>B: x; B->>A: y # z" -> ["A->>B: x", "B->>A: y"], "z"
    """
    pieces, start = [], 0
    for found in _BREAKS.finditer(line):
        if len(found[0]) > 1:
            continue
        pieces.append(line[start : found.start()])
        start = found.end()
        if found[0] == "#":
            return _shown(pieces), line[start:].strip()
    return _shown([*pieces, line[start:]]), ""


def _shown(pieces: list[str]) -> list[str]:
    return [piece.strip() for piece in pieces if piece.strip()]


def rejoined(pieces: list[str]) -> list[str]:
    """The statements, with a `;` put back that was part of a text.

    ["A->>B: one", "two"] -> ["A->>B: one#59; two"]
    """
    whole: list[str] = []
    for piece in pieces:
        if whole and ":" in whole[-1] and not _begins_statement(piece):
            whole[-1] += f"#59; {piece}"
        else:
            whole.append(piece)
    return whole


def _begins_statement(piece: str) -> bool:
    keyword = re.match(r"\w+", piece)
    begins = keyword is not None and keyword[0].lower() in _STATEMENT_WORDS
    return begins or message(piece, repairing=False) is not None


def message(statement: str, *, repairing: bool) -> Message | None:
    """The message that a statement is, None if it is none.

    repairing: arrows of other notations and a missing colon are read too.
    """
    head, colon, text = statement.partition(":")
    found = (_ANY_ARROW if repairing else _RIGHT_ARROW).search(head)
    if found is None or not (colon or repairing):
        return None
    sender, receiver = head[: found.start()].rstrip(), head[found.end() :].strip()
    before = behind = ""
    if sender.endswith("()"):
        sender, before = sender[:-2].rstrip(), "()"
    for mark in ("()", "+", "-"):
        if not behind and receiver.startswith(mark):
            receiver, behind = receiver[len(mark) :].lstrip(), mark
    if repairing and receiver.startswith("|") and receiver.count("|") > 1:
        _, label, receiver = receiver.split("|", 2)
        receiver, text = receiver.strip(), text or label
    if not sender or not receiver:
        return None
    read = Message(sender, found[0].lower(), receiver, text.strip(), before, behind)
    return _without_slips(read) if repairing else read


def _without_slips(read: Message) -> Message:
    if read.arrow in _BACKWARD_SLIPS:
        return replace(
            read, sender=read.receiver, receiver=read.sender, arrow=_BACKWARD_SLIPS[read.arrow]
        )
    return replace(read, arrow=_SLIPS.get(read.arrow, read.arrow))


def declaration(rest: str, *, repairing: bool) -> Declaration:
    """The participant that is declared; `rest` is what follows the keyword.

    repairing: `"Web server" as W`, `W: Web server` and `W[Web server]` are read too.
    """
    if repairing:
        for slip in (_FOREIGN_ALIAS, _LABELLED):
            found = slip.fullmatch(rest)
            if found is not None:
                return Declaration(found["name"], alias=found["alias"].strip("\"' "))
    found = _DECLARATION.fullmatch(rest)
    if found is None:
        return Declaration(rest)
    settings = _settings(found["settings"] or "")
    if settings is None:
        return Declaration(rest)
    alias = found["alias"] or settings.get("alias", "")
    return Declaration(found["name"], settings.get("type", ""), alias.strip())


def _settings(inside: str) -> dict[str, str] | None:
    """The settings of `@{ … }`, None where they are none that the canonical form can have."""
    settings: dict[str, str] = {}
    for pair in inside.split(",") if inside.strip() else []:
        found = _SETTING.fullmatch(pair)
        if found is None or found[1] not in ("type", "alias"):
            return None
        settings[found[1]] = next((value for value in found.groups()[1:] if value), "")
    return settings if settings.get("type", "actor") in PARTICIPANT_TYPES else None


def plain_number(text: str) -> str:
    """As the canonical form has it: `.5` -> `0.5`, `010` -> `10`."""
    whole, point, fraction = text.partition(".")
    if not (whole + fraction).isdigit():
        return text
    return (whole.lstrip("0") or "0") + point + fraction
