"""`naiad data check|convert|split|dedupe`: look at training data and rewrite it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from naiad.cli.console import EXIT_INVALID, print_json, stderr, stdout
from naiad.cli.preflight_table import findings_table

if TYPE_CHECKING:
    from naiad.datasets.reading import BadRow
    from naiad.workflows.check_data import DataCheck

SHOWN_PROBLEMS = 20

app = typer.Typer(no_args_is_help=True, help="Check, convert, split and deduplicate training data.")


class Format(StrEnum):
    """Row formats that can be written."""

    gemini = "gemini"
    openai = "openai"
    prompt = "prompt"
    alpaca = "alpaca"


class DuplicateBy(StrEnum):
    """What makes a row a repetition."""

    row = "row"
    prompt = "prompt"


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
def check(
    file: Source,
    evaluation: Annotated[
        Path | None,
        typer.Option("--eval", help="Rows that must not be trained on: say which are."),
    ] = None,
    render: Annotated[
        str,
        typer.Option(
            metavar="COUNT|all",
            help="Draw so many of the valid answers, spread over their types; a second or two "
            "each.",
        ),
    ] = "0",
    model: Annotated[
        str | None,
        typer.Option(
            "--model", "-m", help="Count tokens, and look for end tokens, as this model has them."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what is in a data file, and what is wrong with it.

    Rows, formats and diagram types; bad rows, repeated rows, and answers that
    are not valid Mermaid. Exit status: 0 nothing wrong; 1 bad rows, invalid
    answers or, where they were looked for, leaks, answers that do not draw and
    missing end tokens; 2 a file could not be read.
    """
    from naiad.workflows.check_data import check_data

    most_drawn = _count_or_all(render)
    with _counting() as count:
        result = check_data(
            file,
            evaluation=evaluation,
            model=model,
            most_drawn=most_drawn,
            on_row=count,
            on_download=count,
        )
    if as_json:
        print_json(_as_document(result))
    else:
        _print_check(result)
    if not result.clean:
        raise typer.Exit(EXIT_INVALID)


def _count_or_all(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdecimal():
        raise typer.BadParameter(f"--render takes a whole number or all, not {text!r}")
    return int(text)


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

    with _counting() as count:
        done = convert_data(
            file,
            output,
            to.value,
            clean=clean,
            on_bad_row=on_bad_row.value,
            on_skip=_print_skipped,
            on_row=lambda row: count("converting", row),
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
        "leaked_rows": done.leaked_rows,
    }
    lines = (
        f"{done.train_rows:,} rows: {done.train}",
        f"{done.evaluation_rows:,} rows: {done.evaluation}",
        f"{done.leaked_rows:,} prompts in both",
    )
    _say(document, "\n".join(lines), as_json)


@app.command()
def dedupe(
    file: Source,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write, JSON Lines.")],
    by: Annotated[
        DuplicateBy,
        typer.Option(
            "--by",
            help="row: prompt and answer are those of an earlier row. prompt: the prompt is, "
            "whatever the answer.",
        ),
    ] = DuplicateBy.row,
    on_bad_row: BadRowOption = OnBadRow.stop,
    as_json: JsonOption = False,
) -> None:
    """Drop the rows that repeat an earlier one.

    Case and blanks of a prompt, and blanks around an answer, make no
    difference. The first row stays, with every field it has; FILE is not
    changed.
    """
    from naiad.workflows.prepare_data import dedupe_data

    done = dedupe_data(
        file, output, by=by.value, on_bad_row=on_bad_row.value, on_skip=_print_skipped
    )
    document = {
        "output": str(output),
        "rows": done.rows,
        "repeated_rows": [list(pair) for pair in done.dropped.same_row],
        "repeated_prompts": [list(pair) for pair in done.dropped.same_prompt],
    }
    dropped = [
        *(f"dropped line {b}: the row of line {a}" for a, b in done.dropped.same_row),
        *(f"dropped line {b}: the prompt of line {a}" for a, b in done.dropped.same_prompt),
    ]
    total = f"{done.rows:,} rows, {len(dropped):,} dropped: {output}"
    _say(document, "\n".join([total, *_first(dropped)]), as_json)


def _say(document: dict[str, Any], text: str, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        stdout.print(text, markup=False)


def _print_skipped(row: BadRow) -> None:
    stderr.print(f"left out: {row}", markup=False)


@contextmanager
def _counting() -> Iterator[Callable[..., None]]:
    """A bar for each thing that is done, with its name, how much is done, and of how much."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=stderr, transient=True, disable=not stderr.is_terminal
    ) as progress:
        tasks: dict[str, TaskID] = {}

        def count(doing: str, done: int, total: int | None = None) -> None:
            if doing not in tasks:
                tasks[doing] = progress.add_task(doing, total=total)
            progress.update(tasks[doing], completed=done, total=total)

        yield count


def _print_check(result: DataCheck) -> None:
    stdout.print(f"{result.path}:", markup=False)
    stdout.print(findings_table(result.findings()))
    problems = [str(row) for row in result.bad_rows]
    problems += map(str, result.answers.invalid)
    problems += map(str, result.answers.undrawable)
    for line in _first(problems):
        stdout.print(line, markup=False)


def _first(lines: list[str]) -> list[str]:
    """At most SHOWN_PROBLEMS lines, and how many more there are."""
    left_out = len(lines) - SHOWN_PROBLEMS
    more = [f"… and {left_out:,} more; --json has all"] if left_out > 0 else []
    return [*lines[:SHOWN_PROBLEMS], *more]


def _as_document(result: DataCheck) -> dict[str, Any]:
    answers, leaks, tokens = result.answers, result.leaks, result.tokens
    return {
        "file": str(result.path),
        "clean": result.clean,
        "rows": result.rows,
        "formats": result.formats,
        "types": dict(answers.types),
        "instructions": result.instructions,
        "longest_prompt_characters": result.longest_prompt_characters,
        "longest_answer_characters": result.longest_answer_characters,
        "tokens": None if tokens is None else asdict(tokens),
        "bad_rows": [
            {"file": str(row.path), "line": row.line, "reason": row.reason}
            for row in result.bad_rows
        ],
        "invalid_answers": [asdict(each) for each in answers.invalid],
        "drawn_answers": answers.drawn,
        "undrawable_answers": [asdict(each) for each in answers.undrawable],
        "not_canonical": result.not_canonical,
        "repeated_rows": [list(pair) for pair in result.duplicates.same_row],
        "repeated_prompts": [list(pair) for pair in result.duplicates.same_prompt],
        "evaluation": None
        if leaks is None
        else {"file": str(leaks.path), "rows": leaks.rows, "leaked_lines": list(leaks.lines)},
    }
