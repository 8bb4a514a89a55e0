"""What the rewriters of charts have in common: titles, comments, quotes, slips of the pen.

A chart has no blocks: behind its keyword every line is a title, a description or an entry.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from naiad.grammar.rewriting.escaping import escaped
from naiad.grammar.rewriting.rewriter import Rewriter

_ACCESSIBLE = re.compile(r"(?P<key>accTitle|accDescr)\s*:\s*(?P<text>.*)")
_BLOCK = re.compile(r"accDescr\s*\{(?P<text>.*)")
_TITLE = re.compile(r"title(?:\s+(?P<text>.*))?")
_TITLE_SLIP = re.compile(r"title\s*[:=]\s*(?P<text>.*)|title\s+(?P<quiet>.*)", re.IGNORECASE)
_BULLET = re.compile(r"\A[-*•]\s+(?=\S)")
_NUMBERED = re.compile(r"\d+[.)]\s+(?=\S)")


class ChartRewriter(Rewriter):
    """Takes the lines apart; a family writes its entries."""

    keyword: ClassVar[str]
    """Pattern of the header's keyword."""
    semicolons: ClassVar[bool] = False
    """Whether the family's parser takes `;` for the end of a line."""
    barred_in_title: ClassVar[str] = ""
    """Characters of a title that the canonical subset writes as entities."""

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._description: list[str] | None = None
        """The lines of an `accDescr { … }` that has not ended."""

    @abstractmethod
    def entry(self, text: str) -> Iterator[str]:
        """Canonical lines of an entry, without comments around it."""

    def header(self, text: str) -> Iterator[str]:
        found = re.match(self.keyword, text)
        if found is None:
            yield text
            return
        yield self.written_keyword(found)
        rest = text[found.end() :].strip()
        if self.repairing:
            rest = rest.lstrip(":;").strip()
        if rest:
            yield from self.statement(rest, 0)

    def written_keyword(self, found: re.Match[str]) -> str:
        """The header line."""
        return found[0]

    def statement(self, text: str, indent: int) -> Iterator[str]:
        if self._description is not None:
            yield from self._described(text)
            return
        text, comment = split_comment(text)
        if comment:
            yield f"    {comment}"
        if self.repairing:
            text = self._mended(text)
        elif self.semicolons:
            text = text.rstrip("; \t")
        if text:
            heading = self._heading(text)
            yield from self.entry(text) if heading is None else heading

    def _heading(self, text: str) -> list[str] | None:
        """Canonical lines of a title or description; None for anything else."""
        accessible = _ACCESSIBLE.fullmatch(text)
        if accessible:
            return [f"    {accessible['key']}: {single_spaced(accessible['text'])}"]
        block = _BLOCK.fullmatch(text)
        if block:
            self._description = []
            return list(self._described(block["text"]))
        title = _TITLE.fullmatch(text)
        if title:
            # Mermaid reads an empty title as none.
            words = escaped(single_spaced(title["text"] or ""), self.barred_in_title)
            return [f"    title {words}"] if words else []
        return None

    def _described(self, text: str) -> Iterator[str]:
        """Lines of `accDescr { … }`, held back until it ends."""
        held = self._description if self._description is not None else []
        before, brace, after = text.partition("}")
        held.append(before.strip())
        if brace:
            self._description = None
            yield f"    accDescr: {single_spaced(' '.join(held))}"
            if after.strip():
                yield from self.statement(after.strip(), 0)

    def _mended(self, text: str) -> str:
        """The line without what models put around it."""
        without = _BULLET.sub("", text, count=1).rstrip(";, \t")
        if without != text:
            self.note("took away the bullet or the sign at the line's end")
        title = _TITLE_SLIP.fullmatch(without)
        if title and not _TITLE.fullmatch(without):
            self.note("wrote the title as Mermaid does")
            without = f"title {title['text'] or title['quiet'] or ''}"
        return without

    def finish(self) -> Iterator[str]:
        if self._description is not None:
            self.note("ended the description")
            yield from self._described("}")


def split_comment(text: str) -> tuple[str, str]:
    """A line and the `%%` comment at its end, either of which may be empty."""
    quote = ""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character == '"':
            quote = character
        elif text.startswith("%%", at) and not text.startswith("%%{", at):
            return text[:at].rstrip(), text[at:]
    return text, ""


def single_spaced(text: str) -> str:
    """`text` with one blank where there are several; drawings show no more than one."""
    return re.sub(r"[ \t]+", " ", text.strip())


def unquoted(text: str) -> str:
    """`text` without a pair of quotes around it."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def quoted_label(text: str) -> str:
    """`text` in double quotes, those within as Mermaid's entity."""
    return f'"{text.strip().replace(chr(34), "#quot;")}"'
