"""Training files and prompt files, read row by row.

A file is JSON Lines, or one JSON array of rows; which is told by its first character. Reading
never changes a text: no trimming, no removal of Markdown fences (`naiad data convert --clean`
does that, where it can be looked at).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, NoReturn

from naiad.datasets.example import Example, PromptRow
from naiad.datasets.formats import RowProblem, Turns, parse_row
from naiad.errors import DatasetError, InputError
from naiad.files import read_text

OnBadRow = Literal["stop", "skip"]

MAX_ROW_BYTES = 16 * 2**20
"""Longest row that is read: a file without line ends must not fill the memory."""

MAX_ARRAY_BYTES = 2**30
"""Largest file in array form: unlike JSON Lines, it is held in memory."""


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used."""

    path: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}"

    def fail(self) -> NoReturn:
        """Raise the DatasetError that stops a reader at this row."""
        raise DatasetError(str(self), hint="mend the row, or leave it out")


@dataclass(frozen=True)
class ParsedRow:
    """A row in a known format, complete or not."""

    line: int
    format: str
    """Name in datasets.formats.FORMATS."""
    id: str | None
    type: str | None
    turns: Turns
    value: dict[str, Any]
    """The row as the file has it."""


def read_examples(
    path: Path,
    on_bad_row: OnBadRow = "stop",
    on_skip: Callable[[BadRow], None] | None = None,
) -> Iterator[Example]:
    """The examples of a file, one at a time; memory does not grow with a JSON Lines file.

    With on_bad_row `skip`, each bad row goes to on_skip; with `stop`, the first raises
    DatasetError that names file, line and reason. Raises DatasetError when no row is usable and
    InputError when there is no such file.
    """
    return map(example_of, usable_rows(path, on_bad_row, on_skip))


def usable_rows(
    path: Path,
    on_bad_row: OnBadRow = "stop",
    on_skip: Callable[[BadRow], None] | None = None,
) -> Iterator[ParsedRow]:
    """The complete rows of a file, as read_examples has them, with all their fields."""
    found_any = False
    for row in scan_rows(path):
        if isinstance(row, ParsedRow):
            found_any = True
            yield row
        elif on_bad_row == "stop":
            row.fail()
        elif on_skip is not None:
            on_skip(row)
    if not found_any:
        raise DatasetError(
            f"{path} holds no usable row", hint="`naiad data check` says what is wrong with each"
        )


def example_of(row: ParsedRow) -> Example:
    """The example of a row that scan_rows found complete."""
    assert row.turns.prompt is not None and row.turns.answer is not None
    return Example(row.turns.prompt, row.turns.answer, row.turns.system, row.line)


def prompt_of(row: ParsedRow) -> PromptRow:
    """The request of a row that scan_rows found to have one."""
    turns = row.turns
    assert turns.prompt is not None
    row_id = row.id or str(row.line)
    return PromptRow(row_id, turns.prompt, turns.system, row.line, row.type, turns.answer)


def read_prompts(
    path: Path,
    on_bad_row: OnBadRow = "stop",
    on_skip: Callable[[BadRow], None] | None = None,
) -> Iterator[PromptRow]:
    """The requests of a file: rows with `id` and `prompt`, or of any training format.

    Bad rows are treated as in read_examples. An id used twice always raises DatasetError, as
    does a file without a usable row; a missing file raises InputError.
    """
    line_of_id: dict[str, int] = {}
    for row in scan_rows(path, answer_needed=False):
        if isinstance(row, BadRow):
            if on_bad_row == "stop":
                row.fail()
            if on_skip is not None:
                on_skip(row)
            continue
        prompt = prompt_of(row)
        if prompt.id in line_of_id:
            earlier = line_of_id[prompt.id]
            BadRow(path, row.line, f"id {prompt.id!r} is that of line {earlier}").fail()
        line_of_id[prompt.id] = row.line
        yield prompt
    if not line_of_id:
        raise DatasetError(f"{path} holds no row", hint='each line is {"id": …, "prompt": …}')


def scan_rows(path: Path, *, answer_needed: bool = True) -> Iterator[ParsedRow | BadRow]:
    """Every row of a file, good or bad, in order. Blank lines are no rows.

    Raises InputError when the file is missing or unreadable.
    """
    for line, value in _json_rows(path):
        if isinstance(value, BadRow):
            yield value
            continue
        try:
            row_format, turns = parse_row(value)
            _check_complete(turns, answer_needed=answer_needed)
            names = row_format.name, _id_of(value), _type_of(value)
            yield ParsedRow(line, *names, turns, value)
        except RowProblem as problem:
            yield BadRow(path, line, str(problem))


def _check_complete(turns: Turns, *, answer_needed: bool) -> None:
    if not (turns.prompt or "").strip():
        raise RowProblem("the prompt is empty")
    if not answer_needed:
        return
    if turns.answer is None:
        raise RowProblem("the row has no answer")
    if not turns.answer.strip():
        raise RowProblem("the answer is empty")


def _id_of(row: dict[str, Any]) -> str | None:
    value = row.get("id")
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RowProblem("`id` must be text or a whole number")
    return str(value)


def _type_of(row: dict[str, Any]) -> str | None:
    value = row.get("type")
    return value if isinstance(value, str) and value else None


def _json_rows(path: Path) -> Iterator[tuple[int, Any]]:
    """(line, JSON value or BadRow) of each row."""
    try:
        with path.open("rb") as file:
            if _first_character(file) == b"[":
                yield from _array_rows(path)
            else:
                yield from _line_rows(path, file)
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}", hint="check the path") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder", hint="name a file in it") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _first_character(file: IO[bytes]) -> bytes:
    """The first byte that is neither white space nor byte-order mark; rewinds the file."""
    start = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(0)
    return start[:1]


def _line_rows(path: Path, file: IO[bytes]) -> Iterator[tuple[int, Any]]:
    line = 0
    while content := file.readline(MAX_ROW_BYTES + 1):
        line += 1
        if len(content) > MAX_ROW_BYTES:
            yield line, BadRow(path, line, f"the row is longer than {MAX_ROW_BYTES:,} bytes")
            while content and not content.endswith(b"\n"):
                content = file.readline(MAX_ROW_BYTES)
        elif content.strip():
            yield line, _json_of_line(path, line, content.rstrip(b"\r\n"))


def _json_of_line(path: Path, line: int, content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig" if line == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        return BadRow(path, line, f"not UTF-8 text (byte {error.start} of the line)")
    except json.JSONDecodeError as error:
        return BadRow(path, line, f"not JSON: {error.msg} at character {error.pos + 1}")
    except (RecursionError, ValueError) as error:
        return BadRow(path, line, f"not usable JSON: {type(error).__name__}")


def _array_rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Rows of a JSON array, each with the line it begins on; a broken row ends the reading."""
    text = read_text(path, max_bytes=MAX_ARRAY_BYTES)
    decoder = json.JSONDecoder()
    position, line = _next_token(text, text.index("[") + 1), 1
    counted_to = 0
    while position < len(text) and text[position] != "]":
        line += text.count("\n", counted_to, position)
        counted_to = position
        try:
            value, end = decoder.raw_decode(text, position)
            position = _next_token(text, end)
            if text[position : position + 1] not in (",", "]"):
                raise json.JSONDecodeError("Expecting ',' or ']'", text, position)
        except json.JSONDecodeError as error:
            reason = f"not JSON: {error.msg}; the array cannot be read further"
            yield error.lineno, BadRow(path, error.lineno, reason)
            return
        except RecursionError:
            yield line, BadRow(path, line, "not usable JSON: nested too deeply")
            return
        yield line, value
        if text[position] == ",":
            position = _next_token(text, position + 1)


def _next_token(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position
