"""What the store remembers of each model it pulled: one JSON file beside the model."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from naiad.errors import StorageError
from naiad.files import write_text
from naiad.models.local_model import LocalModel

FORMAT = 1

Form = Literal["gguf", "weights"]
"""`gguf`: one quantized file, for generating. `weights`: the original folder, for training."""


@dataclass(frozen=True)
class PulledModel:
    """One model that was downloaded whole and checked."""

    name: str
    """Short name or Hub id."""
    form: Form
    kind: Literal["gguf", "folder"]
    root: Path
    """Folder of the files: the model's own in the store, or a snapshot in the Hub's cache."""
    files: dict[str, int]
    """Path below `root` to size in bytes. A `gguf` model has exactly one."""
    source: str
    """`hub` or `wheels`."""
    sha256: str | None
    """Hash of the GGUF file, None for a folder."""
    hub_id: str | None
    """Repository of the original model."""
    pulled_at: str
    """UTC time in ISO 8601."""
    owned: bool
    """Naiad downloaded the files, so `remove` may delete them. False where the Hub's cache had
    them before."""

    @property
    def size_bytes(self) -> int:
        return sum(self.files.values())

    def is_complete(self) -> bool:
        """Every file is there with its size. Its bytes were hashed when it was pulled."""
        try:
            return all((self.root / name).stat().st_size == n for name, n in self.files.items())
        except OSError:
            return False

    def as_local_model(self, asked_name: str) -> LocalModel:
        path = self.root / next(iter(self.files)) if self.kind == "gguf" else self.root
        return LocalModel(asked_name, self.kind, path, self.source, self.sha256, self.hub_id)


def write_record(path: Path, record: PulledModel) -> None:
    """Save atomically. A root inside the record's folder is kept relative, so that a moved
    store still works. Raises StorageError."""
    document = dataclasses.asdict(record) | {"format": FORMAT, "root": str(record.root)}
    if record.root.is_relative_to(path.parent):
        document["root"] = str(record.root.relative_to(path.parent))
    write_text(path, json.dumps(document, indent=2) + "\n")


def read_record(path: Path) -> PulledModel | None:
    """The record at `path`; None when there is none. Raises StorageError when unreadable."""
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if document.pop("format") != FORMAT:
            return None
        document["root"] = path.parent / document["root"]
        return PulledModel(**document)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StorageError(
            f"cannot read {path}: {error}", hint="delete that file and pull the model again"
        ) from error
