"""requirementDiagram: blocks of fields, relations, styles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.families.requirement import KINDS, METHODS, RELATIONS, RISKS, is_plain
from naiad.grammar.patterns import ENTITY
from naiad.grammar.rewriting.chart_rewriter import ChartRewriter

_NAME = r'(?:"[^"]*"|[^":,{}<>\-=]+)'
_KINDS = {kind.lower(): kind for kind in (*KINDS, "element")}
_BLOCK = re.compile(
    rf"(?P<kind>[A-Za-z]+)\s+(?P<name>{_NAME}?)\s*(?::::(?P<classes>[^{{]+))?\{{(?P<rest>.*)"
)
_LOOSE_BLOCK = re.compile(
    r"(?P<kind>[A-Za-z]+(?:[ _-](?i:requirement|constraint))?)\s+(?P<name>[^{]+?)\s*"
    r"(?::::(?P<classes>[\w, ]+))?\{(?P<rest>.*)"
)
_FIELD = re.compile(r"(?P<key>[A-Za-z_ ]+?)\s*[:=]\s*(?P<value>.*)")
_FIELD_END = re.compile(r"""(?P<field>(?:[^"}]|"[^"]*"|"(?=[^"]*$))*)(?P<end>\}?)(?P<rest>.*)""")
_ONE_LINE = re.compile(r"""[,;]\s*(?=[A-Za-z_]+\s*:)""")
_WORD = r"[A-Za-z]+"
_RELATION = re.compile(
    rf"(?P<left>{_NAME})\s*(?:-\s*(?P<to>{_WORD})\s*->|<-\s*(?P<from>{_WORD})\s*-)\s*"
    rf"(?P<right>{_NAME})"
)
_LOOSE_RELATIONS = (
    re.compile(
        rf"(?P<left>{_NAME}?)\s*[-=.]+>?\s*\|?(?P<to>{_WORD})\|?\s*[-=.]+>?\s*(?P<right>{_NAME})"
    ),
    re.compile(
        rf"(?P<left>{_NAME}?)\s*(?:[-=.]+>>?|-+)\s*(?P<right>{_NAME}?)\s*:\s*\"?(?P<to>{_WORD})\W*"
    ),
    re.compile(rf"(?P<left>\"[^\"]*\"|\w+)\s+(?P<to>{_WORD})\s+(?P<right>\"[^\"]*\"|\w+)"),
    re.compile(rf"(?P<left>{_NAME}?)\s*[-=.]+>>?\s*(?P<right>{_NAME})"),
)
_SHORTHAND = re.compile(rf"(?P<names>{_NAME}):::(?P<classes>[\w, ]+)")
_STYLE = re.compile(r"(?P<keyword>classDef|class|style)\s+(?P<rest>.*)", re.IGNORECASE)
_NAMES = re.compile(r'\s*(?:"[^"]*"|\w+)(?:\s*,\s*(?:"[^"]*"|\w+))*')
_DIRECTION = re.compile(r"direction\s+(?P<direction>TB|BT|LR|RL|TD)\b.*", re.IGNORECASE)
_KEYS = {
    **{key: key for key in ("id", "text", "risk", "verifymethod", "type")},
    **dict.fromkeys(("docref", "doc", "ref", "reference"), "docRef"),
    **dict.fromkeys(("description", "desc", "title", "name", "statement"), "text"),
    **dict.fromkeys(("verification", "verify", "method", "verificationmethod"), "verifymethod"),
}
_OF_ELEMENT = ("type", "docRef")
_ESCAPE = re.compile(rf'(?P<entity>{ENTITY})|["<>;`\\#]|%(?=%)')
_PLAIN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]{0,19}")
_TAKEN_FOR_DIRECTION = re.compile(r"\s+(?=(?:TB|BT|LR|RL))", re.IGNORECASE)
_BROKEN_LINE = re.compile(r"<br\s*/?>", re.IGNORECASE)


class RequirementRewriter(ChartRewriter):
    """Relations move behind the blocks they name. When repairing, blocks are closed."""

    type = "requirementDiagram"
    keyword = r"requirementDiagram\b"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._names: dict[str, None] = {}
        self._kind: str | None = None
        """Kind of the open block."""
        self._waiting: list[tuple[str, str, str]] = []
        """(left, arrow, right) of relations whose names are to come, and of all after them."""

    def entry(self, text: str) -> Iterator[str]:
        if self._kind is not None:
            yield from self._inside(text)
            return
        direction = _DIRECTION.fullmatch(text)
        if direction:
            yield f"    direction {direction['direction'].upper().replace('TD', 'TB')}"
        elif _STYLE.fullmatch(text):
            yield f"    {_styled(text)}"
        elif (block := self._block(text)) is not None:
            yield from self._opened(block)
        elif (relation := _RELATION.fullmatch(text) or self._loose_relation(text)) is not None:
            yield from self._related(relation)
        elif text[0] == "}":
            self.note("took away a `}` that closed nothing")
            yield from self.statement(text[1:].strip(), 0) if text[1:].strip() else ()
        elif shorthand := _SHORTHAND.fullmatch(text):
            yield f"    class {_names(shorthand['names'])} {_tight(shorthand['classes'])}"
        elif not (self.repairing and re.match(r"title\b", text)):
            yield f"    {text}"

    def _heading(self, text: str) -> list[str] | None:
        return None if re.match(r"title\b", text) else super()._heading(text)

    def _block(self, text: str) -> re.Match[str] | None:
        block = _BLOCK.fullmatch(text)
        is_known = block is not None and block["kind"].lower() in _KINDS
        return _LOOSE_BLOCK.fullmatch(text) if self.repairing and not is_known else block

    def _opened(self, block: re.Match[str]) -> Iterator[str]:
        kind = self._canonical_kind(block["kind"])
        name = _inner(block["name"])
        self._kind = kind
        classes = f":::{_tight(block['classes'])}" if block["classes"] else ""
        self._names[name] = None
        yield f"    {kind} {_written(name)}{classes} {{"
        rest = block["rest"].strip()
        if rest:
            parts = _ONE_LINE.split(rest) if self.repairing else [rest]
            if len(parts) > 1 or rest == "}":
                self.note("wrote every field of the block on a line of its own")
            for part in parts:
                yield from self._inside(part) if self._kind else ()

    def _canonical_kind(self, kind: str) -> str:
        known = _KINDS.get(kind.lower())
        if known is None:
            letters = re.sub(r"[^a-z]", "", kind.lower())
            guesses = [each for each in KINDS[1:] if letters and letters[:4] == each[:4].lower()]
            known = guesses[0] if guesses else "element"
            known = "requirement" if letters.startswith("req") else known
            self.note(f"wrote `{known}` instead of `{kind}`")
        return known

    def _inside(self, text: str) -> Iterator[str]:
        if self.repairing and (_RELATION.fullmatch(text) or _BLOCK.fullmatch(text)):
            self.note("closed the block before this line")
            yield self._closed()
            yield from self.statement(text, 0)
            return
        parts = _FIELD_END.fullmatch(text)
        if parts is None:
            yield f"        {text}"
            return
        if parts["field"].strip():
            yield from self._field(parts["field"].strip())
        if parts["end"]:
            yield self._closed()
            if parts["rest"].strip():
                yield from self.statement(parts["rest"].strip(), 0)

    def _closed(self) -> str:
        self._kind = None
        return "    }"

    def _field(self, text: str) -> Iterator[str]:
        field = _FIELD.fullmatch(text)
        if field is None:
            if not self.repairing:
                yield f"        {text}"
            else:
                self.note(f"left out `{text}`: it is no field")
            return
        key = _KEYS.get(re.sub(r"[^a-z]", "", field["key"].lower()), "")
        value = _inner(field["value"].rstrip(",") if self.repairing else field["value"])
        if not key or not value or (key in _OF_ELEMENT) != (self._kind == "element"):
            if not self.repairing:
                yield f"        {text}"
            else:
                self.note(f"left out `{text}`: a {self._kind} has no such field")
            return
        written = self._value(key, value)
        if written:
            yield f"        {key}: {written}"

    def _value(self, key: str, value: str) -> str | None:
        if key in ("risk", "verifymethod"):
            choices = RISKS if key == "risk" else METHODS
            letters = value.lower()[:3]
            chosen = next((each for each in choices if each.lower()[:3] == letters), None)
            if chosen is None:
                self.note(f"left out the {key} {value}: Mermaid knows {', '.join(choices)}")
            elif chosen.lower() != value.lower():
                self.note(f"wrote {chosen} instead of {value}")
            return chosen
        if key == "id" and is_plain(value.replace(".", "")) and _PLAIN_ID.fullmatch(value):
            return value
        return f'"{_escaped(value)}"'

    def _loose_relation(self, text: str) -> re.Match[str] | None:
        if not self.repairing:
            return None
        found = (each.fullmatch(text) for each in _LOOSE_RELATIONS)
        return next((each for each in found if each is not None), None)

    def _related(self, relation: re.Match[str]) -> Iterator[str]:
        parts = relation.groupdict()
        verb = (parts.get("to") or parts.get("from") or "traces").lower()
        known = next((each for each in RELATIONS if each[:4] == verb[:4]), None)
        if known is None:
            known = "traces"
            self.note(f"wrote `traces` instead of `{verb}`, which is no relation")
        elif known != verb or relation.re is not _RELATION:
            self.note(f"wrote the relation as `- {known} ->`")
        arrow = f"<- {known} -" if parts.get("from") else f"- {known} ->"
        names = _inner(parts["left"]), _inner(parts["right"])
        if not self._waiting and all(name in self._names for name in names):
            yield f"    {_written(names[0])} {arrow} {_written(names[1])}"
        else:
            self._waiting.append((names[0], arrow, names[1]))

    def finish(self) -> Iterator[str]:
        if self._kind is not None and self.repairing:
            self.note("closed the block")
            yield self._closed()
        if self.repairing:
            yield from self._missing()
        for left, arrow, right in self._waiting:
            yield f"    {_written(left)} {arrow} {_written(right)}"
        yield from super().finish()

    def _missing(self) -> Iterator[str]:
        """Elements for the names that relations use and nothing declares."""
        used = [name for left, _, right in self._waiting for name in (left, right)]
        for name in dict.fromkeys(used):
            if name not in self._names:
                self.note(f"added the element {name}, which a relation names")
                self._names[name] = None
                yield f"    element {_written(name)} {{"
                yield "    }"


def _inner(text: str) -> str:
    """A text without quotes and without blanks around it, before escaping."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return text


def _written(name: str) -> str:
    return name if is_plain(name) else f'"{_escaped(name)}"'


def _escaped(text: str) -> str:
    """A text for between quotes, without what the lexer takes for a direction."""
    breaks = [re.sub(r"\s+", " ", each) for each in _BROKEN_LINE.split(text)]
    written = (_ESCAPE.sub(_entity, each) for each in breaks)
    return "<br/>".join(_TAKEN_FOR_DIRECTION.sub("#32;", each) for each in written)


def _entity(found: re.Match[str]) -> str:
    if found["entity"]:
        return found[0]
    names = {'"': "quot", "<": "lt", ">": "gt"}
    return f"#{names.get(found[0], str(ord(found[0])))};"


def _tight(text: str) -> str:
    return re.sub(r"\s*,\s*", ",", text.strip())


def _names(text: str) -> str:
    return ",".join(_written(_inner(each)) for each in re.findall(r'"[^"]*"|[^",]+', text))


def _styled(text: str) -> str:
    """`classDef`, `class` or `style` without the blanks that Mermaid skips."""
    found = _STYLE.fullmatch(text)
    names = _NAMES.match(found["rest"]) if found else None
    if found is None or names is None:
        return text
    keyword = {"classdef": "classDef"}.get(found["keyword"].lower(), found["keyword"].lower())
    rest = found["rest"][names.end() :].strip().rstrip(";")
    if keyword == "class":
        return f"{keyword} {_names(names[0])} {_tight(rest)}"
    styles = ",".join(
        re.sub(r"\s*:\s*", ":", each.strip()) for each in rest.split(",") if each.strip()
    )
    return f"{keyword} {_names(names[0])} {styles}"
