"""journey: tasks, how they feel, and who does them.

https://mermaid.js.org/syntax/userJourney.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.line_grammar import INDENT, Accessibility, DiagramGrammar, LineForm
from naiad.grammar.patterns import ENTITY, integer, listed, optional, text

BARRED = '"<>#;\\`'
KEYWORDS = ("accdescr", "acctitle", "journey", "section", "title")
"""Words, in any case, with which Mermaid takes a line for something other than a task."""
MOST_TASKS = 100
MOST_SECTIONS = 40
BEST_SCORE = 10
"""The pages of Mermaid speak of 1 to 5. Models and people go on to 10, which is drawn higher up."""

_TITLE = text(BARRED, units=(ENTITY,))
_SECTION = text(BARRED + ":", units=(ENTITY,))
_NAME = text(BARRED + ":", units=(ENTITY,), first_word_except=KEYWORDS)
_ACTOR = text(BARRED + ":,", units=(ENTITY,))
_SCORE = integer(0, BEST_SCORE)
_TASK = f"{_NAME}: {_SCORE}{optional(f': {listed(_ACTOR, most=10)}')}"


class JourneyGrammar(DiagramGrammar):
    """Tasks with their scores, in sections."""

    type = "journey"
    header = "journey"
    default_header = "journey"

    def __init__(self) -> None:
        super().__init__()
        self._accessibility = Accessibility()
        self._titled = False
        self._sections = 0
        self._tasks = 0

    @property
    def complete(self) -> bool:
        return self._tasks > 0

    def closing(self) -> Iterator[str]:
        if not self.complete:
            yield f"{' ' * self._indent()}Task: 3"

    def body(self) -> Iterator[LineForm]:
        if not self._tasks and not self._sections:
            if not self._titled:
                yield LineForm("title", f"title {_TITLE}", self._read_title)
            yield from self._accessibility.forms()
        if self._tasks < MOST_TASKS:
            yield LineForm("task", _TASK, self._read_task, self._indent())
            if self._sections < MOST_SECTIONS:
                yield LineForm("section", f"section {_SECTION}", self._read_section)

    def _indent(self) -> int:
        return 2 * INDENT if self._sections else INDENT

    def _read_title(self, match: re.Match[str]) -> None:
        self._titled = True

    def _read_section(self, match: re.Match[str]) -> None:
        self._sections += 1

    def _read_task(self, match: re.Match[str]) -> None:
        self._tasks += 1
