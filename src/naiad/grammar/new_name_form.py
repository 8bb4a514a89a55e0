"""Lines that give a name which must not have been given before."""

from __future__ import annotations

import re
from dataclasses import dataclass

from naiad.grammar.line_form import LineForm


@dataclass(frozen=True)
class NewNameForm(LineForm):
    """A line with free text that must be none of `taken`.

    The pattern that leaves the taken texts out is long: an engine compiles it in 10 ms, Python in
    100. So lines are generated with it, and read with `any_name` and a look at what is taken.
    """

    any_name: str = ""
    """The pattern of the line with any name, which is in the group `new`, or with none."""
    taken: frozenset[str] = frozenset()

    def match(self, line: str) -> re.Match[str] | None:
        match = LineForm(self.name, self.any_name, indent=self.indent).match(line)
        return None if match is None or match["new"] in self.taken else match
