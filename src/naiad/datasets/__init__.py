"""Training data: read, write, split, tokenize, batch."""

from naiad.datasets.example import Example, PromptRow
from naiad.datasets.reading import BadRow, read_examples, read_prompts
from naiad.datasets.splitting import split_by_content
from naiad.datasets.writing import write_examples

__all__ = [
    "BadRow",
    "Example",
    "PromptRow",
    "read_examples",
    "read_prompts",
    "split_by_content",
    "write_examples",
]
