"""What the model is asked: the instruction, worked examples as earlier turns, the request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

DEFAULT_INSTRUCTION = (
    "You draw diagrams in Mermaid. Turn the user's description into one complete diagram of the "
    "type that fits it, or of the type that is asked for. Use the names and labels of the "
    "description. Answer with the Mermaid source only, without any explanation."
)
"""System instruction for a model that no adapter has trained on another one."""

FENCE_OPENING = "```mermaid\n"
FENCE_CLOSING = "```"

# After this header the same line goes on with a direction, so the model ends it itself.
_OPEN_HEADERS = frozenset({"flowchart"})


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


def build_messages(
    prompt: str,
    instruction: str = DEFAULT_INSTRUCTION,
    examples: Sequence[tuple[str, str]] = (),
) -> list[Message]:
    """The conversation up to the request.

    examples: (description, answer) pairs, the nearest last, as turns that have already happened.
    Quoted in the instruction they do as well (measured: LOG.md); as turns they need no wording
    of their own. An empty instruction gives no system message.
    """
    messages = [Message("system", instruction)] if instruction else []
    for description, answer in examples:
        messages += [Message("user", description), Message("assistant", answer)]
    return [*messages, Message("user", prompt)]


def fenced(mermaid: str) -> str:
    """A diagram as a model that was never tuned for it writes one: in a Markdown fence."""
    return f"{FENCE_OPENING}{mermaid.rstrip()}\n{FENCE_CLOSING}"


def answer_prefix(type: str | None, *, in_fence: bool) -> str:
    """The beginning of the answer, written for the model so that it cannot choose another type.

    type="sequenceDiagram", in_fence=True -> "```mermaid\\nsequenceDiagram\\n"
    type="flowchart", in_fence=False -> "flowchart" (the model adds the direction)
    type=None, in_fence=False -> ""
    """
    header = "" if type is None else type if type in _OPEN_HEADERS else f"{type}\n"
    return (FENCE_OPENING if in_fence else "") + header
