"""`naiad types`: the diagram types and what Naiad can do with each."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from naiad.cli.console import print_json, stdout

_COLUMNS = ("type", "grammar", "fixer", "structure", "renderer", "examples", "trained")


def types(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """List the diagram types and what Naiad can do with each.

    grammar: answers of this type are decoded under a grammar, so they parse. fixer: `naiad fix`
    rewrites and repairs it. structure: its structure can be compared. renderer: `naiad render`
    draws it. examples: worked examples in the package. trained: an adapter that comes with the
    package was trained on it.
    """
    from naiad.workflows.types import family_support

    families = family_support()
    if as_json:
        print_json({"types": [asdict(each) for each in families]})
        return
    table = Table(*_COLUMNS, box=None, pad_edge=False)
    for each in families:
        cells = [getattr(each, column) for column in _COLUMNS]
        table.add_row(*(_cell(cell) for cell in cells))
    stdout.print(table)


def _cell(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "–"
    return str(value)
