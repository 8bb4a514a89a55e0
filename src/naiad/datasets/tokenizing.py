"""An example as token ids: what the model sees, and which of it the loss counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from naiad.datasets.example import Example
from naiad.errors import ExampleTooLong
from naiad.prompts.messages import Message, build_messages
from naiad.prompts.template import ChatTemplate


class Tokenizer(Protocol):
    """What is needed of a transformers tokenizer."""

    def __call__(self, text: str, *, add_special_tokens: bool) -> Any:
        """An object whose `input_ids` are the ids of `text`."""
        ...


@dataclass(frozen=True)
class TokenizedExample:
    """One conversation of T tokens."""

    ids: npt.NDArray[np.int32]
    """(T,)"""
    loss_mask: npt.NDArray[np.bool_]
    """(T,). True on the assistant's tokens, its end token included."""
    line: int
    """Line of the data file, for messages."""

    def __len__(self) -> int:
        return len(self.ids)


def tokenize_example(
    example: Example,
    template: ChatTemplate,
    tokenizer: Tokenizer,
    *,
    instruction: str,
    max_tokens: int,
) -> TokenizedExample:
    """Token ids of one conversation, and which of them the loss counts.

    instruction: the system instruction of an example that has none of its own.
    Raises ExampleTooLong when there are more than max_tokens; a diagram is never cut, since half
    a diagram teaches invalid Mermaid.
    """
    messages = build_messages(example.prompt, example.system or instruction)
    # The two parts are tokenized apart, so that no token spans the boundary: at generation the
    # prompt's ids are fixed before the first token of the answer is chosen.
    prompt_ids = _ids(tokenizer, template.render(messages, add_generation_prompt=True))
    answer_ids = _ids(tokenizer, template.neutralize(example.answer))
    # The end token counts too: without it the model never learns to stop.
    answer_ids += end_of_turn_ids(template, tokenizer)
    if len(prompt_ids) + len(answer_ids) > max_tokens:
        raise ExampleTooLong(
            f"line {example.line}: {len(prompt_ids):,} tokens of prompt and {len(answer_ids):,} of "
            f"answer are more than max_tokens {max_tokens:,}",
            hint="raise --max-tokens, leave the row out, or use --on-bad-row skip",
        )
    ids = np.array(prompt_ids + answer_ids, dtype=np.int32)
    return TokenizedExample(ids, np.arange(len(ids)) >= len(prompt_ids), example.line)


def end_of_turn_ids(template: ChatTemplate, tokenizer: Tokenizer) -> list[int]:
    """Ids that end an answer: "<|im_end|>" -> its one id."""
    return _ids(tokenizer, end_of_turn(template))


def end_of_turn(template: ChatTemplate) -> str:
    """What the template writes after an answer, through its first control token.

    Qwen's template writes "<|im_end|>\\n" -> "<|im_end|>". The model's end token where the
    template writes none.
    """
    answer = "diagram"
    text = template.render(
        [Message("user", "request"), Message("assistant", answer)], add_generation_prompt=False
    )
    after = text.rpartition(answer)[2]
    ends = [(after.find(token), token) for token in template.control_tokens if token in after]
    return min(ends)[1] if ends else template.eos_token


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    # The template has written every special token that belongs there.
    return list(tokenizer(text, add_special_tokens=False).input_ids)
