"""Prepare data: a training file in another format, split in two, or without its repetitions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from naiad.datasets.example import Example
from naiad.datasets.reading import BadRow, OnBadRow, example_of, read_examples, usable_rows
from naiad.datasets.splitting import Duplicates, SeenRows, find_leaks, split_by_content
from naiad.datasets.writing import write_examples, write_rows
from naiad.errors import ConfigError, DatasetError, StorageError
from naiad.grammar import fix

DuplicateBy = Literal["row", "prompt"]
"""What makes a row a repetition: prompt and answer, or the prompt alone."""

TRAIN_NAME = "train.jsonl"
EVALUATION_NAME = "evaluation.jsonl"


@dataclass(frozen=True)
class Converted:
    """What `convert_data` wrote."""

    output: Path
    rows: int
    changed_rows: int
    """Rows whose answer was rewritten."""
    invalid_rows: int
    """Rows whose answer is still not valid Mermaid; 0 unless cleaned."""


@dataclass(frozen=True)
class SplitFiles:
    """What `split_data` wrote."""

    train: Path
    evaluation: Path
    train_rows: int
    evaluation_rows: int
    leaked_rows: int
    """Evaluation rows whose prompt is trained on too, counted afterwards: 0."""


@dataclass(frozen=True)
class Deduplicated:
    """What `dedupe_data` wrote, and which lines it left out."""

    output: Path
    rows: int
    """Rows written."""
    dropped: Duplicates
    """(line that was kept, line that was dropped); same_prompt is empty unless by prompt."""


def convert_data(
    source: Path,
    output: Path,
    format: str,
    *,
    clean: bool = False,
    on_bad_row: OnBadRow = "stop",
    on_skip: Callable[[BadRow], None] | None = None,
    on_row: Callable[[int], None] = lambda row: None,
) -> Converted:
    """Write the rows of `source` in another format, atomically.

    clean: fix each answer: its diagram alone, without fences and words around it, in the form
    that Naiad generates, broken ones repaired where the mistake is a usual one. on_row gets the
    number of rows done. Raises InputError, DatasetError, StorageError and, to clean,
    JudgeUnavailable.
    """
    _require_other_file(source, output)
    changed = invalid = 0

    def rows() -> Iterator[Example]:
        nonlocal changed, invalid
        for done, example in enumerate(read_examples(source, on_bad_row, on_skip), 1):
            if clean:
                fixed = fix(example.answer)
                changed += fixed.source != example.answer
                invalid += not fixed.verdict.valid
                yield replace(example, answer=fixed.source)
            else:
                yield example
            on_row(done)

    count = write_examples(output, rows(), format)
    return Converted(output, count, changed, invalid)


def split_data(
    source: Path,
    folder: Path,
    evaluation_share: float,
    *,
    seed: int = 0,
    format: str = "gemini",
    on_bad_row: OnBadRow = "stop",
    on_skip: Callable[[BadRow], None] | None = None,
) -> SplitFiles:
    """Write train.jsonl and evaluation.jsonl to `folder`; no prompt is in both.

    Raises ConfigError for a share that is not between 0 and 1, DatasetError when a part would be
    empty, StorageError.
    """
    if not 0 < evaluation_share < 1:
        raise ConfigError(f"evaluation_share {evaluation_share} must be between 0 and 1")
    split = split_by_content(read_examples(source, on_bad_row, on_skip), evaluation_share, seed)
    for name, part in (("train", split.train), ("evaluation", split.evaluation)):
        if not part:
            raise DatasetError(
                f"{source} has too few rows: the {name} part would be empty",
                hint="change --evaluation-share or --seed",
            )
    train, evaluation = folder / TRAIN_NAME, folder / EVALUATION_NAME
    for path in (train, evaluation):
        _require_other_file(source, path)
    write_examples(train, split.train, format)
    write_examples(evaluation, split.evaluation, format)
    leaks = find_leaks(split.train, split.evaluation)
    return SplitFiles(train, evaluation, len(split.train), len(split.evaluation), len(leaks))


def dedupe_data(
    source: Path,
    output: Path,
    *,
    by: DuplicateBy = "row",
    on_bad_row: OnBadRow = "stop",
    on_skip: Callable[[BadRow], None] | None = None,
) -> Deduplicated:
    """Write the rows of `source` that repeat no earlier one, as JSON Lines, atomically.

    A row repeats another when prompt and answer are equal, case and blanks of the prompt and
    blanks around the answer aside; with by=`prompt`, when the prompt is. Rows are written with
    every field they have, in the format they have. Raises InputError, DatasetError for a bad row
    with on_bad_row `stop` and where no row is usable, StorageError.
    """
    _require_other_file(source, output)
    seen = SeenRows()
    same_row: list[tuple[int, int]] = []
    same_prompt: list[tuple[int, int]] = []

    def rows() -> Iterator[dict[str, Any]]:
        for row in usable_rows(source, on_bad_row, on_skip):
            repeat = seen.add(example_of(row))
            if repeat is None or not (repeat.same_answer or by == "prompt"):
                yield row.value
            else:
                pairs = same_row if repeat.same_answer else same_prompt
                pairs.append((repeat.earlier_line, row.line))

    count = write_rows(output, rows())
    return Deduplicated(output, count, Duplicates(tuple(same_row), tuple(same_prompt)))


def _require_other_file(source: Path, output: Path) -> None:
    if output.exists() and source.exists() and output.samefile(source):
        raise StorageError(f"{output} is the file that is read", hint="write to another file")
