"""Which diagrams of a data file parse and which draw, by family, and why the others do not.

    python benchmarks/render_coverage.py DATA.jsonl [--per-family N] [--limit N] [--json]

Rows hold a diagram under `mermaid`, or are training rows of any format Naiad reads (the answer
is the diagram). Each is judged, drawn as SVG and painted as PNG. Exit status 0 whatever is found.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from naiad.errors import NaiadError
from naiad.mermaid import extract_diagram, validate
from naiad.mermaid.render import RENDERER, rasterize, render_svg


@dataclass
class Coverage:
    """Counts for one family, or for all."""

    diagrams: int = 0
    parse: int = 0
    draw: int = 0
    paint: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """Why diagrams that parse were not drawn, with names and numbers taken out."""


def main() -> None:
    """Measure the file named on the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--per-family", type=int, help="at most this many of each family")
    parser.add_argument("--limit", type=int, help="at most this many in all")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    families = measure(options.data, options.per_family, options.limit)
    if options.as_json:
        print(json.dumps(document(options.data, families), indent=2))
    else:
        print_table(families)


def measure(data: Path, per_family: int | None, limit: int | None) -> dict[str, Coverage]:
    """Coverage by family, in the order in which the families appear."""
    families: dict[str, Coverage] = defaultdict(Coverage)
    measured = 0
    for source in sources(data):
        verdict = validate(source)
        coverage = families[verdict.type or "unknown"]
        if per_family is not None and coverage.diagrams >= per_family:
            continue
        count(source, verdict.valid, coverage)
        measured += 1
        if measured == limit:
            break
    return dict(families)


def count(source: str, is_valid: bool, coverage: Coverage) -> None:
    """Draw one diagram and note in `coverage` how far it came."""
    coverage.diagrams += 1
    coverage.parse += is_valid
    try:
        svg = render_svg(source)
        coverage.draw += 1
        rasterize(svg, scale=1)
        coverage.paint += 1
    except NaiadError as error:
        if is_valid:
            coverage.reasons[reason(error.message)] += 1


def sources(data: Path) -> Iterator[str]:
    """The diagram of each row."""
    for line in data.read_text("utf-8").splitlines():
        row = json.loads(line)
        if "mermaid" in row:
            yield row["mermaid"]
        elif "contents" in row:
            yield extract_diagram(row["contents"][-1]["parts"][0]["text"])
        elif "messages" in row:
            yield extract_diagram(row["messages"][-1]["content"])


def reason(message: str) -> str:
    """A failure's message without what is particular to the diagram."""
    message = message.removeprefix(f"{RENDERER} cannot draw this: ")
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "…", message)[:90]


def total(families: dict[str, Coverage]) -> Coverage:
    """The sum over all families."""
    whole = Coverage()
    for coverage in families.values():
        whole.diagrams += coverage.diagrams
        whole.parse += coverage.parse
        whole.draw += coverage.draw
        whole.paint += coverage.paint
        whole.reasons += coverage.reasons
    return whole


def document(data: Path, families: dict[str, Coverage]) -> dict[str, object]:
    """What --json prints."""
    return {
        "data": data.name,
        "renderer": RENDERER,
        "total": row(total(families)),
        "families": {name: row(coverage) for name, coverage in families.items()},
    }


def row(coverage: Coverage) -> dict[str, object]:
    """The counts as JSON; asdict would make a Counter of the reasons' pairs."""
    return {**vars(coverage), "reasons": dict(coverage.reasons)}


def print_table(families: dict[str, Coverage]) -> None:
    """One line a family, then the reasons."""
    print(f"{'family':22}{'n':>6}{'parse':>7}{'draw':>7}{'paint':>7}")
    for name, coverage in [*sorted(families.items()), ("all", total(families))]:
        print(
            f"{name:22}{coverage.diagrams:6}{coverage.parse:7}{coverage.draw:7}{coverage.paint:7}"
        )
    for text, times in total(families).reasons.most_common():
        print(f"{times:6}  {text}")


if __name__ == "__main__":
    main()
