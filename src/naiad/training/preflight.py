"""What is in a data file, before hours are spent on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from naiad.datasets.example import Example
from naiad.datasets.findings import (
    AnswerCheck,
    Finding,
    answer_findings,
    duplicate_findings,
    instruction_finding,
    leak_finding,
    named_lines,
    token_findings,
)
from naiad.datasets.splitting import Duplicates, find_duplicates, find_leaks
from naiad.datasets.token_check import TokenCheck
from naiad.datasets.tokenizing import TokenizedExample, Tokenizer, tokenize_example
from naiad.errors import ExampleTooLong
from naiad.prompts.template import ChatTemplate
from naiad.training.config import TrainingConfig

NAMED_ROWS = 4
"""Left-out rows that the findings name before they say how many more there are."""


@dataclass(frozen=True)
class DataSummary:
    """What a run trains on. Lines are those of the file with the training rows."""

    train_rows: int
    evaluation_rows: int
    left_out: tuple[str, ...]
    """`file:line: why` of each row that is unusable or too long; none unless on_bad_row is
    `skip`."""
    tokens: TokenCheck
    """Of the train rows."""
    duplicates: Duplicates
    """Among the train rows."""
    leaks: tuple[int, ...]
    """Lines, in the file they came from, of evaluation rows whose prompt is trained on too."""
    instructions: int
    """Different system instructions of the train rows, none being one of them."""
    answers: AnswerCheck
    """Of train and evaluation rows."""

    def findings(self) -> Iterator[Finding]:
        """The lines of the table before the first step."""
        rows = f"{self.train_rows:,} to train on, {self.evaluation_rows:,} to evaluate on"
        yield Finding("rows", rows)
        yield _left_out(self.left_out)
        yield from token_findings(self.tokens)
        yield from duplicate_findings(self.duplicates)
        yield leak_finding(self.leaks, self.evaluation_rows)
        yield instruction_finding(self.instructions)
        yield from answer_findings(self.answers)


def _left_out(rows: Sequence[str]) -> Finding:
    if not rows:
        return Finding("rows left out", "none")
    more = f"; and {len(rows) - NAMED_ROWS:,} more" if len(rows) > NAMED_ROWS else ""
    return Finding("rows left out", f"{len(rows):,}", "; ".join(rows[:NAMED_ROWS]) + more)


def tokenize_rows(
    examples: Sequence[Example],
    template: ChatTemplate,
    tokenizer: Tokenizer,
    config: TrainingConfig,
    *,
    instruction: str,
    max_tokens: int,
) -> tuple[list[TokenizedExample], list[int]]:
    """The tokenized rows, and the lines of those that are too long.

    Raises ExampleTooLong, naming every such line, unless config.on_bad_row is `skip`.
    """
    rows: list[TokenizedExample] = []
    too_long: list[int] = []
    for example in examples:
        try:
            rows.append(
                tokenize_example(
                    example, template, tokenizer, instruction=instruction, max_tokens=max_tokens
                )
            )
        except ExampleTooLong:
            too_long.append(example.line)
    if too_long and config.on_bad_row == "stop":
        raise ExampleTooLong(
            f"{len(too_long)} rows have more than {max_tokens:,} tokens: {named_lines(too_long)}",
            hint="raise --max-tokens, or leave them out with --on-bad-row skip",
        )
    return rows, too_long


def commonest_instruction(examples: Sequence[Example], default: str) -> str:
    """The system instruction of most rows."""
    return Counter(example.system or default for example in examples).most_common(1)[0][0]


def summarize(
    train: Sequence[Example],
    evaluation: Sequence[Example],
    train_rows: Sequence[TokenizedExample],
    evaluation_rows: Sequence[TokenizedExample],
    *,
    tokens: TokenCheck,
    left_out: Sequence[str],
    answers: AnswerCheck,
) -> DataSummary:
    """The summary of all rows that were read, and of those that were short enough to keep."""
    return DataSummary(
        train_rows=len(train_rows),
        evaluation_rows=len(evaluation_rows),
        left_out=tuple(left_out),
        tokens=tokens,
        duplicates=find_duplicates(train),
        leaks=find_leaks(train, evaluation),
        instructions=len({example.system for example in train}),
        answers=answers,
    )


def as_counts(summary: DataSummary) -> dict[str, Any]:
    """The summary for the adapter's record: counts only, no line of the data."""
    tokens, answers = summary.tokens, summary.answers
    return {
        "train_rows": summary.train_rows,
        "evaluation_rows": summary.evaluation_rows,
        "skipped_rows": len(summary.left_out),
        "train_tokens": tokens.tokens,
        "answer_tokens": tokens.answer_tokens,
        "median_tokens": tokens.median_tokens,
        "longest_tokens": tokens.longest_tokens,
        "rows_without_end": len(tokens.rows_without_end),
        "rows_with_control_tokens": len(tokens.rows_with_control_tokens),
        "repeated_rows": len(summary.duplicates.same_row),
        "repeated_prompts": len(summary.duplicates.same_prompt),
        "leaked_rows": len(summary.leaks),
        "instructions": summary.instructions,
        "checked_answers": answers.judged,
        "invalid_answers": len(answers.invalid),
        "drawn_answers": answers.drawn,
        "undrawable_answers": len(answers.undrawable),
        "types": dict(answers.types),
    }
