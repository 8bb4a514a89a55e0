"""`naiad validate`: the official Mermaid parser judges diagrams in files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from naiad.cli.console import EXIT_FAILED, EXIT_INVALID, print_json, stderr, stdout

if TYPE_CHECKING:
    from naiad.workflows.validate import Checked, Unchecked, ValidationCounts


def validate(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...|-", help="Mermaid, Markdown or JSONL files, or - for standard input."
        ),
    ],
    file_format: Annotated[
        Literal["mermaid", "markdown", "jsonl"] | None,
        typer.Option("--format", help="What the files are. [default: by their suffix]"),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds after which a diagram is given up.")
    ] = 10.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the outcome as one JSON document.")
    ] = False,
) -> None:
    """Check diagrams with the official Mermaid parser (12.3.0; ZenUML: @zenuml/core 4.7.2).

    A .md or .markdown file is checked block by block (```mermaid), a .jsonl file row by row
    (`id` and `mermaid`), any other file as one diagram. Parsing is not drawing: a few diagrams
    that parse cannot be drawn.

    --json prints {"valid", "results": [{"file", "line", "id", "type", "valid",
    "problems": [{"line", "message", "judge"}]}], "unchecked": [{"file", "line", "message",
    "hint"}], "counts": {"diagrams", "valid", "invalid", "unchecked"}}. Lines of problems are
    lines of the file; in JSONL, of the row's diagram.

    Exit status: 0 all valid, 1 some not valid, 2 something could not be checked.
    """
    from naiad.mermaid.judge import Judge, JudgeLimits
    from naiad.workflows.validate import ValidationCounts, validate_files

    counts = ValidationCounts()
    outcomes: list[Checked | Unchecked] = []
    with Judge(JudgeLimits(timeout_s=timeout)) as judge, _progress(counts) as advance:
        for outcome in validate_files(files, judge, file_format=file_format):
            counts.add(outcome)
            advance()
            if as_json:
                outcomes.append(outcome)
            else:
                _print_outcome(outcome)
    if as_json:
        print_json(_document(outcomes, counts))
    else:
        stdout.print(_summary(counts), markup=False)
    if counts.unchecked or not counts.diagrams:
        raise typer.Exit(EXIT_FAILED)
    if counts.invalid:
        raise typer.Exit(EXIT_INVALID)


def _print_outcome(outcome: Checked | Unchecked) -> None:
    from naiad.workflows.validate import Unchecked

    if isinstance(outcome, Unchecked):
        place = outcome.file if outcome.line is None else f"{outcome.file}:{outcome.line}"
        hint = f" ({outcome.hint})" if outcome.hint else ""
        stderr.print(f"{place}: could not check: {outcome.message}{hint}", markup=False)
        return
    for problem in outcome.problems:
        if outcome.id is not None or outcome.file.endswith(".jsonl"):
            row = f"{outcome.id}: " if outcome.id is not None else ""
            text = f"{outcome.file}:{outcome.line}: {row}{problem}"
        else:
            line = outcome.line if problem.line is None else problem.line
            text = f"{outcome.file}:{line}: {problem.message}"
        stdout.print(f"{text} ({problem.judge})", markup=False)


def _summary(counts: ValidationCounts) -> str:
    if not counts.diagrams and not counts.unchecked:
        return "no Mermaid diagram found"
    unchecked = f", {counts.unchecked} could not be checked" if counts.unchecked else ""
    noun = "diagram" if counts.diagrams == 1 else "diagrams"
    return f"{counts.diagrams} {noun}: {counts.valid} valid, {counts.invalid} not valid{unchecked}"


def _document(outcomes: list[Checked | Unchecked], counts: ValidationCounts) -> dict[str, Any]:
    from naiad.workflows.validate import Checked, Unchecked

    checked = [outcome for outcome in outcomes if isinstance(outcome, Checked)]
    return {
        "valid": counts.valid > 0 and counts.invalid == counts.unchecked == 0,
        "results": [
            {
                "file": each.file,
                "line": each.line,
                "id": each.id,
                "type": each.type,
                "valid": each.valid,
                "problems": [asdict(problem) for problem in each.problems],
            }
            for each in checked
        ],
        "unchecked": [asdict(outcome) for outcome in outcomes if isinstance(outcome, Unchecked)],
        "counts": {
            "diagrams": counts.diagrams,
            "valid": counts.valid,
            "invalid": counts.invalid,
            "unchecked": counts.unchecked,
        },
    }


@contextmanager
def _progress(counts: ValidationCounts) -> Iterator[Callable[[], None]]:
    """A running count on standard error, if that is a terminal; problems print above it."""
    if not stderr.is_terminal:
        yield lambda: None
        return
    with stderr.status("checking") as status:
        yield lambda: status.update(f"checked {counts.diagrams:,} diagrams")
