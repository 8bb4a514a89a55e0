"""What was found in the data, as the table that stands before the first step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from naiad.datasets.findings import Finding
    from naiad.training.preflight import DataSummary

MARK = "!"
"""Stands before what is wrong or worth a look; a plain character, for every terminal."""


def preflight_table(summary: DataSummary) -> Table:
    """Two columns: what was looked at, and the figure, with advice where something is wrong."""
    return findings_table(summary.findings())


def findings_table(findings: Iterable[Finding]) -> Table:
    """The same for any findings."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("what", no_wrap=True)
    table.add_column("figure", overflow="fold")
    for finding in findings:
        figure = Text(finding.figure)
        if finding.advice:
            figure.append(f"\n{MARK} {finding.advice}", style="yellow")
        table.add_row(Text(finding.what), figure)
    return table
