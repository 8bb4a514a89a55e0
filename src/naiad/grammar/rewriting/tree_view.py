"""treeView-beta: names, by indentation or drawn with the signs of a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.families.tree_view import BARRED, BOX_SIGNS
from naiad.grammar.line_grammar import INDENT
from naiad.grammar.rewriting.chart_rewriter import ChartRewriter, single_spaced, unquoted
from naiad.grammar.rewriting.escaping import escaped

_BRANCH = re.compile(r"[\s│┃]*[└┗├┣][─━]*\s*")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_NOTES = re.compile(
    r"(?P<name>\"[^\"]*\"|'[^']*'|.*?)(?P<class>\s+:::\s*[A-Za-z_][\w-]*)?"
    r"(?P<icon>\s+icon\([\w:-]*\))?(?P<description>\s+##.*)?"
)


class TreeViewRewriter(ChartRewriter):
    """A node lies in the nearest one above it that is indented less, as in Mermaid."""

    type = "treeView-beta"
    keyword = "treeView(?:-beta)?"
    barred_in_title = BARRED + BOX_SIGNS

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._indent = 0
        self._above: list[int] = []
        """Indents of the last node and of those it lies in."""

    def written_keyword(self, found: re.Match[str]) -> str:
        return self.type

    def statement(self, text: str, indent: int) -> Iterator[str]:
        branch = _BRANCH.match(text)
        if branch:
            sign = next(at for at, each in enumerate(text) if each in "└┗├┣")
            indent, text = indent + sign + 1, text[branch.end() :]
        elif not text.strip(f"{BOX_SIGNS} \t"):
            return
        self._indent = indent
        if text:
            yield from super().statement(text, indent)

    def entry(self, text: str) -> Iterator[str]:
        while self._above and self._above[-1] >= self._indent:
            self._above.pop()
        self._above.append(self._indent)
        blanks = " " * INDENT * len(self._above)
        parts = _NOTES.fullmatch(text)
        if parts is None:
            yield f"{blanks}{text}"
            return
        notes = ""
        if parts["class"]:
            notes += f" :::{parts['class'].strip().lstrip(': ')}"
        if parts["icon"]:
            notes += f" {parts['icon'].strip()}"
        if parts["description"]:
            words = single_spaced(parts["description"].strip()[2:])
            notes += f" ## {escaped(words, BARRED + BOX_SIGNS)}" if words else ""
        if self.repairing and not _QUOTED.fullmatch(parts["name"]):
            self.note("quoted the name")
        name = escaped(single_spaced(unquoted(parts["name"])), BARRED + BOX_SIGNS)
        yield f'{blanks}"{name}"{notes}'
