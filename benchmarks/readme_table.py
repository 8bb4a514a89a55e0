"""The README's measured table: a hundred prompts over all families, three systems, one run.

    python benchmarks/readme_table.py --work DIR [--limit N] [--system S …] [--write]

Evaluates benchmarks/prompts.jsonl with the default model and no adapter: as `naiad generate` does
it; the same without the grammar; and zero-shot.
Each system's report is kept in DIR and not made again, so a run that was stopped goes on. Prints
the table in Markdown; --write puts it between the README's markers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROMPTS = ROOT / "benchmarks" / "prompts.jsonl"
MODEL = "qwen2.5-coder-0.5b"
SHARES = ("parses", "draws", "right_type")
SYSTEMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "default": ("default: one worked example, under the grammar", ()),
    "no-constraint": ("the same without the grammar, header begun", ("--no-constraint",)),
    "zero-shot": ("zero-shot: the model alone", ("--zero-shot",)),
}
"""Name -> what the table calls it, and the options of `naiad eval`."""


def _naiad(*arguments: str) -> str:
    command = [sys.executable, "-m", "naiad.cli.app", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _report(work: Path, name: str, limit: int | None, *options: str) -> dict[str, Any]:
    path = work / f"{name}.json"
    if not path.exists():
        limits = () if limit is None else ("--limit", str(limit))
        path.write_text(_naiad("eval", str(PROMPTS), "--model", MODEL, "--json", *limits, *options))
    report: dict[str, Any] = json.loads(path.read_text())
    return report


def _row(name: str, report: dict[str, Any]) -> str:
    n = report["n"]
    shares = [
        f"{round(report[share]['value'] * n)}/{n} "
        f"({report[share]['low']:.0%}–{report[share]['high']:.0%})"
        for share in SHARES
    ]
    seconds = sorted(row["seconds"] for row in report["rows"])
    spread = f"{report['seconds_per_diagram']:.1f} ({seconds[0]:.1f}–{seconds[-1]:.1f})"
    return f"| {name} | " + " | ".join([*shares, spread]) + " |"


def _table(work: Path, limit: int | None, systems: Sequence[str]) -> str:
    rows = []
    for system in systems:
        title, options = SYSTEMS[system]
        rows.append(_row(title, _report(work, system, limit, *options)))
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    packages = ", ".join(f"{name} {version(name)}" for name in ("xllamacpp", "mini-racer"))
    return "\n".join(
        [
            f"Qwen2.5-Coder-0.5B (Q4_K_M) on the prompts of `{PROMPTS.relative_to(ROOT)}`, which",
            "cover all families, greedy, no adapter; in brackets the 95% bootstrap interval, for",
            f"seconds the range. Machine: {machine}; {packages}.",
            "Made by `python benchmarks/readme_table.py`.",
            "",
            "| system | parses | draws | right type | seconds a diagram |",
            "|---|---|---|---|---|",
            *rows,
        ]
    )


def _write_into_readme(table: str) -> None:
    page = ROOT / "README.md"
    before, rest = page.read_text("utf-8").split("<!-- measured -->")
    _, after = rest.split("<!-- /measured -->")
    page.write_text(
        f"{before}<!-- measured -->\n{table}\n<!-- /measured -->{after}", encoding="utf-8"
    )


def main() -> None:
    """Parse the arguments, measure, print and perhaps write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for the reports")
    parser.add_argument("--limit", type=int, help="only the first N prompts")
    parser.add_argument(
        "--system", action="append", choices=list(SYSTEMS), help="only these systems"
    )
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    table = _table(options.work, options.limit, options.system or list(SYSTEMS))
    print(table)
    if options.write:
        _write_into_readme(table)


if __name__ == "__main__":
    main()
