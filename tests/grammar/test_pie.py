"""pie: slices with unique labels and a sum above 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[..., Any]


def test_slices_have_unique_labels_and_a_sum(check_grammar: Check) -> None:
    check_grammar(
        "pie",
        passing=[
            'pie showData\n    title "A" b: 60/40\n    "a" : 40\n    "b c\'s" : 0.25',
            'pie\n    accTitle: a\n    "a" : 0\n    "aa" : 1\n    title x\n    accDescr: b',
            'pie\n    "constructor" : 1\n    "__proto__" : 2',
        ],
        failing=[
            ('pie\n    "a" : 1\n    "a" : 2', 3),
            ('pie\n    "a" : -1', 2),
            ('pie\n    "a" : 1.', 2),
            ('pie\n    "a" : 01', 2),
            ('pie\n    "a" : 10%', 2),
            ("pie\n    a : 1", 2),
            ('pie\n    "a" : 0', None),
            ("pie\n    title a\n    title b", 3),
        ],
    )


def test_the_writing_of_slices_becomes_one(check_rewriting: Check) -> None:
    check_rewriting(
        [
            (
                'pie  showData title  A b %% c\n"a":1\n  \'b\'  :  02.50\n"a": 3',
                'pie showData\n    %% c\n    title A b\n    "a" : 1\n    "b" : 2.50',
            ),
            ("pie accDescr {\n a\n}", "pie\n    accDescr: a"),
        ]
    )


def test_slips_in_slices_are_mended(check_repair: Check) -> None:
    check_repair(
        [
            (
                'pie:\nshowData\nTitle: A\n- Tea: 1,200\n- "Milk" 30%\nCocoa (hot) = .5;\n"x": -3',
                'pie showData\n    title A\n    "Tea" : 1200\n    "Milk" : 30\n'
                '    "Cocoa (hot)" : 0.5',
            ),
        ]
    )


def test_samples_are_accepted(check_samples: Check) -> None:
    check_samples("pie", 40)


def test_hostile_lines_are_survived(check_hostile_text: Check) -> None:
    check_hostile_text("pie")
