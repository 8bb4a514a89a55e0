"""What a diagram draws, as Mermaid itself sees it: the facts of its own diagram database.

Two texts that draw the same have the same facts, however they are written: quotes, indent,
comments, semicolons, the form of an entity. So a rewriting can be checked, and an answer compared
with a reference. The bundle's structure.js reads the database; here its text becomes the text
that is drawn. Positions and default colours are no facts, ids of the author's own are.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from naiad.errors import InvalidDiagram
from naiad.mermaid.judge import JudgeLimits, shared_judge

DRAWS_HTML = frozenset(
    {
        "agentflow-beta",
        "block-beta",
        "classDiagram",
        "erDiagram",
        "eventmodeling",
        "flowchart",
        "kanban",
        "mindmap",
        "requirementDiagram",
        "stateDiagram-v2",
        "swimlane-beta",
        "usecase-beta",
    }
)
"""Types whose labels are HTML: in these `&lt;` is drawn as `<`, in the others as it stands."""

_NO_FACT = "nothing"
_LONGEST_VALUE = 80
"""Characters of a value that a difference quotes."""
_STYLES = frozenset({"styles", "textStyles"})
_SPOKEN = frozenset({"accTitle", "accDescription"})
"""Texts for screen readers, which do not tell a line break from a blank."""
_COLON = re.compile(r"\s*:\s*")
# What mermaid's encodeEntities makes of `#quot;` and of `#35;` until the drawing is done.
_PLACEHOLDER = re.compile("\ufb02\u00b0(\u00b0?)(.*?)\u00b6\u00df")
_ENTITY = re.compile(r"&#?\w+;")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t]+")
_NEW_LINE = re.compile(r" ?\n ?")
_ESCAPED_TAG = re.compile("\x01(?=[A-Za-z/!?])")
_ESCAPED_ENTITY = re.compile(r"\x02(?=#?\w+;)")


@dataclass(frozen=True)
class Structure:
    """The drawing data of one diagram; equal where two diagrams draw the same."""

    type: str
    """Diagram type in Naiad's names."""
    facts: Mapping[str, Any] = field(hash=False)
    """JSON: what the family's database holds, lists in the order that is drawn. Things with
    names are lists of objects with an `id`; what is empty or false is left out."""


def structure_of(source: str, limits: JudgeLimits | None = None) -> Structure:
    """The structure of a valid diagram, read in the process that `validate` uses.

    Costs about a parse and a half. Raises InvalidDiagram with the first problem of any other
    text, one over the limits included, and JudgeUnavailable.
    """
    verdict, facts = shared_judge(limits or JudgeLimits()).facts(source)
    if facts is None or verdict.type is None:
        problem = next(iter(verdict.problems), "it is of no known type")
        raise InvalidDiagram(
            f"no structure of an invalid diagram: {problem}",
            hint="correct the diagram first",
        )
    drawn: Mapping[str, Any] = _as_drawn(facts, is_html=verdict.type in DRAWS_HTML)
    return Structure(verdict.type, drawn)


def same_structure(first: str, second: str) -> bool:
    """Whether two valid diagrams draw the same. Raises InvalidDiagram and JudgeUnavailable."""
    return structure_of(first) == structure_of(second)


def structure_difference(first: str | Structure, second: str | Structure) -> str | None:
    """The first thing that two diagrams draw differently, in one line; None if there is none.

    `nodes.A.label: "x" against "y"`; the path leads through the facts, by the id of what has
    one. Texts are read with `structure_of`, with its errors.
    """
    one, other = (
        each if isinstance(each, Structure) else structure_of(each) for each in (first, second)
    )
    if one.type != other.type:
        return f"type: {one.type} against {other.type}"
    return _difference(one.facts, other.facts, "")


def _as_drawn(fact: Any, *, is_html: bool) -> Any:
    if isinstance(fact, str):
        return drawn_text(fact, is_html=is_html)
    if isinstance(fact, list):
        return [_as_drawn(each, is_html=is_html) for each in fact]
    if isinstance(fact, dict):
        return {key: _drawn_value(key, each, is_html=is_html) for key, each in fact.items()}
    return fact


def _drawn_value(key: str, fact: Any, *, is_html: bool) -> Any:
    if key in _STYLES:
        return _tight(fact)
    if key in _SPOKEN and isinstance(fact, str):
        return drawn_text(" ".join(fact.split()), is_html=False)
    return _as_drawn(fact, is_html=is_html)


def _tight(styles: Any) -> Any:
    """Declarations of CSS without the blanks around their colons, which say nothing."""
    if isinstance(styles, list):
        return [_tight(each) for each in styles]
    if isinstance(styles, str):
        return _COLON.sub(":", _as_drawn(styles, is_html=False))
    return _as_drawn(styles, is_html=False)


def drawn_text(text: str, *, is_html: bool) -> str:
    """`text` of Mermaid's database as a reader sees it.

    Entities become characters: "ﬂ°quot¶ß" -> '"'; only what would then be read as a tag or an
    entity stays escaped: "a < b &lt;b>". Every form of a line break becomes `<br>`, and a run
    of blanks one, for SVG and HTML draw it so; at the ends they draw none.
    """
    text = _BLANKS.sub(" ", _LINE_BREAK.sub("<br>", text)).strip(" \n")
    if not is_html:
        return _PLACEHOLDER.sub(lambda found: html.unescape(_entity(found)), text)
    # Where labels are HTML, createText makes a <br/> of every new line in them.
    text = _NEW_LINE.sub("<br>", text)
    text = _ENTITY.sub(_marked_character, _PLACEHOLDER.sub(_entity, text))
    text = _ESCAPED_ENTITY.sub("&amp;", _ESCAPED_TAG.sub("&lt;", text))
    return text.replace("\x01", "<").replace("\x02", "&")


def _entity(placeholder: re.Match[str]) -> str:
    return f"&{'#' if placeholder[1] else ''}{placeholder[2]};"


def _marked_character(entity: re.Match[str]) -> str:
    character = html.unescape(entity[0])
    return {"<": "\x01", "&": "\x02"}.get(character, character)


def _difference(first: Any, second: Any, path: str) -> str | None:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return _first_of(first, second, path)
    if _is_list(first) and _is_list(second):
        ids, other_ids = _ids(first), _ids(second)
        if ids is None or other_ids is None:
            return _first_of(dict(enumerate(first)), dict(enumerate(second)), path)
        found = _first_of(
            dict(zip(ids, first, strict=True)), dict(zip(other_ids, second, strict=True)), path
        )
        if found is None and ids != other_ids:
            return f"{path}: order {_quoted(ids)} against {_quoted(other_ids)}"
        return found
    if first == second:
        return None
    return f"{path}: {_quoted(first)} against {_quoted(second)}"


def _first_of(first: Mapping[Any, Any], second: Mapping[Any, Any], path: str) -> str | None:
    for key in [*first, *(key for key in second if key not in first)]:
        below = f"[{key}]" if isinstance(key, int) else f".{key}"
        place = f"{path}{below}".removeprefix(".")
        if key not in first or key not in second:
            there = [_quoted(side[key]) if key in side else _NO_FACT for side in (first, second)]
            return f"{place}: {' against '.join(there)}"
        found = _difference(first[key], second[key], place)
        if found is not None:
            return found
    return None


def _is_list(fact: Any) -> bool:
    return isinstance(fact, Sequence) and not isinstance(fact, str)


def _ids(facts: Sequence[Any]) -> list[str] | None:
    """The ids of a list of named things, None if it is another list."""
    ids = [fact.get("id") if isinstance(fact, Mapping) else None for fact in facts]
    named = [each for each in ids if isinstance(each, str)]
    return named if len(named) == len(ids) == len(set(named)) else None


def _quoted(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
