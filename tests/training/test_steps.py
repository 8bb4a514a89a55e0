"""Steps and learning rates, counted by hand."""

from __future__ import annotations

import pytest

from naiad.training.config import TrainingConfig
from naiad.training.steps import learning_rate_share, steps_per_epoch, total_steps


@pytest.mark.parametrize(
    ("rows", "batch", "accumulation", "expected"),
    [(10, 4, 1, 3), (10, 4, 2, 2), (8, 4, 2, 1), (1, 4, 8, 1)],
)
def test_the_last_step_of_an_epoch_may_be_smaller(
    rows: int, batch: int, accumulation: int, expected: int
) -> None:
    config = TrainingConfig(batch_size=batch, gradient_accumulation_steps=accumulation)
    assert steps_per_epoch(config, rows) == expected


def test_part_of_an_epoch_is_rounded_up() -> None:
    assert total_steps(TrainingConfig(epochs=1.5, batch_size=4), rows=20) == 8
    assert total_steps(TrainingConfig(epochs=0.01), rows=20) == 1


def test_max_steps_take_the_place_of_epochs() -> None:
    assert total_steps(TrainingConfig(epochs=1, max_steps=99), rows=20) == 99


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("linear", [0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.25]),
        ("constant", [0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0]),
        ("cosine", [0.25, 0.5, 0.75, 1.0, 0.853553, 0.5, 0.146447]),
    ],
)
def test_no_step_has_a_rate_of_zero(schedule: str, expected: list[float]) -> None:
    config = TrainingConfig(max_steps=7, warmup_share=3 / 7, schedule=schedule)
    rates = [learning_rate_share(config, 1, step) for step in range(7)]
    assert rates == pytest.approx(expected, abs=1e-6)
