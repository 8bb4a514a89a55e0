"""Mermaid's themes."""

from __future__ import annotations

from typing import Literal

Theme = Literal["default", "neutral", "dark", "forest", "base"]
"""What `theme` may be. Mermaid's other look, its neo themes, a diagram asks for itself."""

PAGE_COLOUR: dict[Theme, str] = {
    "default": "white",
    "neutral": "white",
    "dark": "#333333",
    "forest": "white",
    "base": "white",
}
"""The ground each theme is made for; a PNG is painted on it."""
