"""eventmodeling: one frame a line, short words for frames."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.rewriting.chart_rewriter import ChartRewriter, single_spaced

_FRAME = re.compile(
    r"(?P<word>tf|timeframe|rf|resetframe)\s+(?P<frame>\d{1,3})\s+(?P<kind>\w+)\s+"
    r"(?P<name>\w+(?:\s{0,9}\.\s{0,9}\w+)?)\s{0,9}(?P<rest>.*)"
)
_KINDS = {"readmodel": "readmodel", "view": "rmo", "screen": "ui", "automation": "pcr"}
_SOURCE_SLIP = re.compile(r"\s*(?:<?-+>+|→)\s*(?=\d)")
_DATA = re.compile(r"(?P<before>[^{]*)\{(?P<data>.*)\}\s*")


class EventModelingRewriter(ChartRewriter):
    """When repairing, kinds by other names and other arrows become Mermaid's."""

    type = "eventmodeling"
    keyword = "eventmodeling"

    def entry(self, text: str) -> Iterator[str]:
        frame = _FRAME.fullmatch(text)
        if frame is None:
            yield f"    {text}"
            return
        word = {"timeframe": "tf", "resetframe": "rf"}.get(frame["word"], frame["word"])
        kind, rest = frame["kind"], frame["rest"]
        if self.repairing:
            kind, rest = self._mended_frame(kind, rest)
        name = re.sub(r"\s+", "", frame["name"])
        line = f"{word} {frame['frame']} {kind} {name} {_spaced(rest)}"
        yield f"    {line.rstrip()}"

    def _mended_frame(self, kind: str, rest: str) -> tuple[str, str]:
        mended = _KINDS.get(kind.lower(), kind.lower())
        arrows = _SOURCE_SLIP.sub(" ->> ", rest)
        if mended != kind or single_spaced(arrows) != single_spaced(rest):
            self.note("wrote the frame's kind and arrows as Mermaid does")
        return mended, arrows


def _spaced(rest: str) -> str:
    """Sources and data with one blank around each."""
    data = _DATA.fullmatch(rest)
    sources = single_spaced(re.sub(r"\s*->>\s*", " ->> ", data["before"] if data else rest))
    # Mermaid draws the data as they stand, blanks at the braces included.
    return f"{sources} {{{data['data']}}}".lstrip() if data else sources
