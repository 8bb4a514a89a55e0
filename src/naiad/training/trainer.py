"""The training loop: one adapter, the loss on the answers, resumable to the bit.

Everything random is a function of the seed and the step, so a run that goes on from a checkpoint
needs no random state and ends as if it had never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import torch

from naiad.errors import TrainingError
from naiad.training.checkpoints import (
    Checkpoint,
    load_best,
    load_checkpoint,
    remove_unusable,
    save_best,
    save_checkpoint,
    tensor_bytes,
)
from naiad.training.config import TrainingConfig
from naiad.training.libraries import translated_torch_errors
from naiad.training.memory import peak_memory_bytes
from naiad.training.objective import compute_gradients, mean_loss
from naiad.training.optimizer import (
    dropout_seed,
    fill_optimizer,
    new_optimizer,
    optimizer_state,
    set_learning_rate,
)
from naiad.training.parallel import ALONE, Group, use_threads
from naiad.training.report import (
    DiagramsReport,
    EvaluationReport,
    OnProgress,
    StepReport,
    TrainingOutcome,
    no_progress,
)
from naiad.training.rows import PlannedStep, RunPlan, TrainingRows
from naiad.training.run_log import LOG_NAME, RunLog
from naiad.training.steps import learning_rate_share
from naiad.training.trackers import Trackers, open_trackers
from naiad.training.trainable import TrainableAdapter

MOST_LAST_STEPS = 10
"""Steps whose mean loss says how low the loss came; of a short run, its last quarter."""

CHECKPOINTS_NAME = "checkpoints"

Ending = Literal["finished", "early", "asked"]

OnEvaluation = Callable[[int, Callable[[], bytes]], DiagramsReport | None]
"""Asked after each measurement with the step and a function that gives the adapter's file."""


def train(
    model: TrainableAdapter,
    rows: TrainingRows,
    config: TrainingConfig,
    folder: Path,
    *,
    checkpoint: Path | None = None,
    group: Group = ALONE,
    on_progress: OnProgress,
    on_evaluation: OnEvaluation = lambda step, adapter: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> TrainingOutcome:
    """Train the model's adapter in place; at the end it holds the best weights measured.

    folder: gets checkpoints/, tensorboard/ and log.jsonl; only the group's first process writes.
    checkpoint: where to go on. should_stop: asked after every step, in every process; when one
    says yes a checkpoint is saved and the run ends. Raises TrainingError when the loss is not a
    number, and StorageError.
    """
    started = time.monotonic()
    use_threads(config, group.size)
    plan, optimizer = RunPlan(rows.train, config), new_optimizer(model.parameters, config)
    checkpoints = folder / CHECKPOINTS_NAME
    with translated_torch_errors("train"), ExitStack() as open_:
        step = _restore(model, optimizer, checkpoint, group)
        log = _open_log(folder, step, group)
        if group.is_first:
            remove_unusable(checkpoints)
        reporter = open_.enter_context(_Reporter(log, config, folder, step, group, on_progress))
        stopped: Ending | None = _ending(step, plan, log, config)
        while stopped is None:
            step_started = time.monotonic()
            step += 1
            planned = plan.step(step)
            seed = dropout_seed(config, step, group.rank)
            loss = compute_gradients(model, planned.rows, group, seed=seed)
            _check_finite(step, "loss", loss)
            # Torch's way to clip at no length at all is an infinite one.
            limit = config.max_grad_norm or math.inf
            norm = torch.nn.utils.clip_grad_norm_(model.parameters, limit).item()
            _check_finite(step, "gradient", norm)
            rate = config.learning_rate * learning_rate_share(config, len(rows.train), step - 1)
            set_learning_rate(optimizer, rate)
            optimizer.step()
            seconds = time.monotonic() - step_started
            reporter.add(_step_report(step, plan, planned, loss, rate, norm, seconds))
            stopped = _ending(step, plan, log, config)
            if rows.evaluation and (stopped or step % config.evaluate_every_steps == 0):
                report = _evaluate(model, rows, step, log, group)
                if report.is_best and group.is_first:
                    save_best(checkpoints, step, model.adapter_weights())
                reporter.add(report)
                if group.is_first:
                    reporter.add(on_evaluation(step, lambda: tensor_bytes(model.adapter_weights())))
                stopped = _ending(step, plan, log, config)
            if stopped is None and group.any(should_stop()):
                stopped = "asked"
            if stopped or step % config.save_every_steps == 0:
                _save(checkpoints, step, model, optimizer, log, group)
        if log.best is not None and stopped != "asked":
            _restore_best(model, checkpoints, log.best.step, group)
    return _outcome(log, step, plan, stopped, time.monotonic() - started, group)


class _Reporter:
    """Says what happens to the log, the trackers and the caller; in the first process only."""

    def __init__(
        self,
        log: RunLog,
        config: TrainingConfig,
        folder: Path,
        step: int,
        group: Group,
        on_progress: OnProgress,
    ) -> None:
        self._log = log
        self._on_progress = on_progress if group.is_first else no_progress
        self._trackers: Trackers | None = None
        if group.is_first:
            self._trackers = open_trackers(config, folder, step, on_progress)

    def __enter__(self) -> _Reporter:
        return self

    def __exit__(self, *error: object) -> None:
        if self._trackers is not None:
            self._trackers.close()

    def add(self, report: StepReport | EvaluationReport | DiagramsReport | None) -> None:
        if report is None:
            return
        # The log of every process: from it each decides alike whether training goes on.
        self._log.add(report)
        if self._trackers is not None and isinstance(report, StepReport):
            self._trackers.step(report)
        elif self._trackers is not None and isinstance(report, EvaluationReport):
            self._trackers.evaluation(report)
        elif self._trackers is not None and isinstance(report, DiagramsReport):
            self._trackers.diagrams(report)
        self._on_progress(report)


def _ending(step: int, plan: RunPlan, log: RunLog, config: TrainingConfig) -> Ending | None:
    """Why no step follows, None when one does."""
    if step >= plan.steps:
        return "finished"
    patience = config.early_stopping_patience
    return "early" if patience is not None and log.evaluations_since_best >= patience else None


def _evaluate(
    model: TrainableAdapter, rows: TrainingRows, step: int, log: RunLog, group: Group
) -> EvaluationReport:
    started = time.monotonic()
    loss = mean_loss(model, rows.evaluation, group)
    _check_finite(step, "evaluation loss", loss)
    is_best = log.best is None or loss < log.best.evaluation_loss
    return EvaluationReport(step, loss, is_best, round(time.monotonic() - started, 4))


def _check_finite(step: int, name: str, value: float) -> None:
    if not math.isfinite(value):
        raise TrainingError(
            f"the {name} is {value} at step {step}",
            hint="start again with a lower --learning-rate",
        )


def _step_report(
    step: int,
    plan: RunPlan,
    planned: PlannedStep,
    loss: float,
    rate: float,
    norm: float,
    seconds: float,
) -> StepReport:
    return StepReport(
        step=step,
        total_steps=plan.steps,
        epoch=round(planned.epoch, 4),
        loss=loss,
        learning_rate=rate,
        grad_norm=norm,
        tokens=planned.tokens,
        seconds=round(seconds, 4),
        tokens_per_s=round(planned.tokens / max(seconds, 1e-6), 2),
    )


def _restore(
    model: TrainableAdapter,
    optimizer: torch.optim.Optimizer,
    checkpoint: Path | None,
    group: Group,
) -> int:
    """Put the first process's checkpoint into every process; the steps it has made."""
    step = 0
    if checkpoint is not None and group.is_first:
        saved = load_checkpoint(checkpoint)
        model.set_adapter_weights(saved.adapter)
        fill_optimizer(optimizer, saved.optimizer)
        step = saved.step
    group.copy_from_first_(model.parameters)
    group.copy_from_first_(list(optimizer_state(optimizer).values()))
    return group.from_first(step)


def _restore_best(model: TrainableAdapter, checkpoints: Path, step: int, group: Group) -> None:
    if group.is_first:
        model.set_adapter_weights(load_best(checkpoints, step))
    group.copy_from_first_(model.parameters)


def _open_log(folder: Path, step: int, group: Group) -> RunLog:
    """The log up to `step`, in every process; only the first one writes it."""
    written = RunLog(folder / LOG_NAME, keep_through_step=step) if group.is_first else None
    shared = group.from_first(written)
    assert shared is not None
    return written or shared.unwritten()


def _save(
    checkpoints: Path,
    step: int,
    model: TrainableAdapter,
    optimizer: torch.optim.Optimizer,
    log: RunLog,
    group: Group,
) -> None:
    if not group.is_first:
        return
    # A checkpoint must never be ahead of the log that belongs to it.
    log.flush_to_disk()
    best_step = log.best.step if log.best else None
    save_checkpoint(
        checkpoints,
        Checkpoint(step, best_step, model.adapter_weights(), optimizer_state(optimizer)),
    )


def _outcome(
    log: RunLog,
    step: int,
    plan: RunPlan,
    stopped: Ending,
    seconds: float,
    group: Group,
) -> TrainingOutcome:
    recent = log.losses[-max(1, min(MOST_LAST_STEPS, len(log.losses) // 4)) :]
    return TrainingOutcome(
        steps=step,
        total_steps=plan.steps,
        seconds=round(seconds, 3),
        first_loss=log.losses[0],
        last_loss=sum(recent) / len(recent),
        best_evaluation_loss=log.best.evaluation_loss if log.best else None,
        best_step=log.best.step if log.best else None,
        stopped=stopped,
        peak_memory_bytes=int(group.sum(peak_memory_bytes())),
    )
