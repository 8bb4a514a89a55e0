"""zenuml: one statement a line, spaced like code, comments on lines of their own.

@zenuml/core takes line breaks for blanks, so what matters is the order of the tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from naiad.grammar.families.zenuml import EXPRESSION, KEYWORDS, WORD, ZenumlGrammar
from naiad.grammar.line_grammar import INDENT, LineRefused
from naiad.grammar.rewriting.rewriter import Rewriter

_MARK = re.compile(r'"[^"\n]*"?|//|[{}:;]')
_TOKEN = re.compile(
    r'"[^"]*"|@?\w+(?:\.\d+)?|#[0-9a-fA-F]+|->|<<|>>|==|!=|<=|>=|&&|\|\||\S', re.ASCII
)
_BINARY = frozenset(("==", "!=", "<=", ">=", "&&", "||", "<", ">", "+", "-", "*", "/", "%", "="))
_TITLE = re.compile(r"title\s+(?P<text>.+)")
_CONTENT = re.compile(r"(?P<ends>[^:\"]*(?:\"[^\"]*\"[^:\"]*)*):\s*(?P<text>.*)")
_CONTINUATION = re.compile(r"(?:else|catch|finally)\b.*\{")
_TYPED = re.compile(r"(?P<type>\w+) (?P<rest>\w+ = .+)")
_NAMES = re.compile(r"(?:\w+|\"[^\"]*\")(?: (?:\w+|\"[^\"]*\"))+")
_NAME = re.compile(r"\w+|\"[^\"]*\"")
_CONDITION = re.compile(r"(?P<keyword>if|while|for|foreach|forEach|loop|opt)\s*\((?P<inside>.*)\)")
_PLAIN_CONDITION = re.compile(f"(?:{EXPRESSION}|{WORD} in {WORD})")
_EACH = re.compile(r"(?:(?:const|let|var|each)\s+)?(\w+)\s*(?::|of|in)\s*(\w+)")
_FOREIGN_ARROW = re.compile(r"-->>|->>|-->|=>|→|--?\)|--?x(?=\s)")
_FOREIGN_PARTICIPANT = re.compile(r"(?P<kind>participant|actor)\s+(?P<rest>.+)", re.IGNORECASE)
_FOREIGN_BLOCK = re.compile(r"(?P<keyword>alt|loop|opt|par)\b\s*(?P<text>[^({]*)")
_FOREIGN_ELSE = re.compile(r"(?:else|and)\b\s*(?P<text>[^({]*)")
_QUOTED = re.compile(r"'([^'\"\n]*)'")
_BULLET = re.compile(r"(?:[-*•]\s+|\d{1,3}[.)]\s+)")


class ZenumlRewriter(Rewriter):
    """When repairing, what the grammar does not know becomes a comment."""

    type = "zenuml"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._depth = 0
        self._awaits_next = False
        """Whether a `}` has been read that `else` may follow."""
        self._is_reply = False
        """Whether a `@return` stands before the next message."""
        self._in_head = True
        self._grammar = ZenumlGrammar()
        self._grammar.read("zenuml")

    def header(self, text: str) -> Iterator[str]:
        if not text.startswith("zenuml"):
            yield text
            return
        yield "zenuml"
        rest = text.removeprefix("zenuml").strip()
        if rest:
            yield from self.statement(rest, 0)

    def comment(self, text: str) -> str:
        return f"{' ' * INDENT * (self._depth + 1)}{text}"

    def statement(self, text: str, indent: int) -> Iterator[str]:
        if self.repairing:
            text = self._mended(text)
        title = _TITLE.fullmatch(text)
        if title is not None and self._in_head:
            yield from self._line(f"title {title['text'].strip()}")
            return
        for piece in _pieces(text):
            yield from self._piece(piece)

    def finish(self) -> Iterator[str]:
        yield from self._ended()
        while self.repairing and self._depth:
            self.note("ended a block with `}`")
            self._awaits_next = True
            yield from self._ended()

    def _piece(self, piece: str) -> Iterator[str]:
        if piece == "}":
            yield from self._ended()
            if self._depth or not self.repairing:
                self._awaits_next = True
            else:
                self.note("took out a `}` that ends nothing")
            return
        if self._awaits_next and _CONTINUATION.match(piece):
            self._awaits_next = False
            self._depth = max(self._depth - 1, 0)
            yield from self._line("} " + self._formatted(piece))
            self._depth += 1
            return
        yield from self._ended()
        if piece == "@return" or piece == "@reply":
            self._is_reply = True
        elif piece.startswith("//"):
            comment = piece[2:].strip()
            yield from self._line(f"// {comment}" if comment else "//")
        else:
            yield from self._code(piece)

    def _code(self, piece: str) -> Iterator[str]:
        content = None if piece.endswith("{") else _CONTENT.fullmatch(piece)
        if content is not None:
            code = f"{self._formatted(content['ends'])}: {content['text'].strip()}".rstrip()
        else:
            code = self._formatted(piece)
        if self._is_reply:
            self._is_reply = False
            code = f"@return {code}"
        if self._in_head:
            declared, code = self._declarations(code)
            for each in declared:
                yield from self._line(each)
        if code:
            yield from self._line(code)
        if code.endswith("{") and content is None:
            self._depth += 1

    def _declarations(self, code: str) -> tuple[list[str], str]:
        """Participants in front of the first statement that stand on its line, and the rest.

        "Result r = A.run()" there declares a participant `Result`, and `A B` two of them.
        """
        names = _NAME.findall(code) if _NAMES.fullmatch(code) else []
        if names and not KEYWORDS.intersection(names):
            return names, ""
        if not re.match(r"[@\w\"<].*(?:[({:]|= )|return\b|==", code) or code.startswith("group"):
            return [], code
        self._in_head = code.startswith("@Starter")
        typed = _TYPED.fullmatch(code)
        if typed is None or typed["type"] in KEYWORDS:
            return [], code
        return [typed["type"]], typed["rest"]

    def _ended(self) -> Iterator[str]:
        """Write the `}` that has waited for an `else`."""
        if self._awaits_next:
            self._awaits_next = False
            self._depth = max(self._depth - 1, 0)
            yield from self._line("}")

    def _line(self, code: str) -> Iterator[str]:
        line = f"{' ' * INDENT * (self._depth + 1)}{code}"
        if self.repairing:
            try:
                self._grammar.read(line)
            except LineRefused:
                line = self._replacement(code)
        yield line

    def _replacement(self, code: str) -> str:
        """A comment in place of what is no statement; a frame in place of another block."""
        blanks = " " * INDENT * (self._depth + 1)
        told = re.sub(r'[";\\#]', "'", code.strip("{} "))[:50].strip()
        line = f'{blanks}frame("{told}") {{' if code.endswith("{") else f"{blanks}// {code}"
        try:
            self._grammar.read(line)
        except LineRefused:
            return f"{blanks}{code}"
        self.note(f"kept `{code[:60]}` as {'a frame' if code.endswith('{') else 'a comment'}")
        return line

    # --- writing ----------------------------------------------------------------------------

    def _formatted(self, code: str) -> str:
        """The code with blanks where the canonical form has them."""
        if self.repairing:
            code = self._with_condition(code)
        parts: list[str] = []
        previous = ""
        for token in _TOKEN.findall(code):
            if previous and _is_spaced(previous, token, parts):
                parts.append(" ")
            parts.append(token)
            previous = token
        return "".join(parts)

    # --- repairs ----------------------------------------------------------------------------

    def _mended(self, text: str) -> str:
        """Without a bullet, single quotes and the notation of sequence diagrams."""
        if text.startswith("//") or _TITLE.fullmatch(text):
            return text
        mended = _BULLET.sub("", text, count=1) if _BULLET.match(text) else text
        code, colon, content = mended.partition(":")
        if "(" in code and ")" not in code:
            code, colon, content = mended, "", ""
        code = _QUOTED.sub(r'"\1"', code)
        code = _FOREIGN_ARROW.sub("->", code)
        mended = self._from_sequence(f"{code}{colon}{content}")
        if mended != text:
            self.note(f"wrote `{text[:60]}` as ZenUML does")
        return mended

    def _from_sequence(self, text: str) -> str:
        """Lines of a sequenceDiagram as ZenUML has them."""
        participant = _FOREIGN_PARTICIPANT.fullmatch(text)
        if participant is not None:
            is_actor = participant["kind"].lower() == "actor"
            name, separator, alias = participant["rest"].partition(" as ")
            alias = alias.strip()
            quoted = alias if alias.startswith('"') or alias.isidentifier() else f'"{alias}"'
            return f"{'@Actor ' if is_actor else ''}{name}{separator}{quoted if alias else ''}"
        if text == "end":
            return "}"
        other = _FOREIGN_ELSE.fullmatch(text)
        if other is not None and self._depth:
            told = other["text"].strip()
            return f'}} else if("{told}") {{' if told else "} else {"
        block = _FOREIGN_BLOCK.fullmatch(text)
        if block is None:
            return text
        keyword = {"alt": "if"}.get(block["keyword"], block["keyword"])
        told = block["text"].strip()
        return f'{keyword}("{told}") {{' if told and keyword != "par" else f"{keyword} {{"

    def _with_condition(self, code: str) -> str:
        """A condition that is no expression as a text: `for(i = 0; …)` -> `for("i = 0, …")`."""
        match = _CONDITION.search(code)
        if match is None:
            return code
        inside = match["inside"].strip()
        each = _EACH.fullmatch(inside)
        if each is not None:
            inside = f"{each[1]} in {each[2]}"
        elif inside and not _PLAIN_CONDITION.fullmatch(inside):
            inside = '"' + re.sub(r"\s*;\s*", ", ", inside).replace('"', "'") + '"'
        if inside != match["inside"].strip():
            self.note(f"wrote the condition as `{inside[:60]}`")
        return f"{code[: match.start()]}{match['keyword']}({inside}){code[match.end() :]}"


def _pieces(line: str) -> Iterator[str]:
    """The statements, braces and comments of a line; what follows a `:` is one message's text.

    'if(x) { A->B: y' -> "if(x) {", "A->B: y"; "A.m() } // z" -> "A.m()", "}", "// z"
    """
    start = 0
    depth = 0
    for mark in _MARK.finditer(line):
        found = mark[0]
        if found == "//":
            yield from _shown(line[start : mark.start()])
            yield line[mark.start() :]
            return
        depth = line.count("(", start, mark.start()) - line.count(")", start, mark.start())
        if found == ":":
            break
        if found in "{}" or (found == ";" and depth <= 0):
            end = mark.end() if found == "{" else mark.start()
            yield from _shown(line[start:end])
            if found == "}":
                yield "}"
            start = mark.end()
    yield from _shown(line[start:])


def _shown(piece: str) -> list[str]:
    return [piece.strip()] if piece.strip() else []


def _is_spaced(previous: str, token: str, parts: list[str]) -> bool:
    """Whether a blank stands between the tokens."""
    if token in (",", ")", ".", "->", ";", ">>") or previous in ("(", ".", "->", "!", "<<"):
        return False
    if token == "(":
        return previous in _BINARY or previous == ","
    if previous == "-" and len(parts) > 1 and parts[-2] in ("(", " ", ""):
        return len(parts) > 2 and parts[-3] not in _BINARY and parts[-3] != ","
    return True
