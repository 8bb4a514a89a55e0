"""Fine-tune: a data file becomes a LoRA adapter of a base model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

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
from naiad.training.adapter_folder import begin_run, check_output, finish_run
from naiad.training.config import TrainingConfig
from naiad.training.libraries import require_libraries
from naiad.training.preflight import (
    DataSummary,
    as_counts,
    commonest_instruction,
    summarize,
    tokenize_rows,
)
from naiad.training.report import (
    Notice,
    OnProgress,
    TrainingEstimate,
    TrainingOutcome,
    no_progress,
)
from naiad.workflows.preflight import FileExample, check_before_training


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
    if output is not None and not estimate_only:
        check_output(output, resume=resume, overwrite=overwrite)
    rows = _read(data, evaluation_data, config)
    versions = require_libraries()
    run = _prepare(data, model, config, evaluation_data, rows, on_progress, on_download)
    on_progress(run.summary)
    return _run(
        run,
        output,
        versions,
        resume=resume,
        overwrite=overwrite,
        estimate_only=estimate_only,
        on_progress=on_progress,
        should_stop=should_stop,
    )


_Rows = tuple[tuple[Example, ...], tuple[Example, ...], list[str]]
"""Train rows, evaluation rows, and `file:line: why` of those left out."""


@dataclass(frozen=True)
class _Prepared:
    """All that a run needs, read and checked."""

    config: TrainingConfig
    model: LocalModel
    folder: Path
    """Weights and tokenizer."""
    rows: Any
    """TrainingRows."""
    summary: DataSummary
    instruction: str
    data: dict[str, str]
    """Name and hash of the data files."""


def _prepare(
    data: Path,
    model_name: str,
    config: TrainingConfig,
    evaluation_data: Path | None,
    rows: _Rows,
    on_progress: OnProgress,
    on_download: Progress,
) -> _Prepared:
    from naiad.training.rows import TrainingRows

    train, evaluation, left_out = rows
    parts = ((data, train), (evaluation_data or data, evaluation))
    local = ModelStore().resolve(model_name, progress=on_download)
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
    answers = check_before_training(
        [FileExample(path, example) for path, examples in parts for example in examples],
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
        config=config,
        model=local,
        folder=folder,
        rows=TrainingRows(train_rows, evaluation_rows, _padding_id(tokenizer)),
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


def _run(
    run: _Prepared,
    output: Path | None,
    versions: dict[str, str],
    *,
    resume: bool,
    overwrite: bool,
    estimate_only: bool,
    on_progress: OnProgress,
    should_stop: Callable[[], bool],
) -> FinetuneResult:
    from naiad.training.estimate import estimate_training
    from naiad.training.lora_model import adapter_bytes, adapter_config_json, load_lora_model
    from naiad.training.trainer import train

    checkpoint = None
    if output is not None and not estimate_only:
        checkpoint = begin_run(output, _identity(run), resume=resume, overwrite=overwrite)
    lora_model = load_lora_model(run.folder, run.config)
    estimate = None
    if checkpoint is None:
        estimate = estimate_training(lora_model, run.rows, run.config)
        on_progress(estimate)
    else:
        on_progress(Notice("info", f"going on from {checkpoint.name}"))
    result = FinetuneResult(output or Path(), run.model.name, run.summary, estimate, None)
    if estimate_only or output is None:
        return result
    outcome = train(
        lora_model,
        run.rows,
        run.config,
        output,
        checkpoint=checkpoint,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    if outcome.stopped != "asked":
        base_model = run.model.hub_id or _shareable_name(run.model)
        finish_run(
            output,
            adapter_bytes(lora_model),
            adapter_config_json(lora_model, base_model),
            _record(run, outcome, versions),
            base_model,
        )
    return FinetuneResult(output, run.model.name, run.summary, estimate, outcome)


def _identity(run: _Prepared) -> dict[str, Any]:
    """What decides the weights of a run; a resumed run must have the same."""
    model = {"name": run.model.name, "sha256": run.model.sha256}
    return {"config": run.config.as_dict(), "data": run.data, "model": model}


def _record(run: _Prepared, outcome: TrainingOutcome, versions: dict[str, str]) -> AdapterRecord:
    return AdapterRecord(
        base_name=_shareable_name(run.model),
        base_hub_id=run.model.hub_id,
        base_gguf_sha256=run.model.sha256 if run.model.kind == "gguf" else None,
        instruction=run.instruction,
        config=run.config.as_dict(),
        data={"files": run.data, **as_counts(run.summary)},
        result=asdict(outcome),
        versions={"naiad": __version__, **versions},
    )


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
