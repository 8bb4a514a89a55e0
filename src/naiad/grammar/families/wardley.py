"""wardley-beta: components by visibility and evolution, and what needs what.

https://mermaid.js.org/syntax/wardley.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from naiad.grammar.line_form import INDENT, LineForm
from naiad.grammar.line_grammar import Accessibility, DiagramGrammar
from naiad.grammar.patterns import integer, one_of, quoted, text, text_except

STRATEGIES = ("build", "buy", "outsource", "market")
MOST_NAMES = 80
MOST_LINKS = 150
MOST_NOTES = 40
"""Notes, annotations and accelerators together."""

_TEXT = text()
_SHARE = r"(?:0\.[0-9]{1,3}|1\.0)"
"""Mermaid's lexer wants the point; it draws 0 to 1 as 0 to 100%."""
_PLACE = rf"\[{_SHARE}, {_SHARE}\]"
_OFFSET = "-?(?:0|[1-9][0-9]{0,2})"
_LABEL = rf"(?: label \[{_OFFSET}, {_OFFSET}\])?"
_STAGE = f"{quoted(_TEXT)}(?:@{_SHARE})?(?: / {quoted(_TEXT)})?"
_ARROWS = one_of(("->", "-.->", "+>", "+<", "+<>"))


class WardleyGrammar(DiagramGrammar):
    """Names are unique and in quotes, since Mermaid's keywords may not begin one without."""

    type = "wardley-beta"
    header = "wardley-beta"
    default_header = "wardley-beta"

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, None] = {}
        self._parents: dict[str, bool] = {}
        """Components, and whether they have a pipeline."""
        self._pipeline: str | None = None
        self._pipeline_filled = False
        self._given: set[str] = set()
        self._links = self._notes = 0
        self._accessibility = Accessibility()

    @property
    def complete(self) -> bool:
        return self._pipeline is None

    def closing(self) -> Iterator[str]:
        if self._pipeline is None:
            return
        if not self._pipeline_filled:
            fresh = next(n for n in range(1, 1000) if self._is_free(f"Stage {n}"))
            yield f'{" " * 2 * INDENT}component "Stage {fresh}" [0.5]'
        yield f"{' ' * INDENT}}}"

    def _is_free(self, name: str) -> bool:
        return name not in self._names and f"{self._pipeline}_{name}" not in self._names

    def body(self) -> Iterator[LineForm]:
        if self._pipeline is not None:
            yield from self._in_pipeline(self._pipeline)
            return
        yield from self._said_once()
        if len(self._names) < MOST_NAMES:
            yield from self._components()
        if self._names and self._links < MOST_LINKS:
            known = quoted(one_of(self._names))
            yield LineForm("link", f"{known} {_ARROWS} {known}(?:; {_TEXT})?", self._read_link)
        if self._parents:
            component = quoted(one_of(self._parents))
            yield LineForm("evolution of a component", f"evolve {component} {_SHARE}")
        if self._notes < MOST_NOTES:
            yield from self._remarks()

    def _said_once(self) -> Iterator[LineForm]:
        yield from self._accessibility.forms()
        size = integer(200, 3000)
        for what, pattern in (
            ("title", f"title {_TEXT}"),
            ("size", rf"size \[{size}, {size}\]"),
            ("stages", rf"evolution {_STAGE}(?: -> {_STAGE}){{1,7}}"),
            ("place of the annotations", rf"annotations {_PLACE}"),
        ):
            if what not in self._given:
                yield LineForm(what, pattern, self._once(what))

    def _once(self, what: str) -> Callable[[re.Match[str]], None]:
        def read(match: re.Match[str]) -> None:
            self._given.add(what)

        return read

    def _components(self) -> Iterator[LineForm]:
        name = f"(?P<name>{text_except(self._names)})"
        decorations = rf"(?: \({one_of(STRATEGIES)}\))?(?: \(inertia\))?"
        yield LineForm(
            "component",
            f"component {quoted(name)} {_PLACE}{_LABEL}{decorations}",
            self._read_parent,
        )
        yield LineForm("anchor", f"anchor {quoted(name)} {_PLACE}", self._read_name)
        free = [name for name, has_pipeline in self._parents.items() if not has_pipeline]
        if free and len(self._names) < MOST_NAMES - 1:
            parent = quoted(f"(?P<name>{one_of(free)})")
            yield LineForm("pipeline", rf"pipeline {parent} \{{", self._read_pipeline)

    def _in_pipeline(self, parent: str) -> Iterator[LineForm]:
        if len(self._names) < MOST_NAMES:
            # Mermaid names a component of a pipeline `parent_name` and finds it by its name too.
            beginning = f"{parent}_"
            taken = {name.removeprefix(beginning) for name in self._names} | self._names.keys()
            name = quoted(f"(?P<name>{text_except(taken)})")
            yield LineForm(
                "component of the pipeline",
                rf"component {name} \[{_SHARE}\]{_LABEL}",
                self._read_part,
                indent=2 * INDENT,
            )
        if self._pipeline_filled:
            yield LineForm("end of the pipeline", r"\}", self._read_end)

    def _remarks(self) -> Iterator[LineForm]:
        quotation = quoted(_TEXT)
        yield LineForm("note", f"note {quotation} {_PLACE}", self._read_note)
        yield LineForm(
            "annotation", f"annotation {integer(1, 99)}, {_PLACE} {quotation}", self._read_note
        )
        yield LineForm("accelerator", f"(?:de)?accelerator {quotation} {_PLACE}", self._read_note)

    def _read_name(self, match: re.Match[str]) -> None:
        self._names[match["name"]] = None

    def _read_parent(self, match: re.Match[str]) -> None:
        self._names[match["name"]] = None
        self._parents[match["name"]] = False

    def _read_pipeline(self, match: re.Match[str]) -> None:
        self._parents[match["name"]] = True
        self._pipeline, self._pipeline_filled = match["name"], False

    def _read_part(self, match: re.Match[str]) -> None:
        self._names[match["name"]] = None
        self._names[f"{self._pipeline}_{match['name']}"] = None
        self._pipeline_filled = True

    def _read_end(self, match: re.Match[str]) -> None:
        self._pipeline = None

    def _read_link(self, match: re.Match[str]) -> None:
        self._links += 1

    def _read_note(self, match: re.Match[str]) -> None:
        self._notes += 1
