"""From a model on disk to a running engine, and to the chat template that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from naiad.errors import ConfigError, EngineError, ModelError
from naiad.generation.cores import physical_cores
from naiad.generation.engine import Engine
from naiad.models.gguf_file import read_metadata
from naiad.models.local_model import LocalModel
from naiad.prompts import ChatTemplate

EngineName = Literal["llamacpp", "transformers"]


@dataclass(frozen=True)
class EngineConfig:
    """Who runs the model, and on how much of the machine."""

    engine: EngineName | Literal["auto"] = "auto"
    """`auto` is llamacpp for a GGUF file and transformers for a folder of weights."""
    threads: int | None = None
    """Threads for the arithmetic; None is one for each physical core."""

    def __post_init__(self) -> None:
        names = ("auto", *get_args(EngineName))
        if self.engine not in names:
            raise ConfigError(f"no engine {self.engine!r}", hint=f"engines: {', '.join(names)}")
        if self.threads is not None and self.threads < 1:
            raise ConfigError(f"threads is {self.threads}, not at least 1")


def engine_for(model: LocalModel, config: EngineConfig) -> EngineName:
    """Name of the engine that will run `model`. Raises EngineError where it cannot."""
    if config.engine == "auto":
        return "llamacpp" if model.kind == "gguf" else "transformers"
    if config.engine == "llamacpp" and model.kind == "folder":
        raise EngineError(
            f"llama.cpp needs a GGUF file, and {model.path} is a folder of weights",
            hint="use --engine transformers, or name the model's .gguf file",
        )
    return config.engine


def open_engine(
    model: LocalModel, config: EngineConfig | None = None, adapter_path: Path | None = None
) -> Engine:
    """Load `model` into the engine that `config` asks for.

    adapter_path: in the engine's own form, a .gguf file for llamacpp and a PEFT folder for
    transformers. A GGUF model in the transformers engine is dequantized first, once, and cached.
    Raises EngineError, ModelError, and MissingExtra when the engine is not installed.
    """
    config = config or EngineConfig()
    threads = config.threads or physical_cores()
    if engine_for(model, config) == "transformers":
        from naiad.generation.transformers_engine import TransformersEngine
        from naiad.models.weights import training_folder

        return TransformersEngine(
            training_folder(model), threads=threads, adapter_folder=adapter_path
        )
    from naiad.generation.llamacpp import LlamaCppEngine

    metadata = read_metadata(model.path)
    return LlamaCppEngine(
        model.path,
        window_tokens=metadata.context_length,
        threads=threads,
        adapter_path=adapter_path,
        implied_bos=(metadata.bos_token or "") if metadata.adds_bos else "",
        end_token=metadata.eos_token or "",
    )


def chat_template_of(model: LocalModel) -> ChatTemplate:
    """The chat template in the model's own files. Raises ModelError when it has none."""
    if model.kind == "folder":
        return ChatTemplate.from_folder(model.path)
    metadata = read_metadata(model.path)
    if metadata.chat_template is None:
        raise ModelError(
            f"{model.path} has no chat template",
            hint="use an instruction-tuned model, one with `Instruct` or `-it` in its name",
        )
    return ChatTemplate(
        metadata.chat_template,
        bos_token=metadata.bos_token or "",
        eos_token=metadata.eos_token or "",
        control_tokens=tuple(metadata.control_tokens),
    )
