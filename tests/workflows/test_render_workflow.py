"""One place turns a source into a file, by the file's suffix."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from naiad.cli.app import app
from naiad.errors import InputError, StorageError
from naiad.mermaid.markdown import MarkdownDiagram, diagrams_in_markdown, fenced
from naiad.workflows.render import check_output, read_diagram, render, write_drawing

SOURCE = "flowchart LR\n  a[Left] --> b[Right]\n"


@pytest.mark.parametrize(
    ("name", "starts"),
    [
        ("a.mmd", b"flowchart LR"),
        ("a.mermaid", b"flowchart LR"),
        ("a.md", b"```mermaid\nflowchart LR"),
        ("a.svg", b"<svg "),
        ("a.SVG", b"<svg "),
        ("a.png", b"\x89PNG\r\n"),
    ],
)
def test_the_suffix_names_the_form(tmp_path: Path, name: str, starts: bytes) -> None:
    path = tmp_path / name
    write_drawing(SOURCE, path)
    assert path.read_bytes().startswith(starts)


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.txt"])
def test_another_suffix_is_an_error_and_writes_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot tell what to write"):
        check_output(Path(name))
    with pytest.raises(InputError) as failure:
        write_drawing(SOURCE, tmp_path / name)
    assert ".svg" in failure.value.hint
    assert list(tmp_path.iterdir()) == []


def test_an_old_drawing_survives_a_failed_one(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text("old")
    report = render("flowchart LR\n  a -->", path)
    assert not report.drawn
    assert report.problems[0].line == 2
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.svg", "old")]


def test_what_parses_and_cannot_be_drawn_is_a_problem_of_the_renderer(tmp_path: Path) -> None:
    report = render("sankey-beta\n\na,b,1\nb,a,1", tmp_path / "a.svg")
    (problem,) = report.problems
    assert "circular link" in problem.message
    assert problem.judge == "mermaid 12.3.0 in QuickJS"


def test_zenuml_that_mermaid_would_not_check_is_checked(tmp_path: Path) -> None:
    report = render("zenuml\n  A.m( {", tmp_path / "a.svg")
    assert not report.drawn
    assert "@zenuml/core" in report.problems[0].judge


def test_a_folder_in_the_way_is_a_storage_error(tmp_path: Path) -> None:
    folder = tmp_path / "a.svg"
    folder.mkdir()
    with pytest.raises(StorageError, match=r"cannot write"):
        write_drawing(SOURCE, folder)


@pytest.mark.parametrize(
    ("text", "diagrams"),
    [
        ("# a\n```mermaid\npie\n```\n", ["pie\n"]),
        ("~~~ mermaid\npie\n~~~\n```mermaid title=x\ngantt\n```", ["pie\n", "gantt\n"]),
        ("```python\n```mermaid\n```\n", []),
        ("````\n```mermaid\npie\n```\n````\n", []),
        ("- a\n  ```mermaid\n  pie\n    x\n  ```\n", ["pie\n  x\n"]),
        ("> ```mermaid\n> pie\n> ```\n", ["pie\n"]),
        ("```mermaid\npie", ["pie"]),
        ("```mermaidx\npie\n```", []),
        ("no blocks", []),
    ],
)
def test_mermaid_blocks_are_found(text: str, diagrams: list[str]) -> None:
    assert [diagram.source for diagram in diagrams_in_markdown(text)] == diagrams


def test_a_fence_is_longer_than_what_it_holds() -> None:
    source = 'flowchart LR\n  a["```"]'
    assert fenced(source).startswith("````mermaid\n")
    assert [block.source for block in diagrams_in_markdown(fenced(source))] == [source + "\n"]


def test_a_markdown_file_gives_the_block_asked_for(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```mermaid\npie\n```\ntext\n```mermaid\ngantt\n```\n")
    assert read_diagram(str(page), max_bytes=999) == MarkdownDiagram("pie\n", first_line=2)
    second = read_diagram(str(page), index=2, max_bytes=999)
    assert second == MarkdownDiagram("gantt\n", first_line=6)
    with pytest.raises(InputError, match="holds 2 Mermaid blocks, so there is no block 3"):
        read_diagram(str(page), index=3, max_bytes=999)
    page.write_text("nothing")
    with pytest.raises(InputError, match="holds no ```mermaid block"):
        read_diagram(str(page), max_bytes=999)


def test_problems_of_a_block_name_the_lines_of_its_file(tmp_path: Path) -> None:
    report = render("flowchart LR\n  a -->\n", tmp_path / "a.svg", first_line=11)
    assert [problem.line for problem in report.problems] == [12]


def test_standard_input_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x" * 11)))
    with pytest.raises(InputError, match="more than 10 bytes"):
        read_diagram("-", max_bytes=10)


def test_the_command_draws_and_its_status_tells(tmp_path: Path) -> None:
    runner = CliRunner()
    good, bad = tmp_path / "good.mmd", tmp_path / "bad.mmd"
    good.write_text(SOURCE)
    bad.write_text("flowchart LR\n  a -->\n")
    drawn = runner.invoke(app, ["render", str(good), "-o", str(tmp_path / "o.svg"), "--json"])
    assert drawn.exit_code == 0
    assert json.loads(drawn.stdout) == {
        "path": str(tmp_path / "o.svg"),
        "drawn": True,
        "problems": [],
        "renderer": "mermaid 12.3.0 in QuickJS",
    }
    refused = runner.invoke(app, ["render", str(bad), "-o", str(tmp_path / "p.svg")])
    assert refused.exit_code == 1
    assert "line 2: " in refused.stderr
    assert not (tmp_path / "p.svg").exists()


def test_the_help_names_the_renderer_and_the_difference() -> None:
    text = " ".join(CliRunner().invoke(app, ["render", "--help"]).stdout.split())
    for fact in ("Mermaid 12.3.0", "QuickJS", "novasvg", "differs", "Exit status"):
        assert fact in text
