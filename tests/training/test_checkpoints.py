"""Whatever a kill leaves behind, the newest whole checkpoint is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from naiad.errors import StorageError
from naiad.training.checkpoints import (
    Checkpoint,
    load_best,
    load_checkpoint,
    mark_complete,
    newest_usable,
    remove_unusable,
    save_best,
    save_checkpoint,
)

torch = pytest.importorskip("torch")


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


def _save(parent: Path, step: int, best_step: int | None) -> None:
    adapter, optimizer = {"a": torch.full((2,), float(step))}, {"0.step": torch.tensor(1.0)}
    save_checkpoint(parent, Checkpoint(step, best_step, adapter, optimizer))


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    _save(tmp_path, 3, best_step=None)
    saved = load_checkpoint(tmp_path / "checkpoint-3")
    assert (saved.step, saved.best_step) == (3, None)
    assert torch.equal(saved.adapter["a"], torch.tensor([3.0, 3.0]))
    assert torch.equal(saved.optimizer["0.step"], torch.tensor(1.0))


def test_best_weights_stay_while_a_kept_checkpoint_needs_them(tmp_path: Path) -> None:
    for step, best_step in ((1, 1), (2, 1), (3, 3), (4, 3)):
        if step == best_step:
            save_best(tmp_path, step, {"a": torch.full((2,), float(step))})
        _save(tmp_path, step, best_step)
        if step == 3:
            assert torch.equal(load_best(tmp_path, 1)["a"], torch.ones(2))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"checkpoint-3", "checkpoint-4", "best-3.safetensors"}
    with pytest.raises(StorageError, match="best-1"):
        load_best(tmp_path, 1)


def test_files_cut_short_go_with_the_checkpoints(tmp_path: Path) -> None:
    (tmp_path / ".best-3.safetensors.x1y2.part").write_bytes(b"half")
    remove_unusable(tmp_path)
    assert list(tmp_path.iterdir()) == []
