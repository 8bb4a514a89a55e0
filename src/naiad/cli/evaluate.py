"""`naiad eval`: how often a model's answers parse, draw and have the type asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from naiad.cli.console import EXIT_OK, print_json, stderr, stdout
from naiad.cli.session import session_opener

if TYPE_CHECKING:
    from naiad.workflows.evaluate import EvaluatedRow, EvaluationReport


def evaluate(
    data: Annotated[
        Path,
        typer.Argument(help="JSONL rows with a prompt and a `type` or a reference answer."),
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Short name, Hub id, folder or .gguf file. "
            "[default: the adapter's base, else qwen2.5-coder-0.5b]",
        ),
    ] = None,
    adapter: Annotated[str, typer.Option("--adapter", help="Adapter folder, or `none`.")] = "none",
    engine: Annotated[
        str, typer.Option("--engine", help="`auto`, `llamacpp` or `transformers`.")
    ] = "auto",
    zero_shot: Annotated[
        bool,
        typer.Option(
            "--zero-shot",
            help="The model alone: no worked example, no grammar, the type left to it.",
        ),
    ] = False,
    constraint: Annotated[
        bool,
        typer.Option("--constraint/--no-constraint", help="Decode under the diagram's grammar."),
    ] = True,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only the first N rows.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as one JSON document.")
    ] = False,
) -> None:
    """Generate a diagram for each row of DATA and report how many parse, draw and are of the
    type asked for, with 95% bootstrap intervals. An empty or failed answer counts as 0."""
    from naiad.generation import EngineConfig
    from naiad.workflows.evaluate import evaluate as run
    from naiad.workflows.generate import GenerateConfig

    config = (
        GenerateConfig(examples=0, begin_answer=False, constrain=False)
        if zero_shot
        else GenerateConfig(constrain=constraint)
    )
    engine_config = EngineConfig(engine)  # type: ignore[arg-type]  # it checks the name
    open_model = session_opener(model, adapter, config, engine_config)
    report = run(data, open_model, limit=limit, on_row=_print_row)
    if as_json:
        print_json(report.as_json())
    else:
        _print_table(report)
    raise typer.Exit(EXIT_OK)


def _print_row(row: EvaluatedRow, number: int, total: int) -> None:
    mark = "parses" if row.diagram.valid else "broken"
    stderr.print(
        f"{number}/{total} {row.id}: {row.expected_type or '?'} → {row.diagram.type or '?'}, {mark}"
    )


def _print_table(report: EvaluationReport) -> None:
    from rich.table import Table

    table = Table("measure", "share", "95% interval")
    for name in ("parses", "draws", "right_type"):
        share = report.share(name)
        table.add_row(name, f"{share.value:.1%}", f"{share.low:.1%} to {share.high:.1%}")
    stdout.print(table)
    stdout.print(f"{len(report.rows)} rows")
