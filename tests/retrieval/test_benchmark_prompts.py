"""The README's prompts are unseen: no worked example of the package is about the same thing."""

from __future__ import annotations

import re
from pathlib import Path

from naiad.datasets import read_prompts
from naiad.retrieval import packaged_examples

PROMPTS = Path(__file__).resolve().parents[2] / "benchmarks" / "prompts.jsonl"
MOST_SHARED = 0.25
"""Share of longer words that two texts on different things may have in common (Jaccard)."""


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w{4,}", text.lower()))


def _shared(one: str, other: str) -> float:
    return len(_words(one) & _words(other)) / len(_words(one) | _words(other))


def test_no_benchmark_prompt_is_near_a_worked_example() -> None:
    near = [
        (row.id, example.prompt)
        for row in read_prompts(PROMPTS)
        for example in packaged_examples()
        if _shared(row.prompt, example.prompt) > MOST_SHARED
    ]
    assert near == []
