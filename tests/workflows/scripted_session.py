"""A session whose engine gives prepared answers; everything around it is real."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from naiad.generation import Completion, SamplingConfig, TextCallback
from naiad.generation.engine import WrittenLine, check_room
from naiad.lora import Adapter, AdapterRecord
from naiad.models.local_model import LocalModel
from naiad.prompts import ChatTemplate
from naiad.workflows.generate import GenerateConfig, GenerationSession

TEMPLATE = ChatTemplate(
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}</{{ m.role }}>\n{% endfor %}<assistant>",
    control_tokens=("<assistant>", "</assistant>"),
)


class ScriptedEngine:
    """An Engine of one token a character that answers from a list and keeps what it was asked."""

    name = "scripted"

    def __init__(self, answers: Sequence[str | Exception], window_tokens: int = 100_000) -> None:
        self._answers = iter(answers)
        self.window_tokens = window_tokens
        self.prompts: list[str] = []
        self.samplings: list[SamplingConfig] = []
        self.closed = False
        self._lines: Iterator[str] = iter(())

    def count_tokens(self, prompt: str) -> int:
        return len(prompt)

    def complete(
        self, prompt: str, sampling: SamplingConfig, on_text: TextCallback | None = None
    ) -> Completion:
        check_room(len(prompt), sampling.max_tokens, self.window_tokens)
        self.prompts.append(prompt)
        self.samplings.append(sampling)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        answer = min((answer.split(stop)[0] for stop in sampling.stop), key=len, default=answer)
        shown = ""
        for character in answer[: sampling.max_tokens]:
            shown += character
            if on_text is not None and on_text(character):
                return Completion(shown, "cancelled", len(prompt), len(shown))
        reason = "length" if len(answer) > sampling.max_tokens else "stop"
        return Completion(shown, reason, len(prompt), len(shown))  # type: ignore[arg-type]

    def make_room(self, prompt: str, max_tokens: int) -> int:
        check_room(len(prompt), max_tokens, self.window_tokens)
        self.prompts.append(prompt)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        self._lines = iter(answer.splitlines(keepends=True))
        return len(prompt)

    def write_line(self, prompt: str, pattern: str, sampling: SamplingConfig) -> WrittenLine:
        """The answer's next line that the pattern allows; the end token behind its last."""
        self.samplings.append(sampling)
        for line in self._lines:
            if re.fullmatch(pattern, line):
                if len(line) > sampling.max_tokens:
                    return WrittenLine(line[: sampling.max_tokens], "length", sampling.max_tokens)
                ended = "newline" if line.endswith("\n") else "end token"
                return WrittenLine(line.removesuffix("\n"), ended, len(line))  # type: ignore[arg-type]
        return WrittenLine("", "end token", 1)

    def close(self) -> None:
        self.closed = True


def session_of(
    engine: ScriptedEngine,
    config: GenerateConfig | None = None,
    adapter: Adapter | None = None,
    *,
    constrain: bool = False,
) -> GenerationSession:
    """constrain: a scripted model cannot be led by a grammar, only cut short by it."""
    model = LocalModel("scripted", "gguf", Path("scripted.gguf"), "local", sha256="0" * 64)
    config = replace(config or GenerateConfig(), constrain=constrain)
    return GenerationSession(engine, TEMPLATE, model, adapter, config)


def adapter_of(folder: Path, instruction: str | None) -> Adapter:
    """An adapter of which only the place and the instruction matter."""
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    return Adapter(folder, {}, {}, AdapterRecord("scripted", instruction=instruction))


def turns(prompt: str) -> Iterator[tuple[str, str]]:
    """(role, content) of what the scripted engine was asked."""
    for line in prompt.split("</")[:-1]:
        role, _, content = line[line.index("<") + 1 :].partition(">")
        yield role, content
