"""The picture of a run: what it shows, that it is the same each time, and that it costs nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from naiad.training.loss_plot import draw_losses
from naiad.training.report import DiagramsReport, EvaluationReport, Notice, StepReport
from naiad.training.run_log import RunLog
from naiad.training.smoothing import SmoothedLoss

matplotlib = pytest.importorskip("matplotlib")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder with the log of four steps and two measurements."""
    log = RunLog(tmp_path / "log.jsonl", keep_through_step=0)
    for step, loss in enumerate((3.0, 2.0, 1.5, 1.25), start=1):
        log.add(StepReport(step, 4, step / 4, loss, 1e-4 * (4 - step), 1.0, 10, 1.0, 10.0))
    log.add(EvaluationReport(2, 1.75, True, 1.0))
    log.add(EvaluationReport(4, 1.875, False, 1.0))
    return tmp_path


def _words(folder: Path, name: str = "losses.svg") -> set[str]:
    """Texts of the picture: matplotlib writes each as paths, and as a comment above them."""
    return set(re.findall(r"<!-- (.*?) -->", (folder / name).read_text("utf-8")))


def test_the_curves_the_measurements_and_the_lowest_are_shown(run: Path) -> None:
    assert draw_losses(run)
    shown = {"train, each step", "train, smoothed", "rows kept back", "lowest: 1.7500 at step 2"}
    assert shown | {"learning rate", "optimizer step"} <= _words(run)
    assert (run / "losses.png").read_bytes().startswith(b"\x89PNG")


def test_diagrams_get_a_panel_only_where_there_are_some(run: Path) -> None:
    draw_losses(run)
    assert "diagrams (%)" not in _words(run)
    RunLog(run / "log.jsonl", keep_through_step=9).add(DiagramsReport(4, 4, 3, 2, 1, 9.0))
    draw_losses(run)
    assert {"diagrams (%)", "parses", "right type", "same structure"} <= _words(run)


def test_the_same_log_gives_the_same_bytes_whatever_the_user_s_style(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_losses(run)
    first = {name: (run / name).read_bytes() for name in ("losses.svg", "losses.png")}
    monkeypatch.setitem(matplotlib.rcParams, "font.size", 22)
    monkeypatch.setitem(matplotlib.rcParams, "svg.hashsalt", "another")
    draw_losses(run)
    assert {name: (run / name).read_bytes() for name in first} == first
    assert matplotlib.rcParams["font.size"] == 22


def test_a_run_without_measurements_is_drawn(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl", keep_through_step=0)
    log.add(StepReport(1, 1, 1.0, 3.0, 1e-4, 1.0, 10, 1.0, 10.0))
    assert draw_losses(tmp_path)
    assert "rows kept back" not in _words(tmp_path)


def test_a_run_without_a_step_has_no_picture(tmp_path: Path) -> None:
    assert not draw_losses(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_cannot_be_written_is_a_warning(run: Path) -> None:
    (run / "losses.svg").mkdir()
    events: list[Any] = []
    assert not draw_losses(run, events.append)
    assert [type(event) for event in events] == [Notice]
    assert events[0].kind == "warning"


def test_the_smoothed_loss_starts_at_the_first_and_leans_on_the_last() -> None:
    smoothing = SmoothedLoss()
    assert [round(smoothing.add(loss), 4) for loss in (4.0, 2.0, 2.0)] == [4.0, 2.9474, 2.5978]
