"""Mermaid's themes."""

from __future__ import annotations

from typing import Literal

Theme = Literal[
    "default",
    "base",
    "dark",
    "forest",
    "neutral",
    "neo",
    "neo-dark",
    "redux",
    "redux-dark",
    "redux-color",
    "redux-dark-color",
]
"""The themes of Mermaid 12. It picks one for each family where none is asked for."""

DARK_PAGE = "#333333"
"""The ground that Mermaid's dark themes name as theirs."""


def page_colour(theme: Theme | None) -> str:
    """The ground a theme is made for; a PNG is painted on it."""
    return DARK_PAGE if theme is not None and "dark" in theme else "white"
