"""sequenceDiagram: one statement a line, everyone declared, blocks indented."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator

from naiad.grammar.families.sequence import ARROWS, PARTICIPANT_TYPES, SECTION_KEYWORDS
from naiad.grammar.families.sequence_names import is_name
from naiad.grammar.line_grammar import INDENT
from naiad.grammar.rewriting.rewriter import Rewriter
from naiad.grammar.rewriting.sequence_reading import (
    Message,
    declaration,
    message,
    plain_number,
    rejoined,
    statements,
)

_HEADER = re.compile(r"sequenceDiagram\b[\s;:]*(?P<rest>.*)", re.IGNORECASE)
_DIRECTION = re.compile(r"(?:direction\s+)?(?:TB|TD|BT|LR|RL)", re.IGNORECASE)
_ACCESSIBLE = re.compile(r"(?P<key>accTitle|accDescr)\s*:\s*(?P<text>.*)", re.IGNORECASE)
_DESCRIPTION = re.compile(r"accDescr\s*\{(?P<text>.*)", re.IGNORECASE)
_DECLARING = re.compile(r"(?P<create>create\s+)?(?P<kind>participant|actor)\s+(?P<rest>.+)", re.I)
_TYPED = re.compile(rf"(?P<type>{'|'.join(PARTICIPANT_TYPES)})\s+(?P<rest>[^-:]+)", re.I)
_ABOUT = re.compile(r"(?P<keyword>activate|deactivate|destroy)\s+(?P<who>.+)", re.IGNORECASE)
_OPENING = re.compile(
    r"(?P<keyword>loop|alt|opt|par_over|par|critical|break|rect|box)\b\s*(?P<text>.*)", re.I
)
_SECTION = re.compile(r"(?P<keyword>else|and|option)\b\s*(?P<text>.*)", re.IGNORECASE)
_END = re.compile(r"end", re.IGNORECASE)
_LOOSE_END = re.compile(
    r"\}|end[ _]?(?:if|loop|alt|opt|par|critical|break|rect|box|while|group)?\b.*", re.IGNORECASE
)
_NOTE = re.compile(
    r"note\s+(?P<place>left of|right of|over)\s+(?P<who>[^:]+?)\s*:(?P<text>.*)", re.IGNORECASE
)
_LOOSE_NOTE = re.compile(
    r"note\s+(?P<place>left|right|over|for|on)?(?:\s+of)?\s*(?P<who>[^:]+?)\s*:(?P<text>.*)", re.I
)
_LINKS = re.compile(r"links\s+(?P<who>[^:]+?)\s*:\s*(?P<json>\{.*\})", re.IGNORECASE)
_LINK = re.compile(r"link\s+(?P<who>[^:]+?)\s*:\s*(?P<label>[^@]*?)\s+@\s*(?P<url>\S+)", re.I)
_TITLE = re.compile(r"title:?\s+(?P<text>.+)", re.IGNORECASE)
_AUTONUMBER = re.compile(r"autonumber(?P<numbers>(?:\s+[\d.]+){0,2}|\s+off)", re.IGNORECASE)
_BULLET = re.compile(r"(?:[-*•]\s+|\d{1,3}[.)]\s+)")
_COLOR = re.compile(r"#(?P<hex>[0-9a-f]{6}|[0-9a-f]{3})\b", re.IGNORECASE)


class SequenceRewriter(Rewriter):
    """When repairing, mends arrows, names, ends, activations and creations as well."""

    type = "sequenceDiagram"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._declared: dict[str, None] = {}
        self._renamed: dict[str, str] = {}
        self._active: Counter[str] = Counter()
        self._blocks: list[str] = []
        self._description: list[str] | None = None
        """The lines of an `accDescr { … }` that has not ended."""
        self._note: tuple[str, list[str]] | None = None
        """Beginning and lines of a note that ends at `end note`."""
        self._held: tuple[str, str, str] | None = None
        """`create` or `destroy`, the line behind it and the name, until its message is there."""
        self._readers: tuple[Callable[[str], Iterator[str] | None], ...] = (
            self._declaration,
            self._title,
            self._about,
            self._block,
            self._remark,
            self._links,
            self._message,
        )

    def header(self, text: str) -> Iterator[str]:
        match = _HEADER.fullmatch(text)
        if match is None:
            yield text
            return
        yield "sequenceDiagram"
        if self.repairing and _DIRECTION.fullmatch(match["rest"]):
            self.note("took out the direction: a sequence diagram has none")
        elif match["rest"]:
            yield from self.statement(match["rest"], 0)

    def comment(self, text: str) -> str:
        return self._line(text)

    def statement(self, text: str, indent: int) -> Iterator[str]:
        if self._description is not None or self._note is not None:
            yield from self._continued(text)
            return
        if self.repairing:
            text = self._mended(text)
        match = _ACCESSIBLE.fullmatch(text) or _DESCRIPTION.fullmatch(text)
        if match is not None:
            yield from self._accessible(match)
            return
        pieces, comment = statements(text)
        for piece in self._rejoined(pieces) if self.repairing else pieces:
            yield from self._statement(piece)
        if comment:
            yield self.comment(f"%% {comment}")

    def finish(self) -> Iterator[str]:
        if self._held is not None:
            yield from self._let_go(None)
        if not self.repairing:
            return
        if self._note is not None:
            yield from self._note_ended()
        while self._blocks:
            self.note(f"ended the `{self._blocks.pop()}`")
            yield self._line("end")

    def _line(self, text: str) -> str:
        return f"{' ' * INDENT * (len(self._blocks) + 1)}{text}"

    def _statement(self, piece: str) -> Iterator[str]:
        declares = _DECLARING.fullmatch(piece) or _TYPED.fullmatch(piece)
        is_end = _LOOSE_END.fullmatch(piece)
        if self.repairing and self._blocks[-1:] == ["box"] and not (declares or is_end):
            self.note("ended the box: only participants stand in one")
            self._blocks.pop()
            yield self._line("end")
        for reader in self._readers:
            lines = reader(piece)
            if lines is not None:
                yield from lines
                return
        if self.repairing and not piece.startswith("%%"):
            self.note(f"made a comment of what is no statement: `{piece[:60]}`")
            piece = f"%% {piece.lstrip('%')}"
        yield self._line(piece)

    # --- texts over several lines -----------------------------------------------------------

    def _accessible(self, match: re.Match[str]) -> Iterator[str]:
        if "key" in match.groupdict():
            key = "accTitle" if match["key"].lower() == "acctitle" else "accDescr"
            yield f"    {key}: {match['text'].strip()}"
        else:
            self._description = []
            yield from self._continued(match["text"])

    def _continued(self, text: str) -> Iterator[str]:
        if self._note is not None:
            if re.fullmatch(r"end\s*note", text, re.IGNORECASE):
                yield from self._note_ended()
            else:
                self._note[1].append(text)
        elif self._description is not None:
            inside, brace, _ = text.partition("}")
            self._description.append(inside.strip())
            if brace:
                joined = " ".join(line for line in self._description if line)
                self._description = None
                yield f"    accDescr: {joined}"

    def _note_ended(self) -> Iterator[str]:
        assert self._note is not None
        beginning, lines = self._note
        self._note = None
        self.note("put the note on one line")
        yield from self._statement(f"{beginning}: {'<br/>'.join(lines)}")

    # --- the kinds of statements ------------------------------------------------------------

    def _title(self, piece: str) -> Iterator[str] | None:
        match = _TITLE.fullmatch(piece)
        if match is not None:
            return iter([f"    title {match['text'].strip()}"])
        match = _AUTONUMBER.fullmatch(piece)
        if match is None:
            return None
        numbers = [plain_number(each) for each in match["numbers"].lower().split()]
        return iter([self._line(" ".join(["autonumber", *numbers]))])

    def _declaration(self, piece: str) -> Iterator[str] | None:
        match = _DECLARING.fullmatch(piece)
        if match is not None:
            kind = match["kind"].lower()
            return self._declared_line(kind, match["rest"], is_created=bool(match["create"]))
        match = _TYPED.fullmatch(piece) if self.repairing else None
        if match is None:
            return None
        self.note(f"declared the {match['type'].lower()} as Mermaid writes it")
        return self._declared_line("participant", match["rest"], type_=match["type"].lower())

    def _declared_line(
        self, kind: str, rest: str, *, is_created: bool = False, type_: str = ""
    ) -> Iterator[str]:
        read = declaration(rest.strip(), repairing=self.repairing)
        name = self._name(read.name)
        alias = read.alias or (read.name if name != read.name and self.repairing else "")
        known = name in self._declared
        if known and not alias and not (read.type or type_) and "box" not in self._blocks[-1:]:
            if not is_created:
                self.note(f"took out the second declaration of `{name}`")
                return
            if self.repairing:
                self.note(f"`{name}` is there already, so nothing creates it")
                return
        self._declared.setdefault(name)
        shape = f'@{{ "type": "{read.type or type_}" }}' if read.type or type_ else ""
        line = f"{kind} {name}{shape}{f' as {alias}' if alias else ''}"
        if is_created and self.repairing:
            yield from self._let_go(None)
            self._held = ("create", line, name)
        else:
            yield self._line(f"create {line}" if is_created else line)

    def _about(self, piece: str) -> Iterator[str] | None:
        match = _ABOUT.fullmatch(piece)
        if match is None:
            return None
        return self._about_lines(match["keyword"].lower(), self._name(match["who"].strip()))

    def _about_lines(self, keyword: str, who: str) -> Iterator[str]:
        if self.repairing:
            yield from self._declare(who)
            if keyword == "deactivate" and not self._active[who]:
                self.note(f"took out the end of an activation that `{who}` has not")
                return
            if keyword == "destroy":
                yield from self._let_go(None)
                self._held = ("destroy", f"destroy {who}", who)
                return
        self._active[who] += {"activate": 1, "deactivate": -1}.get(keyword, 0)
        yield self._line(f"{keyword} {who}")

    def _block(self, piece: str) -> Iterator[str] | None:
        if _END.fullmatch(piece) or (self.repairing and _LOOSE_END.fullmatch(piece)):
            return self._ended(piece)
        match = _SECTION.fullmatch(piece)
        if match is not None:
            return self._section(match["keyword"].lower(), match["text"].strip())
        match = _OPENING.fullmatch(piece)
        return None if match is None else self._opened(match)

    def _opened(self, match: re.Match[str]) -> Iterator[str]:
        keyword, text = match["keyword"].lower(), match["text"].strip()
        yield self._line(f"{keyword} {text}".rstrip())
        self._blocks.append(keyword)

    def _section(self, keyword: str, text: str) -> Iterator[str]:
        block = self._blocks[-1] if self._blocks else ""
        if self.repairing and SECTION_KEYWORDS.get(block) != keyword:
            if block not in SECTION_KEYWORDS:
                self.note(f"`{keyword}` stands in no block that has one, so a new `opt` begins")
                if self._blocks:
                    self._blocks.pop()
                    yield self._line("end")
                yield self._line(f"opt {text}".rstrip())
                self._blocks.append("opt")
                return
            self.note(f"the sections of `{block}` begin with `{SECTION_KEYWORDS[block]}`")
            keyword = SECTION_KEYWORDS[block]
        indent = " " * INDENT * max(len(self._blocks), 1)
        yield f"{indent}{keyword} {text}".rstrip()

    def _ended(self, piece: str) -> Iterator[str]:
        if self.repairing:
            if not self._blocks:
                self.note("took out an `end` that ends nothing")
                return
            if piece.lower() != "end":
                self.note(f"wrote `end` for `{piece[:40]}`")
        if self._blocks:
            self._blocks.pop()
        yield self._line("end")

    def _remark(self, piece: str) -> Iterator[str] | None:
        match = _NOTE.fullmatch(piece)
        if match is not None:
            return self._remarked(match["place"].lower(), match["who"], match["text"])
        if not self.repairing:
            return None
        match = _LOOSE_NOTE.fullmatch(piece)
        if match is not None:
            place = {"left": "left of", "right": "right of"}.get((match["place"] or "").lower())
            self.note("placed the note as Mermaid writes it")
            return self._remarked(place or "over", match["who"], match["text"])
        if re.match(r"note\s+(?:left|right|over)\b", piece, re.IGNORECASE):
            self._note = (piece, [])
            return iter(())
        return None

    def _remarked(self, place: str, who: str, text: str) -> Iterator[str]:
        names = [self._name(each.strip()) for each in who.split(",")]
        if self.repairing:
            most = 2 if place == "over" else 1
            if len(names) > most:
                self.note("placed the note by its first and its last participant")
                names = [names[0], names[-1]][:most]
        for each in names:
            yield from self._declare(each)
        yield self._line(f"Note {place} {','.join(names)}: {text.strip()}".rstrip())

    def _links(self, piece: str) -> Iterator[str] | None:
        match = _LINK.fullmatch(piece)
        if match is not None:
            return self._linked(match["who"], {match["label"].strip(): match["url"]})
        match = _LINKS.fullmatch(piece)
        if match is None:
            return None
        try:
            targets = json.loads(match["json"])
        except (ValueError, RecursionError):
            return None
        if not all(isinstance(each, str) and "@" not in key for key, each in targets.items()):
            return None
        return self._linked(match["who"], targets)

    def _linked(self, who: str, targets: dict[str, str]) -> Iterator[str]:
        name = self._name(who.strip())
        yield from self._declare(name)
        for label, url in targets.items():
            yield self._line(f"link {name}: {label} @ {url}")

    def _message(self, piece: str) -> Iterator[str] | None:
        read = message(piece, repairing=self.repairing)
        if read is None:
            return None
        if self.repairing and message(piece, repairing=False) is None:
            self.note(f"wrote `{piece[:60]}` as a message")
        return self._sent(read)

    def _sent(self, read: Message) -> Iterator[str]:
        sender = self._name(read.sender)
        receivers = read.receiver.split(",") if self.repairing else [read.receiver]
        if len(receivers) > 1:
            self.note("wrote a message for each of the receivers")
        for each in receivers:
            receiver = self._name(each.strip())
            yield from self._let_go((sender, receiver))
            yield from self._declare(sender)
            yield from self._declare(receiver)
            mark = self._mark(read, sender, receiver)
            text = f" {read.text}" if read.text else ""
            yield self._line(f"{sender}{read.before}{read.arrow}{mark}{receiver}:{text}")

    def _mark(self, read: Message, sender: str, receiver: str) -> str:
        """`+`, `-` or `()`, without an end of an activation that has not begun."""
        if read.behind == "+":
            self._active[receiver] += 1
        elif read.behind == "-":
            hidden = receiver[:1] in ("x", "X") or read.arrow not in ARROWS
            if self.repairing and (hidden or self._active[sender] < 1):
                self.note(f"took out the end of an activation that `{sender}` has not")
                return ""
            self._active[sender] -= 1
        return read.behind

    # --- repairs ----------------------------------------------------------------------------

    def _declare(self, name: str) -> Iterator[str]:
        """Mermaid would declare it silently, here and in the same way."""
        if name not in self._declared and (self.repairing or is_name(name)):
            self._declared.setdefault(name)
            original = next((key for key, new in self._renamed.items() if new == name), None)
            yield self._line(f"participant {name}{f' as {original}' if original else ''}")

    def _name(self, raw: str) -> str:
        """The participant's name; when repairing, one that Mermaid reads."""
        if not self.repairing or raw in self._declared:
            return raw
        bare = raw.strip("\"'`[](){}+- ") or raw
        known = next((each for each in self._declared if each.lower() == bare.lower()), None)
        if known is not None:
            return known
        if is_name(bare):
            return bare
        if bare not in self._renamed:
            word = re.sub(r"\W+", "_", bare, flags=re.ASCII).strip("_") or "Participant"
            self._renamed[bare] = word if is_name(word) else f"{word}_"
            self.note(f"named the participant `{bare[:40]}` {self._renamed[bare][:40]}")
        return self._renamed[bare]

    def _let_go(self, ends: tuple[str, str] | None) -> Iterator[str]:
        """Write the creation or destruction that waits, if this is the message that does it."""
        if self._held is None:
            return
        keyword, line, name = self._held
        self._held = None
        if keyword == "create":
            fits = ends is not None and ends[1] == name != ends[0]
            if ends is not None and fits:
                yield from self._declare(ends[0])
            else:
                self.note(f"no message creates `{name}` right behind its declaration")
            yield self._line(f"create {line}" if fits else line)
        elif ends is not None and name in ends:
            yield self._line(line)
        else:
            self.note(f"no message destroys `{name}`, so it stays")

    def _mended(self, text: str) -> str:
        """Without a bullet, and with `#` where it was meant."""
        bullet = _BULLET.match(text)
        if bullet is not None and not message(text, repairing=False):
            self.note("took out the bullet")
        text = text[bullet.end() :] if bullet else text
        if text.startswith("#"):
            return text
        return re.sub(r"#(?!\w+;)(?=\w)", "#35;", text)

    def _rejoined(self, pieces: list[str]) -> list[str]:
        whole = rejoined(pieces)
        if len(whole) < len(pieces):
            self.note("wrote the `;` in the text as `#59;`")
        return whole
