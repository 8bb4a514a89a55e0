"""Batches: every row once an epoch, little padding, one order a seed."""

from __future__ import annotations

import numpy as np

from naiad.datasets.batching import collate, length_grouped_batches
from naiad.datasets.tokenizing import TokenizedExample


def _row(*ids: int, answer: int) -> TokenizedExample:
    mask = np.arange(len(ids)) >= len(ids) - answer
    return TokenizedExample(np.array(ids, np.int32), mask, line=1)


def test_a_batch_is_as_wide_as_its_longest_row() -> None:
    batch = collate([_row(5, 6, 7, answer=1), _row(8, 9, answer=1)], padding_id=0)
    assert batch.ids.tolist() == [[5, 6, 7], [8, 9, 0]]
    assert batch.attention_mask.tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch.loss_mask.tolist() == [[False, False, True], [False, True, False]]
    assert (batch.tokens, batch.loss_tokens) == (5, 2)


def test_padding_with_the_end_token_hides_no_real_end_token() -> None:
    batch = collate([_row(5, 6, 2, answer=2), _row(8, answer=0)], padding_id=2)
    assert batch.attention_mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch.loss_tokens == 2


def test_every_row_comes_once_an_epoch() -> None:
    batches = length_grouped_batches(range(103), 4, seed=1)
    assert sorted(row for batch in batches for row in batch) == list(range(103))
    assert sorted(map(len, batches)) == [3] + [4] * 25


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    lengths = list(range(40))
    assert length_grouped_batches(lengths, 4, seed=1) == length_grouped_batches(lengths, 4, seed=1)
    assert length_grouped_batches(lengths, 4, seed=1) != length_grouped_batches(lengths, 4, seed=2)
    first = length_grouped_batches(lengths, 4, seed=1, epoch=0)
    assert first != length_grouped_batches(lengths, 4, seed=1, epoch=1)


def test_rows_of_one_length_share_a_batch() -> None:
    lengths = [10] * 20 + [500] * 20
    for batch in length_grouped_batches(lengths, 4, seed=0):
        assert len({lengths[row] for row in batch}) == 1
