"""Training files, written in any of the formats that are read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from naiad.datasets.example import Example
from naiad.datasets.formats import FORMATS
from naiad.errors import InputError
from naiad.files import atomic_writer


def write_examples(path: Path, examples: Iterable[Example], format: str = "gemini") -> int:
    """Write examples as JSON Lines, atomically; their number.

    Raises InputError for an unknown format and StorageError.
    """
    if format not in FORMATS:
        raise InputError(f"unknown format {format!r}", hint=f"choose one of {', '.join(FORMATS)}")
    build = FORMATS[format].build
    return write_rows(path, (build(example) for example in examples))


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write rows of any format as JSON Lines, atomically; their number. Raises StorageError."""
    count = 0
    with atomic_writer(path) as out:
        for row in rows:
            out.write(_line(row))
            count += 1
    return count


def _line(row: dict[str, Any]) -> bytes:
    try:
        return json.dumps(row, ensure_ascii=False).encode("utf-8") + b"\n"
    except UnicodeEncodeError:
        # Half of a surrogate pair, in a field that is no text of the example's.
        return json.dumps(row).encode("ascii") + b"\n"
