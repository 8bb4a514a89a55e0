"""A drawing that comes out can run, load and navigate nothing, whatever went in."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naiad.errors import RenderFailed
from naiad.mermaid.render import render_svg
from naiad.mermaid.svg_lists import (
    CSS_PROPERTIES,
    HTML_ATTRIBUTES,
    HTML_ELEMENTS,
    SVG_ATTRIBUTES,
    SVG_ELEMENTS,
    SVG_PAINT_ATTRIBUTES,
)
from naiad.mermaid.svg_safety import (
    UnsafeSvg,
    safe_declarations,
    safe_stylesheet,
    safe_svg,
)

SVG = "http://www.w3.org/2000/svg"
XHTML = "http://www.w3.org/1999/xhtml"
XLINK = "http://www.w3.org/1999/xlink"
PNG = "data:image/png;base64,iVBORw0KGgo="


def svg_of(content: str, root: str = "") -> str:
    return (
        f'<svg xmlns="{SVG}" xmlns:xlink="{XLINK}" id="d" viewBox="0 0 9 9" {root}>{content}</svg>'
    )


def cleaned(content: str) -> str:
    """What is left of `content` inside a drawing."""
    whole = safe_svg(svg_of(content))
    return whole[whole.index(">") + 1 : -len("</svg>")]


def label(html: str) -> str:
    return f'<foreignObject><div xmlns="{XHTML}">{html}</div></foreignObject>'


def assert_inert(svg: str) -> None:
    """Everything in `svg` is on the lists and refers to nothing outside of it."""
    names = {"style", "href", f"{{{XLINK}}}href", "src"}
    for element in ElementTree.fromstring(svg).iter():
        space, _, tag = element.tag[1:].partition("}")
        assert (space == SVG and tag in SVG_ELEMENTS) or (space == XHTML and tag in HTML_ELEMENTS)
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            assert name in names | SVG_ATTRIBUTES | SVG_PAINT_ATTRIBUTES | HTML_ATTRIBUTES or (
                re.fullmatch(r"(data|aria)-[\w-]+|\{http://www.w3.org/XML/.*", name)
            )
            if name.endswith("href") or name == "src":
                assert value.startswith(("#", "data:image/"))
        for css in (element.get("style", ""), element.text or "" if tag == "style" else ""):
            assert not re.search(r"@(?!keyframes)|\\|expression|javascript|behavior|binding", css)
            assert all(url.startswith("#") for url in re.findall(r"url\([\"']?(.)", css))


@pytest.mark.parametrize(
    ("hostile", "left"),
    [
        ("<script>alert(1)</script>", ""),
        ('<g onload="alert(1)" ONCLICK="x"/>', "<g></g>"),
        ('<a href="javascript:alert(1)" target="_top"><text>t</text></a>', "<a><text>t</text></a>"),
        ('<a xlink:href="https://x.invalid/"/>', "<a></a>"),
        ('<image href="https://x.invalid/a.png"/>', ""),
        ('<image href="data:image/svg+xml;base64,PHN2Zy8+"/>', ""),
        (f'<image href="{PNG}" width="1"/>', f'<image href="{PNG}" width="1"></image>'),
        ('<use href="https://x.invalid/#a"/>', "<use></use>"),
        ('<use href="#a"/>', '<use href="#a"></use>'),
        ('<use xlink:href=" #a"/>', "<use></use>"),
        ('<rect fill="url(https://x.invalid/#p)"/>', "<rect></rect>"),
        ('<rect fill="url(#p)" filter="url( \'#f\' )"/>', None),
        ('<set attributeName="href" to="javascript:alert(1)"/>', ""),
        ('<animate attributeName="href" values="javascript:alert(1)"/>', ""),
        ('<handler type="text/javascript">alert(1)</handler>', ""),
        ('<feImage href="https://x.invalid/a.png"/>', ""),
        ("<![CDATA[<script>alert(1)</script>]]>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<!-- <script>alert(1)</script> --><?php x ?>", ""),
        ('<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>', ""),
        (f'<div xmlns="{XHTML}">outside a label</div>', ""),
        ('<foreignObject><iframe xmlns="" src="https://x.invalid"/></foreignObject>', None),
        (
            '<rect style="fill:red;background:url(https://x.invalid/a)"/>',
            '<rect style="fill:red;"></rect>',
        ),
        ('<rect style="position:fixed;inset:0;z-index:9"/>', "<rect></rect>"),
        ('<text xml:base="https://x.invalid/">t</text>', "<text>t</text>"),
    ],
)
def test_what_could_act_is_left_out(hostile: str, left: str | None) -> None:
    assert_inert(safe_svg(svg_of(hostile)))
    if left is not None:
        assert cleaned(hostile) == left


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ("<b>a</b> <i>b</i><br/><code>c</code>", "<b>a</b> <i>b</i><br/><code>c</code>"),
        (
            '<span class="k" style="color:red">a</span>',
            '<span class="k" style="color:red;">a</span>',
        ),
        ('<img src="x" onerror="alert(1)"/>', "<img/>"),
        (f'<img src="{PNG}"/>', f'<img src="{PNG}"/>'),
        ("<custom>words stay</custom>", "words stay"),
        ("<iframe src='https://x.invalid'>no</iframe>", ""),
        ("<style>*{color:red}</style>", ""),
        ("<object data='x'>no</object><embed src='x'/>", ""),
        ("<form action='https://x.invalid'><input/></form>", ""),
        ("<template><script>alert(1)</script></template>", ""),
        ("<a href='https://x.invalid'>link words</a>", "link words"),
        ("<p onmouseover='alert(1)'>p</p>", "<p>p</p>"),
        (f'<svg xmlns="{SVG}"><script>alert(1)</script><path d="M0"/></svg>', None),
    ],
)
def test_labels_keep_their_html_and_nothing_else(html: str, left: str | None) -> None:
    assert_inert(safe_svg(svg_of(label(html))))
    if left is not None:
        assert cleaned(label(html)) == (
            f'<foreignObject><div xmlns="{XHTML}">{left}</div></foreignObject>'
        )


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE svg [<!ENTITY a "b">]>' + svg_of("&a;"),
        '<!DOCTYPE svg SYSTEM "file:///etc/passwd">' + svg_of(""),
        "<html/>",
        f'<script xmlns="{SVG}"/>',
        "<svg",
        "",
        svg_of("<g>"),
        f'<svg xmlns="{SVG}"/>',
        f'<svg xmlns="{SVG}" width="100%" height="100%"/>',
    ],
)
def test_what_is_no_plain_svg_is_refused(text: str) -> None:
    with pytest.raises(UnsafeSvg):
        safe_svg(text)


def test_an_entity_bomb_is_refused_before_it_grows() -> None:
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 99}">' for i in range(1, 12))
    with pytest.raises(UnsafeSvg, match="document type"):
        safe_svg(f'<!DOCTYPE svg [<!ENTITY e0 "x">{entities}]>' + svg_of("&e11;"))


@pytest.mark.parametrize(
    ("css", "left"),
    [
        ("color:red;fill:#fff", "color:red;fill:#fff;"),
        ("COLOR : Red", "color:Red;"),
        ("fill:url(#a)", "fill:url(#a);"),
        ("fill:url(https://x.invalid)", ""),
        ("fill:u\\72l(https://x.invalid)", ""),
        ("fill:url('#a'), url(//x.invalid)", ""),
        ("width:expression(alert(1))", ""),
        ("-moz-binding:url(x)", ""),
        ("behavior:url(x)", ""),
        ("color:red/*;*/;fill:blue", "color:red;fill:blue;"),
        ("color:red}*{fill:blue", ""),
        ('font-family:"a;b",c', 'font-family:"a;b",c;'),
        ('font-family:"a', ""),
        ("--x:1px", "--x:1px;"),
        ("--x:url(https://x.invalid)", ""),
        ("transform:translate(1px,2px)", "transform:translate(1px,2px);"),
        ("background-image:image-set(x)", ""),
        ("content:'x'", ""),
    ],
)
def test_declarations_are_plain(css: str, left: str) -> None:
    assert safe_declarations(css) == left


@pytest.mark.parametrize(
    ("css", "left"),
    [
        (".a{fill:red}", "#d .a{fill:red;}"),
        ("#d .a,#d .b{fill:red}", "#d .a,#d .b{fill:red;}"),
        ("#dx .a{fill:red}", "#d #dx .a{fill:red;}"),
        ("body,html{fill:red}", "#d body,#d html{fill:red;}"),
        ("@import url(https://x.invalid);.a{fill:red}", "#d .a{fill:red;}"),
        ("@font-face{src:url(https://x.invalid)}.a{fill:red}", "#d .a{fill:red;}"),
        ("@keyframes k{from{fill:red}to{fill:url(x)}}", "@keyframes k{from{fill:red;}to{}}"),
        ("@media print{.a{fill:red}}.b{fill:red}", "#d .b{fill:red;}"),
        (".a{fill:red;background:url(https://x.invalid)}", "#d .a{fill:red;}"),
        ('.a[href="x{"]{fill:red}', '#d .a[href="x{"]{fill:red;}'),
        (".a{fill:red}</style><script>", "#d .a{fill:red;}"),
        (".a{}.b{color:}", ""),
        ("}.a{fill:red}{", "#d .a{fill:red;}"),
        (".a\\{}{fill:red}", ""),
    ],
)
def test_style_sheets_keep_rules_for_the_drawing_only(css: str, left: str) -> None:
    assert safe_stylesheet(css, "d") == left


def test_a_drawing_states_its_size() -> None:
    def root(attributes: str) -> str:
        return safe_svg(f'<svg xmlns="{SVG}" {attributes}/>').split(f'xlink="{XLINK}"')[1]

    assert root('viewBox="1 2 30 40" width="100%"') == (
        ' viewBox="1 2 30 40" width="30" height="40"></svg>'
    )
    assert root('width="30px" height="40"') == ' width="30" height="40" viewBox="0 0 30 40"></svg>'
    assert "max-width" not in root('viewBox="0 0 3 4" style="max-width: 3px; color: red"')


_NAMES = st.sampled_from(
    ["g", "text", "script", "style", "a", "image", "use", "foreignObject", "iframe", "div", "b"]
)
_ATTRIBUTES = st.sampled_from(
    ["href", "xlink:href", "onload", "style", "fill", "class", "src", "data-x", "xml:base", "id"]
)
_VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    st.sampled_from(
        ["javascript:alert(1)", "url(//x)", "#a", "data:text/html,x", "fill:url(x);color:red", "\\"]
    ),
)


def _escaped(text: str) -> str:
    return (
        re.sub(r"[&<>\"'\ufffe\uffff]", lambda found: f"&#{ord(found[0])};", text)
        .replace("&#65534;", "")
        .replace("&#65535;", "")
    )


@st.composite
def _markup(draw: st.DrawFn, depth: int = 0) -> str:
    name = draw(_NAMES)
    space = draw(st.sampled_from(["", f' xmlns="{XHTML}"', f' xmlns="{SVG}"']))
    attributes = draw(st.dictionaries(_ATTRIBUTES, _VALUES, max_size=3))
    written = "".join(f' {key}="{_escaped(value)}"' for key, value in attributes.items())
    content = _escaped(draw(_VALUES))
    if depth < 3:
        content += "".join(draw(st.lists(_markup(depth=depth + 1), max_size=2)))
    return f"<{name}{space}{written}>{content}</{name}>"


@settings(max_examples=150, deadline=None)
@given(_markup())
def test_any_markup_comes_out_inert_and_stays_as_it_came_out(markup: str) -> None:
    once = safe_svg(svg_of(markup))
    assert_inert(once)
    assert safe_svg(once) == once


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from(list("{}();:@#\\/*\"'<>,.-! \nabcurlx0%")), max_size=60))
def test_any_style_sheet_comes_out_inert(css: str) -> None:
    safe = safe_stylesheet(css, "d")
    assert not re.search(r"[\\<]|@(?!keyframes)|url\((?!['\"]?#)", safe)
    assert safe.count("{") == safe.count("}")
    for declaration in re.findall(r"[{;]([\w-]+):", safe):
        assert declaration in CSS_PROPERTIES or declaration.startswith("--")
    assert safe_stylesheet(safe, "d") == safe


HOSTILE_DIAGRAMS = {
    "script label": 'flowchart LR\n  a["<script>fetch(`//x.invalid`)</script>hi"]',
    "onerror label": 'flowchart LR\n  a["<img src=x onerror=alert(1)>hi"]',
    "remote image label": "flowchart LR\n  a[\"<img src='http://HOST/label.png'/>hi\"]",
    "javascript link": 'flowchart LR\n  a --> b\n  click a "javascript:alert(1)"',
    "link": 'flowchart LR\n  a --> b\n  click a href "http://HOST/click" _self',
    "callback": "flowchart LR\n  a --> b\n  click a call alert(1)",
    "class style": "flowchart LR\n  a:::x\n  classDef x fill:url(http://HOST/fill.svg#a),color:red",
    "style line": "flowchart LR\n  a\n  style a fill:#fff,background:url(http://HOST/bg.png)",
    "theme css": (
        "%%{init: {'themeCSS': "
        "'@import url(http://HOST/i.css); * {fill: url(http://HOST/f#a)}'}}%%\n"
        "flowchart LR\n  a"
    ),
    "font family": (
        "%%{init: {'fontFamily': "
        "'x;} @font-face{font-family:x;src:url(http://HOST/f.woff)} .y{'}}%%\n"
        "flowchart LR\n  a"
    ),
    "security level": (
        "%%{init: {'securityLevel': 'loose'}}%%\nflowchart LR\n"
        '  a["<img src=http://HOST/loose.png onerror=alert(1)>"]\n  click a call alert(1)'
    ),
    "image shape": 'flowchart LR\n  a@{ img: "http://HOST/shape.png", label: "hi", w: 60, h: 60 }',
    "sequence link": (
        "sequenceDiagram\n  participant A\n  link A: Home @ javascript:alert(1)\n"
        "  A->>A: <img src=x onerror=alert(1)>"
    ),
    "class link": 'classDiagram\n  class A\n  link A "javascript:alert(1)" "tip"',
    "gantt link": 'gantt\n  Dig: a, 2024-01-01, 1d\n  click a href "javascript:alert(1)"',
    "C4 sprite": (
        'C4Context\n  Person(a, "A", $sprite="http://HOST/s.png", $link="javascript:alert(1)")'
    ),
    "zenuml": 'zenuml\n  title <script>alert(1)</script>\n  A."<img src=x onerror=alert(1)>"()',
    "front matter title": (
        "---\ntitle: <script>alert(1)</script><img src=x onerror=alert(1)>\n---\nflowchart LR\n  a"
    ),
    "cdata": 'flowchart LR\n  a["]]><script>alert(1)</script><![CDATA["]',
    "entities": (
        'flowchart LR\n  a["#lt;script#gt;alert(1)#lt;/script#gt; '
        '&lt;img src=x onerror=alert(1)&gt;"]'
    ),
    "pie": 'pie title <svg onload=alert(1)>\n  "<img src=x onerror=alert(1)>" : 1',
    "markdown": 'flowchart LR\n  a["`[x](javascript:alert(1)) ![y](http://HOST/md.png)`"]',
}


@pytest.mark.parametrize("name", HOSTILE_DIAGRAMS)
def test_hostile_diagrams_draw_inert_or_not_at_all(name: str) -> None:
    try:
        svg = render_svg(HOSTILE_DIAGRAMS[name])
    except RenderFailed:
        return
    assert_inert(svg)


class _Listener(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(404)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Listener)
    server.asked = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def _dom_after_opening(chromium: str, page: Path, profile: Path) -> str:
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
        "--disable-background-networking --disable-component-update --virtual-time-budget=2000"
    )
    run = subprocess.run(
        [chromium, *flags.split(), f"--user-data-dir={profile}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return run.stdout


@pytest.mark.release
def test_chromium_opens_hostile_drawings_and_nothing_happens(
    tmp_path: Path, listener: ThreadingHTTPServer
) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("chromium is not installed")
    host = f"127.0.0.1:{listener.server_port}"
    drawings = []
    for source in HOSTILE_DIAGRAMS.values():
        try:
            drawings.append(render_svg(source.replace("HOST", host)))
        except RenderFailed:
            continue
    # Inside a page, where an event handler would run and a style would reach the page.
    trap = "<script>window.alert = () => { document.title = 'ALERT'; };</script>"
    control = f'<img src="http://{host}/control">'
    page = tmp_path / "page.html"
    page.write_text(
        f"<!doctype html><meta charset=utf-8><title>calm</title>{trap}{control}"
        + "".join(drawings),
        "utf-8",
    )
    dom = _dom_after_opening(chromium, page, tmp_path / "profile")
    assert "<title>calm</title>" in dom
    assert listener.asked == ["/control"]  # type: ignore[attr-defined]
    # And alone, as a document of its own.
    for number, drawing in enumerate(drawings):
        alone = tmp_path / f"{number}.svg"
        alone.write_text(drawing, "utf-8")
        assert "<parsererror" not in _dom_after_opening(chromium, alone, tmp_path / "profile")
    assert listener.asked == ["/control"]  # type: ignore[attr-defined]
