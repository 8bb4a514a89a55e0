"""How much of other people's Mermaid the grammars accept once it is normalised, by family.

    python benchmarks/grammar_coverage.py DATA.jsonl … [--type T] [--show N] [--drawn] [--json]

Rows hold a diagram under `mermaid`, or are training rows of any format Naiad reads (the answer
is the diagram). Each valid one whose data Mermaid can draw is normalised; it counts as accepted
when the official parser accepts the result, Mermaid's database says the same of both, and the
grammar reads it. The fixer is run on each as well: it must leave the structure of every valid
one unchanged, and running it again must change nothing. --drawn leaves out those that the
renderer cannot draw.
Exit status 0 whatever is found.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from naiad.errors import InvalidDiagram, NaiadError
from naiad.grammar import fix, refusal
from naiad.grammar.rewriting.rewrite import as_meant, rewrite
from naiad.mermaid import diagram_type_of, extract_diagram, validate
from naiad.mermaid.render import render_svg
from naiad.mermaid.structure import structure_difference, structure_of


@dataclass
class Coverage:
    """Counts for one family."""

    valid: int = 0
    accepted: int = 0
    changed_by_fix: int = 0
    """Valid diagrams whose structure the fixer changed: must be 0."""
    unstable: int = 0
    """Diagrams that a second run of the fixer changes again: must be 0."""
    exceptions: list[tuple[str, str]] = field(default_factory=list)
    """(reason, source) of those not accepted."""


def main() -> None:
    """Measure the files named on the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--type", action="append", help="only these families")
    parser.add_argument("--show", type=int, default=0, help="exceptions to print of each family")
    parser.add_argument("--drawn", action="store_true", help="leave out what does not draw")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    families: dict[str, Coverage] = defaultdict(Coverage)
    for data in options.data:
        for source in sources(data):
            diagram_type = diagram_type_of(source)
            if diagram_type and (not options.type or diagram_type in options.type):
                measure(source, families[diagram_type], drawn=options.drawn)
    if options.as_json:
        print(json.dumps(document(families), indent=2))
    else:
        print_table(families, options.show)


def sources(data: Path) -> Iterator[str]:
    """The diagrams of a JSONL file."""
    for line in data.read_text("utf-8").splitlines():
        row = json.loads(line)
        if "mermaid" in row:
            yield row["mermaid"]
        else:
            yield extract_diagram(row["contents"][-1]["parts"][0]["text"])


def measure(source: str, coverage: Coverage, *, drawn: bool) -> None:
    """Add one diagram to its family's counts."""
    source = as_meant(source)
    if not validate(source).valid or (drawn and not draws(source)):
        return
    try:
        structure_of(source)
    except InvalidDiagram:
        return
    coverage.valid += 1
    reason = refused_for(source)
    if reason is None:
        coverage.accepted += 1
    else:
        coverage.exceptions.append((reason, source))
    fixed = fix(source)
    coverage.changed_by_fix += structure_difference(source, fixed.source) is not None
    coverage.unstable += fix(fixed.source).source != fixed.source


def refused_for(source: str) -> str | None:
    """Why a valid diagram is not accepted after normalisation; None when it is."""
    normalised = rewrite(source, repairing=False).source
    verdict = validate(normalised)
    if not verdict.valid:
        return f"normalised into something invalid: {verdict.problems[0]}"
    try:
        difference = structure_difference(source, normalised)
    except InvalidDiagram as error:
        return f"normalised into what cannot be drawn: {error}"
    if difference is not None:
        return f"structure changed: {difference}"
    refused = refusal(normalised)
    return None if refused is None else f"refused, line {refused.line}: {refused.message}"


def draws(source: str) -> bool:
    """Whether the renderer draws it."""
    try:
        render_svg(source)
    except NaiadError:
        return False
    return True


def document(families: dict[str, Coverage]) -> dict[str, object]:
    """The figures as JSON."""
    return {
        name: {
            "valid": each.valid,
            "accepted": each.accepted,
            "changed_by_fix": each.changed_by_fix,
            "unstable": each.unstable,
            "exceptions": [reason for reason, _ in each.exceptions],
        }
        for name, each in families.items()
    }


def print_table(families: dict[str, Coverage], show: int) -> None:
    """A line a family, then the exceptions asked for."""
    for name, each in sorted(families.items()):
        share = each.accepted / each.valid if each.valid else 0
        print(
            f"{name:20} {each.accepted:4} of {each.valid:4} accepted ({share:6.1%}), "
            f"{each.changed_by_fix} changed by fix, {each.unstable} unstable"
        )
        for reason, source in each.exceptions[:show]:
            print(f"  - {reason}\n{source}\n  ----", file=sys.stderr)
    valid = sum(each.valid for each in families.values())
    accepted = sum(each.accepted for each in families.values())
    print(f"{'all':20} {accepted:4} of {valid:4} accepted ({accepted / max(valid, 1):.1%})")


if __name__ == "__main__":
    main()
