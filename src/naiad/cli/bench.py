"""`naiad bench train|generate`: how fast this machine is, and what it is compared with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from naiad.cli.console import print_json, stderr, stdout
from naiad.cli.session import session_opener
from naiad.models.catalog import DEFAULT_MODEL

if TYPE_CHECKING:
    from naiad.workflows.bench_train import SystemResult, TrainingBenchmark

app = typer.Typer(
    no_args_is_help=True, help="Measure this machine, and compare trainers on it in one run."
)

ALL_SYSTEMS = "tutorial,trl,naiad-fp32,naiad-int8,naiad-bf16"

ModelOption = Annotated[
    str, typer.Option("--model", "-m", help="Short name, Hub id, folder or .gguf file.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
ThreadsOption = Annotated[
    int | None,
    typer.Option("--threads", min=1, help="CPU threads. [default: one for each physical core]"),
]


@app.command()
def train(
    data: Annotated[
        Path | None,
        typer.Argument(help="Training rows in any format. [default: the packaged cookbook]"),
    ] = None,
    model: ModelOption = DEFAULT_MODEL,
    systems: Annotated[
        str, typer.Option("--systems", help="Which systems, with commas between.")
    ] = ALL_SYSTEMS,
    examples: Annotated[int, typer.Option("--examples", min=1, help="Rows that are timed.")] = 32,
    rank: Annotated[int, typer.Option("--rank", min=1, help="Rank of the adapter.")] = 8,
    alpha: Annotated[float, typer.Option("--alpha", help="Scale of the adapter.")] = 16.0,
    targets: Annotated[
        str,
        typer.Option("--targets", help="Modules with an adapter, with commas; or all-linear."),
    ] = "q_proj,v_proj",
    rows_per_step: Annotated[
        int, typer.Option("--rows-per-step", min=1, help="Rows of an optimizer step.")
    ] = 4,
    repeats: Annotated[
        int, typer.Option("--repeats", min=1, help="Runs of each system, in turns.")
    ] = 1,
    trial_examples: Annotated[
        int,
        typer.Option("--trial-examples", min=1, help="Rows that TRL's settings are tried on."),
    ] = 16,
    threads: ThreadsOption = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which rows, in which order.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Compare trainers on the same rows, adapter and objective.

    Each system trains in a process of its own: the tutorial's settings, TRL with the settings
    that are fastest here, and this project in each precision. Loading and warm-up are not timed.
    """
    from naiad.workflows.bench_train import BenchTrainConfig, bench_train

    config = BenchTrainConfig(
        systems=_names(systems),
        examples=examples,
        rank=rank,
        alpha=alpha,
        targets=_names(targets),
        rows_per_step=rows_per_step,
        repeats=repeats,
        trial_examples=trial_examples,
        threads=threads,
        seed=seed,
    )
    found = bench_train(data, model, config, on_line=_print_line)
    if as_json:
        print_json(found.as_json())
    else:
        _print_training(found)


def _names(text: str) -> tuple[str, ...]:
    """ "q_proj, v_proj" -> ("q_proj", "v_proj")"""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _print_line(line: str) -> None:
    stderr.print(line, markup=False)


def _print_training(found: TrainingBenchmark) -> None:
    from rich.table import Table

    from naiad.workflows.benchmarks.machine import machine_line

    references = [name for name in ("tutorial", "trl", "naiad-fp32") if found.result(name)]
    table = Table(
        "system",
        "s/example",
        "CPU-s/example",
        *(f"× {name}" for name in references),
        "GB",
        "of peak",
    )
    for result in found.results:
        table.add_row(result.name, *_cells(found, result, references))
    stdout.print(table)
    stdout.print(
        f"{found.model}: {found.rows} rows, {found.tokens:,} tokens, {found.answer_tokens:,} of "
        f"them answer; rank {found.config.rank} on {', '.join(found.config.targets)}",
        markup=False,
    )
    stdout.print(f"{machine_line(found.machine)}; {found.threads} threads", markup=False)
    peaks = ", ".join(f"{name} {rate / 1e9:,.0f}" for name, rate in found.gemm_per_s.items())
    stdout.print(f"matrix products in 10⁹ operations/s: {peaks}", markup=False)
    stdout.print(", ".join(f"{k} {v}" for k, v in found.versions.items()), markup=False)
    for result in found.results:
        _print_remarks(found, result)


def _cells(found: TrainingBenchmark, result: SystemResult, references: list[str]) -> list[str]:
    if not result.runs:
        return ["–"] * (4 + len(references))
    ratios, share = found.ratios(result), found.gemm_share(result)
    return [
        f"{result.wall_s / found.rows:.2f}",
        f"{result.cpu_s / found.rows:.2f}",
        *(f"{ratios[name]['wall']:.2f}" for name in references),
        f"{max(run.peak_memory_bytes for run in result.runs) / 1e9:.1f}",
        "–" if share is None else f"{share:.0%}",
    ]


def _print_remarks(found: TrainingBenchmark, result: SystemResult) -> None:
    if result.error:
        stdout.print(f"{result.name}: {result.error}", markup=False)
    elif result.name == "trl":
        stdout.print(f"trl: fastest with {result.settings}", markup=False)
    if len(result.runs) > 1:
        seconds = [run.wall_s / found.rows for run in result.runs]
        stdout.print(
            f"{result.name}: {min(seconds):.2f} to {max(seconds):.2f} s in {len(seconds)} runs"
        )
    difference = found.start_loss_difference(result) if result.runs else None
    if difference is not None:
        verdict = "same" if found.same_objective(result) else "DIFFERENT, its seconds say nothing"
        stdout.print(
            f"{result.name}: start loss {result.runs[0].start_loss:.4f}, {difference:+.1e} "
            f"against an exact system: {verdict}",
            markup=False,
        )


@app.command()
def generate(
    prompts: Annotated[
        Path | None,
        typer.Argument(help="JSONL rows with a prompt. [default: the packaged cookbook]"),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            help="Short name, Hub id, folder or .gguf file. "
            f"[default: the adapter's base, else {DEFAULT_MODEL}]",
        ),
    ] = None,
    adapter: Annotated[str, typer.Option("--adapter", help="Adapter folder, or `none`.")] = "none",
    engine: Annotated[
        str, typer.Option("--engine", help="`auto`, `llamacpp` or `transformers`.")
    ] = "auto",
    count: Annotated[int, typer.Option("--prompts", min=1, help="How many prompts.")] = 10,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Time generation: tokens a second of prompt and answer, seconds a diagram.

    Each prompt is answered under the grammar and without it, in turns. Loading is not timed.
    """
    from naiad.generation import EngineConfig
    from naiad.workflows.bench_generate import bench_generate
    from naiad.workflows.generate import GenerateConfig

    engine_config = EngineConfig(engine, threads)  # type: ignore[arg-type]  # it checks the name
    open_model = session_opener(model, adapter, GenerateConfig(), engine_config)
    found = bench_generate(open_model, prompts, count, on_line=_print_line).as_json()
    if as_json:
        print_json(found)
    else:
        _print_generation(found)


def _print_generation(found: dict[str, Any]) -> None:
    from naiad.workflows.benchmarks.machine import machine_line

    stdout.print(f"{found['model']} in {found['engine']}, {found['prompts']} prompts", markup=False)
    stdout.print(f"reading {found['prompt_tokens_per_s']} tokens/s")
    for key, name in (("with_grammar", "under the grammar"), ("without_grammar", "without")):
        figures = found[key]
        seconds = figures["seconds_per_diagram"]
        stdout.print(
            f"{name}: {figures['tokens_per_s']} tokens/s, {seconds['median']} s a diagram "
            f"({seconds['least']} to {seconds['most']}), {figures['valid']} valid"
        )
    stdout.print(machine_line(found["machine"]), markup=False)
    stdout.print(", ".join(f"{k} {v}" for k, v in found["versions"].items()), markup=False)
