"""The pieces of a class diagram's lines, as patterns.

Mermaid's lexer knows its keywords wherever a token begins, also in the middle of a name behind a
letter beyond ASCII or a hyphen, so names are built from runs of ASCII letters that are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from naiad.grammar.patterns import (
    ENTITY,
    IDEOGRAPHS,
    LETTERS,
    LINE_BREAK,
    name,
    one_of,
    optional,
    quoted,
    text,
)

KEYWORDS = frozenset(
    {"accTitle", "accDescr", "classDiagram", "call", "style", "classDef", "namespace", "class"}
    | {"cssClass", "callback", "link", "click", "note", "href", "o"}
    | {"_self", "_blank", "_parent", "_top"}
)
"""Words that Mermaid's lexer takes for something else than a name."""

_BEYOND = LETTERS + IDEOGRAPHS
# What only begins like a keyword is left out here too: it keeps the pattern a fifth as long.
_RUN = name(
    "A-Za-z0-9",
    "A-Za-z0-9_",
    except_for={"o"},
    beginnings={"acc", "call", "class", "click", "css", "href", "link", "name", "note", "style"},
)
_LITERAL_KEYWORDS = frozenset({"cssclass", "callback", "link", "click", "note", "href"})
_NEW_LINE = r"\\n"
"""A backslash and an n, which Mermaid draws as a new line."""
_IN_BACKTICKS = text(
    '"<>#;\\`~,', units=(_NEW_LINE,), longest=80, first_word_except=_LITERAL_KEYWORDS
)
LITERAL_NAME = f"`{_IN_BACKTICKS}`"
"""A name in backticks, which may hold blanks and most characters."""


def bare_name(except_for: Iterable[str] = ()) -> str:
    """A class's name without backticks: runs of letters with hyphens and dots between them."""
    taken = frozenset(except_for)
    first = name("A-Za-z0-9_", "A-Za-z0-9_", except_for=KEYWORDS)
    beyond = f"[{_BEYOND}](?:{_RUN})?"
    more = rf"(?:{beyond}|[.\-]{_RUN})"
    if not taken:
        return f"(?:{first}|{beyond}){more}{{0,20}}"
    alone = name("A-Za-z0-9_", "A-Za-z0-9_", except_for=KEYWORDS | taken)
    return f"(?:{alone}|{first}{more}{{1,20}}|{beyond}{more}{{0,20}})"


def class_name(group: str, except_for: Iterable[str] = ()) -> str:
    """A class's name with or without backticks, captured with them."""
    return f"(?P<{group}>{bare_name(except_for)}|{LITERAL_NAME})"


def needs_no_backticks(class_id: str) -> bool:
    """Whether a class of this name may stand without backticks."""
    return _BARE.fullmatch(class_id) is not None


def written_name(class_id: str) -> str:
    """A class's name as a line holds it."""
    return class_id if needs_no_backticks(class_id) else f"`{class_id}`"


def namespace_name(except_for: Iterable[str] = ()) -> str:
    """`Sales` or, for one in others, `Company.Sales`."""
    simple = name("A-Za-z_", "A-Za-z0-9_", except_for=KEYWORDS.union(except_for))
    return f"(?:{simple}|{_DOTTED})"


WORD = name("A-Za-z_", "A-Za-z0-9_", except_for=KEYWORDS)
"""A style class, an annotation: one token of the lexer."""
_TYPE_REST = r"[A-Za-z0-9_ ,.\[\]?|\&\-]"
GENERIC = rf"~{WORD}(?:[ ,.\[\]?|\&\-]{_TYPE_REST}{{0,40}})?~"
_IN_QUOTES = '"<>#;\\`'
LABEL = rf"\[{quoted(text(_IN_QUOTES, units=(ENTITY, _NEW_LINE)))}\]"
STYLE_CLASS = f":::{WORD}"

_IN_MEMBERS = "(){}<>#;`\\"
ANNOTATION = f"<<(?:{WORD})>>"
ANNOTATION_TEXT = f"<<{text(_IN_MEMBERS + chr(34), units=())}>>"


def member(excluding: str = "") -> str:
    """An attribute or a method: `+String name`, `-find(int id) List~Item~$`.

    excluding: characters that it has to do without where it stands. A bracket that opens no
    parameters, or has no name before it, makes Mermaid's parser fail.
    """
    part = text(_IN_MEMBERS + excluding, units=())
    return rf"[+\-#\~]?{part}(?:\((?:{part})?\)(?: ?{part})?)?"


_LEFT = one_of(("<|", "*", "o", "<"))
_RIGHT = one_of(("|>", "*", "o", ">"))
_LINE = r"(?:--|\.\.)"
ARROW = rf"(?:{optional(_LEFT)}{_LINE}{optional(_RIGHT)}|\(\){_LINE}\(\))"
PROVIDED = rf"\(\){_LINE}"
"""An interface on the left, drawn as a circle."""
REQUIRED = rf"{_LINE}\(\)"
"""An interface on the right."""
COUNT = quoted(text(_IN_QUOTES, units=(), longest=40))
# People write generics as in code; Mermaid leaves them out like any tag.
_TAG = "<[A-Z][A-Za-z0-9_, ]{0,40}>"
RELATION_TEXT = text("<>#;\\`:", units=(LINE_BREAK, ENTITY, _TAG))
NOTE = quoted(text(_IN_QUOTES, units=(LINE_BREAK, ENTITY, _NEW_LINE)))
_DOTTED = rf"{WORD}(?:\.{WORD}){{1,3}}"
_HOST = r"(?:https?://[A-Za-z0-9.\-]{1,80}|/[A-Za-z0-9_.\-]{1,40})"
URL = quoted(_HOST + r"[:/?=\&_.+\~#A-Za-z0-9\-]{0,200}")
TOOLTIP = quoted(text(_IN_QUOTES, units=()))
CALL = r"[A-Za-z_][A-Za-z0-9_]{0,39}\([A-Za-z0-9_, .\"\-]{0,60}\)"

_BARE = re.compile(bare_name())
