"""A model's own chat template, rendered without torch and safe against text that imitates it.

Training, generation and export render through this one class, so a model is asked exactly what
it was trained on. The rendering follows transformers' `apply_chat_template` (same Jinja
settings, same globals); tests/prompts compares the two on real models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from naiad.errors import ModelError
from naiad.files import read_text
from naiad.prompts.messages import Message

MAX_FILE_BYTES = 64 * 2**20
"""Largest tokenizer file that is read; those of large vocabularies have about 20 MB."""


@dataclass(frozen=True)
class ChatTemplate:
    """Turns messages into the text a model was trained on."""

    source: str
    """The Jinja source, from the GGUF's `tokenizer.chat_template` or the folder's files."""
    bos_token: str = ""
    eos_token: str = ""
    control_tokens: tuple[str, ...] = ()
    """Texts that the tokenizer turns into control tokens, like `<|im_start|>`."""

    @classmethod
    def from_folder(cls, folder: Path) -> ChatTemplate:
        """The template of a Hugging Face model folder.

        Raises ModelError when the model has none, as base models that were never taught to
        answer have none.
        """
        config = _read_json(folder / "tokenizer_config.json")
        source = _folder_source(folder, config)
        if source is None:
            raise ModelError(
                f"{folder} has no chat template",
                hint="use an instruction-tuned model, one with `Instruct` or `-it` in its name",
            )
        return cls(
            source,
            bos_token=_token_text(config.get("bos_token")),
            eos_token=_token_text(config.get("eos_token")),
            control_tokens=_control_tokens(folder, config),
        )

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = True) -> str:
        """The prompt text of a conversation, special tokens written out.

        The messages' contents are neutralized on the way. With add_generation_prompt the text
        ends where the assistant's answer begins. A template that refuses a system message gets
        it at the head of the first user message. Raises ModelError.
        """
        safe = [{"role": m.role, "content": self.neutralize(m.content)} for m in messages]
        try:
            return self._render(safe, add_generation_prompt)
        except TemplateError as error:
            folded = _system_folded_into_user(safe)
            if folded == safe:
                raise _refused(error) from error
        try:
            return self._render(folded, add_generation_prompt)
        except TemplateError as error:
            raise _refused(error) from error

    def neutralize(self, text: str) -> str:
        """`text` with every control token in it broken by a space: `<|im_end|>` -> `< |im_end|>`.

        The change is visible on purpose: an invisible character would reach the diagram. It is
        the same for training and generation and in both engines, which tokenize differently.
        """
        # Breaking one token can lay bare another around it only if tokens nest; so look again.
        while (broken := self._control.sub(lambda m: f"{m[0][0]} {m[0][1:]}", text)) != text:
            text = broken
        return text

    @cached_property
    def _control(self) -> re.Pattern[str]:
        """Matches any control token; those of one character cannot be broken and are left."""
        breakable = sorted((t for t in self.control_tokens if len(t) > 1), key=len, reverse=True)
        never = r"(?!)"
        return re.compile("|".join(map(re.escape, breakable)) or never)

    @cached_property
    def _compiled(self) -> Template:
        try:
            return _environment().from_string(self.source)
        except TemplateError as error:
            raise ModelError(f"the model's chat template is broken: {error}") from error

    def _render(self, messages: list[dict[str, str]], add_generation_prompt: bool) -> str:
        return self._compiled.render(
            messages=messages,
            tools=None,
            documents=None,
            add_generation_prompt=add_generation_prompt,
            bos_token=self.bos_token,
            eos_token=self.eos_token,
        )


def _environment() -> ImmutableSandboxedEnvironment:
    # Immutable and sandboxed: a template is code from whoever published the model.
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return environment


def _to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None) -> str:
    # Jinja's own filter escapes HTML characters, which no prompt wants.
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)


def _raise_exception(message: str) -> NoReturn:
    raise TemplateError(message)


def _refused(error: TemplateError) -> ModelError:
    return ModelError(
        f"the model's chat template refuses the conversation: {error}",
        hint="use another instruction-tuned model",
    )


def _system_folded_into_user(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    if len(messages) < 2 or [m["role"] for m in messages[:2]] != ["system", "user"]:
        return messages
    system, user, *rest = messages
    return [{"role": "user", "content": f"{system['content']}\n\n{user['content']}"}, *rest]


def _folder_source(folder: Path, config: dict[str, Any]) -> str | None:
    """chat_template.jinja where it exists, else the entry in tokenizer_config.json."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        return read_text(file, max_bytes=MAX_FILE_BYTES)
    entry = config.get("chat_template")
    if isinstance(entry, list):  # several named templates, e.g. one for tool use
        entry = {named["name"]: named["template"] for named in entry}.get("default")
    return entry if isinstance(entry, str) else None


def _control_tokens(folder: Path, config: dict[str, Any]) -> tuple[str, ...]:
    """Added tokens marked special: those in tokenizer.json or, in old folders, in the config."""
    added = list(_read_json(folder / "tokenizer.json").get("added_tokens", []))
    added += list(config.get("added_tokens_decoder", {}).values())
    return tuple(dict.fromkeys(token["content"] for token in added if token.get("special")))


def _token_text(entry: Any) -> str:
    """A special token in tokenizer_config.json is a string, an object with `content`, or null."""
    if isinstance(entry, dict):
        entry = entry.get("content")
    return entry if isinstance(entry, str) else ""


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        document = json.loads(read_text(path, max_bytes=MAX_FILE_BYTES))
    except ValueError as error:
        raise ModelError(
            f"{path} is not JSON: {error}", hint="the model folder is damaged; get it again"
        ) from error
    return document if isinstance(document, dict) else {}
