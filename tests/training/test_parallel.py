"""Several processes train what one does, alike every time, and end together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_lora import random_rows

from naiad.errors import ConfigError
from naiad.training.config import TrainingConfig
from naiad.training.parallel import (
    ALONE,
    Group,
    group_of_torchrun,
    is_started_by_torchrun,
    threads_of_each,
)

ROWS = random_rows(train=23).train


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What parallel_runs.py says."""
    if os.name == "nt":
        pytest.skip("the script forks, which Windows cannot")
    script = Path(__file__).with_name("parallel_runs.py")
    folder = tmp_path_factory.mktemp("parallel")
    ran = subprocess.run(
        [sys.executable, str(script), str(folder)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("size", [1, 2, 3, 40])
def test_every_row_has_one_process_and_all_have_about_as_many_tokens(size: int) -> None:
    shares = [Group(rank, size).share(ROWS) for rank in range(size)]
    assert sorted(row.line for share in shares for row in share) == [row.line for row in ROWS]
    tokens = [sum(map(len, share)) for share in shares]
    assert max(tokens) - min(tokens) <= max(map(len, ROWS))


def test_one_process_keeps_the_rows_as_they_are() -> None:
    assert ALONE.share(ROWS) == list(ROWS)


def test_two_processes_train_what_one_does(runs: Any) -> None:
    assert runs["difference"] < 1e-4 * runs["size"]
    assert runs["grad_norms"]["two"] == pytest.approx(runs["grad_norms"]["one"], rel=1e-4)


def test_two_processes_end_with_the_same_bytes_every_time(runs: Any) -> None:
    first, second = runs["digests"]["dropping"]
    assert first == second
    assert runs["digests"]["again"] == [first, first]


def test_one_that_is_asked_to_stop_stops_both_and_both_go_on(runs: Any) -> None:
    assert [said["steps"] for said in runs["stopped"]] == [3, 3]
    assert {said["stopped"] for said in runs["stopped"]} == {"asked"}
    assert runs["digests"]["cut"] == runs["digests"]["dropping"]


def test_only_the_first_process_writes_and_all_know_the_outcome(runs: Any) -> None:
    assert runs["written_by_others"] is False
    assert runs["outcomes"][0] == runs["outcomes"][1]


def test_torchrun_decides_how_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_started_by_torchrun()
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setenv("RANK", "0")
    assert is_started_by_torchrun()
    with (
        pytest.raises(ConfigError, match="processes is 2, and torchrun started 3"),
        group_of_torchrun(2),
    ):
        pass


def test_the_cores_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("naiad.training.parallel.physical_cores", lambda: 8)
    assert threads_of_each(TrainingConfig(), 1) == 8
    assert threads_of_each(TrainingConfig(), 3) == 2
    assert threads_of_each(TrainingConfig(), 99) == 1
    assert threads_of_each(TrainingConfig(threads=5), 3) == 5
    # Of six processes, torchrun started two on this machine.
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert threads_of_each(TrainingConfig(), 6) == 4
