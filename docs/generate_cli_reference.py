"""Write docs/reference/cli.md from the commands themselves, so that it cannot go stale.

python docs/generate_cli_reference.py           writes the page
python docs/generate_cli_reference.py --print   prints it
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from naiad.cli.app import app

PAGE = Path(__file__).resolve().parent / "reference" / "cli.md"


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, command
    for child_name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, f"{name} {child_name}")


def _parameter_row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"| `{parameter.name.upper()}` | {_one_line(getattr(parameter, 'help', ''))} | |"
    flags = ", ".join(f"`{flag}`" for flag in [*parameter.opts, *parameter.secondary_opts])
    default = parameter.default
    shown = "" if default in (None, False, (), []) or callable(default) else f"`{default}`"
    return f"| {flags} | {_one_line(parameter.help)} | {shown} |"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").replace("|", "\\|").split())


def _section(name: str, command: Any) -> str:
    lines = [f"## {name}", "", (command.help or "").strip().replace("\b\n", "")]
    parameters = [p for p in command.params if not getattr(p, "hidden", False)]
    if parameters:
        lines += ["", "| option | what it does | default |", "|---|---|---|"]
        lines += [_parameter_row(parameter) for parameter in parameters]
    return "\n".join(lines)


def reference() -> str:
    """The whole page as Markdown."""
    root = typer.main.get_command(app)
    sections = [_section(name, command) for name, command in _commands(root, "naiad")]
    intro = "# Command line\n\nMade by `python docs/generate_cli_reference.py`."
    return intro + "\n\n" + "\n\n".join(sections) + "\n"


if __name__ == "__main__":
    if "--print" in sys.argv[1:]:
        sys.stdout.write(reference())
    else:
        PAGE.write_text(reference(), encoding="utf-8")
