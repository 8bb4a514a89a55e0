"""Which rows are kept back for evaluation, and which rows say the same twice."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from naiad.datasets.example import Example


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


def find_duplicates(examples: Iterable[Example]) -> Duplicates:
    """Rows whose prompt an earlier row already has."""
    first_line: dict[str, int] = {}
    line_of_row: dict[tuple[str, str], int] = {}
    same_row, same_prompt = [], []
    for example in examples:
        key = content_key(example.prompt)
        row = (key, example.answer.strip())
        if row in line_of_row:
            same_row.append((line_of_row[row], example.line))
        elif key in first_line:
            same_prompt.append((first_line[key], example.line))
        first_line.setdefault(key, example.line)
        line_of_row.setdefault(row, example.line)
    return Duplicates(tuple(same_row), tuple(same_prompt))


def find_leaks(train: Sequence[Example], evaluation: Sequence[Example]) -> tuple[int, ...]:
    """Lines of evaluation rows whose prompt is also trained on."""
    trained = {content_key(example.prompt) for example in train}
    return tuple(row.line for row in evaluation if content_key(row.prompt) in trained)
