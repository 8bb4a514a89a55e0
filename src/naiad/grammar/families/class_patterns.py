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
)
"""Words that Mermaid's lexer takes for something else than a name; `_self` and some more that
begin with an underscore are too."""

_BEYOND = LETTERS + IDEOGRAPHS
# A run that cannot be a keyword, by its first letters or its length: a twentieth of the pattern
# that leaves out the keywords and nothing else. Left out too: "name", "line", "calendar".
_RUN = (
    "(?:[A-Z0-9bd-gi-kmp-rt-z][A-Za-z0-9_]{0,39}|[achlns]|o[A-Za-z0-9_]{1,39}"
    "|(?:a[A-Zabd-z0-9_]|c[A-Zb-km-rt-z0-9_]|h[A-Za-qs-z0-9_]|l[A-Za-hj-z0-9_]"
    "|n[A-Zb-np-z0-9_]|s[A-Za-su-z0-9_])[A-Za-z0-9_]{0,38}"
    "|(?:ac[A-Zabd-z0-9_]|ca[A-Za-km-z0-9_]|cl[A-Zb-hj-z0-9_]|cs[A-Za-rt-z0-9_]"
    "|hr[A-Za-df-z0-9_]|li[A-Za-mo-z0-9_]|na[A-Za-ln-z0-9_]|no[A-Za-su-z0-9_]"
    "|st[A-Za-xz0-9_])[A-Za-z0-9_]{0,37}"
    "|(?:acc|cal|cla|cli|css|hre|lin|nam|not|sty)"
    "(?:[A-Za-z0-9_]{3,4}|[A-Za-z0-9_]{7,8}|[A-Za-z0-9_]{10,36})?)"
)
_NEW_LINE = r"\\n"
"""A backslash and an n, which Mermaid draws as a new line."""
# Keywords are keywords in backticks too where they come first; they begin with c, h, l or n.
_IN_BACKTICKS = text('"<>#;\\`~,', units=(_NEW_LINE,))
LITERAL_NAME = f"`[A-Zabd-gi-kmo-z0-9_{_BEYOND}](?: ?{_IN_BACKTICKS})?`"
"""A name in backticks, which may hold blanks and most characters."""


def _word(except_for: Iterable[str] = ()) -> str:
    """One token of the lexer that is no keyword."""
    beginnings = {"accTitle", "accDescr", "callback", "cssClass", "namespace"}
    beginnings |= {"classDef", "classDiagram"}
    exact = KEYWORDS.difference(beginnings).union(except_for)
    return name("A-Za-z0-9", "A-Za-z0-9_", except_for=exact, beginnings=beginnings)


def bare_name(except_for: Iterable[str] = ()) -> str:
    """A class's name without backticks: runs of letters with hyphens and dots between them."""
    taken = frozenset(except_for)
    first = _word()
    more = rf"(?:[.\-{_BEYOND}]{_RUN}|[{_BEYOND}])"
    beyond = f"[{_BEYOND}](?:{_RUN})?"
    if not taken:
        return f"(?:{first}|{beyond}){more}{{0,20}}"
    return f"(?:{_word(taken)}|{first}{more}{{1,20}}|{beyond}{more}{{0,20}})"


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
    taken = frozenset(except_for)
    if not taken:
        return rf"{_word()}(?:\.{_RUN}){{0,3}}"
    return rf"(?:{_word(taken)}|{_word()}(?:\.{_RUN}){{1,3}})"


WORD = _word()
"""A style class, an annotation: one token of the lexer."""
_TYPE_REST = r"[A-Za-z0-9_ ,.\[\]?|\&\-]"
GENERIC = rf"~{_RUN}(?:[ ,.\[\]?|\&\-]{_TYPE_REST}{{0,40}})?~"
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
_HOST = r"(?:https?://[A-Za-z0-9.\-]{1,80}|/[A-Za-z0-9_.\-]{1,40})"
URL = quoted(_HOST + r"[:/?=\&_.+\~#A-Za-z0-9\-]{0,200}")
TOOLTIP = quoted(text(_IN_QUOTES, units=()))
CALL = r"[A-Za-z_][A-Za-z0-9_]{0,39}\([A-Za-z0-9_, .\"\-]{0,60}\)"

_BARE = re.compile(bare_name())
