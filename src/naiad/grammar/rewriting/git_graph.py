"""gitGraph: commits on branches, merges and cherry-picks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from naiad.grammar.families.git_graph import GitHistory, branch_text, main_branch
from naiad.grammar.patterns import ENTITY
from naiad.grammar.rewriting.chart_rewriter import ChartRewriter

_HEADER = re.compile(
    r"gitGraph\s*:?\s*(?:(?P<direction>LR|TB|BT|TD|RL)\b\s*:?)?\s*(?P<rest>.*)", re.DOTALL
)
_DIRECTIONS = {"LR": "LR", "TB": "TB", "BT": "BT", "TD": "TB", "RL": "LR"}
_DIRECTION_LINE = re.compile(r"(?:direction\s+)?(?P<direction>LR|TB|BT|TD|RL)\s*:?")
_STATEMENT = re.compile(
    r"(?P<keyword>commit|branch|checkout|switch|merge|cherry-?pick|tag)\b(?![-./\w])\s*:?(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_TOKEN = re.compile(
    r"""\s*(?:(?P<key>id|msg|message|tag|type|order|parent)\s*:"""
    r"""|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>[^\s"']+|["']))"""
)
_PROMPT = re.compile(r"(?:\d+[.)]\s+)?(?:\$\s*)?(?:git\s+)?(?=[A-Za-z])")
_STATEMENT_END = re.compile(r"""(?:[^;"']|"[^"]*"|'[^']*'|["'])+""")
_TYPES = ("NORMAL", "REVERSE", "HIGHLIGHT")
_ESCAPE = re.compile(rf'(?P<entity>{ENTITY})|\\(?P<quote>["\'])|(?P<odd>["<;]|%(?=%))')
_ENTITIES = {'"': "#quot;", "<": "#lt;", ";": "#59;", "%": "#37;"}


@dataclass
class _Parts:
    """What follows the keyword of a statement."""

    names: list[str] = field(default_factory=list)
    """Texts without a key: a branch, a message. Words without quotes are one text."""
    values: dict[str, list[str]] = field(default_factory=dict)
    """Key -> its texts."""
    keys: list[str] = field(default_factory=list)
    """Keys in the order given."""

    def last(self, key: str) -> str | None:
        """The text that counts where a key is given twice; None when it is not or empty."""
        return (self.values.get(key) or [""])[-1] or None


class GitGraphRewriter(ChartRewriter):
    """When repairing, missing checkouts, branches and commits are put in."""

    type = "gitGraph"
    keyword = "gitGraph"

    def __init__(self, *, repairing: bool) -> None:
        super().__init__(repairing=repairing)
        self._history = GitHistory()
        self._header: str | None = None
        """The header while a direction may still follow on a line of its own."""

    def header(self, text: str) -> Iterator[str]:
        self._history = GitHistory(main_branch(self.preamble))
        found = _HEADER.fullmatch(text.rstrip("; "))
        if found is None:
            yield text
            return
        direction, rest = found["direction"], found["rest"]
        if direction in ("TD", "RL"):
            self.note(f"gitGraph knows no direction {direction}")
        header = f"gitGraph {_DIRECTIONS[direction]}:" if direction else "gitGraph"
        if self.repairing:
            rest = rest.strip("{} ")
            if not rest and not direction:
                self._header = header
                return
            if header != text:
                self.note(f"wrote the header as `{header}`")
        yield header
        if rest:
            yield from self.statement(rest, 0)

    def statement(self, text: str, indent: int) -> Iterator[str]:
        if self._header is not None:
            header, self._header = self._header, None
            direction = _DIRECTION_LINE.fullmatch(text)
            if direction:
                self.note("put the direction on the header's line")
                yield f"{header} {_DIRECTIONS[direction['direction']]}:"
                return
            yield header
        yield from super().statement(text, indent)

    def entry(self, text: str) -> Iterator[str]:
        for each in self._statements(text):
            for line in self._canonical(each):
                yield f"    {line}"

    def finish(self) -> Iterator[str]:
        if self._header is not None:
            yield self._header
        yield from super().finish()
        if self.repairing and not self._history.commits:
            self.note("added a commit: there was none")
            yield "    commit"

    def _statements(self, text: str) -> list[str]:
        if not self.repairing:
            return [text]
        parts = [each.strip() for each in _STATEMENT_END.findall(text) if each.strip()]
        if ";" in text and "".join(parts) != text:
            self.note("ended the statements at the line's end instead of with `;`")
        bare = [_PROMPT.sub("", each, count=1) for each in parts]
        if bare != parts:
            self.note("took away what stood before the statement")
        return [each for each in bare if each not in "{}"]

    def _canonical(self, text: str) -> Iterable[str]:
        found = _STATEMENT.fullmatch(text)
        if found is None:
            return [text]
        keyword = found["keyword"].lower()
        parts = self._parts(found["rest"], options=keyword)
        if self.repairing and keyword != found["keyword"]:
            self.note(f"wrote `{keyword}` in lower case")
        if keyword == "commit":
            return self._commit(parts)
        if keyword == "tag":
            return self._commit(_Parts(values={"tag": parts.names}, keys=["tag"]))
        if keyword.startswith("cherry"):
            return self._cherry_pick(parts)
        if not parts.names:
            return [text]
        if keyword == "branch":
            return self._branch(parts.names[0], parts)
        if keyword == "merge":
            return self._merge(parts)
        return self._checkout(parts)

    def _parts(self, text: str, options: str) -> _Parts:
        """The texts and keys of `text`, as they will be written between double quotes."""
        parts = _Parts()
        words: list[str] = []
        target = parts.names
        for token in _TOKEN.finditer(text):
            if token["key"]:
                _join(words, target)
                key = "msg" if token["key"] == "message" else token["key"]
                target = parts.values.setdefault(key, [])
                parts.keys.append(key)
            elif token["bare"] is not None:
                words.append(token["bare"])
            else:
                _join(words, target)
                quoted = token["double"] if token["double"] is not None else token["single"]
                target.append(_escaped(quoted))
                target = parts.names
        _join(words, target)
        return parts

    def _commit(self, parts: _Parts) -> Iterator[str]:
        id, message = parts.last("id"), parts.last("msg")
        if parts.names and message is None:
            message = self._without_flag(parts.names[-1])
            if self.repairing and id is None and not parts.values.get("msg"):
                id, message = message, None
                self.note(f'made the text of the commit its id, "{id}", which is drawn')
        id = self._new_id(id)
        self._history.commit(id)
        yield "commit" + _written("id", id) + _written("msg", message) + self._looks(parts)

    def _without_flag(self, text: str) -> str:
        return re.sub(r"^-+(?:m|message)\s*", "", text) if self.repairing else text

    def _branch(self, branch: str, parts: _Parts) -> Iterator[str]:
        if branch in self._history.heads and self.repairing:
            self.note(f"the branch {branch} is there already: checked it out")
            self._history.current = branch
            yield f"checkout {branch_text(branch)}"
            return
        self._history.branch(branch)
        order = parts.last("order")
        is_number = order is not None and (order.isdigit() or not self.repairing)
        yield f"branch {branch_text(branch)}" + (f" order: {order}" if is_number else "")

    def _checkout(self, parts: _Parts) -> Iterable[str]:
        branch = parts.names[-1]
        flagged = re.match(r"-+[bcBC]\s+", branch) if self.repairing else None
        if flagged:
            return self._branch(branch[flagged.end() :], parts)
        if branch not in self._history.heads and self.repairing:
            self.note(f"made the branch {branch} instead of checking it out: there was none")
            return self._branch(branch, parts)
        self._history.current = branch
        return [f"checkout {branch_text(branch)}"]

    def _merge(self, parts: _Parts) -> Iterator[str]:
        branch = parts.names[0]
        into = re.fullmatch(r"(?P<from>\S+)\s+(?:into|in|to|->|-->)\s+(?P<to>\S+)", branch)
        if self.repairing and into and into["to"] in self._history.heads:
            self.note(f"checked out {into['to']} to merge into it")
            branch = into["from"]
            self._history.current = into["to"]
            yield f"checkout {branch_text(into['to'])}"
        if self.repairing and not self._history.can_merge(branch):
            yield from self._mend_merge(branch)
            if not self._history.can_merge(branch):
                self.note(f"left out the merge of {branch}: there is nothing to merge")
                return
        id = self._new_id(parts.last("id"))
        if branch in self._history.heads:
            self._history.merge(branch, id)
        yield f"merge {branch_text(branch)}" + _written("id", id) + self._looks(parts)

    def _mend_merge(self, branch: str) -> Iterator[str]:
        """Lines that make a merge possible: another branch, a commit on this one, one on that."""
        history = self._history
        if branch not in history.heads:
            return
        if branch == history.current:
            others = [each for each in history.branches if each != branch]
            if not others:
                return
            self.note(f"checked out {others[0]} to merge {branch} into it")
            history.current = others[0]
            yield f"checkout {branch_text(others[0])}"
        here, head, there = history.current or "", history.head, history.heads[branch]
        if head is None or (head.branch == branch and there is not head):
            self.note(f"put a commit on {here}: there was none to merge into")
            history.commit(None)
            yield "commit"
        if there is None or (there is head and there.branch != branch):
            self.note(f"put a commit on {branch}: there was none to merge")
            history.current = branch
            history.commit(None)
            history.current = here
            yield from (
                f"checkout {branch_text(branch)}",
                "commit",
                f"checkout {branch_text(here)}",
            )

    def _cherry_pick(self, parts: _Parts) -> Iterator[str]:
        id = parts.last("id") or (parts.names[0] if parts.names else "")
        source = self._history.by_id.get(id)
        if self.repairing and not self._history.can_cherry_pick(id):
            if source is None or source.branch == self._history.current or self._history.head:
                self.note(f'left out the cherry-pick of "{id}": there is no such commit to pick')
                return
            self.note(f"put a commit on {self._history.current}: there was none")
            self._history.commit(None)
            yield "commit"
        parent = parts.last("parent")
        if source is not None:
            known = source.parent_ids()
            if not source.is_merge:
                parent = None
            elif self.repairing and parent not in known:
                self.note(f'named the parent "{known[0]}" of the merge')
                parent = known[0]
            self._history.cherry_pick(id)
        tags = [tag for tag in parts.values.get("tag", []) if tag] or parts.values.get("tag", [])
        yield "cherry-pick" + _written("id", id) + _written("parent", parent) + _tags(tags[:4])

    def _new_id(self, id: str | None) -> str | None:
        if id is None or id not in self._history.by_id or not self.repairing:
            return id
        number = 2
        while f"{id} ({number})" in self._history.by_id:
            number += 1
        self.note(f'there is a commit "{id}" already: called this one "{id} ({number})"')
        return f"{id} ({number})"

    def _looks(self, parts: _Parts) -> str:
        """The type and the tags, the one first that was first."""
        type = parts.last("type")
        if self.repairing and type is not None:
            type = type.upper().strip("\"'")
            if type not in _TYPES:
                self.note(f"left out the type {type}: there is none such")
                type = None
        tags = _tags(parts.values.get("tag", []))
        looks = [key for key in parts.keys if key in ("type", "tag")]
        written = f" type: {type}" if type else ""
        return tags + written if looks[0:1] == ["tag"] and looks[-1] == "type" else written + tags


def _tags(tags: list[str]) -> str:
    return "".join(f' tag: "{tag}"' for tag in tags)


def _written(key: str, value: str | None) -> str:
    return "" if value is None else f' {key}: "{value}"'


def _join(words: list[str], target: list[str]) -> None:
    if words:
        target.append(_escaped(" ".join(words)))
        words.clear()


def _escaped(text: str) -> str:
    """A text for between double quotes: 'say "a"' -> 'say #quot;a#quot;'."""

    def entity(found: re.Match[str]) -> str:
        if found["entity"]:
            return found[0]
        character = found["quote"] or found["odd"]
        return _ENTITIES.get(character, character)

    return _ESCAPE.sub(entity, text.strip())
