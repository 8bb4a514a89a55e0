"""block-beta: rows of blocks, links on lines of their own, labels in quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.families.block import ARROW_DIRECTIONS, MOST_IN_A_ROW, RESERVED_IDS
from naiad.grammar.line_form import INDENT
from naiad.grammar.rewriting.block_tokens import (
    BLOCK,
    COLUMNS,
    END,
    LINK,
    NODE,
    SPACE,
    TO_THE_END,
    bare_label_of,
    canonical_link,
    label_of,
    shape_of,
    words,
)
from naiad.grammar.rewriting.css import canonical_declarations
from naiad.grammar.rewriting.escaping import escaped
from naiad.grammar.rewriting.rewriter import Rewriter

_HEADER = re.compile(r"(?P<keyword>block(?:-beta)?)\b[\s:;]*(?P<rest>.*)")
_SUBGRAPH = re.compile(r"subgraph\s+(?P<id>[\w-]+)\s*(?:\[\"?(?P<label>[^\"\]]*)\"?\])?\s*")
_NOTHING = re.compile(r"(?:title|direction|accTitle|accDescr)\b.*")
_BLANK = " "
_BULLET = re.compile(r"^(?:[-*+]|\d+\.)\s+(?=\w)")


class BlockRewriter(Rewriter):
    """A link declares the blocks that it is the first to name, so they are written before it."""

    type = "block-beta"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._ids: dict[str, str] = {}
        """Ids as they are written -> as they are declared."""
        self._declared: dict[str, str] = {}
        """Canonical ids -> the text that declared them."""
        self._row: list[str] = []
        self._filled = [False]
        """Of the diagram and each open block, whether something is in it."""
        self._left: str | None = None
        """The id before a link, or before what may turn out to be one."""
        self._link: re.Match[str] | None = None
        """A link whose end has not come yet."""
        self._is_end = False
        """Whether `_left` is the end of a link itself."""

    def header(self, text: str) -> Iterator[str]:
        match = _HEADER.fullmatch(text)
        if match is None:
            yield self.type
            return
        yield match["keyword"]
        if match["rest"]:
            yield from self.statement(match["rest"], 0)

    def statement(self, text: str, indent: int) -> Iterator[str]:
        if self.repairing:
            text = self._mended(text)
        position = 0
        while position < len(text):
            if text[position].isspace() or (self.repairing and text[position] == ";"):
                position += 1
                continue
            token = self._token(text, position)
            if token is None:
                yield from self._flushed()
                yield self._indented(text[position:])
                return
            lines, position = token
            yield from lines
        if self._link is None:
            yield from self._flushed()

    def comment(self, text: str) -> str:
        return self._indented(text)

    def finish(self) -> Iterator[str]:
        yield from self._flushed()
        while self.repairing and len(self._filled) > 1:
            self.note("closed a block that was open at the end")
            yield from self._close()
        if self.repairing and not self._filled[0]:
            yield self._placed("columns 1")

    def _mended(self, text: str) -> str:
        bare = _BULLET.sub("", text)
        if _NOTHING.fullmatch(bare):
            self.note(f"removed `{bare[:60]}`: block diagrams have no such thing")
            return ""
        if subgraph := _SUBGRAPH.fullmatch(bare):
            self.note(f"read `{bare[:60]}` as a block")
            label = f'["{subgraph["label"]}"]' if subgraph["label"] else ""
            return f"block:{subgraph['id']}{label}"
        return bare

    def _token(self, text: str, position: int) -> tuple[list[str], int] | None:
        """The lines of the token at `position` and where it ends; None where there is none."""
        if self._left is not None and (link := LINK.match(text, position)):
            # Mermaid does not know chains: it draws the second link from nowhere.
            self.misread |= self._is_end
            if self._is_end:
                self.note("wrote a chain of links as single ones")
            self._link = link
            return [], link.end()
        if rest := TO_THE_END.match(text, position):
            return [*self._flushed(), *self._style(rest["keyword"], rest["what"])], len(text)
        for pattern, read in (
            (COLUMNS, self._columns),
            (SPACE, self._space),
            (BLOCK, self._open),
            (END, self._end),
            (NODE, self._node),
        ):
            if match := pattern.match(text, position):
                return read(match)
        return None

    def _columns(self, match: re.Match[str]) -> tuple[list[str], int]:
        return [*self._flushed(), self._placed(f"columns {match['columns']}")], match.end()

    def _space(self, match: re.Match[str]) -> tuple[list[str], int]:
        self._left = None
        self._row.append(f"space:{match['width']}" if match["width"] else "space")
        return [], match.end()

    def _open(self, match: re.Match[str]) -> tuple[list[str], int]:
        lines = list(self._flushed())
        node = NODE.match(match.string, match.end()) if match["named"] else None
        opened, end = "block", match.end()
        if node is not None:
            identifier = self._id_of(node["id"])
            label = f'["{_label(node)}"]' if _label(node) else ""
            size = node["size"] or node["early_size"]
            opened = f"block:{identifier}{label}" + (f":{size}" if size else "")
            self._declared[identifier] = opened
            end = node.end()
        lines.append(self._placed(opened))
        self._filled.append(False)
        return lines, end

    def _end(self, match: re.Match[str]) -> tuple[list[str], int]:
        lines = list(self._flushed())
        if len(self._filled) > 1:
            lines += self._close()
        elif self.repairing:
            self.note("removed an `end` that belongs to nothing")
        else:
            lines.append(self._indented("end"))
        return lines, match.end()

    def _close(self) -> Iterator[str]:
        if not self._filled[-1]:
            self.note("put a space into an empty block")
            yield self._placed("space")
        self._filled.pop()
        yield self._indented("end")

    def _node(self, match: re.Match[str]) -> tuple[list[str], int]:
        identifier = self._id_of(match["id"])
        written = identifier + self._look(match, identifier)
        if identifier not in self._declared:
            self._declared[identifier] = written
            self._row.append(written)
        elif written.split(":")[0] not in (identifier, self._declared[identifier].split(":")[0]):
            # It changes what has been declared, which the canonical form does not do.
            self._row.append(written)
        lines = []
        if self._link is not None and self._left is not None:
            lines = [*self._flushed(), self._link_line(self._left, identifier)]
            self._is_end = True
        else:
            self._is_end = False
        self._left = identifier
        if match["style"]:
            lines += [*self._flushed(), self._placed(f"class {identifier} {match['style']}")]
        return lines, match.end()

    def _look(self, match: re.Match[str], identifier: str) -> str:
        """Shape, label and width of a block."""
        size = match["size"] or match["early_size"]
        width = f":{size}" if size else ""
        if match["arrow"] is not None:
            blank = re.sub(r"&nbsp;|\u00a0", "#nbsp;", match["arrow"])
            label = blank if not blank.strip() else escaped(blank, is_html=True)
            directions = [each for each in words(match["directions"] or "") if each]
            known = [each for each in directions if each in ARROW_DIRECTIONS] or ["right"]
            if known != directions:
                self.note(f"gave the arrow `{identifier}` the direction `{', '.join(known)}`")
            return f'<["{label or _BLANK}"]>({", ".join(known)}){width}'
        shape = shape_of(match)
        if shape is None:
            return width
        if bare_label_of(match):
            self.note(f"quoted the label of `{identifier}`")
        return f'{shape[0]}"{_label(match) or identifier}"{shape[1]}{width}'

    def _link_line(self, left: str, right: str) -> str:
        start, end, label = canonical_link(self._link)  # type: ignore[arg-type]
        self._link = None
        if not label:
            return self._placed(f"{left} {start}{end} {right}")
        return self._placed(f'{left} {start} "{escaped(label, is_html=True)}" {end} {right}')

    def _id_of(self, written: str) -> str:
        """The canonical id of one in the text, the same unless it is broken."""
        if written not in self._ids:
            safe = written
            if self.repairing:
                safe = re.sub(r"\W+", "_", written, flags=re.ASCII).strip("_") or "block1"
                safe = f"the_{safe}" if safe in RESERVED_IDS else safe
            if safe != written:
                self.note(f"renamed `{written}` to `{safe}`")
            self._ids[written] = safe
        return self._ids[written]

    def _style(self, keyword: str, what: str) -> Iterator[str]:
        names, _, rest = re.sub(r"\s*,\s*(?=[\w-]+(?:\s|,))", ",", what).partition(" ")
        rest = rest.strip()
        if keyword == "classDef":
            yield self._placed(f"classDef {names} {canonical_declarations(rest)}")
            return
        ids = [self._ids.get(each, each) for each in words(names)]
        if self.repairing:
            missing = [each for each in ids if each not in self._declared]
            if missing:
                self.note(f"left out the {keyword} of what is not there: {', '.join(missing)}")
            ids = [each for each in ids if each in self._declared]
        if keyword == "class" and ids:
            yield self._placed(f"class {','.join(ids)} {rest.rstrip(';').strip()}")
        for each in ids if keyword == "style" else ():
            yield self._placed(f"style {each} {canonical_declarations(rest)}")

    def _flushed(self) -> Iterator[str]:
        """The row so far, in lines of so many blocks as the grammar allows."""
        while self._row:
            row, self._row = self._row[:MOST_IN_A_ROW], self._row[MOST_IN_A_ROW:]
            yield self._placed(" ".join(row))
        if self._link is None:
            self._left = None

    def _placed(self, line: str) -> str:
        self._filled[-1] = True
        return self._indented(line)

    def _indented(self, line: str) -> str:
        return f"{' ' * INDENT * len(self._filled)}{line}"


def _label(node: re.Match[str]) -> str:
    return escaped(label_of(node), is_html=True)
