"""The parts of a class diagram's lines as Mermaid's lexer finds them, and their canonical form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from naiad.grammar.families.class_patterns import KEYWORDS, written_name
from naiad.grammar.patterns import ENTITY
from naiad.grammar.rewriting.escaping import escaped

BARRED = '"<>#;`'
"""Characters that no text in quotes holds as they are; a backslash may begin `\\n`."""

_KINDS = [
    ("blank", r"\s+"),
    ("literal", r"`[^`]*`"),
    ("string", r'"[^"]*"'),
    ("generic", r"~[^~]*~"),
    ("head", r"<\||\|>|<(?!<)|>(?!>)|\*|\(\)|o\b"),
    ("line", r"--|\.\."),
    ("label", rf":(?:{ENTITY}|[^:;])+"),
    ("word", r"\w+|[^\x00-\x7f]|[.-]"),
    ("other", r"."),
]
_PATTERN = "|".join(f"(?P<k{number}>{pattern})" for number, (_, pattern) in enumerate(_KINDS))
_TOKEN = re.compile(_PATTERN, re.ASCII)
_TOKEN_AS_MEANT = re.compile(_PATTERN)
"""With whole words where Mermaid's lexer stops at a letter beyond ASCII: "Vidéo", not Vidé o."""
_LEFT = {"|>": "<|", ">": "<"}
_RIGHT = {"<|": "|>", "<": ">"}
_TAG = re.compile(r"<[A-Z][A-Za-z0-9_, ]{0,40}>")


@dataclass(frozen=True)
class Part:
    """A token of a line."""

    kind: str
    text: str


@dataclass(frozen=True)
class Named:
    """A class as a line names it."""

    id: str
    generic: str | None = None

    def __str__(self) -> str:
        generic = "" if self.generic is None else f"~{self.generic.strip()}~"
        return f"{written_name(self.id)}{generic}"


def parts_of(text: str, *, as_meant: bool = False) -> list[Part]:
    """The tokens of a line, without blanks."""
    found = []
    for match in (_TOKEN_AS_MEANT if as_meant else _TOKEN).finditer(text):
        kind = _KINDS[int((match.lastgroup or "k0")[1:])][0]
        if kind == "word" and match[0] in KEYWORDS:
            kind = "keyword"
        if kind != "blank":
            found.append(Part(kind, match[0]))
    return found


def read_name(parts: Sequence[Part], at: int) -> tuple[Named | None, int]:
    """The class named from part `at` on, None if there is none, and the part behind it.

    Mermaid puts the words of a name together: `My Class` names MyClass.
    """
    pieces = []
    while at < len(parts) and parts[at].kind in ("word", "literal"):
        pieces.append(parts[at].text.strip("`"))
        at += 1
    if not "".join(pieces):
        return None, at
    generic = None
    if at < len(parts) and parts[at].kind == "generic":
        generic = parts[at].text.strip("~")
        at += 1
    return Named("".join(pieces), generic), at


@dataclass(frozen=True)
class Relation:
    """A relation, or with no second class a member (or nothing at all)."""

    first: Named
    arrow: str = ""
    second: Named | None = None
    counts: tuple[str, str] = ("", "")
    label: str = ""

    @property
    def named(self) -> tuple[Named, ...]:
        """The classes that come into being here; an interface drawn as a circle is none."""
        if self.second is None:
            return (self.first,) if self.label else ()
        if self.arrow.startswith("()") and not self.arrow.endswith(")"):
            return (self.second,)
        if self.arrow.endswith("()") and not self.arrow.startswith("("):
            return (self.first,)
        return (self.first, self.second)

    def __str__(self) -> str:
        left, right = (f'"{escaped(each, BARRED)}"' if each else "" for each in self.counts)
        label = escaped_label(self.label)
        ends = [str(self.first), left, self.arrow, right, str(self.second)]
        return " ".join(each for each in ends if each) + (f" : {label}" if label else "")


def escaped_label(label: str) -> str:
    """The text of a relation; generics that look like tags stay, for Mermaid leaves them out."""
    pieces = []
    end = 0
    for tag in _TAG.finditer(label):
        pieces += [escaped_piece(label[end : tag.start()]), tag[0]]
        end = tag.end()
    return "".join([*pieces, escaped_piece(label[end:])]).strip()


def escaped_piece(text: str) -> str:
    """`text` escaped, with the blanks around it."""
    inner = escaped(text, "<>#;`:")
    before = text[: len(text) - len(text.lstrip())]
    return f"{before}{inner}{text[len(text.rstrip()) :] if inner else ''}"


def read_relation(text: str, *, as_meant: bool = False) -> Relation | None:
    """The relation or member that a whole line is; None when it is neither.

    as_meant: whether the text is invalid, so that not Mermaid's reading of a name counts.
    """
    parts = parts_of(text, as_meant=as_meant)
    first, at = read_name(parts, 0)
    if first is None:
        return None
    if at == len(parts):
        return Relation(first)
    if at + 1 == len(parts) and parts[at].kind == "label":
        return Relation(first, label=parts[at].text[1:].strip())
    left_count, at = _string(parts, at)
    left, at = _of_kind(parts, at, "head")
    line, at = _of_kind(parts, at, "line")
    right, at = _of_kind(parts, at, "head")
    right_count, at = _string(parts, at)
    second, at = read_name(parts, at)
    if not line or second is None or (as_meant and "-" in (first.id[-1], second.id[0])):
        return None
    label, at = _of_kind(parts, at, "label")
    if at < len(parts):
        return None
    arrow = f"{_LEFT.get(left, left)}{line}{_RIGHT.get(right, right)}"
    return Relation(first, arrow, second, (left_count, right_count), label[1:].strip())


def _string(parts: Sequence[Part], at: int) -> tuple[str, int]:
    found, at = _of_kind(parts, at, "string")
    return found.strip('"').strip(), at


def _of_kind(parts: Sequence[Part], at: int, kind: str) -> tuple[str, int]:
    if at < len(parts) and parts[at].kind == kind:
        return parts[at].text, at + 1
    return "", at
