"""What people and models write in an erDiagram that Mermaid refuses, and what they meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from naiad.grammar.families.er import KEYS, needs_no_quotes
from naiad.grammar.rewriting.escaping import escaped

_ORNAMENT = re.compile(r"\A(?:[-*•+]\s+|\d+[.)]\s+)+")
_END = " ;,"
_SIDE = r"\|\||\|o|o\||\}o|o\{|\}\||\|\{|\}\}|\{\{|\|>|<\||[|}{<>*]|(?<![^\s-])o(?![^\s-])"
_LINE = re.compile(
    rf"(?P<left>{_SIDE})?(?P<line>-\.+-|--+|\.\.+|==+|-(?=>))(?P<right>{_SIDE})?[|}}>{{]*"
)
_RELATED = re.compile(r"(?:\|\||\|o|\}o|\}\|)\s*(?:--|\.\.)|(?:--|\.\.)\s*(?:\|\||o\||o\{|\|\{)")
_FIRST_COUNT = re.compile(r"(?P<name>.*\S)\s+(?P<count>\"[\d.*nN]{1,4}\"|[\d.*]{1,4})")
_SECOND_COUNT = re.compile(r"(?P<count>\"[\d.*nN]{1,4}\"|[\d.*]{1,4})\s+(?P<name>\S.*)")
_COUNTS = {"1": "|", "0..1": "o|", "*": "o{", "n": "o{", "0..*": "o{", "1..*": "|{"}
"""How class diagrams say how many there are, and the end of a relationship."""
_OPENING = re.compile(r"[^{}:]+(?:\[[^\]]*\])?\s*\{\s*")
_TITLE = re.compile(r"title\s*:?\s+(?P<text>.+)", re.IGNORECASE)
_ALIASED = re.compile(r"(?P<name>[^\s\[\]\"]+)\s*\[\s*(?P<alias>[^\]]*)\]\s*(?P<brace>\{)?")
_DECLARED = re.compile(r"\A(?:entity|table|create table)\s+(?=\S)", re.IGNORECASE)
_LONGEST_NAME_WORDS = 3
"""More words than these are prose, not a name without its quotes."""

_TYPED = re.compile(r"[+#~*-]?\s*(?P<name>[\w.-]+)\s*:\s*(?P<type>[\w.\[\]()?-]+)(?P<rest>.*)")
_KEY = re.compile(
    r"\b(?:(?P<PK>PK|primary[ _]key)|(?P<FK>FK|foreign[ _]key)|(?P<UK>UK|unique))\b",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(?<=\w)\s*\(([^()]*)\)")
_COMMENT = re.compile(r'"([^"]*)"?')
_NOT_IN_NAMES = re.compile(r"[^\w.-]")
_WORD = re.compile(r"[^\W\d][\w.()\[\],?-]*")


@dataclass(frozen=True)
class Mended:
    """A statement that Mermaid takes."""

    line: str
    message: str
    opens: bool = False
    """Whether attributes follow it."""


def opens_a_statement(text: str) -> bool:
    """Whether a line between braces is no attribute: a relationship, or an entity's first line."""
    return _RELATED.search(text) is not None or (
        text.endswith("{") and _OPENING.fullmatch(text) is not None
    )


def mended_statement(text: str) -> Mended | None:
    """The statement that was meant; None when there is no telling."""
    text = _ORNAMENT.sub("", text, count=1).rstrip(_END)
    title = _TITLE.fullmatch(text)
    if title:
        kept = re.sub(r'["<>#;\\`{}]', "", title["text"]).strip()
        return Mended(f"accTitle: {kept}", "made the title an accTitle") if kept else None
    text = _DECLARED.sub("", text, count=1)
    line = _LINE.search(text)
    if line:
        return _relationship(text, line)
    aliased = _ALIASED.fullmatch(text)
    if aliased and aliased["alias"].strip(' "'):
        alias = escaped(aliased["alias"].strip(' "'), '"<>\\`%')
        brace = " {" if aliased["brace"] else ""
        whole = f'{_entity(aliased["name"])}["{alias}"]{brace}'
        return Mended(whole, "quoted the label", opens=bool(brace))
    opens = text.endswith("{")
    name = text.rstrip("{: ").strip()
    if not _is_name(name):
        return None
    return Mended(
        f"{_entity(name)}{' {' if opens else ''}", f"wrote the name {name!r}", opens=opens
    )


def _relationship(text: str, line: re.Match[str]) -> Mended | None:
    first = text[: line.start()].strip()
    second, _, role = text[line.end() :].partition(":")
    if role.startswith("::"):
        return None
    role = role.strip().strip('"').strip()
    first, left = _counted(_FIRST_COUNT, first, line["left"] or "")
    second, right = _counted(_SECOND_COUNT, second.strip(), line["right"] or "")
    if not second or not first or not _is_name(first) or not _is_name(second):
        return None
    if not left and right in ("", "<", ">"):
        right = "o{"
    drawn = f"{_left(left)}{'..' if '.' in line['line'] else '--'}{_right(right)}"
    label = escaped(role, '"<>#;\\`')
    written = f'{_entity(first)} {drawn} {_entity(second)} : "{label}"'
    return Mended(written, f"wrote the relationship as `{drawn}` with a label in quotes")


def _counted(pattern: re.Pattern[str], name: str, side: str) -> tuple[str, str]:
    """A name without the count that stands by it, and the symbol of the count or else `side`."""
    found = pattern.fullmatch(name)
    if found is None:
        return name, side
    return found["name"], side or _COUNTS.get(found["count"].strip('"').lower(), "|{")


def _left(side: str) -> str:
    return _right(side).translate(str.maketrans("{", "}"))[::-1]


def _right(side: str) -> str:
    """`o|`, `||`, `o{` or `|{` for whatever was written at the end of a line."""
    many = any(each in side for each in "{}<>*")
    none = "o" in side
    return f"{'o' if none else '|'}{'{' if many else '|'}"


def _is_name(text: str) -> bool:
    inside = text.strip('"')
    return bool(inside) and '"' not in inside and len(inside.split()) <= _LONGEST_NAME_WORDS


def _entity(name: str) -> str:
    name = re.sub(r'[%"\\<>#;`]', "", name).strip() or "_"
    return name if needs_no_quotes(name) else f'"{name}"'


def without_ornament(text: str) -> Iterator[str]:
    """The attributes of a line: parted at semicolons and commas, without bullets."""
    depth, start, quoted = 0, 0, False
    for at, each in enumerate(text):
        quoted ^= each == '"'
        depth += (each == "(") - (each == ")")
        # A comma between keys parts nothing.
        parts = each == ";" or (each == "," and not re.match(r"\s*[PFU]K\b", text[at + 1 : at + 9]))
        if parts and not quoted and depth <= 0:
            yield from _bare_attribute(text[start:at])
            start = at + 1
    yield from _bare_attribute(text[start:])


def _bare_attribute(text: str) -> Iterator[str]:
    bare = _ORNAMENT.sub("", text.strip(), count=1).strip(_END)
    if bare:
        yield bare


def mended_attribute(text: str) -> str | None:
    """`type name keys "comment"` of an attribute written otherwise; None when there is no telling.

    "id: int (primary key)" -> "int id PK", "name" -> "string name".
    """
    comment = _COMMENT.search(text)
    note = comment[1] if comment else ""
    text = _COMMENT.sub(" ", text)
    given = {found.lastgroup for found in _KEY.finditer(text)}
    keys = [key for key in KEYS if key in given]
    text = _SIZE.sub(
        lambda size: f"({re.sub(r'[^A-Za-z0-9_.,]', '', size[1])})", _KEY.sub(" ", text)
    )
    typed = _TYPED.fullmatch(text.replace("()", " ").strip())
    if typed:
        text = f"{typed['type']} {typed['name']} {typed['rest']}"
    words = [word for word in _WORD.findall(text.replace("()", " ")) if word.strip("(),.")]
    if not words or len(words) > 2 + _LONGEST_NAME_WORDS:
        return None
    attribute_type, name = words[:2] if len(words) > 1 else ("string", words[0])
    note = " ".join([*([note] if note else []), *words[2:]])
    written = f"{attribute_type} {_NOT_IN_NAMES.sub('', name)}"
    if keys:
        written += f" {', '.join(keys)}"
    return f'{written} "{note}"' if note else written
