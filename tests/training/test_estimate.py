"""An estimate against a clock that stands still but for known costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tiny_lora import random_rows, torch

from naiad.datasets.tokenizing import TokenizedExample
from naiad.training import estimate
from naiad.training.config import TrainingConfig
from naiad.training.estimate import estimate_training, seconds_by_tokens
from naiad.training.rows import RunPlan


class _Clocked:
    """A model whose every computation takes a known time on its own clock."""

    description, precision, target_modules = "clocked", "fp32", ("q_proj",)

    def __init__(self) -> None:
        self.now_s = 100.0
        self.computed = 0
        self.parameters = [torch.ones(3, requires_grad=True)]

    def add_gradients(self, rows: Sequence[TokenizedExample], **_: Any) -> float:
        """A quarter of a second and 10 ms a token; the first time 50 s more."""
        self.now_s += 0.25 + 0.01 * sum(map(len, rows)) + (50 if not self.computed else 0)
        self.computed += 1
        self.parameters[0].grad += 1.0
        return 1.0

    def summed_loss(self, rows: Sequence[TokenizedExample]) -> float:
        """4 ms a token."""
        self.now_s += 0.004 * sum(map(len, rows))
        return 1.0


@pytest.mark.parametrize("settings", [{"epochs": 2}, {"max_steps": 3}, {"batch_size": 1}])
def test_known_costs_are_found(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model, rows = _Clocked(), random_rows(train=41, evaluation=40)
    monkeypatch.setattr(estimate.time, "perf_counter", lambda: model.now_s)
    config = TrainingConfig(evaluate_every_steps=5, **settings)
    found = estimate_training(model, rows, config)
    plan = RunPlan(rows.train, config)
    train_s = sum(0.25 + 0.01 * plan.step(step + 1).tokens for step in range(plan.steps))
    evaluations = -(-plan.steps // 5)
    evaluation_s = evaluations * 0.004 * sum(map(len, rows.evaluation))
    assert found.steps == plan.steps
    # Between the measured steps and the shortest ones the line is not quite the true one.
    assert found.seconds == pytest.approx(train_s + evaluation_s, rel=0.05)
    assert model.computed == 5
    assert torch.equal(model.parameters[0], torch.ones(3))
    assert model.parameters[0].grad is None


def test_a_longer_step_never_takes_less() -> None:
    seconds = seconds_by_tokens([(10, 2.0), (30, 1.0), (20, 3.0)])
    assert [seconds(n) for n in (5, 10, 15, 20, 25, 30, 60)] == [1, 2, 2.5, 3, 3, 3, 6]


def test_equal_lengths_are_no_hindrance() -> None:
    assert seconds_by_tokens([(10, 2.0), (10, 2.0)])(10) == 2.0
