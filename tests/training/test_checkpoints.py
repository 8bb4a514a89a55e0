"""Whatever a kill leaves behind, the newest whole checkpoint is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from naiad.training.checkpoints import mark_complete, newest_usable, remove_unusable


def _checkpoint(parent: Path, step: int, *, complete: bool = True) -> Path:
    folder = parent / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(bytes([step]))
    (folder / "optimizer").write_bytes(b"o")
    if complete:
        mark_complete(folder)
    return folder


def test_without_checkpoints_there_is_none(tmp_path: Path) -> None:
    assert newest_usable(tmp_path / "nothing") is None
    assert newest_usable(tmp_path) is None


def test_the_highest_step_wins_by_number(tmp_path: Path) -> None:
    for step in (9, 100, 20):
        _checkpoint(tmp_path, step)
    assert newest_usable(tmp_path) == tmp_path / "checkpoint-100"


@pytest.mark.parametrize("damage", ["unmarked", "missing", "shorter", "other", "broken mark"])
def test_a_checkpoint_cut_short_is_passed_over(tmp_path: Path, damage: str) -> None:
    _checkpoint(tmp_path, 1)
    newest = _checkpoint(tmp_path, 2, complete=damage != "unmarked")
    if damage == "missing":
        (newest / "optimizer").unlink()
    elif damage == "shorter":
        (newest / "weights").write_bytes(b"")
    elif damage == "other":
        (newest / "weights").write_bytes(b"x")
    elif damage == "broken mark":
        (newest / "complete.json").write_text("{")
    assert newest_usable(tmp_path) == tmp_path / "checkpoint-1"
    remove_unusable(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-1"]
