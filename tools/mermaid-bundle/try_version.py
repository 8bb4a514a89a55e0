"""Try another version of Mermaid: which families' grammars does it refute?

    python tools/mermaid-bundle/try_version.py VERSION [DATA.jsonl …] [--count 100] [--work DIR]

Copies the project to DIR (a temporary folder by default), builds the parser and the renderer
there with that version (needs Node and the package registry), and runs against it, with this
Python:

- the tests of the rooms `mermaid` and `grammar`;
- random samples of every grammar, judged and some drawn (benchmarks/grammar_samples.py);
- the normaliser and the grammars on the data files named (benchmarks/grammar_coverage.py).

Prints a line a family and names those that the version refutes: a sample that is not accepted or
not drawn, a structure that normalising changed, a fix that is not stable. Exit status 1 if there
are any, or if a test fails. The checkout itself is not touched; to take the version, put it into
package.json, build, and follow ARCHITECTURE.md, "A new Mermaid".
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("src", "tests", "benchmarks", "tools", "pyproject.toml", "docs", "README.md")
NEVER_COPIED = shutil.ignore_patterns("node_modules", "__pycache__", ".*_cache")


def main() -> None:
    """Build, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("version", help="of the mermaid package: 12.4.0, latest …")
    parser.add_argument("data", nargs="*", type=Path, help="JSONL files with diagrams")
    parser.add_argument("--count", type=int, default=100, help="samples of each family and noise")
    parser.add_argument("--work", type=Path, help="folder for the copy, which is kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        copy = (options.work or Path(temporary)).resolve()
        build(copy, options.version)
        failed_tests = tests(copy)
        refuted = samples(copy, options.count)
        if options.data:
            refuted |= coverage(copy, [path.resolve() for path in options.data])
    for name, reasons in sorted(refuted.items()):
        print(f"{name}: {reasons}")
    print(f"mermaid {options.version}: {len(refuted)} families refuted, {failed_tests}")
    sys.exit(bool(refuted) or failed_tests != "all tests passed")


def build(copy: Path, version: str) -> None:
    """A copy of the project, with the parser and the renderer of that version."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=NEVER_COPIED, dirs_exist_ok=True)
        else:
            shutil.copy(source, copy / name)
    tool = copy / "tools" / "mermaid-bundle"
    for command in (
        ["npm", "install", "--save-exact", "--no-audit", "--no-fund", f"mermaid@{version}"],
        ["npm", "run", "build"],
    ):
        subprocess.run(command, cwd=tool, check=True, stdout=sys.stderr)


def tests(copy: Path) -> str:
    """What became of the tests that know Mermaid."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/mermaid", "tests/grammar"]
    run = subprocess.run(command, cwd=copy, env=environment(copy), stdout=sys.stderr)
    return "all tests passed" if run.returncode == 0 else "tests failed (see above)"


def samples(copy: Path, count: int) -> dict[str, str]:
    """Families with a sample that is not accepted or not drawn, and how many."""
    outcomes = run_json(copy, "benchmarks/grammar_samples.py", "--json", "--count", str(count))
    return {
        each["type"]: f"{each['accepted']} of {each['samples']} samples accepted, "
        f"{each['cut_accepted']} of {each['cut']} cut off, {each['not_drawn']} not drawn"
        for each in outcomes
        if each["accepted"] < each["samples"]
        or each["cut_accepted"] < each["cut"]
        or each["not_drawn"]
    }


def coverage(copy: Path, data: list[Path]) -> dict[str, str]:
    """Families of which the fixer changes a structure, or does not come to rest."""
    families = run_json(copy, "benchmarks/grammar_coverage.py", "--json", *map(str, data))
    for name, each in families.items():
        print(f"{name}: {each['accepted']} of {each['valid']} accepted once normalised")
    return {
        name: f"{each['changed_by_fix']} changed by fix, {each['unstable']} unstable"
        for name, each in families.items()
        if each["changed_by_fix"] or each["unstable"]
    }


def run_json(copy: Path, *command: str) -> Any:
    """What a benchmark of the copy prints with --json, whatever its exit status."""
    run = subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env=environment(copy),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return json.loads(run.stdout)


def environment(copy: Path) -> dict[str, str]:
    """The copy's own package comes before the one that is installed."""
    return os.environ | {"PYTHONPATH": str(copy / "src")}


if __name__ == "__main__":
    main()
