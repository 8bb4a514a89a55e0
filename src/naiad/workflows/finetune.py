"""Fine-tune: a data file becomes a LoRA adapter of a base model."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naiad import __version__
from naiad.datasets.example import Example
from naiad.datasets.reading import BadRow, read_examples
from naiad.datasets.splitting import split_by_content
from naiad.datasets.token_check import check_tokens
from naiad.errors import DatasetError, TrainingError
from naiad.lora.record import AdapterRecord
from naiad.models.catalog import DEFAULT_MODEL
from naiad.models.checksum import file_sha256
from naiad.models.local_model import LocalModel
from naiad.models.progress import Progress
from naiad.models.progress import no_progress as no_download_progress
from naiad.models.store import ModelStore
from naiad.models.weights import load_tokenizer, training_folder
from naiad.prompts import DEFAULT_INSTRUCTION, ChatTemplate
from naiad.training.adapter_folder import (
    begin_run,
    check_output,
    finish_run,
    record_run,
    recorded_settings,
)
from naiad.training.config import TrainingConfig, config_from
from naiad.training.libraries import require_libraries
from naiad.training.loss_plot import draw_losses
from naiad.training.preflight import (
    DataSummary,
    as_counts,
    commonest_instruction,
    summarize,
    tokenize_rows,
)
from naiad.training.report import (
    DiagramsReport,
    Notice,
    OnProgress,
    TrainingEstimate,
    TrainingOutcome,
    no_progress,
)
from naiad.workflows.preflight import FileExample, check_before_training
from naiad.workflows.sample_diagrams import SampledModel, diagram_sampler
from naiad.workflows.training_processes import open_group

if TYPE_CHECKING:
    from naiad.training.parallel import Group
    from naiad.training.rows import TrainingRows
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
    rows = _read(data, evaluation_data, config)
    versions = require_libraries()
    task = _Task(data, model, config, evaluation_data, estimate_only)
    with open_group(config.processes, task.as_dict()) as group:
        on_progress = on_progress if group.is_first else no_progress
        with group.first_alone():
            prepared = _prepare(task, rows, group, on_progress, on_download)
        on_progress(prepared.summary)
        run = _Run(task, output, versions, resume, overwrite, on_progress, should_stop)
        return _train(run, prepared, group)


def help_finetune(task: Mapping[str, Any], group: Group) -> None:
    """What the other processes of a group do while the first one runs `finetune`."""
    order = _Task.of(task)
    rows = _read(order.data, order.evaluation_data, order.config)
    versions = require_libraries()
    run = _Run(order, None, versions, False, False, no_progress, lambda: False)
    with group.first_alone():
        prepared = _prepare(order, rows, group, no_progress, no_download_progress)
    _train(run, prepared, group)


@dataclass(frozen=True)
class _Task:
    """What every process of a group must know."""

    data: Path
    model: str
    config: TrainingConfig
    evaluation_data: Path | None
    estimate_only: bool

    def as_dict(self) -> dict[str, Any]:
        return {
            "data": str(self.data),
            "model": self.model,
            "config": self.config.as_dict(),
            "evaluation_data": None if self.evaluation_data is None else str(self.evaluation_data),
            "estimate_only": self.estimate_only,
        }

    @classmethod
    def of(cls, task: Mapping[str, Any]) -> _Task:
        evaluation = task["evaluation_data"]
        return cls(
            Path(task["data"]),
            task["model"],
            config_from(task["config"]),
            None if evaluation is None else Path(evaluation),
            task["estimate_only"],
        )


@dataclass(frozen=True)
class _Run:
    """What the first process is asked for besides."""

    task: _Task
    output: Path | None
    versions: dict[str, str]
    resume: bool
    overwrite: bool
    on_progress: OnProgress
    should_stop: Callable[[], bool]


_Rows = tuple[tuple[Example, ...], tuple[Example, ...], list[str]]
"""Train rows, evaluation rows, and `file:line: why` of those left out."""


@dataclass(frozen=True)
class _Prepared:
    """All that a run needs, read and checked."""

    model: LocalModel
    folder: Path
    """Weights and tokenizer."""
    rows: TrainingRows
    evaluation: tuple[Example, ...]
    """The rows kept back, as they were read."""
    summary: DataSummary
    instruction: str
    data: dict[str, str]
    """Name and hash of the data files."""


def _prepare(
    task: _Task, rows: _Rows, group: Group, on_progress: OnProgress, on_download: Progress
) -> _Prepared:
    from naiad.training.rows import TrainingRows

    data, evaluation_data, config = task.data, task.evaluation_data, task.config
    train, evaluation, left_out = rows
    parts = ((data, train), (evaluation_data or data, evaluation))
    local = ModelStore().resolve(task.model, progress=on_download)
    folder = training_folder(local, progress=on_download)
    template, tokenizer = ChatTemplate.from_folder(folder), load_tokenizer(folder)
    instruction = DEFAULT_INSTRUCTION if config.instruction is None else config.instruction
    tokenized, max_tokens = [], min(config.max_tokens, _window_tokens(folder))
    for path, examples in parts:
        kept, too_long = tokenize_rows(
            examples,
            template,
            tokenizer,
            config,
            instruction=instruction,
            max_tokens=max_tokens,
        )
        tokenized.append(kept)
        left_out += [f"{path}:{line}: more than {max_tokens:,} tokens" for line in too_long]
    train_rows, evaluation_rows = tokenized
    if not train_rows:
        raise DatasetError(f"{data} leaves no row to train on", hint="see `naiad data check`")
    # One process is enough to look at the answers.
    looked_at = parts if group.is_first else ()
    answers = check_before_training(
        [FileExample(path, example) for path, examples in looked_at for example in examples],
        on_progress,
    )
    summary = summarize(
        train,
        evaluation,
        train_rows,
        evaluation_rows,
        tokens=check_tokens(train_rows, train, template, tokenizer),
        left_out=left_out,
        answers=answers,
    )
    return _Prepared(
        model=local,
        folder=folder,
        rows=TrainingRows(train_rows, evaluation_rows, _padding_id(tokenizer)),
        evaluation=evaluation,
        summary=summary,
        instruction=commonest_instruction(train, instruction),
        data={
            path.name: file_sha256(path, no_download_progress)
            for path in (data, evaluation_data)
            if path is not None
        },
    )


def _read(data: Path, evaluation_data: Path | None, config: TrainingConfig) -> _Rows:
    left_out: list[str] = []

    def skip(row: BadRow) -> None:
        left_out.append(str(row))

    rows = tuple(read_examples(data, config.on_bad_row, skip))
    if evaluation_data is not None:
        evaluation = tuple(read_examples(evaluation_data, config.on_bad_row, skip))
        return rows, evaluation, left_out
    split = split_by_content(rows, config.evaluation_share, config.seed)
    if not split.train:
        return rows, (), left_out
    return split.train, split.evaluation, left_out


def _train(run: _Run, prepared: _Prepared, group: Group) -> FinetuneResult:
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
    prepared: _Prepared, config: TrainingConfig, group: Group, on_progress: OnProgress
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
    prepared: _Prepared, config: TrainingConfig, on_progress: OnProgress
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
    run: _Run, prepared: _Prepared, config: TrainingConfig, model: TrainableAdapter, group: Group
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
    prepared: _Prepared,
    config: TrainingConfig,
    model: TrainableAdapter,
    record: AdapterRecord,
) -> None:
    from naiad.training.adapter_config import adapter_config_json
    from naiad.training.checkpoints import tensor_bytes

    base_model = _base_model(prepared)
    settings = adapter_config_json(config, base_model, model.target_modules)
    finish_run(output, tensor_bytes(model.adapter_weights()), settings, record, base_model)


def _identity(config: TrainingConfig, prepared: _Prepared) -> dict[str, Any]:
    """What decides the weights of a run; a resumed run must have the same."""
    model = {"name": prepared.model.name, "sha256": prepared.model.sha256}
    return {"config": config.as_dict(), "data": prepared.data, "model": model}


def _record(
    prepared: _Prepared,
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


def _base_model(prepared: _Prepared) -> str:
    return prepared.model.hub_id or _shareable_name(prepared.model)


def _shareable_name(model: LocalModel) -> str:
    """The model's name; of a path only its last part, since adapters are passed on."""
    return model.path.name if model.source == "local" else model.name


def _window_tokens(folder: Path) -> int:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    return int(config.get("max_position_embeddings") or 2**31)


def _padding_id(tokenizer: Any) -> int:
    """Any id will do, since padding is masked; the model's own where it names one."""
    for token_id in (tokenizer.pad_token_id, tokenizer.eos_token_id):
        if token_id is not None:
            return int(token_id)
    return 0
