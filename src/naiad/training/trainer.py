"""The training loop: transformers' Trainer on a CPU, one adapter, the loss on the answers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
import transformers
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter
from transformers.integrations import TensorBoardCallback

from naiad.datasets.batching import collate
from naiad.errors import TrainingError
from naiad.files import write_bytes
from naiad.generation.cores import physical_cores
from naiad.training.checkpoints import (
    mark_complete,
    remove_unusable,
    step_of,
    translated_write_errors,
)
from naiad.training.config import TrainingConfig
from naiad.training.libraries import translated_torch_errors
from naiad.training.lora_model import adapter_bytes, read_adapter_weights
from naiad.training.loss import answer_loss, evaluation_loss
from naiad.training.report import EvaluationReport, OnProgress, StepReport, TrainingOutcome
from naiad.training.rows import EpochBatches, TrainingRows
from naiad.training.run_log import RunLog
from naiad.training.steps import learning_rate_share, total_steps

MOST_LAST_STEPS = 10
"""Steps whose mean loss says how low the loss came; of a short run, its last quarter."""

BEST_NAME = "best.safetensors"


def use_threads(config: TrainingConfig) -> None:
    """Set torch's thread count for this process."""
    torch.set_num_threads(config.threads or physical_cores())


def train(
    model: Any,
    rows: TrainingRows,
    config: TrainingConfig,
    folder: Path,
    *,
    checkpoint: Path | None = None,
    on_progress: OnProgress,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainingOutcome:
    """Train the model's adapter in place; at the end it holds the best weights measured.

    folder: gets checkpoints/, tensorboard/ and log.jsonl. checkpoint: where to go on.
    should_stop: asked after every step; a checkpoint is saved before it is obeyed.
    Raises TrainingError when the loss is not a number, and StorageError.
    """
    started = time.monotonic()
    remove_unusable(folder / "checkpoints")
    log = RunLog(folder / "log.jsonl", keep_through_step=step_of(checkpoint) if checkpoint else 0)
    observer = _Observer(model, rows, config, folder, log, on_progress, should_stop)
    trainer = _AnswerTrainer(model, rows, config, folder, observer)
    use_threads(config)
    with translated_torch_errors("train"), translated_write_errors(folder):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        step = int(trainer.state.global_step)
        if observer.stopped != "asked" and log.last_evaluated_step < step:
            observer.evaluate(step)
    if log.best is not None and observer.stopped != "asked":
        read_adapter_weights(model, folder / "checkpoints" / BEST_NAME)
    recent = log.losses[-max(1, min(MOST_LAST_STEPS, len(log.losses) // 4)) :]
    return TrainingOutcome(
        steps=step,
        total_steps=total_steps(config, len(rows.train)),
        seconds=round(time.monotonic() - started, 3),
        first_loss=log.losses[0],
        last_loss=sum(recent) / len(recent),
        best_evaluation_loss=log.best.evaluation_loss if log.best else None,
        best_step=log.best.step if log.best else None,
        stopped=observer.stopped,
    )


class _AnswerTrainer(transformers.Trainer):  # type: ignore[misc]
    """Batches by length; the loss is a mean over the answer tokens of a whole step."""

    def __init__(
        self,
        model: Any,
        rows: TrainingRows,
        config: TrainingConfig,
        folder: Path,
        observer: _Observer,
    ) -> None:
        self._rows, self._config = rows, config
        self._observer = observer
        writer = SummaryWriter(log_dir=str(folder / "tensorboard"))
        super().__init__(
            model=model,
            args=_arguments(config, len(rows.train), folder / "checkpoints"),
            train_dataset=rows.train,
            callbacks=[TensorBoardCallback(writer), observer],
        )
        self.remove_callback(transformers.PrinterCallback)
        self.loss_is_scaled_for_ga = True
        observer.log_to_tensorboard = self.log

    def get_train_dataloader(self) -> Any:
        return DataLoader(
            self._rows.train,
            batch_sampler=self._observer.batches,
            collate_fn=lambda examples: {"batch": collate(examples, self._rows.padding_id)},
        )

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        rows = len(self._rows.train)
        self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer or self.optimizer,
            lambda step: learning_rate_share(self._config, rows, step),
        )
        self._created_lr_scheduler = True
        return self.lr_scheduler

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> Any:
        samples = [next(epoch_iterator) for _ in range(num_batches)]
        return samples, sum(sample["batch"].loss_tokens for sample in samples)

    def compute_loss(
        self,
        model: Any,
        inputs: Any,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        # Over the answer tokens of all batches of the step: a batch of short answers must not
        # weigh as much as one of long answers.
        self._observer.step_tokens += inputs["batch"].tokens
        return answer_loss(model, inputs["batch"]) / num_items_in_batch

    def floating_point_ops(self, inputs: Any) -> int:
        return 0


class _Observer(transformers.TrainerCallback):  # type: ignore[misc]
    """Reports each step, measures, keeps the best weights, and ends the run when it should."""

    def __init__(
        self,
        model: Any,
        rows: TrainingRows,
        config: TrainingConfig,
        folder: Path,
        log: RunLog,
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
    ) -> None:
        self.batches = EpochBatches([len(example) for example in rows.train], config)
        self.step_tokens = 0
        self.stopped: Literal["finished", "early", "asked"] = "finished"
        self.log_to_tensorboard: Callable[[dict[str, float]], None] | None = None
        self._model, self._rows, self._config = model, rows, config
        self._checkpoints = folder / "checkpoints"
        self._log, self._on_progress, self._should_stop = log, on_progress, should_stop
        self._step_started = self._step_seconds = 0.0

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        # At the end of an epoch state.epoch is its number, exactly.
        self.batches.epoch = int(state.epoch or 0)

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.step_tokens, self._step_started = 0, time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._step_seconds = time.monotonic() - self._step_started

    def on_log(self, args: Any, state: Any, control: Any, logs: Any, **kwargs: Any) -> None:
        if "loss" not in logs:
            return
        step = int(state.global_step)
        self._report_step(state, logs)
        if step % self._config.evaluate_every_steps == 0:
            self.evaluate(step)
        patience = self._config.early_stopping_patience
        if patience is not None and self._log.evaluations_since_best >= patience:
            self.stopped = "early"
            control.should_training_stop = True
        elif step < state.max_steps and self._should_stop():
            self.stopped = "asked"
            control.should_training_stop = control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        mark_complete(self._checkpoints / f"checkpoint-{state.global_step}")

    def evaluate(self, step: int) -> None:
        """Measure the loss on the rows kept back, and keep the weights if it is the lowest."""
        if not self._rows.evaluation:
            return
        started = time.monotonic()
        loss = evaluation_loss(self._model, self._rows, self._config.batch_size)
        is_best = self._log.best is None or loss < self._log.best.evaluation_loss
        if is_best:
            write_bytes(self._checkpoints / BEST_NAME, adapter_bytes(self._model))
        report = EvaluationReport(step, loss, is_best, round(time.monotonic() - started, 4))
        self._log.add(report)
        if self.log_to_tensorboard is not None:
            self.log_to_tensorboard({"eval_loss": loss})
        self._on_progress(report)

    def _report_step(self, state: Any, logs: dict[str, float]) -> None:
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss} at step {state.global_step}",
                hint="start again with a lower --learning-rate",
            )
        report = StepReport(
            step=int(state.global_step),
            total_steps=int(state.max_steps),
            epoch=round(float(state.epoch), 4),
            loss=loss,
            learning_rate=float(logs["learning_rate"]),
            grad_norm=float(logs.get("grad_norm", 0.0)),
            tokens=self.step_tokens,
            seconds=round(self._step_seconds, 4),
            tokens_per_s=round(self.step_tokens / max(self._step_seconds, 1e-6), 2),
        )
        self._log.add(report)
        self._on_progress(report)


def _arguments(config: TrainingConfig, rows: int, checkpoints: Path) -> Any:
    return transformers.TrainingArguments(
        output_dir=str(checkpoints),
        max_steps=total_steps(config, rows),
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.gradient_accumulation_steps,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        optim="adamw_torch",
        seed=config.seed,
        use_cpu=True,
        dataloader_pin_memory=False,
        dataloader_num_workers=0,
        remove_unused_columns=False,
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="steps",
        save_steps=config.save_every_steps,
        save_total_limit=2,
        eval_strategy="no",
        report_to=[],
        disable_tqdm=True,
        log_level="error",
    )
