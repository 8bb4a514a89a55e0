"""Checkpoints that a kill at any moment leaves usable.

transformers' Trainer writes a checkpoint file by file into its final folder. When all files are
there, `mark_complete` flushes them to disk and writes their sizes and hashes beside them; a
folder without that list, or with a file that differs from it, was cut short while it was written
or deleted, and is passed over.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from naiad.errors import StorageError
from naiad.files import translated_os_errors, write_text

MARK_NAME = "complete.json"


@contextmanager
def translated_write_errors(folder: Path) -> Iterator[None]:
    """Turn what torch, safetensors and the system raise when a disk is full into a StorageError."""
    from safetensors import SafetensorError

    hint = "free some space, then go on with --resume"
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise StorageError(f"cannot write to {folder}: {error}", hint=hint) from error
    except RuntimeError as error:
        # torch.save closes a zip file whose end did not fit, and says only this.
        if "inline_container" not in str(error) and "PytorchStreamWriter" not in str(error):
            raise
        raise StorageError(f"a checkpoint in {folder} could not be written", hint=hint) from error


def mark_complete(folder: Path) -> None:
    """Flush every file of a checkpoint to disk, then list them. Raises StorageError."""
    files = {}
    with translated_os_errors("write", folder):
        for path in _files(folder):
            with path.open("rb+") as file:
                os.fsync(file.fileno())
                files[path.relative_to(folder).as_posix()] = _digest(path)
    write_text(folder / MARK_NAME, json.dumps(files, indent=2))


def newest_usable(parent: Path) -> Path | None:
    """The checkpoint of the highest step that is complete and undamaged."""
    for folder in sorted(_folders(parent), key=step_of, reverse=True):
        if _is_usable(folder):
            return folder
    return None


def remove_unusable(parent: Path) -> None:
    """Delete checkpoints that were cut short, so that a step can be saved again."""
    for folder in _folders(parent):
        if not _is_usable(folder):
            shutil.rmtree(folder, ignore_errors=True)


def step_of(folder: Path) -> int:
    """checkpoint-120 -> 120"""
    return int(folder.name.rpartition("-")[2])


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return [path for path in parent.iterdir() if re.fullmatch(r"checkpoint-\d+", path.name)]


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MARK_NAME)


def _is_usable(folder: Path) -> bool:
    try:
        listed = json.loads((folder / MARK_NAME).read_text("utf-8"))
        return bool(listed) and all(
            _digest(folder / name) == digest for name, digest in listed.items()
        )
    except (OSError, ValueError, AttributeError):
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
