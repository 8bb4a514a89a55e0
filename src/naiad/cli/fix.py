"""`naiad fix`: a diagram in its canonical form, a broken one repaired."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from naiad.cli.console import EXIT_FAILED, EXIT_INVALID, print_json, stderr
from naiad.errors import ConfigError, InputError
from naiad.files import decode_text, write_text

if TYPE_CHECKING:
    from naiad.grammar import FixedDiagram
    from naiad.workflows.fix import FixedRow


def fix(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-",
            help="A file with a Mermaid diagram, also within prose or a fence; `-` is standard "
            "input. A .jsonl file is fixed row by row (`mermaid`) and needs --output.",
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write here. [default: standard output]")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", "-i", help="Write to the file itself.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Rewrite a diagram into Naiad's canonical form, and repair a broken one.

    A valid diagram is written as Naiad writes it (labels quoted, no `;`, four spaces a level)
    and still draws the same: Mermaid's own database is compared, and on any difference the text
    stays as it is. A broken one is repaired where the mistake is a usual one. Every change is
    told on standard error. Fixing a fixed file changes nothing.

    --json prints {"mermaid", "type", "valid", "problems", "canonical",
    "not_canonical_because", "changes": [{"message", "line"}]}; for a .jsonl file {"output",
    "rows", "valid", "invalid", "changed"}.

    Exit status: 0 the result is valid, 1 it is not, 2 it could not be checked.
    """
    if file.endswith(".jsonl"):
        _fix_rows(Path(file), output, in_place=in_place, as_json=as_json)
        return
    if in_place and (file == "-" or output is not None):
        raise ConfigError("--in-place needs a file and goes without --output")
    from naiad.workflows.fix import fix_file, fix_text, fixed_as_json

    fixed = fix_text(_standard_input()) if file == "-" else fix_file(Path(file))
    target = Path(file) if in_place else output
    if target is not None and fixed.verdict.valid:
        write_text(target, fixed.source + "\n")
    if as_json:
        print_json(fixed_as_json(fixed))
    elif target is None:
        typer.echo(fixed.source)
    _print_outcome(fixed, target)
    if not fixed.verdict.valid:
        raise typer.Exit(EXIT_INVALID)


def _standard_input() -> str:
    return decode_text(sys.stdin.buffer.read(), name="standard input")


def _print_outcome(fixed: FixedDiagram, target: Path | None) -> None:
    for change in fixed.changes:
        stderr.print(f"line {change.line}: {change.message}", markup=False)
    if fixed.kept is not None:
        stderr.print(
            f"left as it is, since the canonical form would change the drawing: {fixed.kept}",
            markup=False,
        )
    if not fixed.verdict.valid:
        written = "" if target is None else f"; {target} was not written"
        stderr.print(f"it could not be repaired{written}:", style="bold red", markup=False)
        for problem in fixed.verdict.problems:
            stderr.print(f"  {problem}", markup=False)


def _fix_rows(source: Path, output: Path | None, *, in_place: bool, as_json: bool) -> None:
    from naiad.workflows.fix import fix_rows

    if output is None or in_place:
        raise InputError("a .jsonl file needs --output", hint="add -o fixed.jsonl")

    def show(row: FixedRow) -> None:
        if not row.fixed.verdict.valid:
            problem = row.fixed.verdict.problems[0]
            stderr.print(f"{source}:{row.line}: not repaired: {problem}", markup=False)

    counts = fix_rows(source, output, show)
    rows = counts.valid + counts.invalid
    if as_json:
        print_json({"output": str(output), "rows": rows} | vars(counts))
    else:
        stderr.print(
            f"{rows:,} rows, {counts.changed:,} changed, {counts.invalid:,} not valid: {output}",
            markup=False,
        )
    if not rows:
        raise typer.Exit(EXIT_FAILED)
    if counts.invalid:
        raise typer.Exit(EXIT_INVALID)
