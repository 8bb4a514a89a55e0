"""stateDiagram-v2: states, transitions, composite states, notes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.families.state import is_plain
from naiad.grammar.patterns import ENTITY, LINE_BREAK
from naiad.grammar.rewriting.chart_rewriter import ChartRewriter

_STATE = r"(?:\[\*\]|[^\s:{}\"<>-]+)"


def _end(side: str) -> str:
    """Pattern of a state with its class, if it has one."""
    return rf"(?P<{side}>{_STATE})(?:\s*:::\s*(?P<{side}_class>\w+))?"


_TRANSITION = re.compile(rf"{_end('left')}\s*-->\s*{_end('right')}\s*(?::(?!::)\s*(?P<label>.*))?")
_DESCRIPTION = re.compile(rf"(?P<id>{_STATE})\s*:(?!::)\s*(?P<label>.*)")
_SHORTHAND = re.compile(r"(?P<id>\w+)\s*:::\s*(?P<class>\w+)")
_PSEUDO = re.compile(
    r"state\s+(?P<id>\S+?)\s*(?:<<(?P<kind>fork|join|choice)>>|\[\[(?P<old>fork|join|choice)\]\])",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf'state\s*"(?P<label>[^"]*)"\s*as\s+(?P<id>{_STATE})\s*(?::\s*(?P<more>[^{{]*))?'
    r"(?P<open>\{(?P<rest>.*))?"
)
_HOLDABLE = re.compile(rf'state\s+(?:"[^"]*"\s*as\s+)?{_STATE}')
_COMPOSITE = re.compile(rf"state\s+(?P<id>{_STATE})\s*\{{(?P<rest>.*)")
_DECLARED = re.compile(r"state\s+(?P<words>[^{\"]+)")
_NOTE = re.compile(
    rf"note\s+(?P<side>left|right)\s+of\s+(?P<id>{_STATE})\s*(?::\s*(?P<label>.*))?", re.IGNORECASE
)
_NOTE_END = re.compile(r"end\s+note\b(?P<rest>.*)", re.IGNORECASE)
_DIRECTION = re.compile(r"direction\s+(?P<direction>TB|BT|LR|RL|TD)\b.*", re.IGNORECASE)
_LOOKS = re.compile(r"(?P<keyword>classDef|class|style)\s+(?P<rest>.*)", re.IGNORECASE)
_CLASS = re.compile(r"(?P<ids>\w+(?:\s*,\s*\w+)*)\s+(?P<class>\w+)\s*;?")
_IDS_AND_STYLES = re.compile(r"(?P<ids>[\w,]+)\s+(?P<styles>.*)")
_NO_EFFECT = re.compile(r"hide empty description\b|scale\s+\d+(?:\s+width\b)?", re.IGNORECASE)
_BOX = r"\w+(?:\[[^\]]*\]+|\([^)]*\)+|\{[^}]*\}+)"
_LOOSE_TRANSITION = re.compile(
    rf"(?P<left>{_BOX}|{_STATE}|\"[^\"]*\")\s*(?:-+>+|=+>+|-\.+->|→|⟶|--+(?=\s))\s*"
    rf"(?:\|(?P<between>[^|]*)\|\s*)?(?P<right>{_BOX}|{_STATE}|\"[^\"]*\"|[^:]+?)\s*(?::\s*(?P<label>.*))?"
)
_SHAPED = re.compile(r"(?P<id>\w+)\s*(?:\[+|\(+|\{+)\"?(?P<label>[^\"\])}]*)\"?(?:\]+|\)+|\}+)")
_ESCAPE = re.compile(rf"(?P<kept>{ENTITY}|{LINE_BREAK})|<br\s*/?>|[<;]|%(?=%)|:(?=[:;<]|$)")
_ENTITIES = {"<": "#lt;", ";": "#59;", "%": "#37;", ":": "#58;", '"': "#quot;", "[": "#91;"}
_PERCENT_IN_LABEL = re.compile(r"^[^%{]*[^%:]:[^%:{][^%]*%%.*")
"""Behind a label there is no comment: the label goes on to the end of the line."""
_TAKEN_FOR_DIRECTION = re.compile(r"\s+(?=(?:TB|BT|LR|RL))", re.IGNORECASE)


class StateRewriter(ChartRewriter):
    """Braces follow the depth of the blocks. When repairing, blocks and notes are closed."""

    type = "stateDiagram-v2"
    keyword = r"stateDiagram(?:-v2)?\b"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._depth = 1
        self._held: str | None = None
        """A line that may go on with a `{` on the next one."""
        self._note: str | None = None
        """The line that opened a note of several lines."""
        self._note_lines: list[str] = []
        self._alias: dict[str, str] = {}
        """Text that was written for a state -> the id made for it."""

    def written_keyword(self, found: re.Match[str]) -> str:
        return "stateDiagram-v2"

    def comment(self, text: str) -> str:
        return self._line(text)

    def statement(self, text: str, indent: int) -> Iterator[str]:
        if self._note is not None:
            yield from self._in_note(text)
            return
        text = _PERCENT_IN_LABEL.sub(lambda found: found[0].replace("%", "#37;"), text, count=1)
        for line in super().statement(text, indent):
            yield self._line(line.strip()) if line.startswith("    %%") else line

    def entry(self, text: str) -> Iterator[str]:
        if self._held is not None:
            held, self._held = self._held, None
            if text.startswith("{"):
                text = f"{held} {text}"
            else:
                yield from self._entry(held)
        if _HOLDABLE.fullmatch(text):
            self._held = text
        else:
            yield from self._entry(text)

    def _entry(self, text: str) -> Iterator[str]:
        if text.startswith("}"):
            yield from self._closed(text[1:].strip())
        elif text == "{" and self.repairing:
            self.note("took away a `{` that opened nothing")
        elif not _NO_EFFECT.fullmatch(text):
            for line in self._canonical(text):
                yield from line if isinstance(line, list) else [self._line(line)]

    def finish(self) -> Iterator[str]:
        if self._held is not None:
            held, self._held = self._held, None
            yield from self._entry(held)
        if self._note is not None and self.repairing:
            self.note("ended the note")
            yield from self._in_note("end note")
        while self._depth > 1 and self.repairing:
            self.note("closed the composite state")
            yield from self._closed("")
        yield from super().finish()

    def _heading(self, text: str) -> list[str] | None:
        if re.match(r"title\b", text):
            if self.repairing:
                self.note("left out the title: state diagrams have theirs in the front matter")
                return []
            return None
        return super()._heading(text)

    def _line(self, text: str) -> str:
        return f"{'    ' * self._depth}{text}"

    def _closed(self, rest: str) -> Iterator[str]:
        if self._depth == 1 and self.repairing:
            self.note("took away a `}` that closed nothing")
        else:
            self._depth = max(1, self._depth - 1)
            yield self._line("}")
        if rest:
            yield from self.statement(rest, 0)

    def _canonical(self, text: str) -> Iterator[str | list[str]]:
        """Lines without indentation; lists are lines that have theirs."""
        transition = _TRANSITION.fullmatch(text)
        direction = _DIRECTION.fullmatch(text)
        if direction:
            yield f"direction {direction['direction'].upper().replace('TD', 'TB')}"
        elif transition:
            yield self._transition(transition)
        elif note := _NOTE.fullmatch(text):
            yield from self._noted(note)
        elif pseudo := _PSEUDO.fullmatch(text):
            kind = pseudo["kind"] or pseudo["old"]
            yield f"state {self._id(pseudo['id'])} <<{kind.lower()}>>"
        elif named := _NAMED.fullmatch(text):
            yield from self._named(named)
        elif composite := _COMPOSITE.fullmatch(text):
            yield from self._opened(f"state {self._id(composite['id'])} {{", composite["rest"])
        elif declared := _DECLARED.fullmatch(text):
            yield from self._declared(declared["words"].strip())
        elif looks := _LOOKS.fullmatch(text):
            yield _styled(looks["keyword"].lower(), looks["rest"])
        elif shorthand := _SHORTHAND.fullmatch(text):
            yield f"class {shorthand['id']} {shorthand['class']}"
        elif description := _DESCRIPTION.fullmatch(text):
            label = _label(description["label"])
            yield f"{self._id(description['id'])} : {label}" if label else text
        elif is_plain(text):
            yield text
        else:
            yield from self._mended_line(text) if self.repairing else [text]

    def _declared(self, words: str) -> Iterator[str]:
        """`state X` without more: Mermaid reads it, and draws nothing for it."""
        id, colon, label = (part.strip() for part in words.partition(":"))
        if self.repairing and is_plain(id):
            self.note(f"wrote the state {id} so that it is drawn")
            yield f"{id} : {_label(label)}" if colon and label else id
        elif self.repairing:
            yield from (each for each in self._mended_line(words) if isinstance(each, str))
        else:
            self.note(f"left out `state {words}`, for which Mermaid draws nothing")

    def _transition(self, found: re.Match[str]) -> str:
        ends = []
        for side in ("left", "right"):
            look = f":::{found[f'{side}_class']}" if found[f"{side}_class"] else ""
            ends.append(f"{self._id(found[side])}{look}")
        label = _label(found["label"] or "")
        return f"{ends[0]} --> {ends[1]}" + (f" : {label}" if label else "")

    def _id(self, id: str) -> str:
        """The id of a state; when repairing, one that Mermaid takes."""
        if id == "[*]" or is_plain(id) or not self.repairing:
            return id
        if id.strip("()*[]").lower() in ("", "start", "end"):
            return "[*]"
        if id not in self._alias:
            safe = re.sub(r"\W+", "_", id, flags=re.ASCII).strip("_") or "State"
            self._alias[id] = safe if is_plain(safe) else f"{safe}_"
            self.note(f"called the state `{id}` {self._alias[id]}")
        return self._alias[id]

    def _named(self, found: re.Match[str]) -> Iterator[str | list[str]]:
        id, label = self._id(found["id"]), _label(found["label"], quoted=True)
        if not label:
            yield found[0]
            return
        if found["open"]:
            yield from self._opened(f'state "{label}" as {id} {{', found["rest"])
            return
        yield f'state "{label}" as {id}'
        if found["more"]:
            yield f"{id} : {_label(found['more'])}"

    def _opened(self, line: str, rest: str) -> Iterator[str | list[str]]:
        yield line
        self._depth += 1
        if rest.strip():
            inner, brace, after = rest.strip().rpartition("}")
            if brace and self.repairing:
                self.note("wrote the composite state on lines of their own")
                yield [*self._statements(inner), *self._closed(after.strip())]
            else:
                yield list(self.statement(rest.strip(), 0))

    def _statements(self, text: str) -> Iterator[str]:
        for part in text.split(";"):
            if part.strip():
                yield from self.statement(part.strip(), 0)

    def _noted(self, found: re.Match[str]) -> Iterator[str | list[str]]:
        start = f"note {found['side'].lower()} of {self._id(found['id'])}"
        if found["label"] is None:
            self._note, self._note_lines = start, []
        else:
            label = _label(found["label"].replace(":", "#58;"))
            yield f"{start} : {label}" if label else found[0]

    def _in_note(self, text: str) -> Iterator[str]:
        end = _NOTE_END.fullmatch(text)
        if end is None:
            self._note_lines.append(_note_line(text, is_first=not self._note_lines))
            return
        yield self._line(self._note or "")
        yield from (f"{self._line('')}    {each}" for each in self._note_lines)
        yield self._line("end note")
        self._note = None
        if end["rest"].strip():
            yield from self.statement(end["rest"].strip(), 0)

    def _mended_line(self, text: str) -> Iterator[str | list[str]]:
        """What a line that Mermaid refuses was meant to be."""
        transition = _LOOSE_TRANSITION.fullmatch(text)
        if transition:
            ends = [self._shown(transition[side]) for side in ("left", "right")]
            yield from (description for description, _ in ends if description)
            label = _label(transition["between"] or transition["label"] or "")
            self.note("wrote the transition as `-->`")
            yield f"{ends[0][1]} --> {ends[1][1]}" + (f" : {label}" if label else "")
            return
        words = re.sub(r"^state\s+", "", text).rstrip("{").strip()
        opens = text.rstrip().endswith("{")
        if re.fullmatch(r"[\w \"'()/&,.-]+", words):
            description, id = self._shown(words)
            if opens:
                _, _, label = description.partition(" : ")
                name = f'"{_label(label, quoted=True)}" as {id}' if label else id
                yield from self._opened(f"state {name} {{", "")
            else:
                yield description or id
        else:
            yield text

    def _shown(self, text: str) -> tuple[str, str]:
        """A line that describes a state, if it needs one, and its id."""
        shaped = _SHAPED.fullmatch(text.strip())
        if shaped and is_plain(shaped["id"]):
            label = _label(shaped["label"])
            return (f"{shaped['id']} : {label}" if label else "", shaped["id"])
        words = text.strip().strip("\"'")
        is_new = words not in self._alias
        id = self._id(words)
        return (f"{id} : {_label(words)}" if is_new and id not in (words, "[*]") else "", id)


def _label(text: str, *, quoted: bool = False) -> str:
    """A text behind a colon, or between quotes, as the grammar has it."""
    text = re.sub(r"\s+", " ", text.strip())

    def entity(found: re.Match[str]) -> str:
        if found["kept"]:
            return found[0]
        return LINE_BREAK if found[0][:3].lower() == "<br" else _ENTITIES[found[0]]

    text = _ESCAPE.sub(entity, text)
    if quoted:
        text = text.replace('"', "#quot;").replace("[", "#91;")
    return _TAKEN_FOR_DIRECTION.sub("#32;", text)


def _note_line(text: str, *, is_first: bool) -> str:
    text = _ESCAPE.sub(lambda found: _kept_or_entity(found, colons=False), text)
    return f"#58;{text[1:]}" if is_first and text.startswith(":") else text


def _kept_or_entity(found: re.Match[str], *, colons: bool) -> str:
    if found["kept"] or (found[0] == ":" and not colons):
        return found[0]
    return LINE_BREAK if found[0][:3].lower() == "<br" else _ENTITIES[found[0]]


def _styled(keyword: str, rest: str) -> str:
    rest = rest.strip()
    if keyword == "class":
        found = _CLASS.fullmatch(rest)
        ids = re.sub(r"\s*,\s*", ", ", found["ids"]) if found else ""
        return f"class {ids} {found['class']}" if found else f"class {rest}"
    keyword = {"classdef": "classDef"}.get(keyword, keyword)
    found = _IDS_AND_STYLES.fullmatch(rest)
    if found is None:
        return f"{keyword} {rest}"
    styles = (each.strip() for each in found["styles"].rstrip("; ").split(","))
    return f"{keyword} {found['ids']} {','.join(each for each in styles if each)}"
