"""Turn diagram source into a file: `.mmd` and `.md` hold the source, `.svg` and `.png` draw it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from naiad.errors import InputError, RenderFailed
from naiad.files import decode_text, read_text, write_bytes, write_text
from naiad.mermaid.judge import validate
from naiad.mermaid.markdown import MarkdownDiagram, diagrams_in_markdown, fenced
from naiad.mermaid.render import DEFAULT_CONFIG, RENDERER, RenderConfig, rasterize, render_svg
from naiad.mermaid.themes import page_colour
from naiad.mermaid.verdict import Problem

SOURCE_SUFFIXES = (".mmd", ".mermaid")
MARKDOWN_SUFFIXES = (".md", ".markdown")
DRAWN_SUFFIXES = (".svg", ".png")
OUTPUT_SUFFIXES = (*SOURCE_SUFFIXES, *MARKDOWN_SUFFIXES, *DRAWN_SUFFIXES)
STDIN = "-"


@dataclass(frozen=True)
class RenderReport:
    """What became of one diagram that was to be drawn."""

    path: Path | None
    """The file that was written, None if none was."""
    problems: tuple[Problem, ...] = ()
    """Why the diagram is not valid or cannot be drawn; empty when it was drawn."""
    renderer: str = RENDERER
    """Who drew, with version."""

    @property
    def drawn(self) -> bool:
        return self.path is not None


def check_output(path: Path) -> None:
    """Raise InputError unless `write_drawing` knows what to write to a file of that name.

    For callers whose work before the drawing is long.
    """
    if path.suffix.lower() not in OUTPUT_SUFFIXES:
        raise InputError(
            f"cannot tell what to write to {path}: its name ends in {path.suffix or 'nothing'}",
            hint=f"use one of {', '.join(OUTPUT_SUFFIXES)}",
        )


def write_drawing(
    source: str, path: Path, *, config: RenderConfig = DEFAULT_CONFIG, scale: float = 2.0
) -> None:
    """Write the diagram to `path`, whole or not at all, in the form that its suffix names.

    scale: pixels of a PNG for each unit of the drawing. Raises InputError for another suffix,
    RenderFailed when it cannot be drawn, RendererUnavailable, StorageError.
    """
    check_output(path)
    suffix = path.suffix.lower()
    if suffix in SOURCE_SUFFIXES:
        write_text(path, source.rstrip() + "\n")
    elif suffix in MARKDOWN_SUFFIXES:
        write_text(path, fenced(source))
    else:
        svg = render_svg(source, config)
        if suffix == ".svg":
            write_text(path, svg + "\n")
        else:
            ground = page_colour(config.theme)
            png = rasterize(svg, scale=scale, background=ground, config=config)
            write_bytes(path, png)


def read_diagram(file: str, *, index: int | None = None, max_bytes: int) -> MarkdownDiagram:
    """The source in `file`, a path or "-" for standard input, and the line it begins on.

    A Markdown file gives its Mermaid block number `index`, from 1; the first if None. Raises
    InputError when it cannot be read or has no such block.
    """
    if file == STDIN:
        content = sys.stdin.buffer.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise InputError(
                f"standard input has more than {max_bytes:,} bytes",
                hint="split it into smaller diagrams",
            )
        return MarkdownDiagram(decode_text(content, name="standard input"), first_line=1)
    text = read_text(Path(file), max_bytes=max_bytes)
    if Path(file).suffix.lower() not in MARKDOWN_SUFFIXES:
        return MarkdownDiagram(text, first_line=1)
    diagrams = diagrams_in_markdown(text)
    wanted = index or 1
    if not diagrams:
        raise InputError(f"{file} holds no ```mermaid block", hint="name a .mmd file, or another")
    if not 1 <= wanted <= len(diagrams):
        raise InputError(
            f"{file} holds {len(diagrams)} Mermaid blocks, so there is no block {wanted}",
            hint=f"--index takes 1 to {len(diagrams)}",
        )
    return diagrams[wanted - 1]


def render(
    source: str,
    path: Path,
    *,
    config: RenderConfig = DEFAULT_CONFIG,
    scale: float = 2.0,
    first_line: int = 1,
) -> RenderReport:
    """Judge the diagram and write its drawing to `path`; an invalid one writes nothing.

    first_line: line of the user's file on which `source` begins; problems name lines of the file.
    Raises what `write_drawing` raises, but RenderFailed becomes a problem of the report.
    """
    check_output(path)
    verdict = validate(source)
    if not verdict.valid:
        problems = tuple(_moved(problem, first_line - 1) for problem in verdict.problems)
        return RenderReport(path=None, problems=problems)
    try:
        write_drawing(source, path, config=config, scale=scale)
    except RenderFailed as failure:
        problem = Problem(message=failure.message, judge=RENDERER)
        return RenderReport(path=None, problems=(problem,))
    return RenderReport(path=path)


def _moved(problem: Problem, lines: int) -> Problem:
    return problem if problem.line is None else replace(problem, line=problem.line + lines)
