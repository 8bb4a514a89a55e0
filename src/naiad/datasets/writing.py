"""Training files, written in any of the formats that are read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

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
    rows = 0
    with atomic_writer(path) as out:
        for example in examples:
            out.write(json.dumps(build(example), ensure_ascii=False).encode("utf-8") + b"\n")
            rows += 1
    return rows
