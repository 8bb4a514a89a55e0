"""Rows share their beginning, and threads get equal work."""

from __future__ import annotations

import numpy as np
from tiny_decoders import Row, random_rows

from naiad.decoder.packing import common_prefix, pack, packs_of


def _row(ids: list[int], answer: int) -> Row:
    return Row(np.array(ids, np.int32), np.arange(len(ids)) >= answer)


def test_a_pack_holds_the_prefix_once() -> None:
    made = pack([_row([1, 2, 3, 4, 9], 4), _row([1, 2, 5, 9], 3)])
    assert made.ids.tolist() == [1, 2, 3, 4, 9, 5, 9]
    assert made.positions.tolist() == [0, 1, 2, 3, 4, 2, 3]
    assert (made.prefix, made.spans) == (2, ((2, 5), (5, 7)))
    assert made.predicting.tolist() == [3, 5]
    assert made.targets.tolist() == [9, 9]


def test_what_predicts_an_answer_is_never_shared() -> None:
    twins = [_row([1, 2, 3, 4], 3), _row([1, 2, 3, 4], 3)]
    assert common_prefix(twins) == 2
    made = pack(twins)
    assert made.predicting.tolist() == [2, 4]
    assert made.targets.tolist() == [4, 4]


def test_the_first_token_is_predicted_by_none() -> None:
    made = pack([_row([1, 2, 3], 0)])
    assert made.predicting.tolist() == [0, 1]
    assert made.targets.tolist() == [2, 3]


def test_a_row_without_an_answer_counts_nothing() -> None:
    made = pack([_row([1, 2, 3], 3), _row([1, 2, 4], 2)])
    assert made.targets.tolist() == [4]


def test_packs_are_as_many_for_each_worker_and_nearly_equal() -> None:
    rows = random_rows((40, 30, 20, 10, 50, 60))
    groups = packs_of(rows, workers=2, max_tokens=80)
    assert len(groups) == 4
    assert sorted(len(row) for group in groups for row in group) == [10, 20, 30, 40, 50, 60]
    assert max(sum(map(len, group)) for group in groups) == 60
    assert [len(group) for group in packs_of(rows[:1], workers=4, max_tokens=10)] == [1]
