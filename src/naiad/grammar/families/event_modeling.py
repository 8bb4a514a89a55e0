"""eventmodeling: frames of a story, each of a screen, command, event, view or processor.

https://mermaid.js.org/syntax/eventmodeling.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.line_grammar import DiagramGrammar, LineForm
from naiad.grammar.patterns import name, one_of, text

MOST_FRAMES = 60
MOST_SOURCES = 6
KINDS = {
    "ui": ("rmo", "readmodel"),
    "cmd": ("ui", "pcr", "processor"),
    "command": ("ui", "pcr", "processor"),
    "evt": ("cmd", "command"),
    "event": ("cmd", "command"),
    "rmo": ("evt", "event"),
    "readmodel": ("evt", "event"),
    "pcr": ("rmo", "readmodel"),
    "processor": ("rmo", "readmodel"),
}
"""Kind of a frame -> kinds of the frames that it may receive from."""
_WORDS = (
    *("data", "entity", "figma", "given", "gwt", "html", "jsobj", "json", "md", "note"),
    *("resetframe", "rf", "salt", "text", "tf", "then", "timeframe", "uri", "when"),
)
_ID = name(
    "A-Za-z_",
    "A-Za-z0-9_",
    except_for=(*_WORDS, *KINDS),
    beginnings=("accDescr", "accTitle", "eventmodeling", "title"),
)
# Two slashes begin a comment; a slash and a star, too.
_VALUES = text('{}/\\"<>;`', units=())
_DATA = rf"\{{ ?{_VALUES}\}}"


class EventModelingGrammar(DiagramGrammar):
    """Frames have numbers of their own, and sources above them of the kinds that fit.

    There is no title: Mermaid 12.3 documents one, and its lexer takes the word for a name.
    """

    type = "eventmodeling"
    header = "eventmodeling"
    default_header = "eventmodeling"

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[str, str] = {}
        """Number of a frame, as it is written -> its kind."""

    def body(self) -> Iterator[LineForm]:
        free = [f"{each:02}" for each in range(1, 100) if f"{each:02}" not in self._kinds]
        if len(self._kinds) == MOST_FRAMES:
            return
        kinds = "|".join(self._kind(kind) for kind in KINDS)
        frame = rf"(?:tf|rf) (?P<frame>{one_of(free)}) (?:{kinds})(?: {_DATA})?"
        yield LineForm("frame", frame, self._read)

    def _kind(self, kind: str) -> str:
        """Kind, name and sources."""
        numbers = [each for each, its in self._kinds.items() if its in KINDS[kind]]
        sources = f"(?: ->> {one_of(numbers)}){{0,{MOST_SOURCES}}}" if numbers else ""
        return rf"{kind} {_ID}(?:\.{_ID})?{sources}"

    @property
    def complete(self) -> bool:
        return bool(self._kinds)

    def closing(self) -> Iterator[str]:
        if not self._kinds:
            yield "    tf 01 evt Started"

    def _read(self, match: re.Match[str]) -> None:
        self._kinds[match["frame"]] = match[0].split()[2]
