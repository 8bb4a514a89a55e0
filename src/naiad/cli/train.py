"""`naiad train`: fine-tune a model on your own rows."""

from __future__ import annotations

import dataclasses
import inspect
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from naiad.cli.console import print_json, stderr, stdout
from naiad.cli.train_display import duration, training_display
from naiad.models.catalog import DEFAULT_MODEL
from naiad.training.config import (
    TrainingConfig,
    config_from,
    field_documentation,
    read_settings,
)

if TYPE_CHECKING:
    from naiad.workflows.finetune import FinetuneResult

EXIT_STOPPED = 130
"""Stopped by Ctrl-C, after a checkpoint was saved."""


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command one option for each field of TrainingConfig.

    Built from the dataclass, so that a setting has one name, one description and one default.
    """
    parameters = inspect.signature(command, eval_str=True).parameters.values()
    own = [parameter for parameter in parameters if parameter.name != "settings"]
    documentation = field_documentation()
    options = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=_option(field, documentation[field.name]),
        )
        for field in dataclasses.fields(TrainingConfig)
    ]
    names = {field.name for field in dataclasses.fields(TrainingConfig)}

    def with_settings(**arguments: Any) -> None:
        given = {k: v for k, v in arguments.items() if k in names and v is not None}
        rest = {k: v for k, v in arguments.items() if k not in names}
        command(**rest, settings=given)

    with_settings.__doc__ = command.__doc__
    with_settings.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
    with_settings.__annotations__ = {p.name: p.annotation for p in [*own, *options]}
    return with_settings


def _option(field: dataclasses.Field[Any], documentation: str) -> Any:
    kinds = {"int": int, "float": float, "bool": bool}
    kind = kinds.get(str(field.type).removesuffix(" | None"), str)
    default = ",".join(field.default) if isinstance(field.default, tuple) else field.default
    shown = "" if default is None else f" (default: {default})"
    flag = "--" + field.name.replace("_", "-")
    return Annotated[kind | None, typer.Option(flag, help=documentation + shown)]


def _settings_of(file: Path | None, flags: dict[str, Any]) -> TrainingConfig:
    """The configuration of a file and flags; a flag wins."""
    modules = flags.get("lora_target_modules")
    if modules is not None:
        names = [name.strip() for name in modules.split(",")]
        flags = {**flags, "lora_target_modules": names}
    return config_from({**(read_settings(file) if file else {}), **flags})


def train(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="Training rows: JSON Lines or a JSON array, in Gemini, OpenAI, "
            "prompt/completion or Alpaca format.",
        ),
    ],
    model: Annotated[
        str, typer.Option("--model", "-m", help="Base model: name, Hub id, folder or .gguf file.")
    ] = DEFAULT_MODEL,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for the adapter.")
    ] = None,
    eval_data: Annotated[
        Path | None,
        typer.Option("--eval-data", help="Rows to measure the loss on, in place of a share."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Settings in a .toml or .json file; options win over it."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the newest usable checkpoint in --output.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the adapter or the run in --output.")
    ] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Print what it will cost, and stop there.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON document.")
    ] = False,
    *,
    settings: dict[str, Any],
) -> None:
    """Fine-tune a model on your own rows: a LoRA adapter, on the CPU.

    Before it starts, a few real steps are timed, and the time and memory
    of the whole run printed. Ctrl-C saves a checkpoint and stops; a second
    Ctrl-C stops at once. A run that was stopped or killed goes on with --resume.
    """
    run_training(
        data,
        model,
        output,
        _settings_of(config, settings),
        evaluation_data=eval_data,
        resume=resume,
        overwrite=overwrite,
        estimate_only=estimate,
        as_json=as_json,
    )


train = _with_settings(train)


def run_training(
    data: Path,
    model: str,
    output: Path | None,
    config: TrainingConfig,
    *,
    evaluation_data: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    estimate_only: bool = False,
    as_json: bool = False,
    lines_every_steps: int | None = None,
) -> None:
    """Train and show how it goes; the tutorial's own command calls this too.

    lines_every_steps: steps between two printed lines; None is a panel on a terminal and
    train_display.STEPS_BETWEEN_LINES elsewhere. Raises typer.Exit when Ctrl-C stopped the run.
    """
    from naiad.workflows.finetune import finetune

    if output is None and not estimate_only:
        raise typer.BadParameter("--output is missing (or give --estimate)")
    with training_display(lines_every_steps) as show, _asked_to_stop() as should_stop:
        result = finetune(
            data,
            model,
            output,
            config,
            evaluation_data=evaluation_data,
            resume=resume,
            overwrite=overwrite,
            estimate_only=estimate_only,
            on_progress=show.event,
            on_download=show.download,
            should_stop=should_stop,
        )
    if result.rank > 0:
        # Started by torchrun: the first process speaks for all.
        return
    if as_json:
        print_json(_as_document(result))
    elif result.complete:
        _print_result(result)
    if result.outcome is not None and not result.complete:
        _print_how_to_go_on(result)
        raise typer.Exit(EXIT_STOPPED)


@contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C or a termination came; the second one interrupts at once."""
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        stderr.print("stopping after this step; press Ctrl-C again to stop at once")

    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_result(result: FinetuneResult) -> None:
    from naiad.training.loss_plot import SVG_NAME

    outcome = result.outcome
    assert outcome is not None
    lines = [
        f"adapter: {result.output}",
        f"{outcome.steps:,} steps in {duration(outcome.seconds)}; loss {outcome.first_loss:.3f} "
        f"at first, {outcome.last_loss:.3f} at last",
    ]
    if outcome.best_evaluation_loss is not None:
        lines.append(
            f"kept: step {outcome.best_step}, evaluation loss {outcome.best_evaluation_loss:.4f}"
        )
    if outcome.stopped == "early":
        lines.append("stopped early: the evaluation loss fell no more")
    picture = result.output / SVG_NAME
    if picture.exists():
        lines.append(f"its losses: {picture}")
    lines.append(f'next: naiad generate "…" --model {result.model} --adapter {result.output}')
    for line in lines:
        stdout.print(line, markup=False)


def _print_how_to_go_on(result: FinetuneResult) -> None:
    outcome = result.outcome
    assert outcome is not None
    stderr.print(f"stopped after step {outcome.steps} of {outcome.total_steps}; nothing is lost")
    stderr.print("go on with the same command and --resume")


def _as_document(result: FinetuneResult) -> dict[str, Any]:
    return {
        "output": None if result.outcome is None else str(result.output),
        "complete": result.complete,
        "model": result.model,
        "data": dataclasses.asdict(result.data),
        "estimate": dataclasses.asdict(result.estimate) if result.estimate else None,
        "outcome": dataclasses.asdict(result.outcome) if result.outcome else None,
    }
