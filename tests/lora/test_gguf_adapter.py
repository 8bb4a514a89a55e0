"""PEFT to GGUF: the exact arrays llama.cpp reads, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from tiny_adapters import gguf_base, write_adapter

from naiad.errors import AdapterError, AdapterMismatch
from naiad.lora import load_adapter, to_gguf

A = np.arange(8, dtype=np.float32).reshape(1, 8)
Q = np.arange(8, dtype=np.float32).reshape(8, 1) + 1
K = np.arange(4, dtype=np.float32).reshape(4, 1) + 1
TENSORS = {"q_proj.A": A, "q_proj.B": Q, "k_proj.A": A, "k_proj.B": K}


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAIAD_HOME", str(tmp_path / "home"))


def _converted(
    tmp_path: Path, tensors: dict[str, Any], architecture: str = "qwen2", **config: Any
) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    """Metadata and tensors of the GGUF file that comes out."""
    adapter = load_adapter(write_adapter(tmp_path / "a", tensors, **config))
    reader = gguf.GGUFReader(to_gguf(adapter, gguf_base(tmp_path, architecture)))
    fields = {name: f.contents() for name, f in reader.fields.items() if "GGUF." not in name}
    return fields, {tensor.name: np.array(tensor.data) for tensor in reader.tensors}


def test_a_qwen_adapter_keeps_its_rows(tmp_path: Path) -> None:
    fields, tensors = _converted(tmp_path, TENSORS)
    assert fields == {
        "general.architecture": "qwen2",
        "general.type": "adapter",
        "adapter.type": "lora",
        "adapter.lora.alpha": 2.0,
    }
    expected = {
        "blk.0.attn_k.weight.lora_a": A,
        "blk.0.attn_k.weight.lora_b": K,
        "blk.0.attn_q.weight.lora_a": A,
        "blk.0.attn_q.weight.lora_b": Q,
    }
    assert tensors.keys() == expected.keys()
    for name, values in expected.items():
        assert tensors[name].dtype == np.float32
        np.testing.assert_array_equal(tensors[name], values)


def test_a_llama_adapter_has_query_and_key_rows_in_pairs(tmp_path: Path) -> None:
    _, tensors = _converted(tmp_path, TENSORS, "llama")
    # Two heads of 4 rows: the halves (1 2 | 3 4) become the pairs (1 3) (2 4).
    assert tensors["blk.0.attn_q.weight.lora_b"].ravel().tolist() == [1, 3, 2, 4, 5, 7, 6, 8]
    assert tensors["blk.0.attn_k.weight.lora_b"].ravel().tolist() == [1, 3, 2, 4]
    np.testing.assert_array_equal(tensors["blk.0.attn_q.weight.lora_a"], A)


def test_values_and_outputs_of_llama_keep_their_rows(tmp_path: Path) -> None:
    _, tensors = _converted(
        tmp_path, {"v_proj.A": A, "v_proj.B": K, "o_proj.A": A, "o_proj.B": Q}, "llama"
    )
    assert tensors["blk.0.attn_v.weight.lora_b"].ravel().tolist() == [1, 2, 3, 4]
    assert tensors["blk.0.attn_output.weight.lora_b"].ravel().tolist() == [1, 2, 3, 4, 5, 6, 7, 8]


def test_every_linear_layer_has_its_name(tmp_path: Path) -> None:
    wide = np.zeros((1, 12), np.float32)
    inner = np.zeros((12, 1), np.float32)
    tensors = {"gate_proj.A": A, "gate_proj.B": inner, "up_proj.A": A, "up_proj.B": inner}
    _, found = _converted(tmp_path, {**tensors, "down_proj.A": wide, "down_proj.B": Q})
    names = {name.split(".")[2] for name in found}
    assert names == {"ffn_gate", "ffn_up", "ffn_down"}


def test_rank_stabilized_lora_scales_by_the_root_of_the_rank(tmp_path: Path) -> None:
    tensors = {"q_proj.A": np.zeros((4, 8)), "q_proj.B": np.ones((8, 4))}
    _, found = _converted(tmp_path, tensors, r=4, use_rslora=True)
    # PEFT: alpha / 2; llama.cpp: alpha / 4.
    np.testing.assert_array_equal(found["blk.0.attn_q.weight.lora_b"], np.full((8, 4), 2.0))


def test_an_alpha_of_its_own_is_in_the_weights(tmp_path: Path) -> None:
    fields, found = _converted(tmp_path, TENSORS, alpha_pattern={"k_proj": 6})
    assert fields["adapter.lora.alpha"] == 2.0
    np.testing.assert_array_equal(found["blk.0.attn_k.weight.lora_b"], K * 3)
    np.testing.assert_array_equal(found["blk.0.attn_q.weight.lora_b"], Q)


def test_half_precision_weights_become_float32(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = write_adapter(tmp_path / "a", TENSORS)
    path = folder / "adapter_model.safetensors"
    save_file({name: v.astype(np.float16) for name, v in load_file(path).items()}, path)
    reader = gguf.GGUFReader(to_gguf(load_adapter(folder), gguf_base(tmp_path, "qwen2")))
    assert {tensor.data.dtype for tensor in reader.tensors} == {np.dtype(np.float32)}


def test_the_same_adapter_is_written_once(tmp_path: Path) -> None:
    base = gguf_base(tmp_path, "qwen2")
    adapter = load_adapter(write_adapter(tmp_path / "a", TENSORS))
    path = to_gguf(adapter, base)
    path.write_bytes(b"kept")
    copy = load_adapter(write_adapter(tmp_path / "b", TENSORS))
    assert to_gguf(copy, base) == path
    assert path.read_bytes() == b"kept"


def test_other_weights_or_another_scale_make_another_file(tmp_path: Path) -> None:
    base = gguf_base(tmp_path, "qwen2")
    folders = [
        write_adapter(tmp_path / "a", TENSORS),
        write_adapter(tmp_path / "b", TENSORS, lora_alpha=3),
        write_adapter(tmp_path / "c", {**TENSORS, "k_proj.B": K + 1}),
    ]
    assert len({to_gguf(load_adapter(folder), base) for folder in folders}) == 3


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"modules_to_save": ["lm_head"]}, "fully trained modules (modules_to_save)"),
        ({"bias": "all"}, "trained biases"),
        ({"lora_bias": True}, "biases in the LoRA layers"),
        ({"init_lora_weights": "pissa_niter_4"}, "init_lora_weights=pissa_niter_4"),
        ({"lora_alpha": 0}, "lora_alpha 0"),
        ({"trainable_token_indices": [1]}, "trained token embeddings"),
    ],
)
def test_what_gguf_cannot_say_is_refused(
    tmp_path: Path, config: dict[str, Any], words: str
) -> None:
    adapter = load_adapter(write_adapter(tmp_path / "a", TENSORS, **config))
    with pytest.raises(AdapterError) as error:
        to_gguf(adapter, gguf_base(tmp_path, "qwen2"))
    assert words in error.value.message
    assert "--engine transformers" in error.value.hint


def test_an_unknown_tensor_is_refused(tmp_path: Path) -> None:
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector"
    adapter = load_adapter(write_adapter(tmp_path / "a", {**TENSORS, name: np.ones(8)}))
    with pytest.raises(AdapterError, match=f"the tensor {name}"):
        to_gguf(adapter, gguf_base(tmp_path, "qwen2"))


def test_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    adapter = load_adapter(write_adapter(tmp_path / "a", TENSORS))
    with pytest.raises(AdapterError, match="architecture 'gemma'"):
        to_gguf(adapter, gguf_base(tmp_path, "gemma"))


def test_an_adapter_of_another_base_is_not_converted(tmp_path: Path) -> None:
    adapter = load_adapter(write_adapter(tmp_path / "a", {"q_proj.A": np.ones((1, 99))}))
    with pytest.raises(AdapterMismatch):
        to_gguf(adapter, gguf_base(tmp_path, "qwen2"))
    assert not (tmp_path / "home").exists()
