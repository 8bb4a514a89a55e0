"""Patterns of CSS as `style` and `classDef` lines hold it.

Only properties that Mermaid's drawings obey, with values whose characters every family's lexer
takes: whole numbers, no functions, no `!important`.
"""

from __future__ import annotations

from naiad.grammar.patterns import COLOR, integer, listed, one_of

_COLOR_WORDS = (
    "aqua azure beige black blue brown coral crimson cyan darkblue darkgray darkgreen "
    "darkorange darkred gold gray green grey indigo ivory khaki lavender lightblue lightcoral "
    "lightcyan lightgray lightgreen lightgrey lightpink lightsalmon lightskyblue "
    "lightsteelblue lightyellow lime limegreen magenta maroon mistyrose navy none olive "
    "orange orangered orchid pink plum purple red royalblue salmon seagreen silver skyblue "
    "slateblue steelblue tan teal tomato transparent turquoise violet wheat white whitesmoke "
    "yellow yellowgreen "
)
COLOR_NAMES = tuple(_COLOR_WORDS.split())
"""Colours that people write by name, and `none`."""
ANY_COLOR = f"(?:{COLOR}|{one_of(COLOR_NAMES)})"
_PIXELS = f"{integer(0, 99)}px"
_COLORED = f"(?:fill|stroke|color):{ANY_COLOR}"
_OTHER = "|".join(
    (
        f"stroke-width:{_PIXELS}",
        f"stroke-dasharray:(?:{integer(0, 99)} ){{0,3}}{integer(0, 99)}",
        "font-weight:(?:bold|normal|bolder|lighter|[1-9]00)",
        "font-style:(?:italic|normal|oblique)",
        "text-decoration:(?:underline|none)",
        f"font-size:{_PIXELS}",
        f"r[xy]:{integer(0, 99)}(?:px)?",
    )
)
DECLARATION = f"(?:{_COLORED}|{_OTHER})"
"""`fill:#f9f`, `stroke-width:2px`."""
DECLARATIONS = listed(DECLARATION, ",", most=10)
"""`fill:#f9f,stroke:#333,stroke-width:2px`, no blanks."""
DECLARATIONS_AFTER_COLOR = f"{_COLORED}(?:,{DECLARATION}){{0,9}}"
"""The same with a colour first, where the lexer takes no hyphen in the first property."""
