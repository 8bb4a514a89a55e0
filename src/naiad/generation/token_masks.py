"""Which tokens may come next in a line of a pattern, by llguidance, for the transformers engine.

llama.cpp has llguidance inside. Both are given the same patterns.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from naiad.errors import EngineError, MissingExtra


class LineMasks:
    """One tokenizer's vocabulary, prepared once."""

    def __init__(self, tokenizer: Any, vocabulary_size: int, end_ids: Collection[int]) -> None:
        """tokenizer: of transformers, a fast one. Raises MissingExtra without llguidance."""
        self._llguidance, from_tokenizer = _import_llguidance()
        self._end_ids = frozenset(end_ids)
        self._vocabulary_size = vocabulary_size
        self._tokenizer = from_tokenizer(
            tokenizer, n_vocab=vocabulary_size, eos_token=sorted(self._end_ids)
        )

    def line(self, pattern: str) -> LineMask:
        """A line that has not begun. Raises EngineError for what is no pattern."""
        matcher = self._llguidance.LLMatcher(
            self._tokenizer, self._llguidance.LLMatcher.grammar_from_regex(pattern)
        )
        if matcher.is_error():
            raise EngineError(f"no line can be made of a pattern: {matcher.get_error()}")
        return LineMask(matcher, self._end_ids, self._vocabulary_size)


class LineMask:
    """A line that is being written."""

    def __init__(self, matcher: Any, end_ids: frozenset[int], vocabulary_size: int) -> None:
        self._matcher = matcher
        self._end_ids = end_ids
        self._vocabulary_size = vocabulary_size

    @property
    def is_over(self) -> bool:
        """Whether nothing can follow."""
        return bool(self._matcher.is_stopped())

    def allows(self, token_id: int) -> bool:
        """Whether this token may come next; an end token only behind a whole line."""
        if token_id in self._end_ids:
            return bool(self._matcher.is_accepting())
        return int(self._matcher.validate_tokens([token_id])) == 1

    def allowed(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """(V,) which tokens may come next."""
        packed = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        bits = np.unpackbits(packed, count=self._vocabulary_size, bitorder="little")
        return bits.astype(np.bool_)

    def take(self, token_id: int) -> None:
        """Go on with this token, which is allowed."""
        if not self._matcher.consume_token(token_id):
            raise EngineError(f"a line cannot go on: {self._matcher.get_error()}")


def _import_llguidance() -> tuple[Any, Any]:
    try:
        import llguidance
        from llguidance.hf import from_tokenizer
    except ImportError as error:
        raise MissingExtra(
            "grammars in the transformers engine need llguidance, which is not installed",
            hint="install with `pip install 'naiad[train]'`, use --engine llamacpp, or "
            "--no-constraint",
        ) from error
    return llguidance, from_tokenizer
