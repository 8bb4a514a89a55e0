"""The tokens of block diagrams, which do not care for line ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.families.block import SHAPES

_ANY_OPENER = r"(?:\(\(\(|\(\(|\(\[|\(|\[\[|\[\(|\[/|\[\\|\[|\{\{|\{|>)"
_ANY_CLOSER = r"(?:\)\)\)|\)\)|\)\]|\)|\]\]|\]\)|/\]|\\\]|\]|\}\}|\})"
# A label without quotes goes to the bracket that closes the one that opened it.
_BARE = "|".join(
    rf"(?P<opener_{kind}>{opener})(?P<bare_{kind}>[^{stop}\"\n]*?)(?P<closer_{kind}>{closer})"
    for kind, opener, stop, closer in (
        ("cylinder", r"\[\(", r"\]", r"\)\]"),
        ("double", r"\[\[", r"\]", r"\]\]"),
        ("square", r"\[/|\[\\|\[|>", r"\]", r"/\]|\\\]|\]"),
        ("stadium", r"\(\[", r"\]", r"\]\)"),
        ("round", r"\(\(\(|\(\(|\(", r")", r"\)\)\)|\)\)|\)"),
        ("curly", r"\{\{|\{", r"}", r"\}\}|\}"),
    )
)
_KINDS = ("cylinder", "double", "square", "stadium", "round", "curly")
_END = r"(?:--+[-xo>]|==+[=xo>]|-?\.+-[xo>]?|->)"
_SIZE = r"(?:\s*:\s*(?P<size>\d+))?"
# An id may hold a hyphen for the repair, which no link can be taken for.
_ID = r"(?P<id>[^()\[\]{}\s<>:=\"|;,-]+(?:-[^()\[\]{}\s<>:=\"|;,.-]+)*)"

COLUMNS = re.compile(r"columns\s+(?P<columns>auto\b|\d+)")
SPACE = re.compile(r"space(?:\s*:\s*(?P<width>\d+)|\b)")
BLOCK = re.compile(r"block(?:\s*(?P<named>:)\s*|\b)")
END = re.compile(r"end\b")
TO_THE_END = re.compile(r"(?P<keyword>classDef|class|style)\s+(?P<what>.+)")
NODE = re.compile(
    rf"{_ID}{_SIZE.replace('size', 'early_size')}(?:\s*<\[\s*\"?(?P<arrow>[^\"\]]*)\"?\s*\]>"
    rf"(?:\s*\((?P<directions>[^)]*)\))?"
    rf"|\s*(?P<opener>{_ANY_OPENER})\s*\"(?P<label>[^\"]*)\"\s*(?P<closer>{_ANY_CLOSER})"
    rf"|\s*(?:{_BARE}))?{_SIZE}(?::::?(?P<style>\w+))?"
)
LINK = re.compile(
    rf"(?:(?P<start>[xo<]?)(?P<plain>{_END})(?:\s*\|\"?(?P<bar>[^|\"]*)\"?\|)?"
    rf"|[xo<]?(?:--|==|-\.)\s*(?:\"(?P<label>[^\"]*)\"|(?P<bare>[^\"\n<>=|-]+?))\s*(?P<end>{_END}))"
)


def canonical_link(link: re.Match[str]) -> tuple[str, str, str]:
    """A link as `start, end` with its label: ("--", "-->", "reads"), ("", "-.->", "").

    The length of a link says nothing, nor does what a link with a label begins with.
    """
    drawn = link["plain"] or link["end"]
    kind = "==" if "==" in drawn else "-.-" if "." in drawn else "--"
    tip = drawn[-1] if drawn[-1] in "xo>" else {"==": "=", "--": "-"}.get(kind, "")
    label = next((link[key] for key in ("label", "bare", "bar") if link[key]), "").strip()
    if not label:
        return ("<" if link["start"] == "<" and tip == ">" else ""), f"{kind}{tip}", ""
    return kind[:2], f"{kind[1:] if kind == '-.-' else kind}{tip}", label


def shape_of(node: re.Match[str]) -> tuple[str, str] | None:
    """What stands before and behind a node's label; None of a node without one."""
    opener, closer = _given(node, "opener"), _given(node, "closer")
    if not opener:
        return None
    return (opener, closer) if (opener, closer) in SHAPES else ("[", "]")


def label_of(node: re.Match[str]) -> str:
    """A node's label as it is written, "" of a node without one."""
    return (node["label"] or bare_label_of(node)).strip()


def bare_label_of(node: re.Match[str]) -> str:
    """A node's label that has no quotes."""
    return next((node[f"bare_{kind}"] for kind in _KINDS if node[f"bare_{kind}"]), "")


def _given(node: re.Match[str], part: str) -> str:
    names = (part, *(f"{part}_{kind}" for kind in _KINDS))
    return next((node[name] for name in names if node[name]), "")


def words(text: str) -> Iterator[str]:
    """The ids of `a, b,c`."""
    return (each.strip() for each in text.split(",") if each.strip())
