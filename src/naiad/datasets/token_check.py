"""Rows as a model will see them: how long they are, and whether each ends as it must."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from naiad.datasets.example import Example
from naiad.datasets.tokenizing import TokenizedExample, Tokenizer, end_of_turn, end_of_turn_ids
from naiad.prompts.template import ChatTemplate


@dataclass(frozen=True)
class TokenCheck:
    """Figures of N rows in one model's tokens; lines are those of the data file."""

    tokens: int
    answer_tokens: int
    """Those of `tokens` that the loss counts, end tokens included."""
    median_tokens: int
    """Half of the rows have at most so many."""
    p95_tokens: int
    """95% of the rows have at most so many."""
    longest_tokens: int
    longest_line: int
    end: str
    """Text of the token that ends an answer, as the chat template writes it."""
    rows_without_end: tuple[int, ...]
    """Rows whose answer does not end with that token, or has it before its end too."""
    rows_with_control_tokens: tuple[int, ...]
    """Rows in whose texts a control token is spelled out, such as `<|im_end|>`."""


def check_tokens(
    rows: Sequence[TokenizedExample],
    examples: Sequence[Example],
    template: ChatTemplate,
    tokenizer: Tokenizer,
) -> TokenCheck:
    """The figures of `rows`, one at least. examples: what they were made of, in any number."""
    lengths = np.array([len(row) for row in rows])
    end_ids = end_of_turn_ids(template, tokenizer)
    median, p95 = np.percentile(lengths, (50, 95), method="inverted_cdf")
    return TokenCheck(
        tokens=int(lengths.sum()),
        answer_tokens=sum(int(row.loss_mask.sum()) for row in rows),
        median_tokens=int(median),
        p95_tokens=int(p95),
        longest_tokens=int(lengths.max()),
        longest_line=rows[int(lengths.argmax())].line,
        end=end_of_turn(template),
        rows_without_end=tuple(row.line for row in rows if not _ends_once(row, end_ids)),
        rows_with_control_tokens=tuple(
            example.line for example in examples if _has_control_token(example, template)
        ),
    )


def _ends_once(row: TokenizedExample, end_ids: Sequence[int]) -> bool:
    """The ids that the loss counts end with end_ids and do not hold their last one before."""
    if not end_ids or not row.loss_mask[-1]:
        return False
    answer: list[int] = row.ids[row.loss_mask].tolist()
    return answer[-len(end_ids) :] == list(end_ids) and answer.count(end_ids[-1]) == 1


def _has_control_token(example: Example, template: ChatTemplate) -> bool:
    texts = (example.prompt, example.answer, example.system or "")
    return any(template.neutralize(text) != text for text in texts)
