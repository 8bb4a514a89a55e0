"""The tokens of erDiagram as Mermaid's lexer takes them, so that a line means what it means there.

https://github.com/mermaid-js/mermaid/blob/develop/packages/mermaid/src/diagrams/er/parser/erDiagram.jison
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# In this order `one or more` is never read as `one`.
_CARDINALITIES = {
    "zero or one": r"one or zero\b|zero or one\b|\|o\b|o\|",
    "one or more": r"one or (?:more|many)\b|1\+|many\(1\)|\}\||\|\{",
    "zero or more": r"zero or (?:more|many)\b|0\+|\}o\b|many\(0\)|many\b|o\{",
    "only one": r"one\b|only one\b|1(?=\s+[A-Za-z0-9_\"'])|1(?=--|\.\.|\.-|-\.)|\|\|",
    "parent": r"u(?=[.\-|])",
}
SYMBOLS = {
    "zero or one": ("|o", "o|"),
    "one or more": ("}|", "|{"),
    "zero or more": ("}o", "o{"),
    "only one": ("||", "||"),
    "parent": ("u", "u"),
}
"""How the canonical subset writes a cardinality on the left and on the right."""

_KINDS = [
    ("blank", r"[ \t\r\f\v]+"),
    ("string", r'"[^"]*"'),
    ("header", r"erDiagram\b"),
    ("{", r"\{"),
    (",", ","),
    (":::", ":::"),
    (":", ":"),
    ("[", r"\["),
    ("]", r"\]"),
    ("style", r"(?:style|classDef)\b"),
    ("class", r"class\b"),
    ("subgraph", r"subgraph\b"),
    ("end", r"end\b"),
    *_CARDINALITIES.items(),
    ("number", r"[0-9]+(?:\.[0-9]+)?"),
    ("..", r"\.\.|optionally to\b|\.-|-\."),
    ("--", r"--|to\b"),
    ("name", r"(?:[^\x00-\x7f]|[\w*.-])+"),
    ("other", "."),
]
_TOKEN = re.compile(
    "|".join(f"(?P<k{number}>{pattern})" for number, (_, pattern) in enumerate(_KINDS)),
    re.IGNORECASE | re.ASCII,
)
_ATTRIBUTE_KINDS = [
    ("blank", r"\s+"),
    ("key", r"(?:PK|FK|UK)\b"),
    ("generic", r"[^\s~]*~.*~[^\s]*"),
    ("word", r"[*A-Za-z_\u00c0-\U0010ffff][A-Za-z0-9\-_\[\]().,\u00c0-\U0010ffff*]*"),
    ("backticks", r"`[^`]+`"),
    ("comment", r'"[^"]*"'),
    ("}", r"\}"),
    ("other", "."),
]
_ATTRIBUTE_TOKEN = re.compile(
    "|".join(f"(?P<k{number}>{pattern})" for number, (_, pattern) in enumerate(_ATTRIBUTE_KINDS)),
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class Token:
    """A piece of a line."""

    kind: str
    text: str
    end: int
    """Where the line goes on behind it."""

    @property
    def is_name(self) -> bool:
        """Whether it can name an entity."""
        return self.kind in ("name", "number", "string")

    @property
    def is_cardinality(self) -> bool:
        return self.kind in SYMBOLS


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a line outside of braces, without blanks."""
    return _tokens(text, _TOKEN, _KINDS)


def attribute_tokens(text: str) -> Iterator[Token]:
    """The tokens of a line between braces, without blanks."""
    return _tokens(text, _ATTRIBUTE_TOKEN, _ATTRIBUTE_KINDS)


def _tokens(text: str, pattern: re.Pattern[str], kinds: list[tuple[str, str]]) -> Iterator[Token]:
    for found in pattern.finditer(text):
        kind = kinds[int((found.lastgroup or "k0")[1:])][0]
        if kind != "blank":
            yield Token(kind, found[0], found.end())
