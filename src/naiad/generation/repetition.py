"""Small models sometimes repeat themselves until the token limit; this notices it early."""

from __future__ import annotations

LONGEST_BLOCK_LINES = 8
FEWEST_REPEATS = 6
FEWEST_LINES = 24
"""A block counts as runaway at FEWEST_REPEATS times in a row, and FEWEST_LINES lines in all.

Real diagrams repeat lines too (twenty bare `commit`s in a gitGraph), so the bar is high. Loops
that count upwards (`A1 --> A2`, `A2 --> A3` …) repeat nothing and end at the token limit.
"""


class RepetitionWatch:
    """Looks at text as it is generated for one block of lines repeated over and over."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._unfinished = ""
        self._block_lines: int | None = None

    @property
    def found(self) -> bool:
        """Whether the text has run away."""
        return self._block_lines is not None

    def feed(self, piece: str) -> bool:
        """Take the next piece of text; True as soon as the text has run away."""
        *lines, self._unfinished = (self._unfinished + piece).split("\n")
        for line in lines:
            self._lines.append(line)
            if self._block_lines is None:
                self._block_lines = self._repeated_block()
        return self.found

    def sound_text(self) -> str:
        """The text with the repeated block once; all of it when nothing was repeated."""
        if self._block_lines is None:
            return "\n".join([*self._lines, self._unfinished])
        lines = list(self._lines)
        block = self._block_lines
        while lines[-2 * block : -block] == lines[-block:]:
            del lines[-block:]
        return "\n".join(lines)

    def _repeated_block(self) -> int | None:
        lines = self._lines
        for block in range(1, LONGEST_BLOCK_LINES + 1):
            repeats = max(FEWEST_REPEATS, -(-FEWEST_LINES // block))
            if len(lines) < block * repeats or not any(line.strip() for line in lines[-block:]):
                continue
            if lines[-block:] * repeats == lines[-block * repeats :]:
                return block
        return None
