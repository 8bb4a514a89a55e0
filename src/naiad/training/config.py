"""Settings of one training run. This dataclass holds the only defaults there are."""

from __future__ import annotations

import dataclasses
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from naiad.datasets.reading import OnBadRow
from naiad.errors import ConfigError
from naiad.files import read_text

MAX_CONFIG_BYTES = 2**20

ALL_LINEAR = "all-linear"
SCHEDULES = ("linear", "cosine", "constant")
PRECISIONS = ("auto", "fp32", "int8", "bf16")
TRACKERS = ("tensorboard", "trackio")


@dataclass(frozen=True)
class TrainingConfig:
    """How an adapter is trained. Raises ConfigError that lists everything wrong with it."""

    epochs: float = 2.0
    """Passes over the training rows."""
    max_steps: int | None = None
    """Optimizer steps to stop after, in place of epochs."""
    learning_rate: float = 5e-4
    """Highest learning rate of AdamW."""
    schedule: str = "linear"
    """How the rate falls to 0 after the warm-up: linear, cosine or constant."""
    warmup_share: float = 0.03
    """Share of the steps during which the rate rises from 0."""
    batch_size: int = 4
    """Rows computed at once."""
    gradient_accumulation_steps: int = 1
    """Batches that make one optimizer step; the loss is the mean over all their answer tokens."""
    weight_decay: float = 0.0
    """AdamW's decay of the adapter's weights."""
    max_grad_norm: float = 1.0
    """Longer gradients are shortened to this; 0 leaves them."""
    max_tokens: int = 2048
    """Longest row, prompt and answer together; a longer row is an error and never cut."""
    instruction: str | None = None
    """System instruction of rows that have none; unset, it is Naiad's own."""
    lora_rank: int = 16
    """Rank of the adapter's matrices."""
    lora_alpha: float = 32.0
    """Scale of the adapter: its output is multiplied with alpha / rank."""
    lora_rslora: bool = False
    """Rank-stabilized LoRA: multiply with alpha / sqrt(rank) instead, for high ranks."""
    lora_dropout: float = 0.0
    """Share of the adapter's inputs that is dropped at each training step."""
    lora_target_modules: tuple[str, ...] = (ALL_LINEAR,)
    """Linear modules that get an adapter, by name (q_proj, v_proj …), or all-linear."""
    evaluation_share: float = 0.05
    """Share of the rows kept back to measure the loss on, when there is no evaluation file."""
    evaluate_every_steps: int = 50
    """Optimizer steps between two measurements; one more is made at the end."""
    evaluation_diagrams: int = 0
    """Diagrams generated from kept-back rows at each measurement, judged and compared with the
    rows' own: parses, right type, same structure."""
    save_every_steps: int = 50
    """Optimizer steps between two checkpoints."""
    early_stopping_patience: int | None = None
    """Measurements without improvement after which training ends; unset, it goes on."""
    on_bad_row: OnBadRow = "stop"
    """What a row that cannot be used does: stop, or skip it and say so."""
    seed: int = 0
    """Seed of the row order, the adapter's first weights and dropout."""
    precision: str = "auto"
    """How the frozen weights are computed with: fp32, int8, bf16, or auto for the fastest here."""
    threads: int | None = None
    """CPU threads of each process; unset, the physical cores divided by the processes."""
    processes: int = 1
    """Processes that share the rows of every step, each with its own copy of the model."""
    tracker: str = "tensorboard"
    """What shows the run: tensorboard, trackio, both with a comma between, or none."""

    def __post_init__(self) -> None:
        problems = [*_type_problems(self)] or [*_range_problems(self)]
        if problems:
            raise ConfigError(
                "training settings: " + "; ".join(problems), hint="see `naiad train --help`"
            )

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return json.loads(json.dumps(dataclasses.asdict(self)))  # type: ignore[no-any-return]


def config_from(settings: Mapping[str, Any]) -> TrainingConfig:
    """A TrainingConfig of settings by name, as a file or the command line gives them.

    Raises ConfigError for unknown names and for everything TrainingConfig refuses.
    """
    known = {field.name for field in dataclasses.fields(TrainingConfig)}
    unknown = sorted(settings.keys() - known)
    if unknown:
        raise ConfigError(
            f"unknown training settings: {', '.join(unknown)}",
            hint=f"known: {', '.join(sorted(known))}",
        )
    values: dict[str, Any] = {
        key: tuple(v) if isinstance(v, list) else v for key, v in settings.items()
    }
    return TrainingConfig(**values)


def tracker_names(tracker: str) -> tuple[str, ...]:
    """ "none" -> (), "tensorboard,trackio" -> ("tensorboard", "trackio")"""
    if tracker == "none":
        return ()
    return tuple(dict.fromkeys(name.strip() for name in tracker.split(",")))


def read_settings(path: Path) -> dict[str, Any]:
    """Settings of a .toml or .json file. Raises ConfigError and InputError."""
    text = read_text(path, max_bytes=MAX_CONFIG_BYTES)
    try:
        document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path} must hold an object of settings")
    return document


def field_documentation() -> dict[str, str]:
    """The line of documentation under each field, by the field's name."""
    import ast
    import inspect
    import textwrap

    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(TrainingConfig))).body
    assert isinstance(tree, ast.ClassDef)
    lines: dict[str, str] = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            lines[field.target.id] = " ".join(str(below.value.value).split())
    return lines


def _type_problems(config: TrainingConfig) -> list[str]:
    hints = get_type_hints(TrainingConfig)
    problems = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        allowed = _plain_types(hints[field.name])
        is_whole_for_float = float in allowed and type(value) is int
        if type(value) not in allowed and not is_whole_for_float:
            names = " or ".join(kind.__name__ for kind in allowed).replace("NoneType", "unset")
            problems.append(f"{field.name} must be {names}, not {value!r}")
    return problems


def _plain_types(hint: Any) -> tuple[type, ...]:
    """int | None -> (int, NoneType); Literal["a"] -> (str,); tuple[str, ...] -> (tuple,)"""
    if isinstance(hint, type):
        return (hint,)
    if getattr(hint, "__origin__", None) is tuple:
        return (tuple,)
    arguments = get_args(hint)
    return tuple(each if isinstance(each, type) else type(each) for each in arguments)


def _range_problems(config: TrainingConfig) -> list[str]:
    c = config
    rules: list[tuple[bool, str]] = [
        (
            _between(c.epochs, 0, 10_000, open_low=True),
            f"epochs {c.epochs} must be from above 0 to 10,000",
        ),
        (c.max_steps is None or c.max_steps >= 1, f"max_steps {c.max_steps} must be at least 1"),
        (
            _between(c.learning_rate, 0, 1, open_low=True),
            f"learning_rate {c.learning_rate} must be above 0 and at most 1",
        ),
        (c.schedule in SCHEDULES, f"schedule {c.schedule!r} must be one of {', '.join(SCHEDULES)}"),
        (_between(c.warmup_share, 0, 1), f"warmup_share {c.warmup_share} must be from 0 to 1"),
        (c.batch_size >= 1, f"batch_size {c.batch_size} must be at least 1"),
        (
            c.gradient_accumulation_steps >= 1,
            f"gradient_accumulation_steps {c.gradient_accumulation_steps} must be at least 1",
        ),
        (_between(c.weight_decay, 0, 1), f"weight_decay {c.weight_decay} must be from 0 to 1"),
        (
            _between(c.max_grad_norm, 0, math.inf),
            f"max_grad_norm {c.max_grad_norm} must not be negative",
        ),
        (c.max_tokens >= 16, f"max_tokens {c.max_tokens} must be at least 16"),
        (1 <= c.lora_rank <= 1024, f"lora_rank {c.lora_rank} must be from 1 to 1024"),
        (
            _between(c.lora_alpha, 0, 100_000, open_low=True),
            f"lora_alpha {c.lora_alpha} must be above 0",
        ),
        (
            _between(c.lora_dropout, 0, 0.9),
            f"lora_dropout {c.lora_dropout} must be from 0 to 0.9",
        ),
        (_are_module_names(c.lora_target_modules), _module_problem(c.lora_target_modules)),
        (
            _between(c.evaluation_share, 0, 0.5),
            f"evaluation_share {c.evaluation_share} must be from 0 to 0.5",
        ),
        (
            c.evaluate_every_steps >= 1,
            f"evaluate_every_steps {c.evaluate_every_steps} must be at least 1",
        ),
        (
            0 <= c.evaluation_diagrams <= 10_000,
            f"evaluation_diagrams {c.evaluation_diagrams} must be from 0 to 10,000",
        ),
        (c.save_every_steps >= 1, f"save_every_steps {c.save_every_steps} must be at least 1"),
        (
            c.early_stopping_patience is None or c.early_stopping_patience >= 1,
            f"early_stopping_patience {c.early_stopping_patience} must be at least 1",
        ),
        (c.on_bad_row in ("stop", "skip"), f"on_bad_row {c.on_bad_row!r} must be stop or skip"),
        (0 <= c.seed < 2**32, f"seed {c.seed} must be from 0 to {2**32 - 1}"),
        (
            c.precision in PRECISIONS,
            f"precision {c.precision!r} must be one of {', '.join(PRECISIONS)}",
        ),
        (
            c.threads is None or 1 <= c.threads <= 1024,
            f"threads {c.threads} must be from 1 to 1024",
        ),
        (1 <= c.processes <= 1024, f"processes {c.processes} must be from 1 to 1024"),
        (
            set(tracker_names(c.tracker)) <= set(TRACKERS),
            f"tracker {c.tracker!r} must be {', '.join(TRACKERS)}, both, or none",
        ),
    ]
    return [problem for holds, problem in rules if not holds]


def _between(value: float, low: float, high: float, *, open_low: bool = False) -> bool:
    """False for NaN too."""
    return low <= value <= high and not (open_low and value == low)


def _are_module_names(names: tuple[str, ...]) -> bool:
    plain = all(isinstance(name, str) and name.strip() for name in names)
    return bool(names) and plain and (ALL_LINEAR not in names or len(names) == 1)


def _module_problem(names: tuple[str, ...]) -> str:
    listed = ", ".join(map(str, names)) or "nothing"
    return f"lora_target_modules ({listed}) must name modules, or be {ALL_LINEAR} alone"
