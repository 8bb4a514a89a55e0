"""Writing line by line under a constraint, with a scripted model and a constraint of two lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from naiad.generation.engine import Completion, SamplingConfig, TextCallback, WrittenLine
from naiad.generation.stepping import SteppedText, write_by_lines


class Numbers:
    """`begin`, then any count of `item …`, each at most ten letters, then `end`."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def next_line(self, *, bounded: bool) -> str | None:
        if not self.lines:
            return "begin"
        if self.lines[-1] == "end":
            return None
        return "(?:item [a-z]{1,10}|end)" if bounded else "(?:item [a-z]+|end)"

    def read(self, line: str) -> None:
        if not re.fullmatch(self.next_line(bounded=True) or "", line):
            raise ValueError(line)
        self.lines.append(line)

    @property
    def may_end(self) -> bool:
        return self.lines[-1:] == ["end"]

    @property
    def has_content(self) -> bool:
        return len(self.lines) > 1

    def closing_lines(self) -> list[str]:
        return ["end"] if self.lines else ["begin", "end"]


class Loose(Numbers):
    """The same, but whole behind any item."""

    @property
    def may_end(self) -> bool:
        return len(self.lines) > 1


class Script:
    """An engine that gives prepared lines, one token a character, and keeps what it was asked."""

    name = "script"
    window_tokens = 10_000

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = iter(lines)
        self.asked: list[tuple[str, str]] = []

    def count_tokens(self, prompt: str) -> int:
        return len(prompt)

    def make_room(self, prompt: str, max_tokens: int) -> int:
        return len(prompt)

    def complete(
        self, prompt: str, sampling: SamplingConfig, on_text: TextCallback | None = None
    ) -> Completion:
        raise AssertionError("lines are written by write_line")

    def write_line(self, prompt: str, pattern: str, sampling: SamplingConfig) -> WrittenLine:
        self.asked.append((prompt, pattern))
        line = next(self._lines, "")
        if len(line) > sampling.max_tokens:
            return WrittenLine(line[: sampling.max_tokens], "length", sampling.max_tokens)
        ended = "newline" if line.endswith("\n") else "end token"
        return WrittenLine(line.removesuffix("\n"), ended, len(line))  # type: ignore[arg-type]

    def close(self) -> None: ...


def _written(
    lines: Sequence[str],
    begin: type[Numbers] = Numbers,
    max_tokens: int = 500,
    ending: str = "",
    on_text: TextCallback | None = None,
) -> tuple[SteppedText, Script]:
    engine = Script(lines)
    sampling = SamplingConfig(max_tokens=max_tokens)
    return write_by_lines(engine, "P:", sampling, begin, ending=ending, on_text=on_text), engine


def test_the_prompt_grows_by_the_lines_taken() -> None:
    written, engine = _written(["begin\n", "item a\n", "end"])
    assert written == SteppedText("begin\nitem a\nend", "stop", 16, "begin\nitem a\nend")
    assert [prompt for prompt, _ in engine.asked] == ["P:", "P:begin\n", "P:begin\nitem a\n"]


def test_an_end_token_behind_a_line_ends_the_text_and_what_is_open_is_closed() -> None:
    written, _ = _written(["begin\n", "item a"])
    assert (written.text, written.finish_reason) == ("begin\nitem a\nend", "stop")
    assert written.raw_text == "begin\nitem a"


def test_nothing_may_end_before_there_is_content() -> None:
    _, engine = _written(["begin\n", "item a\n", ""], Loose)
    assert [pattern for _, pattern in engine.asked] == [
        r"(?:begin)\n",
        r"(?:(?:item [a-z]+|end))\n?",
        r"(?:(?:(?:item [a-z]+|end))\n?)?",
    ]


def test_the_first_line_of_content_may_be_the_last() -> None:
    written, _ = _written(["begin\n", "item a"], Loose)
    assert (written.text, written.finish_reason) == ("begin\nitem a", "stop")


def test_the_ending_ends_the_text_and_is_no_part_of_it() -> None:
    written, engine = _written(["begin\n", "item a\n", "```"], Loose, ending="```")
    assert written.text == "begin\nitem a"
    assert engine.asked[-1][1] == r"(?:(?:(?:item [a-z]+|end))\n?|```)"


def test_a_line_that_grew_too_long_is_written_again_with_a_bound() -> None:
    written, engine = _written(["begin\n", "item abcdefghijklm\n", "item abc\n", "end"])
    assert written.text == "begin\nitem abc\nend"
    assert written.tokens == 6 + 19 + 9 + 3
    assert engine.asked[2] == ("P:begin\n", r"(?:(?:item [a-z]{1,10}|end))\n?")


def test_at_the_token_limit_the_unfinished_line_goes() -> None:
    written, _ = _written(["begin\n", "item a\n", "item abcdef\n"], max_tokens=18)
    assert (written.text, written.finish_reason) == ("begin\nitem a\nend", "length")
    assert written.tokens == 18


def test_no_line_at_all_gives_the_smallest_whole_text() -> None:
    written, _ = _written(["begin\n"], max_tokens=3)
    assert (written.text, written.finish_reason) == ("begin\nend", "length")


def test_a_full_text_asks_for_nothing_more() -> None:
    written, engine = _written(["begin\n", "end\n", "item a\n"])
    assert written.text == "begin\nend"
    assert len(engine.asked) == 2


def test_a_repeated_block_stands_once_and_what_is_open_is_closed() -> None:
    written, _ = _written(["begin\n", "item a\n", *["item b\n", "item c\n"] * 40])
    assert (written.text, written.finish_reason) == (
        "begin\nitem a\nitem b\nitem c\nend",
        "repetition",
    )


def test_whoever_listens_gets_whole_lines_and_may_stop() -> None:
    heard: list[str] = []

    def stop_at_the_second(line: str) -> bool:
        heard.append(line)
        return len(heard) == 2

    written, _ = _written(["begin\n", "item a\n", "item b\n"], on_text=stop_at_the_second)
    assert written.finish_reason == "cancelled"
    assert written.text == "begin\nitem a\nend"
    assert heard == ["begin\n", "item a\n", "end\n"]
