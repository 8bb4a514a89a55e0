"""What every command shares: the two consoles, JSON output, errors and exit statuses."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from naiad.errors import NaiadError

EXIT_OK = 0
EXIT_INVALID = 1
"""The command ran, and the diagram or data it looked at is not valid."""
EXIT_FAILED = 2
"""The command could not do its work."""

stdout = Console(soft_wrap=True, highlight=False)
stderr = Console(stderr=True, soft_wrap=True, highlight=False)


def print_json(document: Any) -> None:
    """Print the one JSON document that a command with --json writes to standard output."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def print_error(error: NaiadError) -> None:
    """Print the error and its hint, one line each."""
    stderr.print(Text("error: ", style="bold red") + Text(error.message))
    if error.hint:
        stderr.print(Text(f"  hint: {error.hint}", style="dim"))


def fail(error: NaiadError) -> NoReturn:
    """Print the error, its hint, and leave with EXIT_FAILED."""
    print_error(error)
    raise typer.Exit(EXIT_FAILED)
