"""The seam between Naiad and whatever runs the language model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

TextCallback = Callable[[str], bool | None]
"""Gets each new piece of text as it is generated; returning True stops the generation."""


@dataclass(frozen=True)
class SamplingConfig:
    """How tokens are chosen. The defaults are greedy and so repeatable."""

    max_tokens: int = 1024
    """Most tokens to generate; generation ends there with finish_reason `length`."""
    temperature: float = 0.0
    """0 is greedy; above it, tokens are sampled."""
    top_p: float = 0.95
    """Nucleus sampling: smallest set of tokens with this much probability. Unused when greedy."""
    seed: int = 0
    """Seed of the sampler: the same seed, engine, threads and prompt give the same text."""
    stop: tuple[str, ...] = field(default=())
    """Texts that end the generation; they are not part of it."""


@dataclass(frozen=True)
class Completion:
    """What the model wrote after a prompt."""

    text: str
    finish_reason: Literal["stop", "length", "cancelled"]
    prompt_tokens: int
    completion_tokens: int


class Engine(Protocol):
    """Runs one base model, with at most one adapter, on prompts that are already templated.

    Every implementation passes tests/generation/test_engine_contract.py.
    """

    name: str
    """`llamacpp` or `transformers`."""

    @property
    def window_tokens(self) -> int:
        """Most tokens, prompt and answer together, that the model was made for."""
        ...

    def complete(
        self, prompt: str, sampling: SamplingConfig, on_text: TextCallback | None = None
    ) -> Completion:
        """Continue `prompt` (special tokens in it count as such).

        Raises PromptTooLong when prompt and max_tokens exceed window_tokens, and EngineError.
        """
        ...

    def close(self) -> None:
        """Free the model. The engine cannot be used afterwards; closing twice is harmless."""
        ...
