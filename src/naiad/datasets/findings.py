"""What there is to say of a data file before anything is trained on it, line by line.

Each fact is one Finding: a name, a figure, and advice where something is wrong. `naiad train`
and `naiad data` show the same findings, each those that it knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from naiad.datasets.splitting import Duplicates
from naiad.datasets.token_check import TokenCheck

NAMED_LINES = 8
"""Lines that a finding names before it says `and N more`."""


@dataclass(frozen=True)
class Finding:
    """One line of the table before the first step."""

    what: str
    figure: str
    advice: str = ""
    """What is wrong with the figure, or what follows from it; empty where all is well."""


@dataclass(frozen=True)
class AnswerProblem:
    """An answer that the official parser refuses or the renderer cannot draw."""

    file: str
    line: int
    type: str | None
    """Diagram type, None where the parser sees none."""
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.type or 'no diagram'}: {self.problem}"


@dataclass(frozen=True)
class AnswerCheck:
    """What the official parser and the renderer said of a file's answers."""

    answers: int
    """How many there are; not all need be judged, and of the valid ones not all drawn."""
    judged: int
    invalid: tuple[AnswerProblem, ...]
    types: Mapping[str, int]
    """Judged answers of each diagram type, the commonest first; `unknown` where there is none."""
    drawn: int
    """Valid answers that drawing was tried on."""
    undrawable: tuple[AnswerProblem, ...]
    """Those of `drawn` that the renderer refused."""


def named_lines(lines: Sequence[int]) -> str:
    """(3, 7) -> "lines 3, 7"; with more than NAMED_LINES, "lines 1, …, 8 and 2 more"."""
    shown = ", ".join(map(str, lines[:NAMED_LINES]))
    more = f" and {len(lines) - NAMED_LINES:,} more" if len(lines) > NAMED_LINES else ""
    return f"line{'s' if len(lines) > 1 else ''} {shown}{more}"


def counted(counts: Mapping[str, int]) -> str:
    """{"pie": 1200, "kanban": 3} -> "pie 1,200, kanban 3" """
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"


def token_findings(tokens: TokenCheck, *, max_tokens: int | None = None) -> Iterator[Finding]:
    """Tokens, their lengths, ends and control tokens.

    max_tokens: rows above it are pointed out; None where they have been refused already.
    """
    yield Finding("tokens", f"{tokens.tokens:,}, of them {tokens.answer_tokens:,} in answers")
    lengths = f"half up to {tokens.median_tokens:,}, 95% up to {tokens.p95_tokens:,}"
    longest = f"longest {tokens.longest_tokens:,} (line {tokens.longest_line})"
    too_long = max_tokens is not None and tokens.longest_tokens > max_tokens
    yield Finding(
        "tokens in a row",
        f"{lengths}, {longest}",
        f"naiad train refuses rows of more than --max-tokens {max_tokens:,}" if too_long else "",
    )
    yield Finding("truncated rows", "none; a row is never cut")
    without = tokens.rows_without_end
    yield Finding(
        "end tokens",
        f"missing in {_rows(len(without))}" if without else f"every row ends with {tokens.end}",
        f"{named_lines(without)}: the model would not learn to stop" if without else "",
    )
    control = tokens.rows_with_control_tokens
    yield Finding(
        "control tokens in text",
        _rows(len(control)) if control else "none",
        f"{named_lines(control)}: each is learned as plain text, broken by a blank"
        if control
        else "",
    )


def duplicate_findings(duplicates: Duplicates) -> Iterator[Finding]:
    """Rows that repeat an earlier one, and rows that answer its prompt otherwise."""
    same_row = [later for _, later in duplicates.same_row]
    yield Finding(
        "duplicates",
        _rows(len(same_row)) if same_row else "none",
        f"{named_lines(same_row)}: `naiad data dedupe` drops them" if same_row else "",
    )
    same_prompt = [later for _, later in duplicates.same_prompt]
    yield Finding(
        "prompts answered twice",
        _rows(len(same_prompt)) if same_prompt else "none",
        f"{named_lines(same_prompt)}: an earlier row answers the same otherwise; "
        "`naiad data dedupe --by prompt` drops them"
        if same_prompt
        else "",
    )


def leak_finding(leaks: Sequence[int], evaluation_rows: int) -> Finding:
    """Evaluation rows whose prompt is trained on. leaks: their lines."""
    if not evaluation_rows:
        return Finding("leaks", "no rows to evaluate on")
    if not leaks:
        return Finding("leaks", f"none of {evaluation_rows:,} evaluation rows is trained on")
    return Finding(
        "leaks",
        f"{len(leaks):,} of {evaluation_rows:,} evaluation rows",
        f"{named_lines(leaks)}: trained on too, so their loss says little",
    )


def instruction_finding(instructions: int) -> Finding:
    """How many different system instructions the rows have, none being one of them."""
    advice = "generating uses the commonest" if instructions > 1 else ""
    return Finding("system instructions", f"{instructions:,}", advice)


def answer_findings(answers: AnswerCheck) -> Iterator[Finding]:
    """Types, answers that do not parse, and answers that do not draw."""
    judged, drawn = answers.judged, answers.drawn
    yield Finding("types", counted(answers.types) if judged else "not looked at")
    yield _outcome("answers that parse", judged, answers.answers, answers.invalid)
    yield _outcome("answers that draw", drawn, judged - len(answers.invalid), answers.undrawable)


def _outcome(what: str, tried: int, there: int, bad: Sequence[AnswerProblem]) -> Finding:
    """ "498 of 500 tried" and, where not all were, of how many."""
    if not tried:
        return Finding(what, "not tried")
    figure = f"{tried - len(bad):,} of {tried:,}"
    figure += f" tried, {there:,} in all" if tried < there else ""
    places = named_lines([each.line for each in bad]) if bad else ""
    learned = "it would" if len(bad) == 1 else "they would"
    return Finding(what, figure, f"not {places}: {learned} be learned" if bad else "")


def _rows(count: int) -> str:
    return f"{count:,} row{'s' if count != 1 else ''}"
