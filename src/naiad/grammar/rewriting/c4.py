"""The five C4 diagrams: double quotes, one call a line, relations behind what they relate."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.families.c4 import C4_GRAMMARS, NODES, RELATIONS, RESERVED_ALIASES, C4Grammar
from naiad.grammar.line_form import INDENT
from naiad.grammar.rewriting.c4_calls import (
    BOUNDARIES,
    ELEMENTS,
    FIXED,
    KEYWORDS,
    SAME,
    STYLES,
    Argument,
    Call,
    double_quoted,
    next_call,
    plain_text,
)
from naiad.grammar.rewriting.rewriter import Rewriter

_HEADER = re.compile(r"(?P<type>C4\w+)\b[\s:;]*(?P<rest>.*)")
_TITLE = re.compile(r"(?:title\b(?!\s*\()|accTitle\s*:)\s*:?\s*(?P<text>.*)")
_DESCRIPTION = re.compile(r"accDescr(?:iption\s|\s*:)(?P<text>.+)")
_BULLET = re.compile(r"^(?:[-*+]|\d+\.)\s+(?=\w)")
_NAME = r"[\w.]+(?: [\w.]+){0,3}"
_ARROW = re.compile(
    rf"(?P<left>{_NAME})\s*(?P<back><)?[-=.~]{{1,4}}>{{0,2}}\s*(?:\|(?P<bar>[^|]*)\|)?\s*"
    rf"(?P<right>{_NAME})\s*(?::\s*(?P<label>.+))?;?"
)


class C4Rewriter(Rewriter):
    """A relation waits until both its ends are declared, and what follows it waits with it."""

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._labels: dict[str, str] = {}
        """Aliases, and their labels in lower case."""
        self._related: set[tuple[str, str]] = set()
        self._open: list[Call | None] = []
        """The open boundaries; None once something is in them and they have been written."""
        self._opening: Call | None = None
        """A boundary whose brace has not come yet."""
        self._waiting: list[tuple[frozenset[str], str]] = []
        self._unfinished = ""
        """The beginning of a call whose text goes on in the next line."""

    @staticmethod
    def as_meant(source: str) -> str:
        return double_quoted(source)

    def header(self, text: str) -> Iterator[str]:
        match = _HEADER.fullmatch(text)
        yield self.type
        if match is not None and match["rest"]:
            yield from self.statement(match["rest"], 0)

    def statement(self, text: str, indent: int) -> Iterator[str]:
        if self._unfinished:
            text = f"{self._unfinished} {text}"
            self._unfinished = ""
        title, described = _TITLE.fullmatch(text), _DESCRIPTION.fullmatch(text)
        if title is not None:
            if title["text"]:
                yield self._indented(f"title {plain_text(title['text'])}")
        elif described is not None:
            yield self._indented(f"accDescr: {described['text'].strip()}")
        else:
            yield from self._calls(text)

    def comment(self, text: str) -> str:
        return self._indented(text)

    def finish(self) -> Iterator[str]:
        if self._unfinished:
            yield from self._written(self._unfinished)
        yield from self._begin_boundary()
        while self.repairing and self._open:
            self.note("closed a boundary that was open at the end")
            yield from self._close()
        self.misread |= bool(self._missing())
        for missing in sorted(self._missing()) if self.repairing else ():
            self.note(f"declared `{missing}`, which a relation uses")
            yield from self._declared(missing, Call("System", (Argument(missing),) * 2))
        for _, line in self._waiting:
            yield self._indented(line)

    def _missing(self) -> set[str]:
        return {each for needs, _ in self._waiting for each in needs} - self._labels.keys()

    def _calls(self, text: str) -> Iterator[str]:
        """Everything on a line: calls, and braces that open and close."""
        if self.repairing:
            text = _BULLET.sub("", text).rstrip(";")
        while text := text.strip():
            found = next_call(text, repairing=self.repairing)
            if text[0] in "{}":
                yield from self._brace(text[0])
                text = text[1:]
            elif found is None:
                yield from self._other(text)
                return
            else:
                call, text = found
                yield from self._begin_boundary()
                yield from self._call(call)

    def _brace(self, brace: str) -> Iterator[str]:
        if brace == "{" and self._opening is not None:
            yield from self._begin_boundary(brace_given=True)
        elif brace == "}" and self._open:
            yield from self._close()
        elif self.repairing:
            self.note(f"removed a `{brace}` that belongs to nothing")
        else:
            yield self._indented(brace)

    def _other(self, text: str) -> Iterator[str]:
        """A line that is no call: one in the notation of other families, or the start of one."""
        arrow = _ARROW.fullmatch(text) if self.repairing else None
        if arrow is not None:
            self.note(f"wrote `{text[:60]}` as a relation")
            ends = [arrow["left"], arrow["right"]]
            label = (arrow["label"] or arrow["bar"] or "").strip().strip("\"'")
            given = map(Argument, [*(reversed(ends) if arrow["back"] else ends), label])
            yield from self._relate(Call("Rel", tuple(given)))
        elif text.count('"') % 2 and not self.repairing:
            self._unfinished = text
        elif self.repairing and text.lower() in ("end", "@enduml", "@startuml"):
            self.note(f"removed `{text}`")
        else:
            yield from self._written(text)

    def _call(self, call: Call) -> Iterator[str]:
        call = self._mended(call) if self.repairing else call
        call = Call(SAME.get(call.keyword, call.keyword), call.arguments)
        fixed = FIXED.get(call.keyword)
        if (
            fixed is None
            or len(call.arguments) < fixed
            or any(argument.key for argument in call.arguments[:fixed])
        ):
            yield from self._written(str(call))
        elif call.keyword in BOUNDARIES:
            self._opening = call
        elif call.keyword in ELEMENTS:
            yield from self._declared(call.arguments[0].value, call)
        elif call.keyword in STYLES:
            yield from self._style(call)
        else:
            yield from self._relate(call)

    def _mended(self, call: Call) -> Call:
        """A call with the keyword that is meant, `container_db`, and the label that is missing."""
        keyword = call.keyword
        if keyword not in FIXED and keyword not in SAME:
            keyword = KEYWORDS.get(keyword.lower().replace("_", ""), keyword)
            self.note(f"wrote `{call.keyword}` as `{keyword}`")
        arguments = call.arguments
        if len(arguments) == FIXED.get(keyword, 0) - 1 and keyword not in STYLES:
            self.note(f"gave `{arguments[0].value}` a label")
            arguments = (
                *arguments,
                Argument("uses" if keyword in RELATIONS else arguments[0].value),
            )
        return Call(keyword, arguments)

    def _declared(self, written: str, call: Call) -> Iterator[str]:
        """An element, and the relations that waited for it."""
        alias = self._new_alias(written, call.arguments[1].value)
        yield from self._written(call.written(alias, *_label(call.arguments[1])))
        yield from self._released()

    def _released(self) -> Iterator[str]:
        while self._waiting and self._waiting[0][0] <= self._labels.keys():
            yield from self._written(self._waiting.pop(0)[1])

    def _new_alias(self, written: str, label: str) -> str:
        alias = written
        if self.repairing:
            alias = re.sub(r"\W+", "_", written, flags=re.ASCII).strip("_") or "element"
            alias = f"the_{alias}" if alias in RESERVED_ALIASES else alias
            number = 2
            while alias in self._labels:
                alias, number = f"{alias.removesuffix(f'_{number - 1}')}_{number}", number + 1
            if alias != written:
                self.note(f"renamed `{written}` to `{alias}`")
        self._labels[alias] = label.lower()
        return alias

    def _begin_boundary(self, *, brace_given: bool = False) -> Iterator[str]:
        """Open the boundary that was announced; it is written when something is in it."""
        if self._opening is None:
            return
        call, self._opening = self._opening, None
        if not brace_given:
            self.note(f"opened the brace of `{call.arguments[0].value}`")
        alias = self._new_alias(call.arguments[0].value, call.arguments[1].value)
        self._open.append(Call(call.keyword, (Argument(alias), *call.arguments[1:])))
        yield from ()

    def _close(self) -> Iterator[str]:
        empty = self._open.pop()
        if empty is None:
            yield self._indented("}")
            return
        self.note(f"wrote the empty boundary `{empty.arguments[0].value}` as an element")
        element = Call("Container" if empty.keyword in NODES else "System", empty.arguments[:2])
        yield from self._written(
            element.written(empty.arguments[0].value, *_label(empty.arguments[1]))
        )

    def _relate(self, call: Call) -> Iterator[str]:
        first = 1 if call.keyword == "RelIndex" else 0
        given = [argument.value for argument in call.arguments[: first + 3]]
        left, right = (self._known(each) for each in given[first : first + 2])
        self._related.add((left, right))
        label = f'"{plain_text(given[-1])}"'
        line = call.written(*given[:first], left, right, label)
        yield from self._in_turn(frozenset({left, right}), line)

    def _known(self, written: str) -> str:
        """The alias that is meant: a label or another case of it, when repairing."""
        if not self.repairing or written in self._labels:
            return written
        alias = re.sub(r"\W+", "_", written, flags=re.ASCII).strip("_") or "element"
        for each, label in self._labels.items():
            if written.lower() in (each.lower(), label) or alias.lower() == each.lower():
                return each
        return alias

    def _style(self, call: Call) -> Iterator[str]:
        ends = [argument.value for argument in call.arguments[: FIXED[call.keyword]]]
        # Mermaid passes over a style of what has not been declared, or related, before it.
        if (len(ends) == 1 and ends[0] not in self._labels) or (
            len(ends) == 2 and tuple(ends) not in self._related
        ):
            self.note(f"removed a style without effect, of `{', '.join(ends)}`")
        else:
            yield from self._in_turn(frozenset(), call.written(*ends))

    def _in_turn(self, needs: frozenset[str], line: str) -> Iterator[str]:
        """The line, or nothing yet when it or one before it waits for a declaration."""
        if self._waiting or not needs <= self._labels.keys():
            self._waiting.append((needs, line))
        else:
            yield from self._written(line)

    def _written(self, line: str) -> Iterator[str]:
        """The line, behind the openings of the boundaries that it is the first in."""
        for depth, call in enumerate(self._open):
            if call is not None:
                opening = call.written(call.arguments[0].value, *_label(call.arguments[1]))
                yield f"{' ' * INDENT * (depth + 1)}{opening} {{"
                self._open[depth] = None
        yield self._indented(line)

    def _indented(self, line: str) -> str:
        return f"{' ' * INDENT * (len(self._open) + 1)}{line}"


def _label(argument: Argument) -> tuple[str]:
    return (f'"{plain_text(argument.value)}"',)


def _rewriter_of(grammar: type[C4Grammar]) -> type[C4Rewriter]:
    return type(f"{grammar.type}Rewriter", (C4Rewriter,), {"type": grammar.type})


C4_REWRITERS = tuple(_rewriter_of(grammar) for grammar in C4_GRAMMARS)
"""One for each header; they do the same."""
