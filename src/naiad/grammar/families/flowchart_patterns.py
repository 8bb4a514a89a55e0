"""The pieces of a flowchart's lines: ids, nodes, links, styles, addresses.

https://mermaid.js.org/syntax/flowchart.html; what an id may be follows from Mermaid's lexer,
which takes the first of its rules that fits (flow.jison).
"""

from __future__ import annotations

from collections.abc import Iterable

from naiad.grammar.patterns import (
    COLOR,
    DECIMAL,
    ENTITY,
    IDEOGRAPHS,
    LETTERS,
    LINE_BREAK,
    listed,
    literal,
    name,
    one_of,
    optional,
    quoted,
    text,
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


KEYWORDS = frozenset(
    _words(
        "accDescr accTitle call class classDef click direction end flowchart graph href "
        "interpolate linkStyle style subgraph swimlane _blank _parent _self _top"
    )
)
"""What the lexer takes for itself at the beginning of an id, and before a `-` or `.` in it."""
UNSAFE_NAMES = frozenset({"__proto__", "constructor", "hasOwnProperty"})
"""Properties that every JavaScript object has: some of Mermaid's tables of ids find them."""

# Patterns are made anew for every line, so the tree of forbidden names is kept small: of the
# keywords that nobody's ids begin with, the beginning is forbidden.
_LONG_KEYWORDS = frozenset(each for each in KEYWORDS if len(each) > 8 or each[0] == "_")
_SHORT_KEYWORDS = KEYWORDS - _LONG_KEYWORDS
_BEGINNINGS = frozenset(each[:6] for each in _LONG_KEYWORDS if each[0] != "_") | {
    *("_bla", "_par", "_sel", "_top"),
    # Subgraphs without an id of their own are called subGraph0, subGraph1 …
    *(f"subGraph{digit}" for digit in range(10)),
}
_REST = "A-Za-z0-9_"
_SIGNS = r"(?:[.\-][A-Za-z0-9_]{1,40}){0,8}"
_DIGITS = "[0-9]{1,20}"
# Behind digits and letters beyond ASCII the lexer begins anew; this avoids more than keywords.
_TAIL = name("A-Za-z", _REST, beginnings={"de", *(each.strip("_")[:2] for each in KEYWORDS)})
_NUMBERED = f"{_DIGITS}(?:_[0-9][A-Za-z0-9_]{{0,39}}|_?{_TAIL})?"
_FOREIGN = f"(?:[{LETTERS}{IDEOGRAPHS}]{{1,40}}(?:{_DIGITS})?(?:{_TAIL})?){{1,4}}"
# Mermaid names edges L_from_to_0: a node of that name would be taken for the edge.
_L_NAME = "L_(?:[A-Za-z0-9_]{0,30}_)?[0-9]{0,6}[A-Za-z][A-Za-z0-9]{0,30}"


def word(excluded: Iterable[str] = ()) -> str:
    """Pattern of a plain id, letters, digits and underscores, that is none of `excluded`.

    excluded: plain ids too. Those that begin with `L_` exclude all that do.
    """
    excluded = frozenset(excluded)
    behind_l = {each[1:] for each in excluded if each.startswith("L")}
    l_name = name("A-Za-z0-9", _REST, except_for=behind_l - {""})
    barred = _SHORT_KEYWORDS | UNSAFE_NAMES | excluded
    branches = [
        name("A-KM-Za-z_", _REST, except_for=barred, beginnings=_BEGINNINGS),
        f"L{l_name}" if "" in behind_l else f"L(?:{l_name})?",
    ]
    return f"(?:{'|'.join(branches)})"


def identifier(excluded: Iterable[str] = ()) -> str:
    """Pattern of an id that Mermaid's lexer takes whole and that is no word of `excluded`.

    Besides words: numbers, words with `-` and `.` between, letters of other alphabets. Behind
    digits and other alphabets the lexer begins anew, so there too no keyword may stand.
    """
    excluded = frozenset(each for each in excluded if each.isascii() and each.isidentifier())
    plain = word(excluded)
    branches = [f"(?:{plain}(?:{_FOREIGN})?|{_FOREIGN}|{_NUMBERED}){_SIGNS}"]
    if not any(each.startswith("L_") for each in excluded):
        branches.append(_L_NAME)
    if excluded:
        # Only the whole id is excluded, not one that goes on behind it.
        branches.append(f"{one_of(excluded)}{_SIGNS.replace('{0,8}', '{1,8}')}")
    return f"(?:{'|'.join(branches)})"


def subgraph_id(excluded: Iterable[str] = ()) -> str:
    """Pattern of a subgraph's id: as of a node, but `default` is a keyword behind `subgraph`."""
    barred = {"default", *(each for each in excluded if each.isascii() and each.isidentifier())}
    plain = f"(?:{word(barred)}(?:{_FOREIGN})?|{_FOREIGN}|{_NUMBERED}){_SIGNS}"
    has_l_name = any(each.startswith("L_") for each in barred)
    return plain if has_l_name else f"(?:{plain}|{_L_NAME})"


ANY_ID = identifier()
CLASS_NAME = (
    f"(?:{name('A-Za-z', _REST, except_for=_SHORT_KEYWORDS, beginnings=_BEGINNINGS)}{_SIGNS})"
)

_PLAIN = text('"<#`', units=(LINE_BREAK, ENTITY, "<[ =0-9]", "</?(?:b|i|u|em|strong)>"))
_MARKDOWN = text('"<`;', units=(LINE_BREAK, ENTITY, "<[ =0-9]"))
LABEL = quoted(f"(?:{_PLAIN}|`{_MARKDOWN}`)")
"""A label, plain or in Markdown: `"text"`, ``"`**text**`"``."""
_DATA_TEXT = quoted(text('"<#`\\', units=(LINE_BREAK, ENTITY, "<[ =0-9]")))

BRACKETS = (
    *(("[", "]"), ("(", ")"), ("{", "}"), ("([", "])"), ("[[", "]]"), ("[(", ")]"), ("((", "))")),
    *((">", "]"), ("{{", "}}"), ("[/", "/]"), ("[\\", "\\]"), ("[/", "\\]"), ("[\\", "/]")),
    ("(((", ")))"),
)
"""What stands before and behind a label, the usual ones first."""
SHAPES = _words(
    "rect rounded stadium fr-rect cyl datastore folder bucket console browser person circle bang "
    "cloud diam hex lean-r lean-l trap-b trap-t dbl-circ text notch-rect lin-rect sm-circ fr-circ "
    "fork hourglass brace brace-r braces bolt doc delay h-cyl lin-cyl curv-trap div-rect tri "
    "win-pane f-circ notch-pent flip-tri sl-rect docs st-rect bow-rect cross-circ tag-doc tag-rect "
    "flag odd lin-doc "
    "proc process rectangle event terminal pill subprocess subproc framed-rectangle subroutine db "
    "database cylinder data-store directory circ decision diamond question hexagon prepare "
    "lean-right in-out lean-left out-in priority trapezoid-bottom trapezoid manual trapezoid-top "
    "inv-trapezoid double-circle card notched-rectangle lined-rectangle lined-process lin-proc "
    "shaded-process start small-circle stop framed-circle join collate comment brace-l com-link "
    "lightning-bolt document half-rounded-rectangle das horizontal-cylinder disk lined-cylinder "
    "curved-trapezoid display div-proc divided-rectangle divided-process extract triangle "
    "internal-storage window-pane junction filled-circle loop-limit notched-pentagon manual-file "
    "flipped-triangle manual-input sloped-rectangle documents st-doc stacked-document procs "
    "processes stacked-rectangle stored-data bow-tie-rectangle summary crossed-circle "
    "tagged-document tagged-rectangle tag-proc tagged-process paper-tape lined-document"
)
"""Every documented `shape:` of Mermaid 12.3 by its short name, then their other names."""
CURVES = _words(
    "basis bumpX bumpY cardinal catmullRom linear monotoneX monotoneY natural step stepAfter "
    "stepBefore"
)
"""Line forms that an edge may have."""

# Label by label, not bracket by bracket: llguidance makes a fifth of the work of that.
_SHAPED = "|".join(
    f"{literal(opening)}{quoted(label)}{literal(closing)}"
    for label in (_PLAIN, " ", f"`{_MARKDOWN}`")
    for opening, closing in BRACKETS
)
_SIZE = "[1-9][0-9]{0,3}"
_LABEL_DATA = f"label: {_DATA_TEXT}"
_LOOKS_DATA = (
    rf'(?:, form: "(?:square|circle|rounded)")?(?:, {_LABEL_DATA})?(?:, pos: "[tb]")?'
    rf'(?:, w: {_SIZE})?(?:, h: {_SIZE})?(?:, constraint: "(?:on|off)")?'
)
_IMAGE = r'"(?:https?://|\./|/)?[A-Za-z0-9_][A-Za-z0-9_./\-]{0,200}"'
NODE_DATA = (
    rf"@\{{ (?:shape: {one_of(SHAPES)}(?:, {_LABEL_DATA})?|{_LABEL_DATA}"
    rf'|icon: "[a-z][a-z0-9\-]{{0,20}}:[a-z0-9][a-z0-9\-]{{0,40}}"{_LOOKS_DATA}'
    rf"|img: {_IMAGE}{_LOOKS_DATA}) \}}"
)
"""`@{ shape: doc, label: "Text" }`, or a label alone, an icon, an image."""
EDGE_DATA = (
    r"@\{ (?:animate: (?:true|false)|animation: (?:fast|slow)"
    rf"|curve: {one_of(CURVES)}) \}}"
)

_SHAFTS = (
    *(r"<?--{1,10}>", r"---{1,10}", r"--{1,10}o", r"--{1,10}x", r"o--{1,10}o", r"x--{1,10}x"),
    *(r"<?-\.{1,9}->", r"-\.{1,9}-", r"-\.{1,9}-o", r"-\.{1,9}-x", r"o-\.{1,9}-o", r"x-\.{1,9}-x"),
    *(r"<?==={0,9}>", r"===={0,9}", r"==={0,9}o", r"==={0,9}x", r"o==={0,9}o", r"x==={0,9}x"),
    r"~~~{1,8}",
)
ARROW = f"(?:{'|'.join(_SHAFTS)})"
"""A link of any kind and length: `-->`, `---`, `-.->`, `==>`, `--o`, `<-->`, `~~~` …"""
LINK = rf"{ARROW}(?:\|{LABEL}\|)?"


def node(excluded: Iterable[str]) -> str:
    """Pattern of a node: its id, perhaps its shape with label, perhaps its class."""
    return f"{identifier(excluded)}(?:(?:{_SHAPED})?(?::::{CLASS_NAME})?|{NODE_DATA})"


_COLOR_NAME = name("A-Za-z", "A-Za-z", except_for=KEYWORDS | {"default", "v"}, longest=30)
_PAINT = f"(?:{COLOR}|{_COLOR_NAME})"
_LENGTH = f"{DECIMAL}(?:px|em|rem|pt|%)?"
_FONT = "(?:[A-Z][A-Za-z]{1,20}(?: [A-Z][A-Za-z]{1,20}){0,3}|monospace|serif|sans-serif|inherit)"
_TIMED = r"(?:[0-9]{1,4}(?:\.[0-9]{1,2})?m?s|linear|ease(?:-in)?(?:-out)?|infinite|alternate)"
_STYLES = {
    "(?:fill|stroke|color|background|background-color|border-color)": _PAINT,
    "(?:stroke-width|font-size|rx|ry|padding|margin|border-width|border-radius)": _LENGTH,
    "stroke-dasharray": rf"(?:none|{_LENGTH}(?:(?: |,|\\,|, ){_LENGTH}){{0,5}})",
    "stroke-dashoffset": _LENGTH,
    "(?:opacity|fill-opacity|stroke-opacity)": r"(?:0(?:\.[0-9]{1,3})?|1)",
    "font-weight": "(?:bold|normal|lighter|bolder|[1-9]00)",
    "font-style": "(?:italic|normal|oblique)",
    "font-family": _FONT,
    "text-align": "(?:left|right|center)",
    "text-decoration": "(?:underline|line-through|none)",
    "stroke-linecap": "(?:butt|round|square)",
    "stroke-linejoin": "(?:miter|round|bevel)",
    "animation": f"(?:dash|flow|pulse|move|blink|fade)(?: {_TIMED}){{0,5}}",
}
STYLE = "|".join(f"{prop}: ?{value}" for prop, value in _STYLES.items())
STYLES = listed(f"(?:{STYLE})", ",", most=10)
"""`fill:#f9f,stroke:#333,stroke-width:2px`."""

_ADDRESS = quoted(
    r"(?:https?://[A-Za-z0-9]|mailto:[A-Za-z0-9]|\.{0,2}/|#|[A-Za-z0-9_])"
    r"(?:[A-Za-z0-9_.~/?=\&+@,!'()$*\-]|:[0-9/]|%[0-9A-Fa-f]{2}|#[A-Za-z0-9_\-]){0,200}"
)
_TIP = optional(f" {quoted(_PLAIN)}")
_ARGUMENTS = optional(text('"<>#;\\`()', units=(), longest=60))
CLICK = (
    f"(?:href {_ADDRESS}{_TIP}(?: (?:_blank|_self|_parent|_top))?"
    rf"|call {name('A-Za-z_', _REST)}\({_ARGUMENTS}\){_TIP})"
)
"""What a click does: opens a page, or calls a function of the page."""

_FIRST_WORD = text('" <#`', longest=40)
UNTITLED_TITLE = quoted(f"{_FIRST_WORD} {_PLAIN}")
"""A title with a blank in it, so that it is no id."""
MARKDOWN_TITLE = quoted(f"`{_MARKDOWN}`")
