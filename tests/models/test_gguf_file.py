"""Our GGUF reader against files that the gguf package, the format's reference, writes and reads."""

from __future__ import annotations

import struct
from pathlib import Path

import gguf
import numpy as np
import pytest
from tiny_gguf import write_tiny_gguf

from naiad.errors import ModelError, StorageError
from naiad.models.gguf_file import read_metadata, read_vocabulary


@pytest.fixture
def tiny_gguf(tmp_path: Path) -> Path:
    return write_tiny_gguf(tmp_path / "tiny.gguf", "qwen2")


def test_metadata_is_what_was_written(tiny_gguf: Path) -> None:
    metadata = read_metadata(tiny_gguf)
    assert (metadata.architecture, metadata.name) == ("qwen2", "Tiny")
    assert (metadata.context_length, metadata.block_count) == (256, 2)
    assert (metadata.embedding_length, metadata.feed_forward_length) == (64, 96)
    assert (metadata.head_count, metadata.head_count_kv, metadata.head_dim) == (4, 2, 16)
    assert (metadata.rope_freq_base, metadata.norm_epsilon) == (1e6, 1e-6)
    assert metadata.chat_template == "{{ messages }} é"
    assert (metadata.eos_token, metadata.eos_id) == ("<|im_end|>", 257)
    assert (metadata.bos_token, metadata.padding_id, metadata.adds_bos) == (None, 256, False)
    assert metadata.control_tokens == {"<|endoftext|>": 256, "<|im_end|>": 257}
    assert metadata.user_defined_tokens == {"<tool_call>": 258}
    assert (metadata.tokenizer, metadata.pre_tokenizer) == ("gpt2", "qwen2")
    assert metadata.vocab_size == 260


def test_tensors_are_where_the_reference_reader_finds_them(tiny_gguf: Path) -> None:
    content = tiny_gguf.read_bytes()
    reference = gguf.GGUFReader(tiny_gguf).tensors
    tensors = read_metadata(tiny_gguf).tensors
    assert list(tensors) == [tensor.name for tensor in reference]
    for expected in reference:
        tensor = tensors[expected.name]
        assert tensor.shape == tuple(int(size) for size in reversed(expected.shape))
        assert tensor.quantization == expected.tensor_type
        end = tensor.offset_bytes + tensor.size_bytes
        assert content[tensor.offset_bytes : end] == np.asarray(expected.data).tobytes()


def test_the_vocabulary_is_whole(tiny_gguf: Path) -> None:
    vocabulary = read_vocabulary(tiny_gguf)
    assert len(vocabulary.tokens) == len(vocabulary.kinds) == 260
    assert vocabulary.tokens[256:] == ["<|endoftext|>", "<|im_end|>", "<tool_call>", "[PAD259]"]
    assert vocabulary.kinds[255:] == [1, 3, 3, 4, 5]
    assert vocabulary.merges == [("h", "e"), ("Ġ", "he")]


def test_a_file_cut_anywhere_is_damaged(tiny_gguf: Path) -> None:
    content = tiny_gguf.read_bytes()
    cuts = [*range(4, 2000, 37), *range(2000, len(content), 4999), len(content) - 40]
    for cut in cuts:
        tiny_gguf.write_bytes(content[:cut])
        with pytest.raises(ModelError, match=f"{tiny_gguf} is cut short or damaged"):
            read_metadata(tiny_gguf)


def test_a_file_of_random_bytes_never_crashes_the_reader(tiny_gguf: Path) -> None:
    content = bytearray(tiny_gguf.read_bytes())
    random = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(content)
        for position in random.integers(4, 4000, size=3):
            damaged[position] = random.integers(256)
        tiny_gguf.write_bytes(damaged)
        try:
            read_metadata(tiny_gguf)
        except ModelError as error:
            assert str(tiny_gguf) in error.message


@pytest.mark.parametrize("content", [b"", b"GG", b"hello, world", b"\x7fELF" + bytes(100)])
def test_another_kind_of_file_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=f"{path} is not a GGUF file"):
        read_metadata(path)


def test_another_version_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 1, 0, 0))
    with pytest.raises(ModelError, match="is GGUF version 1; versions 2 and 3 are read"):
        read_metadata(path)


def test_a_missing_file_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot read .*gone\.gguf"):
        read_metadata(tmp_path / "gone.gguf")


@pytest.mark.model
def test_the_default_models_metadata(coder_gguf: Path) -> None:
    metadata = read_metadata(coder_gguf)
    assert (metadata.architecture, metadata.context_length) == ("qwen2", 32_768)
    assert (metadata.head_count, metadata.head_count_kv, metadata.head_dim) == (14, 2, 64)
    assert (metadata.eos_token, metadata.eos_id) == ("<|im_end|>", 151_645)
    assert len(metadata.control_tokens) == 20
    assert metadata.user_defined_tokens == {"<tool_call>": 151_657, "</tool_call>": 151_658}
    assert metadata.tensor_shapes["blk.0.attn_k.weight"] == (128, 896)
    assert len(metadata.tensors) == 291
