"""What novasvg 0.11 cannot paint, said in a way that it can. For PNGs only.

- It matches no attribute selectors, with which Mermaid's newer themes pick their colours. Such a
  selector becomes a class, which weighs the same, and the elements with that attribute get it.
- A line in a group that is partly transparent vanishes: the group's layer is as large as the
  boxes of what is in it, and a line's box counts as nothing. An unpainted path beside the line
  makes room for it. Without this, gantt charts lose their grid.
- A negative stroke width, which Mermaid computes for deep mindmaps and browsers pass over, hides
  the width that holds instead.
- Corner radii count as attributes and not as style, where C4 puts them.
"""

from __future__ import annotations

import re

_STYLE = re.compile(r"(<style[^>]*>)([^<]*)(</style>)")
_SELECTOR = re.compile(r"\[([\w-]+)=(?:\"([^\"\]]*)\"|'([^'\]]*)'|([\w-]+))\]")
_START = re.compile(r"<([A-Za-z][\w]*)((?: [\w:-]+=(?:\"[^\"]*\"|'[^']*'))*)(/?>)")
_ATTRIBUTE = re.compile(r" ([\w:-]+)=(?:\"([^\"]*)\"|'([^']*)')")
_NEGATIVE_STROKE = re.compile(r"stroke-width:\s*-[^;]*;")
_RADIUS = re.compile(r"(?:^|;)\s*(r[xy])\s*:\s*([\d.]+)(?:px)?\b")

Attributes = dict[str, str]
"""Attribute values by name, with the entities that they are written with."""


def paintable(svg: str) -> str:
    """`svg`, as safe_svg writes it, with the constructs above put otherwise."""
    classes: dict[tuple[str, str], str] = {}

    def as_class(selector: re.Match[str]) -> str:
        name, *values = selector.groups(default="")
        return "." + classes.setdefault((name, "".join(values)), f"selected-{len(classes)}")

    def restated_sheet(style: re.Match[str]) -> str:
        rules = _NEGATIVE_STROKE.sub("", style[2])
        return style[1] + _SELECTOR.sub(as_class, rules) + style[3]

    svg = _STYLE.sub(restated_sheet, svg)
    return _START.sub(lambda start: _restated(start, classes), svg)


def _restated(start: re.Match[str], classes: dict[tuple[str, str], str]) -> str:
    tag, written, ending = start.groups()
    attributes = {name: double or single for name, double, single in _ATTRIBUTE.findall(written)}
    added = [classes[pair] for pair in attributes.items() if pair in classes]
    radii = _RADIUS.findall(attributes.get("style", "")) if tag == "rect" else []
    room = _room_for_line(attributes) if tag == "line" else ""
    if not added and not radii:
        return room + start[0]
    if added:
        attributes["class"] = " ".join([attributes.get("class", ""), *added]).strip()
    attributes.update(radii)
    return f"{room}<{tag}{_written(attributes)}{ending}"


def _written(attributes: Attributes) -> str:
    # A value that holds a double quote was written between single ones.
    quoted = ((name, value, "'" if '"' in value else '"') for name, value in attributes.items())
    return "".join(f" {name}={quote}{value}{quote}" for name, value, quote in quoted)


def _room_for_line(attributes: Attributes) -> str:
    try:
        x1, y1, x2, y2 = (
            float(attributes.get(name, "0").removesuffix("px")) for name in ("x1", "y1", "x2", "y2")
        )
    except ValueError:  # a percentage: rare, and painted unless its group is transparent
        return ""
    left, right, top, bottom = min(x1, x2) - 1, max(x1, x2) + 1, min(y1, y2) - 1, max(y1, y2) + 1
    box = f"M{left:g} {top:g}H{right:g}V{bottom:g}H{left:g}Z"
    placed = {key: value for key, value in attributes.items() if key == "transform"}
    return f"<path{_written({'d': box, 'style': 'fill:none;stroke:none', **placed})}></path>"
