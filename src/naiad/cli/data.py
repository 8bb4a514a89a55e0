"""`naiad data check|convert|split`: look at training data and rewrite it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from naiad.cli.console import EXIT_INVALID, print_json, stderr, stdout

if TYPE_CHECKING:
    from naiad.datasets.reading import BadRow
    from naiad.workflows.prepare_data import DataCheck

SHOWN_PROBLEMS = 20

app = typer.Typer(no_args_is_help=True, help="Check, convert and split training data.")


class Format(StrEnum):
    """Row formats that can be written."""

    gemini = "gemini"
    openai = "openai"
    prompt = "prompt"
    alpaca = "alpaca"


class OnBadRow(StrEnum):
    """What to do with a row that cannot be used."""

    stop = "stop"
    skip = "skip"


Source = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="Training data: JSON Lines or a JSON array, in Gemini, OpenAI, prompt/completion "
        "or Alpaca format.",
    ),
]
BadRowOption = Annotated[
    OnBadRow, typer.Option("--on-bad-row", help="What a row that cannot be used does.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command()
def check(file: Source, as_json: JsonOption = False) -> None:
    """Say what is in a data file, and what is wrong with it.

    Rows, formats and diagram types; bad rows, repeated rows, and answers that
    are not valid Mermaid. Exit status: 0 nothing wrong, 1 bad rows or invalid
    answers, 2 the file could not be read.
    """
    from naiad.workflows.prepare_data import check_data

    with _counting("judging") as on_row:
        result = check_data(file, on_row=on_row)
    if as_json:
        print_json(_as_document(result))
    else:
        _print_check(result)
    if not result.clean:
        raise typer.Exit(EXIT_INVALID)


@app.command()
def convert(
    file: Source,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write, JSON Lines.")],
    to: Annotated[Format, typer.Option("--to", help="Format to write.")] = Format.gemini,
    clean: Annotated[
        bool,
        typer.Option(
            "--clean",
            help="Fix each answer, as `naiad fix` does: no fence or prose, canonical, repaired.",
        ),
    ] = False,
    on_bad_row: BadRowOption = OnBadRow.stop,
    as_json: JsonOption = False,
) -> None:
    """Write a data file in another format."""
    from naiad.workflows.prepare_data import convert_data

    with _counting("converting") as on_row:
        done = convert_data(
            file,
            output,
            to.value,
            clean=clean,
            on_bad_row=on_bad_row.value,
            on_skip=_print_skipped,
            on_row=on_row,
        )
    document = {
        "output": str(output),
        "rows": done.rows,
        "changed_rows": done.changed_rows,
        "invalid_rows": done.invalid_rows,
    }
    cleaned = f", {done.changed_rows:,} cleaned, {done.invalid_rows:,} not valid" if clean else ""
    _say(document, f"{done.rows:,} rows{cleaned}: {output}", as_json)


@app.command()
def split(
    file: Source,
    output_dir: Annotated[
        Path, typer.Option("--output-dir", help="Folder for train.jsonl and evaluation.jsonl.")
    ],
    evaluation_share: Annotated[
        float, typer.Option("--evaluation-share", help="Share of the rows kept back.")
    ] = 0.1,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another choice.")] = 0,
    to: Annotated[Format, typer.Option("--to", help="Format to write.")] = Format.gemini,
    on_bad_row: BadRowOption = OnBadRow.stop,
    as_json: JsonOption = False,
) -> None:
    """Split a data file in two that share no prompt.

    A row's side depends on its prompt alone, so it stays where it is when the file grows.
    """
    from naiad.workflows.prepare_data import split_data

    done = split_data(
        file,
        output_dir,
        evaluation_share,
        seed=seed,
        format=to.value,
        on_bad_row=on_bad_row.value,
        on_skip=_print_skipped,
    )
    document = {
        "train": str(done.train),
        "evaluation": str(done.evaluation),
        "train_rows": done.train_rows,
        "evaluation_rows": done.evaluation_rows,
    }
    text = (
        f"{done.train_rows:,} rows: {done.train}\n{done.evaluation_rows:,} rows: {done.evaluation}"
    )
    _say(document, text, as_json)


def _say(document: dict[str, Any], text: str, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        stdout.print(text, markup=False)


def _print_skipped(row: BadRow) -> None:
    stderr.print(f"left out: {row}", markup=False)


@contextmanager
def _counting(what: str) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=stderr, transient=True, disable=not stderr.is_terminal
    ) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done: progress.update(task, completed=done)


def _print_check(result: DataCheck) -> None:
    def count_lines(counts: dict[str, int]) -> str:
        return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"

    facts = [
        f"{result.path}: {result.rows:,} usable rows, {len(result.bad_rows):,} bad",
        f"formats: {count_lines(result.formats)}",
        f"types: {count_lines(result.types)}",
        f"system instructions: {result.instructions}",
        f"longest: prompt {result.longest_prompt_characters:,} characters, "
        f"answer {result.longest_answer_characters:,}",
        f"repeated rows: {len(result.duplicates.same_row):,}; "
        f"prompts answered in two ways: {len(result.duplicates.same_prompt):,}",
        f"answers that are not valid Mermaid: {len(result.invalid_answers):,}",
        f"valid answers not in canonical form: {result.not_canonical:,}"
        + (" (`naiad data convert --clean` rewrites them)" if result.not_canonical else ""),
    ]
    problems = [str(row) for row in result.bad_rows]
    problems += [
        f"{result.path}:{answer.line}: {answer.type or 'no diagram'}: {answer.problem}"
        for answer in result.invalid_answers
    ]
    left_out = len(problems) - SHOWN_PROBLEMS
    more = [f"… and {left_out:,} more; --json has all"] if left_out > 0 else []
    for line in [*facts, *problems[:SHOWN_PROBLEMS], *more]:
        stdout.print(line, markup=False)


def _as_document(result: DataCheck) -> dict[str, Any]:
    return {
        "file": str(result.path),
        "clean": result.clean,
        "rows": result.rows,
        "formats": result.formats,
        "types": result.types,
        "instructions": result.instructions,
        "longest_prompt_characters": result.longest_prompt_characters,
        "longest_answer_characters": result.longest_answer_characters,
        "bad_rows": [{"line": row.line, "reason": row.reason} for row in result.bad_rows],
        "invalid_answers": [
            {"line": each.line, "type": each.type, "problem": each.problem}
            for each in result.invalid_answers
        ],
        "not_canonical": result.not_canonical,
        "repeated_rows": [list(pair) for pair in result.duplicates.same_row],
        "repeated_prompts": [list(pair) for pair in result.duplicates.same_prompt],
    }
