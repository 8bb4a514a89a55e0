"""Labels, node data, styles and titles of other people's flowcharts, in their canonical form."""

from __future__ import annotations

import re
from collections.abc import Mapping

from naiad.grammar.families.flowchart_patterns import SHAPES
from naiad.grammar.rewriting.escaping import escaped

_BREAK = re.compile(r"\s*\n\s*|</br\s*>", re.IGNORECASE)
_KEPT_TAG = re.compile(r"</?(?:b|i|u|em|strong)>|<br\s*/?>|<[ =0-9]")
_PER_CENT = re.compile(r"%(?=%)")
_ITEM = re.compile(
    r"\s*(?:(?P<key>[A-Za-z]\w*)|\"(?P<quoted_key>\w+)\")\s*:\s*"
    r"(?:\"(?P<double>[^\"]*)\"|'(?P<single>(?:[^']|'')*)'|\|\s*\n(?P<block>(?:\s{2,}.*\n?)+?)"
    r"(?=\s*\w+\s*:|\s*\Z)|(?P<bare>[^,\n\"']*?))\s*(?:[,\n]|\Z)"
)
_NODE_KEYS = ("shape", "icon", "img", "form", "label", "pos", "w", "h", "constraint")
_EDGE_KEYS = ("animate", "animation", "curve")
_BARE_KEYS = frozenset({"shape", "w", "h", "animate", "animation", "curve"})
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?:,[^)]*)?\)")


def label(text: str) -> str:
    """A label as it stands between brackets, bars or quotes, as the canonical form quotes it.

    ' a "b" ' -> '"a #quot;b#quot;"', '"`**a**`"' -> '"`**a**`"', ' ' -> '" "'
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
        if len(text) > 1 and text[0] == text[-1] == "`":
            return f'"`{_plain(text[1:-1], chr(34) + "`;")}`"'
    return f'"{_plain(text, chr(34) + "#`") or " "}"'


def is_blank(quoted: str) -> bool:
    """Whether a canonical label shows nothing."""
    return quoted == '" "'


def _plain(text: str, barred: str) -> str:
    """Text on one line, its characters of `barred` as entities."""
    text = _BREAK.sub("<br/>", text.strip()).replace("\t", " ")
    kept, end = [], 0
    for tag in _KEPT_TAG.finditer(text):
        kept += [_escaped(text[end : tag.start()], barred), tag[0]]
        end = tag.end()
    kept.append(_escaped(text[end:], barred))
    return re.sub(r"<br\s*/?>", "<br/>", "".join(kept), flags=re.IGNORECASE).strip()


def _escaped(text: str, barred: str) -> str:
    """`escaped` that leaves the blanks at the ends."""
    before = text[: len(text) - len(text.lstrip())]
    after = text[len(text.rstrip()) :] if text.strip() else ""
    return before + _PER_CENT.sub("#37;", escaped(text, barred + "<")) + after


def data_of(text: str) -> dict[str, str] | None:
    """Keys and values between `@{` and `}`; None when it is no such list."""
    found: dict[str, str] = {}
    position = 0
    text = text.strip().rstrip(",").strip("\n")
    while position < len(text):
        item = _ITEM.match(text, position)
        if item is None or item.end() == position:
            return None
        value = item["double"] or item["block"] or item["bare"] or ""
        if item["single"] is not None:
            value = item["single"].replace("''", "'")
        found[item["key"] or item["quoted_key"]] = value.strip()
        position = item.end()
    return found


def node_data(data: Mapping[str, str]) -> str:
    """Canonical `@{ … }` of a node, nothing when nothing of it is drawn."""
    shown = {key: data[key] for key in _NODE_KEYS if data.get(key)}
    if "icon" in shown or "img" in shown:
        shown.pop("shape", None)
    if not shown:
        return ""
    return f"@{{ {', '.join(f'{key}: {_value(key, each)}' for key, each in shown.items())} }}"


def edge_data(data: Mapping[str, str]) -> list[str]:
    """Canonical `@{ … }` of an edge, each of one setting."""
    return [f"@{{ {key}: {data[key]} }}" for key in _EDGE_KEYS if data.get(key)]


def _value(key: str, value: str) -> str:
    if key in _BARE_KEYS:
        return value
    if key == "label":
        value = _plain(value, '"#`\\')
    return f'"{value}"'


def known_shape(name: str) -> str | None:
    """The shape that a name means which Mermaid may not know: `Lean_Right` -> `lean-right`."""
    tidy = re.sub(r"[_\s]+", "-", name.strip().lower())
    tidy = _OTHER_SHAPES.get(tidy, tidy)
    return tidy if tidy in SHAPES else None


_OTHER_SHAPES = {
    **{"box": "rect", "square": "rect", "round": "rounded", "rounded-rect": "rounded"},
    **{"parallelogram": "lean-r", "rhombus": "diam", "oval": "stadium", "ellipse": "stadium"},
    **{
        "storage": "cyl",
        "file": "doc",
        "end": "fr-circ",
        "input": "manual-input",
        "user": "person",
    },
}


def styles(text: str) -> str:
    """Declarations with commas between and nothing else: `fill: #f9f , color:red;`."""
    text = _RGB.sub(_hex, text.strip().rstrip(";,"))
    tight = re.sub(r"\s*[,;]\s*", ",", re.sub(r"\s*:\s*", _colon, text))
    return re.sub(r" +", " ", re.sub(r",{2,}", ",", tight))


def _colon(found: re.Match[str]) -> str:
    # A blank behind the colon is kept: Mermaid's database keeps it too.
    return ": " if found[0][-1].isspace() else ":"


def _hex(found: re.Match[str]) -> str:
    return "#" + "".join(f"{min(int(part), 255):02x}" for part in found.groups())
