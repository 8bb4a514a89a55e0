"""Lines with names that must be none of certain others."""

from __future__ import annotations

import re
from dataclasses import dataclass

from naiad.grammar.line_form import LineForm


@dataclass(frozen=True)
class NewNameForm(LineForm):
    """A line with names that are none of `taken`.

    The pattern that leaves the taken names out is long: an engine compiles it in 10 ms, Python in
    100. So lines are generated with it, and read with `any_name` and a look at what is taken.
    """

    any_name: str = ""
    """The pattern of the line with any names, which are in the groups `new` and `new_…`."""
    taken: frozenset[str] = frozenset()

    def match(self, line: str) -> re.Match[str] | None:
        match = LineForm(self.name, self.any_name, indent=self.indent).match(line)
        if match is None:
            return None
        parts = match.groupdict().items()
        names = {name for group, name in parts if group.startswith("new")}
        return match if self.taken.isdisjoint(names) else None
