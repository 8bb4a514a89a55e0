"""The seam between Naiad and whatever runs the language model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from naiad.errors import ConfigError, PromptTooLong

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
    """Seed of the sampler: the same seed, engine, threads and prompts give the same texts."""
    stop: tuple[str, ...] = field(default=())
    """Texts that end the generation; they are not part of it."""

    def __post_init__(self) -> None:
        wrong = [
            *([] if self.max_tokens >= 1 else [f"max_tokens is {self.max_tokens}, not at least 1"]),
            *([] if self.temperature >= 0 else [f"temperature is {self.temperature}, below 0"]),
            *([] if 0 < self.top_p <= 1 else [f"top_p is {self.top_p}, not in (0, 1]"]),
            *([] if 0 <= self.seed < 2**32 else [f"seed is {self.seed}, not in 0 … 2**32 - 1"]),
        ]
        if wrong:
            raise ConfigError("; ".join(wrong))


@dataclass(frozen=True)
class Completion:
    """What the model wrote after a prompt."""

    text: str
    finish_reason: Literal["stop", "length", "cancelled"]
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class WrittenLine:
    """A line that the model wrote under a pattern."""

    text: str
    """Without its newline."""
    ended_by: Literal["newline", "end token", "length"]
    """`end token`: the model ended its turn. `length`: the line is unfinished."""
    tokens: int
    """The newline or end token included."""


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

    def count_tokens(self, prompt: str) -> int:
        """Tokens of a templated prompt, exactly; nothing is evaluated."""
        ...

    def complete(
        self, prompt: str, sampling: SamplingConfig, on_text: TextCallback | None = None
    ) -> Completion:
        """Continue `prompt` (special tokens in it count as such).

        The pieces that on_text got join to exactly the completion's text. What on_text raises,
        and a KeyboardInterrupt, end the generation and come out here; the engine stays usable.
        Raises PromptTooLong when prompt and max_tokens exceed window_tokens, and EngineError.
        """
        ...

    def make_room(self, prompt: str, max_tokens: int) -> int:
        """Tokens of the prompt, once there is room for `max_tokens` more after it.

        Raises PromptTooLong.
        """
        ...

    def write_line(self, prompt: str, pattern: str, sampling: SamplingConfig) -> WrittenLine:
        """Continue `prompt` with text that `pattern` matches as a whole, up to a newline.

        pattern: a regular expression in what Python and Rust have in common; the newline that
        ends the line is part of it. The model may end its turn wherever the text so far is a
        whole match. `sampling.stop` is not looked at. Each token is the one the model prefers
        of those that lead to a match, and what evaluating the prompt has cost is kept for the
        next line. make_room has been called for the prompt that the lines begin behind.
        Raises EngineError.
        """
        ...

    def close(self) -> None:
        """Free the model. The engine cannot be used afterwards; closing twice is harmless."""
        ...


def check_room(prompt_tokens: int, max_tokens: int, window_tokens: int) -> None:
    """Raise PromptTooLong, naming the numbers, when prompt and answer exceed the window."""
    if prompt_tokens + max_tokens <= window_tokens:
        return
    room = window_tokens - prompt_tokens
    raise PromptTooLong(
        f"the prompt has {prompt_tokens:,} tokens, and with {max_tokens:,} for the answer it "
        f"exceeds the model's window of {window_tokens:,}",
        hint=f"shorten the prompt or ask for at most --max-tokens {room}"
        if room > 0
        else "shorten the prompt or use a model with a larger window",
    )
