"""What a training begins with: the model found, the rows read, tokenized and looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naiad.datasets.example import Example
from naiad.datasets.reading import BadRow, read_examples
from naiad.datasets.splitting import split_by_content
from naiad.datasets.token_check import check_tokens
from naiad.errors import DatasetError
from naiad.models.checksum import file_sha256
from naiad.models.local_model import LocalModel
from naiad.models.progress import Progress
from naiad.models.progress import no_progress as no_download_progress
from naiad.models.store import ModelStore
from naiad.models.weights import load_tokenizer, training_folder
from naiad.prompts import DEFAULT_INSTRUCTION, ChatTemplate
from naiad.training.config import TrainingConfig, config_from
from naiad.training.preflight import DataSummary, commonest_instruction, summarize, tokenize_rows
from naiad.training.report import OnProgress
from naiad.workflows.preflight import FileExample, check_before_training

if TYPE_CHECKING:
    from naiad.training.parallel import Group
    from naiad.training.rows import TrainingRows


@dataclass(frozen=True)
class TrainingTask:
    """What every process of a group must know."""

    data: Path
    model: str
    config: TrainingConfig
    evaluation_data: Path | None
    estimate_only: bool

    def as_dict(self) -> dict[str, Any]:
        """The task as JSON values."""
        return {
            "data": str(self.data),
            "model": self.model,
            "config": self.config.as_dict(),
            "evaluation_data": None if self.evaluation_data is None else str(self.evaluation_data),
            "estimate_only": self.estimate_only,
        }

    @classmethod
    def of(cls, task: Mapping[str, Any]) -> TrainingTask:
        """The task that as_dict gave."""
        evaluation = task["evaluation_data"]
        return cls(
            Path(task["data"]),
            task["model"],
            config_from(task["config"]),
            None if evaluation is None else Path(evaluation),
            task["estimate_only"],
        )


ReadRows = tuple[tuple[Example, ...], tuple[Example, ...], list[str]]
"""Train rows, evaluation rows, and `file:line: why` of those left out."""


@dataclass(frozen=True)
class PreparedRun:
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


def prepare_run(
    task: TrainingTask,
    rows: ReadRows,
    group: Group,
    on_progress: OnProgress,
    on_download: Progress,
) -> PreparedRun:
    """Find the model, tokenize the rows with its template, and look at them.

    Raises ModelError, and DatasetError where a row cannot be used or none is left.
    """
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
    return PreparedRun(
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


def read_rows(data: Path, evaluation_data: Path | None, config: TrainingConfig) -> ReadRows:
    """The rows of both files, or those of one in two parts. Raises InputError."""
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


def _window_tokens(folder: Path) -> int:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    return int(config.get("max_position_embeddings") or 2**31)


def _padding_id(tokenizer: Any) -> int:
    """Any id will do, since padding is masked; the model's own where it names one."""
    for token_id in (tokenizer.pad_token_id, tokenizer.eos_token_id):
        if token_id is not None:
            return int(token_id)
    return 0
