"""`naiad generate`: a description in, a Mermaid diagram out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from naiad.cli.console import EXIT_FAILED, EXIT_INVALID, EXIT_OK, print_json, stderr
from naiad.cli.session import session_opener
from naiad.errors import ConfigError, InputError
from naiad.files import decode_text, read_text

if TYPE_CHECKING:
    from naiad.workflows.batch import BatchReport
    from naiad.workflows.generate import (
        DiagramRequest,
        GeneratedDiagram,
        GenerationSession,
    )


def generate(
    text: Annotated[
        str | None,
        typer.Argument(help="The description; `-` or nothing reads standard input."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Read the description from a text file.")
    ] = None,
    type: Annotated[
        str | None,
        typer.Option("--type", "-t", help="Diagram type: flowchart, sequenceDiagram, C4Context, …"),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Short name, Hub id, folder or .gguf file; downloaded at first use. "
            "[default: the adapter's base, else qwen2.5-coder-0.5b]",
        ),
    ] = None,
    adapter: Annotated[
        str, typer.Option("--adapter", "-a", help="Folder of a LoRA adapter, or `none`.")
    ] = "none",
    instruction: Annotated[
        str | None,
        typer.Option(
            "--instruction",
            help="System instruction. [default: the one the adapter was trained with, else "
            "Naiad's own]",
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option("--engine", help="`auto`, `llamacpp` or `transformers`.")
    ] = "auto",
    threads: Annotated[
        int | None, typer.Option("--threads", help="[default: one for each physical core]")
    ] = None,
    examples: Annotated[
        int | None,
        typer.Option(
            "--examples",
            help="Worked examples to show the model. [default: 1, and 0 with an adapter]",
        ),
    ] = None,
    begin_answer: Annotated[
        bool,
        typer.Option(
            "--begin-answer/--free-answer",
            help="Answer with the type asked for, or leave the type to the model.",
        ),
    ] = True,
    constraint: Annotated[
        bool,
        typer.Option(
            "--constraint/--no-constraint",
            help="Decode under the diagram's grammar, so that every answer parses and draws.",
        ),
    ] = True,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", help="Most tokens the model may write.")
    ] = 1024,
    temperature: Annotated[
        float, typer.Option("--temperature", help="0 is greedy and repeatable.")
    ] = 0.0,
    top_p: Annotated[
        float, typer.Option("--top-p", help="Nucleus sampling, above temperature 0.")
    ] = 0.95,
    seed: Annotated[int, typer.Option("--seed", help="Seed, above temperature 0.")] = 0,
    stream: Annotated[
        bool, typer.Option("--stream", help="Print the text while it is generated.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write .mmd, .md, .svg or .png; with --batch, .jsonl."),
    ] = None,
    batch: Annotated[
        Path | None,
        typer.Option(
            "--batch",
            help="Answer every row of a file with `id` and `prompt` (Gemini, OpenAI and Alpaca "
            "rows too) into --output; start it again after a kill and it goes on.",
        ),
    ] = None,
    on_bad_row: Annotated[
        str, typer.Option("--on-bad-row", help="With --batch: `stop` or `skip`.")
    ] = "stop",
) -> None:
    """Turn a description into a Mermaid diagram.

    Prints the source, or writes it to --output. Exit status: 0 the diagram is valid, 1 it is
    not, 2 it could not be made.
    """
    from naiad.generation import EngineConfig, SamplingConfig
    from naiad.workflows.generate import DiagramRequest, GenerateConfig

    sampling = SamplingConfig(max_tokens, temperature, top_p, seed)
    config = GenerateConfig(sampling, examples, begin_answer, constraint)
    engine_config = EngineConfig(engine, threads)  # type: ignore[arg-type]  # it checks the name
    open_model = session_opener(model, adapter, config, engine_config)

    if batch is not None:
        if text is not None or file is not None or stream or as_json:
            raise ConfigError("--batch goes with none of TEXT, --file, --stream and --json")
        request = DiagramRequest("", type, instruction)
        _generate_batch(batch, output, open_model, request, on_bad_row)
    else:
        if stream and as_json:
            raise ConfigError("--stream and --json cannot both use standard output")
        request = DiagramRequest(_description(text, file), type, instruction)
        _generate_one(request, open_model, output, stream=stream, as_json=as_json)


def _generate_one(
    request: DiagramRequest,
    open_model: Callable[[], GenerationSession],
    output: Path | None,
    *,
    stream: bool,
    as_json: bool,
) -> None:
    from naiad.workflows.generate import check_request, diagram_as_json, write_diagram
    from naiad.workflows.render import check_output

    # All that can be wrong with the request is told before the model is loaded.
    check_request(request)
    if output is not None:
        check_output(output)
    with open_model() as session:
        waiting = nullcontext() if stream or not stderr.is_terminal else stderr.status("generating")
        with waiting:
            diagram = session.generate(request, _print_piece if stream else None)
    if stream:
        typer.echo()
    if as_json:
        print_json(diagram_as_json(diagram))
    elif output is None and not stream:
        typer.echo(diagram.mermaid)
    _print_findings(diagram)
    if output is not None:
        written = write_diagram(diagram, output)
        asked = "" if written == output else f": an invalid diagram cannot be drawn as {output}"
        stderr.print(f"wrote {written}{asked}", markup=False)
    raise typer.Exit(EXIT_OK if diagram.valid else EXIT_INVALID)


def _print_piece(piece: str) -> None:
    typer.echo(piece, nl=False)


def _print_findings(diagram: GeneratedDiagram) -> None:
    """What the judge says, and where the answer is not the model's last word, on stderr."""
    if diagram.finish_reason == "length":
        stderr.print("the answer was cut off at --max-tokens; raise it for a longer diagram")
    if diagram.finish_reason == "repetition":
        stderr.print("the model repeated itself and was stopped; the repeated lines stand once")
    if not diagram.valid:
        stderr.print("the diagram is not valid:", style="bold red")
        for problem in diagram.problems:
            stderr.print(f"  {problem}", markup=False)


def _generate_batch(
    input_path: Path,
    output: Path | None,
    open_model: Callable[[], GenerationSession],
    request: DiagramRequest,
    on_bad_row: str,
) -> None:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from naiad.workflows.batch import OutputRow, generate_batch

    if output is None:
        raise InputError("--batch needs --output", hint="add -o answers.jsonl")
    if on_bad_row not in ("stop", "skip"):
        raise InputError(f"--on-bad-row is {on_bad_row!r}", hint="it is `stop` or `skip`")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=stderr) as bars:
        task = bars.add_task("generating", total=None)

        def show(row: OutputRow, done: int, total: int) -> None:
            bars.update(task, description=f"generated {row['id']}", completed=done, total=total)

        report = generate_batch(
            input_path,
            output,
            open_model,
            request=request,
            on_bad_row="skip" if on_bad_row == "skip" else "stop",
            on_skip=lambda row: stderr.print(f"left out {row}", markup=False),
            on_row=show,
        )
    _print_report(report, output)
    if report.failed:
        raise typer.Exit(EXIT_FAILED)
    raise typer.Exit(EXIT_INVALID if report.invalid or report.skipped else EXIT_OK)


def _print_report(report: BatchReport, output: Path) -> None:
    counts = f"{report.rows} rows: {report.valid} valid, {report.invalid} not valid"
    counts += f", {report.failed} not generated" if report.failed else ""
    counts += f", {report.skipped} broken rows left out" if report.skipped else ""
    counts += f" ({report.resumed} were there already)" if report.resumed else ""
    stderr.print(f"{counts}; wrote {output}", markup=False)


def _description(text: str | None, file: Path | None) -> str:
    """The description, from the one place it was given in. Raises InputError."""
    from naiad.workflows.generate import MAX_PROMPT_BYTES

    if file is not None:
        if text is not None:
            raise InputError("both TEXT and --file were given", hint="give one of them")
        return read_text(file, max_bytes=MAX_PROMPT_BYTES)
    if text is not None and text != "-":
        return text
    if text is None and sys.stdin.isatty():
        raise InputError(
            "there is no description", hint='naiad generate "A login flow with two retries"'
        )
    # One byte more than is allowed is enough to know that it is too much.
    content = sys.stdin.buffer.read(MAX_PROMPT_BYTES + 1)
    if len(content) > MAX_PROMPT_BYTES:
        raise InputError(
            f"standard input has more than {MAX_PROMPT_BYTES:,} bytes",
            hint="describe the diagram in a few sentences",
        )
    return decode_text(content, name="standard input")
