"""Worked examples, and which is nearest to a request."""

from naiad.retrieval.cookbook import WorkedExample, packaged_examples
from naiad.retrieval.nearest import nearest

__all__ = ["WorkedExample", "nearest", "packaged_examples"]
