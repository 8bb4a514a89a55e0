"""The row formats of training files: how each is recognised, read and written.

gemini   {"systemInstruction": {"parts": [{"text": …}]},
          "contents": [{"role": "user", "parts": […]}, {"role": "model", "parts": […]}]}
         https://cloud.google.com/vertex-ai/generative-ai/docs/models/gemini-supervised-tuning-prepare
openai   {"messages": [{"role": "system"|"user"|"assistant", "content": …}]}
         https://platform.openai.com/docs/guides/supervised-fine-tuning
alpaca   {"instruction": …, "input": …, "output": …}
prompt   {"prompt": …, "completion": …}, with `response`, `answer`, `output` or `mermaid` for the
         completion, and Google's older `text_input`/`output` and `input_text`/`output_text`

A conversation of several turns is refused, not cut: Naiad answers one request with one diagram,
and a row that depends on what was said before would teach it to guess.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from naiad.datasets.example import Example

Row = dict[str, Any]


class RowProblem(Exception):
    """Why one row cannot be used, in a clause that follows `file:line: `."""


@dataclass(frozen=True)
class Turns:
    """What a row says, before anyone asks whether it is complete."""

    system: str | None
    prompt: str | None
    answer: str | None


@dataclass(frozen=True)
class RowFormat:
    """One way to write a row."""

    name: str
    recognises: Callable[[Row], bool]
    read: Callable[[Row], Turns]
    build: Callable[[Example], Row]


PROMPT_KEYS = ("prompt", "text_input", "input_text")
ANSWER_KEYS = ("completion", "response", "answer", "mermaid", "output", "output_text")
SYSTEM_KEYS = ("system", "system_instruction", "systemInstruction")
ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "model": "assistant",
}


def parse_row(row: object) -> tuple[RowFormat, Turns]:
    """The format of a row and its texts. Raises RowProblem."""
    if not isinstance(row, dict):
        raise RowProblem(f"a row must be a JSON object, not {_json_name(row)}")
    for row_format in FORMATS.values():
        if row_format.recognises(row):
            turns = row_format.read(row)
            _check_encodable(turns)
            return row_format, turns
    keys = ", ".join(repr(key) for key in list(row)[:8]) or "none"
    raise RowProblem(
        "no known format: a row needs `contents` (Gemini), `messages` (OpenAI), "
        f"`prompt` and `completion`, or `instruction` and `output` (Alpaca); its keys: {keys}"
    )


def _read_gemini(row: Row) -> Turns:
    contents = row["contents"]
    if not isinstance(contents, list):
        raise RowProblem(f"`contents` must be a list, not {_json_name(contents)}")
    turns = [
        (_role(turn, f"contents[{i}]"), _gemini_text(turn, f"contents[{i}]"))
        for i, turn in enumerate(contents)
    ]
    return _one_exchange(_with_system(row, turns), "contents")


def _gemini_text(value: object, place: str) -> str:
    """The text of a Gemini `Content`: a string, or an object with `parts`."""
    if isinstance(value, str):
        return value
    parts = value.get("parts") if isinstance(value, dict) else None
    if isinstance(parts, dict):
        parts = [parts]
    if not isinstance(parts, list) or not parts:
        raise RowProblem(f"`{place}` has no `parts` with text")
    return "".join(_part_text(part, f"{place}.parts[{i}]") for i, part in enumerate(parts))


def _read_openai(row: Row) -> Turns:
    messages = row["messages"]
    if not isinstance(messages, list):
        raise RowProblem(f"`messages` must be a list, not {_json_name(messages)}")
    return _one_exchange(_with_system(row, _message_turns(messages, "messages")), "messages")


def _message_turns(messages: list[Any], place: str) -> list[tuple[str, str]]:
    turns = []
    for i, message in enumerate(messages):
        role = _role(message, f"{place}[{i}]")
        turns.append((role, _content_text(message.get("content"), f"{place}[{i}].content")))
    return turns


def _content_text(content: object, place: str) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list) and content:
        return "".join(_part_text(part, f"{place}[{i}]") for i, part in enumerate(content))
    raise RowProblem(f"`{place}` must be text, not {_json_name(content)}")


def _read_alpaca(row: Row) -> Turns:
    instruction = _text(row, "instruction")
    extra = row.get("input")
    if extra is not None and not isinstance(extra, str):
        raise RowProblem(f"`input` must be text, not {_json_name(extra)}")
    prompt = f"{instruction}\n\n{extra}" if extra and extra.strip() else instruction
    return Turns(_system_of(row), prompt, _optional_text(row, ("output", "response")))


def _read_prompt(row: Row) -> Turns:
    key = next(key for key in PROMPT_KEYS if key in row)
    if isinstance(row[key], list):
        return _read_message_pair(row, key)
    return Turns(_system_of(row), _text(row, key), _optional_text(row, ANSWER_KEYS))


def _read_message_pair(row: Row, key: str) -> Turns:
    """TRL's conversational form: `prompt` and `completion` are lists of messages."""
    turns = _message_turns(row[key], key)
    answer_key = next((name for name in ANSWER_KEYS if name in row), None)
    if answer_key is not None:
        if not isinstance(row[answer_key], list):
            raise RowProblem(f"`{key}` is a list of messages, so `{answer_key}` must be one too")
        turns += _message_turns(row[answer_key], answer_key)
    return _one_exchange(_with_system(row, turns), key)


def _one_exchange(turns: list[tuple[str, str]], place: str) -> Turns:
    """The single request and answer of a conversation, its system texts joined."""
    system = [text for role, text in turns if role == "system"]
    spoken = [role for role, _ in turns if role != "system"]
    if spoken.count("user") > 1 or spoken.count("assistant") > 1:
        raise RowProblem(
            f"`{place}` holds {len(spoken)} turns; Naiad learns from one request and one answer"
        )
    if spoken not in (["user"], ["user", "assistant"]):
        order = ", ".join(spoken) or "nothing"
        raise RowProblem(f"`{place}` must be a user turn and then an answer; it holds {order}")
    texts = {role: text for role, text in turns if role != "system"}
    return Turns("\n\n".join(system) or None, texts["user"], texts.get("assistant"))


def _role(turn: object, place: str) -> str:
    if not isinstance(turn, dict):
        raise RowProblem(f"`{place}` must be an object, not {_json_name(turn)}")
    role = turn.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise RowProblem(f"`{place}.role` is {role!r}; known: {', '.join(ROLES)}")
    return ROLES[role]


def _part_text(part: object, place: str) -> str:
    if isinstance(part, str):
        return part
    text = part.get("text") if isinstance(part, dict) else None
    if not isinstance(text, str):
        raise RowProblem(f"`{place}` has no text (images and tool calls cannot be learned)")
    return text


def _with_system(row: Row, turns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The turns after the system instruction that stands beside them, if one does."""
    system = _system_of(row)
    return turns if system is None else [("system", system), *turns]


def _system_of(row: Row) -> str | None:
    for key in SYSTEM_KEYS:
        value = row.get(key)
        if value is not None and value != "":
            return _gemini_text(value, key)
    return None


def _text(row: Row, key: str) -> str:
    value = row[key]
    if not isinstance(value, str):
        raise RowProblem(f"`{key}` must be text, not {_json_name(value)}")
    return value


def _optional_text(row: Row, keys: tuple[str, ...]) -> str | None:
    key = next((key for key in keys if row.get(key) is not None), None)
    return None if key is None else _text(row, key)


def _check_encodable(turns: Turns) -> None:
    for name, text in (
        ("system", turns.system),
        ("prompt", turns.prompt),
        ("answer", turns.answer),
    ):
        if text is None:
            continue
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise RowProblem(
                f"the {name} holds half of a surrogate pair at character {error.start}"
            ) from error


def _json_name(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _build_gemini(example: Example) -> Row:
    row: Row = {}
    if example.system is not None:
        row["systemInstruction"] = {"role": "system", "parts": [{"text": example.system}]}
    row["contents"] = [
        {"role": "user", "parts": [{"text": example.prompt}]},
        {"role": "model", "parts": [{"text": example.answer}]},
    ]
    return row


def _build_openai(example: Example) -> Row:
    messages = [
        {"role": "user", "content": example.prompt},
        {"role": "assistant", "content": example.answer},
    ]
    if example.system is not None:
        messages.insert(0, {"role": "system", "content": example.system})
    return {"messages": messages}


def _build_prompt(example: Example) -> Row:
    row: Row = {"prompt": example.prompt, "completion": example.answer}
    return row if example.system is None else {"system": example.system, **row}


def _build_alpaca(example: Example) -> Row:
    row: Row = {"instruction": example.prompt, "input": "", "output": example.answer}
    return row if example.system is None else {"system": example.system, **row}


# In the order in which a row is tried: the keys of the first two say more than `prompt` does.
FORMATS = {
    "gemini": RowFormat("gemini", lambda row: "contents" in row, _read_gemini, _build_gemini),
    "openai": RowFormat("openai", lambda row: "messages" in row, _read_openai, _build_openai),
    "alpaca": RowFormat("alpaca", lambda row: "instruction" in row, _read_alpaca, _build_alpaca),
    "prompt": RowFormat(
        "prompt",
        lambda row: any(key in row for key in PROMPT_KEYS),
        _read_prompt,
        _build_prompt,
    ),
}
