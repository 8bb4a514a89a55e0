"""The one chat template and instruction that training and generation both use."""

from naiad.prompts.messages import (
    DEFAULT_INSTRUCTION,
    FENCE_CLOSING,
    Message,
    answer_prefix,
    build_messages,
    fenced,
)
from naiad.prompts.template import ChatTemplate

__all__ = [
    "DEFAULT_INSTRUCTION",
    "FENCE_CLOSING",
    "ChatTemplate",
    "Message",
    "answer_prefix",
    "build_messages",
    "fenced",
]
