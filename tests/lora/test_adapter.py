"""Opening adapter folders, and telling a base that fits from one that does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_adapters import folder_base, gguf_base, write_adapter

from naiad.errors import AdapterError, AdapterMismatch, AdapterNotFound
from naiad.lora import AdapterRecord, check_fits, load_adapter

FITTING = {"q_proj.A": np.ones((1, 8)), "q_proj.B": np.ones((8, 1))}


def test_a_missing_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(AdapterNotFound, match="no adapter folder"):
        load_adapter(tmp_path / "nothing")
    with pytest.raises(
        AdapterNotFound, match=r"adapter_config\.json and adapter_model\.safetensors missing"
    ):
        load_adapter(tmp_path)


def test_pickled_weights_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    (tmp_path / "adapter_model.bin").write_bytes(b"")
    with pytest.raises(AdapterNotFound) as error:
        load_adapter(tmp_path)
    assert "never read" in error.value.hint


def test_an_unfinished_training_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(AdapterNotFound) as error:
        load_adapter(tmp_path)
    assert "--resume" in error.value.hint


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json", "naiad.json"])
def test_a_file_cut_short_is_an_error(tmp_path: Path, name: str) -> None:
    folder = write_adapter(tmp_path / "a", FITTING, record={"base_name": "tiny"})
    path = folder / name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(AdapterError, match=name):
        load_adapter(folder)


def test_the_record_is_read_back_as_written(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "a", FITTING)
    record = AdapterRecord("tiny", "org/tiny", "ab", "Draw ü.", {"seed": 1}, {"rows": 2})
    record.write(folder)
    adapter = load_adapter(folder)
    assert adapter.record == record
    assert (adapter.instruction, adapter.base_hub_id) == ("Draw ü.", "org/tiny")


def test_a_foreign_adapter_has_no_record_and_its_base_from_peft(tmp_path: Path) -> None:
    adapter = load_adapter(
        write_adapter(tmp_path / "a", FITTING, base_model_name_or_path="org/tiny")
    )
    assert (adapter.record, adapter.instruction, adapter.base_hub_id) == (None, None, "org/tiny")


def test_a_base_path_of_another_machine_is_no_hub_id(tmp_path: Path) -> None:
    for number, path in enumerate(("/home/a/model", "../model", "./models/x", "model")):
        folder = write_adapter(tmp_path / str(number), FITTING, base_model_name_or_path=path)
        assert load_adapter(folder).base_hub_id is None


def test_a_fitting_adapter_fits_both_forms_of_the_base(tmp_path: Path) -> None:
    adapter = load_adapter(write_adapter(tmp_path / "a", FITTING))
    check_fits(adapter, gguf_base(tmp_path, "qwen2"))
    check_fits(adapter, folder_base(tmp_path))


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        (
            {"q_proj.A": np.ones((1, 16))},
            "model.layers.0.self_attn.q_proj is 16 wide in it and 8 in the model",
        ),
        (
            {"k_proj.B": np.ones((8, 1))},
            "model.layers.0.self_attn.k_proj is 8 wide in it and 4 in the model",
        ),
        (
            {"base_model.model.model.layers.1.mlp.up_proj.lora_A.weight": np.ones((1, 8))},
            "it changes model.layers.1.mlp.up_proj, which the model does not have",
        ),
    ],
)
def test_other_shapes_do_not_fit(tmp_path: Path, tensors: dict[str, object], reason: str) -> None:
    adapter = load_adapter(write_adapter(tmp_path / "a", tensors))
    for model in (gguf_base(tmp_path, "qwen2"), folder_base(tmp_path)):
        with pytest.raises(AdapterMismatch) as error:
            check_fits(adapter, model)
        assert error.value.message.endswith(reason)


def test_a_sister_model_of_equal_shapes_does_not_fit(tmp_path: Path) -> None:
    record = {"base_name": "coder", "base_hub_id": "org/Tiny-Coder", "base_gguf_sha256": "aa"}
    adapter = load_adapter(write_adapter(tmp_path / "a", FITTING, record=record))
    with pytest.raises(AdapterMismatch) as error:
        check_fits(adapter, gguf_base(tmp_path, "qwen2", hub_id="org/Tiny", sha256="bb"))
    assert "org/Tiny-Coder" in error.value.message
    assert "the model is org/Tiny" in error.value.message
    assert error.value.hint == "use --model coder"


@pytest.mark.parametrize("hub_id", ["org/Tiny-Coder-GGUF", "other/tiny-coder-bnb-4bit"])
def test_other_packagings_of_the_base_fit(tmp_path: Path, hub_id: str) -> None:
    record = {"base_name": "coder", "base_hub_id": "org/Tiny-Coder"}
    adapter = load_adapter(write_adapter(tmp_path / "a", FITTING, record=record))
    check_fits(adapter, gguf_base(tmp_path, "qwen2", hub_id=hub_id))


def test_the_same_file_fits_under_any_name(tmp_path: Path) -> None:
    record = {"base_name": "x", "base_hub_id": "org/other", "base_gguf_sha256": "aa"}
    adapter = load_adapter(write_adapter(tmp_path / "a", FITTING, record=record))
    check_fits(adapter, gguf_base(tmp_path, "qwen2", hub_id="org/tiny", sha256="aa"))


def test_other_peft_methods_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="is a IA3 adapter"):
        load_adapter(write_adapter(tmp_path / "a", FITTING, peft_type="IA3"))
