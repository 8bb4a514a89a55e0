"""Random diagrams of every grammar, shown to the official parser and some to the renderer.

    python benchmarks/grammar_samples.py [--type T] [--count 1000] [--seed 0] [--render 3]
        [--noise 0 0.05 0.3] [--show N] [--json]

For each family and noise, `count` diagrams are drawn from its line grammars (see
naiad.grammar.sampling) and judged. Every one must be accepted, and so must the diagram cut off
after a random line and closed by the grammar. Exit status 1 if any is not.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import zlib
from dataclasses import asdict, dataclass, field

from naiad.errors import NaiadError
from naiad.grammar import GRAMMARS, DiagramGrammar, LineRefused
from naiad.grammar.sampling import Sampler
from naiad.mermaid import validate
from naiad.mermaid.render import render_svg


@dataclass
class Outcome:
    """What became of one family's samples."""

    type: str
    samples: int = 0
    accepted: int = 0
    cut: int = 0
    cut_accepted: int = 0
    drawn: int = 0
    not_drawn: int = 0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)
    """Reason and source of the first few that failed."""

    @property
    def passed(self) -> bool:
        return self.samples == self.accepted and self.cut == self.cut_accepted


def main() -> None:
    """Sample the families named on the command line, all by default."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--type", action="append", choices=list(GRAMMARS))
    parser.add_argument("--count", type=int, default=1000, help="diagrams of each noise")
    parser.add_argument("--noise", type=float, nargs="+", default=[0.0, 0.05, 0.3])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--render", type=int, default=3, help="diagrams of each noise to draw")
    parser.add_argument("--show", type=int, default=3, help="failures to keep of each family")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    outcomes = [sampled(GRAMMARS[name], options) for name in options.type or GRAMMARS]
    if options.as_json:
        print(json.dumps([asdict(each) for each in outcomes], indent=2, ensure_ascii=False))
    sys.exit(not all(each.passed for each in outcomes))


def sampled(grammar: type[DiagramGrammar], options: argparse.Namespace) -> Outcome:
    """Draw and judge one family's samples."""
    outcome = Outcome(grammar.type)
    began_s = time.monotonic()
    for noise in options.noise:
        for number in range(options.count):
            seed = zlib.crc32(f"{options.seed} {grammar.type} {noise} {number}".encode())
            one_sample(grammar, noise, seed, options, outcome, render=number < options.render)
    outcome.seconds = round(time.monotonic() - began_s, 1)
    if not options.as_json:
        print(
            f"{outcome.type:20} {outcome.accepted} of {outcome.samples} accepted, "
            f"cut and closed {outcome.cut_accepted} of {outcome.cut}, "
            f"drawn {outcome.drawn} of {outcome.drawn + outcome.not_drawn}, {outcome.seconds} s",
            flush=True,
        )
        for failure in outcome.failures:
            print(failure, file=sys.stderr)
    return outcome


def one_sample(
    grammar: type[DiagramGrammar],
    noise: float,
    seed: int,
    options: argparse.Namespace,
    outcome: Outcome,
    *,
    render: bool,
) -> None:
    """Draw one diagram, judge it and its beginning, and perhaps draw it."""
    outcome.samples += 1
    try:
        source = Sampler(seed, noise=noise).diagram(grammar())
    except (LineRefused, ValueError) as error:
        keep(outcome, f"seed {seed} noise {noise}: {error}", "", options.show)
        return
    accepted = judged(source, f"seed {seed} noise {noise}", outcome, options.show)
    outcome.accepted += accepted
    outcome.cut += 1
    outcome.cut_accepted += judged(cut(grammar, source, seed), f"cut {seed}", outcome, options.show)
    if render and accepted:
        try:
            render_svg(source)
            outcome.drawn += 1
        except NaiadError as error:
            outcome.not_drawn += 1
            keep(outcome, f"not drawn: {error}", source, options.show)


def cut(grammar: type[DiagramGrammar], source: str, seed: int) -> str:
    """The diagram's first lines, closed by the grammar."""
    lines = source.split("\n")
    fresh = grammar()
    kept = lines[: random.Random(seed).randint(0, len(lines))]
    for line in kept:
        fresh.read(line)
    return "\n".join([*kept, *(fresh.closing_lines() if not fresh.may_end else [])])


def judged(source: str, name: str, outcome: Outcome, show: int) -> bool:
    """Whether the judge accepts it; the first few refused are kept."""
    verdict = validate(source)
    if not verdict.valid:
        keep(outcome, f"{name}: {verdict.problems[0]}", source, show)
    return verdict.valid


def keep(outcome: Outcome, reason: str, source: str, show: int) -> None:
    """Remember a failure, unless there are enough."""
    if len(outcome.failures) < show:
        outcome.failures.append(f"--- {reason}\n{source}")


if __name__ == "__main__":
    main()
