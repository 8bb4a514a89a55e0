"""Every family draws, with its labels, in a process that may hang or die."""

from __future__ import annotations

import os
import re
import signal
import struct
import zlib
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from xml.etree import ElementTree

import pytest

from naiad.errors import ConfigError, InputError, RendererUnavailable, RenderFailed
from naiad.mermaid import render as render_module
from naiad.mermaid.render import (
    MERMAID_VERSION,
    RENDERER,
    ZENUML_VERSION,
    RenderConfig,
    close_renderer,
    rasterize,
    render_svg,
    renderer_pid,
)
from naiad.mermaid.render_page import VENDOR, one_line

FAMILIES: dict[str, tuple[str, list[str]]] = {
    "flowchart": (
        "flowchart LR\n  A[Sign in] -->|wrong| B{Retry?}",
        ["Sign in", "wrong", "Retry?"],
    ),
    "graph": ("graph TD\n  a(Tea) --- b((Cup))", ["Tea", "Cup"]),
    "sequence": ("sequenceDiagram\n  Ann->>Bob: Hello\n  Bob-->>Ann: Hi", ["Ann", "Hello", "Hi"]),
    "class": ("classDiagram\n  class Boat {\n    +int length\n    +sail()\n  }", ["Boat", "sail"]),
    "state": ("stateDiagram-v2\n  [*] --> Open\n  Open --> Shut: close", ["Open", "Shut", "close"]),
    "er": ("erDiagram\n  CLIENT ||--o{ BILL : pays", ["CLIENT", "BILL", "pays"]),
    "gantt": (
        "gantt\n  title Build\n  section Base\n  Dig: a, 2024-01-01, 5d\n  Pour: after a, 3d",
        ["Build", "Base", "Dig", "Pour"],
    ),
    "pie": ('pie title Pets\n  "Cats" : 60\n  "Dogs" : 40', ["Pets", "Cats", "Dogs"]),
    "journey": ("journey\n  title Day\n  section Out\n    Walk: 5: Me", ["Day", "Out", "Walk"]),
    "gitGraph": (
        'gitGraph\n  commit id: "one"\n  branch side\n  commit id: "two"',
        ["one", "side"],
    ),
    "mindmap": ("mindmap\n  root((Sea))\n    Fish\n    Salt", ["Sea", "Fish", "Salt"]),
    "timeline": (
        "timeline\n  title Ages\n  1900 : Steam\n  1950 : Atom",
        ["Ages", "Steam", "Atom"],
    ),
    "quadrant": (
        "quadrantChart\n  title Worth\n  x-axis Low --> High\n  y-axis Slow --> Fast\n"
        "  quadrant-1 Now\n  Fix: [0.3, 0.6]",
        ["Worth", "Slow", "Now", "Fix"],
    ),
    "requirement": (
        "requirementDiagram\n  requirement speed {\n    id: 1\n    text: be fast\n"
        "    risk: high\n    verifymethod: test\n  }",
        ["speed", "be fast", "High"],
    ),
    "C4Context": (
        'C4Context\n  Person(u, "User")\n  System(s, "Shop")\n  Rel(u, s, "buys")',
        ["User", "Shop", "buys"],
    ),
    "C4Container": ('C4Container\n  Container(w, "Web", "JS", "pages")', ["Web", "pages"]),
    "C4Component": ('C4Component\n  Component(c, "Cart", "Java", "sums")', ["Cart", "sums"]),
    "C4Dynamic": (
        'C4Dynamic\n  System(a, "Ape")\n  System(b, "Bee")\n  Rel(a, b, "asks")',
        ["Ape", "Bee", "asks"],
    ),
    "C4Deployment": (
        'C4Deployment\n  Deployment_Node(n, "Host", "Linux") {\n'
        '    Container(d, "Data", "SQL")\n  }',
        ["Host", "Data"],
    ),
    "sankey": ("sankey-beta\n\nCoal,Power,7\nPower,Homes,4", ["Coal", "Power", "Homes"]),
    "xychart": (
        'xychart-beta\n  title "Sales"\n  x-axis [jan, feb]\n  y-axis "Euro" 0 --> 9\n  bar [3, 8]',
        ["Sales", "jan", "Euro"],
    ),
    "block": ('block-beta\n  columns 2\n  a["Left"] b["Right"]\n  a --> b', ["Left", "Right"]),
    "packet": ('packet-beta\n  0-7: "Kind"\n  8-15: "Size"', ["Kind", "Size"]),
    "kanban": (
        "kanban\n  todo[To do]\n    t1[Paint]\n  done[Done]\n    t2[Sand]",
        ["To do", "Paint"],
    ),
    "architecture": (
        "architecture-beta\n  group net(cloud)[Net]\n  service a(server)[Api] in net\n"
        "  service b(disk)[Disk] in net\n  a:R --> L:b",
        ["Net", "Api", "Disk"],
    ),
    "zenuml": (
        "zenuml\n  title Loan\n  Desk.lend(book) {\n    Shelf.take()\n  }",
        ["Loan", "Desk", "take"],
    ),
    "radar": (
        'radar-beta\n  axis a["Wit"], b["Joy"], c["Zip"]\n  curve k["Kim"]{3, 4, 5}',
        ["Wit", "Kim"],
    ),
    "treemap": ('treemap-beta\n"Land"\n    "Wood": 20\n    "Field": 30', ["Land", "Wood", "Field"]),
    "front matter": ("---\ntitle: Plan\n---\nflowchart LR\n  A[Go]", ["Plan", "Go"]),
    "init": ("%%{init: {'theme': 'forest'}}%%\nflowchart LR\n  A[Green]", ["Green"]),
    "venn": ('venn-beta\n  set A["Red"]\n  set B["Blue"]\n  union A,B["Both"]', ["Red", "Blue"]),
    "ishikawa": ("ishikawa-beta\n  Late\n    Rain\n    Snow", ["Late", "Rain", "Snow"]),
    "treeView": ("treeView-beta\n    home\n        docs\n        music", ["home", "docs", "music"]),
}


@pytest.fixture(scope="session", autouse=True)
def _renderer_ends() -> Iterator[None]:
    yield
    close_renderer()


def words_of(svg: str) -> str:
    """The text in a drawing, without its style sheet and with single spaces."""
    root = ElementTree.fromstring(svg)
    texts: list[str] = []

    def collect(element: ElementTree.Element) -> None:
        if element.tag.endswith("}style"):
            return
        texts.append(element.text or "")
        for child in element:
            collect(child)
            texts.append(child.tail or "")

    collect(root)
    return re.sub(r"\s+", " ", " ".join(texts))


def pixels_of(png: bytes) -> tuple[int, int, list[bytes]]:
    """(width, height, rows of RGBA bytes) of a PNG with 8 bits and four channels."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    position, header, packed = 8, b"", b""
    while position < len(png):
        length, kind = struct.unpack(">I4s", png[position : position + 8])
        content = png[position + 8 : position + 8 + length]
        header = content if kind == b"IHDR" else header
        packed += content if kind == b"IDAT" else b""
        position += length + 12
    width, height, depth, colour = struct.unpack(">IIBB", header[:10])
    assert (depth, colour) == (8, 6)
    return width, height, _unfiltered(zlib.decompress(packed), width * 4, height)


def _unfiltered(raw: bytes, stride: int, height: int) -> list[bytes]:
    """PNG rows without their filters (PNG specification, section 9)."""
    rows: list[bytes] = []
    above = bytearray(stride)
    for y in range(height):
        start = y * (stride + 1)
        kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for x in range(stride):
            left = row[x - 4] if x >= 4 else 0
            corner = above[x - 4] if x >= 4 else 0
            row[x] = (row[x] + _predicted(kind, left, above[x], corner)) & 255
        rows.append(bytes(row))
        above = row
    return rows


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind < 4:
        return (0, left, up, (left + up) // 2)[kind]
    guess = left + up - corner
    return min(
        (abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner)
    )[2]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_draws_with_its_labels(family: str) -> None:
    source, labels = FAMILIES[family]
    svg = render_svg(source)
    words = words_of(svg)
    assert [label for label in labels if label not in words] == []
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    box = [float(part) for part in root.attrib["viewBox"].split()]
    assert float(root.attrib["width"]) > 0
    assert float(root.attrib["height"]) > 0
    assert len(box) == 4


@pytest.mark.parametrize("family", ["flowchart", "sequence", "pie", "zenuml", "C4Context"])
def test_a_png_is_painted_and_of_the_stated_size(family: str) -> None:
    svg = render_svg(FAMILIES[family][0])
    root = ElementTree.fromstring(svg)
    width, height, rows = pixels_of(rasterize(svg, scale=0.5))
    assert width == max(1, round(float(root.attrib["width"]) * 0.5))
    assert height == max(1, round(float(root.attrib["height"]) * 0.5))
    colours = {row[x : x + 4] for row in rows for x in range(0, len(row), 4)}
    assert len(colours) > 10, "shapes and the soft edges of letters have many colours"


def test_labels_are_painted_and_not_only_their_boxes() -> None:
    def dark_pixels(label: str) -> int:
        # A theme without dark borders.
        svg = render_svg(f'flowchart LR\n  a["{label}"]', RenderConfig(theme="default"))
        _, _, rows = pixels_of(rasterize(svg, scale=1))
        return sum(max(row[x : x + 3]) < 100 for row in rows for x in range(0, len(row), 4))

    assert dark_pixels(".") < 10
    for label in ("Eglise", "Église", "Ωμέγα", "Привет", "שלום", "مرحبا"):
        assert dark_pixels(label) > 50, label


def test_a_png_has_the_background_asked_for() -> None:
    svg = render_svg("flowchart LR\n  a --> b")
    for background, corner in (
        ("white", b"\xff\xff\xff\xff"),
        ("#336699", b"\x33\x66\x99\xff"),
        ("transparent", b"\x00\x00\x00\x00"),
    ):
        _, _, rows = pixels_of(rasterize(svg, scale=1, background=background))
        assert rows[0][:4] == corner


def test_the_same_source_gives_the_same_bytes_after_any_other() -> None:
    handdrawn = "---\nconfig:\n  look: handDrawn\n---\nflowchart LR\n  a --> b --> c"
    gantt = "gantt\n  Dig: a, 2024-01-01, 5d"
    config = RenderConfig(today=date(2024, 1, 3))
    first = [render_svg(source, config) for source in (handdrawn, gantt)]
    render_svg(
        "%%{init: {'theme': 'dark', 'flowchart': {'curve': 'step'}}}%%\nflowchart LR\n  x --> y"
    )
    close_renderer()
    assert [render_svg(source, config) for source in (handdrawn, gantt)] == first


def test_configuration_of_one_diagram_does_not_reach_the_next() -> None:
    plain = render_svg("flowchart LR\n  a --> b")
    render_svg(
        "%%{init: {'themeVariables': {'primaryColor': '#123456'}, 'theme': 'base'}}%%\n"
        'pie\n  "a": 1'
    )
    render_svg("---\nconfig:\n  theme: dark\n---\nflowchart LR\n  c --> d")
    assert render_svg("flowchart LR\n  a --> b") == plain


def test_two_drawings_share_no_id() -> None:
    ids = [
        set(re.findall(r' id="([^"]+)"', render_svg(f"flowchart LR\n  a --> {target}")))
        for target in ("b", "c")
    ]
    assert ids[0] and ids[1] and not ids[0] & ids[1]


def test_a_theme_changes_the_colours() -> None:
    source = "flowchart LR\n  a --> b"
    assert render_svg(source, RenderConfig(theme="dark")) != render_svg(source)


def test_html_in_labels_stays() -> None:
    svg = render_svg('flowchart LR\n  a["<b>bold</b> and <i>slanted</i><br/>below"]')
    assert "<b>bold</b>" in svg
    assert "<i>slanted</i>" in svg
    assert "<br/>" in svg


@pytest.mark.parametrize(
    "source",
    [
        "flowchart LR\n  a[\"<img src='http://x.invalid/a.png'/> words\"]",
        'flowchart LR\n  a@{ img: "http://x.invalid/a.png", label: "words", w: 60, h: 60 }',
    ],
)
def test_remote_images_are_left_out_of_the_drawing(source: str) -> None:
    svg = render_svg(source)
    assert "words" in words_of(svg)
    assert "x.invalid" not in svg


@pytest.mark.parametrize(
    "source",
    [
        'flowchart LR\n  a["area $$\\pi r^2$$"] --> b',
        "sequenceDiagram\n  A->>B: area $$\\pi r^2$$",
    ],
)
def test_a_formula_stays_as_its_text(source: str) -> None:
    words = words_of(render_svg(source))
    assert "\\pi r^2" in words
    assert "MathML" not in words


def test_wide_letters_get_boxes_wide_enough() -> None:
    def width_of(label: str) -> float:
        svg = render_svg(f"flowchart LR\n  a[{label}]")
        found = re.search(r'<foreignObject width="([\d.]+)"', svg)
        assert found
        return float(found[1])

    # 16 px an em: Chinese, Japanese and Korean characters are one em wide in every font.
    assert width_of("東京都") >= 3 * 16


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("sankey-beta\n\na,b,1\nb,a,1", "circular link"),
        ('C4Context\n  Person(a, "A")\n  Rel(a, ghost, "x")', "ghost"),
        ("gantt\n  Dig: a, 2024-13-45, 3d", "Invalid date"),
        (
            "architecture-beta\n  service a(server)[A]\n  service b(disk)[B]\n"
            "  a:R --> L:b\n  a:T --> B:b",
            "Can not create second element",
        ),
        ("flowchart LR\n" + "  a --> b\n" * 501, "Edge limit exceeded"),
        ("flowchart LR\n  a -->", "Parse error"),
        ("this is no diagram", "No diagram type detected"),
    ],
)
def test_an_undrawable_diagram_fails_in_one_line(source: str, says: str) -> None:
    with pytest.raises(RenderFailed) as failure:
        render_svg(source)
    assert says in failure.value.message
    assert failure.value.message.startswith(f"{RENDERER} cannot draw this: ")
    assert "\n" not in failure.value.message


def test_messages_lose_the_excerpt_and_keep_the_facts() -> None:
    jison = "Parse error on line 2:\n...rt LR  a -->\n---------------^\nExpecting 'NODE', got 'EOF'"
    assert one_line(jison) == "Parse error on line 2: Expecting 'NODE', got 'EOF'"
    assert one_line("Error: circular link") == "circular link"


def test_a_renderer_that_hangs_is_killed_and_the_next_diagram_draws() -> None:
    # Mermaid 12's layout never comes back from a state that is inside what it points to.
    endless = "stateDiagram-v2\n  state A {\n    B --> A\n  }\n  A --> B"
    render_svg('pie\n  "a": 1')
    before = renderer_pid()
    with pytest.raises(RenderFailed) as failure:
        render_svg(endless, RenderConfig(timeout_s=2))
    assert "no drawing after 2 s and was stopped" in failure.value.message
    assert RENDERER in failure.value.message
    assert renderer_pid() is None
    assert "Cats" in words_of(render_svg('pie\n  "Cats": 1'))
    assert renderer_pid() != before


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_renderer_is_replaced() -> None:
    render_svg('pie\n  "a": 1')
    before = renderer_pid()
    assert before is not None
    os.kill(before, signal.SIGKILL)
    assert "Dogs" in words_of(render_svg('pie\n  "Dogs": 1'))
    assert renderer_pid() not in (None, before)


def test_a_megabyte_is_refused_before_it_is_drawn() -> None:
    with pytest.raises(InputError) as failure:
        render_svg("flowchart LR\n" + "  a --> b\n" * 100_000)
    assert failure.value.message == ("the diagram has 1,000,013 bytes; at most 262,144 are drawn")


@pytest.mark.parametrize("source", ["", " \n\t"])
def test_nothing_is_not_drawn(source: str) -> None:
    with pytest.raises(InputError, match="the source is empty"):
        render_svg(source)


def test_odd_characters_do_not_break_the_drawing() -> None:
    svg = render_svg('flowchart LR\n  a["bell \x07 half \ud83d and & < 😀"]')
    assert "bell" in words_of(svg)


def test_a_png_that_is_too_large_is_refused() -> None:
    with pytest.raises(RenderFailed, match="too large"):
        rasterize(render_svg('pie\n  "a": 1'), scale=1000)
    with pytest.raises(InputError, match="not above 0"):
        rasterize("<svg/>", scale=0)
    with pytest.raises(InputError, match="not an SVG"):
        rasterize("<html/>")
    with pytest.raises(RenderFailed, match="'blurple' is no colour"):
        rasterize(render_svg('pie\n  "a": 1'), background="blurple")


def test_a_renderer_that_does_not_start_is_not_the_diagrams_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(render_module, "python_worker", lambda _module: ["/no/such/python"])
    unused = RenderConfig(memory_limit_bytes=777_777_777)
    with pytest.raises(RendererUnavailable, match="could not be started"):
        render_svg('pie\n  "a": 1', unused)


def test_contradictory_settings_are_reported_together() -> None:
    with pytest.raises(ConfigError) as failure:
        RenderConfig(theme="plaid", timeout_s=0, memory_limit_bytes=1)  # type: ignore[arg-type]
    for part in ("plaid", "timeout_s is 0", "memory_limit_bytes is 1"):
        assert part in failure.value.message


def test_the_vendored_scripts_are_the_pinned_ones() -> None:
    checksums = dict(
        reversed(line.split()) for line in (VENDOR / "CHECKSUMS").read_text().splitlines()
    )
    for name in ("mermaid.min.js", "zenuml-renderer.js"):
        assert sha256((VENDOR / name).read_bytes()).hexdigest() == checksums[name]
    assert f'version:"{MERMAID_VERSION}"' in (VENDOR / "mermaid.min.js").read_text("utf-8")
    package = Path(__file__).parents[2] / "tools" / "mermaid-bundle" / "package.json"
    assert f'"@zenuml/core": "{ZENUML_VERSION}"' in package.read_text("utf-8")
