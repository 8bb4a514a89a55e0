"""SVG that is safe to open: what is on these lists passes, everything else stays behind.

Mermaid cleans its labels itself (securityLevel strict, DOMPurify). This is the last word after
it, in another process and over a real XML parser. The text is read by expat and written anew,
so nothing of the original's spelling survives: no comment, CDATA section, processing instruction,
document type or entity. There are no scripts, event handlers, links or animations to allow, and a
reference is either to a part of the same drawing (`#id`) or a raster image written out in it.

Styles are cut down likewise: known properties with values made of plain words, numbers, colours
and known functions, no escapes, `@keyframes` as the only at-rule. Every selector is put below the
drawing's own id, so that a drawing pasted into a web page restyles nothing else there.

No package was found that does this and keeps HTML labels: svg-hush drops `foreignObject`, nh3
knows little SVG, lxml-html-clean works from a list of what to forbid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from naiad.mermaid.svg_lists import (
    CSS_FUNCTIONS,
    CSS_PROPERTIES,
    HTML_ATTRIBUTES,
    HTML_ELEMENTS,
    SILENT_HTML_ELEMENTS,
    SVG_ATTRIBUTES,
    SVG_ELEMENTS,
    SVG_PAINT_ATTRIBUTES,
    VOID_HTML_ELEMENTS,
)

SVG = "http://www.w3.org/2000/svg"
XHTML = "http://www.w3.org/1999/xhtml"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INERT_ATTRIBUTE = re.compile(r"(?:data|aria)-[a-z0-9_-]+", re.IGNORECASE)
_LOCAL_REFERENCE = re.compile(r"#[^\s\"'()<>\\]+")
_RASTER_DATA = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?:px)?\s*")

_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_CSS_STRING = re.compile(r"\"[^\"\\\n<>]*\"|'[^'\\\n<>]*'")
_CSS_PIECE = re.compile(rf"{_CSS_STRING.pattern}|[^\"'{{}};]+|.", re.DOTALL)
_CSS_LOCAL_URL = re.compile(r"url\(\s*([\"']?)#[^\s\"'()<>\\]+\1\s*\)", re.IGNORECASE)
_CSS_VALUE = re.compile(r"[\w\s#%.,()+\-*/!]*")
_CSS_FUNCTION = re.compile(r"([\w-]*)\s*\(")
_CSS_SELECTOR = re.compile(r"[\w\s#.>+~*:()\[\]=^$|-]*")
_CSS_KEYFRAMES = re.compile(r"@keyframes\s+[\w-]+")
_CSS_KEYFRAME = re.compile(r"(?:from|to|[\d.]+%)(?:\s*,\s*(?:from|to|[\d.]+%))*")


class UnsafeSvg(ValueError):
    """The text is not an SVG document that can be made safe."""


def safe_svg(markup: str) -> str:
    """`markup` with only what the lists allow, as one `<svg>` element that states its size.

    width and height become the view box's where they are missing or relative, so that image
    viewers and rasterizers know a size. Applying it twice changes nothing more.
    Raises UnsafeSvg when it is not well-formed XML, has a document type, or is not SVG.
    """
    document = _SafeDocument()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = document.refuse_doctype
    parser.StartElementHandler = document.start
    parser.EndElementHandler = document.end
    parser.CharacterDataHandler = document.text
    try:
        # Expat drops nothing silently: U+FFFD shows where a character had no place in XML.
        parser.Parse(_NOT_XML.sub("\ufffd", markup).encode("utf-8"), True)
    except expat.ExpatError as error:
        raise UnsafeSvg(f"the SVG is not well-formed: {error}") from error
    return document.markup()


@dataclass(frozen=True)
class _Open:
    """An open element: how it is named, and what of it was written."""

    space: str
    tag: str
    written_space: str
    """Namespace of the nearest element that was written, this one included."""
    ending: str
    """Its end tag, "" when the tag itself is left out."""
    keeps_content: bool


class _SafeDocument:
    """Writes what is allowed of the elements that the parser reports, in their order."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._open: list[_Open] = []
        self._css: list[str] = []
        self._root_id = ""

    def markup(self) -> str:
        return "".join(self._out)

    def refuse_doctype(self, *_declaration: object) -> None:
        raise UnsafeSvg("the SVG has a document type declaration")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, tag = name.rpartition(" ")
        if not self._open and (space, tag) != (SVG, "svg"):
            raise UnsafeSvg(f"the document is not SVG: its root is <{tag}>")
        if self._has_a_place(space, tag, attributes):
            self._write_start(space, tag, attributes)
            is_void = space == XHTML and tag in VOID_HTML_ELEMENTS
            self._out.append("/>" if is_void else ">")
            ending = "" if is_void else f"</{tag}>"
            self._open.append(_Open(space, tag, space, ending, keeps_content=not is_void))
        else:
            parent = self._open[-1]
            # An unknown tag in a label is the author's spelling: it goes, and its words stay.
            keeps_content = self._in_label(space) and tag not in SILENT_HTML_ELEMENTS
            self._open.append(_Open(space, tag, parent.written_space, "", keeps_content))

    def end(self, _name: str) -> None:
        element = self._open.pop()
        if element.ending == "</style>":
            self._out.append(escape(safe_stylesheet("".join(self._css), self._root_id)))
            self._css = []
        self._out.append(element.ending)

    def text(self, text: str) -> None:
        if not self._open or not self._open[-1].keeps_content:
            return
        if self._open[-1].ending == "</style>":
            self._css.append(text)
        else:
            self._out.append(escape(text))

    def _has_a_place(self, space: str, tag: str, attributes: dict[str, str]) -> bool:
        """Whether the element is on a list and stands where such an element may."""
        if not self._open:
            return True
        parent = self._open[-1]
        if not parent.keeps_content or parent.ending == "</style>":
            return False
        if space == XHTML:
            return self._in_label(space) and tag in HTML_ELEMENTS
        # An HTML parser that meets the drawing in a page would read it otherwise.
        if space != SVG or (parent.space == XHTML and tag != "svg"):
            return False
        if tag == "image":
            return any(_RASTER_DATA.fullmatch(attributes.get(name, "")) for name in _HREFS)
        return tag in SVG_ELEMENTS

    def _in_label(self, space: str) -> bool:
        """Whether an HTML element that starts now belongs to a label."""
        parent = self._open[-1]
        is_place = parent.space == XHTML or parent.tag == "foreignObject"
        return space == XHTML and parent.keeps_content and is_place

    def _write_start(self, space: str, tag: str, attributes: dict[str, str]) -> None:
        is_root = not self._open
        allowed = dict(_safe_attributes(space, tag, attributes))
        if is_root:
            self._root_id = allowed.get("id", "")
            allowed = _with_size(allowed)
        self._out.append(f"<{tag}")
        if is_root or self._open[-1].written_space != space:
            self._out.append(f' xmlns="{space}"')
        if is_root:
            self._out.append(f' xmlns:xlink="{XLINK}"')
        self._out.extend(f" {name}={quoteattr(value)}" for name, value in allowed.items())


_HREFS = ("href", f"{XLINK} href")
_QUALIFIED = {f"{XLINK} href": "xlink:href", f"{XML} space": "xml:space", f"{XML} lang": "xml:lang"}


def _safe_attributes(space: str, tag: str, attributes: dict[str, str]) -> Iterator[tuple[str, str]]:
    plain = SVG_ATTRIBUTES if space == SVG else HTML_ATTRIBUTES
    for name, value in attributes.items():
        written = _QUALIFIED.get(name, name)
        if name in _HREFS or (tag == "img" and name == "src"):
            # A link leads out of the drawing or nowhere, so <a> keeps none.
            is_local = tag != "a" and _LOCAL_REFERENCE.fullmatch(value)
            if is_local or (tag in ("image", "img") and _RASTER_DATA.fullmatch(value)):
                yield written, value
        elif name == "style":
            if declarations := safe_declarations(value):
                yield name, declarations
        elif space == SVG and name in SVG_PAINT_ATTRIBUTES:
            if _is_safe_value(value):
                yield name, value
        elif written in plain or _INERT_ATTRIBUTE.fullmatch(name):
            yield written, value


def _with_size(attributes: dict[str, str]) -> dict[str, str]:
    """The root's attributes with width, height and viewBox as plain numbers."""
    box = re.split(r"[\s,]+", attributes.get("viewBox", "").strip())
    sides = (attributes.get("width", ""), attributes.get("height", ""))
    if len(box) == 4 and all(_NUMBER.fullmatch(part) for part in box):
        width, height = box[2:]
    elif all(_NUMBER.fullmatch(side) for side in sides):
        width, height = (side.strip().removesuffix("px") for side in sides)
        box = ["0", "0", width, height]
    else:
        raise UnsafeSvg("the SVG states no size: neither a view box nor width and height")
    if all(_NUMBER.fullmatch(side) for side in sides):
        width, height = (side.strip().removesuffix("px") for side in sides)
    # Mermaid's max-width would shrink a drawing that is shown larger than life.
    style = re.sub(r"max-width:[^;]*;?", "", attributes.pop("style", ""))
    sized = {**attributes, "width": width, "height": height, "viewBox": " ".join(box)}
    return {**sized, "style": style} if style else sized


def safe_stylesheet(css: str, scope_id: str) -> str:
    """The rules of `css` that are allowed, each selector below the element `scope_id`."""
    kept = []
    for prelude, body in _css_blocks(_CSS_COMMENT.sub(" ", css)):
        if _CSS_KEYFRAMES.fullmatch(prelude):
            frames = [
                f"{frame}{{{safe_declarations(declarations)}}}"
                for frame, declarations in _css_blocks(body)
                if _CSS_KEYFRAME.fullmatch(frame)
            ]
            kept.append(f"{prelude}{{{''.join(frames)}}}")
            continue
        selector = _safe_selector(prelude, scope_id)
        declarations = safe_declarations(body)
        if selector and declarations:
            kept.append(f"{selector}{{{declarations}}}")
    return "".join(kept)


def _css_blocks(css: str) -> Iterator[tuple[str, str]]:
    """(what stands before a brace, what stands in the braces), at the outermost level."""
    prelude: list[str] = []
    body: list[str] = []
    depth = 0
    for piece in _CSS_PIECE.findall(css):
        if piece == "}" and depth > 0:
            depth -= 1
            if depth == 0:
                yield "".join(prelude).strip(), "".join(body)
                prelude, body = [], []
                continue
        if depth > 0:
            body.append(piece)
        elif piece in ";}":
            prelude = []  # the end of an at-rule without a block, or a stray brace
        elif piece != "{":
            prelude.append(piece)
        if piece == "{":
            depth += 1


def _safe_selector(selectors: str, scope_id: str) -> str:
    kept = []
    for selector in _split(selectors, ","):
        if not selector or not _CSS_SELECTOR.fullmatch(_CSS_STRING.sub("", selector)):
            continue
        scope = f"#{scope_id}"
        is_scoped = not scope_id or re.match(rf"{re.escape(scope)}(?![\w-])", selector)
        kept.append(selector if is_scoped else f"{scope} {selector}")
    return ",".join(kept)


def safe_declarations(css: str) -> str:
    """The declarations of a `style` attribute or a rule that are allowed, `name:value;` each."""
    kept = []
    for declaration in _split(_CSS_COMMENT.sub(" ", css), ";"):
        name, colon, value = (part.strip() for part in declaration.partition(":"))
        name = name if name.startswith("--") else name.lower()
        known = name in CSS_PROPERTIES or re.fullmatch(r"--[\w-]+", name)
        if colon and known and _is_safe_value(value):
            kept.append(f"{name}:{value};")
    return "".join(kept)


def _is_safe_value(value: str) -> bool:
    rest = _CSS_STRING.sub("", _CSS_LOCAL_URL.sub("", value))
    return (
        value.strip() != ""
        and _CSS_VALUE.fullmatch(rest) is not None
        and all(function.lower() in CSS_FUNCTIONS for function in _CSS_FUNCTION.findall(rest))
    )


def _split(css: str, separator: str) -> list[str]:
    """`css` cut at each `separator` that is in no string and no parentheses."""
    parts = [""]
    depth = 0
    for piece in re.findall(rf"{_CSS_STRING.pattern}|[^\"'(),;]+|.", css, re.DOTALL):
        depth += (piece == "(") - (piece == ")")
        if piece == separator and depth <= 0:
            parts.append("")
        else:
            parts[-1] += piece
    return [part.strip() for part in parts]
