"""What is in a data file, before hours are spent on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from naiad.datasets.example import Example
from naiad.datasets.splitting import find_duplicates, find_leaks
from naiad.datasets.tokenizing import TokenizedExample, Tokenizer, tokenize_example
from naiad.errors import ExampleTooLong
from naiad.prompts.template import ChatTemplate
from naiad.training.config import TrainingConfig

NAMED_LINES = 8
"""Lines that a message names before it says `and N more`."""


@dataclass(frozen=True)
class DataSummary:
    """Counts of the rows of a run."""

    train_rows: int
    evaluation_rows: int
    skipped_rows: int
    """Unusable or too long, and left out with on_bad_row `skip`."""
    train_tokens: int
    answer_tokens: int
    """Those of train_tokens that the loss counts."""
    longest_tokens: int
    repeated_rows: int
    """Train rows with the prompt and the answer of an earlier one."""
    repeated_prompts: int
    """Train rows with the prompt of an earlier one and another answer."""
    leaked_rows: int
    """Evaluation rows whose prompt is trained on too."""
    instructions: int
    """Different system instructions of the train rows."""
    checked_answers: int
    """Answers that the official parser looked at."""
    invalid_answers: tuple[int, ...]
    """Lines of those it refused."""

    def warnings(self) -> list[str]:
        """One line for each thing a user should know of."""
        found = [
            (self.skipped_rows, f"{self.skipped_rows:,} rows are left out"),
            (self.repeated_rows, f"{self.repeated_rows:,} rows repeat an earlier one"),
            (
                self.repeated_prompts,
                f"{self.repeated_prompts:,} rows answer an earlier row's prompt otherwise",
            ),
            (
                self.leaked_rows,
                f"{self.leaked_rows:,} evaluation rows are trained on too: their loss says little",
            ),
            (
                self.instructions > 1,
                f"{self.instructions} different system instructions; generating uses the commonest",
            ),
            (
                len(self.invalid_answers),
                f"{len(self.invalid_answers):,} of {self.checked_answers:,} answers checked are "
                f"not valid Mermaid ({named_lines(self.invalid_answers)}): they will be learned",
            ),
        ]
        return [text for count, text in found if count]


def named_lines(lines: Sequence[int]) -> str:
    """(3, 7) -> "lines 3, 7"; with more than NAMED_LINES, "lines 1, …, 8 and 2 more"."""
    shown = ", ".join(map(str, lines[:NAMED_LINES]))
    more = f" and {len(lines) - NAMED_LINES} more" if len(lines) > NAMED_LINES else ""
    return f"line{'s' if len(lines) > 1 else ''} {shown}{more}"


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
    rows: Sequence[TokenizedExample],
    *,
    skipped_rows: int,
    checked_answers: int,
    invalid_answers: Sequence[int],
) -> DataSummary:
    """The counts. rows: the tokenized train rows."""
    duplicates = find_duplicates(train)
    return DataSummary(
        train_rows=len(rows),
        evaluation_rows=len(evaluation),
        skipped_rows=skipped_rows,
        train_tokens=sum(map(len, rows)),
        answer_tokens=sum(int(row.loss_mask.sum()) for row in rows),
        longest_tokens=max(map(len, rows)),
        repeated_rows=len(duplicates.same_row),
        repeated_prompts=len(duplicates.same_prompt),
        leaked_rows=len(find_leaks(train, evaluation)),
        instructions=len({example.system for example in train}),
        checked_answers=checked_answers,
        invalid_answers=tuple(invalid_answers),
    )


def as_counts(summary: DataSummary) -> dict[str, Any]:
    """The summary for the adapter's record: counts only, no line of the data."""
    import dataclasses

    counts = dataclasses.asdict(summary)
    counts["invalid_answers"] = len(summary.invalid_answers)
    return counts
