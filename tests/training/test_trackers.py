"""What TensorBoard and Trackio hold of a run, after a kill too, and that neither can stop it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from naiad.errors import ConfigError
from naiad.training.config import TrainingConfig
from naiad.training.report import DiagramsReport, EvaluationReport, Notice, StepReport
from naiad.training.run_log import RunLog
from naiad.training.trackers import open_trackers, scalars_of

EventAccumulator = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator"
).EventAccumulator


def _step(step: int, loss: float = 3.0) -> StepReport:
    return StepReport(step, 9, 0.5, loss, 1e-4, 1.0, 10, 1.0, 10.0)


def _in_tensorboard(folder: Path, name: str) -> list[tuple[int, float]]:
    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    return [(event.step, round(event.value, 5)) for event in events.Scalars(name)]


def test_every_number_has_the_name_that_people_look_for() -> None:
    assert scalars_of(_step(1)) == {
        "train/loss": 3.0,
        "train/learning_rate": 1e-4,
        "train/grad_norm": 1.0,
        "train/epoch": 0.5,
        "train/tokens_per_second": 10.0,
    }
    assert scalars_of(EvaluationReport(1, 0.7, True, 2.0)) == {"eval/loss": 0.7}
    assert scalars_of(DiagramsReport(1, 8, 6, 4, 2, 9.0)) == {
        "eval/parses": 0.75,
        "eval/right_type": 0.5,
        "eval/same_structure": 0.25,
    }


def test_steps_and_measurements_reach_tensorboard(tmp_path: Path) -> None:
    trackers = open_trackers(TrainingConfig(), tmp_path, 0)
    trackers.step(_step(1))
    trackers.evaluation(EvaluationReport(1, 0.5, True, 2.0))
    trackers.diagrams(DiagramsReport(1, 4, 3, 2, 1, 9.0))
    trackers.close()
    trackers.close()
    assert _in_tensorboard(tmp_path, "train/loss") == [(1, 3.0)]
    assert _in_tensorboard(tmp_path, "eval/loss") == [(1, 0.5)]
    assert _in_tensorboard(tmp_path, "eval/parses") == [(1, 0.75)]


@pytest.mark.parametrize("checkpoint", [0, 1])
def test_a_killed_run_has_each_step_once_in_tensorboard(tmp_path: Path, checkpoint: int) -> None:
    killed = open_trackers(TrainingConfig(), tmp_path, 0)
    for step in (1, 2, 3):
        killed.step(_step(step, loss=9.0))
    resumed = open_trackers(TrainingConfig(), tmp_path, checkpoint)
    for step in range(checkpoint + 1, 4):
        resumed.step(_step(step, loss=4.0))
    resumed.close()
    before = [(step, 9.0) for step in range(1, checkpoint + 1)]
    again = [(step, 4.0) for step in range(checkpoint + 1, 4)]
    assert _in_tensorboard(tmp_path, "train/loss") == before + again


def test_none_writes_nothing(tmp_path: Path) -> None:
    trackers = open_trackers(TrainingConfig(tracker="none"), tmp_path, 0)
    trackers.step(_step(1))
    trackers.close()
    assert list(tmp_path.iterdir()) == []


def test_a_tracker_that_cannot_open_is_one_warning(tmp_path: Path) -> None:
    (tmp_path / "tensorboard").write_text("a file where a folder should be")
    events: list[Any] = []
    trackers = open_trackers(TrainingConfig(), tmp_path, 0, events.append)
    trackers.step(_step(1))
    trackers.step(_step(2))
    trackers.close()
    assert [type(event) for event in events] == [Notice]
    assert (events[0].kind, "tensorboard" in events[0].text) == ("warning", True)


def test_a_tracker_that_fails_later_is_dropped_with_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch.utils.tensorboard import SummaryWriter

    def fail(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    events: list[Any] = []
    trackers = open_trackers(TrainingConfig(), tmp_path, 0, events.append)
    monkeypatch.setattr(SummaryWriter, "add_scalar", fail)
    for step in (1, 2, 3):
        trackers.step(_step(step))
    trackers.close()
    assert len(events) == 1
    assert "No space left on device" in events[0].text


def test_an_unknown_tracker_is_refused() -> None:
    with pytest.raises(ConfigError, match="tracker 'wandb' must be tensorboard, trackio"):
        TrainingConfig(tracker="wandb")


@pytest.fixture
def trackio_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Trackio with a folder of its own, a token that it must not use, and no network."""
    trackio = pytest.importorskip("trackio")
    folder = tmp_path / "trackio"
    for module in (trackio, trackio.sqlite_storage, trackio.utils):
        monkeypatch.setattr(module, "TRACKIO_DIR", folder)
    monkeypatch.setenv("HF_TOKEN", "hf_not_a_token")
    monkeypatch.setenv("TRACKIO_SPACE_ID", "somebody/else")
    monkeypatch.setenv("TRACKIO_SERVER_URL", "http://127.0.0.1:9/?write_token=x")

    def refuse(*arguments: Any, **named: Any) -> Any:
        asked.append(arguments)
        raise OSError("no network here")

    asked: list[Any] = []
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield folder
    assert asked == []


def _in_trackio() -> dict[str, list[tuple[int, float]]]:
    """Steps and losses of each run by its name."""
    trackio = pytest.importorskip("trackio")
    storage = trackio.sqlite_storage.SQLiteStorage
    return {
        run.name: [
            (row["step"], row["train/loss"])
            for row in storage.get_logs("naiad", run.name, run_id=run.id)
            if "train/loss" in row
        ]
        for run in trackio.Api().runs("naiad")
    }


def test_trackio_keeps_a_run_on_this_machine(
    trackio_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "my-adapter"
    folder.mkdir()
    events: list[Any] = []
    trackers = open_trackers(TrainingConfig(tracker="trackio"), folder, 0, events.append)
    trackers.step(_step(1))
    trackers.close()
    (run,) = _in_trackio().items()
    assert run[0].startswith("my-adapter-")
    assert run[1] == [(1, 3.0)]
    assert [event.kind for event in events] == ["info"]
    assert capsys.readouterr().out == ""
    assert (trackio_folder / "naiad.db").is_file()


def test_a_killed_run_has_each_step_once_in_trackio(trackio_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "my-adapter"
    folder.mkdir()
    config = TrainingConfig(tracker="trackio")
    log = RunLog(folder / "log.jsonl", keep_through_step=0)
    killed = open_trackers(config, folder, 0)
    for step in (1, 2, 3):
        log.add(_step(step, loss=9.0))
        killed.step(_step(step, loss=9.0))
    killed.close()
    (name,) = _in_trackio()
    resumed = open_trackers(config, folder, 1)
    resumed.step(_step(2, loss=4.0))
    resumed.close()
    assert _in_trackio() == {name: [(1, 9.0), (2, 4.0)]}
    begun_again = open_trackers(config, folder, 0)
    begun_again.step(_step(1, loss=5.0))
    begun_again.close()
    assert _in_trackio() == {name: [(1, 5.0)]}
    assert json.loads((folder / "trackio.json").read_text())["name"] == name
