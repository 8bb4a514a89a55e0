"""The declarations of `style` and `classDef` lines in their canonical form."""

from __future__ import annotations

import re


def canonical_declarations(text: str) -> str:
    """`text` without blanks around its colons and commas and without what ends a statement.

    "fill: #f9f , stroke-width : 2px;" -> "fill:#f9f,stroke-width:2px"
    """
    tight = re.sub(r"\s*([:,;])\s*", r"\1", text.strip())
    return re.sub(r"[,;]+", ",", tight.rstrip(",;"))
