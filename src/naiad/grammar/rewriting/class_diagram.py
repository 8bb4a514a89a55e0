"""classDiagram: one statement a line, braces on lines of their own, safe names.

https://mermaid.js.org/syntax/classDiagram.html
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator

from naiad.grammar.families.class_patterns import written_name
from naiad.grammar.rewriting.class_lines import BARRED, Named, parts_of, read_name, read_relation
from naiad.grammar.rewriting.class_repair import (
    MendedLines,
    leaves_the_body,
    mended_lines,
    mended_member,
    safe_id,
    statements_of,
)
from naiad.grammar.rewriting.css import canonical_declarations
from naiad.grammar.rewriting.escaping import escaped
from naiad.grammar.rewriting.rewriter import Rewriter

_ACCESSIBLE = re.compile(r"(?P<key>accTitle|accDescr)\s*:\s*(?P<text>.*)")
_BLOCK = re.compile(r"accDescr\s*\{(?P<text>.*)")
_DIRECTION = re.compile(r".*direction\s+(?P<to>TB|BT|RL|LR)")
_NAME = r"(?P<name>`[^`]+`|[^\s`~\[:{}<\"]+(?:\s+[^\s`~\[:{}<\"]+)*)"
_CLASS = re.compile(
    rf"class\s+{_NAME}\s*(?:~(?P<generic>[^~]*)~)?\s*(?:\[\s*\"(?P<label>[^\"]*)\"\s*\])?"
    r"\s*(?::::\s*(?P<style>\w+))?\s*(?:<<\s*(?P<annotation>\w+)\s*>>)?\s*(?P<rest>[{}].*)?",
    re.ASCII,
)
_NAMESPACE = re.compile(
    rf"namespace\s+{_NAME}\s*(?:\[\s*\"(?P<label>[^\"]*)\"\s*\])?\s*\{{(?P<rest>.*)", re.ASCII
)
_NOTE = re.compile(r"note(?:\s+for\s+(?P<name>[^\"]+?))?\s*\"(?P<text>[^\"]*)\"")
_ANNOTATION = re.compile(r"<<\s*(?P<annotation>\w+)\s*>>\s*(?P<name>.+)", re.ASCII)
_STYLE = re.compile(r"(?P<keyword>style|classDef)\s+(?P<ids>\w+(?:\s*,\s*\w+)*)\s+(?P<css>\S.*)")
_CSS_CLASS = re.compile(r"cssClass\s*\"(?P<ids>[^\"]*)\"\s*(?P<style>\w+)")
_LINK = re.compile(
    r"(?:link\s+(?P<link>[^\"]+?)|click\s+(?P<click>[^\"]+?)\s+href)\s*\"(?P<url>[^\"]*)\""
    r"\s*(?:\"(?P<tip>[^\"]*)\")?\s*(?P<target>_\w+)?"
)
_CALLBACK = re.compile(
    r"callback\s+(?P<name>[^\"]+?)\s*\"(?P<call>[^\"]*)\"\s*(?:\"(?P<tip>[^\"]*)\")?"
)
_CALL = re.compile(
    r"click\s+(?P<name>.+?)\s+call\s+(?P<call>[^(]*\([^)]*\))\s*(?:\"(?P<tip>[^\"]*)\")?"
)
_MOST_MENDINGS = 2
_HEADER = re.compile(r"classDiagram(?:-v2)?")


class ClassRewriter(Rewriter):
    """Keeps the braces that are open; all else is decided line by line."""

    type = "classDiagram"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._namespaces = 0
        self._in_class = False
        self._is_empty = True
        self._description: list[str] | None = None
        """The lines of an `accDescr { … }` that has not ended."""
        self._unwritten: list[str] = []
        """Namespaces in which nothing has been written yet: Mermaid takes no empty ones."""
        self._declared: set[str] = set()
        """Classes that there are, as lines write them."""
        self._mendings = 0
        """How often this line has been mended: once to part statements, once each of them."""
        self._held: list[str] = []
        """What a namespace may not hold, when repairing, until its end."""

    def header(self, text: str) -> Iterator[str]:
        found = _HEADER.match(text)
        if found is None:
            yield text
            return
        rest = self.direction_behind_header(text[found.end() :].strip())
        yield "classDiagram"
        if rest:
            yield from self.statement(rest, 0)

    def statement(self, text: str, indent: int) -> Iterator[str]:
        rest = text.strip()
        while rest:
            if self._description is not None:
                rest = yield from self._described(rest)
            elif self._in_class:
                rest = yield from self._inside_class(rest)
            else:
                rest = yield from self._outside(rest)
            rest = rest.strip()

    def comment(self, text: str) -> str:
        return f"{self._indent}{'    ' if self._in_class else ''}{text}"

    def finish(self) -> Iterator[str]:
        if self.repairing:
            if self._in_class:
                self._in_class = False
                self.note("added the missing `}`")
                yield f"{self._indent}}}"
            while self._namespaces:
                self.note("added the missing `}`")
                yield from self._end_namespace()
        if self._is_empty and not self.repairing:
            yield f"{self._indent}direction TB"

    @property
    def _indent(self) -> str:
        return "    " * (self._namespaces + 1)

    def _write(self, line: str) -> Iterator[str]:
        """The line, with the namespaces around it that have not been written yet."""
        self._is_empty = False
        first = self._namespaces - len(self._unwritten)
        for depth, header in enumerate(self._unwritten, start=first):
            yield f"{'    ' * (depth + 1)}{header}"
        self._unwritten = []
        yield f"{self._indent}{line}"

    def _end_namespace(self) -> Iterator[str]:
        self._namespaces -= 1
        if self._unwritten:
            self._unwritten.pop()
            self.note("left out a namespace with nothing in it")
        else:
            yield f"{self._indent}}}"
        if not self._namespaces:
            held, self._held = self._held, []
            for line in held:
                yield from self._write(line)

    def _described(self, text: str) -> Generator[str, None, str]:
        before, brace, after = text.partition("}")
        lines = self._description or []
        if before.strip():
            lines.append(before.strip())
        self._description = None if brace else lines
        if brace:
            yield from self._write(f"accDescr: {' '.join(lines)}")
        return after

    def _inside_class(self, text: str) -> Generator[str, None, str]:
        """Write a member, or the end of the class; returns what follows it on the line."""
        if self.repairing and leaves_the_body(text):
            self.note("added the missing `}`")
            self._in_class = False
            yield f"{self._indent}}}"
            return text
        member, brace, after = text.partition("}")
        if self.repairing and "{" in member:
            member, brace, after = re.sub(r"[{}]", " ", text), "", ""
        for each in statements_of(member) if self.repairing else [member.strip()]:
            if not each:
                continue
            written = canonical_member(each)
            if self.repairing and mended_member(written) != written:
                written = mended_member(written)
                self.note("wrote the member as `type name` or `name(parameters) type`")
            yield f"{self._indent}    {written}"
        if brace:
            self._in_class = False
            yield f"{self._indent}}}"
        return after

    def _outside(self, text: str) -> Generator[str, None, str]:
        """Write the statement of a line; returns what follows a brace in it."""
        accessible, block = _ACCESSIBLE.match(text), _BLOCK.match(text)
        if block:
            self._description = []
            return block["text"] or " "
        if text.startswith("}"):
            if self._namespaces:
                yield from self._end_namespace()
            elif self.repairing:
                self.note("left out a `}` that ends nothing")
            else:
                yield f"{self._indent}}}"
            return text[1:]
        inner = _CLASS.fullmatch(text) or _NAMESPACE.fullmatch(text)
        if inner and not (self.repairing and not self._mendings and _in_words(inner["name"])):
            return (yield from self._opened(inner))
        line = f"{accessible['key']}: {accessible['text']}" if accessible else self._line(text)
        if line is None and self.repairing and self._mendings < _MOST_MENDINGS:
            mended = mended_lines(text)
            self.note(mended.message)
            return (yield from self._mended(mended))
        if line != "":
            yield from self._placed(line or text)
        return ""

    def _mended(self, mended: MendedLines) -> Generator[str, None, str]:
        self._mendings += 1
        for line in mended.lines:
            if line.startswith("%%"):
                yield f"{self._indent}{line}"
            else:
                yield from self.statement(line, 0)
        self._mendings -= 1
        return ""

    def _placed(self, line: str) -> Iterator[str]:
        """The line here or, when repairing, behind the namespaces that may not hold it."""
        if self.repairing and self._namespaces and not line.startswith("note"):
            self.note("moved the line behind the namespace, which may not hold it")
            self._held.append(line)
        else:
            if self.repairing and line.startswith("<<"):
                yield from self._annotated(line.partition(">> ")[2])
            yield from self._write(line)

    def _annotated(self, name: str) -> Iterator[str]:
        """What declares a class that an annotation names before anything else does."""
        if name not in self._declared:
            self._declared.add(name)
            self.note(f"declared {name} before its annotation")
            yield from self._write(f"class {name}")

    def _opened(self, found: re.Match[str]) -> Generator[str, None, str]:
        """Write the first line of a class or namespace; returns what follows its brace."""
        name = _named(found["name"])
        if self.repairing and safe_id(name.id) != name.id:
            self.note(f"called the class {safe_id(name.id)}: {name.id} is a keyword")
            name = Named(safe_id(name.id))
        elif self.repairing and str(name) != found["name"]:
            self.note(f"put the name {name.id} in backticks")
        label = ""
        if found["label"] is not None:
            label = f'["{escaped(found["label"], BARRED) or found["label"]}"]'
        if found.re is _NAMESPACE:
            self._unwritten.append(f"namespace {name}{label} {{")
            self._namespaces += 1
            return found["rest"] or ""
        self._declared.add(str(name))
        if found["generic"] is not None:
            name = Named(name.id, found["generic"])
        style = f":::{found['style']}" if found["style"] else ""
        rest = found["rest"] or ""
        if found["annotation"] and not rest.startswith("{"):
            rest = f"{{}}{rest}"
        self._in_class = rest.startswith("{")
        yield from self._write(f"class {name}{label}{style}{' {' if self._in_class else ''}")
        if found["annotation"]:
            yield f"{self._indent}    <<{found['annotation']}>>"
        return rest.removeprefix("{")

    def _line(self, text: str) -> str | None:
        """The canonical line of any other statement; "" of one that draws nothing."""
        for read in (_note, _annotation, _style, _css_class, _link, _callback):
            line = read(text)
            if line is not None:
                return line
        direction = _DIRECTION.match(text)
        if direction and (not self.repairing or text.startswith("direction")):
            return f"direction {direction['to']}"
        relation = read_relation(text, as_meant=self.repairing)
        if relation is None:
            return None
        self._declared |= {written_name(each.id) for each in relation.named}
        if relation.second is not None:
            return str(relation)
        if relation.label:
            member = canonical_member(relation.label)
            return f"{relation.first} : {mended_member(member) if self.repairing else member}"
        if self.repairing:
            return None
        self.note(f"left out `{text[:40]}`, which draws nothing")
        return ""


def canonical_member(member: str) -> str:
    """A member with its generics as Mermaid writes them: `List<int> x` -> `List~int~ x`."""
    annotation = re.fullmatch(r"<<\s*(.*?)\s*>>", member)
    if annotation:
        return f"<<{annotation[1]}>>"
    return re.sub(r"<([^<>]*)>", r"~\1~", re.sub(r"<([^<>]*)>", r"~\1~", member))


def _named(name: str) -> Named:
    """The class of this name; Mermaid puts the words of a name without backticks together."""
    return Named(name.strip("`") if name.startswith("`") else re.sub(r"\s+", "", name))


def _in_words(name: str) -> bool:
    """Whether a name of several words was written where Mermaid puts them together."""
    return " " in name and not name.startswith("`")


def _known(text: str) -> Named | None:
    """The class that a piece of a line names, None if it names none."""
    parts = parts_of(text)
    name, at = read_name(parts, 0)
    return name if at == len(parts) else None


def _note(text: str) -> str | None:
    found = _NOTE.fullmatch(text)
    if found is None:
        return None
    name = _known(found["name"]) if found["name"] else None
    if found["name"] and name is None:
        return None
    target = f" for {name}" if name else ""
    return f'note{target} "{escaped(found["text"], BARRED)}"'


def _annotation(text: str) -> str | None:
    found = _ANNOTATION.fullmatch(text)
    name = _known(found["name"]) if found else None
    return f"<<{found['annotation']}>> {name}" if found and name else None


def _style(text: str) -> str | None:
    found = _STYLE.fullmatch(text)
    if found is None:
        return None
    ids = re.sub(r"\s*,\s*", ",", found["ids"])
    css = canonical_declarations(found["css"])
    # Mermaid's lexer takes no hyphen in the first property.
    return None if "-" in css.partition(":")[0] else f"{found['keyword']} {ids} {css}"


def _css_class(text: str) -> str | None:
    found = _CSS_CLASS.fullmatch(text)
    if found is None:
        return None
    # Mermaid looks for an id with the blank before it, and finds none.
    ids = [each for each in found["ids"].split(",") if each and each == each.strip()]
    return f'cssClass "{",".join(ids)}" {found["style"]}' if ids else ""


def _link(text: str) -> str | None:
    found = _LINK.fullmatch(text)
    name = _known(found["link"] or found["click"]) if found else None
    if found is None or name is None:
        return None
    target = f" {found['target']}" if found["target"] else ""
    return f'click {name} href "{found["url"].strip()}"{_tip(found["tip"])}{target}'


def _callback(text: str) -> str | None:
    found = _CALLBACK.fullmatch(text) or _CALL.fullmatch(text)
    name = _known(found["name"]) if found else None
    if found is None or name is None:
        return None
    call = found["call"].strip()
    return f"click {name} call {call}{'' if '(' in call else '()'}{_tip(found['tip'])}"


def _tip(tip: str | None) -> str:
    return f' "{escaped(tip, BARRED)}"' if tip and tip.strip() else ""
