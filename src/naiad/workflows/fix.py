"""Fix: rewrite valid diagrams into the canonical form and repair broken ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from naiad.errors import InputError, StorageError
from naiad.files import read_text, write_text
from naiad.grammar import FixedDiagram, fix

MAX_TEXT_BYTES = 4 * 1024 * 1024
"""Largest file with one diagram; the judge's own limit is far below."""
MAX_ROWS_BYTES = 1024 * 1024 * 1024
"""Largest JSONL file."""


@dataclass(frozen=True)
class FixedRow:
    """A row of a JSONL file, with its diagram fixed."""

    row: dict[str, Any]
    """The row as it was, but for `mermaid`."""
    line: int
    """1-based line of the file."""
    fixed: FixedDiagram


@dataclass
class FixCounts:
    """How many rows were fixed so far, and what became of them."""

    valid: int = 0
    invalid: int = 0
    changed: int = 0

    def add(self, fixed: FixedDiagram, before: str) -> None:
        """Count one diagram."""
        self.valid += fixed.verdict.valid
        self.invalid += not fixed.verdict.valid
        self.changed += fixed.source != before


def fix_text(text: str) -> FixedDiagram:
    """Fix the diagram in a text. Raises InputError for an empty one and JudgeUnavailable."""
    if not text.strip():
        raise InputError("the text is empty", hint="name a file with a Mermaid diagram")
    return fix(text)


def fix_file(path: Path) -> FixedDiagram:
    """Fix the diagram in a file. Raises InputError and JudgeUnavailable."""
    return fix_text(read_text(path, max_bytes=MAX_TEXT_BYTES))


def fix_rows(
    source: Path, output: Path, on_row: Callable[[FixedRow], None] = lambda row: None
) -> FixCounts:
    """Fix the `mermaid` of every row of a JSONL file into another file, written atomically.

    Everything else of a row stays. Raises InputError for a row without a diagram, naming its
    line, StorageError and JudgeUnavailable.
    """
    if output.exists() and source.exists() and output.samefile(source):
        raise StorageError(f"{output} is the file that is read", hint="write to another file")
    counts = FixCounts()
    written: list[str] = []
    for row, line in _rows(source):
        fixed = fix(row["mermaid"])
        counts.add(fixed, row["mermaid"])
        written.append(json.dumps(row | {"mermaid": fixed.source}, ensure_ascii=False))
        on_row(FixedRow(row, line, fixed))
    write_text(output, "".join(f"{row}\n" for row in written))
    return counts


def _rows(source: Path) -> Iterator[tuple[dict[str, Any], int]]:
    for number, line in enumerate(read_text(source, max_bytes=MAX_ROWS_BYTES).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(
                f"{source}:{number} is not JSON: {error}", hint="one JSON object a line"
            ) from error
        if not isinstance(row, dict) or not isinstance(row.get("mermaid"), str):
            raise InputError(
                f"{source}:{number} has no text under `mermaid`",
                hint='rows are {"id": "…", "mermaid": "…"}',
            )
        yield row, number


def fixed_as_json(fixed: FixedDiagram) -> dict[str, Any]:
    """A fixed diagram as `naiad fix --json` prints it."""
    return {
        "mermaid": fixed.source,
        "type": fixed.verdict.type,
        "valid": fixed.verdict.valid,
        "problems": [asdict(problem) for problem in fixed.verdict.problems],
        "canonical": fixed.refusal is None,
        "not_canonical_because": None if fixed.refusal is None else asdict(fixed.refusal),
        "changes": [asdict(change) for change in fixed.changes],
    }
