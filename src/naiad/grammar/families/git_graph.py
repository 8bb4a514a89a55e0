"""gitGraph: commits on branches, merges and cherry-picks.

https://mermaid.js.org/syntax/gitgraph.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from naiad.grammar.line_form import LineForm
from naiad.grammar.line_grammar import Accessibility, DiagramGrammar
from naiad.grammar.new_name_form import NewNameForm
from naiad.grammar.patterns import (
    ENTITY,
    LONGEST_TEXT,
    integer,
    name,
    one_of,
    optional,
    quoted,
    text,
    text_except,
)

_Read = Callable[[re.Match[str]], None]

MOST_COMMITS = 200
MOST_BRANCHES = 50
MAIN = "main"
"""The branch that is there at first, unless a setting names it otherwise."""

_SHUT = '"<;\\'
_ENTITIES = (ENTITY,)
_TEXT = text(_SHUT, units=_ENTITIES)
# In the patterns that leave out taken names, a text may be as long again behind what it shares.
_NAME = text(_SHUT, units=_ENTITIES, longest=2 * LONGEST_TEXT)
_TITLE = text("<;\\", units=_ENTITIES)
_TAG = f' tag: "{_TEXT}"'
_MESSAGE = optional(f' msg: "{_TEXT}"')
_TYPE = " type: (?:NORMAL|REVERSE|HIGHLIGHT)"
_LOOKS = optional(f"{_TYPE}(?:{_TAG}){{0,4}}|(?:{_TAG}){{1,4}}{optional(_TYPE)}")

KEYWORDS = frozenset(
    {
        *("gitGraph", "commit", "branch", "checkout", "switch", "merge", "cherry-pick"),
        *("NORMAL", "REVERSE", "HIGHLIGHT", "LR", "TB", "BT"),
    }
)
"""Names of branches that need quotes."""


def _branch_name(taken: Iterable[str]) -> str:
    """Pattern of a branch without quotes that is none of `taken`."""
    return name(
        "A-Za-z",
        r"A-Za-z0-9_./\-",
        last=r"A-Za-z0-9_\-",
        except_for=taken,
        beginnings=("title",),
    )


_PLAIN_NAME = _branch_name(KEYWORDS)
_PLAIN_BRANCH = re.compile(_PLAIN_NAME)
_SECTION = re.compile(r"  (\w+):")
_MAIN_SETTING = re.compile(r'    mainBranchName: (?:"(?P<quoted>[^"]*)"|(?P<bare>.*))')
_DIRECTIVE = re.compile(r"%%\{init: (?P<settings>.*)\}%%")
_NO_TEXT = re.compile(r"(?i:true|false|null)|[0-9.]+")


def is_plain_branch(branch: str) -> bool:
    """Whether a branch is written without quotes."""
    return _PLAIN_BRANCH.fullmatch(branch) is not None


def branch_text(branch: str) -> str:
    """A branch as it is written: quoted where it has to be."""
    return branch if is_plain_branch(branch) else quoted(branch)


@dataclass(frozen=True)
class GitCommit:
    """A commit, merge or cherry-pick."""

    id: str | None
    """None for one that Mermaid names by chance."""
    branch: str
    parents: tuple[GitCommit, ...]
    is_merge: bool = False

    def parent_ids(self) -> list[str]:
        """Ids of the parents that have one."""
        return [parent.id for parent in self.parents if parent.id is not None]


class GitHistory:
    """Branches with their heads, as Mermaid keeps them, and what it lets one do next."""

    def __init__(self, main: str | None = MAIN) -> None:
        """main: None where its name cannot be written in a diagram."""
        self.current = main
        self.heads: dict[str | None, GitCommit | None] = {main: None}
        self.commits: list[GitCommit] = []
        self.by_id: dict[str, GitCommit] = {}

    @property
    def head(self) -> GitCommit | None:
        """Last commit of the current branch."""
        return self.heads.get(self.current)

    @property
    def branches(self) -> list[str]:
        """Names of all branches that a line can name."""
        return [branch for branch in self.heads if branch is not None]

    def commit(self, id: str | None) -> None:
        """Add a commit to the current branch."""
        self._add(GitCommit(id, self.current or "", () if self.head is None else (self.head,)))

    def branch(self, branch: str) -> None:
        """Begin a branch at the head and go there."""
        self.heads[branch] = self.head
        self.current = branch

    def merge(self, branch: str, id: str | None) -> None:
        """Merge a branch that `can_merge` into the current one."""
        parents = tuple(each for each in (self.head, self.heads[branch]) if each is not None)
        self._add(GitCommit(id, self.current or "", parents, is_merge=True))

    def cherry_pick(self, id: str) -> None:
        """Copy a commit that `can_cherry_pick` to the current branch."""
        parents = tuple(each for each in (self.head, self.by_id[id]) if each is not None)
        self._add(GitCommit(None, self.current or "", parents))

    def can_merge(self, branch: str) -> bool:
        """Whether Mermaid merges it here: both have commits, and neither holds the other's head.

        A branch on which nothing was committed has the head, and so the name, of another.
        """
        here, there = self.head, self.heads.get(branch)
        return (
            branch != self.current
            and here is not None
            and there is not None
            and here is not there
            and here.branch != branch
        )

    def can_cherry_pick(self, id: str) -> bool:
        """Whether Mermaid copies it here; a merge needs a parent that has an id."""
        source = self.by_id.get(id)
        return (
            self.head is not None
            and source is not None
            and source.branch != (self.current or "")
            and (not source.is_merge or bool(source.parent_ids()))
        )

    def _add(self, commit: GitCommit) -> None:
        self.commits.append(commit)
        self.heads[self.current] = commit
        if commit.id is not None:
            self.by_id[commit.id] = commit


class GitGraphGrammar(DiagramGrammar):
    """Every line is one that Mermaid can carry out on the branches as they are by then."""

    type = "gitGraph"
    header = "gitGraph(?: (?:LR|TB|BT):)?"
    default_header = "gitGraph"

    def __init__(self) -> None:
        super().__init__()
        self._above: list[str] = []
        """Lines above the header, whose settings may name the first branch."""
        self._history = GitHistory()
        self._titled = False
        self._accessibility = Accessibility()

    @property
    def complete(self) -> bool:
        return bool(self._history.commits)

    def closing(self) -> list[str]:
        return [] if self.complete else ["    commit"]

    def read(self, line: str) -> None:
        super().read(line)
        if not self._begun:
            self._above.append(line)

    def begin(self, match: re.Match[str]) -> None:
        self._history = GitHistory(main_branch(self._above))

    def body(self) -> Iterator[LineForm]:
        history = self._history
        if not history.commits and len(history.heads) == 1:
            if not self._titled:
                yield LineForm("title", f"title {_TITLE}", self._read_title)
            yield from self._accessibility.forms()
        if history.branches:
            branches = _any_branch(history.branches)
            yield LineForm("checkout", f"checkout {branches}", self._read_checkout)
        if len(history.commits) < MOST_COMMITS:
            yield from self._commits()
        if len(history.heads) < MOST_BRANCHES:
            yield from self._new_branches()

    def _commits(self) -> Iterator[LineForm]:
        history = self._history
        yield self._with_new_id("commit", "commit", f"{_MESSAGE}{_LOOKS}", self._read_commit)
        mergeable = [branch for branch in history.branches if history.can_merge(branch)]
        if mergeable:
            start = f"merge {_any_branch(mergeable)}"
            yield self._with_new_id("merge", start, _LOOKS, self._read_merge)
        sources = [
            _source(history.by_id[id]) for id in history.by_id if history.can_cherry_pick(id)
        ]
        if sources:
            tags = f'(?: tag: ""|(?:{_TAG}){{0,4}})'
            pattern = f"cherry-pick (?:{'|'.join(sources)}){tags}"
            yield LineForm("cherry-pick", pattern, self._read_cherry_pick)

    def _with_new_id(self, form: str, start: str, end: str, read: _Read) -> LineForm:
        taken = self._history.by_id
        new = text_except(taken, _SHUT, units=_ENTITIES)
        return NewNameForm(
            form,
            f'{start}(?: id: "{new}")?{end}',
            read,
            any_name=f'{start}(?: id: "(?P<new>{_NAME})")?{end}',
            taken=frozenset(taken),
        )

    def _new_branches(self) -> Iterator[LineForm]:
        taken = self._history.branches
        order = optional(f" order: {integer(0, 99)}")
        plain = _branch_name((*KEYWORDS, *taken))
        yield NewNameForm(
            "branch",
            f"branch {plain}{order}",
            self._read_branch,
            taken=frozenset(taken),
            any_name=f"branch (?P<new>{_PLAIN_NAME}){order}",
        )
        yield NewNameForm(
            "branch",
            f'branch "{text_except(taken, _SHUT, units=_ENTITIES)}"{order}',
            self._read_branch,
            any_name=f'branch "(?P<new>{_NAME})"{order}',
            taken=frozenset(taken),
        )

    def _read_title(self, match: re.Match[str]) -> None:
        self._titled = True

    def _read_checkout(self, match: re.Match[str]) -> None:
        self._history.current = _branch_of(match)

    def _read_commit(self, match: re.Match[str]) -> None:
        self._history.commit(match["new"])

    def _read_branch(self, match: re.Match[str]) -> None:
        self._history.branch(match["new"])

    def _read_merge(self, match: re.Match[str]) -> None:
        self._history.merge(_branch_of(match), match["new"])

    def _read_cherry_pick(self, match: re.Match[str]) -> None:
        self._history.cherry_pick(match[0].split('"')[1])


def _any_branch(branches: list[str]) -> str:
    """Pattern of any of these branches, with quotes or, where possible, without."""
    plain = [branch for branch in branches if is_plain_branch(branch)]
    bare = f"(?P<bare>{one_of(plain)})|" if plain else ""
    return f"(?:{bare}{quoted(f'(?P<quoted>{one_of(branches)})')})"


def _branch_of(match: re.Match[str]) -> str:
    parts = match.groupdict()
    branch: str = parts.get("bare") or parts["quoted"]
    return branch


def _source(commit: GitCommit) -> str:
    """Pattern of the commit to pick, and for a merge of the parent to follow."""
    source = f'id: "{one_of([commit.id or ""])}"'
    return f'{source} parent: "{one_of(commit.parent_ids())}"' if commit.is_merge else source


def main_branch(preamble: Iterable[str]) -> str | None:
    """Name of the first branch by the canonical lines above the header.

    None where no line can name it, since it is no text or holds what would be escaped.
    """
    main: object = MAIN
    section = ""
    for line in preamble:
        directive, setting = _DIRECTIVE.fullmatch(line), _MAIN_SETTING.fullmatch(line)
        opening = _SECTION.fullmatch(line)
        section = opening[1] if opening else section
        if directive:
            main = _set_by(directive["settings"], main)
        elif setting and section == "gitGraph":
            bare = setting["bare"]
            main = None if bare and _NO_TEXT.fullmatch(bare) else bare or setting["quoted"]
    is_writable = isinstance(main, str) and re.fullmatch(text(f"{_SHUT}#"), main)
    return str(main) if is_writable else None


def _set_by(directive: str, main: object) -> object:
    try:
        settings = json.loads(directive)
    except ValueError:
        return main
    # Mermaid gives what stands under `config` to the diagram's own type.
    own = settings.get("config") or settings.get("gitGraph") if isinstance(settings, dict) else None
    return own.get("mainBranchName", main) if isinstance(own, dict) else main
