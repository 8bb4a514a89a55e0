"""Weights for training: any local model as a folder that transformers loads.

A GGUF file is dequantized once, tensor by tensor, into safetensors; no torch, and never more
than one tensor in memory. The result is what llama.cpp computes with, so an adapter trained on
it fits the GGUF file it will be used with.
"""

from __future__ import annotations

import json
import re
import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import filelock
import numpy as np

from naiad.errors import MissingExtra, ModelError
from naiad.files import data_home, translated_os_errors, write_text
from naiad.models.checksum import file_sha256
from naiad.models.disk_space import require_space
from naiad.models.gguf_file import GgufMetadata, TensorInfo, read_metadata
from naiad.models.hf_tokenizer import write_tokenizer
from naiad.models.local_model import LocalModel
from naiad.models.progress import Progress, no_progress

FORMAT = 1
"""Part of the cache's key: raised whenever the folder for the same file would differ."""

_CHUNK_ELEMENTS = 4 * 1024 * 1024

_LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_TOP_NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
_LAYER_TENSOR = re.compile(r"blk\.(\d+)\.(\w+)\.(weight|bias)")

_ARCHITECTURES = {"qwen2": "Qwen2ForCausalLM", "llama": "LlamaForCausalLM"}


def training_folder(
    model: LocalModel, cache: Path | None = None, progress: Progress | None = None
) -> Path:
    """A folder with config.json, model.safetensors and tokenizer files for `model`.

    A folder model is its own. A GGUF file of the architectures qwen2 and llama is converted
    into `cache` (default: in the model store), once for each content of the file: matrices as
    float16, vectors as float32. Load it with dtype=float32 to train.

    Raises ModelError for another architecture, StorageError.
    """
    if model.kind == "folder":
        return model.path
    report = progress or no_progress
    metadata = read_metadata(model.path)
    _require_convertible(metadata)
    cache = cache if cache is not None else data_home() / "models" / ".training"
    folder = cache / f"{model.sha256 or file_sha256(model.path, report)}-v{FORMAT}"
    if folder.is_dir():
        return folder
    with translated_os_errors("write", folder):
        cache.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(cache / f".{folder.name}.lock"):
            if not folder.is_dir():
                _convert(metadata, folder, report)
    return folder


def tokenizer_folder(model: LocalModel, scratch: Path) -> Path:
    """A folder that `load_tokenizer` and ChatTemplate read, without converting any weights.

    A folder model is its own; a GGUF file's tokenizer is written into `scratch`. Raises
    ModelError for a kind of tokenizer that cannot be written exactly, StorageError.
    """
    if model.kind == "folder":
        return model.path
    write_tokenizer(read_metadata(model.path), scratch)
    return scratch


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer in a training folder, exactly as its tokenizer.json says.

    Not AutoTokenizer: for Qwen that rebuilds the tokenizer with Unicode normalization, so the
    e of a decomposed é would be another token in training than in llama.cpp.
    Raises MissingExtra without transformers, ModelError without a tokenizer.
    """
    try:
        from transformers import AutoTokenizer, PreTrainedTokenizerFast
    except ImportError as error:
        raise MissingExtra(
            "transformers is not installed", hint="pip install 'naiad[train]'"
        ) from error
    reader = PreTrainedTokenizerFast if (folder / "tokenizer.json").exists() else AutoTokenizer
    try:
        return reader.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{folder} has no tokenizer that can be read: {error}",
            hint="put the model's tokenizer.json into the folder",
        ) from error


def _require_convertible(metadata: GgufMetadata) -> None:
    hint = "train on the model's original weights: give its Hub id or folder"
    if metadata.architecture not in _ARCHITECTURES:
        raise ModelError(
            f"{metadata.path} is a {metadata.architecture} model; GGUF files of "
            f"{' and '.join(_ARCHITECTURES)} can be trained on",
            hint=hint,
        )
    if metadata.rope_scaling != "none":
        raise ModelError(
            f"{metadata.path} stretches its window ({metadata.rope_scaling}), "
            f"which cannot be converted for training",
            hint=hint,
        )
    for name in metadata.tensors:
        if _hf_name(name) is None:
            raise ModelError(f"{metadata.path} has a tensor {name} of unknown use", hint=hint)


def _convert(metadata: GgufMetadata, folder: Path, progress: Progress) -> None:
    """Write the folder beside its place and rename it: it is there whole or not at all."""
    for leftover in folder.parent.glob(f".{folder.name}.*.part"):
        shutil.rmtree(leftover, ignore_errors=True)
    header = _safetensors_header(metadata)
    require_space(folder.parent, header[-1][1], f"the training copy of {metadata.path.name}")
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=".part"))
    try:
        write_tokenizer(metadata, temporary)
        _write_json(temporary / "config.json", _config(metadata))
        _write_json(temporary / "generation_config.json", _token_ids(metadata))
        with (temporary / "model.safetensors").open("wb") as out:
            _write_weights(metadata, out, progress)
        temporary.chmod(0o755)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _write_json(path: Path, document: dict[str, Any]) -> None:
    write_text(path, json.dumps(document, indent=2) + "\n")


def _config(metadata: GgufMetadata) -> dict[str, Any]:
    config: dict[str, Any] = {
        "architectures": [_ARCHITECTURES[metadata.architecture]],
        "model_type": metadata.architecture,
        "dtype": "float16",
        "hidden_act": "silu",
        "hidden_size": metadata.embedding_length,
        "intermediate_size": metadata.feed_forward_length,
        "max_position_embeddings": metadata.context_length,
        "num_attention_heads": metadata.head_count,
        "num_hidden_layers": metadata.block_count,
        "num_key_value_heads": metadata.head_count_kv,
        "rms_norm_eps": metadata.norm_epsilon,
        "rope_theta": metadata.rope_freq_base,
        # The publisher may tie them; a GGUF file with its own output matrix computes with that.
        "tie_word_embeddings": "output.weight" not in metadata.tensors,
        "vocab_size": metadata.tensors["token_embd.weight"].shape[0],
        **_token_ids(metadata),
    }
    if metadata.architecture == "llama":
        has_bias = "blk.0.attn_q.bias" in metadata.tensors
        config |= {"head_dim": metadata.head_dim, "attention_bias": has_bias, "mlp_bias": False}
    return config


def _token_ids(metadata: GgufMetadata) -> dict[str, int]:
    ids = {
        "bos_token_id": metadata.bos_id,
        "eos_token_id": metadata.eos_id,
        "pad_token_id": metadata.padding_id if metadata.padding_id is not None else metadata.eos_id,
    }
    return {name: token_id for name, token_id in ids.items() if token_id is not None}


def _hf_name(name: str) -> str | None:
    """blk.3.attn_q.weight -> model.layers.3.self_attn.q_proj.weight; None if unknown."""
    layer = _LAYER_TENSOR.fullmatch(name)
    if layer is None or layer[2] not in _LAYER_NAMES:
        return _TOP_NAMES.get(name)
    return f"model.layers.{layer[1]}.{_LAYER_NAMES[layer[2]]}.{layer[3]}"


def _dtype(tensor: TensorInfo) -> np.dtype[Any]:
    # Biases reach hundreds and norms are cheap: only matrices are worth halving.
    return np.dtype("<f2") if len(tensor.shape) > 1 else np.dtype("<f4")


def _safetensors_header(metadata: GgufMetadata) -> list[tuple[str, int]]:
    """(name in the GGUF file, end of its data in the safetensors file), in file order."""
    end_bytes, ends = 0, []
    for name, tensor in metadata.tensors.items():
        end_bytes += int(np.prod(tensor.shape)) * _dtype(tensor).itemsize
        ends.append((name, end_bytes))
    return ends


def _write_weights(metadata: GgufMetadata, out: IO[bytes], progress: Progress) -> None:
    """The safetensors format: header length, JSON header, then every tensor's bytes.

    https://github.com/huggingface/safetensors#format
    """
    ends = _safetensors_header(metadata)
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    start_bytes = 0
    for name, end_bytes in ends:
        tensor = metadata.tensors[name]
        header[str(_hf_name(name))] = {
            "dtype": {2: "F16", 4: "F32"}[_dtype(tensor).itemsize],
            "shape": tensor.shape,
            "data_offsets": [start_bytes, end_bytes],
        }
        start_bytes = end_bytes
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    out.write(struct.pack("<Q", len(encoded)) + encoded)
    for name, end_bytes in ends:
        out.write(_tensor(metadata, name).data)
        progress("converting", end_bytes, ends[-1][1])
    out.flush()


def _tensor(metadata: GgufMetadata, name: str) -> np.ndarray[Any, Any]:
    """The dequantized tensor, in PyTorch's layout and its dtype on disk."""
    tensor = metadata.tensors[name]
    values = np.empty(tensor.shape, _dtype(tensor))
    row = 0
    for rows in _dequantized_rows(metadata.path, tensor):
        values[row : row + len(rows)] = rows
        row += len(rows)
    if metadata.architecture == "llama" and ".attn_q." in name:
        return _unpermuted(values, metadata.head_count)
    if metadata.architecture == "llama" and ".attn_k." in name:
        return _unpermuted(values, metadata.head_count_kv)
    return values


def _dequantized_rows(path: Path, tensor: TensorInfo) -> Iterator[np.ndarray[Any, Any]]:
    """float32 rows of the tensor, a few at a time: an embedding table is half a gigabyte."""
    from gguf import GGMLQuantizationType, dequantize

    rows = tensor.shape[0] if len(tensor.shape) > 1 else 1
    stored = np.memmap(path, np.uint8, "r", tensor.offset_bytes, (rows, tensor.size_bytes // rows))
    step = max(1, _CHUNK_ELEMENTS * rows // int(np.prod(tensor.shape)))
    kind = GGMLQuantizationType(tensor.quantization)
    for first in range(0, rows, step):
        values = dequantize(_typed(stored[first : first + step], kind.name), kind)
        yield values.reshape(-1, *tensor.shape[1:])


def _typed(stored: np.ndarray[Any, Any], kind: str) -> np.ndarray[Any, Any]:
    """gguf.dequantize takes plain floats as floats and everything else as bytes."""
    dtype = {"F32": "<f4", "F16": "<f2"}.get(kind)
    return np.ascontiguousarray(stored).view(dtype) if dtype else stored


def _unpermuted(values: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Rows of each head from llama.cpp's order, (pair, half), back to (half, pair).

    llama.cpp rotates neighbouring rows where transformers rotates row i with i + head_dim / 2,
    so its converter reorders the query and key rows of llama models:
    rows of one head 0 4 1 5 2 6 3 7 -> 0 1 2 3 4 5 6 7
    """
    pairs = values.reshape(heads, -1, 2, *values.shape[1:])
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(values.shape)
