"""log.jsonl: one line a step and one a measurement, written as they happen."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from naiad.files import translated_os_errors, write_text
from naiad.training.report import DiagramsReport, EvaluationReport, StepReport

LOG_NAME = "log.jsonl"


class RunLog:
    """The log of one run; a resumed run goes on in the same file."""

    def __init__(self, path: Path, *, keep_through_step: int) -> None:
        """Open the log; rows of steps after keep_through_step will be made again, so they go."""
        self.path: Path | None = path
        kept = [row for row in _rows(path) if row["step"] <= keep_through_step]
        self._losses = [row["loss"] for row in kept if "loss" in row]
        self._evaluations = [EvaluationReport(**row) for row in kept if "evaluation_loss" in row]
        write_text(path, "".join(json.dumps(row) + "\n" for row in kept))

    def unwritten(self) -> RunLog:
        """A copy that is kept in memory alone, for the processes that write no files."""
        copied = copy.deepcopy(self)
        copied.path = None
        return copied

    @property
    def losses(self) -> list[float]:
        """Loss of every step so far."""
        return self._losses

    @property
    def best(self) -> EvaluationReport | None:
        """The lowest evaluation loss so far."""
        return min(self._evaluations, key=lambda report: report.evaluation_loss, default=None)

    @property
    def last_evaluated_step(self) -> int:
        """0 before the first measurement."""
        return self._evaluations[-1].step if self._evaluations else 0

    @property
    def evaluations_since_best(self) -> int:
        """Measurements after the best one."""
        best = self.best
        return sum(report.step > best.step for report in self._evaluations) if best else 0

    def add(self, report: StepReport | EvaluationReport | DiagramsReport) -> None:
        """Append one line. Raises StorageError."""
        if isinstance(report, StepReport):
            self._losses.append(report.loss)
        elif isinstance(report, EvaluationReport):
            self._evaluations.append(report)
        if self.path is not None:
            line = json.dumps(dataclasses.asdict(report)) + "\n"
            with translated_os_errors("write", self.path), self.path.open("ab") as out:
                out.write(line.encode("utf-8"))

    def flush_to_disk(self) -> None:
        """Make what was added survive a loss of power. Raises StorageError."""
        if self.path is not None:
            with translated_os_errors("write", self.path), self.path.open("ab") as out:
                os.fsync(out.fileno())


def logged_reports(
    path: Path, *, through_step: int | None = None
) -> Iterator[StepReport | EvaluationReport | DiagramsReport]:
    """What a log holds, in its order; rows of no known kind are passed over."""
    for row in _rows(path):
        if through_step is not None and row["step"] > through_step:
            continue
        for key, kind in _KIND_OF_KEY.items():
            if key in row:
                yield kind(**row)
                break


_KIND_OF_KEY: dict[str, type[StepReport] | type[EvaluationReport] | type[DiagramsReport]] = {
    "loss": StepReport,
    "evaluation_loss": EvaluationReport,
    "diagrams": DiagramsReport,
}
"""The key that only rows of this kind have."""


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a log; a kill may have cut the last one short."""
    if not path.exists():
        return
    with translated_os_errors("read", path), path.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict) and isinstance(row.get("step"), int):
                yield row
