"""The number of threads follows the machine, its masks and its quotas."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from naiad.generation import cores


def _cpu(topology: Path, number: int, core: int, package: int = 0) -> None:
    folder = topology / f"cpu{number}" / "topology"
    folder.mkdir(parents=True)
    (folder / "core_id").write_text(f"{core}\n")
    (folder / "physical_package_id").write_text(f"{package}\n")


@pytest.mark.skipif(sys.platform != "linux", reason="affinity masks are Linux's")
def test_two_threads_of_one_core_count_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, (core, package) in enumerate([(0, 0), (1, 0), (0, 0), (0, 1)]):
        _cpu(tmp_path, number, core, package)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    assert cores._linux_cores(tmp_path) == 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2})
    assert cores._linux_cores(tmp_path) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="affinity masks are Linux's")
def test_without_sysfs_the_affinity_mask_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5})
    assert cores._linux_cores(tmp_path / "missing") == 2


@pytest.mark.parametrize(("content", "expected"), [("150000 100000", 2), ("50000 100000", 1)])
def test_a_container_quota_rounds_up(tmp_path: Path, content: str, expected: int) -> None:
    (tmp_path / "cpu.max").write_text(content)
    assert cores._quota_cores(tmp_path / "cpu.max") == expected


def test_no_quota_is_no_limit(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert cores._quota_cores(tmp_path / "cpu.max") == os.cpu_count()
    assert cores._quota_cores(tmp_path / "missing") == os.cpu_count()


def test_there_is_always_a_core() -> None:
    assert cores.physical_cores() in range(1, (os.cpu_count() or 1) + 1)


def test_openmp_is_told_to_sleep_only_inside_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    with cores.patient_openmp():
        assert os.environ["GOMP_SPINCOUNT"] == "1000"
    assert "GOMP_SPINCOUNT" not in os.environ


def test_a_users_own_openmp_setting_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    with cores.patient_openmp():
        assert "GOMP_SPINCOUNT" not in os.environ
