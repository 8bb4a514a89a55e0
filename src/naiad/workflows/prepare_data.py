"""Prepare data: what is in a training file, the same file in another format, or split in two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from naiad.datasets.example import Example
from naiad.datasets.reading import (
    BadRow,
    OnBadRow,
    ParsedRow,
    example_of,
    read_examples,
    scan_rows,
)
from naiad.datasets.splitting import Duplicates, find_duplicates, split_by_content
from naiad.datasets.writing import write_examples
from naiad.errors import ConfigError, DatasetError, StorageError
from naiad.grammar import fix, refusal
from naiad.mermaid.judge import Judge

TRAIN_NAME = "train.jsonl"
EVALUATION_NAME = "evaluation.jsonl"


@dataclass(frozen=True)
class InvalidAnswer:
    """An answer that the official parser refuses."""

    line: int
    type: str | None
    problem: str


@dataclass(frozen=True)
class DataCheck:
    """What is in a training file."""

    path: Path
    rows: int
    """Usable ones."""
    bad_rows: tuple[BadRow, ...]
    formats: dict[str, int]
    """Usable rows of each format."""
    types: dict[str, int]
    """Usable rows of each diagram type; `unknown` where the parser sees none."""
    invalid_answers: tuple[InvalidAnswer, ...]
    not_canonical: int
    """Valid answers that are not written as Naiad writes them; cleaning rewrites them."""
    duplicates: Duplicates
    instructions: int
    """Different system instructions, none being one of them."""
    longest_prompt_characters: int
    longest_answer_characters: int

    @property
    def clean(self) -> bool:
        """Every row is usable and every answer valid Mermaid."""
        return self.rows > 0 and not self.bad_rows and not self.invalid_answers


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


def check_data(path: Path, *, on_row: Callable[[int], None] = lambda row: None) -> DataCheck:
    """Read every row and judge every answer, 8 ms each.

    on_row gets the number of rows done. Raises InputError when there is no such file, and
    JudgeUnavailable.
    """
    examples: list[Example] = []
    bad_rows: list[BadRow] = []
    formats: Counter[str] = Counter()
    for row in scan_rows(path):
        if isinstance(row, ParsedRow):
            examples.append(example_of(row))
            formats[row.format] += 1
        else:
            bad_rows.append(row)
    types: Counter[str] = Counter()
    invalid: list[InvalidAnswer] = []
    not_canonical = 0
    with Judge() as judge:
        for done, example in enumerate(examples, 1):
            verdict = judge.validate(example.answer)
            types[verdict.type or "unknown"] += 1
            if not verdict.valid:
                problem = str(verdict.problems[0])
                invalid.append(InvalidAnswer(example.line, verdict.type, problem))
            elif refusal(example.answer) is not None:
                not_canonical += 1
            on_row(done)
    return DataCheck(
        path=path,
        rows=len(examples),
        bad_rows=tuple(bad_rows),
        formats=dict(formats),
        types=dict(types.most_common()),
        invalid_answers=tuple(invalid),
        not_canonical=not_canonical,
        duplicates=find_duplicates(examples),
        instructions=len({example.system for example in examples}),
        longest_prompt_characters=max((len(e.prompt) for e in examples), default=0),
        longest_answer_characters=max((len(e.answer) for e in examples), default=0),
    )


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
    return SplitFiles(train, evaluation, len(split.train), len(split.evaluation))


def _require_other_file(source: Path, output: Path) -> None:
    if output.exists() and source.exists() and output.samefile(source):
        raise StorageError(f"{output} is the file that is read", hint="write to another file")
