"""What people and models write in a class diagram that Mermaid refuses, and what they meant."""

from __future__ import annotations

import re
from dataclasses import dataclass

from naiad.grammar.families.class_patterns import KEYWORDS, written_name
from naiad.grammar.rewriting.class_lines import BARRED, escaped_label, read_relation
from naiad.grammar.rewriting.css import canonical_declarations
from naiad.grammar.rewriting.escaping import escaped

_ORNAMENT = re.compile(r"\A(?:[-*•]\s+|\d+[.)]\s+)+")
_INLINE_COMMENT = re.compile(r"\s%%(?!\{).*\Z")
_OPENS = re.compile(r"(?:class|namespace|note|direction|style|classDef|click|link|cssClass)\s")
_DECLARES = re.compile(r"(?:abstract|interface|enum)\s+(?:class\s+)?[A-Z]\w*\s*(?:\{|\Z)")
_RELATES = re.compile(
    r"[\w`\"]+\s+(?:\"[^\"]*\"\s*)?[<|*o]*(?:-+|\.\.+)[|>*o]*\s+[\w`\"]+\s*(?::|\Z)"
)
_TITLE = re.compile(r"title\s*:?\s+(?P<text>.+)")
_KIND = re.compile(
    r"\A(?:(?:public|final|static|data|sealed)\s+)*(?P<kind>abstract|interface|enum(?:eration)?|record"
    r"|struct|trait|service)\s+(?:class\s+)?(?=[A-Za-z`\"])",
    re.IGNORECASE,
)
_CLASS = re.compile(
    r"class\s+(?P<name>\"[^\"]*\"|`[^`]*`|[^\s\[{\"`<~:,(]+)(?P<generic>\s*<.*>|~[^~]*~)?"
    r"(?P<rest>[^{]*)(?P<brace>\{)?(?P<body>.*)"
)
_LABEL = re.compile(r"\[\s*\"?(?P<label>[^\]\"]*)\"?\s*\]")
_AS = re.compile(r"\bas\s+(?P<other>\"[^\"]*\"|[\w-]+)")
_PARENTS = re.compile(
    r"(?P<how>\b(?:extends|inherits(?:\s+from)?)\b|\bimplements\b|<\|--|:(?!:))\s*"
    r"(?P<names>[\w.~, ]+?)(?=\s*(?:\b(?:extends|implements)\b|\[|\Z))"
)
_STYLE_CLASS = re.compile(r"(?P<ids>[\w, ]+):::\s*(?P<style>\w+)", re.ASCII)
_NOTE = re.compile(
    r"note\s+(?:(?:right|left|top|bottom)\s+)?(?:of\s+|over\s+|for\s+)?"
    r"(?:(?P<name>[\w.-]+|`[^`]+`)\s*:?\s*)?(?:\"(?P<quoted>[^\"]*)\"?|:?\s*(?P<bare>.*))"
)
_STYLE = re.compile(r"(?P<keyword>style|classDef)\s+(?P<ids>[\w,]+)\s+(?P<css>\S.*)")
_CLICK = re.compile(
    r"click\s+(?P<name>\S+)\s+(?:href\s+)?\"(?P<url>[^\"]+)\"(?:\s+\"(?P<tip>[^\"]*)\")?.*"
)
_MEMBER = re.compile(r"(?P<name>[\w.-]+|`[^`]+`)\s*:\s*(?P<member>[^:].*)")
_ARROW = re.compile(
    r"(?P<left><\|{1,2}|<<?|\*|\(\)|\|\||\|o|\}o|\}\||(?<![\w)])o(?=[-.=]))?"
    r"(?P<line>-\.+-?|-{1,}|\.{2,}|={2,})"
    r"(?P<right>\|?>{1,2}|\*|\(\)|\|\||o\||o\{|\|\{|o(?!\w))?"
)
_COUNT_LEFT = re.compile(r"(?P<name>.*\S)\s+(?P<count>\"[^\"]*\"|[\d.*n]{1,6}|many)")
_COUNT_RIGHT = re.compile(
    r"(?P<count>\"[^\"]*\"|[\d.*n]{1,6}|many)\s+(?P<name>\S.*)|"
    r"(?P<before>\S+)\s+(?P<after>\"[^\"]*\"|[\d.*]{1,6})"
)
_PIPED = re.compile(r"\s*\|\s*\"?(?P<label>[^|\"]*)\"?\s*\|\s*")
_CROWS_FEET = {
    "||": "1", "|o": "0..1", "o|": "0..1", "}o": "*", "o{": "*", "}|": "1..*", "|{": "1..*",
}  # fmt: skip
_KEYWORD = re.compile(r"`(?:cssClass|callback|link|click|note|href)\b")
_LEFT = {"<<": "<", "<||": "<|"}
_RIGHT = {">>": ">", "|>>": "|>"}


@dataclass(frozen=True)
class MendedLines:
    """Statements that Mermaid takes; one that begins with `%%` is a comment."""

    lines: tuple[str, ...]
    message: str


def leaves_the_body(text: str) -> bool:
    """Whether a line between braces is no member: a brace before it is missing."""
    bare = _ORNAMENT.sub("", text, count=1)
    relation = read_relation(bare, as_meant=True)
    related = relation is not None and relation.second is not None
    return related or any(each.match(bare) for each in (_OPENS, _DECLARES, _RELATES))


def mended_member(member: str) -> str:
    """A member whose brackets open and close parameters behind a name."""
    member = re.sub(r"(?:[{}`;]|,\Z|\s)+", " ", member).strip().rstrip(", ")
    brackets = "".join(each for each in member if each in "()")
    if brackets in ("", "()") and not member.startswith("()"):
        return member
    if brackets == "(" and re.match(r"[+#~-]?\s*\w", member):
        return f"{member})"
    if ")" in member and not re.search(r"\w.*\(.*\)", member):
        return re.sub(r"[()]", " ", member).strip()
    return member


def mended_lines(text: str) -> MendedLines:
    """The statements that were meant; a comment where there is no telling."""
    bare = _INLINE_COMMENT.sub("", _ORNAMENT.sub("", text, count=1)).strip().rstrip(";,").strip()
    if bare and bare != text and _is_whole(bare):
        return MendedLines((bare,), "left out what is no part of the statement")
    statements = tuple(statements_of(bare))
    if len(statements) > 1:
        return MendedLines(statements, "gave each statement a line of its own")
    for mend in (_title, _note, _style_class, _style, _click, _declaration, _relation, _member):
        mended = mend(bare)
        if mended is not None:
            return mended
    return MendedLines((f"%% {text.lstrip('%{ ')}",), "made a comment of what is no Mermaid")


def statements_of(text: str) -> list[str]:
    """What stands between semicolons outside of quotes."""
    pieces = re.findall(r"(?:\"[^\"]*\"|#\w{1,8};|[^;\"]|\"(?=[^\"]*\Z))+", text)
    return [piece.strip() for piece in pieces if piece.strip()]


def _title(text: str) -> MendedLines | None:
    found = _TITLE.fullmatch(text)
    title = re.sub(r'["<>#;\\`{}]', "", found["text"]).strip() if found else ""
    return MendedLines((f"accTitle: {title}",), "made the title an accTitle") if title else None


def _is_whole(text: str) -> bool:
    relation = read_relation(text, as_meant=True)
    return relation is not None and bool(relation.label or relation.second)


def _note(text: str) -> MendedLines | None:
    found = _NOTE.fullmatch(text)
    if found is None:
        return None
    note = escaped(found["quoted"] or found["bare"] or "", BARRED)
    target = f" for {_safe(found['name'].strip('`'))}" if found["name"] else ""
    return MendedLines((f'note{target} "{note}"',), "quoted the note") if note else None


def _style_class(text: str) -> MendedLines | None:
    found = _STYLE_CLASS.fullmatch(text)
    if found is None:
        return None
    ids = ",".join(each.strip() for each in found["ids"].split(",") if each.strip())
    return MendedLines((f'cssClass "{ids}" {found["style"]}',), "wrote the style as a cssClass")


def _style(text: str) -> MendedLines | None:
    found = _STYLE.fullmatch(text)
    if found is None:
        return None
    # Mermaid's lexer takes no hyphen in the first property.
    css = canonical_declarations(found["css"]).split(",")
    css.sort(key=lambda declaration: "-" in declaration.partition(":")[0])
    if "-" in css[0].partition(":")[0] or ":" not in css[0]:
        return None
    line = f"{found['keyword']} {found['ids']} {','.join(css)}"
    return MendedLines((line,), "put a property without a hyphen first")


def _click(text: str) -> MendedLines | None:
    found = _CLICK.fullmatch(text)
    if found is None:
        return None
    tip = f' "{found["tip"]}"' if found["tip"] else ""
    return MendedLines((f'click {found["name"]} href "{found["url"]}"{tip}',), "wrote the link")


def _declaration(text: str) -> MendedLines | None:
    """`interface A {`, `class "My name" as A`, `class A<T> extends B {`."""
    kind = _KIND.match(text)
    found = _CLASS.fullmatch(_KIND.sub("class ", text, count=1))
    if found is None:
        return None
    name, label, rest = found["name"], None, found["rest"]
    other = _AS.search(rest)
    if other:
        rest = rest.replace(other[0], " ")
        name, label = (other["other"], name) if name.startswith('"') else (name, other["other"])
    in_brackets = _LABEL.search(rest)
    if in_brackets:
        rest, label = rest.replace(in_brackets[0], " "), in_brackets["label"]
    if name.startswith('"'):
        label, name = label or name, re.sub(r"\W+", "", name) or "_"
    name = name.strip('"`')
    parents = list(_PARENTS.finditer(rest))
    rest = _PARENTS.sub(" ", rest).strip(" ,()")
    style = re.fullmatch(r":::\s*(\w+)", rest)
    if rest.startswith(","):
        return None
    if rest and not style:
        label = label or f"{name} {rest}"
        name += re.sub(r"\W+", "", rest)
    generic = (found["generic"] or "").strip().strip("<>~").replace("<", "").replace(">", "")
    head = f"class {_safe(name)}" + (f"~{generic}~" if generic else "")
    head += f'["{escaped(label.strip(chr(34)), BARRED)}"]' if label else ""
    head += f":::{style[1]}" if style else ""
    lines = [line for each in parents for line in _inherited(each, name)]
    annotated = f"<<{_annotation(kind['kind'])}>>" if kind else ""
    if found["brace"]:
        lines.append(f"{head} {{" + (f" {annotated}" if annotated else ""))
        if found["body"].strip():
            lines.append(found["body"].strip())
    else:
        lines += [head, *([f"{annotated} {_safe(name)}"] if annotated else [])]
    return MendedLines(tuple(lines), f"wrote the declaration of {name} as `{head}`")


def safe_id(name: str) -> str:
    """The name, begun with a capital where it is a keyword in backticks too."""
    return name.capitalize() if _KEYWORD.match(f"`{name}") and name in KEYWORDS else name


def _safe(name: str) -> str:
    return written_name(safe_id(name))


def _annotation(kind: str) -> str:
    return "enumeration" if kind.lower() == "enum" else kind.lower()


def _inherited(found: re.Match[str], name: str) -> list[str]:
    arrow = "<|.." if found["how"] == "implements" else "<|--"
    parents = [re.sub(r"\W+", "", each.split("~")[0]) for each in found["names"].split(",")]
    return [f"{_safe(each)} {arrow} {_safe(name)}" for each in parents if each]


def _relation(text: str) -> MendedLines | None:
    arrow = next(
        (each for each in _ARROW.finditer(text) if each["line"] != "-" or each["right"]), None
    )
    if arrow is None:
        return None
    first, rest = text[: arrow.start()].strip(), text[arrow.end() :].strip()
    piped = _PIPED.match(rest)
    label = ""
    if piped:
        rest, label = rest[piped.end() :], piped["label"]
    second, colon, behind = rest.partition(":")
    label = behind if colon else label
    first, left = _counted(_COUNT_LEFT, first)
    second, right = _counted(_COUNT_RIGHT, second.strip())
    ends = [_name(first), _name(second)]
    if None in ends:
        return None
    heads = [arrow["left"] or "", arrow["right"] or ""]
    counts = [_CROWS_FEET.get(heads[0], left), _CROWS_FEET.get(heads[1], right)]
    heads = ["" if each in _CROWS_FEET else each for each in heads]
    drawn = _LEFT.get(heads[0], heads[0]) + (".." if "." in arrow["line"] else "--")
    drawn += _RIGHT.get(heads[1], heads[1])
    quoted = [f'"{escaped(each, BARRED)}"' if each else "" for each in counts]
    line = " ".join(each for each in (ends[0], quoted[0], drawn, quoted[1], ends[1]) if each)
    written = escaped_label(label.strip().strip('"'))
    whole = f"{line} : {written}" if written else line
    return MendedLines((whole,), f"wrote the relation as `{drawn}`")


def _counted(pattern: re.Pattern[str], name: str) -> tuple[str, str]:
    """A name without the count that stands by it, and the count."""
    found = pattern.fullmatch(name)
    if found is None:
        return name, ""
    parts = found.groupdict()
    count = parts["count"] or parts.get("after") or ""
    return parts["name"] or parts.get("before") or "", count.strip('"')


def _name(text: str) -> str | None:
    """A class's name as it may stand in a line, None for what is none."""
    text = text.strip().strip("\"'`[]{}() ")
    text = re.sub(r"<([^<>]*)>", r"~\1~", text)
    name, tilde, generic = text.partition("~")
    if not name or len(name.split()) > 3 or re.search(r"[|<>{}\[\]\"]", name):
        return None
    written = _safe(re.sub(r"[#;`]", "", name.strip()))
    return f"{written}~{generic.strip('~')}~" if tilde and generic.strip("~") else written


def _member(text: str) -> MendedLines | None:
    found = _MEMBER.fullmatch(text)
    if found is None:
        return None
    member = re.sub(r"\s*:\s*", " ", mended_member(found["member"]))
    line = f"{_safe(found['name'].strip('`'))} : {member}"
    return MendedLines((line,), "wrote the member as `type name` or `name(parameters) type`")
