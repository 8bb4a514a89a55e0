"""The pages hold: links resolve, commands and flags exist, Python snippets compile."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from naiad.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for folder in (ROOT, ROOT / "docs", ROOT / "diagram_generation_on_cpu")
    for path in (folder.glob("*.md") if folder == ROOT else folder.rglob("*.md"))
    if "venv" not in path.parts
)
SHELL_LANGUAGES = {"bash", "sh", "powershell", "console"}


@dataclass(frozen=True)
class Fence:
    """One fenced code block of a page."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def _fences(page: Path) -> Iterator[Fence]:
    pattern = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.S)
    content = page.read_text("utf-8")
    for match in pattern.finditer(content):
        line = content.count("\n", 0, match.start()) + 1
        yield Fence(page, line, match[2], match[3])


FENCES = [fence for page in PAGES for fence in _fences(page)]


def _shell_commands(fence: Fence) -> Iterator[list[str]]:
    """Words of each simple command of a shell block; comments and prompts are dropped."""
    text = fence.text.replace("\\\n", " ")
    for line in text.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;<>")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in lexer:
            if word in {"&&", "||", "|", ";", "&"}:
                yield words
                words = []
            else:
                words.append(word)
        if words:
            yield words


COMMANDS = [
    pytest.param(fence, words, id=f"{fence} {' '.join(words)[:60]}")
    for fence in FENCES
    if fence.language in SHELL_LANGUAGES
    for words in _shell_commands(fence)
]


@cache
def _command_line() -> Any:
    return typer.main.get_command(app)


def _flags(words: list[str]) -> list[str]:
    return [word.split("=")[0] for word in words if re.fullmatch(r"--?[A-Za-z][\w-]*(=.*)?", word)]


def _unknown_flags(words: list[str]) -> list[str]:
    """Flags of a `naiad …` command line that no command on its way has."""
    command, known = _command_line(), {"--help", "-h"}
    rest = list(words[1:])
    known.update(flag for p in command.params for flag in [*p.opts, *p.secondary_opts])
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
        known.update(flag for p in command.params for flag in [*p.opts, *p.secondary_opts])
    assert not getattr(command, "commands", None) or "--version" in rest or "--help" in rest, (
        f"no such command: {' '.join(words)}"
    )
    return [flag for flag in _flags(rest) if flag not in known]


@pytest.mark.parametrize(("fence", "words"), COMMANDS)
def test_every_naiad_command_and_flag_in_the_pages_exists(fence: Fence, words: list[str]) -> None:
    if words and words[0] == "naiad":
        assert _unknown_flags(words) == []


@pytest.mark.parametrize(("fence", "words"), COMMANDS)
def test_every_flag_of_the_tutorial_scripts_in_the_pages_exists(
    fence: Fence, words: list[str]
) -> None:
    from diagram_generation_on_cpu import diagram_inference, mermaid_finetune_cpu

    parsers = {
        "diagram_inference.py": diagram_inference.argument_parser(),
        "mermaid_finetune_cpu.py": mermaid_finetune_cpu.argument_parser(),
        "run_finetune.sh": mermaid_finetune_cpu.argument_parser(),
        "run_finetune.bat": mermaid_finetune_cpu.argument_parser(),
    }
    for word in words[:2]:
        parser = parsers.get(word.replace("\\", "/").rsplit("/", 1)[-1])
        if parser is not None:
            known = {
                flag.replace("_", "-")
                for action in parser._actions
                for flag in action.option_strings
            }
            flags = [flag.replace("_", "-") for flag in _flags(words)]
            assert [flag for flag in flags if flag not in known] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_resolves(page: Path) -> None:
    content = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", content):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = page if not path else (page.parent / path).resolve()
        if not linked.exists() or (anchor and anchor not in _anchors(linked)):
            broken.append(target)
    assert broken == []


def _anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+)$", page.read_text("utf-8"), re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize(
    "fence", [f for f in FENCES if f.language == "python"], ids=lambda fence: str(fence)
)
def test_every_python_snippet_compiles_and_its_imports_exist(fence: Fence) -> None:
    tree = ast.parse(fence.text, str(fence))
    tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    exec(compile(tree, str(fence), "exec"), {})


def test_every_page_is_linked_from_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    linked = {(ROOT / "docs" / t).resolve() for t in re.findall(r"\]\(([^)#\s]+)\)", index)}
    pages = {path for path in (ROOT / "docs").rglob("*.md") if path.name != "index.md"}
    assert pages - linked == set()


def test_both_tongues_tell_the_same_five_steps_with_the_same_commands() -> None:
    english = ROOT / "docs" / "guides" / "tutorial.md"
    french = ROOT / "docs" / "guides" / "tutoriel.md"

    def told(page: Path) -> list[str]:
        return [fence.text for fence in _fences(page) if fence.language in SHELL_LANGUAGES]

    assert told(english) == told(french)
    assert len(re.findall(r"^## \d\. ", english.read_text("utf-8"), re.M)) == 5
    assert len(re.findall(r"^## \d\. ", french.read_text("utf-8"), re.M)) == 5
