"""The training libraries, which only `pip install 'naiad[train]'` brings.

The modules of this room that compute (trainer, estimate, parallel, both models …) import torch at
their head, so they are imported late, inside functions, and after `require_libraries`.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager

from naiad.errors import MissingExtra, TrainingError
from naiad.generation.cores import patient_openmp

LIBRARIES = ("torch", "transformers", "peft", "tensorboard")


def require_installed() -> None:
    """Raise MissingExtra unless the libraries are there, without importing them.

    For what comes before the model's files are fetched, while the network is still allowed.
    """
    for name in LIBRARIES:
        if importlib.util.find_spec(name) is None:
            raise _missing(name)


def require_libraries() -> dict[str, str]:
    """Import torch, transformers and PEFT, the network switched off; their versions.

    Raises MissingExtra.
    """
    # The model's files are on this machine by now; a library that asks a hub all the same would
    # only wait. Read when huggingface_hub is imported, hence not at the head of a file.
    for name in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        with patient_openmp():
            import torch
        import peft
        import tensorboard  # type: ignore[import-untyped]
        import transformers
    except ImportError as error:
        raise _missing(error.name) from error
    modules = (torch, transformers, peft, tensorboard)
    return {module.__name__: str(module.__version__) for module in modules}


def _missing(name: str | None) -> MissingExtra:
    return MissingExtra(
        f"training needs {name}, which is not installed", hint="pip install 'naiad[train]'"
    )


@contextmanager
def translated_torch_errors(action: str) -> Iterator[None]:
    """Turn torch's out-of-memory errors into a TrainingError with a way out."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = str(error).lower()
        if isinstance(error, MemoryError) or "alloc" in text or "out of memory" in text:
            raise TrainingError(
                f"not enough memory to {action}",
                hint="lower --batch-size or --max-tokens, or train a smaller model",
            ) from error
        raise
