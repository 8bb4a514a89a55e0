"""A diagram whose type is still open: the model chooses it with the header."""

from __future__ import annotations

from collections.abc import Sequence

from naiad.grammar.line_grammar import DiagramGrammar, LineForm, LineRefused, union
from naiad.grammar.registry import GRAMMARS


class UndecidedDiagram:
    """All families at once, until the header leaves one.

    Every family reads every line; those that refuse it are out.
    """

    def __init__(self, types: Sequence[str] | None = None) -> None:
        """types: the families to choose among, in Naiad's names; None is all of them."""
        self._candidates: list[DiagramGrammar] = [
            GRAMMARS[each]() for each in (GRAMMARS if types is None else types)
        ]

    def begin_at_header(self) -> None:
        """Take nothing above the header: a model that never learnt it would lose its way there."""
        for each in self._candidates:
            each.begin_at_header()

    def next_line(self, *, bounded: bool = True) -> str | None:
        """Pattern of the next line; None when there can be none."""
        forms = self._forms()
        return union(forms.values(), bounded=bounded) if forms else None

    def read(self, line: str) -> None:
        """Take the next line. Raises LineRefused, and then nothing has changed."""
        accepting = [each for each in self._candidates if _takes(each, line)]
        if not accepting:
            raise LineRefused(line, (form.name for form in self._forms().values()))
        for each in accepting:
            each.read(line)
        self._candidates = accepting

    @property
    def may_end(self) -> bool:
        """Whether the diagram may stop here."""
        return len(self._candidates) == 1 and self._candidates[0].may_end

    @property
    def has_content(self) -> bool:
        """Whether there is a line behind the header that is not just a title."""
        return len(self._candidates) == 1 and self._candidates[0].has_content

    def closing_lines(self) -> list[str]:
        """Lines that make the diagram so far a whole one; a flowchart where nothing is decided."""
        return self._candidates[0].closing_lines()

    def _forms(self) -> dict[tuple[str, int], LineForm]:
        """The forms of all candidates, equal ones once."""
        return {
            (form.pattern, form.indent): form for each in self._candidates for form in each.forms()
        }


def _takes(grammar: DiagramGrammar, line: str) -> bool:
    return any(form.match(line) for form in grammar.forms())
