"""What mindmaps and boards share: nodes with labels in brackets, icons, classes.

Both have the same lexer: a label without quotes ends at the first bracket, one in quotes may
hold any.
"""

from __future__ import annotations

from collections.abc import Iterable

from naiad.grammar.patterns import ENTITY, LINE_BREAK, listed, literal, name, quoted, text

BARRED = '"<>;\\`'
"""Characters that no label holds as they are."""
BRACKETS = "()[]{}"
UNITS = (LINE_BREAK, ENTITY, r"\\n")
"""`\\n`, a backslash and an n, is a line break to Mermaid."""
LABEL = (
    f"(?:{text(BARRED + BRACKETS, units=UNITS)}|{quoted(text(BARRED, units=UNITS))}"
    f"|{quoted(f'`{text(BARRED, units=UNITS)}`')})"
)
"""Plain where that can be, in quotes, or a Markdown string."""
_CLASS = r"[A-Za-z_][A-Za-z0-9_\-]{0,40}"
_ICON = r"[A-Za-z][A-Za-z0-9:_\-]{0,40}"
ICON_LINE = rf"::icon\({listed(_ICON, ' ', most=4)}\)"
CLASS_LINE = f":::{listed(_CLASS, ' ', most=6)}"


def node_id(keyword: str, taken: Iterable[str] = ()) -> str:
    """Pattern of an id that is none of `taken` and does not begin with the family's keyword."""
    others = [each.lower() for each in taken]
    return name("A-Za-z_", r"A-Za-z0-9_\-", except_for=others, beginnings=(keyword,), any_case=True)


def in_brackets(opening: str, closing: str) -> str:
    """Pattern of a label in these brackets."""
    return f"{literal(opening)}{LABEL}{literal(closing)}"
