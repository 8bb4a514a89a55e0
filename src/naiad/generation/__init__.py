"""Engines: who continues a prompt, and how tokens are chosen."""

from naiad.generation.engine import Completion, Engine, SamplingConfig, TextCallback
from naiad.generation.opening import EngineConfig, chat_template_of, engine_for, open_engine

__all__ = [
    "Completion",
    "Engine",
    "EngineConfig",
    "SamplingConfig",
    "TextCallback",
    "chat_template_of",
    "engine_for",
    "open_engine",
]
