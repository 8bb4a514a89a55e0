"""Checkpoints that a kill at any moment leaves usable.

A checkpoint is a folder: the adapter, the optimizer's state and the step. When all its files are
there, `mark_complete` flushes them to disk and writes their sizes and hashes beside them; a folder
without that list, or with a file that differs from it, was cut short while it was written or
deleted, and is passed over.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from naiad.errors import StorageError
from naiad.files import translated_os_errors, write_bytes, write_text

MARK_NAME = "complete.json"
ADAPTER_NAME = "adapter.safetensors"
OPTIMIZER_NAME = "optimizer.safetensors"
STATE_NAME = "state.json"

KEPT = 2
"""Checkpoints that are kept: should the newest be damaged, there is one more."""

Tensors = dict[str, Any]
"""torch.Tensor by name."""


@dataclass(frozen=True)
class Checkpoint:
    """What a run goes on from, besides its configuration and its log."""

    step: int
    """Optimizer steps made."""
    best_step: int | None
    """The step whose weights measured best so far, kept in best-<step>.safetensors."""
    adapter: Tensors
    optimizer: Tensors


def save_checkpoint(parent: Path, checkpoint: Checkpoint) -> None:
    """Write checkpoint-<step>, then delete what only older ones need. Raises StorageError."""
    folder = parent / f"checkpoint-{checkpoint.step}"
    state = {"step": checkpoint.step, "best_step": checkpoint.best_step}
    with translated_write_errors(parent):
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / ADAPTER_NAME, tensor_bytes(checkpoint.adapter))
        write_bytes(folder / OPTIMIZER_NAME, tensor_bytes(checkpoint.optimizer))
        write_text(folder / STATE_NAME, json.dumps(state) + "\n")
        mark_complete(folder)
    _remove_old(parent)


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint that newest_usable found. Raises StorageError."""
    with translated_os_errors("read", folder):
        return _load_checkpoint(folder)


def save_best(parent: Path, step: int, adapter: Tensors) -> None:
    """Keep the weights that measured best, until a later checkpoint names better ones.

    The file carries its step, so that a run which goes on from an earlier one still finds what
    was best then. Raises StorageError.
    """
    with translated_write_errors(parent):
        write_bytes(_best_path(parent, step), tensor_bytes(adapter))


def load_best(parent: Path, step: int) -> Tensors:
    """The weights that save_best kept. Raises StorageError."""
    with translated_os_errors("read", _best_path(parent, step)):
        return _load_tensors(_best_path(parent, step))


def tensor_bytes(tensors: Mapping[str, Any]) -> bytes:
    """The content of a safetensors file as PEFT writes it."""
    from safetensors.torch import save

    content: bytes = save(
        {name: tensor.contiguous() for name, tensor in tensors.items()}, {"format": "pt"}
    )
    return content


@contextmanager
def translated_write_errors(folder: Path) -> Iterator[None]:
    """Turn what safetensors and the system raise when a disk is full into a StorageError."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError, StorageError) as error:
        reason = error.message if isinstance(error, StorageError) else str(error)
        raise StorageError(
            f"cannot write to {folder}: {reason}",
            hint="free some space, then go on with --resume",
        ) from error


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
    """Delete what was cut short, so that a step can be saved again."""
    for path in parent.glob(".*.part"):
        path.unlink(missing_ok=True)
    for folder in _folders(parent):
        if not _is_usable(folder):
            shutil.rmtree(folder, ignore_errors=True)


def step_of(folder: Path) -> int:
    """checkpoint-120 -> 120"""
    return int(folder.name.rpartition("-")[2])


def _load_checkpoint(folder: Path) -> Checkpoint:
    state = json.loads((folder / STATE_NAME).read_text("utf-8"))
    return Checkpoint(
        step=state["step"],
        best_step=state["best_step"],
        adapter=_load_tensors(folder / ADAPTER_NAME),
        optimizer=_load_tensors(folder / OPTIMIZER_NAME),
    )


def _remove_old(parent: Path) -> None:
    complete = sorted((f for f in _folders(parent) if (f / MARK_NAME).exists()), key=step_of)
    for folder in complete[:-KEPT]:
        shutil.rmtree(folder, ignore_errors=True)
    kept = [json.loads((f / STATE_NAME).read_text("utf-8")) for f in complete[-KEPT:]]
    needed = {_best_path(parent, state["best_step"]) for state in kept}
    for path in parent.glob("best-*.safetensors"):
        if path not in needed:
            path.unlink(missing_ok=True)


def _best_path(parent: Path, step: int | None) -> Path:
    return parent / f"best-{step}.safetensors"


def _load_tensors(path: Path) -> Tensors:
    from safetensors.torch import load_file

    # Copies, since a file's tensors begin at any byte, and how numbers are summed depends on that.
    return {name: tensor.clone() for name, tensor in load_file(path).items()}


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
