"""Which rows are kept back for evaluation, and which rows say the same twice."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from naiad.datasets.example import Example, PromptRow


@dataclass(frozen=True)
class Split:
    """Two parts of a file that share no prompt."""

    train: tuple[Example, ...]
    evaluation: tuple[Example, ...]


@dataclass(frozen=True)
class Duplicates:
    """Lines of rows that repeat an earlier row."""

    same_row: tuple[tuple[int, int], ...]
    """(earlier line, later line) with equal prompt and answer."""
    same_prompt: tuple[tuple[int, int], ...]
    """(earlier line, later line) with equal prompt and another answer."""


def content_key(prompt: str) -> str:
    """The prompt as it is compared: Unicode NFKC, one case, white space as single blanks.

    "Draw  a Login\\n" -> "draw a login"
    """
    return " ".join(unicodedata.normalize("NFKC", prompt).casefold().split())


def split_by_content(examples: Iterable[Example], evaluation_share: float, seed: int = 0) -> Split:
    """Train and evaluation parts; a row's side depends on its prompt and the seed alone.

    So equal prompts land on one side (no leak), and a row stays where it is when the file grows
    or is sorted anew. The share is met on average, not exactly.
    """
    train: list[Example] = []
    evaluation: list[Example] = []
    for example in examples:
        side = evaluation if _position(example.prompt, seed) < evaluation_share else train
        side.append(example)
    return Split(tuple(train), tuple(evaluation))


def _position(prompt: str, seed: int) -> float:
    """A number in [0, 1) that SHA-256 draws from the prompt and the seed."""
    digest = hashlib.sha256(f"{seed}\0{content_key(prompt)}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


@dataclass(frozen=True)
class Repeat:
    """What a row has in common with an earlier one."""

    earlier_line: int
    same_answer: bool
    """The answers are equal too, blanks around them aside."""


class SeenRows:
    """The rows that came before: two digests each, however long they are."""

    def __init__(self) -> None:
        self._line_of_prompt: dict[bytes, int] = {}
        self._line_of_row: dict[bytes, int] = {}

    def add(self, example: Example) -> Repeat | None:
        """The first row with this prompt, with this answer too if there is one; None if new."""
        key = content_key(example.prompt)
        prompt, row = _digest(key), _digest(f"{key}\0{example.answer.strip()}")
        repeat = None
        if row in self._line_of_row:
            repeat = Repeat(self._line_of_row[row], same_answer=True)
        elif prompt in self._line_of_prompt:
            repeat = Repeat(self._line_of_prompt[prompt], same_answer=False)
        self._line_of_prompt.setdefault(prompt, example.line)
        self._line_of_row.setdefault(row, example.line)
        return repeat


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def find_duplicates(examples: Iterable[Example]) -> Duplicates:
    """Rows whose prompt an earlier row already has."""
    seen = SeenRows()
    same_row: list[tuple[int, int]] = []
    same_prompt: list[tuple[int, int]] = []
    for example in examples:
        repeat = seen.add(example)
        if repeat is not None:
            pairs = same_row if repeat.same_answer else same_prompt
            pairs.append((repeat.earlier_line, example.line))
    return Duplicates(tuple(same_row), tuple(same_prompt))


def find_leaks(
    train: Iterable[Example], evaluation: Iterable[Example | PromptRow]
) -> tuple[int, ...]:
    """Lines of evaluation rows whose prompt is also trained on."""
    trained = {content_key(example.prompt) for example in train}
    return tuple(row.line for row in evaluation if content_key(row.prompt) in trained)
