"""What a GGUF file says of its model, read in a fraction of a second and without its weights.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little
endian. The `gguf` package's own reader makes an array of every token, 8 s for Qwen's 152,000;
this one steps over arrays and reads the few tokens that matter.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from naiad.errors import ModelError
from naiad.files import translated_os_errors

_SCALARS = dict(enumerate("BbHhIif?")) | {10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_UNKNOWN_TOKEN, _CONTROL_TOKEN, _USER_DEFINED_TOKEN = 2, 3, 4
_MOST_DIMENSIONS = 4

# What damaged lengths, types and keys come to, where this module reads them.
_DAMAGE = (struct.error, ValueError, ArithmeticError, LookupError, TypeError, AttributeError)

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class TensorInfo:
    """Where one tensor is in the file."""

    shape: tuple[int, ...]
    """In PyTorch's order, rows first: a linear layer's weight is (outputs, inputs)."""
    quantization: int
    """ggml type number, gguf.GGMLQuantizationType."""
    offset_bytes: int
    """From the beginning of the file."""
    size_bytes: int


@dataclass(frozen=True)
class GgufMetadata:
    """One GGUF file's description of its model."""

    path: Path
    architecture: str
    """`qwen2`, `llama` …"""
    name: str
    context_length: int
    """Most tokens the model was made for."""
    block_count: int
    embedding_length: int
    feed_forward_length: int
    head_count: int
    head_count_kv: int
    head_dim: int
    rope_freq_base: float
    norm_epsilon: float
    vocab_size: int
    chat_template: str | None
    """Jinja2 source."""
    bos_id: int | None
    eos_id: int | None
    padding_id: int | None
    adds_bos: bool
    """The tokenizer puts the bos token before every text."""
    control_tokens: dict[str, int]
    """Text to id of the tokens that steer the model and that no user's text may become."""
    user_defined_tokens: dict[str, int]
    """Text to id of added tokens that are ordinary text, found before any merge."""
    bos_token: str | None
    eos_token: str | None
    tokenizer: str
    """Kind of vocabulary: `gpt2` is byte-level BPE, `llama` SentencePiece."""
    pre_tokenizer: str
    """How text is split before merging, by llama.cpp's name for it: `qwen2`, `smollm` …"""
    rope_scaling: str
    """`none`, or how the window was stretched."""
    tensors: dict[str, TensorInfo]

    @cached_property
    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: tensor.shape for name, tensor in self.tensors.items()}


@dataclass(frozen=True)
class GgufVocabulary:
    """Every token of a model, in the order of their ids."""

    tokens: list[str]
    """As the file writes them: byte-level BPE spells bytes as printable characters."""
    kinds: list[int]
    """1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte."""
    merges: list[tuple[str, str]]
    """Pairs in the order they are merged."""


def read_metadata(path: Path) -> GgufMetadata:
    """Metadata and tensor table of a GGUF file.

    Raises ModelError, naming the file, when it is no GGUF file, cut short or damaged, and
    StorageError when it cannot be read.
    """
    return _read(path, lambda cursor: _metadata(path, cursor))


def read_vocabulary(path: Path) -> GgufVocabulary:
    """All tokens and merges, in half a second or so. Raises as read_metadata does."""
    return _read(path, lambda cursor: _vocabulary(cursor, _header(path, cursor)[0]))


def _read(path: Path, parse: Callable[[_Cursor], _Result]) -> _Result:
    with translated_os_errors("read", path), path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelError(
                f"{path} is not a GGUF file", hint="choose a .gguf file or a known model's name"
            )
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            try:
                return parse(_Cursor(content))
            except _DAMAGE as error:
                raise ModelError(
                    f"{path} is cut short or damaged ({type(error).__name__}: {error})",
                    hint="download it again",
                ) from error


@dataclass(frozen=True)
class _Array:
    """A metadata array that was stepped over."""

    start: int
    count: int
    element_type: int
    string_starts: tuple[int, ...] = ()


class _Cursor:
    """Reads forward through the file's header."""

    def __init__(self, content: mmap.mmap) -> None:
        self.content = content
        self.position = 4

    def scalar(self, code: str) -> Any:
        (value,) = struct.unpack_from("<" + code, self.content, self.position)
        self.position += struct.calcsize("<" + code)
        # Shortest decimal of a float32: 1e-06, not 9.999999974752427e-07.
        return float(str(np.float32(value))) if code == "f" else value

    def string(self) -> str:
        size_bytes = self.scalar("Q")
        self.require(size_bytes)
        self.position += size_bytes
        return self.content[self.position - size_bytes : self.position].decode("utf-8")

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            return self.array()
        return self.scalar(_SCALARS[kind])

    def array(self) -> _Array:
        kind, count = self.scalar("I"), self.scalar("Q")
        start = self.position
        if kind != _STRING:
            size_bytes = count * struct.calcsize("<" + _SCALARS[kind])
            self.require(size_bytes)
            self.position += size_bytes
            return _Array(start, count, kind)
        # The hot loop of this module: one pass a string, 300,000 of them in a Qwen file.
        self.require(count * 8)
        content, position, unpack = self.content, start, struct.Struct("<Q").unpack_from
        starts = []
        for _ in range(count):
            starts.append(position)
            position += 8 + unpack(content, position)[0]
        self.position = position
        self.require(0)
        return _Array(start, count, kind, tuple(starts))

    def numbers(self, array: _Array) -> np.ndarray[Any, Any]:
        code = np.dtype("<" + _SCALARS[array.element_type])
        return np.frombuffer(self.content, code, array.count, array.start).copy()

    def text_at(self, start: int) -> str:
        self.position = start
        return self.string()

    def require(self, size_bytes: int) -> None:
        if self.position + size_bytes > len(self.content):
            raise ValueError(f"ends at byte {len(self.content):,}")


def _header(path: Path, cursor: _Cursor) -> tuple[dict[str, Any], dict[str, TensorInfo]]:
    """Every metadata value by key, arrays unread, and the tensor table."""
    version = cursor.scalar("I")
    if version not in (2, 3):
        raise ModelError(f"{path} is GGUF version {version}; versions 2 and 3 are read")
    tensor_count, value_count = cursor.scalar("Q"), cursor.scalar("Q")
    values: dict[str, Any] = {}
    for _ in range(value_count):
        key = cursor.string()
        values[key] = cursor.value(cursor.scalar("I"))
    alignment = int(values.get("general.alignment", 32))
    return values, _tensor_table(cursor, tensor_count, alignment)


def _metadata(path: Path, cursor: _Cursor) -> GgufMetadata:
    values, tensors = _header(path, cursor)
    architecture = values["general.architecture"]

    def model_value(key: str, default: Any = None) -> Any:
        value = values.get(f"{architecture}.{key}", default)
        if isinstance(value, _Array):
            distinct = set(cursor.numbers(value).tolist())
            if len(distinct) != 1:
                raise ModelError(f"{path} has a different {key} in each layer; none such is read")
            return distinct.pop()
        if value is None:
            raise KeyError(f"{architecture}.{key}")
        return value

    heads, width = model_value("attention.head_count"), model_value("embedding_length")
    tokens = values["tokenizer.ggml.tokens"]
    bos_id, eos_id, padding_id = (
        values.get(f"tokenizer.ggml.{each}_token_id") for each in ("bos", "eos", "padding")
    )
    return GgufMetadata(
        path=path,
        architecture=architecture,
        name=values.get("general.name", path.stem),
        context_length=model_value("context_length"),
        block_count=model_value("block_count"),
        embedding_length=width,
        feed_forward_length=model_value("feed_forward_length"),
        head_count=heads,
        head_count_kv=model_value("attention.head_count_kv", heads),
        head_dim=model_value("attention.key_length", width // heads),
        rope_freq_base=model_value("rope.freq_base", 10_000.0),
        norm_epsilon=model_value("attention.layer_norm_rms_epsilon", 1e-5),
        vocab_size=tokens.count,
        chat_template=values.get("tokenizer.chat_template"),
        bos_id=bos_id,
        eos_id=eos_id,
        padding_id=padding_id,
        # Without the key, llama.cpp adds the bos token for SentencePiece vocabularies ("llama").
        adds_bos=bool(
            values.get(
                "tokenizer.ggml.add_bos_token", values.get("tokenizer.ggml.model") == "llama"
            )
        ),
        control_tokens=_tokens_of(cursor, values, (_UNKNOWN_TOKEN, _CONTROL_TOKEN)),
        user_defined_tokens=_tokens_of(cursor, values, (_USER_DEFINED_TOKEN,)),
        bos_token=_token_text(cursor, tokens, bos_id),
        eos_token=_token_text(cursor, tokens, eos_id),
        tokenizer=values["tokenizer.ggml.model"],
        pre_tokenizer=values.get("tokenizer.ggml.pre", "default"),
        rope_scaling=values.get(f"{architecture}.rope.scaling.type", "none"),
        tensors=tensors,
    )


def _vocabulary(cursor: _Cursor, values: dict[str, Any]) -> GgufVocabulary:
    def strings(key: str) -> list[str]:
        return [cursor.text_at(start) for start in values[key].string_starts]

    merges = strings("tokenizer.ggml.merges")
    return GgufVocabulary(
        tokens=strings("tokenizer.ggml.tokens"),
        kinds=cursor.numbers(values["tokenizer.ggml.token_type"]).tolist(),
        # A merge is two tokens with a space between; in byte-level BPE no token holds a space.
        merges=[(left, right) for left, _, right in (merge.partition(" ") for merge in merges)],
    )


def _tokens_of(cursor: _Cursor, values: dict[str, Any], kinds: tuple[int, ...]) -> dict[str, int]:
    types = values.get("tokenizer.ggml.token_type")
    if types is None:
        return {}
    ids = np.flatnonzero(np.isin(cursor.numbers(types), kinds)).tolist()
    starts = values["tokenizer.ggml.tokens"].string_starts
    return {cursor.text_at(starts[token_id]): token_id for token_id in ids}


def _token_text(cursor: _Cursor, tokens: _Array, token_id: int | None) -> str | None:
    if token_id is None:
        return None
    if token_id >= tokens.count:
        raise ValueError(f"token id {token_id} of {tokens.count}")
    return cursor.text_at(tokens.string_starts[token_id])


def _tensor_table(cursor: _Cursor, count: int, alignment: int) -> dict[str, TensorInfo]:
    rows = []
    for _ in range(count):
        name, dimensions = cursor.string(), cursor.scalar("I")
        if dimensions > _MOST_DIMENSIONS:
            raise ValueError(f"tensor {name} has {dimensions} dimensions")
        shape = tuple(cursor.scalar("Q") for _ in range(dimensions))[::-1]
        rows.append((name, shape, cursor.scalar("I"), cursor.scalar("Q")))
    data_start = -(-cursor.position // alignment) * alignment
    table = {
        name: TensorInfo(shape, kind, data_start + offset, _size_bytes(shape, kind))
        for name, shape, kind, offset in rows
    }
    end = max((tensor.offset_bytes + tensor.size_bytes for tensor in table.values()), default=0)
    if end > len(cursor.content):
        raise ValueError(f"{len(cursor.content):,} of {end:,} bytes are there")
    return table


def _size_bytes(shape: tuple[int, ...], quantization: int) -> int:
    # Imported late: gguf takes 0.2 s, and only opening a file needs it.
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    block_elements, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(quantization)]
    return int(prod(shape)) // int(block_elements) * int(block_bytes)
