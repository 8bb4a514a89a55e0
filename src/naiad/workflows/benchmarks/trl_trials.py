"""Finding the settings that TRL is fastest with on this machine: each is tried on a few rows."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from naiad.workflows.benchmarks.jobs import Measurement, TrainingJob
from naiad.workflows.benchmarks.processes import measure
from naiad.workflows.benchmarks.systems import START_LOSS_TOLERANCE, TRL
from naiad.workflows.benchmarks.trl_settings import PRECISIONS, REFINEMENTS, TrlSettings

OnLine = Callable[[str], None]
"""Gets one line for people after each measurement."""

TRIAL_TIMEOUT_S = 600
"""After which settings are given up; torch.compile takes minutes."""


@dataclass(frozen=True)
class TrlTrial:
    """One of TRL's settings on a few rows."""

    settings: TrlSettings
    measurement: Measurement | None
    error: str | None
    """Why it was not measured, or why it does not count."""

    def as_json(self) -> dict[str, Any]:
        """The trial as one document."""
        found = None if self.measurement is None else asdict(self.measurement)
        return {"settings": asdict(self.settings), "error": self.error, "measurement": found}


def has_trl() -> bool:
    """Whether TRL is installed."""
    return importlib.util.find_spec("trl") is not None


def try_trl(job: TrainingJob, rows: int, on_line: OnLine) -> tuple[TrlTrial, ...]:
    """Every precision, then group by group what else TRL offers on top of the fastest so far."""
    job = replace(job, system=TRL, rows=job.rows[:rows])
    trials: list[TrlTrial] = []
    for settings in PRECISIONS:
        trials.append(_tried(job, settings, trials, on_line))
    for group in REFINEMENTS:
        best = fastest(trials)
        if best is None:
            break
        for name, changes in group.items():
            trials.append(_tried(job, best.with_changes(name, changes), trials, on_line))
    return tuple(trials)


def fastest(trials: Sequence[TrlTrial]) -> TrlSettings | None:
    """The settings of the trial that counts and took least time; None where none counts."""
    counted = [
        (trial.measurement.wall_s, trial.settings)
        for trial in trials
        if trial.measurement is not None and trial.error is None
    ]
    return min(counted, key=lambda pair: pair[0])[1] if counted else None


def _tried(
    job: TrainingJob, settings: TrlSettings, earlier: Sequence[TrlTrial], on_line: OnLine
) -> TrlTrial:
    found = measure(replace(job, settings=asdict(settings)), TRIAL_TIMEOUT_S)
    if isinstance(found, str):
        trial = TrlTrial(settings, None, found)
    else:
        trial = TrlTrial(settings, found, _why_not_counted(settings, found, earlier))
    on_line(f"TRL, {settings.name}: {told(found, len(job.rows))}{_added(trial)}")
    return trial


def _why_not_counted(
    settings: TrlSettings, found: Measurement, earlier: Sequence[TrlTrial]
) -> str | None:
    """How fast something else is computed, or this one wrongly, is no answer."""
    exact = earlier[0].measurement if earlier else found
    if exact is None or agrees(found.start_loss - exact.start_loss, settings.precision):
        return None
    return f"its start loss is {found.start_loss:.3f}, and {exact.start_loss:.3f} is right"


def _added(trial: TrlTrial) -> str:
    return f" ({trial.error})" if trial.error and trial.measurement else ""


def agrees(difference_nats: float, precision: str) -> bool:
    """Whether two start losses are of one objective, as far as the type of the products tells."""
    return abs(difference_nats) <= START_LOSS_TOLERANCE[precision]


def told(found: Measurement | str, rows: int) -> str:
    """A measurement, or why there is none, in a few words."""
    if isinstance(found, str):
        return found
    return f"{found.wall_s / rows:.2f} s and {found.cpu_s / rows:.2f} CPU-s an example"
