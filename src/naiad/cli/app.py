"""The `naiad` command: one file a command beside this one, put together here."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from naiad import __version__
from naiad.cli import bench, data, evaluate, fix, generate, models, render, train, types, validate
from naiad.cli.console import EXIT_FAILED, fail, stderr
from naiad.errors import NaiadError

app = typer.Typer(
    name="naiad",
    help="Plain language to Mermaid diagrams, with a small model on your own CPU. "
    "Nothing leaves this machine.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"naiad {__version__}")
        raise typer.Exit()


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Plain language to Mermaid diagrams, with a small model on your own CPU."""


app.command("generate")(generate.generate)
app.command("validate")(validate.validate)
app.command("fix")(fix.fix)
app.command("render")(render.render)
app.command("train")(train.train)
app.command("eval")(evaluate.evaluate)
app.command("types")(types.types)
app.add_typer(models.app, name="models")
app.add_typer(data.app, name="data")
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Entry point: run the command and turn a NaiadError into one line and a status."""
    try:
        try:
            app()
        except NaiadError as error:
            fail(error)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except KeyboardInterrupt:
        stderr.print("interrupted")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    main()
