"""The loop on a tiny model: exact resume, true accumulation, best weights, early stop."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_lora import random_rows, tiny_lora_model, tiny_qwen, torch

from naiad.errors import StorageError, TrainingError
from naiad.training import checkpoints
from naiad.training.checkpoints import newest_usable, tensor_bytes
from naiad.training.config import TrainingConfig
from naiad.training.estimate import estimate_training
from naiad.training.objective import mean_loss
from naiad.training.parallel import ALONE
from naiad.training.report import DiagramsReport, EvaluationReport, StepReport, TrainingOutcome
from naiad.training.rows import TrainingRows, loss_tokens
from naiad.training.run_log import logged_reports
from naiad.training.steps import learning_rate_share
from naiad.training.trainer import train

CONFIG = TrainingConfig(
    max_steps=9,
    batch_size=2,
    gradient_accumulation_steps=2,
    learning_rate=1e-2,
    lora_rank=2,
    lora_dropout=0.2,
    evaluate_every_steps=3,
    save_every_steps=2,
    threads=1,
)
ROWS = random_rows(train=10, evaluation=4)


def _train(
    folder: Path,
    config: TrainingConfig = CONFIG,
    rows: TrainingRows = ROWS,
    **options: Any,
) -> tuple[Any, TrainingOutcome, list[Any]]:
    model, events = tiny_lora_model(config), []
    outcome = train(model, rows, config, folder, on_progress=events.append, **options)
    return model, outcome, events


def _bytes(model: Any) -> bytes:
    return tensor_bytes(model.adapter_weights())


def _losses(folder: Path) -> list[tuple[int, float]]:
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [(row["step"], row.get("loss", row.get("evaluation_loss"))) for row in rows]


def test_the_loss_falls_and_every_step_is_reported(tmp_path: Path) -> None:
    _, outcome, events = _train(tmp_path)
    steps = [event for event in events if isinstance(event, StepReport)]
    assert [step.step for step in steps] == list(range(1, 10))
    assert {step.total_steps for step in steps} == {9}
    assert outcome.stopped == "finished"
    assert outcome.last_loss < outcome.first_loss
    # Three steps an epoch: two of 4 rows and one of 2.
    assert [step.epoch for step in steps[:4]] == [0.4, 0.8, 1.0, 1.4]
    tokens = [len(row) for row in ROWS.train]
    assert sum(step.tokens for step in steps[:3]) == sum(tokens)
    assert list((tmp_path / "tensorboard").iterdir())


@pytest.mark.parametrize("stop_after", [1, 3, 5])
def test_a_resumed_run_ends_with_the_same_bytes(tmp_path: Path, stop_after: int) -> None:
    whole, _, _ = _train(tmp_path / "whole")
    asked = iter([False] * (stop_after - 1) + [True])
    _, outcome, _ = _train(tmp_path / "cut", should_stop=lambda: next(asked))
    assert (outcome.stopped, outcome.steps) == ("asked", stop_after)
    checkpoint = newest_usable(tmp_path / "cut" / "checkpoints")
    assert checkpoint is not None
    assert checkpoint.name == f"checkpoint-{stop_after}"
    resumed, outcome, events = _train(tmp_path / "cut", checkpoint=checkpoint)
    assert outcome.steps == 9
    assert next(e.step for e in events if isinstance(e, StepReport)) == stop_after + 1
    assert _bytes(resumed) == _bytes(whole)
    assert _losses(tmp_path / "cut") == _losses(tmp_path / "whole")


def test_two_checkpoints_are_kept_and_both_are_usable(tmp_path: Path) -> None:
    _train(tmp_path)
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert names == ["best-6.safetensors", "best-9.safetensors", "checkpoint-8", "checkpoint-9"]


def test_accumulated_batches_make_the_step_of_one_large_batch(tmp_path: Path) -> None:
    plain = dataclasses.replace(CONFIG, lora_dropout=0.0, max_steps=1, max_grad_norm=0.0)
    rows = random_rows(train=8)
    losses, weights = [], []
    for batch_size, accumulation in ((8, 1), (2, 4), (1, 8)):
        config = dataclasses.replace(
            plain, batch_size=batch_size, gradient_accumulation_steps=accumulation
        )
        model, outcome, _ = _train(tmp_path / str(batch_size), config, rows)
        losses.append(outcome.first_loss)
        weights.append(model.adapter_weights())
    assert losses[1:] == pytest.approx([losses[0]] * 2, rel=1e-5)
    for other in weights[1:]:
        for name, tensor in weights[0].items():
            assert torch.allclose(tensor, other[name], atol=1e-5), name


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
@pytest.mark.parametrize("max_grad_norm", [0.0, 0.5])
def test_the_steps_are_torchs_own(tmp_path: Path, schedule: str, max_grad_norm: float) -> None:
    config = dataclasses.replace(
        CONFIG,
        lora_dropout=0.0,
        schedule=schedule,
        warmup_share=0.4,
        weight_decay=0.1,
        max_grad_norm=max_grad_norm,
        max_steps=5,
        tracker="none",
    )
    trained, _, events = _train(tmp_path, config, random_rows(train=4))
    model, rows = tiny_lora_model(config), random_rows(train=4).train
    optimizer = torch.optim.AdamW(model.parameters, lr=config.learning_rate, weight_decay=0.1)
    rates = [learning_rate_share(config, 4, step) for step in range(5)]
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: [*rates, 0][step])
    norms = []
    for _ in range(5):
        optimizer.zero_grad()
        model.add_gradients(rows, loss_tokens=loss_tokens(rows), seed=0)
        norms.append(torch.nn.utils.get_total_norm([p.grad for p in model.parameters]).item())
        if max_grad_norm:
            torch.nn.utils.clip_grad_norm_(model.parameters, max_grad_norm)
        optimizer.step()
        scheduler.step()
    steps = [event for event in events if isinstance(event, StepReport)]
    assert [step.learning_rate for step in steps] == pytest.approx([1e-2 * r for r in rates])
    assert [step.grad_norm for step in steps] == pytest.approx(norms, rel=1e-4)
    for mine, torchs in zip(trained.parameters, model.parameters, strict=True):
        assert torch.allclose(mine, torchs, atol=1e-5)


def test_only_the_adapter_is_trained(tmp_path: Path) -> None:
    base = tiny_qwen()
    model = tiny_lora_model(CONFIG, base=base)
    before = {name: tensor.clone() for name, tensor in base.named_parameters()}
    train(model, ROWS, CONFIG, tmp_path, on_progress=lambda event: None)
    changed = {
        name for name, tensor in base.named_parameters() if not torch.equal(tensor, before[name])
    }
    assert {name.split(".")[-3] for name in changed} == {"lora_A", "lora_B"}
    assert len(changed) == 2 * 2 * 7


def test_the_weights_of_the_lowest_evaluation_loss_are_kept(tmp_path: Path) -> None:
    # So high a rate makes later weights worse than early ones.
    config = dataclasses.replace(CONFIG, learning_rate=0.5, evaluate_every_steps=1, max_steps=6)
    model, outcome, events = _train(tmp_path, config)
    measured = {e.step: e.evaluation_loss for e in events if isinstance(e, EvaluationReport)}
    assert len(measured) == 6
    assert outcome.best_evaluation_loss == min(measured.values())
    assert measured[outcome.best_step or 0] == outcome.best_evaluation_loss
    assert outcome.best_step != 6
    again = mean_loss(model, ROWS.evaluation, ALONE)
    assert again == pytest.approx(outcome.best_evaluation_loss, rel=1e-6)


def test_training_ends_when_the_evaluation_loss_falls_no_more(tmp_path: Path) -> None:
    config = dataclasses.replace(
        CONFIG, learning_rate=0.5, evaluate_every_steps=1, max_steps=50, early_stopping_patience=2
    )
    _, outcome, events = _train(tmp_path, config)
    assert outcome.stopped == "early"
    assert outcome.best_step is not None
    assert outcome.steps == outcome.best_step + 2
    assert len([e for e in events if isinstance(e, StepReport)]) == outcome.steps


def test_without_evaluation_rows_the_last_weights_are_kept(tmp_path: Path) -> None:
    _, outcome, events = _train(tmp_path, rows=random_rows(train=10))
    assert outcome.best_evaluation_loss is None
    assert not [event for event in events if isinstance(event, EvaluationReport)]


def test_diagrams_are_asked_for_after_each_measurement_and_logged(tmp_path: Path) -> None:
    asked: list[tuple[int, bytes]] = []

    def draw(step: int, adapter: Callable[[], bytes]) -> DiagramsReport | None:
        asked.append((step, adapter()))
        return DiagramsReport(step, 4, 3, 2, 1, 9.0) if step == 6 else None

    model, _, events = _train(tmp_path, on_evaluation=draw)
    assert [step for step, _ in asked] == [3, 6, 9]
    assert asked[-1][1] == _bytes(model)
    drawn = DiagramsReport(6, 4, 3, 2, 1, 9.0)
    assert [event for event in events if isinstance(event, DiagramsReport)] == [drawn]
    assert drawn in list(logged_reports(tmp_path / "log.jsonl"))


def test_a_run_that_ended_early_does_not_go_on(tmp_path: Path) -> None:
    config = dataclasses.replace(
        CONFIG, learning_rate=0.5, evaluate_every_steps=1, max_steps=50, early_stopping_patience=2
    )
    first, outcome, _ = _train(tmp_path, config)
    newest = newest_usable(tmp_path / "checkpoints")
    assert newest is not None
    again, same, events = _train(tmp_path, config, checkpoint=newest)
    assert (same.steps, same.stopped) == (outcome.steps, "early")
    assert events == []
    assert _bytes(again) == _bytes(first)


def test_a_loss_that_is_no_number_ends_the_run(tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, learning_rate=1.0, max_grad_norm=0.0)
    model = tiny_lora_model(config)
    with torch.no_grad():
        model.parameters[0].fill_(float("nan"))
    with pytest.raises(TrainingError, match="the loss is nan at step 1"):
        train(model, ROWS, config, tmp_path, on_progress=lambda event: None)


def test_a_full_disk_keeps_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = checkpoints.write_bytes, []

    def write_until_full(path: Path, content: bytes) -> None:
        written.append(path.name)
        if written.count("optimizer.safetensors") == 2:
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(checkpoints, "write_bytes", write_until_full)
    with pytest.raises(StorageError, match="No space left on device") as raised:
        _train(tmp_path)
    assert str(tmp_path) in raised.value.message
    assert "--resume" in raised.value.hint
    assert newest_usable(tmp_path / "checkpoints") == tmp_path / "checkpoints" / "checkpoint-2"


def test_an_estimate_leaves_the_run_as_it_was(tmp_path: Path) -> None:
    model = tiny_lora_model(CONFIG)
    estimate = estimate_training(model, ROWS, CONFIG)
    assert estimate.steps == 9
    assert estimate.seconds > 0
    assert estimate.peak_memory_bytes > 10**7
    assert estimate.longest_row_tokens == max(map(len, ROWS.train))
    assert estimate.tokens_per_epoch == sum(map(len, ROWS.train))
    train(model, ROWS, CONFIG, tmp_path / "estimated", on_progress=lambda event: None)
    fresh, _, _ = _train(tmp_path / "fresh")
    assert _bytes(model) == _bytes(fresh)
