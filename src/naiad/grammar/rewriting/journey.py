"""journey: sections, tasks with scores and actors."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.families.journey import BARRED, BEST_SCORE, KEYWORDS
from naiad.grammar.rewriting.chart_rewriter import ChartRewriter, single_spaced
from naiad.grammar.rewriting.escaping import escaped

_SECTION = re.compile(r"section\s+(?P<name>.+)", re.IGNORECASE)
_HASH = re.compile(r"#(?!(?:[0-9]{1,5}|[a-z]{2,8});)")
_SCORE = re.compile(r"-?\d+(?:\.\d+)?")
_SCORED = re.compile(r"(?P<name>.+?)\s*[:\-–(|,]\s*(?P<score>\d+)(?:\s*/\s*\d+)?\)?(?P<rest>.*)")
_FIRST_WORD = re.compile(r"[A-Za-z0-9_]+")
_MIDDLE_SCORE = "3"


class JourneyRewriter(ChartRewriter):
    """When repairing, a task gets a score, and colons in its name become entities."""

    type = "journey"
    keyword = r"(?i:journey)(?:[dD]iagram)?\b"
    barred_in_title = BARRED

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._in_section = False

    def written_keyword(self, found: re.Match[str]) -> str:
        if found[0] != self.type:
            self.note("wrote the keyword as Mermaid does")
        return self.type

    def comment(self, text: str) -> str:
        return f"{self._blanks()}{text}"

    def entry(self, text: str) -> Iterator[str]:
        text, comment = self._without_comment(text)
        if comment:
            yield f"{self._blanks()}%% {comment}"
        section = _SECTION.fullmatch(text)
        if section:
            self._in_section = True
            barred = BARRED + ":" if self.repairing else BARRED
            yield f"    section {escaped(single_spaced(section['name']), barred)}"
        elif text:
            yield f"{self._blanks()}{self._task(text)}"

    def _without_comment(self, text: str) -> tuple[str, str]:
        """Mermaid reads a `#` as the beginning of a comment; in a broken text it is a sign."""
        found = _HASH.search(text)
        if found is None or (self.repairing and found.start()):
            return text, ""
        return text[: found.start()].strip(), text[found.start() :].lstrip("# ").strip()

    def _task(self, text: str) -> str:
        name, *pieces = [piece.strip() for piece in text.split(":")]
        if self.repairing:
            name, pieces = self._mended_task(name, pieces)
        written = [escaped(single_spaced(name), BARRED)]
        if pieces:
            written.append(_number(pieces[0]))
        if len(pieces) > 1:
            actors = [single_spaced(each) for each in pieces[1].split(",")]
            written.append(", ".join(escaped(each, BARRED) for each in actors if each))
        return ": ".join(written)

    def _mended_task(self, name: str, pieces: list[str]) -> tuple[str, list[str]]:
        """A name, a score and perhaps actors."""
        place = next((n for n, each in enumerate(pieces) if _SCORE.fullmatch(each)), None)
        if place is None:
            name, pieces = self._scored(name, pieces)
        elif place:
            self.note("wrote the colon in the task's name as #58;")
            name, pieces = "#58; ".join([name, *pieces[:place]]), pieces[place:]
        score = max(0, min(BEST_SCORE, round(float(pieces[0]))))
        if f"{score}" != pieces[0]:
            self.note(f"wrote the score {pieces[0]} as {score}")
        actors = ", ".join(each for each in pieces[1:] if each)
        first = _FIRST_WORD.match(name)
        if first and first[0].lower() in KEYWORDS:
            self.note(f"hid the keyword {first[0]} at the beginning of the task's name")
            name = f"#{ord(name[0])};{name[1:]}"
        return name, [f"{score}", *([actors] if actors else [])]

    def _scored(self, name: str, pieces: list[str]) -> tuple[str, list[str]]:
        """The score where another sign than a colon stands before it, or one in the middle."""
        found = _SCORED.fullmatch(": ".join([name, *pieces]))
        if found:
            self.note("put colons around the score")
            return found["name"], [found["score"], found["rest"].strip(" :,-")]
        self.note(f"gave the task the score {_MIDDLE_SCORE}")
        return name, [_MIDDLE_SCORE, *pieces]

    def _blanks(self) -> str:
        return "        " if self._in_section else "    "


def _number(score: str) -> str:
    """A score as JavaScript would write it: "05" and "5.0" -> "5"."""
    if not _SCORE.fullmatch(score):
        return score
    number = float(score)
    return f"{int(number)}" if number.is_integer() else f"{number}"
