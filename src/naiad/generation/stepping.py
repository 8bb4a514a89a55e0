"""Write a diagram line by line, each line under what may come next.

The state after a line decides what the next one may be, so the model is asked for one line at a
time. It knows nothing of it: the prompt grows by the lines that were accepted, and of every
token it gets the one it prefers of those that lead to a line. What comes out is whole: at the
token limit, at a repetition, or when it is stopped, the unfinished line goes and what is open
is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from naiad.generation.engine import Engine, SamplingConfig, TextCallback
from naiad.generation.repetition import RepetitionWatch

MOST_LINE_TOKENS = 80
"""Tokens after which a line is begun again, with free text bounded: ordinary lines have 15."""


class LineConstraint(Protocol):
    """What may come next in a text; grammar.DiagramGrammar is one."""

    def next_line(self, *, bounded: bool) -> str | None:
        """Pattern of the next line, without newline; None when there can be none.

        bounded=False may allow lines that `read` refuses for their length.
        """
        ...

    def read(self, line: str) -> None:
        """Take the next line. Raises ValueError, and then nothing has changed."""
        ...

    @property
    def may_end(self) -> bool:
        """Whether the text is whole."""
        ...

    @property
    def has_content(self) -> bool:
        """Whether there is anything in it yet that would be worth ending for."""
        ...

    def closing_lines(self) -> list[str]:
        """Lines that make it whole."""
        ...


@dataclass(frozen=True)
class SteppedText:
    """What came out."""

    text: str
    """Whole lines, without a newline behind the last."""
    finish_reason: Literal["stop", "length", "repetition", "cancelled"]
    tokens: int
    """Tokens the model wrote, discarded lines included."""
    raw_text: str
    """What the model wrote, before anything was cut or closed."""


def write_by_lines(
    engine: Engine,
    prompt: str,
    sampling: SamplingConfig,
    begin: Callable[[], LineConstraint],
    *,
    ending: str = "",
    on_text: TextCallback | None = None,
) -> SteppedText:
    """Continue `prompt` by a text that is whole under the constraint that `begin` makes.

    ending: what the model writes on a line of its own behind the text, besides its end token;
    it is not part of the text. on_text gets whole lines, each with its newline; returning True
    stops. Raises PromptTooLong and EngineError.
    """
    engine.make_room(prompt, sampling.max_tokens)
    return _Writing(engine, prompt, sampling, begin, ending, on_text).run()


class _Writing:
    """One text being written."""

    def __init__(
        self,
        engine: Engine,
        prompt: str,
        sampling: SamplingConfig,
        begin: Callable[[], LineConstraint],
        ending: str,
        on_text: TextCallback | None,
    ) -> None:
        self._engine = engine
        self._prompt = prompt
        self._sampling = sampling
        self._begin = begin
        self._ending = ending
        self._on_text = on_text
        self._constraint = begin()
        self._watch = RepetitionWatch()
        self._lines: list[str] = []
        self._tokens = 0

    def run(self) -> SteppedText:
        reason = self._write()
        raw_text = "\n".join(self._lines)
        if reason == "repetition":
            self._keep_sound_lines()
        if not self._constraint.may_end:
            for line in self._constraint.closing_lines():
                self._lines.append(line)
                self._show(line)
        return SteppedText("\n".join(self._lines), reason, self._tokens, raw_text)

    def _write(self) -> Literal["stop", "length", "repetition", "cancelled"]:
        while (room := self._sampling.max_tokens - self._tokens) > 0:
            if self._constraint.next_line(bounded=False) is None:
                return "stop"
            text, ended = self._line(room)
            if text is None:
                return "length"
            if text in ("", self._ending) and self._may_stop:
                return "stop"
            self._lines.append(text)
            if self._show(text):
                return "cancelled"
            if self._watch.feed(f"{text}\n"):
                return "repetition"
            if ended and self._constraint.has_content:
                return "stop"
        return "length"

    @property
    def _may_stop(self) -> bool:
        return self._constraint.may_end and self._constraint.has_content

    def _line(self, room: int) -> tuple[str | None, bool]:
        """(the next line, taken, or None when there was no room; whether the model ended there).

        First without a bound on free text, which is quicker, and where that goes wrong with it.
        """
        for bounded in (False, True):
            written = self._engine.write_line(
                self._prompt + "".join(f"{line}\n" for line in self._lines),
                self._pattern(bounded=bounded),
                replace(
                    self._sampling,
                    max_tokens=room if bounded else min(room, MOST_LINE_TOKENS),
                    seed=(self._sampling.seed + self._tokens) % 2**32,
                ),
            )
            self._tokens += written.tokens
            room -= written.tokens
            if written.ended_by != "length":
                if written.text in ("", self._ending) and self._may_stop:
                    return written.text, True
                try:
                    self._constraint.read(written.text)
                except ValueError:
                    pass
                else:
                    return written.text, written.ended_by == "end token"
            if room <= 0:
                break
        return None, True

    def _pattern(self, *, bounded: bool) -> str:
        """The next line with its newline, and where it may stop, the ways to do that."""
        line = f"(?:{self._constraint.next_line(bounded=bounded)})"
        if not self._lines:
            return rf"{line}\n"
        if not self._may_stop:
            return rf"{line}\n?"
        if self._ending:
            return rf"(?:{line}\n?|{self._ending})"
        return rf"(?:{line}\n?)?"

    def _show(self, line: str) -> bool:
        return self._on_text is not None and bool(self._on_text(f"{line}\n"))

    def _keep_sound_lines(self) -> None:
        """Keep a repeated block once, and the state that belongs to it."""
        self._constraint = self._begin()
        kept = self._watch.sound_text().rstrip("\n").split("\n")
        self._lines = []
        for line in kept:
            try:
                self._constraint.read(line)
            except ValueError:
                # Without the repetitions a later line may not fit; what leads up to it does.
                return
            self._lines.append(line)
