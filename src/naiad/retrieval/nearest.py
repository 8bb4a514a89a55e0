"""Which worked examples are nearest to a request: its diagram type first, then its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from naiad.retrieval.cookbook import WorkedExample, packaged_examples

# Words that stand in every request say nothing about which example is near.
_EVERYWHERE = frozenset(
    re.findall(
        r"\w+",
        """
        a an and are as at be by for from has have how i in into is it its me of on or our that the
        their then there this to we what when where which who with you your
        chart create diagram draw generate give make mermaid please show write
        """,
    )
)

_COMMONEST_TYPE = "flowchart"


def nearest(prompt: str, type: str | None, k: int) -> list[WorkedExample]:
    """The k examples nearest to `prompt`, the nearest last, where a model heeds it most.

    With a type, only examples of that type count while there are any; without one and without
    a word in common with any example, the commonest type's. Ties go to the cookbook's order, so
    the same request always gets the same examples.
    """
    if k <= 0:
        return []
    examples = packaged_examples()
    scores = _lexical_scores(prompt)
    if type is None and not any(scores):
        type = _COMMONEST_TYPE
    of_type = [n for n, example in enumerate(examples) if type in (None, example.type)]
    candidates = of_type or range(len(examples))
    best = sorted(candidates, key=lambda n: (-scores[n], n))[:k]
    return [examples[n] for n in reversed(best)]


def _lexical_scores(prompt: str) -> Sequence[float]:
    """BM25 score of every example's description and labels. No shared word gives 0."""
    index, vocabulary = _index()
    known = [word for word in _words(prompt) if word in vocabulary]
    if not known:
        return [0.0] * len(packaged_examples())
    scores: Sequence[float] = index.get_scores(known).tolist()
    return scores


@cache
def _index() -> tuple[Any, frozenset[str]]:
    import bm25s

    texts = [_words(f"{example.prompt} {example.mermaid}") for example in packaged_examples()]
    index = bm25s.BM25()
    index.index(texts, show_progress=False)
    return index, frozenset(word for text in texts for word in text)


def _words(text: str) -> list[str]:
    """Lower-case words without plural s.

    "Draw the users' tables" -> ["user", "table"]
    """
    found = re.findall(r"[^\W\d_]+", text.lower())
    return [_singular(word) for word in found if word not in _EVERYWHERE and len(word) > 1]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] != "s" else word
