"""GGUF files of two-layer models with random weights, written by the gguf package."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

VOCABULARY, WIDTH, INNER, LAYERS, HEADS, KV_HEADS, HEAD_DIM = 260, 64, 96, 2, 4, 2, 16


def byte_tokens() -> list[str]:
    """Byte-level BPE's printable character for each byte, as GPT-2 published it."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in visible]
    characters = {byte: chr(byte) for byte in visible}
    characters |= {byte: chr(256 + number) for number, byte in enumerate(hidden)}
    return [characters[byte] for byte in range(256)]


def write_tiny_gguf(path: Path, architecture: str, pre_tokenizer: str = "qwen2") -> Path:
    """qwen2 has biases and its own output matrix; llama has neither and permuted q and k."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("Tiny")
    writer.add_context_length(256)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(1e6)
    writer.add_layer_norm_rms_eps(1e-6)
    _add_tokenizer(writer, pre_tokenizer)
    _add_tensors(writer, architecture)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokenizer(writer: gguf.GGUFWriter, pre_tokenizer: str) -> None:
    tokens = byte_tokens()
    tokens[254], tokens[255] = "he", "Ġhe"
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre_tokenizer)
    writer.add_token_list([*tokens, "<|endoftext|>", "<|im_end|>", "<tool_call>", "[PAD259]"])
    writer.add_token_types([1] * 256 + [3, 3, 4, 5])
    writer.add_token_merges(["h e", "Ġ he"])
    writer.add_eos_token_id(257)
    writer.add_pad_token_id(256)
    writer.add_add_bos_token(False)
    writer.add_chat_template("{{ messages }} é")


def _add_tensors(writer: gguf.GGUFWriter, architecture: str) -> None:
    random = np.random.default_rng(7)

    def add(name: str, *shape: int, kind: gguf.GGMLQuantizationType | None = None) -> None:
        values = random.standard_normal(shape, dtype=np.float32)
        if kind is None:
            writer.add_tensor(name, values)
        else:
            writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)

    q8 = gguf.GGMLQuantizationType.Q8_0
    add("token_embd.weight", VOCABULARY, WIDTH, kind=gguf.GGMLQuantizationType.F16)
    add("output_norm.weight", WIDTH)
    if architecture == "qwen2":
        add("output.weight", VOCABULARY, WIDTH, kind=q8)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        add(block + "attn_norm.weight", WIDTH)
        add(block + "ffn_norm.weight", WIDTH)
        for name, heads in (("q", HEADS), ("k", KV_HEADS), ("v", KV_HEADS)):
            add(f"{block}attn_{name}.weight", heads * HEAD_DIM, WIDTH, kind=q8)
            if architecture == "qwen2":
                add(f"{block}attn_{name}.bias", heads * HEAD_DIM)
        add(block + "attn_output.weight", WIDTH, HEADS * HEAD_DIM, kind=q8)
        add(block + "ffn_gate.weight", INNER, WIDTH)
        add(block + "ffn_up.weight", INNER, WIDTH, kind=gguf.GGMLQuantizationType.Q4_1)
        add(block + "ffn_down.weight", WIDTH, INNER, kind=gguf.GGMLQuantizationType.Q5_0)
