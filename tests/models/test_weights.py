"""GGUF files as training weights, against transformers, gguf and llama.cpp themselves."""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_gguf import write_tiny_gguf

from naiad.errors import ModelError
from naiad.models.checksum import file_sha256
from naiad.models.gguf_file import read_metadata
from naiad.models.hf_tokenizer import write_tokenizer
from naiad.models.local_model import LocalModel
from naiad.models.weights import load_tokenizer, training_folder

TEXTS = [
    "hello world",
    "<|im_start|>user\nun café, déjà vu 😀 \n\n\n  x 12345 don't<|im_end|>\n",
    "e\u0301 cafe\u0301 A\u030angstro\u0308m",  # decomposed: a normalizer would show
    "  leading, trailing   ",
    "\t\tif x:\r\n\treturn 1\r\n",
    "a<tool_call>b</tool_call><file_sep>",
    "<|endoftext|><|im_start|><|im_end|>",
    "日本語 と العربية and ०१२ ½ ²",
    "flowchart TD\n    A[Start] --> B{OK?}\n    B -->|yes| C((x))",
    "👩‍👩‍👧‍👦🇫🇷",
    "<|not_a_token|> <|im_end|",
    "x\u00a0y\u2003z\u200b\x01",
]


def gguf_model(path: Path) -> LocalModel:
    return LocalModel(str(path), "gguf", path, "local", file_sha256(path))


def random_texts(count: int) -> list[str]:
    pool = "aé😀 \n\t1२'Ss.!<|>{}[]-–日\u0301\u00a0\r"
    source = random.Random(1)
    return ["".join(source.choices(pool, k=source.randint(1, 60))) for _ in range(count)]


@pytest.mark.parametrize("architecture", ["qwen2", "llama"])
def test_the_weights_are_those_that_transformers_reads(architecture: str, tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "tiny.gguf", architecture)
    assert_same_weights_as_transformers(path, tmp_path / "cache")


@pytest.mark.model
def test_a_real_models_weights_are_those_that_transformers_reads(
    smol_gguf: Path, tmp_path: Path
) -> None:
    assert_same_weights_as_transformers(smol_gguf, tmp_path)


def assert_same_weights_as_transformers(path: Path, cache: Path) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    load = transformers.AutoModelForCausalLM.from_pretrained
    expected = load(path.parent, gguf_file=path.name, dtype=torch.float32)
    actual = load(training_folder(gguf_model(path), cache), dtype=torch.float32)
    assert actual.config.rope_parameters == expected.config.rope_parameters
    assert actual.config.tie_word_embeddings == expected.config.tie_word_embeddings
    assert actual.generation_config.eos_token_id == read_metadata(path).eos_id
    ours, theirs = actual.state_dict(), expected.state_dict()
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        stored = tensor if tensor.ndim == 1 else tensor.half().float()
        assert torch.equal(ours[name], stored), name


def test_the_permutation_of_llama_rows_is_undone() -> None:
    import numpy as np

    from naiad.models.weights import _unpermuted

    one_head = np.array([0, 4, 1, 5, 2, 6, 3, 7])
    two_heads = np.concatenate([one_head, one_head + 8])
    assert _unpermuted(two_heads, 2).tolist() == list(range(16))


def test_the_folder_is_made_once_and_whole(tmp_path: Path) -> None:
    model = gguf_model(write_tiny_gguf(tmp_path / "tiny.gguf", "qwen2"))
    folder = training_folder(model, tmp_path / "cache")
    assert sorted(path.name for path in folder.iterdir()) == [
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    made = (folder / "model.safetensors").stat().st_mtime_ns
    assert training_folder(model, tmp_path / "cache") == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == made


def test_an_interrupted_conversion_leaves_nothing(tmp_path: Path) -> None:
    model = gguf_model(write_tiny_gguf(tmp_path / "tiny.gguf", "qwen2"))

    def interrupt(stage: str, done_bytes: int, total_bytes: int | None) -> None:
        if done_bytes > 30_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training_folder(model, tmp_path / "cache", interrupt)
    assert [path for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []
    assert training_folder(model, tmp_path / "cache").is_dir()


def test_a_killed_conversions_leftovers_are_cleared(tmp_path: Path) -> None:
    model = gguf_model(write_tiny_gguf(tmp_path / "tiny.gguf", "qwen2"))
    leftover = tmp_path / "cache" / f".{model.sha256}-v1.abc.part"
    leftover.mkdir(parents=True)
    training_folder(model, tmp_path / "cache")
    assert not leftover.exists()


def test_two_threads_convert_once(tmp_path: Path) -> None:
    model = gguf_model(write_tiny_gguf(tmp_path / "tiny.gguf", "qwen2"))
    folders: list[Path] = []
    threads = [
        threading.Thread(target=lambda: folders.append(training_folder(model, tmp_path / "cache")))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(folders) == 2 and folders[0] == folders[1]


def test_a_folder_model_is_its_own_training_folder(tmp_path: Path) -> None:
    model = LocalModel("own", "folder", tmp_path, "local")
    assert training_folder(model, tmp_path / "cache") == tmp_path


def test_converting_imports_neither_torch_nor_transformers(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "tiny.gguf", "llama")
    program = f"""
import sys
from pathlib import Path
from naiad.models.local_model import LocalModel
from naiad.models.weights import training_folder
training_folder(LocalModel("x", "gguf", Path({str(path)!r}), "local"), Path({str(tmp_path)!r}))
print({{"torch", "transformers", "tokenizers"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_another_architecture_is_named(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "tiny.gguf", "gemma")
    with pytest.raises(ModelError, match="is a gemma model") as caught:
        training_folder(gguf_model(path), tmp_path)
    assert "original weights" in caught.value.hint


def test_another_tokenizer_is_named(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "tiny.gguf", "llama", pre_tokenizer="falcon")
    with pytest.raises(ModelError, match="has a gpt2/falcon tokenizer"):
        training_folder(gguf_model(path), tmp_path)


def test_an_unknown_tensor_is_named(tmp_path: Path) -> None:
    metadata = read_metadata(write_tiny_gguf(tmp_path / "tiny.gguf", "llama"))
    from naiad.models.weights import _require_convertible

    factors = metadata.tensors | {"rope_freqs.weight": metadata.tensors["output_norm.weight"]}
    with pytest.raises(ModelError, match=r"a tensor rope_freqs\.weight of unknown use"):
        _require_convertible(replace(metadata, tensors=factors))


def test_a_stretched_window_is_named(tmp_path: Path) -> None:
    from naiad.models.weights import _require_convertible

    metadata = read_metadata(write_tiny_gguf(tmp_path / "tiny.gguf", "llama"))
    with pytest.raises(ModelError, match=r"stretches its window \(yarn\)"):
        _require_convertible(replace(metadata, rope_scaling="yarn"))


def test_the_bos_token_comes_first_where_the_model_wants_it(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    metadata = read_metadata(write_tiny_gguf(tmp_path / "tiny.gguf", "qwen2"))
    wants_bos = replace(metadata, adds_bos=True, bos_id=256, bos_token="<|endoftext|>")
    write_tokenizer(wants_bos, tmp_path)
    assert load_tokenizer(tmp_path)("he")["input_ids"] == [256, 254]


@pytest.mark.model
@pytest.mark.parametrize("fixture", ["coder_gguf", "smol_gguf"])
def test_text_is_split_exactly_as_llama_cpp_splits_it(
    fixture: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    pytest.importorskip("transformers")
    path: Path = request.getfixturevalue(fixture)
    metadata = read_metadata(path)
    write_tokenizer(metadata, tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    texts = TEXTS + random_texts(150)
    expected = llama_cpp_tokens(path, texts, tmp_path)
    assert [tokenizer(text)["input_ids"] for text in texts] == expected
    assert [tokenizer.decode(ids) for ids in expected] == texts
    assert tokenizer.chat_template == metadata.chat_template
    assert tokenizer.convert_tokens_to_ids("<|im_end|>") == metadata.eos_id
    assert tokenizer.eos_token_id == metadata.eos_id


def llama_cpp_tokens(path: Path, texts: list[str], folder: Path) -> list[list[int]]:
    """Token ids from llama.cpp's own server, in this process behind a private socket."""
    import xllamacpp

    address = os.path.relpath(folder / "s.sock")  # a socket's path may have about 100 characters
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx, parameters.n_parallel, parameters.n_gpu_layers = 256, 1, 0
    parameters.hostnames, parameters.ui = [address], False
    parameters.verbosity, parameters.warmup = -1, False
    server = xllamacpp.Server(parameters)
    try:
        return [_tokenize(address, text) for text in texts]
    finally:
        del server


def _tokenize(address: str, text: str) -> list[int]:
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(address)
    body = {"content": text, "add_special": True, "parse_special": True}
    connection.request("POST", "/tokenize", json.dumps(body), {"Content-Type": "application/json"})
    answer = json.load(connection.getresponse())
    connection.close()
    tokens: list[int] = answer["tokens"]
    return tokens
