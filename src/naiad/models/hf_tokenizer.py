"""A GGUF file's tokenizer as the files that transformers and tokenizers read.

Written from the vocabulary itself, so that training splits text exactly as llama.cpp does when
it generates. (transformers can also read a GGUF tokenizer; that takes 22 s for Qwen's and
ignores SmolLM's way of splitting digits.)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from naiad.errors import ModelError
from naiad.files import write_text
from naiad.models.gguf_file import GgufMetadata, GgufVocabulary, read_vocabulary

_UNKNOWN, _CONTROL, _USER_DEFINED, _UNUSED = 2, 3, 4, 5

_BYTES: dict[str, Any] = {
    "type": "ByteLevel",
    "add_prefix_space": False,
    "trim_offsets": True,
    "use_regex": False,
}


def _split(regex: str) -> dict[str, Any]:
    pattern = {"Regex": regex}
    return {"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": False}


# Published with each model's tokenizer.json, and in llama.cpp under these names.
_PRE_TOKENIZERS: dict[str, list[dict[str, Any]]] = {
    "qwen2": [
        _split(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        _BYTES,
    ],
    "llama-bpe": [
        _split(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
            r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        ),
        _BYTES,
    ],
    "smollm": [{"type": "Digits", "individual_digits": True}, _BYTES | {"use_regex": True}],
}


def write_tokenizer(metadata: GgufMetadata, folder: Path) -> None:
    """Write tokenizer.json, tokenizer_config.json and chat_template.jinja into `folder`.

    Raises ModelError for a kind of tokenizer that cannot be written exactly.
    """
    if metadata.tokenizer != "gpt2" or metadata.pre_tokenizer not in _PRE_TOKENIZERS:
        raise ModelError(
            f"{metadata.path} has a {metadata.tokenizer}/{metadata.pre_tokenizer} tokenizer, "
            f"which cannot be converted for training",
            hint="train on the model's original weights: give its Hub id or folder",
        )
    vocabulary = read_vocabulary(metadata.path)
    _write_json(folder / "tokenizer.json", _tokenizer(metadata, vocabulary))
    _write_json(folder / "tokenizer_config.json", _tokenizer_config(metadata, vocabulary))
    if metadata.chat_template is not None:
        write_text(folder / "chat_template.jinja", metadata.chat_template)


def _write_json(path: Path, document: dict[str, Any]) -> None:
    write_text(path, json.dumps(document, ensure_ascii=False, indent=1))


def _tokenizer(metadata: GgufMetadata, vocabulary: GgufVocabulary) -> dict[str, Any]:
    # Ids that only fill the embedding table up have placeholder texts that no input may match.
    tokens = {
        text: token_id
        for token_id, (text, kind) in enumerate(
            zip(vocabulary.tokens, vocabulary.kinds, strict=True)
        )
        if kind != _UNUSED
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": _added_tokens(vocabulary),
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": _PRE_TOKENIZERS[metadata.pre_tokenizer],
        },
        "post_processor": _post_processor(metadata),
        "decoder": _BYTES,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            # Llama 3 takes a word that is a token as it is, whatever the merges would make of it.
            "ignore_merges": metadata.pre_tokenizer == "llama-bpe",
            "vocab": tokens,
            "merges": vocabulary.merges,
        },
    }


def _added_tokens(vocabulary: GgufVocabulary) -> list[dict[str, Any]]:
    return [
        {
            "id": token_id,
            "content": text,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": kind != _USER_DEFINED,
        }
        for token_id, (text, kind) in enumerate(
            zip(vocabulary.tokens, vocabulary.kinds, strict=True)
        )
        if kind in (_UNKNOWN, _CONTROL, _USER_DEFINED)
    ]


def _post_processor(metadata: GgufMetadata) -> dict[str, Any] | None:
    """Puts the bos token first where the model wants it; None where it does not."""
    if not metadata.adds_bos or metadata.bos_token is None:
        return None
    bos = metadata.bos_token
    first = [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    return {
        "type": "TemplateProcessing",
        "single": first,
        "pair": [*first, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {bos: {"id": bos, "ids": [metadata.bos_id], "tokens": [bos]}},
    }


def _tokenizer_config(metadata: GgufMetadata, vocabulary: GgufVocabulary) -> dict[str, Any]:
    ids = {
        "bos_token": metadata.bos_id,
        "eos_token": metadata.eos_id,
        "pad_token": metadata.padding_id if metadata.padding_id is not None else metadata.eos_id,
    }
    return {
        # The generic class: a model's own class would rebuild the tokenizer its own way.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": metadata.context_length,
        "clean_up_tokenization_spaces": False,
        **{role: vocabulary.tokens[each] for role, each in ids.items() if each is not None},
    }
