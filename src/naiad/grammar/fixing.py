"""Fix a diagram: the canonical writing of a valid one, the repair of a broken one.

A valid diagram never changes what it draws: Mermaid's own database is compared before and
after, and on any difference the text stays as it was. Fixing a fixed text changes nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass

from naiad.errors import InvalidDiagram
from naiad.grammar.reading import Refusal, refusal
from naiad.grammar.rewriting.rewrite import as_meant, rewrite
from naiad.grammar.rewriting.rewriter import Change
from naiad.grammar.right_header import with_right_header
from naiad.mermaid.judge import validate
from naiad.mermaid.source import extract_diagram
from naiad.mermaid.structure import Structure, structure_difference, structure_of
from naiad.mermaid.verdict import Verdict

MOST_PASSES = 4
"""Rewriting can uncover what the next pass rewrites; this many passes settle every known text."""


@dataclass(frozen=True)
class FixedDiagram:
    """A text after fixing."""

    source: str
    """The diagram, without what stood around it."""
    changes: tuple[Change, ...]
    """What was changed, beyond blanks and indentation."""
    verdict: Verdict
    """The judge's word on `source`."""
    refusal: Refusal | None
    """Why `source` is not in the canonical subset; None when it is."""
    kept: str | None = None
    """Why a valid diagram was left as it was; None unless it was."""


def fix(text: str) -> FixedDiagram:
    """The diagram in `text`, canonical where possible and repaired where needed.

    A diagram that parses and cannot be drawn is broken too. Raises JudgeUnavailable. A text that
    cannot be repaired comes back with its problems.
    """
    source = extract_diagram(text)
    changes: list[Change] = []
    if source != text.strip():
        changes.append(Change("took the diagram out of the text around it", 1))
    meant = as_meant(source)
    if meant != source:
        told = Change("replaced what Mermaid accepts and takes for something else", 1)
        fixed = _settled(meant, [*changes, told])
        if fixed.verdict.valid or not validate(source).valid:
            return fixed
    headed = None if validate(source).valid else with_right_header(source)
    if headed is not None:
        return _settled(headed.source, [*changes, *headed.changes])
    return _settled(source, changes)


def _settled(source: str, changes: list[Change]) -> FixedDiagram:
    """`source` rewritten until nothing changes any more, with what was changed before."""
    verdict = validate(source)
    kept = None
    for _ in range(MOST_PASSES):
        if verdict.valid and refusal(source) is None:
            break
        drawn = _structure(source) if verdict.valid else None
        rewritten = rewrite(source, repairing=drawn is None)
        if rewritten.source == source:
            break
        if verdict.valid:
            kept = _lost(drawn, rewritten.source)
            if kept is not None:
                break
        source, verdict = rewritten.source, validate(rewritten.source)
        changes = [*changes, *rewritten.changes]
    return FixedDiagram(source, tuple(changes), verdict, refusal(source), kept)


def _structure(source: str) -> Structure | None:
    """What a valid diagram draws; None of one that parses and cannot be drawn."""
    try:
        return structure_of(source)
    except InvalidDiagram:
        return None


def _lost(drawn: Structure | None, rewritten: str) -> str | None:
    """Why a rewriting of a valid diagram is worse than what it was; None when it is not."""
    after = _structure(rewritten)
    if after is None:
        return "the rewritten diagram cannot be drawn"
    return None if drawn is None else structure_difference(drawn, after)
