"""A PEFT adapter as the GGUF file that llama.cpp loads.

llama.cpp computes `W x + scale * alpha / rank * B (A x)` with A in `<tensor>.lora_a` and B in
`<tensor>.lora_b` (src/llama-adapter.cpp). Both sides use the same orientation as PEFT: A is
(rank, inputs), B is (outputs, rank). Weights stay float32, so the file says exactly what PEFT's
does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naiad.errors import AdapterError
from naiad.files import atomic_writer, data_home, translated_os_errors
from naiad.lora.adapter import Adapter, check_fits, module_of
from naiad.lora.base_layout import GGUF_TENSOR, PERMUTED_ARCHITECTURES, BaseLayout, base_layout
from naiad.models.local_model import LocalModel

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

CONVERTER_VERSION = 1
"""Part of the cache key: raise it when the same adapter shall give other bytes."""

UNSUPPORTED_SETTINGS = {
    "use_dora": "DoRA",
    "modules_to_save": "fully trained modules (modules_to_save)",
    "lora_bias": "biases in the LoRA layers",
    "trainable_token_indices": "trained token embeddings",
    "target_parameters": "LoRA on bare parameters",
    "layer_replication": "replicated layers",
    "alora_invocation_tokens": "activated LoRA",
    "use_qalora": "QALoRA",
    "use_bdlora": "block-diagonal LoRA",
    "arrow_config": "Arrow routing",
    "kasa_config": "KaSA",
    "fan_in_fan_out": "transposed layers (fan_in_fan_out)",
}
"""Settings of adapter_config.json that GGUF cannot express, and their names in a message."""

BASE_CHANGING_STARTS = ("pissa", "olora", "corda", "lora_ga", "loftq")
"""Values of init_lora_weights that also rewrite the base model's weights."""


def to_gguf(adapter: Adapter, model: LocalModel, folder: Path | None = None) -> Path:
    """The adapter as one .gguf file, written when it is not there yet.

    folder: where the file goes; None is the cache, where it stays. Raises AdapterMismatch when it
    was trained on another base, and AdapterError for kinds of LoRA that GGUF cannot express:
    they are refused, since dropping a part would go unnoticed.
    """
    check_fits(adapter, model)
    _check_supported(adapter)
    layout = base_layout(model)
    path = (folder or data_home() / "adapters") / f"{_content_key(adapter, layout)}.gguf"
    if not path.exists():
        _write(adapter, layout, path)
    return path


def gguf_tensors(adapter: Adapter, layout: BaseLayout) -> Iterator[tuple[str, Array]]:
    """(GGUF name, float32 array) of every LoRA matrix, in the order of their names."""
    import numpy as np
    from safetensors.numpy import load_file

    weights = load_file(adapter.weights_path)
    for name in sorted(weights):
        module, side = _parsed(adapter, name)
        array = np.ascontiguousarray(weights[name], dtype=np.float32)
        if side == "B":
            array = array * np.float32(_scale_correction(adapter.config, module, array.shape[1]))
            array = _permuted(array, module, layout)
        yield f"{_gguf_module(module)}.weight.lora_{side.lower()}", np.ascontiguousarray(array)


def _check_supported(adapter: Adapter) -> None:
    config = adapter.config
    found = [words for key, words in UNSUPPORTED_SETTINGS.items() if config.get(key)]
    if config.get("bias", "none") != "none":
        found.append("trained biases")
    start = config.get("init_lora_weights")
    if isinstance(start, str) and start.startswith(BASE_CHANGING_STARTS):
        found.append(f"a changed base model (init_lora_weights={start})")
    if not _alpha(config) > 0:
        found.append(f"lora_alpha {config.get('lora_alpha')}")
    if found:
        _refuse(adapter, ", ".join(found))
    for name in adapter.shapes:
        _parsed(adapter, name)
    if not adapter.shapes:
        raise AdapterError(f"{adapter.weights_path} holds no tensor", hint="train it again")


def _parsed(adapter: Adapter, tensor_name: str) -> tuple[str, str]:
    parsed = module_of(tensor_name)
    if parsed is None or _gguf_module(parsed[0]) is None:
        _refuse(adapter, f"the tensor {tensor_name}")
    assert parsed is not None
    return parsed


def _refuse(adapter: Adapter, what: str) -> None:
    raise AdapterError(
        f"the adapter {adapter.path} has {what}, which llama.cpp cannot load",
        hint="use --engine transformers, or merge the adapter into its base model",
    )


def _gguf_module(module: str) -> str | None:
    """ "model.layers.7.mlp.up_proj" -> "blk.7.ffn_up"; None for any other module."""
    match = re.fullmatch(r"model\.layers\.(\d+)\.(.+)", module)
    if match is None or match[2] not in GGUF_TENSOR:
        return None
    return f"blk.{match[1]}.{GGUF_TENSOR[match[2]]}"


def _alpha(config: Mapping[str, Any]) -> float:
    return float(config.get("lora_alpha") or 0)


def _scale_correction(config: Mapping[str, Any], module: str, rank: int) -> float:
    """What B is multiplied with so that llama.cpp's alpha / rank becomes PEFT's scale.

    It is 1 but for rank-stabilized LoRA (alpha / sqrt(rank)) and for modules with an alpha of
    their own, since a GGUF adapter has a single alpha.
    """
    alpha = _module_alpha(config, module)
    scale = alpha / rank**0.5 if config.get("use_rslora") else alpha / rank
    return scale / (_alpha(config) / rank)


def _module_alpha(config: Mapping[str, Any], module: str) -> float:
    """PEFT's alpha_pattern: the first pattern that matches the end of the module's name."""
    for pattern, alpha in (config.get("alpha_pattern") or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            return float(alpha)
    return _alpha(config)


def _permuted(b: Array, module: str, layout: BaseLayout) -> Array:
    """Rows of a query or key matrix in GGUF's order.

    llama.cpp rotates neighbouring pairs of a head, Hugging Face the two halves, so its GGUF
    converter reorders these rows of the base model, and B has the same rows.
    """
    part = module.rsplit(".", 1)[-1]
    if layout.architecture not in PERMUTED_ARCHITECTURES or part not in ("q_proj", "k_proj"):
        return b
    heads = layout.heads if part == "q_proj" else layout.kv_heads
    rows, rank = b.shape
    return b.reshape(heads, 2, rows // heads // 2, rank).swapaxes(1, 2).reshape(rows, rank)


def _content_key(adapter: Adapter, layout: BaseLayout) -> str:
    digest = hashlib.sha256(
        f"{CONVERTER_VERSION}\0{layout.architecture}\0{layout.heads}\0{layout.kv_heads}\0".encode()
    )
    scale_keys = ("lora_alpha", "alpha_pattern", "use_rslora")
    digest.update(repr([adapter.config.get(key) for key in scale_keys]).encode())
    with (
        translated_os_errors("read", adapter.weights_path),
        adapter.weights_path.open("rb") as file,
    ):
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()[:32]


def _write(adapter: Adapter, layout: BaseLayout, path: Path) -> None:
    import gguf

    # atomic_writer gives a handle, and GGUFWriter wants a path: it writes to the handle's file.
    with atomic_writer(path) as out:
        writer = gguf.GGUFWriter(Path(out.name), layout.architecture)
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", _alpha(adapter.config))
        for name, array in gguf_tensors(adapter, layout):
            writer.add_tensor(name, array)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
