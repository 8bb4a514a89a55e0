"""What a run sends to TensorBoard and Trackio while it goes on, both on this machine only.

A tracker is for looking at. log.jsonl holds the same and is what a run goes on from, so a tracker
that fails is dropped with one warning, and the training goes on.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from naiad.errors import MissingExtra, NaiadError
from naiad.files import read_text, write_text
from naiad.training.config import TrainingConfig, tracker_names
from naiad.training.report import (
    DiagramsReport,
    EvaluationReport,
    Notice,
    OnProgress,
    StepReport,
    no_progress,
)
from naiad.training.run_log import LOG_NAME, logged_reports

TENSORBOARD_FOLDER = "tensorboard"
TRACKIO_NAME = "trackio.json"
TRACKIO_PROJECT = "naiad"
MAX_TRACKIO_BYTES = 2**16

Report = StepReport | EvaluationReport | DiagramsReport

_LEAVES_THE_MACHINE = (
    "TRACKIO_SPACE_ID",
    "TRACKIO_SERVER_URL",
    "TRACKIO_BUCKET_ID",
    "TRACKIO_DATASET_ID",
    "TRACKIO_WEBHOOK_URL",
)
"""Variables with which Trackio would send a run somewhere else."""


def scalars_of(report: Report) -> dict[str, float]:
    """The numbers of a report by the names that trackers show: train/loss, eval/loss …"""
    if isinstance(report, StepReport):
        return {
            "train/loss": report.loss,
            "train/learning_rate": report.learning_rate,
            "train/grad_norm": report.grad_norm,
            "train/epoch": report.epoch,
            "train/tokens_per_second": report.tokens_per_s,
        }
    if isinstance(report, EvaluationReport):
        return {"eval/loss": report.evaluation_loss}
    shares = {
        "eval/parses": report.parses,
        "eval/right_type": report.right_type,
        "eval/same_structure": report.same_structure,
    }
    return {name: count / report.diagrams for name, count in shares.items()}


class Trackers:
    """The trackers of one run."""

    def __init__(self, trackers: Mapping[str, _Tracker], on_progress: OnProgress) -> None:
        """Put opened trackers together; `open_trackers` opens them."""
        self._trackers = dict(trackers)
        self._on_progress = on_progress

    def step(self, report: StepReport) -> None:
        """Send one optimizer step."""
        self._send(report)

    def evaluation(self, report: EvaluationReport) -> None:
        """Send one measurement of the loss."""
        self._send(report)

    def diagrams(self, report: DiagramsReport) -> None:
        """Send how the diagrams of one measurement turned out, as shares."""
        self._send(report)

    def close(self) -> None:
        """Write what is not written yet; closing twice is harmless."""
        while self._trackers:
            name, tracker = self._trackers.popitem()
            with _failure_noted(name, self._on_progress):
                tracker.close()

    def _send(self, report: Report) -> None:
        for name, tracker in list(self._trackers.items()):
            with _failure_noted(name, self._on_progress, partial(self._trackers.pop, name)):
                tracker.add(report.step, scalars_of(report))


def open_trackers(
    config: TrainingConfig,
    folder: Path,
    purge_after_step: int,
    on_progress: OnProgress = no_progress,
) -> Trackers:
    """Open what `config.tracker` names, for the run in `folder`.

    purge_after_step: the step that the run goes on from, 0 at its beginning. Later steps that a
    killed run has sent will come again, so they are taken back. on_progress gets a Notice for
    each tracker that fails, now or later.
    """
    trackers = {}
    for name in tracker_names(config.tracker):
        with _failure_noted(name, on_progress):
            trackers[name] = _OPENERS[name](config, folder, purge_after_step, on_progress)
    return Trackers(trackers, on_progress)


class _Tracker(Protocol):
    def add(self, step: int, scalars: Mapping[str, float]) -> None: ...

    def close(self) -> None: ...


class _TensorBoard:
    """Event files in tensorboard/; `tensorboard --logdir` shows them."""

    def __init__(
        self, config: TrainingConfig, folder: Path, purge_after_step: int, on_progress: OnProgress
    ) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(
            log_dir=str(folder / TENSORBOARD_FOLDER), purge_step=purge_after_step + 1
        )

    def add(self, step: int, scalars: Mapping[str, float]) -> None:
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, step)
        # Else a kill takes up to two minutes of steps with it, which a resumed run, going on
        # behind them, would never send again.
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


class _Trackio:
    """A run of the project `naiad` in the user's own Trackio folder; `trackio show` shows it.

    Trackio cannot take steps back, so a resumed run is written anew from log.jsonl, in place of
    the one that trackio.json names.
    """

    def __init__(
        self, config: TrainingConfig, folder: Path, purge_after_step: int, on_progress: OnProgress
    ) -> None:
        name = f"{folder.resolve().name}-{time.strftime('%Y%m%d-%H%M')}"
        with _on_this_machine(), contextlib.redirect_stdout(io.StringIO()):
            self._trackio = _import_trackio()
            name = _delete_run(self._trackio, folder / TRACKIO_NAME) or name
            self._run = self._trackio.init(
                project=TRACKIO_PROJECT,
                name=name,
                config=config.as_dict(),
                embed=False,
                auto_log_cpu=False,
                auto_log_gpu=False,
            )
        write_text(
            folder / TRACKIO_NAME, json.dumps({"name": name, "id": self._run.id}, indent=2) + "\n"
        )
        for report in logged_reports(folder / LOG_NAME, through_step=purge_after_step):
            self.add(report.step, scalars_of(report))
        on_progress(Notice("info", f"watch it: trackio show --project {TRACKIO_PROJECT}"))

    def add(self, step: int, scalars: Mapping[str, float]) -> None:
        self._run.log(dict(scalars), step=step)

    def close(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            self._trackio.finish()


def _import_trackio() -> Any:
    try:
        return importlib.import_module("trackio")
    except ImportError as error:
        raise MissingExtra(
            f"{error.name} is not installed", hint="pip install 'naiad[trackio]'"
        ) from error


def _delete_run(trackio: Any, path: Path) -> str | None:
    """Delete the run that trackio.json names from Trackio's folder; its name, if there is one."""
    if not path.exists():
        return None
    try:
        named = json.loads(read_text(path, max_bytes=MAX_TRACKIO_BYTES))
        runs = trackio.Api().runs(TRACKIO_PROJECT)
    except (NaiadError, ValueError):
        return None
    for run in runs:
        if run.id == named["id"]:
            run.delete()
    return str(named["name"])


@contextlib.contextmanager
def _on_this_machine() -> Iterator[None]:
    """Keep Trackio from the network while it opens a run.

    It would send a run to a Space that the environment names, and with a token on this machine it
    asks the Hub for the user's name.
    """
    from huggingface_hub import constants

    environment = {n: os.environ.pop(n) for n in _LEAVES_THE_MACHINE if n in os.environ}
    offline, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = offline
        os.environ.update(environment)


@contextlib.contextmanager
def _failure_noted(
    name: str, on_progress: OnProgress, on_failure: Callable[[], Any] = lambda: None
) -> Iterator[None]:
    try:
        yield
    # Whatever it is: hours of training weigh more than their picture.
    except Exception as error:
        on_failure()
        reason = error.message if isinstance(error, NaiadError) else str(error) or repr(error)
        hint = f" ({error.hint})" if isinstance(error, NaiadError) and error.hint else ""
        on_progress(Notice("warning", f"nothing more goes to {name}: {reason}{hint}"))


_OPENERS: dict[str, Callable[[TrainingConfig, Path, int, OnProgress], _Tracker]] = {
    "tensorboard": _TensorBoard,
    "trackio": _Trackio,
}
