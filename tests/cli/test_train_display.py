"""What a person sees of a training, on a terminal and in a log file."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from naiad.cli import train_display
from naiad.cli.train_display import RunFigures, TrainingDisplay, duration
from naiad.training.report import (
    DiagramsReport,
    EvaluationReport,
    Notice,
    StepReport,
    TrainingEstimate,
)


class Clock:
    """Seconds that pass when the test says so."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def _step(
    step: int, loss: float = 2.0, tokens: int = 100, seconds: float = 10.0, total: int = 40
) -> StepReport:
    return StepReport(step, total, step / 20, loss, 5e-4, 1.0, tokens, seconds, tokens / seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _shown(
    events: list[Any], clock: Clock, *, is_terminal: bool = False, every: int | None = None
) -> str:
    """What is written for these events; each step takes the clock its seconds further."""
    file = io.StringIO()
    console = Console(
        file=file, force_terminal=is_terminal, soft_wrap=True, highlight=False, width=100
    )
    display = TrainingDisplay(console, every, clock)
    for event in events:
        if isinstance(event, StepReport):
            clock.now_s += event.seconds
        display.event(event)
    display.close()
    return file.getvalue()


def test_a_log_file_gets_the_first_every_tenth_and_the_last_step(clock: Clock) -> None:
    lines = _shown([_step(n, total=12) for n in range(1, 13)], clock).splitlines()
    assert lines == [
        "step 1 of 12, epoch 0.05, loss 2.000, 10 tokens/s, 2 min left",
        "step 10 of 12, epoch 0.50, loss 2.000, 10 tokens/s, 20 s left",
        "step 12 of 12, epoch 0.60, loss 2.000, 10 tokens/s",
    ]


def test_the_loss_of_a_line_is_the_mean_since_the_last_one(clock: Clock) -> None:
    events = [_step(1, 9.0), *(_step(n, loss=float(n)) for n in range(2, 11))]
    assert "step 10 of 40, epoch 0.50, loss 6.000" in _shown(events, clock)


def test_every_step_has_its_line_where_that_is_asked_for(clock: Clock) -> None:
    shown = _shown([_step(1, 3.0), _step(2, 1.0)], clock, every=1)
    assert [line.split(", ")[2] for line in shown.splitlines()] == ["loss 3.000", "loss 1.000"]


def test_measurements_diagrams_notices_and_the_estimate_are_lines(clock: Clock) -> None:
    shown = _shown(
        [
            Notice("info", "int8 at 512 GFLOP/s, [fp32] at 140"),
            Notice("warning", "short of memory"),
            TrainingEstimate(1200, 4000.0, 3.33, 2**31, 90_000, 512),
            EvaluationReport(50, 0.71234, True, 3.0),
            EvaluationReport(100, 0.8, False, 3.0),
            DiagramsReport(100, 8, 6, 5, 3, 24.4),
        ],
        clock,
    )
    assert shown.splitlines() == [
        "int8 at 512 GFLOP/s, [fp32] at 140",
        "warning: short of memory",
        "1,200 steps of about 3.3 s: 1 h 7 min and 2.0 GB of memory",
        "step 50: evaluation loss 0.7123, the lowest so far",
        "step 100: evaluation loss 0.8000",
        "step 100: 8 diagrams: 6 parse, 5 of the right type, 3 draw the same (24 s)",
    ]


def test_a_terminal_gets_a_panel_with_all_of_it(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_display, "_resident_bytes", lambda: 3 * 2**29)
    events = [
        _step(1),
        EvaluationReport(1, 0.75, True, 1.0),
        DiagramsReport(1, 4, 3, 2, 1, 1.0),
        _step(2),
    ]
    shown = _shown(events, clock, is_terminal=True)
    assert "step 2 of 40" in shown
    assert "epoch 0.10   loss 2.000   evaluation loss 0.7500 at best (step 1)" in shown
    assert "10 tokens/s   20 s so far   6 min left   1.5 GB of memory" in shown
    assert "4 diagrams: 3 parse, 2 of the right type, 1 draw the same" in shown
    assert "step 1 of 40, epoch" not in shown


def test_the_panel_leaves_the_screen_and_the_cursor_comes_back(clock: Clock) -> None:
    shown = _shown([_step(1)], clock, is_terminal=True)
    hide, show = "\x1b[?25l", "\x1b[?25h"
    assert (shown.count(hide), shown.count(show)) == (1, 1)
    assert shown.index(hide) < shown.index(show)


def test_a_measurement_prolongs_the_time_left(clock: Clock) -> None:
    figures = RunFigures(clock)
    clock.now_s += 10
    figures.add_step(_step(1))
    assert (figures.elapsed_s, figures.left_s) == (10.0, 390.0)
    clock.now_s += 10
    assert (figures.elapsed_s, figures.left_s) == (20.0, 780.0)


def test_a_resumed_run_counts_its_own_time(clock: Clock) -> None:
    figures = RunFigures(clock)
    for step in (31, 32):
        clock.now_s += 10
        figures.add_step(_step(step))
    assert (figures.elapsed_s, figures.left_s) == (20.0, 80.0)


def test_tokens_per_second_are_those_of_the_last_twenty_steps(clock: Clock) -> None:
    figures = RunFigures(clock)
    figures.add_step(_step(1, tokens=10**6, seconds=1.0))
    for step in range(2, 22):
        figures.add_step(_step(step, tokens=100 if step % 2 else 300, seconds=4.0))
    assert figures.tokens_per_s == 50.0


@pytest.mark.parametrize(
    ("seconds", "words"), [(4000, "1 h 7 min"), (100, "2 min"), (40, "40 s"), (89.6, "90 s")]
)
def test_durations_have_the_units_people_use(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_memory_is_that_of_this_process_and_its_children() -> None:
    pytest.importorskip("psutil")
    shown = train_display._resident_bytes()
    assert shown is not None
    assert shown > 10**6
