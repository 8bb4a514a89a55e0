"""Models from the Hub: the real huggingface_hub against a local server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import huggingface_hub.constants
import pytest
from local_servers import HubServer
from tiny_model import kill_group, model_bytes, start_pull, use_hub

from naiad.errors import ChecksumMismatch, ModelUnavailable, StorageError
from naiad.models.catalog import KnownModel
from naiad.models.store import ModelStore

REPO = "tiny/Tiny-1B-GGUF"
FILE = "tiny-1b-q4_k_m.gguf"
PATH = f"/{REPO}/resolve/main/{FILE}"


def test_a_known_model_arrives_whole_and_checked(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    model = models.pull("tiny-1b")
    assert model.path.read_bytes() == model_bytes()
    assert (model.source, model.sha256, model.hub_id) == ("hub", tiny.sha256, "tiny/Tiny-1B")
    assert model.path.is_relative_to(huggingface_hub.constants.HF_HUB_CACHE)


def test_a_model_that_is_here_needs_no_request(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    first = models.pull("tiny-1b")
    hub_server.requests.clear()
    assert models.pull("tiny-1b") == first
    assert models.find("tiny-1b") == first
    assert hub_server.requests.total() == 0


def test_the_hub_id_means_the_same_model_as_the_short_name(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    models.pull("tiny-1b")
    assert models.path("tiny/tiny-1b") == models.path("tiny-1b")
    assert models.path(REPO) == models.path("tiny-1b")


def test_progress_tells_every_byte(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    reports: list[tuple[str, int, int | None]] = []
    models.pull("tiny-1b", progress=lambda *report: reports.append(report))
    assert ("downloading", tiny.size_bytes, tiny.size_bytes) in reports
    assert reports[-1] == ("verifying", tiny.size_bytes, tiny.size_bytes)


def test_a_cut_connection_goes_on_where_it_broke(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    hub_server.cut_after_bytes[PATH] = 250_000
    hub_server.cuts[PATH] = 1
    assert models.pull("tiny-1b").path.read_bytes() == model_bytes()
    assert hub_server.ranges == ["bytes=250000-"]


def test_a_killed_download_resumes(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    hub_server.cut_after_bytes[PATH] = 250_000
    hub_server.release = threading.Event()
    process = start_pull()
    assert hub_server.stalled.wait(60)
    cache = Path(huggingface_hub.constants.HF_HUB_CACHE)
    while sum(path.stat().st_size for path in cache.rglob("*.incomplete")) < 250_000:
        time.sleep(0.01)
    kill_group(process)
    assert models.find("tiny-1b") is None
    hub_server.cut_after_bytes.clear()
    assert models.pull("tiny-1b").path.read_bytes() == model_bytes()
    assert hub_server.ranges == ["bytes=250000-"]


def test_bytes_that_differ_from_the_hubs_hash_are_not_kept(
    models: ModelStore, hub_server: HubServer
) -> None:
    hub_server.announced_sha256[FILE] = "ab" * 32
    with pytest.raises(ChecksumMismatch, match="ab" * 32):
        models.pull(REPO)
    assert models.find(REPO) is None
    cache = Path(huggingface_hub.constants.HF_HUB_CACHE)
    assert [path for path in cache.rglob("*") if path.is_file() and path.stat().st_size > 200] == []


def test_a_cached_file_that_was_damaged_is_not_taken(
    tiny: KnownModel, tmp_path: Path, hub_server: HubServer
) -> None:
    path = ModelStore(tmp_path / "other program").pull("tiny-1b").path
    path.write_bytes(path.read_bytes()[:-1])
    models = ModelStore(tmp_path / "naiad")
    with pytest.raises(ChecksumMismatch):
        models.pull("tiny-1b")
    assert models.pull("tiny-1b").path.read_bytes() == model_bytes()


def test_a_known_name_with_other_bytes_on_the_hub_is_not_downloaded(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    hub_server.repositories[REPO][FILE] = b"GGUF something else"
    with pytest.raises(ModelUnavailable, match=r"has another tiny-1b-q4_k_m.gguf"):
        models.pull("tiny-1b")
    assert hub_server.count(f"GET {PATH}") == 0


def test_a_missing_repository_is_named(models: ModelStore, hub_server: HubServer) -> None:
    with pytest.raises(ModelUnavailable, match=r"no repository .*/none/such, or it is private"):
        models.pull("none/such")


def test_a_gated_repository_says_where_to_accept_its_terms(
    models: ModelStore, hub_server: HubServer
) -> None:
    hub_server.gated.add(REPO)
    with pytest.raises(ModelUnavailable, match=rf"gated: accept its terms at .*{REPO}.*HF_TOKEN"):
        models.pull(REPO)


def test_a_token_opens_a_gated_repository(
    models: ModelStore, hub_server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_server.gated.add(REPO)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert models.pull(REPO).path.read_bytes() == model_bytes()


def test_a_repository_of_many_gguf_files_gives_its_q4_k_m(
    models: ModelStore, hub_server: HubServer
) -> None:
    hub_server.repositories["org/many"] = {
        "m-Q8_0.gguf": b"GGUF8",
        "m-Q4_K_M.gguf": b"GGUF4",
        "README.md": b"text",
    }
    assert models.pull("org/many").path.name == "m-Q4_K_M.gguf"
    assert models.pull("org/many:m-Q8_0.gguf").path.read_bytes() == b"GGUF8"
    with pytest.raises(ModelUnavailable, match=r"no m-Q2_K.gguf; it has m-Q4_K_M.gguf, m-Q8_0"):
        models.pull("org/many:m-Q2_K.gguf")


def test_a_repository_without_an_obvious_gguf_lists_its_files(
    models: ModelStore, hub_server: HubServer
) -> None:
    hub_server.repositories["org/two"] = {"a-Q8_0.gguf": b"GGUF", "b-Q5_0.gguf": b"GGUF"}
    with pytest.raises(ModelUnavailable, match=r"name one as org/two:FILE, of a-Q8_0.gguf, b-Q5"):
        models.pull("org/two")


WEIGHTS = {
    "config.json": b"{}",
    "model.safetensors": b"weights",
    "tokenizer.json": b"{}",
    "modeling_evil.py": b"raise SystemExit",
    "pytorch_model.bin": b"pickle",
    "onnx/model.onnx": b"onnx",
}


def test_a_repository_of_weights_arrives_without_code_or_pickles(
    models: ModelStore, hub_server: HubServer
) -> None:
    hub_server.repositories["org/weights"] = WEIGHTS
    model = models.pull("org/weights")
    assert model.kind == "folder"
    assert sorted(path.name for path in model.path.rglob("*")) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    ]
    assert models.find("org/weights") == model


def test_the_weights_of_a_known_model_are_its_original_repository(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    hub_server.repositories["tiny/Tiny-1B"] = WEIGHTS
    model = models.pull("tiny-1b", form="weights")
    assert (model.kind, model.hub_id) == ("folder", "tiny/Tiny-1B")
    assert models.find("tiny-1b") is None


def test_a_repository_without_a_model_is_refused(models: ModelStore, hub_server: HubServer) -> None:
    hub_server.repositories["org/text"] = {"README.md": b"text"}
    with pytest.raises(
        ModelUnavailable, match=r"org/text has no config.json with model.safetensors"
    ):
        models.pull("org/text")


def test_missing_shards_of_cached_weights_are_noticed(
    models: ModelStore, hub_server: HubServer
) -> None:
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    hub_server.repositories["org/sharded"] = {
        "config.json": b"{}",
        "model-1.safetensors": b"1",
        "model.safetensors.index.json": json.dumps(index).encode(),
    }
    with pytest.raises(ModelUnavailable, match="lacks 1 of 2 weight files"):
        models.pull("org/sharded")


def test_what_another_program_cached_needs_no_network_and_is_not_deleted(
    tiny: KnownModel, tmp_path: Path, hub_server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ModelStore(tmp_path / "other program").pull("tiny-1b").path
    monkeypatch.setenv("NAIAD_OFFLINE", "1")
    models = ModelStore(tmp_path / "naiad")
    hub_server.requests.clear()
    assert models.pull("tiny-1b").path == path
    assert hub_server.requests.total() == 0
    models.remove("tiny-1b")
    assert path.read_bytes() == model_bytes()


def test_remove_deletes_what_naiad_downloaded(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    path = models.pull("tiny-1b").path
    blob = path.resolve()
    assert models.remove("tiny-1b") >= len(model_bytes())
    assert not path.exists() and not blob.exists()
    assert models.find("tiny-1b") is None


def test_an_unreachable_hub_is_asked_once_a_process(
    tiny: KnownModel, models: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    import naiad.models.hub as hub

    use_hub(monkeypatch, "http://127.0.0.1:10")
    with pytest.raises(ModelUnavailable, match=r"http://127.0.0.1:10 cannot be reached"):
        hub.look_up("org/name")
    monkeypatch.setattr(huggingface_hub, "HfApi", None)
    with pytest.raises(ModelUnavailable, match=r"http://127.0.0.1:10 cannot be reached"):
        hub.look_up("org/name")


def test_a_disk_too_small_is_noticed_before_the_download(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1_000})
    monkeypatch.setattr("naiad.models.disk_space.shutil.disk_usage", lambda _: usage)
    with pytest.raises(StorageError, match=r"needs 1 MB on the disk of .*, 0 MB are free"):
        models.pull("tiny-1b")
    assert hub_server.count(f"GET {PATH}") == 0


def test_hf_endpoint_and_hf_home_are_honoured(tmp_path: Path, hub_server: HubServer) -> None:
    command = [sys.executable, "-m", "naiad.cli.app", "models", "pull", REPO]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.strip())
    assert path.read_bytes() == model_bytes()
    assert path.is_relative_to(tmp_path / "hf")


@pytest.mark.parametrize("variable", ["NAIAD_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_never_asks_a_server(
    variable: str,
    tiny: KnownModel,
    models: ModelStore,
    hub_server: HubServer,
    index_server: HubServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(ModelUnavailable, match=f"forbidden by {variable}") as caught:
        models.pull("tiny-1b")
    assert f"unset {variable}" in caught.value.hint
    assert hub_server.requests.total() + index_server.requests.total() == 0
