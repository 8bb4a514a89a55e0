"""Compare trainers: the same rows, adapter and objective in one run, each in its own process."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from naiad.datasets.batching import length_grouped_batches
from naiad.datasets.example import Example
from naiad.datasets.reading import read_examples
from naiad.datasets.tokenizing import TokenizedExample, tokenize_example
from naiad.errors import ConfigError, DatasetError, ExampleTooLong
from naiad.generation.cores import physical_cores
from naiad.models.catalog import DEFAULT_MODEL
from naiad.models.progress import Progress, no_progress
from naiad.models.store import ModelStore
from naiad.models.weights import load_tokenizer, training_folder
from naiad.prompts import DEFAULT_INSTRUCTION, ChatTemplate
from naiad.retrieval.cookbook import packaged_examples
from naiad.training.config import TrainingConfig
from naiad.training.libraries import require_installed, require_libraries
from naiad.workflows.benchmarks.gemm import plain_operations
from naiad.workflows.benchmarks.jobs import (
    TUTORIAL_TOKENS,
    Measurement,
    TrainingJob,
    answer_tokens,
)
from naiad.workflows.benchmarks.machine import machine
from naiad.workflows.benchmarks.processes import measure, measure_gemm
from naiad.workflows.benchmarks.systems import (
    NAIAD_FP32,
    REFERENCES,
    SYSTEMS,
    TRL,
    TUTORIAL,
)
from naiad.workflows.benchmarks.trl_settings import TrlSettings
from naiad.workflows.benchmarks.trl_trials import (
    OnLine,
    TrlTrial,
    agrees,
    fastest,
    has_trl,
    told,
    try_trl,
)

WARMUP_STEPS = 2


@dataclass(frozen=True)
class BenchTrainConfig:
    """What is compared, and on how much."""

    systems: tuple[str, ...] = tuple(SYSTEMS)
    """Names in benchmarks.systems.SYSTEMS."""
    examples: int = 32
    """Rows that are timed, those of the warm-up not counted."""
    rank: int = 8
    """Rank of the adapter."""
    alpha: float = 16.0
    """Scale of the adapter."""
    targets: tuple[str, ...] = ("q_proj", "v_proj")
    """Modules with an adapter, or all-linear."""
    rows_per_step: int = 4
    """Rows of an optimizer step; TRL's packs make steps of their own."""
    repeats: int = 1
    """Times each system is measured, in turns."""
    trial_examples: int = 16
    """Rows that each of TRL's settings is tried on."""
    threads: int | None = None
    """CPU threads; unset, one for each physical core."""
    seed: int = 0
    """Which rows, in which order."""

    def __post_init__(self) -> None:
        unknown = [name for name in self.systems if name not in SYSTEMS]
        counts = ("examples", "rank", "rows_per_step", "repeats", "trial_examples")
        problems = [
            *(f"no system {name}" for name in unknown),
            *(f"{name} must be at least 1" for name in counts if getattr(self, name) < 1),
        ]
        if problems or not self.systems:
            raise ConfigError(
                "; ".join(problems) or "no system is named",
                hint=f"systems are {', '.join(SYSTEMS)}",
            )


@dataclass(frozen=True)
class SystemResult:
    """One system's measurements, or why there are none."""

    name: str
    precision: str
    settings: str
    """How it computed; of TRL the fastest settings."""
    runs: tuple[Measurement, ...]
    error: str | None
    operations: int
    """Of the frozen matrices, for all timed rows."""

    @property
    def wall_s(self) -> float:
        """Median over the runs."""
        return statistics.median(run.wall_s for run in self.runs)

    @property
    def cpu_s(self) -> float:
        """Median over the runs."""
        return statistics.median(run.cpu_s for run in self.runs)


@dataclass(frozen=True)
class TrainingBenchmark:
    """All figures of one comparison."""

    model: str
    config: BenchTrainConfig
    threads: int
    machine: dict[str, Any]
    versions: dict[str, str]
    rows: int
    tokens: int
    answer_tokens: int
    too_long_rows: int
    """Rows of the data with more than 512 tokens, which no system got."""
    gemm_per_s: dict[str, float]
    """Matrix operations a second that this machine reaches, by type."""
    results: tuple[SystemResult, ...]
    trials: tuple[TrlTrial, ...] = field(default=())

    def result(self, name: str) -> SystemResult | None:
        """The system's figures, None where it was not measured."""
        found = (result for result in self.results if result.name == name and result.runs)
        return next(found, None)

    def ratios(self, result: SystemResult) -> dict[str, dict[str, float]]:
        """How many times as long each reference takes: {"tutorial": {"wall": 9.1, "cpu": 9.4}}"""
        return {
            name: {
                "wall": round(other.wall_s / result.wall_s, 3),
                "cpu": round(other.cpu_s / result.cpu_s, 3),
            }
            for name in REFERENCES
            if (other := self.result(name)) is not None
        }

    def gemm_share(self, result: SystemResult) -> float | None:
        """Needed matrix operations a second over the machine's best of that type."""
        best_per_s = self.gemm_per_s.get(result.precision)
        return result.operations / result.wall_s / best_per_s if best_per_s else None

    def start_loss_difference(self, result: SystemResult) -> float | None:
        """Start loss minus an exact system's, in nats; None where there is no other."""
        for name in (NAIAD_FP32, TUTORIAL):
            other = self.result(name)
            if other is not None and name != result.name:
                return result.runs[0].start_loss - other.runs[0].start_loss
        return None

    def same_objective(self, result: SystemResult) -> bool | None:
        """Whether the start losses agree as well as the system's type can make them."""
        difference = self.start_loss_difference(result)
        return None if difference is None else agrees(difference, result.precision)

    def as_json(self) -> dict[str, Any]:
        """Everything, as one document."""
        return {
            "model": self.model,
            "machine": self.machine,
            "threads": self.threads,
            "versions": self.versions,
            "config": asdict(self.config),
            "rows": self.rows,
            "tokens": self.tokens,
            "answer_tokens": self.answer_tokens,
            "too_long_rows": self.too_long_rows,
            "gemm_per_s": self.gemm_per_s,
            "systems": [self._as_json(result) for result in self.results],
            "trl_trials": [trial.as_json() for trial in self.trials],
        }

    def _as_json(self, result: SystemResult) -> dict[str, Any]:
        document: dict[str, Any] = {
            "name": result.name,
            "precision": result.precision,
            "settings": result.settings,
            "error": result.error,
        }
        if not result.runs:
            return document
        share = self.gemm_share(result)
        return document | {
            "wall_s_per_example": _spread([run.wall_s / self.rows for run in result.runs]),
            "cpu_s_per_example": _spread([run.cpu_s / self.rows for run in result.runs]),
            "examples_per_s": round(self.rows / result.wall_s, 4),
            "tokens_per_s": round(self.tokens / result.wall_s, 2),
            "times_as_fast_as": self.ratios(result),
            "peak_memory_bytes": max(run.peak_memory_bytes for run in result.runs),
            "matrix_operations": result.operations,
            "gemm_share": None if share is None else round(share, 4),
            "start_loss_difference": self.start_loss_difference(result),
            "same_objective": self.same_objective(result),
            "runs": [asdict(run) for run in result.runs],
        }


def bench_train(
    data: Path | None = None,
    model: str = DEFAULT_MODEL,
    config: BenchTrainConfig | None = None,
    *,
    on_line: OnLine = lambda line: None,
    on_download: Progress = no_progress,
) -> TrainingBenchmark:
    """Measure each system on the same rows, one after the other and in turns.

    data: training rows; None is the packaged cookbook. Raises MissingExtra, InputError, ModelError
    and StorageError; a system that fails is a result and raises nothing.
    """
    config = config or BenchTrainConfig()
    require_installed()
    # First, since the libraries' network is switched off from there on.
    local = ModelStore().resolve(model, progress=on_download)
    require_libraries()
    found = machine()
    folder = training_folder(local, progress=on_download)
    rows, too_long = _rows(data, folder)
    if too_long:
        on_line(f"{too_long} rows have more than {TUTORIAL_TOKENS} tokens and are left out")
    job = _job(folder, rows, config)
    if len(job.rows) < config.examples:
        on_line(f"the data gives only {len(job.rows)} rows to time")
    before = measure_gemm(folder, job.threads)
    wants_trl = TRL in config.systems and has_trl()
    trials = try_trl(job, config.trial_examples, on_line) if wants_trl else ()
    results = _measure_all(job, config, fastest(trials), on_line)
    after = measure_gemm(folder, job.threads)
    return TrainingBenchmark(
        model=local.name if local.source != "local" else local.path.name,
        config=config,
        threads=job.threads,
        machine=found,
        versions=next((run.versions for each in results for run in each.runs), {}),
        rows=len(job.rows),
        tokens=sum(map(len, job.rows)),
        answer_tokens=answer_tokens(job.rows),
        too_long_rows=too_long,
        gemm_per_s={name: max(before[name], after.get(name, 0.0)) for name in before},
        results=results,
        trials=trials,
    )


def _rows(data: Path | None, folder: Path) -> tuple[list[TokenizedExample], int]:
    """All rows that fit the tutorial's width, and how many do not."""
    template, tokenizer = ChatTemplate.from_folder(folder), load_tokenizer(folder)
    rows: list[TokenizedExample] = []
    too_long = 0
    for example in _examples(data):
        try:
            row = tokenize_example(
                example,
                template,
                tokenizer,
                instruction=DEFAULT_INSTRUCTION,
                max_tokens=TUTORIAL_TOKENS,
            )
        except ExampleTooLong:
            too_long += 1
            continue
        rows.append(row)
    return rows, too_long


def _examples(data: Path | None) -> Sequence[Example]:
    if data is not None:
        return tuple(read_examples(data))
    return [Example(each.prompt, each.mermaid) for each in packaged_examples()]


def _job(folder: Path, rows: Sequence[TokenizedExample], config: BenchTrainConfig) -> TrainingJob:
    """The rows that the seed draws; the timed ones in batches of about one length."""
    warmup = WARMUP_STEPS * config.rows_per_step
    order = np.random.default_rng(config.seed).permutation(len(rows))
    drawn = [rows[i] for i in order[: warmup + config.examples]]
    if len(drawn) <= warmup:
        raise DatasetError(
            f"{len(rows)} rows are too few: {warmup} warm up and at least 1 is timed",
            hint="give more rows, or a smaller --rows-per-step",
        )
    timed = drawn[warmup:]
    batches = length_grouped_batches(
        [len(row) for row in timed], config.rows_per_step, seed=config.seed
    )
    return TrainingJob(
        system="",
        folder=str(folder),
        warmup_rows=tuple(drawn[:warmup]),
        rows=tuple(timed[i] for batch in batches for i in batch),
        rank=config.rank,
        alpha=config.alpha,
        targets=config.targets,
        learning_rate=TrainingConfig().learning_rate,
        rows_per_step=config.rows_per_step,
        threads=config.threads or physical_cores(),
        seed=config.seed,
    )


def _measure_all(
    job: TrainingJob, config: BenchTrainConfig, trl: TrlSettings | None, on_line: OnLine
) -> tuple[SystemResult, ...]:
    """Every system `repeats` times, in turns, so that a busy minute hits all of them."""
    runs: dict[str, list[Measurement]] = {name: [] for name in config.systems}
    errors: dict[str, str] = {}
    if TRL in runs and trl is None:
        errors[TRL] = "TRL is not installed: pip install 'naiad[bench]'"
        if has_trl():
            errors[TRL] = "none of TRL's settings ran"
        on_line(f"{TRL}: {errors[TRL]}")
    for repeat in range(config.repeats):
        turn = config.systems[repeat % len(runs) :] + config.systems[: repeat % len(runs)]
        for name in turn:
            if name in errors:
                continue
            settings = asdict(trl) if name == TRL and trl is not None else {}
            found = measure(replace(job, system=name, settings=settings))
            on_line(f"{name}: {told(found, len(job.rows))}")
            if isinstance(found, str):
                errors[name] = found
            else:
                runs[name].append(found)
    return tuple(_result(name, tuple(runs[name]), errors.get(name), job, trl) for name in runs)


def _result(
    name: str,
    runs: tuple[Measurement, ...],
    error: str | None,
    job: TrainingJob,
    trl: TrlSettings | None,
) -> SystemResult:
    counted = runs[0].matrix_operations if runs else None
    return SystemResult(
        name=name,
        precision=trl.precision if name == TRL and trl is not None else SYSTEMS[name].precision,
        settings=runs[0].description if runs else "",
        runs=runs,
        error=error,
        operations=plain_operations(Path(job.folder), job.rows) if counted is None else counted,
    )


def _spread(values: Sequence[float]) -> dict[str, Any]:
    return {
        "median": round(statistics.median(values), 4),
        "least": round(min(values), 4),
        "most": round(max(values), 4),
        "n": len(values),
    }
