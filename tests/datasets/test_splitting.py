"""A row's side depends on its prompt alone."""

from __future__ import annotations

from naiad.datasets import Example, split_by_content
from naiad.datasets.splitting import Duplicates, content_key, find_duplicates, find_leaks

ROWS = [Example(f"Draw diagram {i}", "pie", line=i) for i in range(1, 1001)]


def test_the_share_is_met_on_average() -> None:
    split = split_by_content(ROWS, 0.1)
    assert (len(split.train), len(split.evaluation)) == (914, 86)


def test_a_row_stays_on_its_side_when_the_file_grows() -> None:
    first = split_by_content(ROWS[:500], 0.1).evaluation
    grown = split_by_content(list(reversed(ROWS)), 0.1).evaluation
    assert set(first) == {row for row in grown if row.line <= 500}


def test_equal_prompts_land_on_one_side() -> None:
    rows = [Example(text, str(i)) for i, text in enumerate(["Draw  A", "draw a\n", "DRAW\ta"])]
    for seed in range(20):
        split = split_by_content(rows, 0.5, seed)
        assert {len(split.train), len(split.evaluation)} == {0, 3}


def test_another_seed_makes_another_choice() -> None:
    assert split_by_content(ROWS, 0.1, 1).evaluation != split_by_content(ROWS, 0.1, 2).evaluation


def test_prompts_are_compared_without_case_and_blanks() -> None:
    assert content_key(" Draw  a\nLogin ﬁle ") == "draw a login file"


def test_duplicates_name_both_lines() -> None:
    rows = [
        Example("a", "pie", line=1),
        Example("A ", "pie", line=2),
        Example("a", "mindmap", line=3),
        Example("b", "pie", line=4),
        Example("a", "mindmap\n", line=5),
    ]
    assert find_duplicates(rows) == Duplicates(same_row=((1, 2), (3, 5)), same_prompt=((1, 3),))


def test_leaks_are_lines_of_the_evaluation_rows() -> None:
    assert find_leaks([Example("a", "x", line=1)], [Example("A", "y", line=9)]) == (9,)
