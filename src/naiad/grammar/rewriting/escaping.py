"""Text of people and models as the canonical subset spells it."""

from __future__ import annotations

import re

from naiad.grammar.patterns import ENTITY, LINE_BREAK

_KEPT = re.compile(rf"(?P<unit>{ENTITY})|(?P<break><br\s*/?>)", re.IGNORECASE)
_HTML_ENTITY = re.compile(r"&#?([0-9]{1,5}|[a-z]{2,8});")
_NAMED = {'"': "quot", "<": "lt", ">": "gt"}


def escaped(text: str, barred: str = '"<>#;\\`', *, is_html: bool = False) -> str:
    """`text` with Mermaid's entities for the characters of `barred`, blanks at the ends removed.

    Entities and line breaks that it has already stay; so it may be escaped twice. is_html: the
    family draws its labels as HTML, so `&lt;` is an entity too.
    'say "hi"<br>#1' -> "say #quot;hi#quot;<br/>#35;1"
    """
    if is_html:
        text = _HTML_ENTITY.sub(r"#\1;", text)
    parts = []
    end = 0
    for kept in _KEPT.finditer(text):
        parts.append(_entities(text[end : kept.start()], barred))
        parts.append(kept["unit"] or LINE_BREAK)
        end = kept.end()
    parts.append(_entities(text[end:], barred))
    return "".join(parts).strip()


def _entities(text: str, barred: str) -> str:
    return "".join(_entity(each) if each in barred else each for each in text)


def _entity(character: str) -> str:
    return f"#{_NAMED.get(character, ord(character))};"
