"""How a training shows itself: a live panel on a terminal, lines elsewhere or where asked for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from naiad.cli.console import stderr
from naiad.cli.preflight_table import preflight_table
from naiad.cli.progress import download_bar

if TYPE_CHECKING:
    from naiad.models.progress import Progress
    from naiad.training.report import (
        DiagramsReport,
        EvaluationReport,
        ProgressEvent,
        StepReport,
        TrainingEstimate,
    )

STEPS_BETWEEN_LINES = 10
"""Without a terminal there is no panel: one line for so many steps."""

_STEPS_OF_RATE = 20
"""Steps whose tokens and seconds make the tokens per second: single steps jump about."""
_REFRESHES_PER_S = 1
"""The clock ticks; what it costs is taken from the training's own cores."""
_SEPARATOR = "   "


class RunFigures:
    """Where a run stands, from its reports: what a person wants to know while waiting."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: seconds, from anywhere, as time.monotonic counts them."""
        from naiad.training.smoothing import SmoothedLoss

        self._clock = clock
        self._smoothing = SmoothedLoss()
        self._recent: deque[tuple[int, float]] = deque(maxlen=_STEPS_OF_RATE)
        self._steps_here = 0
        self._began_s = 0.0
        self.last: StepReport | None = None
        self.loss = 0.0
        """Smoothed."""
        self.best: EvaluationReport | None = None
        """The lowest evaluation loss that this process measured."""
        self.diagrams: DiagramsReport | None = None
        """The newest."""

    def add_step(self, report: StepReport) -> None:
        """Take in a step that has just ended."""
        if self.last is None:
            self._began_s = self._clock() - report.seconds
        self._steps_here += 1
        self._recent.append((report.tokens, report.seconds))
        self.loss = self._smoothing.add(report.loss)
        self.last = report

    def add_evaluation(self, report: EvaluationReport) -> None:
        """Take in a measurement."""
        if self.best is None or report.evaluation_loss < self.best.evaluation_loss:
            self.best = report

    @property
    def tokens_per_s(self) -> float:
        """Over the last steps."""
        seconds = sum(seconds for _, seconds in self._recent)
        return sum(tokens for tokens, _ in self._recent) / max(seconds, 1e-9)

    @property
    def elapsed_s(self) -> float:
        """Since the first step that this process made began."""
        return self._clock() - self._began_s

    @property
    def left_s(self) -> float:
        """If the remaining steps go as those so far did, measurements included."""
        if self.last is None:
            return 0.0
        remaining = self.last.total_steps - self.last.step
        return self.elapsed_s * remaining / self._steps_here


class TrainingDisplay:
    """Receives what a training reports, and shows it. Close it, or use `training_display`."""

    def __init__(
        self,
        console: Console,
        lines_every_steps: int | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """lines_every_steps: None is the panel on a terminal, STEPS_BETWEEN_LINES elsewhere."""
        self._console = console
        self._lines_every_steps = lines_every_steps
        self._figures = RunFigures(clock)
        self._losses_since_line: list[float] = []
        self._bars = ExitStack()
        self._download: Progress | None = None
        self._live: Live | None = None

    def event(self, event: ProgressEvent) -> None:
        """What `finetune` calls with each event."""
        from naiad.training import report
        from naiad.training.preflight import DataSummary

        self._end_download()
        if isinstance(event, DataSummary):
            self._console.print(preflight_table(event))
        elif isinstance(event, report.StepReport):
            self._step(event)
        elif isinstance(event, report.EvaluationReport):
            self._figures.add_evaluation(event)
            self._line(_evaluation_line(event))
        elif isinstance(event, report.DiagramsReport):
            self._figures.diagrams = event
            self._line(f"step {event.step}: {_diagrams(event)} ({duration(event.seconds)})")
        elif isinstance(event, report.TrainingEstimate):
            self._line(estimate_line(event))
        else:
            self._line(f"{'warning: ' if event.kind == 'warning' else ''}{event.text}")

    def download(self, stage: str, done_bytes: int, total_bytes: int | None) -> None:
        """What `finetune` calls while a model is fetched or converted."""
        if not self._console.is_terminal:
            return
        if self._download is None:
            self._download = self._bars.enter_context(download_bar("model"))
        self._download(stage, done_bytes, total_bytes)

    def close(self) -> None:
        """Take the panel and the bar off the screen; what was printed stays."""
        self._end_download()
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _end_download(self) -> None:
        self._bars.close()
        self._download = None

    def _step(self, report: StepReport) -> None:
        self._figures.add_step(report)
        self._losses_since_line.append(report.loss)
        if self._console.is_terminal:
            self._show_panel()
            if self._lines_every_steps is None:
                return
        every = self._lines_every_steps or STEPS_BETWEEN_LINES
        if report.step % every == 0 or report.step in (1, report.total_steps):
            self._line(self._step_line(report))
            self._losses_since_line.clear()

    def _step_line(self, report: StepReport) -> str:
        """The loss is the mean since the last line, so that no step goes unseen."""
        loss = sum(self._losses_since_line) / len(self._losses_since_line)
        parts = [
            f"step {report.step} of {report.total_steps}",
            f"epoch {report.epoch:.2f}",
            f"loss {loss:.3f}",
            f"{self._figures.tokens_per_s:.0f} tokens/s",
        ]
        if report.step < report.total_steps:
            parts.append(f"{duration(self._figures.left_s)} left")
        return ", ".join(parts)

    def _show_panel(self) -> None:
        if self._live is None:
            self._live = Live(
                console=self._console,
                get_renderable=self._panel,
                refresh_per_second=_REFRESHES_PER_S,
                transient=True,
            )
            self._live.start()
        self._live.refresh()

    def _panel(self) -> RenderableType:
        figures, last = self._figures, self._figures.last
        if last is None:
            return ""
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            f"step {last.step} of {last.total_steps}",
            ProgressBar(total=last.total_steps, completed=last.step, width=40),
            f"{last.step / last.total_steps:.0%}",
        )
        lines = [_quality(figures), _pace(figures)]
        if figures.diagrams is not None:
            lines.append([_diagrams(figures.diagrams)])
        return Group(bar, *(Text(_SEPARATOR.join(parts)) for parts in lines))

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False)


@contextmanager
def training_display(lines_every_steps: int | None) -> Iterator[TrainingDisplay]:
    """A display on standard error, closed when the block ends."""
    display = TrainingDisplay(stderr, lines_every_steps)
    try:
        yield display
    finally:
        display.close()


def estimate_line(estimate: TrainingEstimate) -> str:
    """What a run will cost, in one line."""
    return (
        f"{estimate.steps:,} steps of about {estimate.seconds_per_step:.1f} s: "
        f"{duration(estimate.seconds)} and {estimate.peak_memory_bytes / 2**30:.1f} GB of memory"
    )


def duration(seconds: float) -> str:
    """4000 -> "1 h 7 min", 100 -> "2 min", 40 -> "40 s" """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _evaluation_line(report: EvaluationReport) -> str:
    best = ", the lowest so far" if report.is_best else ""
    return f"step {report.step}: evaluation loss {report.evaluation_loss:.4f}{best}"


def _diagrams(report: DiagramsReport) -> str:
    noun = "diagram" if report.diagrams == 1 else "diagrams"
    return (
        f"{report.diagrams} {noun}: {report.parses} parse, {report.right_type} of the right "
        f"type, {report.same_structure} draw the same"
    )


def _quality(figures: RunFigures) -> list[str]:
    assert figures.last is not None
    parts = [f"epoch {figures.last.epoch:.2f}", f"loss {figures.loss:.3f}"]
    if figures.best is not None:
        best = figures.best
        parts.append(f"evaluation loss {best.evaluation_loss:.4f} at best (step {best.step})")
    return parts


def _pace(figures: RunFigures) -> list[str]:
    parts = [
        f"{figures.tokens_per_s:.0f} tokens/s",
        f"{duration(figures.elapsed_s)} so far",
        f"{duration(figures.left_s)} left",
    ]
    memory_bytes = _resident_bytes()
    if memory_bytes is not None:
        parts.append(f"{memory_bytes / 2**30:.1f} GB of memory")
    return parts


def _resident_bytes() -> int | None:
    """Memory of this process and those it started, None where that cannot be told."""
    try:
        import psutil
    except ImportError:
        return None
    try:
        process = psutil.Process()
        family = [process, *process.children(recursive=True)]
        return sum(int(each.memory_info().rss) for each in family)
    except psutil.Error:  # one of them ended meanwhile
        return None
