"""Judge the diagrams in files: Mermaid sources, Markdown pages, JSONL data."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

from naiad.errors import ConfigError, InputError
from naiad.files import decode_text
from naiad.mermaid.judge import Judge
from naiad.mermaid.markdown import diagrams_in_markdown
from naiad.mermaid.verdict import Problem

FileFormat = Literal["mermaid", "markdown", "jsonl"]
FORMATS: tuple[FileFormat, ...] = ("mermaid", "markdown", "jsonl")
FORMAT_OF_SUFFIX: dict[str, FileFormat] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".jsonl": "jsonl",
}
"""Any other file is one Mermaid diagram."""
STDIN = "-"
MAX_TEXT_BYTES = 64 * 1024 * 1024
"""Largest Mermaid or Markdown file that is read; JSONL files are streamed and may be larger."""
MAX_ROW_BYTES = 4 * 1024 * 1024
"""Longest row of a JSONL file."""


@dataclass(frozen=True)
class FoundDiagram:
    """A diagram and where it stands."""

    source: str
    file: str
    """Path as given, `-` for standard input."""
    line: int
    """1-based line of the file on which the source, or its JSONL row, begins."""
    id: str | None = None
    """The row's `id`, in JSONL."""
    lines_are_the_files: bool = True
    """Whether the source's lines are lines of the file; in JSONL they are one row."""


@dataclass(frozen=True)
class Checked:
    """The judgement on one diagram of a file."""

    file: str
    line: int
    """1-based line of the file on which the diagram, or its JSONL row, begins."""
    id: str | None
    type: str | None
    problems: tuple[Problem, ...]
    """Lines are those of the file; in JSONL, those of the row's diagram."""

    @property
    def valid(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class Unchecked:
    """A file or row that could not be judged."""

    file: str
    line: int | None
    message: str
    hint: str = ""


@dataclass
class ValidationCounts:
    """How many diagrams were judged so far, and how that went."""

    valid: int = 0
    invalid: int = 0
    unchecked: int = 0

    def add(self, outcome: Checked | Unchecked) -> None:
        """Count one outcome of `validate_files`."""
        if isinstance(outcome, Unchecked):
            self.unchecked += 1
        elif outcome.valid:
            self.valid += 1
        else:
            self.invalid += 1

    @property
    def diagrams(self) -> int:
        return self.valid + self.invalid


def validate_files(
    files: Iterable[str], judge: Judge, *, file_format: FileFormat | None = None
) -> Iterator[Checked | Unchecked]:
    """Judge every diagram of every file, one after the other, as they are read.

    files: paths, or `-` for standard input. file_format: what they are; None goes by the
    suffix. A file or row that cannot be read is an Unchecked, and the next one follows; only
    JudgeUnavailable, since then nothing can be judged, and ConfigError are raised.
    """
    if file_format is not None and file_format not in FORMATS:
        raise ConfigError(f"no file format {file_format!r}", hint=f"use {', '.join(FORMATS)}")
    for file in files:
        kind = file_format or FORMAT_OF_SUFFIX.get(Path(file).suffix.lower(), "mermaid")
        try:
            yield from _validate_file(file, kind, judge)
        except InputError as error:
            yield Unchecked(file, None, error.message, error.hint)


def _validate_file(file: str, kind: FileFormat, judge: Judge) -> Iterator[Checked | Unchecked]:
    with _opened(file) as stream:
        if kind == "jsonl":
            for found in _rows(file, stream):
                yield found if isinstance(found, Unchecked) else _checked(found, judge)
            return
        content = stream.read(MAX_TEXT_BYTES + 1)
    if len(content) > MAX_TEXT_BYTES:
        raise InputError(f"{file} has more than {MAX_TEXT_BYTES:,} bytes", hint="split the file")
    text = decode_text(content, name="standard input" if file == STDIN else file)
    if kind == "mermaid":
        yield _checked(FoundDiagram(text, file, line=1), judge)
        return
    for diagram in diagrams_in_markdown(text):
        yield _checked(FoundDiagram(diagram.source, file, diagram.first_line), judge)


def _opened(file: str) -> IO[bytes]:
    if file == STDIN:
        return sys.stdin.buffer
    path = Path(file)
    if path.is_dir():
        raise InputError(f"{file} is a folder", hint="name the files in it")
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise InputError(f"no such file: {file}", hint="check the path") from error
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror or error}") from error


def _rows(file: str, stream: IO[bytes]) -> Iterator[FoundDiagram | Unchecked]:
    """The diagrams of a JSONL file, row by row: {"mermaid": text, "id": anything}."""
    line = 0
    while row := stream.readline(MAX_ROW_BYTES):
        line += 1
        if len(row) == MAX_ROW_BYTES and not row.endswith(b"\n"):
            while row and not row.endswith(b"\n"):
                row = stream.readline(MAX_ROW_BYTES)
            yield Unchecked(file, line, f"the row has more than {MAX_ROW_BYTES:,} bytes")
        elif row.strip():
            try:
                yield _row_diagram(file, line, row)
            except InputError as error:
                yield Unchecked(file, line, error.message, error.hint)


def _row_diagram(file: str, line: int, row: bytes) -> FoundDiagram:
    text = decode_text(row, name="the row")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        raise InputError(f"the row is not JSON: {reason}", hint="one JSON object a line") from error
    if not isinstance(content, dict) or not isinstance(content.get("mermaid"), str):
        raise InputError(
            "the row has no text under `mermaid`", hint='rows are {"id": "…", "mermaid": "…"}'
        )
    row_id = content.get("id")
    return FoundDiagram(
        content["mermaid"],
        file,
        line,
        id=None if row_id is None else str(row_id),
        lines_are_the_files=False,
    )


def _checked(found: FoundDiagram, judge: Judge) -> Checked:
    verdict = judge.validate(found.source)
    shift = found.line - 1 if found.lines_are_the_files else 0
    problems = tuple(
        replace(problem, line=problem.line + shift) if problem.line is not None else problem
        for problem in verdict.problems
    )
    return Checked(found.file, found.line, found.id, verdict.type, problems)
