"""The house holds: imports one way, one error tree, every command documented, no stray prints."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import naiad
from naiad import errors

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "naiad"

LEVELS: dict[str, int] = {
    "errors": 0,
    "files": 1,
    "mermaid": 2,
    "models": 2,
    "prompts": 2,
    "datasets": 3,
    "retrieval": 3,
    "lora": 3,
    "generation": 3,
    "grammar": 3,
    "decoder": 3,
    "training": 4,
    "workflows": 5,
    "cli": 6,
}
HEAVY = {"torch", "transformers", "peft", "datasets", "accelerate", "tensorboard"}


def _modules() -> list[Path]:
    return [path for path in sorted(SOURCE.rglob("*.py")) if path.parent != SOURCE] + [
        SOURCE / "errors.py",
        SOURCE / "files.py",
    ]


def _room(path: Path) -> str:
    part = path.relative_to(SOURCE).parts[0]
    return part.removesuffix(".py")


def _imports(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def test_every_room_has_a_level() -> None:
    assert {_room(path) for path in _modules()} == set(LEVELS)


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    room = _room(path)
    rooms = {
        name.split(".")[1]
        for name in _imports(ast.parse(path.read_text("utf-8")))
        if name.startswith("naiad.") and name.split(".")[1] in LEVELS
    }
    upward = {other for other in rooms if other != room and LEVELS[other] >= LEVELS[room]}
    assert upward == set()


def test_generating_judging_and_drawing_import_nothing_heavy() -> None:
    program = (
        "import sys, naiad.cli.app, naiad.workflows.generate, naiad.workflows.validate,"
        "naiad.workflows.render\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_only_the_command_line_prints() -> None:
    printing = [
        str(path.relative_to(SOURCE))
        for path in _modules()
        if _room(path) != "cli"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert printing == []


def test_the_error_tree_is_drawn_as_it_is() -> None:
    drawn = re.findall(r"^[│├└─ ]*(\w+) {2,}\S|^[│├└─ ]*(\w+)$", errors.__doc__ or "", re.M)
    names = {first or second for first, second in drawn}
    defined = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.NaiadError)
    }
    assert names == defined


def test_every_room_says_what_it_exports() -> None:
    for module in pkgutil.walk_packages(naiad.__path__, "naiad."):
        if module.name.endswith("__main__"):
            continue
        loaded = importlib.import_module(module.name)
        for name in getattr(loaded, "__all__", ()):
            assert hasattr(loaded, name), f"{module.name}.__all__ names {name}"


def test_every_module_and_public_function_has_a_docstring() -> None:
    bare: list[str] = []
    for path in _modules():
        tree = ast.parse(path.read_text("utf-8"))
        if tree.body and not ast.get_docstring(tree):
            bare.append(str(path.relative_to(SOURCE)))
        for node in tree.body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"
            if public and not ast.get_docstring(node):
                bare.append(f"{path.relative_to(SOURCE)}:{node.name}")
    assert bare == []


def test_every_command_is_in_the_reference() -> None:
    reference = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    generated = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate_cli_reference.py"), "--print"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert reference == generated
