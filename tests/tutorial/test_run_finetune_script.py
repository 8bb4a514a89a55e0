"""run_finetune.sh runs the right interpreter and passes every argument on."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "diagram_generation_on_cpu"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the script in a folder whose name has a space, as on many users' machines."""
    copy = tmp_path / "my project"
    copy.mkdir()
    shutil.copy(FOLDER / "run_finetune.sh", copy)
    return copy


def _interpreter(environment: Path, name: str = "bin/python") -> Path:
    """A stand-in for an environment's Python: prints its own path and its arguments."""
    path = environment / name
    path.parent.mkdir(parents=True)
    path.write_text('#!/usr/bin/env bash\nprintf "%s\\n" "$0" "$@"\n')
    path.chmod(0o755)
    return path


def _run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name == "PATH"}
    return subprocess.run(
        ["bash", str(folder / "run_finetune.sh"), *arguments],
        env={**kept, **variables},
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_venv_beside_the_script_is_used_before_an_active_one(
    folder: Path, tmp_path: Path
) -> None:
    own = _interpreter(folder / "venv")
    _interpreter(tmp_path / "active")
    run = _run(folder, VIRTUAL_ENV=str(tmp_path / "active"))
    assert Path(run.stdout.splitlines()[0]) == own


def test_the_windows_layout_of_a_venv_is_found(folder: Path) -> None:
    own = _interpreter(folder / "venv", "Scripts/python.exe")
    assert Path(_run(folder).stdout.splitlines()[0]) == own


def test_an_active_environment_is_used_where_there_is_no_venv(folder: Path, tmp_path: Path) -> None:
    active = _interpreter(tmp_path / "active")
    run = _run(folder, VIRTUAL_ENV=str(tmp_path / "active"))
    assert Path(run.stdout.splitlines()[0]) == active
    run = _run(folder, CONDA_PREFIX=str(tmp_path / "active"))
    assert Path(run.stdout.splitlines()[0]) == active


def test_no_environment_is_an_error_with_a_next_step(folder: Path) -> None:
    run = _run(folder)
    assert run.returncode == 2
    assert run.stdout == ""
    first, second = run.stderr.splitlines()
    assert first.startswith("error: no virtual environment: ")
    assert "python -m venv venv" in second


def test_arguments_follow_the_defaults_and_so_override_them(folder: Path) -> None:
    _interpreter(folder / "venv")
    _, script, *arguments = (
        _run(folder, "--max_steps", "2", "--output_dir", "a b").stdout[:-1].split("\n")
    )
    assert Path(script) == folder / "mermaid_finetune_cpu.py"
    assert arguments == [
        "--model_name_or_path",
        "Qwen/Qwen2.5-1.5B-Instruct",
        "--train_data_path",
        f"{folder}/../gemini_fine_tune/dataset/training_data.jsonl",
        "--output_dir",
        f"{folder}/mermaid_lora",
        "--num_train_epochs",
        "3",
        "--max_steps",
        "2",
        "--output_dir",
        "a b",
    ]


def test_the_exit_status_of_the_training_is_the_script_s(folder: Path) -> None:
    path = folder / "venv" / "bin" / "python"
    path.parent.mkdir(parents=True)
    path.write_text("#!/usr/bin/env bash\nexit 2\n")
    path.chmod(0o755)
    assert _run(folder).returncode == 2


def test_the_batch_file_gives_the_same_defaults() -> None:
    shell = (FOLDER / "run_finetune.sh").read_text("utf-8")
    batch = (FOLDER / "run_finetune.bat").read_text("utf-8")
    unix_words = shell[shell.index("exec ") :].replace("\\\n", " ").split()[2:-1]
    line = next(line for line in batch.splitlines() if line.startswith('"%PYTHON%"'))
    windows_words = line.replace("\\", "/").replace("%HERE%", "$here/").split()[1:-1]
    assert windows_words == unix_words
