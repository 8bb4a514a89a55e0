"""`naiad.json`: what Naiad writes beside an adapter and PEFT has no place for."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from naiad.errors import AdapterError
from naiad.files import read_text, write_text

RECORD_NAME = "naiad.json"
RECORD_FORMAT = 1
MAX_JSON_BYTES = 16 * 2**20


@dataclass(frozen=True)
class AdapterRecord:
    """Where an adapter comes from, enough to use it rightly and to train it again."""

    base_name: str
    """Naiad's name of the base model, as the user gave it."""
    base_hub_id: str | None = None
    """Hub repository of the base model."""
    base_gguf_sha256: str | None = None
    """Hash of the GGUF file that was trained on, where it was one."""
    instruction: str | None = None
    """System instruction of the training rows; generation must use the same one."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """The resolved TrainingConfig."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """The data file: name, SHA-256, counts of rows and tokens."""
    result: Mapping[str, Any] = field(default_factory=dict)
    """Steps, losses, seconds."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Versions of Naiad and of the libraries that trained it."""

    def write(self, folder: Path) -> None:
        """Write naiad.json, atomically. Raises StorageError."""
        document = {"format": RECORD_FORMAT, **dataclasses.asdict(self)}
        content = json.dumps(document, ensure_ascii=False, indent=2)
        write_text(folder / RECORD_NAME, content + "\n")


def read_record(folder: Path) -> AdapterRecord | None:
    """The record of an adapter folder, None where another program made the adapter.

    Raises AdapterError when the file is there and cannot be understood.
    """
    path = folder / RECORD_NAME
    if not path.exists():
        return None
    document = read_json_object(path)
    if document.pop("format", None) != RECORD_FORMAT:
        raise AdapterError(
            f"{path} was written by a newer Naiad", hint="update Naiad, or train the adapter again"
        )
    known = {field.name for field in dataclasses.fields(AdapterRecord)}
    try:
        return AdapterRecord(**{key: document[key] for key in document.keys() & known})
    except TypeError as error:
        raise AdapterError(f"{path} does not name the base model") from error


def read_json_object(path: Path) -> dict[str, Any]:
    """A JSON object of an adapter folder. Raises AdapterError when it is not one."""
    try:
        document = json.loads(read_text(path, max_bytes=MAX_JSON_BYTES))
    except ValueError as error:
        raise AdapterError(f"{path} is not JSON: {error}", hint="the folder is damaged") from error
    if not isinstance(document, dict):
        raise AdapterError(f"{path} must hold a JSON object", hint="the folder is damaged")
    return document
