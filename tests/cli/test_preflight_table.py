"""The table before the first step: one line a finding, a mark where something is wrong."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from naiad.cli.preflight_table import findings_table
from naiad.datasets.findings import Finding


def _printed(*findings: Finding, width: int = 60) -> list[str]:
    console = Console(file=StringIO(), width=width)
    console.print(findings_table(findings))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def test_advice_stands_under_its_figure_behind_a_mark() -> None:
    assert _printed(Finding("rows", "9"), Finding("leaks", "1 row", "line 3: trained on")) == [
        "rows   9",
        "leaks  1 row",
        "       ! line 3: trained on",
    ]


def test_long_figures_are_wrapped_and_never_cut() -> None:
    types = ", ".join(f"type{number} 1" for number in range(20))
    lines = _printed(Finding("types", types), width=40)
    assert " ".join(line.removeprefix("types").strip() for line in lines) == types


def test_what_reads_like_markup_is_text() -> None:
    assert _printed(Finding("bad", "[red]1", "rows[/red].jsonl:3: [bold]x")) == [
        "bad  [red]1",
        "     ! rows[/red].jsonl:3: [bold]x",
    ]
