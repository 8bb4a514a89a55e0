"""Fine-tune: a data file becomes a LoRA adapter of a base model."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naiad import __version__
from naiad.errors import TrainingError
from naiad.lora.record import AdapterRecord
from naiad.models.catalog import DEFAULT_MODEL
from naiad.models.local_model import LocalModel
from naiad.models.progress import Progress
from naiad.models.progress import no_progress as no_download_progress
from naiad.models.store import ModelStore
from naiad.prompts import DEFAULT_INSTRUCTION
from naiad.training.adapter_folder import (
    begin_run,
    check_output,
    finish_run,
    record_run,
    recorded_settings,
)
from naiad.training.config import TrainingConfig
from naiad.training.libraries import require_installed, require_libraries
from naiad.training.loss_plot import draw_losses
from naiad.training.preflight import DataSummary, as_counts
from naiad.training.report import (
    DiagramsReport,
    Notice,
    OnProgress,
    TrainingEstimate,
    TrainingOutcome,
    no_progress,
)
from naiad.workflows.finetune_input import PreparedRun, TrainingTask, prepare_run, read_rows
from naiad.workflows.sample_diagrams import SampledModel, diagram_sampler
from naiad.workflows.training_processes import open_group

if TYPE_CHECKING:
    from naiad.training.parallel import Group
    from naiad.training.trainable import TrainableAdapter


@dataclass(frozen=True)
class FinetuneResult:
    """What `finetune` did."""

    output: Path
    model: str
    data: DataSummary
    estimate: TrainingEstimate | None
    """None where a resumed run was not timed again."""
    outcome: TrainingOutcome | None
    """None when only the estimate was asked for."""
    rank: int = 0
    """Which process of a group this is; only the first, 0, has written anything."""

    @property
    def complete(self) -> bool:
        """Whether the output folder is an adapter now."""
        return self.outcome is not None and self.outcome.stopped != "asked"


def finetune(
    data: Path,
    model: str = DEFAULT_MODEL,
    output: Path | None = None,
    config: TrainingConfig | None = None,
    *,
    evaluation_data: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    estimate_only: bool = False,
    on_progress: OnProgress = no_progress,
    on_download: Progress = no_download_progress,
    should_stop: Callable[[], bool] = lambda: False,
) -> FinetuneResult:
    """Train a LoRA adapter of `model` on the rows of `data` and write it to the folder `output`.

    evaluation_data: rows to measure the loss on; without it a share of `data` is kept back.
    resume: go on from the newest usable checkpoint in `output`, or begin where there is none.
    estimate_only: stop before the first step; writes nothing, and `output` may be None.
    should_stop: asked after each step; when it says yes a checkpoint is saved and the result is
    not complete. Raises MissingExtra, InputError, ModelError, TrainingError, StorageError.
    """
    config = config or TrainingConfig()
    if output is None and not estimate_only:
        raise TrainingError("no folder to write the adapter to", hint="give --output")
    leads = os.environ.get("RANK", "0") == "0"
    if output is not None and not estimate_only and leads:
        check_output(output, resume=resume, overwrite=overwrite)
    rows = read_rows(data, evaluation_data, config)
    require_installed()
    if leads:
        # Now, since the libraries' network is switched off from here on.
        ModelStore().resolve(model, progress=on_download)
    versions = require_libraries()
    task = TrainingTask(data, model, config, evaluation_data, estimate_only)
    with open_group(config.processes, task.as_dict()) as group:
        on_progress = on_progress if group.is_first else no_progress
        with group.first_alone():
            prepared = prepare_run(task, rows, group, on_progress, on_download)
        on_progress(prepared.summary)
        run = _Run(task, output, versions, resume, overwrite, on_progress, should_stop)
        return _train(run, prepared, group)


def help_finetune(task: Mapping[str, Any], group: Group) -> None:
    """What the other processes of a group do while the first one runs `finetune`."""
    order = TrainingTask.of(task)
    rows = read_rows(order.data, order.evaluation_data, order.config)
    versions = require_libraries()
    run = _Run(order, None, versions, False, False, no_progress, lambda: False)
    with group.first_alone():
        prepared = prepare_run(order, rows, group, no_progress, no_download_progress)
    _train(run, prepared, group)


@dataclass(frozen=True)
class _Run:
    """What the first process is asked for besides."""

    task: TrainingTask
    output: Path | None
    versions: dict[str, str]
    resume: bool
    overwrite: bool
    on_progress: OnProgress
    should_stop: Callable[[], bool]


def _train(run: _Run, prepared: PreparedRun, group: Group) -> FinetuneResult:
    """Everything after the rows are ready, in every process of the group."""
    from naiad.training.estimate import estimate_training
    from naiad.training.trainer import train

    on_progress = run.on_progress
    output = run.output if group.is_first and not run.task.estimate_only else None
    config = _resolved(run, group)
    checkpoint = None
    if output is not None:
        checkpoint = begin_run(
            output, _identity(config, prepared), resume=run.resume, overwrite=run.overwrite
        )
    model = _open_model(prepared, config, group, on_progress)
    config = replace(config, precision=model.precision)
    if output is not None:
        record_run(output, _identity(config, prepared))
    estimate = None
    if group.from_first(checkpoint is None):
        estimate = estimate_training(model, prepared.rows, config, group)
        on_progress(estimate)
    elif checkpoint is not None:
        on_progress(Notice("info", f"going on from {checkpoint.name}"))
    result = FinetuneResult(
        run.output or Path(), prepared.model.name, prepared.summary, estimate, None, group.rank
    )
    if run.task.estimate_only:
        return result
    outcome = train(
        model,
        prepared.rows,
        config,
        output or Path(),
        checkpoint=checkpoint,
        group=group,
        on_progress=on_progress,
        on_evaluation=_drawing(run, prepared, config, model, group),
        should_stop=run.should_stop,
    )
    if output is not None:
        draw_losses(output, on_progress)
    if output is not None and outcome.stopped != "asked":
        _finish(output, prepared, config, model, _record(prepared, config, outcome, run.versions))
    return replace(result, outcome=outcome)


def _resolved(run: _Run, group: Group) -> TrainingConfig:
    """The configuration with what was left to Naiad decided, but for an automatic precision.

    A run that goes on keeps what was decided when it began.
    """
    from naiad.training.parallel import threads_of_each

    config = run.task.config
    goes_on = group.is_first and run.resume and run.output is not None
    before = recorded_settings(run.output) if goes_on and run.output is not None else {}
    automatic = config.precision == "auto"
    config = replace(
        config,
        precision=before.get("precision", "auto") if automatic else config.precision,
        threads=config.threads or before.get("threads") or threads_of_each(config, group.size),
        processes=group.size,
    )
    return group.from_first(config)


def _open_model(
    prepared: PreparedRun, config: TrainingConfig, group: Group, on_progress: OnProgress
) -> TrainableAdapter:
    """The model, ready to train; the first process opens it first and decides the precision."""
    model = None
    if group.is_first:
        model = _open_model_here(prepared, config, on_progress)
    precision = group.from_first(model.precision if model is not None else "")
    if model is None:
        model = _open_model_here(prepared, replace(config, precision=precision), on_progress)
    on_progress(Notice("info", f"computing in {model.description}"))
    return model


def _open_model_here(
    prepared: PreparedRun, config: TrainingConfig, on_progress: OnProgress
) -> TrainableAdapter:
    from naiad.training.fast_model import open_fast_model, why_not_fast
    from naiad.training.parallel import use_threads
    from naiad.training.peft_model import open_peft_model

    use_threads(config)
    reason = why_not_fast(prepared.folder, config)
    if reason is None:
        return open_fast_model(prepared.folder, config, on_progress)
    on_progress(Notice("info", f"training through PEFT, which is slower, because of {reason}"))
    return open_peft_model(prepared.folder, config, prepared.rows.padding_id)


def _drawing(
    run: _Run, prepared: PreparedRun, config: TrainingConfig, model: TrainableAdapter, group: Group
) -> Callable[[int, Callable[[], bytes]], DiagramsReport | None]:
    """What draws a few diagrams at each measurement; the first process alone does."""
    from naiad.training.adapter_config import adapter_config_json

    sampled = SampledModel(
        prepared.model,
        adapter_config_json(config, _base_model(prepared), model.target_modules),
        DEFAULT_INSTRUCTION if config.instruction is None else config.instruction,
        # The other processes wait meanwhile, so their threads are free.
        (config.threads or 1) * config.processes,
    )
    return diagram_sampler(
        sampled,
        prepared.evaluation,
        config.evaluation_diagrams if group.is_first else 0,
        on_progress=run.on_progress,
        should_stop=run.should_stop,
    )


def _finish(
    output: Path,
    prepared: PreparedRun,
    config: TrainingConfig,
    model: TrainableAdapter,
    record: AdapterRecord,
) -> None:
    from naiad.training.adapter_config import adapter_config_json
    from naiad.training.checkpoints import tensor_bytes

    base_model = _base_model(prepared)
    settings = adapter_config_json(config, base_model, model.target_modules)
    finish_run(output, tensor_bytes(model.adapter_weights()), settings, record, base_model)


def _identity(config: TrainingConfig, prepared: PreparedRun) -> dict[str, Any]:
    """What decides the weights of a run; a resumed run must have the same."""
    model = {"name": prepared.model.name, "sha256": prepared.model.sha256}
    return {"config": config.as_dict(), "data": prepared.data, "model": model}


def _record(
    prepared: PreparedRun,
    config: TrainingConfig,
    outcome: TrainingOutcome,
    versions: dict[str, str],
) -> AdapterRecord:
    model = prepared.model
    return AdapterRecord(
        base_name=_shareable_name(model),
        base_hub_id=model.hub_id,
        base_gguf_sha256=model.sha256 if model.kind == "gguf" else None,
        instruction=prepared.instruction,
        config=config.as_dict(),
        data={"files": prepared.data, **as_counts(prepared.summary)},
        result=asdict(outcome),
        versions={"naiad": __version__, **versions},
    )


def _base_model(prepared: PreparedRun) -> str:
    return prepared.model.hub_id or _shareable_name(prepared.model)


def _shareable_name(model: LocalModel) -> str:
    """The model's name; of a path only its last part, since adapters are passed on."""
    return model.path.name if model.source == "local" else model.name
