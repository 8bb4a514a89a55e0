"""erDiagram: crow's feet for words, names without quotes where none are needed, labels in quotes.

https://mermaid.js.org/syntax/entityRelationshipDiagram.html
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from itertools import islice

from naiad.grammar.families.er import needs_no_quotes
from naiad.grammar.rewriting.css import canonical_declarations
from naiad.grammar.rewriting.er_repair import (
    mended_attribute,
    mended_statement,
    opens_a_statement,
    without_ornament,
)
from naiad.grammar.rewriting.er_tokens import SYMBOLS, Token, attribute_tokens, tokens
from naiad.grammar.rewriting.escaping import escaped
from naiad.grammar.rewriting.rewriter import Rewriter

_ACCESSIBLE = re.compile(r"(?P<key>accTitle|accDescr)\s*:\s*(?P<text>.*)", re.IGNORECASE)
_BLOCK = re.compile(r"accDescr\s*\{(?P<text>.*)", re.IGNORECASE)
_DIRECTION = re.compile(r".*direction\s+(?P<to>TB|BT|RL|LR)", re.IGNORECASE)
_STYLED = re.compile(r"(?P<ids>[^\s,]+(?:\s*,\s*[^\s,]+)*)\s+(?P<css>\S.*)")
_CLASSED = re.compile(r"(?P<ids>[^\s,]+(?:\s*,\s*[^\s,]+)*)\s+(?P<classes>[^\s,]+(?:\s*,\s*\S+)*)")
_ENDS = {"TD": "TB"}
_LONGEST_STATEMENT = 100
"""Tokens. A line may hold many statements, and is not to be taken apart anew for each."""


class ErRewriter(Rewriter):
    """Takes a line apart as Mermaid's lexer does, since one line may hold many statements."""

    type = "erDiagram"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._depth = 0
        self._in_entity = False
        self._description: list[str] | None = None
        """The lines of an `accDescr { … }` that has not ended."""
        self._attribute: list[Token] = []
        """What has been read of an attribute that goes on in the next line."""

    def header(self, text: str) -> Iterator[str]:
        if not text.startswith("erDiagram"):
            yield text
            return
        yield "erDiagram"
        rest = self.direction_behind_header(text[len("erDiagram") :].strip())
        if rest:
            yield from self.statement(rest, 0)

    def statement(self, text: str, indent: int) -> Iterator[str]:
        rest = text.strip()
        while rest:
            if self._description is not None:
                rest = yield from self._described(rest)
            elif self._in_entity:
                rest = yield from self._attributes(rest)
            else:
                rest = yield from self._outside(rest)
            rest = rest.strip()

    def comment(self, text: str) -> str:
        return f"{self._indent}{'    ' if self._in_entity else ''}{text}"

    def finish(self) -> Iterator[str]:
        if not self.repairing:
            return
        if self._in_entity:
            yield from self._close_entity()
            self.note("added the missing `}`")
        while self._depth:
            self._depth -= 1
            self.note("added the missing `end`")
            yield f"{self._indent}end"

    @property
    def _indent(self) -> str:
        return "    " * (self._depth + 1)

    def _described(self, text: str) -> Generator[str, None, str]:
        before, brace, after = text.partition("}")
        lines = self._description or []
        if before.strip():
            lines.append(before.strip())
        self._description = None if brace else lines
        if brace:
            yield f"    accDescr: {' '.join(lines)}"
        return after

    def _outside(self, text: str) -> Generator[str, None, str]:
        """Write the first statement of `text`; returns what follows it."""
        special = yield from self._special(text)
        if special is not None:
            return special
        read = list(islice(tokens(text), _LONGEST_STATEMENT))
        first = read[0]
        if first.kind == "header":
            return text[first.end :]
        if first.kind == "end" and (self._depth or not self.repairing):
            self._depth = max(self._depth - 1, 0)
            yield f"{self._indent}end"
            return text[first.end :]
        if first.kind == "subgraph":
            return (yield from self._subgraph(text, read))
        if first.kind in ("style", "class"):
            return (yield from self._styling(text, first))
        if first.is_name:
            end = yield from self._entity_statement(text, read)
            if end is not None:
                return text[end:]
        return (yield from self._odd(text))

    def _special(self, text: str) -> Generator[str, None, str | None]:
        """Statements that take their whole line."""
        accessible, block = _ACCESSIBLE.match(text), _BLOCK.match(text)
        if accessible:
            key = "accTitle" if accessible["key"].lower() == "acctitle" else "accDescr"
            yield f"    {key}: {accessible['text'].strip()}"
            return ""
        if block:
            self._description = []
            return block["text"] or " "
        direction = _DIRECTION.match(text)
        if direction and (not self.repairing or text.lower().startswith("direction")):
            yield f"{self._indent}direction {direction['to'].upper()}"
            return ""
        return None

    def _subgraph(self, text: str, read: Sequence[Token]) -> Generator[str, None, str]:
        names = [token for token in read[1:] if token.is_name]
        if len(read) < 2 or not read[1].is_name:
            return (yield from self._odd(text))
        title = ""
        if len(read) > 2 and read[2].kind == "[":
            words = " ".join(_plain(token) for token in names[1:])
            title = f' ["{escaped(words, _NAME_BARRED)}"]'
        elif len(read) > 2 and not self.repairing:
            yield f"{self._indent}{text}"
            return ""
        yield f"{self._indent}subgraph {_entity(_plain(read[1]))}{title}"
        self._depth += 1
        return ""

    def _styling(self, text: str, keyword: Token) -> Generator[str, None, str]:
        rest = text[keyword.end :].strip()
        if keyword.kind == "class":
            found = _CLASSED.fullmatch(rest.rstrip("; "))
            values = _commas(found["classes"]) if found else ""
        else:
            found = _STYLED.fullmatch(rest)
            values = canonical_declarations(found["css"]) if found else ""
        if found is None:
            return (yield from self._odd(text))
        word = {"style": "style", "classdef": "classDef"}.get(keyword.text.lower(), "class")
        yield f"{self._indent}{word} {_commas(found['ids'])} {values}"
        return ""

    def _entity_statement(
        self, text: str, read: Sequence[Token]
    ) -> Generator[str, None, int | None]:
        """Write an entity or a relationship; returns where it ends, None if there is none."""
        at, first = _end_of_entity(read, 0)
        if at + 1 < len(read) and read[at].is_cardinality and read[at + 1].kind in ("--", ".."):
            return (yield from self._relationship(text, read, at, first))
        if self.repairing and at < len(read) and read[at].kind != "{":
            return None
        if at < len(read) and read[at].kind == "{":
            yield f"{self._indent}{first} {{"
            self._in_entity = True
            return read[at].end
        yield f"{self._indent}{first}"
        return read[at - 1].end

    def _relationship(
        self, text: str, read: Sequence[Token], at: int, first: str
    ) -> Generator[str, None, int | None]:
        """The rest of a relationship, of which `read[at]` is the left cardinality."""
        if at + 3 >= len(read) or not read[at + 2].is_cardinality or not read[at + 3].is_name:
            return None
        left, line, right = read[at : at + 3]
        after, second = _end_of_entity(read, at + 3, aliased=False)
        drawn = f"{SYMBOLS[left.kind][0]}{line_symbol(line)}{SYMBOLS[right.kind][1]}"
        if after + 1 < len(read) and read[after].kind == ":" and read[after + 1].is_name:
            role = read[after + 1]
            end = role.end
            written = _role(role)
            if self.repairing and role.kind != "string" and not _relates(read[after + 2 :]):
                end = len(text)
                label = text[role.end - len(role.text) :].rstrip(" ;,").strip('"')
                if label != role.text:
                    written = f'"{escaped(label, _ROLE_BARRED)}"'
                    self.note("quoted the label")
            yield f"{self._indent}{first} {drawn} {second} : {written}"
            return end
        return None

    def _odd(self, text: str) -> Generator[str, None, str]:
        """Write what is no statement; when repairing, what was probably meant."""
        if not self.repairing:
            yield f"{self._indent}{text}"
            return ""
        if re.fullmatch(r"(?:[}\])]|end\b|\s|;)+", text, re.IGNORECASE):
            self.note(f"left out `{text}`, which ends nothing")
            return ""
        mended = mended_statement(text)
        if mended is None:
            self.note("made a comment of what is no Mermaid")
            yield f"{self._indent}%% {text.lstrip('%{ ')}"
            return ""
        self.note(mended.message)
        if mended.opens:
            self._in_entity = True
        yield f"{self._indent}{mended.line}"
        return ""

    def _attributes(self, text: str) -> Generator[str, None, str]:
        """Write the attributes of `text` up to the closing brace; returns what follows it."""
        if self.repairing:
            return (yield from self._repaired_attributes(text))
        read = self._attribute
        self._attribute = []
        for token in attribute_tokens(text):
            if token.kind == "}":
                if read:
                    yield self._written_attribute(read)
                yield from self._close_entity()
                return text[token.end :]
            if token.kind in ("generic", "word", "backticks") and _words(read) == 2:
                yield self._written_attribute(read)
                read = []
            read.append(token)
        if _words(read) > 1:
            yield self._written_attribute(read)
        else:
            self._attribute = read
        return ""

    def _repaired_attributes(self, text: str) -> Generator[str, None, str]:
        if opens_a_statement(text):
            self.note("added the missing `}`")
            yield from self._close_entity()
            return text
        inside, brace, after = _split_at_brace(text)
        for part in without_ornament(inside):
            read = list(attribute_tokens(part))
            if _words(read) == 2 and _is_attribute(read):
                yield self._written_attribute(read)
                continue
            mended = mended_attribute(part)
            if mended is None:
                self.note("made a comment of what is no attribute")
                yield f"{self._indent}    %% {part.lstrip('%{ ')}"
            else:
                self.note("wrote the attribute as `type name`")
                yield self._written_attribute(list(attribute_tokens(mended)))
        if brace:
            yield from self._close_entity()
        return after

    def _written_attribute(self, read: Sequence[Token]) -> str:
        words: list[str] = []
        keys = ", ".join(token.text.upper() for token in read if token.kind == "key")
        comment = ""
        for token in read:
            if token.kind in ("generic", "word", "backticks"):
                words.append(token.text)
            elif token.kind == "comment":
                comment = f' "{escaped(token.text[1:-1], _COMMENT_BARRED)}"'
            elif token.text == "?" and words:
                words[-1] += "?"
        if comment == ' ""':
            comment = ""
        return f"{self._indent}    {' '.join(words)}{' ' + keys if keys else ''}{comment}"

    def _close_entity(self) -> Iterator[str]:
        self._in_entity = False
        yield f"{self._indent}}}"


_NAME_BARRED = '"<>\\`%'
_ROLE_BARRED = '"<>#;\\`'
_COMMENT_BARRED = '"<>#;\\`~'


def line_symbol(line: Token) -> str:
    """`--` of an identifying relationship, `..` of another, however it is written."""
    return "--" if line.kind == "--" else ".."


def _plain(token: Token) -> str:
    return token.text.replace('"', "")


def _entity(entity: str) -> str:
    return entity if needs_no_quotes(entity) else f'"{entity}"'


def _role(token: Token) -> str:
    if token.kind != "string" and needs_no_quotes(token.text):
        return token.text
    return f'"{escaped(_plain(token), _ROLE_BARRED)}"'


def _end_of_entity(read: Sequence[Token], at: int, *, aliased: bool = True) -> tuple[int, str]:
    """Where an entity's name with its alias and classes ends, and how it is written."""
    written = _entity(_plain(read[at]))
    at += 1
    kinds = [token.kind for token in read[at : at + 3]]
    if aliased and len(kinds) == 3 and (kinds[0], kinds[2]) == ("[", "]") and read[at + 1].is_name:
        written += f'["{escaped(_plain(read[at + 1]), _NAME_BARRED)}"]'
        at += 3
    if at + 1 < len(read) and read[at].kind == ":::" and read[at + 1].is_name:
        written += f":::{read[at + 1].text}"
        at += 2
        while at + 1 < len(read) and read[at].kind == "," and read[at + 1].is_name:
            written += f",{read[at + 1].text}"
            at += 2
    return at, written


def _relates(read: Sequence[Token]) -> bool:
    """Whether there is another relationship among these tokens."""
    return any(token.kind in ("--", "..") for token in read)


def _words(read: Sequence[Token]) -> int:
    return sum(token.kind in ("generic", "word", "backticks") for token in read)


def _is_attribute(read: Sequence[Token]) -> bool:
    """Whether these are a type and a name, then keys with commas between them, then a comment."""
    kinds = "".join(_SHORT.get(token.kind, token.text) for token in read)
    return re.fullmatch(r"w\??w(?:k(?:,k)*)?c?", kinds) is not None


_SHORT = {"generic": "w", "word": "w", "backticks": "w", "key": "k", "comment": "c"}


def _split_at_brace(text: str) -> tuple[str, str, str]:
    """What stands before the brace that ends the attributes, the brace, and what follows."""
    for token in attribute_tokens(text):
        if token.kind == "}":
            return text[: token.end - 1], "}", text[token.end :]
    return text, "", ""


def _commas(names: str) -> str:
    return re.sub(r"\s*,\s*", ",", names.strip())
