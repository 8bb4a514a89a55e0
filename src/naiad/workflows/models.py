"""What a user does with models: list, pull, find and remove them."""

from __future__ import annotations

from pathlib import Path

from naiad.models.local_model import LocalModel
from naiad.models.local_record import Form
from naiad.models.progress import Progress
from naiad.models.store import ModelListing, ModelStore


def list_models() -> tuple[ModelListing, ...]:
    """The catalog, then every other model on this machine."""
    return ModelStore().list()


def pull_model(name: str, form: Form = "gguf", progress: Progress | None = None) -> LocalModel:
    """The model, downloaded and checked if it was not here. Raises like ModelStore.pull."""
    return ModelStore().pull(name, form=form, progress=progress)


def model_path(name: str, form: Form = "gguf") -> Path:
    """Where a pulled model is. Raises ModelNotFound when it is not on this machine."""
    return ModelStore().path(name, form)


def remove_model(name: str) -> int:
    """Delete a model from this machine; returns the bytes freed. Raises ModelNotFound."""
    return ModelStore().remove(name)
