"""Fixtures every room's tests share: the real small models and the user's data, if present."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Spinning OpenMP threads make each other wait when tests share few cores (LOG.md). OpenMP reads
# this once, when the first test imports torch or llama.cpp.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

ROOT = Path(__file__).resolve().parent.parent


def _pulled(name: str) -> Path:
    from naiad.models.store import ModelStore

    return ModelStore().pull(name).path


@pytest.fixture(scope="session")
def coder_gguf() -> Path:
    """The default model, Qwen2.5-Coder-0.5B-Instruct as GGUF, downloaded once."""
    return _pulled("qwen2.5-coder-0.5b")


@pytest.fixture(scope="session")
def smol_gguf() -> Path:
    """SmolLM2-135M-Instruct as GGUF: a second architecture, and quick."""
    return _pulled("smollm2-135m")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with a user's training file and mermaid's own diagrams, beside the checkout."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is not beside this checkout")
    return folder
