"""Naiad: plain language to Mermaid diagrams with a small language model on a CPU.

>>> import naiad
>>> diagram = naiad.generate("Flowchart of a login with two retries")  # doctest: +SKIP
>>> diagram.mermaid, diagram.valid  # doctest: +SKIP

The names below are loaded when they are first used, so `import naiad` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from naiad.errors import NaiadError
    from naiad.generation import EngineConfig, SamplingConfig
    from naiad.workflows.generate import (
        DiagramRequest,
        GenerateConfig,
        GeneratedDiagram,
        GenerationSession,
        generate,
        open_session,
    )

__version__ = "0.1.0"

__all__ = [
    "DiagramRequest",
    "EngineConfig",
    "GenerateConfig",
    "GeneratedDiagram",
    "GenerationSession",
    "NaiadError",
    "SamplingConfig",
    "__version__",
    "generate",
    "open_session",
]

_HOME = {
    "EngineConfig": "naiad.generation",
    "NaiadError": "naiad.errors",
    "SamplingConfig": "naiad.generation",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'naiad' has no attribute {name!r}")
    module = importlib.import_module(_HOME.get(name, "naiad.workflows.generate"))
    return getattr(module, name)
