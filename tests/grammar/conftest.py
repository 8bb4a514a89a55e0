"""What every family's grammar and rewriter is asked, in the same words."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from naiad.errors import InvalidDiagram
from naiad.grammar import GRAMMARS, REWRITERS, LineRefused, refusal
from naiad.grammar.rewriting.rewrite import rewrite
from naiad.grammar.sampling import samples
from naiad.mermaid import diagram_type_of, validate
from naiad.mermaid.structure import structure_difference, structure_of

Check = Callable[..., None]


@pytest.fixture
def check_grammar() -> Check:
    """check_grammar(type, passing=[source …], failing=[(source, line number | None) …]).

    Passing: the grammar reads it and the judge accepts it. Failing: the grammar refuses that
    line (None: the end), whatever the judge thinks.
    """

    def check(
        diagram_type: str, passing: Iterable[str], failing: Iterable[tuple[str, int | None]]
    ) -> None:
        for source in passing:
            assert (refusal(source), source) == (None, source)
            assert (validate(source).problems, source) == ((), source)
            assert validate(source).type == diagram_type
        for source, line in failing:
            refused = refusal(source)
            assert refused is not None, source
            assert (refused.line, source) == (line, source)

    return check


@pytest.fixture
def check_rewriting() -> Check:
    """check_rewriting([(before, after) …]): valid, the same structure, canonical, and stable."""

    def check(pairs: Iterable[tuple[str, str]]) -> None:
        for before, after in pairs:
            assert rewrite(before, repairing=False).source == after
            assert rewrite(after, repairing=False).source == after
            assert structure_difference(before, after) is None
            assert (refusal(after), after) == (None, after)

    return check


@pytest.fixture
def check_repair() -> Check:
    """check_repair([(broken, repaired) …]): from invalid to valid and canonical, and told."""

    def check(pairs: Iterable[tuple[str, str]]) -> None:
        for broken, repaired in pairs:
            assert not validate(broken).valid, broken
            rewritten = rewrite(broken, repairing=True)
            assert rewritten.source == repaired
            assert rewritten.changes, broken
            assert validate(repaired).problems == ()
            assert refusal(repaired) is None

    return check


@pytest.fixture
def check_samples() -> Check:
    """check_samples(type, count): random diagrams, cut at every few lines too, are accepted."""

    def check(diagram_type: str, count: int) -> None:
        grammar = GRAMMARS[diagram_type]
        for source in samples(grammar, count, seed=len(diagram_type)):
            assert (validate(source).problems, source) == ((), source)
            lines = source.split("\n")
            begun = grammar()
            for line in lines[: len(lines) // 2]:
                begun.read(line)
            closing = begun.closing_lines() if not begun.may_end else []
            closed = "\n".join([*lines[: len(lines) // 2], *closing])
            assert (validate(closed).problems, closed) == ((), closed)

    return check


@pytest.fixture
def check_hostile_text() -> Check:
    """check_hostile_text(type): long and odd lines are refused or read, and quickly."""
    odd = ['"', "(", "[[", "a", " ", "{", "-->", "%", "#", ":", "\\", "é", "🙂", "a-", 'a["', "a,"]
    lines = [each * (3000 // len(each)) for each in odd]

    def check(diagram_type: str) -> None:
        for line in lines:
            for indent in ("", "    "):
                grammar = GRAMMARS[diagram_type]()
                grammar.read(grammar.default_header)
                with contextlib.suppress(LineRefused):
                    grammar.read(indent + line)
                for repairing in (False, True):
                    rewriter = REWRITERS[diagram_type](repairing=repairing)
                    list(rewriter.statement(line, len(indent)))

    return check


@pytest.fixture(scope="session")
def other_peoples_diagrams(shared_data: Path) -> list[str]:
    """A seeded handful of each family of mermaid's own diagrams and of a user's data."""
    by_family: dict[str | None, list[str]] = {}
    for name in ("mermaid_corpus.jsonl", "training_data.jsonl"):
        for line in (shared_data / name).read_text("utf-8").splitlines():
            row = json.loads(line)
            text = row.get("mermaid") or row["contents"][-1]["parts"][0]["text"]
            by_family.setdefault(diagram_type_of(text), []).append(text)
    chosen = random.Random(0)
    few = [
        source
        for name, diagrams in by_family.items()
        if name in GRAMMARS
        for source in chosen.sample(diagrams, min(8, len(diagrams)))
    ]
    return [source for source in few if _can_be_worked_out(source)]


def _can_be_worked_out(source: str) -> bool:
    try:
        structure_of(source)
    except InvalidDiagram:
        return False
    return True
