"""One diagram drawn by the real Mermaid, in QuickJS with mermaidx's DOM instead of a browser.

mermaidx (pinned below 0.11) brings what a page needs and JavaScript engines lack: a DOM with
SVG geometry (`assets/dom_shim.js`), the bounding boxes of paths, and text measured with the font
that also paints the PNG. Its own Mermaid is 11.16; here the official `mermaid.min.js` of the
judge's version takes its place, byte for byte as npm serves it, so that what the judge accepts is
what gets drawn. `browser_gaps.js` adds the little that Mermaid 12 asks for beyond mermaidx's DOM.

A page draws once: Mermaid counts ids and keeps configuration in module variables, which a second
diagram must not see.
"""

from __future__ import annotations

import calendar
import json
import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import mermaidx
import quickjs
from mermaidx.font_metrics import get_font
from mermaidx.path_bbox import PATH_BBOX_JS

HERE = Path(__file__).parent
VENDOR = HERE / "vendor"
MERMAIDX_ASSETS = Path(mermaidx.__file__).parent / "assets"

STACK_BYTES = 128 * 1024 * 1024
"""Stack of the thread that runs a page: Mermaid walks a chain of nodes recursively."""
JS_STACK_BYTES = 96 * 1024 * 1024
"""Where JavaScript stops with a RangeError, well before the thread's stack ends."""
MAX_EVENTS = 200_000
"""Timers and promise jobs a page may run: cytoscape asks for another frame in every frame."""
FONT_STACK = '"DejaVu Sans", Verdana, sans-serif'
"""DejaVu Sans measures the labels; Verdana is its near twin where it is not installed."""
WIDE_STAND_IN = "\u2014"
"""One em wide in DejaVu Sans, like the Chinese, Japanese and Korean characters it lacks."""

_ZENUML = re.compile(r"^\s*zenuml\b", re.MULTILINE)


class DrawingRefused(Exception):
    """Mermaid reports that it cannot draw the diagram."""


class Page:
    """A fresh page with Mermaid loaded, about 0.8 CPU-seconds to make, good for one `draw`.

    memory_limit_bytes: QuickJS refuses to allocate more and Mermaid's error says so.
    """

    def __init__(self, memory_limit_bytes: int) -> None:
        self._context = quickjs.Context()
        self._context.set_memory_limit(memory_limit_bytes)
        self._context.set_max_stack_size(JS_STACK_BYTES)
        for name, measure in _MEASURES.items():
            self._connect(name, measure)
        # The clock is set again in `draw`; scripts may already look at it while they load.
        self._context.eval("globalThis.__naiadClockMs = 0; globalThis.__log = () => {};")
        self._context.eval(f"globalThis.__naiadFontStack = {json.dumps(FONT_STACK)};")
        for script in _page_scripts():
            self._context.eval(script)

    def draw(
        self, source: str, *, svg_id: str, theme: str | None, today: date, max_chars: int
    ) -> str:
        """The SVG that Mermaid makes of `source`, as XML text. Raises DrawingRefused."""
        if _ZENUML.search(source):
            self._context.eval(_zenuml_script())
        clock_ms = calendar.timegm(today.timetuple()) * 1000
        configuration = _configuration(theme, max_chars, svg_id)
        self._context.eval(
            f"globalThis.__naiadClockMs = {clock_ms};\n"
            "__resetDocument();\n"
            f"mermaid.initialize({json.dumps(configuration)});\n"
            f"__naiadDraw({json.dumps(svg_id)}, {json.dumps(source)});"
        )
        self._run_events()
        outcome = json.loads(self._context.eval("JSON.stringify(__naiadOutcome).slice(0)"))
        if outcome is None:
            raise DrawingRefused("Mermaid stopped without drawing anything")
        if "problem" in outcome:
            raise DrawingRefused(one_line(outcome["problem"]))
        svg: str = outcome["svg"]
        return svg

    def _connect(self, name: str, measure: Callable[..., Any]) -> None:
        """Let the page's `name` call `measure`; both ways through flat strings and JSON.

        QuickJS keeps long concatenations as ropes, which the Python binding cannot take.
        """
        self._context.add_callable(
            f"{name}Json", lambda call: json.dumps(measure(*json.loads(call)))
        )
        self._context.eval(
            f"globalThis.{name} = (...call) =>"
            f" JSON.parse({name}Json(JSON.stringify(call).slice(0)));"
        )

    def _run_events(self) -> None:
        """Promise jobs, then the next timer, and so on until there is an outcome."""
        for _ in range(MAX_EVENTS):
            if self._context.eval("globalThis.__naiadOutcome !== null"):
                return
            if not self._run_job() and not self._context.eval("__runNextTimer()"):
                return

    def _run_job(self) -> bool:
        try:
            return bool(self._context.execute_pending_job())
        except StopIteration:
            return False


_DRAW_JS = """
globalThis.mermaid = globalThis.__esbuild_esm_mermaid_nm.mermaid.default;
globalThis.__naiadOutcome = null;
globalThis.__naiadDraw = async (id, source) => {
  try {
    await globalThis.__naiadReady;
    const container = document.getElementById("container");
    const { svg } = await mermaid.render(id, source, container);
    // Through the parser and out again: void elements close and namespaces are declared.
    container.innerHTML = svg;
    const element = container.getElementsByTagName("svg")[0];
    if (!element) throw new Error("Mermaid drew nothing");
    globalThis.__naiadOutcome = { svg: new XMLSerializer().serializeToString(element) };
  } catch (error) {
    globalThis.__naiadOutcome = { problem: String(error?.message ?? error) };
  }
};
"""


@cache
def _page_scripts() -> tuple[str, ...]:
    return (
        PATH_BBOX_JS,
        (MERMAIDX_ASSETS / "dom_shim.js").read_text(encoding="utf-8"),
        (HERE / "browser_gaps.js").read_text(encoding="utf-8"),
        (VENDOR / "mermaid.min.js").read_text(encoding="utf-8"),
        _DRAW_JS,
    )


@cache
def _zenuml_script() -> str:
    return (VENDOR / "zenuml-renderer.js").read_text(encoding="utf-8")


def _configuration(theme: str | None, max_chars: int, svg_id: str) -> dict[str, Any]:
    """Mermaid's site configuration. What is listed under `secure` no diagram may change."""
    return {
        "startOnLoad": False,
        "securityLevel": "strict",
        "secure": [
            *("secure", "securityLevel", "startOnLoad", "suppressErrorRendering"),
            *("maxTextSize", "maxEdges", "deterministicIds", "deterministicIDSeed"),
        ],
        "suppressErrorRendering": True,
        "maxTextSize": max_chars,
        "deterministicIds": True,
        "deterministicIDSeed": svg_id,
        "fontFamily": FONT_STACK,
        **({"theme": theme} if theme else {}),
    }


def one_line(problem: str) -> str:
    """Mermaid's message without its source excerpt, which spans lines: the facts, joined."""
    problem = problem.removeprefix("Error: ")
    lines = [line.strip() for line in problem.splitlines()]
    # Jison shows the offending line and, below it, dashes that end in a caret.
    marker = next((i for i, line in enumerate(lines) if re.fullmatch(r"-*\^", line)), None)
    if marker is not None:
        del lines[marker - 1 : marker + 1]
    return " ".join(line for line in lines if line)


def _measurable(text: str) -> str:
    """`text` with stand-ins of the right width for the characters that the font lacks."""
    if text.isascii():
        return text
    covered = _covered_codepoints()
    return "".join(
        character if ord(character) in covered else _stand_in(character) for character in text
    )


def _stand_in(character: str) -> str:
    if unicodedata.east_asian_width(character) in "WF":
        return WIDE_STAND_IN
    # Half of a surrogate pair, where a label was cut in two, is no text that a font can take.
    return "\ufffd" if unicodedata.category(character) == "Cs" else character


@cache
def _covered_codepoints() -> frozenset[int]:
    return frozenset(get_font(None).full_advance_table())


def _size_px(size: Any) -> float:
    return float(size or 16)


# What mermaidx's DOM asks of its host, by name: (text, size in px, family, weight, style).
_MEASURES: dict[str, Callable[..., Any]] = {
    "__measureText": lambda text, size, _family, weight, _style: get_font(weight).measure(
        _measurable(text or ""), _size_px(size)
    )["width"],
    "__measureTextFull": lambda text, size, _family, weight, _style: get_font(weight).measure(
        _measurable(text or ""), _size_px(size)
    ),
    "__measureGlyphs": lambda text, size, _family, weight, _style: get_font(weight).glyph_boxes(
        _measurable(text or ""), _size_px(size)
    ),
    "__measureForeignObject": lambda html, size, _family, weight, _style: get_font(
        weight
    ).foreign_object_metrics(_measurable(html or ""), _size_px(size)),
}
