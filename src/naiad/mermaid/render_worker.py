"""The child process that draws: `python -m naiad.mermaid.render_worker`. See isolation.py.

Requests are `{"draw": {...}}` -> `{"svg": markup}` or `{"problem": text}`, and
`{"rasterize": {...}}` -> `{"png": base64}` or `{"problem": text}`.
"""

from __future__ import annotations

import argparse
import base64
import os
import threading
from datetime import date
from typing import Any

import novasvg
import novasvg.fonts
import quickjs

from naiad.mermaid.isolation import LastAnswer, Message, serve
from naiad.mermaid.paintable import paintable
from naiad.mermaid.render_page import MERMAIDX_ASSETS, STACK_BYTES, DrawingRefused, Page

MAX_PIXELS = 64_000_000
"""Largest PNG, width times height: 256 MB while it is painted."""
GENERIC_FAMILIES = ("DejaVu Sans", "sans-serif", "serif", "monospace")
"""Painted with the font that measured the labels, whatever is installed on the machine."""


class Drawer:
    """Answers requests; keeps one unused page ready, since making one takes most of the time."""

    def __init__(self, memory_limit_bytes: int) -> None:
        self._memory_limit_bytes = memory_limit_bytes
        self._page: Page | None = Page(memory_limit_bytes)

    def answer(self, request: Message) -> Message:
        if "draw" in request:
            return self._draw(**request["draw"])
        return rasterize(**request["rasterize"])

    def make_page(self) -> None:
        """Have a fresh page for the next diagram."""
        if self._page is None:
            self._page = Page(self._memory_limit_bytes)

    def _draw(
        self, *, source: str, svg_id: str, theme: str | None, today: str, max_chars: int
    ) -> Message:
        self.make_page()
        page, self._page = self._page, None
        assert page is not None
        try:
            svg = page.draw(
                source,
                svg_id=svg_id,
                theme=theme,
                today=date.fromisoformat(today),
                max_chars=max_chars,
            )
        except DrawingRefused as refusal:
            return {"problem": str(refusal)}
        except quickjs.JSException as error:
            # Out of memory or stack: what is left of the page's process is not worth keeping.
            raise LastAnswer({"problem": str(error).splitlines()[0]}) from error
        return {"svg": svg}


def rasterize(*, svg: str, scale: float, background: str) -> Message:
    """PNG of `svg`, `scale` pixels a unit, on `background` (a colour name or #rrggbb[aa])."""
    try:
        paint = _colour(background)
        document = novasvg.Document.load_from_data(paintable(svg))
    except ValueError as error:
        return {"problem": str(error)}
    width, height = (max(1, round(side * scale)) for side in (document.width, document.height))
    if width * height > MAX_PIXELS:
        return {
            "problem": f"a PNG of {width:,} x {height:,} pixels is too large; "
            f"at most {MAX_PIXELS:,} pixels are painted"
        }
    bitmap = document.render_to_bitmap(width, height, paint)
    return {"png": base64.b64encode(bitmap.to_bytes("png")).decode("ascii")}


def _colour(name: str) -> int:
    if name == "transparent":
        return 0
    try:
        if name.startswith("#"):
            return int(novasvg.Color.from_hash(name).to_int())
        return int(novasvg.Color.from_name(name.lower()).to_int())
    except ValueError as error:
        raise ValueError(f"{name!r} is no colour: use a name such as white, or #rrggbb") from error


def _load_fonts() -> None:
    fonts = MERMAIDX_ASSETS / "fonts"
    for family in GENERIC_FAMILIES:
        for bold, file in ((False, "DejaVuSans.ttf"), (True, "DejaVuSans-Bold.ttf")):
            novasvg.fonts.add_font_face_from_file(family, bold, False, str(fonts / file))


def _hello() -> Message:
    return {"pid": os.getpid()}


def _work(memory_limit_bytes: int) -> None:
    drawer = Drawer(memory_limit_bytes)
    _load_fonts()
    serve(drawer.answer, _hello(), between_answers=drawer.make_page)


def main(arguments: list[str] | None = None) -> None:
    """Answer render requests on standard input until it ends."""
    parser = argparse.ArgumentParser(prog="naiad.mermaid.render_worker")
    parser.add_argument("--memory-limit-bytes", type=int, required=True)
    options: Any = parser.parse_args(arguments)
    # QuickJS recurses on the stack of the thread that it runs in.
    threading.stack_size(STACK_BYTES)
    thread = threading.Thread(target=_work, args=(options.memory_limit_bytes,))
    thread.start()
    thread.join()


if __name__ == "__main__":
    main()
