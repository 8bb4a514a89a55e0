"""Lengths, ends and control tokens of rows, on a template and a tokenizer of a few lines."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from naiad.datasets import Example
from naiad.datasets.token_check import TokenCheck, check_tokens
from naiad.datasets.tokenizing import TokenizedExample, tokenize_example
from naiad.prompts.template import ChatTemplate

TEMPLATE = ChatTemplate(
    "{% for m in messages %}{{ m.content }}~{% endfor %}{% if add_generation_prompt %}>{% endif %}",
    eos_token="~",
    control_tokens=("<end>", "~"),
)


def _tokenizer(text: str, *, add_special_tokens: bool) -> SimpleNamespace:
    """One id a character."""
    return SimpleNamespace(input_ids=[ord(character) for character in text])


def _rows(examples: list[Example]) -> list[TokenizedExample]:
    return [
        tokenize_example(e, TEMPLATE, _tokenizer, instruction="", max_tokens=1000) for e in examples
    ]


def _check(examples: list[Example]) -> TokenCheck:
    return check_tokens(_rows(examples), examples, TEMPLATE, _tokenizer)


def test_lengths_are_those_of_rows_that_exist() -> None:
    examples = [Example("ask", "x" * length, "s", line=length) for length in range(1, 21)]
    # "s~ask~>" and the end make 8 tokens more.
    check = _check(examples)
    assert (check.tokens, check.answer_tokens) == (20 * 8 + 210, 20 + 210)
    assert (check.median_tokens, check.p95_tokens) == (18, 27)
    assert (check.longest_tokens, check.longest_line) == (28, 20)


def test_what_tokenize_example_makes_ends_as_it_must() -> None:
    check = _check([Example("ask", "pie", line=1)])
    assert (check.end, check.rows_without_end) == ("~", ())


def test_a_row_that_was_cut_has_no_end() -> None:
    examples = [Example("ask", "pie", line=line) for line in (1, 2)]
    whole, row = _rows(examples)
    cut = replace(row, ids=row.ids[:-1], loss_mask=row.loss_mask[:-1])
    check = check_tokens([whole, cut], examples, TEMPLATE, _tokenizer)
    assert check.rows_without_end == (2,)


def test_an_end_that_the_loss_does_not_count_is_none() -> None:
    (row,) = _rows([Example("ask", "pie", line=7)])
    mask = row.loss_mask.copy()
    mask[-1] = False
    check = check_tokens([replace(row, loss_mask=mask)], [], TEMPLATE, _tokenizer)
    assert check.rows_without_end == (7,)


def test_an_end_inside_an_answer_is_found() -> None:
    # A control token of one character cannot be broken by a blank.
    assert _check([Example("ask", "a~b", line=3)]).rows_without_end == (3,)


def test_a_template_without_any_end_is_said() -> None:
    template = ChatTemplate("{% for m in messages %}{{ m.content }}{% endfor %}")
    ids = np.array([1, 2, 3], dtype=np.int32)
    row = TokenizedExample(ids, np.array([False, True, True]), 5)
    check = check_tokens([row], [], template, _tokenizer)
    assert (check.end, check.rows_without_end) == ("", (5,))


def test_control_tokens_are_found_in_every_text_of_a_row() -> None:
    examples = [
        Example("a<end>", "pie", line=1),
        Example("a", "p<end>ie", line=2),
        Example("a", "pie", "s<end>", line=3),
        Example("a", "<end", "end>", line=4),
    ]
    assert _check(examples).rows_with_control_tokens == (1, 2, 3)
