"""The log of a run, cut at the step it goes on from."""

from __future__ import annotations

import json
from pathlib import Path

from naiad.training.report import EvaluationReport, StepReport
from naiad.training.run_log import RunLog


def _step(step: int, loss: float) -> StepReport:
    return StepReport(step, 9, 0.5, loss, 1e-4, 1.0, 10, 1.0, 10.0)


def _measured(step: int, loss: float) -> EvaluationReport:
    return EvaluationReport(step, loss, False, 1.0)


def test_a_resumed_log_forgets_the_steps_that_come_again(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = RunLog(path, keep_through_step=0)
    for report in (_step(1, 3.0), _measured(1, 2.0), _step(2, 2.5), _measured(2, 1.0)):
        log.add(report)
    resumed = RunLog(path, keep_through_step=1)
    assert resumed.losses == [3.0]
    assert resumed.best == _measured(1, 2.0)
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 1]


def test_a_last_line_cut_short_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    RunLog(path, keep_through_step=0).add(_step(1, 3.0))
    with path.open("a") as file:
        file.write('{"step": 2, "lo')
    assert RunLog(path, keep_through_step=9).losses == [3.0]


def test_measurements_since_the_best_are_counted(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl", keep_through_step=0)
    assert (log.best, log.evaluations_since_best, log.last_evaluated_step) == (None, 0, 0)
    for step, loss in ((1, 2.0), (2, 1.0), (3, 1.5), (4, 1.0)):
        log.add(_measured(step, loss))
    assert log.best == _measured(2, 1.0)
    assert log.evaluations_since_best == 2
    assert log.last_evaluated_step == 4
