"""This project's trainer, as the benchmark runs it."""

from __future__ import annotations

from pathlib import Path

import torch

from naiad.training.config import TrainingConfig
from naiad.training.objective import compute_gradients
from naiad.training.optimizer import dropout_seed, new_optimizer, set_learning_rate
from naiad.training.parallel import ALONE, use_threads
from naiad.workflows.benchmarks.jobs import TrainingJob, answer_tokens
from naiad.workflows.benchmarks.meter import Meter


def train_with_naiad(job: TrainingJob, precision: str) -> tuple[Meter, str, int]:
    """Train the job's rows; the meter, how it computed, and its operations of frozen matrices.

    The step is training.trainer's, without the reports and measurements between steps.
    """
    from naiad.training.fast_model import open_fast_model

    config = _config(job, precision)
    use_threads(config)
    model = open_fast_model(Path(job.folder), config, lambda notice: None)
    optimizer = new_optimizer(model.parameters, config)
    meter = Meter(len(job.warmup_rows) // job.rows_per_step)
    rows, operations = (*job.warmup_rows, *job.rows), 0
    for start in range(0, len(rows), job.rows_per_step):
        step, part = meter.steps_done, rows[start : start + job.rows_per_step]
        seed = dropout_seed(config, step, 0)
        mean_loss, tokens = compute_gradients(model, part, ALONE, seed=seed), answer_tokens(part)
        torch.nn.utils.clip_grad_norm_(model.parameters, config.max_grad_norm)
        set_learning_rate(optimizer, config.learning_rate * meter.learning_rate_share(step))
        optimizer.step()
        meter.add(mean_loss * tokens, tokens)
        meter.step_done()
        if start >= len(job.warmup_rows):
            operations += model.operations(part).matrix_operations
    return meter, model.description, operations


def _config(job: TrainingJob, precision: str) -> TrainingConfig:
    return TrainingConfig(
        precision=precision,
        learning_rate=job.learning_rate,
        batch_size=job.rows_per_step,
        lora_rank=job.rank,
        lora_alpha=job.alpha,
        lora_target_modules=job.targets,
        seed=job.seed,
        threads=job.threads,
    )
