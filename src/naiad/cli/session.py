"""From a command's options to a loaded model, for the commands that generate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from naiad.cli.progress import download_bar

if TYPE_CHECKING:
    from naiad.generation import EngineConfig
    from naiad.workflows.generate import GenerateConfig, GenerationSession


def session_opener(
    model: str | None, adapter: str, config: GenerateConfig, engine: EngineConfig
) -> Callable[[], GenerationSession]:
    """What a workflow calls once its input is read: finds, downloads with a bar, and loads.

    adapter: folder, or `none`. The call raises what workflows.generate.open_session raises.
    """

    def open_model() -> GenerationSession:
        from naiad.workflows.generate import open_session

        folder = None if adapter == "none" else adapter
        with download_bar(str(model or "model")) as progress:
            return open_session(model, folder, config=config, engine=engine, progress=progress)

    return open_model
