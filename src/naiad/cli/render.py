"""`naiad render`: draw a diagram file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from naiad.cli.console import EXIT_INVALID, print_json, stderr, stdout
from naiad.mermaid.themes import Theme


def render(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-", help="Mermaid source, a Markdown file, or - for standard input."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="File to write: .svg or .png draws it; .mmd or .md."),
    ],
    index: Annotated[
        int | None,
        typer.Option(min=1, help="Which Mermaid block of a Markdown file, from 1. [default: 1]"),
    ] = None,
    theme: Annotated[
        Theme | None,
        typer.Option(help="Mermaid theme; one named in the diagram wins. [default: Mermaid's]"),
    ] = None,
    scale: Annotated[
        float, typer.Option(min=0.1, max=20, help="PNG pixels for each unit of the drawing.")
    ] = 2.0,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds after which the renderer is stopped.")
    ] = 30.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the outcome as one JSON document.")
    ] = False,
) -> None:
    """Draw a diagram as SVG or PNG, without a browser and without the network.

    The official Mermaid 12.3.0 draws (ZenUML: @zenuml/core 4.7.2), in QuickJS
    with mermaidx's DOM.

    How it differs from Mermaid in a browser: labels are set in DejaVu Sans or
    Verdana; links, remote images and Font Awesome icons are left out; formulas
    stay text. The SVG holds no script and loads nothing. PNGs are painted by
    novasvg, which has no Chinese, Japanese or Korean letters and no emoji; an
    SVG shows them.

    Exit status: 0 drawn, 1 not valid or not drawable, 2 could not run.
    """
    from naiad.mermaid.render import RenderConfig
    from naiad.workflows import render as workflow

    config = RenderConfig(theme=theme, timeout_s=timeout)
    workflow.check_output(output)
    diagram = workflow.read_diagram(file, index=index, max_bytes=config.max_source_bytes)
    report = workflow.render(
        diagram.source, output, config=config, scale=scale, first_line=diagram.first_line
    )
    if as_json:
        print_json(_document(report))
    elif report.drawn:
        stdout.print(f"wrote {output}", markup=False)
    else:
        for problem in report.problems:
            stderr.print(f"{file}: {problem} ({problem.judge})", markup=False)
    if not report.drawn:
        raise typer.Exit(EXIT_INVALID)


def _document(report: Any) -> dict[str, Any]:
    return {
        "path": str(report.path) if report.path else None,
        "drawn": report.drawn,
        "problems": [asdict(problem) for problem in report.problems],
        "renderer": report.renderer,
    }
