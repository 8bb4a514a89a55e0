"""losses.svg and losses.png: how a run went, drawn from its log.jsonl."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naiad.files import write_bytes
from naiad.training.report import (
    DiagramsReport,
    EvaluationReport,
    Notice,
    OnProgress,
    StepReport,
    no_progress,
)
from naiad.training.run_log import LOG_NAME, logged_reports
from naiad.training.smoothing import SmoothedLoss

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SVG_NAME = "losses.svg"
PNG_NAME = "losses.png"

_TRAIN_COLOR = "#2f6f9f"
_EVALUATION_COLOR = "#c2571a"
_QUIET_COLOR = "#6b6b6b"
_WIDTH_IN = 8.0
_LOSS_HEIGHT_IN = 3.6
_SMALL_HEIGHT_IN = 1.2


def draw_losses(folder: Path, on_progress: OnProgress = no_progress) -> bool:
    """Draw the log of the run in `folder` beside it; whether there are pictures now.

    The same log gives the same bytes. A picture is worth no training, so what prevents it is a
    warning and no error.
    """
    try:
        reports = list(logged_reports(folder / LOG_NAME))
        if not any(isinstance(report, StepReport) for report in reports):
            return False
        for name, content in _pictures(reports).items():
            write_bytes(folder / name, content)
    except Exception as error:
        on_progress(Notice("warning", f"the losses were not drawn: {error}"))
        return False
    return True


def _pictures(
    reports: Sequence[StepReport | EvaluationReport | DiagramsReport],
) -> dict[str, bytes]:
    svg, png = BytesIO(), BytesIO()
    with _own_style():
        figure = _figure(reports)
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": "Naiad"})
        figure.savefig(png, format="png", dpi=120, metadata={"Software": "Naiad"})
    return {SVG_NAME: svg.getvalue(), PNG_NAME: png.getvalue()}


@contextmanager
def _own_style() -> Iterator[None]:
    """Matplotlib as it comes, whatever the user's own settings are, and then ours."""
    from matplotlib import style

    ours = {
        # Names in the SVG are hashes, salted at random unless told otherwise.
        "svg.hashsalt": "naiad",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e4e4e4",
        "legend.frameon": False,
    }
    with style.context(["default", ours]):
        yield


def _figure(reports: Sequence[StepReport | EvaluationReport | DiagramsReport]) -> Figure:
    # No pyplot: it keeps figures in a global list and looks for a screen.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    steps = [report for report in reports if isinstance(report, StepReport)]
    measured = [report for report in reports if isinstance(report, EvaluationReport)]
    drawn = [report for report in reports if isinstance(report, DiagramsReport)]
    heights = [_LOSS_HEIGHT_IN, *([_SMALL_HEIGHT_IN] if drawn else []), _SMALL_HEIGHT_IN]
    figure = Figure(figsize=(_WIDTH_IN, sum(heights)), layout="constrained")
    FigureCanvasAgg(figure)
    panels: list[Any] = list(
        figure.subplots(len(heights), sharex=True, gridspec_kw={"height_ratios": heights})
    )
    _plot_losses(panels[0], steps, measured)
    if drawn:
        _plot_diagrams(panels[1], drawn)
    _plot_learning_rate(panels[-1], steps)
    return figure


def _plot_losses(
    axes: Axes, steps: Sequence[StepReport], measured: Sequence[EvaluationReport]
) -> None:
    smoothing = SmoothedLoss()
    at = [report.step for report in steps]
    losses = [report.loss for report in steps]
    axes.plot(at, losses, color=_TRAIN_COLOR, alpha=0.3, linewidth=0.8, label="train, each step")
    smooth = [smoothing.add(loss) for loss in losses]
    axes.plot(at, smooth, color=_TRAIN_COLOR, linewidth=2, label="train, smoothed")
    if measured:
        _plot_evaluations(axes, measured)
    axes.set_ylabel("loss per answer token (nats)")
    axes.legend(loc="upper right")


def _plot_evaluations(axes: Axes, measured: Sequence[EvaluationReport]) -> None:
    best = min(measured, key=lambda report: report.evaluation_loss)
    axes.plot(
        [report.step for report in measured],
        [report.evaluation_loss for report in measured],
        color=_EVALUATION_COLOR,
        marker="o",
        markersize=4,
        linewidth=1,
        label="rows kept back",
    )
    axes.plot(
        [best.step],
        [best.evaluation_loss],
        linestyle="none",
        marker="*",
        markersize=13,
        color=_EVALUATION_COLOR,
        label=f"lowest: {best.evaluation_loss:.4f} at step {best.step:,}",
    )


def _plot_diagrams(axes: Axes, drawn: Sequence[DiagramsReport]) -> None:
    at = [report.step for report in drawn]
    for label, line, counts in (
        ("parses", "-", [report.parses for report in drawn]),
        ("right type", "--", [report.right_type for report in drawn]),
        ("same structure", ":", [report.same_structure for report in drawn]),
    ):
        shares = [100 * n / report.diagrams for n, report in zip(counts, drawn, strict=True)]
        axes.plot(at, shares, line, marker="o", markersize=3, color=_EVALUATION_COLOR, label=label)
    axes.set_ylim(-4, 104)
    axes.set_ylabel("diagrams (%)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.95), ncols=3, fontsize=8)


def _plot_learning_rate(axes: Axes, steps: Sequence[StepReport]) -> None:
    rates = [report.learning_rate for report in steps]
    axes.plot([report.step for report in steps], rates, color=_QUIET_COLOR, linewidth=1)
    axes.set_ylim(bottom=0)
    axes.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    axes.set_ylabel("learning rate")
    axes.set_xlabel("optimizer step")
