"""The README's measured table: ten prompts of ten diagram types, three systems, one run.

    python benchmarks/readme_table.py --work DIR [--steps 40] [--write]

Trains a few-step adapter on the packaged cookbook (so that anyone can rerun it), then evaluates
benchmarks/prompts.jsonl with the default model: zero-shot; as `naiad generate` does it; and with
that adapter. Prints the table in Markdown; --write puts it between the README's markers.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from naiad.datasets import Example, write_examples
from naiad.retrieval import packaged_examples

ROOT = Path(__file__).resolve().parent.parent
PROMPTS = ROOT / "benchmarks" / "prompts.jsonl"
MODEL = "qwen2.5-coder-0.5b"
SHARES = ("parses", "draws", "right_type")


def _naiad(*arguments: str) -> str:
    command = [sys.executable, "-m", "naiad.cli.app", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _train(work: Path, steps: int) -> Path:
    data, adapter = work / "cookbook.jsonl", work / f"adapter-{steps}-steps"
    write_examples(data, [Example(row.prompt, row.mermaid) for row in packaged_examples()])
    if not (adapter / "adapter_config.json").exists():
        _naiad(
            *("train", str(data), "--model", MODEL, "--output", str(adapter)),
            *("--max-steps", str(steps), "--evaluation-share", "0"),
        )
    return adapter


def _row(name: str, *options: str) -> str:
    report = json.loads(_naiad("eval", str(PROMPTS), "--model", MODEL, "--json", *options))
    n = report["n"]
    shares = [
        f"{round(report[share]['value'] * n)}/{n} "
        f"({report[share]['low']:.0%}–{report[share]['high']:.0%})"
        for share in SHARES
    ]
    seconds = sorted(row["seconds"] for row in report["rows"])
    spread = f"{report['seconds_per_diagram']:.1f} ({seconds[0]:.1f}–{seconds[-1]:.1f})"
    return f"| {name} | " + " | ".join([*shares, spread]) + " |"


def _table(work: Path, steps: int) -> str:
    adapter = _train(work, steps)
    rows = [
        _row("zero-shot: the model alone", "--zero-shot"),
        _row("default: header begun, one worked example"),
        _row(f"adapter of {steps} steps on the packaged cookbook", "--adapter", str(adapter)),
    ]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    packages = ", ".join(f"{name} {version(name)}" for name in ("xllamacpp", "mini-racer"))
    return "\n".join(
        [
            f"Qwen2.5-Coder-0.5B (Q4_K_M) on the ten prompts of `{PROMPTS.relative_to(ROOT)}`, ten",
            "diagram types, greedy; in brackets the 95% bootstrap interval, for seconds the range.",
            f"Machine: {machine}; {packages}. Made by `python benchmarks/readme_table.py`.",
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
    parser.add_argument("--work", type=Path, required=True, help="folder for data and adapter")
    parser.add_argument("--steps", type=int, default=40, help="training steps of the adapter")
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    table = _table(options.work, options.steps)
    print(table)
    if options.write:
        _write_into_readme(table)


if __name__ == "__main__":
    main()
