"""What may happen to an output folder: nothing of anybody's is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from naiad.errors import ConfigError, StorageError, TrainingError
from naiad.lora import AdapterRecord
from naiad.training.adapter_folder import (
    OWN_NAMES,
    begin_run,
    check_output,
    finish_run,
    record_run,
    recorded_settings,
)

IDENTITY: dict[str, Any] = {
    "config": {"seed": 0, "threads": 1, "save_every_steps": 5},
    "data": {"rows.jsonl": "aa"},
    "model": {"name": "tiny"},
}


def _begin(folder: Path, *, resume: bool = False, overwrite: bool = False, **other: Any) -> Any:
    identity = {**IDENTITY, **other}
    checkpoint = begin_run(folder, identity, resume=resume, overwrite=overwrite)
    record_run(folder, identity)
    return checkpoint


def _finish(folder: Path) -> None:
    finish_run(folder, b"weights", "{}", AdapterRecord("tiny", instruction="Draw."), "org/tiny")


def test_a_new_and_an_empty_folder_begin(tmp_path: Path) -> None:
    for folder in (tmp_path / "new" / "deep", tmp_path):
        if folder == tmp_path:
            (tmp_path / "new" / "deep" / "run.json").unlink()
            (tmp_path / "new" / "deep").rmdir()
            (tmp_path / "new").rmdir()
        assert _begin(folder, resume=folder == tmp_path) is None
        assert json.loads((folder / "run.json").read_text()) == IDENTITY


@pytest.mark.parametrize("flags", [{}, {"resume": True}, {"overwrite": True}])
def test_somebody_elses_files_are_never_touched(tmp_path: Path, flags: dict[str, bool]) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(StorageError, match=r"holds other files \(thesis\.tex\)"):
        _begin(tmp_path, **flags)
    assert (tmp_path / "thesis.tex").read_text() == "x"


def test_an_unfinished_run_asks_what_to_do(tmp_path: Path) -> None:
    _begin(tmp_path)
    with pytest.raises(TrainingError, match="unfinished training") as error:
        _begin(tmp_path)
    assert "--resume" in error.value.hint
    assert _begin(tmp_path, resume=True) is None


def test_a_finished_adapter_is_not_replaced_unasked(tmp_path: Path) -> None:
    _begin(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    _finish(tmp_path)
    for resume in (False, True):
        (tmp_path / "checkpoints").mkdir()
        with pytest.raises(TrainingError, match="already holds an adapter"):
            check_output(tmp_path, resume=resume, overwrite=False)
        assert not (tmp_path / "checkpoints").exists()
    assert _begin(tmp_path, overwrite=True) is None
    assert {path.name for path in tmp_path.iterdir()} == {"run.json"}


def test_a_finished_folder_holds_the_adapter_and_nothing_of_the_run(tmp_path: Path) -> None:
    _begin(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    _finish(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"adapter_config.json", "adapter_model.safetensors", "README.md", "naiad.json"}
    assert names < OWN_NAMES
    card = (tmp_path / "README.md").read_text()
    assert card.startswith("---\nbase_model: org/tiny\n")
    assert "> Draw." in card


def test_the_card_shows_the_picture_of_the_losses_where_there_is_one(tmp_path: Path) -> None:
    _finish(tmp_path)
    assert "losses.png" not in (tmp_path / "README.md").read_text()
    (tmp_path / "losses.png").write_bytes(b"PNG")
    _finish(tmp_path)
    assert "![The loss, step by step](losses.png)" in (tmp_path / "README.md").read_text()


def test_what_a_kill_left_of_own_files_is_nobody_elses(tmp_path: Path) -> None:
    _begin(tmp_path)
    (tmp_path / ".log.jsonl.x1y2.part").write_text("half a l")
    _begin(tmp_path, resume=True)
    assert {path.name for path in tmp_path.iterdir()} == {"run.json"}
    (tmp_path / ".thesis.tex.x1y2.part").write_text("x")
    with pytest.raises(StorageError, match=r"holds other files \(\.thesis"):
        _begin(tmp_path, resume=True)


def test_a_run_started_otherwise_names_every_difference(tmp_path: Path) -> None:
    _begin(tmp_path)
    with pytest.raises(ConfigError) as error:
        _begin(
            tmp_path,
            resume=True,
            config={"seed": 1, "threads": 8, "save_every_steps": 7},
            data={"rows.jsonl": "bb"},
        )
    assert error.value.message == (
        f"{tmp_path} was started otherwise: data was {{'rows.jsonl': 'aa'}} and is "
        "{'rows.jsonl': 'bb'}; seed was 0 and is 1; threads was 1 and is 8"
    )


def test_a_file_in_the_folders_place_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(StorageError):
        _begin(path)


def test_a_run_that_goes_on_can_ask_what_was_decided(tmp_path: Path) -> None:
    assert recorded_settings(tmp_path) == {}
    _begin(tmp_path)
    assert recorded_settings(tmp_path) == IDENTITY["config"]
    (tmp_path / "run.json").write_text('{"config": 1}')
    with pytest.raises(TrainingError, match=r"run\.json is damaged"):
        recorded_settings(tmp_path)
