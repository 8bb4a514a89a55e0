"""Generate a diagram for every row of a file, so that it can be killed and started again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

import filelock

from naiad.datasets import BadRow, PromptRow, read_prompts
from naiad.datasets.reading import OnBadRow
from naiad.errors import EngineError, InputError
from naiad.files import data_home, translated_os_errors, write_text
from naiad.mermaid.diagram_types import DIAGRAM_TYPES
from naiad.workflows.generate import (
    NOT_GENERATED,
    DiagramRequest,
    GenerationSession,
    diagram_as_json,
)

BATCH_KEYS = ("prompt", "mermaid", "type", "valid", "problems", "seconds", "tokens")
"""What is written of each diagram, after the row's `id`."""

OutputRow = dict[str, Any]


@dataclass(frozen=True)
class BatchReport:
    """What became of the rows."""

    rows: int
    valid: int
    invalid: int
    """Generated, but not accepted by the judge."""
    failed: int
    """Not generated at all, such as a prompt longer than the model's window."""
    resumed: int
    """Rows among these that an earlier run had already written."""
    skipped: int
    """Broken rows of the input that were left out."""


def generate_batch(
    input_path: Path,
    output_path: Path,
    open_model: Callable[[], GenerationSession],
    *,
    request: DiagramRequest | None = None,
    on_bad_row: OnBadRow = "stop",
    on_skip: Callable[[BadRow], None] | None = None,
    on_row: Callable[[OutputRow, int, int], None] | None = None,
) -> BatchReport:
    """Answer the rows of `input_path`, one line of JSON each in `output_path`.

    The input is read to its end before open_model is called, so a broken row costs nothing.
    A row is on disk before the next one begins. Rows that an earlier run wrote with the same id
    and prompt are kept and not generated again; a last line that a kill tore is. An output made
    with other settings (they stand in OUTPUT.settings.json) is refused, never mixed.

    request: `type` and `instruction` for rows that have none of their own; its prompt is unused.
    on_row gets each new output row, the number of rows done and the total.
    Raises InputError, DatasetError, StorageError, and what open_model raises.
    """
    skipped: list[BadRow] = []

    def skip(row: BadRow) -> None:
        skipped.append(row)
        if on_skip is not None:
            on_skip(row)

    inputs = list(read_prompts(input_path, on_bad_row, skip))
    with _claimed(output_path):
        done = _earlier_rows(output_path, inputs)
        resumed = len(done)
        with open_model() as session:
            _check_settings(output_path, session, request)
            with translated_os_errors("write", output_path), output_path.open("ab") as output:
                for row in inputs:
                    if row.id in done:
                        continue
                    done[row.id] = _answer(session, row, request)
                    _append(output, done[row.id])
                    if on_row is not None:
                        on_row(done[row.id], len(done), len(inputs))
        _put_in_order(output_path, [done[row.id] for row in inputs])
    return _report(list(done.values()), resumed, len(skipped))


def _answer(
    session: GenerationSession, row: PromptRow, defaults: DiagramRequest | None
) -> OutputRow:
    """The output row; a request that fails makes a row that says so."""
    defaults = defaults or DiagramRequest("")
    request = replace(
        defaults,
        prompt=row.prompt,
        type=row.type if row.type in DIAGRAM_TYPES else defaults.type,
        instruction=row.system or defaults.instruction,
    )
    try:
        diagram = session.generate(request)
    except (InputError, EngineError) as error:
        diagram = session.failed(row.prompt, error)
    document = diagram_as_json(diagram)
    return {"id": row.id} | {key: document[key] for key in BATCH_KEYS}


def _append(output: IO[bytes], row: OutputRow) -> None:
    output.write(_json_line(row))
    output.flush()
    os.fsync(output.fileno())


def _json_line(row: OutputRow) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode("utf-8") + b"\n"


def _earlier_rows(output_path: Path, inputs: list[PromptRow]) -> dict[str, OutputRow]:
    """Rows by id that the output already holds for these inputs; a torn last line is cut off."""
    if not output_path.exists():
        return {}
    prompts = {row.id: row.prompt for row in inputs}
    found: dict[str, OutputRow] = {}
    for line, row in _whole_rows(output_path):
        if row["id"] not in prompts:
            raise InputError(
                f"{output_path}:{line}: row {row['id']!r} is not in the input",
                hint="it belongs to another file; choose another -o",
            )
        if row["prompt"] == prompts[row["id"]]:
            found[row["id"]] = row
    return found


def _whole_rows(output_path: Path) -> list[tuple[int, OutputRow]]:
    """(line, row) of an earlier run's output, after a torn last line was cut off."""
    with translated_os_errors("read", output_path):
        content = output_path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    rows = [
        (line, _earlier_row(text, f"{output_path}:{line}"))
        for line, text in enumerate(whole.splitlines(), start=1)
    ]
    torn = content[len(whole) :]
    beginning = b'{"id": '
    if torn[: len(beginning)] != beginning[: len(torn)]:
        raise _foreign(f"{output_path}:{len(rows) + 1}")
    if torn:
        with translated_os_errors("write", output_path):
            os.truncate(output_path, len(whole))
    return rows


def _earlier_row(text: bytes, place: str) -> OutputRow:
    try:
        row: OutputRow = json.loads(text)
        if isinstance(row["id"], str) and row.keys() >= set(BATCH_KEYS):
            return row
    except (ValueError, KeyError, TypeError):
        pass
    raise _foreign(place)


def _foreign(place: str) -> InputError:
    return InputError(
        f"{place} was not written by `naiad generate --batch`",
        hint="choose another -o, or remove the file",
    )


def _put_in_order(output_path: Path, rows: list[OutputRow]) -> None:
    """Rewrite the output where it is not in the input's order, as after a changed input."""
    content = b"".join(_json_line(row) for row in rows)
    with translated_os_errors("read", output_path):
        as_it_should_be = output_path.read_bytes() == content
    if not as_it_should_be:
        write_text(output_path, content.decode("utf-8"))


def _check_settings(
    output_path: Path, session: GenerationSession, request: DiagramRequest | None
) -> None:
    """Write the settings beside a new output; raise InputError if an old one had others."""
    path = output_path.with_name(output_path.name + ".settings.json")
    now = json.loads(json.dumps(_settings(session, request)))
    with translated_os_errors("read", path):
        before = json.loads(path.read_text("utf-8")) if path.exists() else None
    if not output_path.exists() or output_path.stat().st_size == 0 or before == now:
        write_text(path, json.dumps(now, ensure_ascii=False, indent=2) + "\n")
        return
    changed = [key for key in now if before is None or before.get(key) != now[key]]
    raise InputError(
        f"{output_path} holds rows made with other settings ({', '.join(changed)})",
        hint="choose another -o, or remove the file to begin again",
    )


def _settings(session: GenerationSession, request: DiagramRequest | None) -> Mapping[str, Any]:
    """Everything that decides what a row's diagram is."""
    adapter = session.adapter
    return {
        "model": session.model.name,
        "model_sha256": session.model.sha256,
        "adapter": str(adapter.path.resolve()) if adapter else None,
        "adapter_sha256": _sha256(adapter.weights_path) if adapter else None,
        "engine": session.engine.name,
        "type": request.type if request else None,
        "instruction": request.instruction if request else None,
        **asdict(session.config),
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _claimed(output_path: Path) -> Iterator[None]:
    """Hold the output against a second run. Raises InputError when one is writing it."""
    key = hashlib.sha256(str(output_path.resolve()).encode()).hexdigest()[:32]
    folder = data_home() / "locks"
    with translated_os_errors("write", folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / f"{key}.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise InputError(
            f"another run is writing {output_path}", hint="wait for it, or choose another -o"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _report(rows: list[OutputRow], resumed: int, skipped: int) -> BatchReport:
    valid = sum(row["valid"] for row in rows)
    failed = sum(_failed(row) for row in rows)
    return BatchReport(
        rows=len(rows),
        valid=valid,
        invalid=len(rows) - valid - failed,
        failed=failed,
        resumed=resumed,
        skipped=skipped,
    )


def _failed(row: OutputRow) -> bool:
    return any(problem["message"].startswith(NOT_GENERATED) for problem in row["problems"])
