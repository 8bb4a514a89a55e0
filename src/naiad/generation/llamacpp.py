"""The default engine: llama.cpp, in this process, on a GGUF file.

xllamacpp wraps llama.cpp's server. What that means here, each point covered by a test:

- It listens, even in-process. It gets a Unix socket in a private folder, unlinked as soon as it
  is bound, so nothing can connect; where there are no Unix sockets it gets a free port of
  127.0.0.1 and a random key.
- Its callbacks swallow exceptions, KeyboardInterrupt included. So it runs in a thread of its own
  and the chunks come out of a queue.
- Its context has a fixed size. It starts small and is opened anew, larger, when a request needs it.
- Its loop starts in a thread of its own, and freeing the server before it runs waits for ever. So
  each server answers one question before anyone gets it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import secrets
import shutil
import tempfile
import threading
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from naiad.errors import EngineError
from naiad.generation.cores import patient_openmp
from naiad.generation.engine import (
    Completion,
    SamplingConfig,
    TextCallback,
    WrittenLine,
    check_room,
)

FIRST_CONTEXT_TOKENS = 4096
CONTEXT_STEP_TOKENS = 2048
BATCH_TOKENS = 256
"""Prompt tokens evaluated at a time; a cancellation waits for one such batch, not for all."""

_MAX_SOCKET_PATH = 100  # the system's limit is 104 bytes on macOS and 108 on Linux
_POLL_S = 0.2
_NAMED_TOKEN = re.compile(r"<[a-zA-Z0-9_|]+>")
"""How a Lark grammar can name a special token."""


class LlamaCppEngine:
    """One GGUF model and at most one GGUF adapter. Not for use from two threads at a time."""

    name = "llamacpp"

    def __init__(
        self,
        model_path: Path,
        *,
        window_tokens: int,
        threads: int,
        adapter_path: Path | None = None,
        implied_bos: str = "",
        end_token: str = "",
    ) -> None:
        """Load the model. Raises EngineError.

        implied_bos: the token text that llama.cpp itself puts before each prompt of this model,
        empty where it puts none. A template that writes it too would double it.
        end_token: text of the token that ends an answer (`<|im_end|>`), empty if there is none.
        """
        self._model_path = model_path
        self._adapter_path = adapter_path
        self._threads = threads
        self._window_tokens = window_tokens
        self._implied_bos = implied_bos
        self._end_token = end_token if _NAMED_TOKEN.fullmatch(end_token) else ""
        self._context_tokens = min(FIRST_CONTEXT_TOKENS, window_tokens)
        self._server: Any = self._open_server()

    @property
    def window_tokens(self) -> int:
        """Most tokens, prompt and answer together, that the model was made for."""
        return self._window_tokens

    def count_tokens(self, prompt: str) -> int:
        """Tokens of a templated prompt, exactly; nothing is evaluated.

        llama.cpp counts before it evaluates: a prompt filled up beyond the context comes back
        refused, with its size.
        """
        filling = [0] * self._context_tokens
        answer = _refused(
            self._running_server(), [prompt.removeprefix(self._implied_bos), *filling]
        )
        counted = answer.get("error", {}).get("n_prompt_tokens")
        if counted is None:
            raise EngineError(f"llama.cpp did not count the prompt: {answer}")
        return int(counted) - len(filling)

    def complete(
        self, prompt: str, sampling: SamplingConfig, on_text: TextCallback | None = None
    ) -> Completion:
        """Continue `prompt`. Raises PromptTooLong and EngineError."""
        prompt_tokens = self.make_room(prompt, sampling.max_tokens)
        pieces: list[str] = []
        completion_tokens = 0
        finish_reason: Literal["stop", "length", "cancelled"] = "cancelled"
        with contextlib.closing(self._stream(self._request(prompt, sampling))) as chunks:
            for chunk in chunks:
                timings = chunk.get("timings", {})
                completion_tokens = timings.get("predicted_n", completion_tokens)
                choice = chunk["choices"][0]
                if choice["text"]:
                    pieces.append(choice["text"])
                    if on_text is not None and on_text(choice["text"]):
                        break
                if choice["finish_reason"]:
                    finish_reason = "length" if choice["finish_reason"] == "length" else "stop"
        return Completion("".join(pieces), finish_reason, prompt_tokens, completion_tokens)

    def make_room(self, prompt: str, max_tokens: int) -> int:
        """Tokens of the prompt, once there is room for the answer. Raises PromptTooLong."""
        prompt_tokens = self.count_tokens(prompt)
        check_room(prompt_tokens, max_tokens, self._window_tokens)
        self._grow_context(prompt_tokens + max_tokens)
        return prompt_tokens

    def write_line(self, prompt: str, pattern: str, sampling: SamplingConfig) -> WrittenLine:
        """Continue `prompt` with a line of the pattern. Raises EngineError.

        A stop text ends the line when its newline is chosen, before it is evaluated: that
        happens with the next line's prompt, so a line costs no evaluation of its own.
        """
        request = self._request(prompt, replace(sampling, stop=("\n",)))
        # llama.cpp lets the grammar end with one end token, whichever it met first; the model's
        # own is named to be among them.
        end = f" {self._end_token}?" if self._end_token else ""
        request["grammar"] = f"%llguidance {{}}\nstart: line{end}\nline: /{_in_slashes(pattern)}/"
        # As text, the end token can be told from the newline; token ids come only with
        # probabilities, for which the vocabulary is sorted.
        request["preserved_tokens"] = [self._end_token]
        text, tokens, reason = "", 0, ""
        with contextlib.closing(self._stream(request)) as chunks:
            for chunk in chunks:
                tokens = chunk.get("timings", {}).get("predicted_n", tokens)
                choice = chunk["choices"][0]
                text += choice["text"]
                reason = choice["finish_reason"] or reason
        if reason == "length":
            return WrittenLine(text, "length", tokens)
        if self._end_token and text.endswith(self._end_token):
            return WrittenLine(text.removesuffix(self._end_token), "end token", tokens)
        return WrittenLine(text, "newline", tokens)

    def close(self) -> None:
        """Free the model; closing twice is harmless."""
        self._server = None

    def _running_server(self) -> Any:
        if self._server is None:
            raise EngineError("the engine is closed", hint="open a new session")
        return self._server

    def _request(self, prompt: str, sampling: SamplingConfig) -> dict[str, Any]:
        return {
            "prompt": prompt.removeprefix(self._implied_bos),
            "n_predict": sampling.max_tokens,
            # Only these two, in transformers' order: llama.cpp's defaults add top-k and min-p.
            "samplers": ["temperature", "top_p"],
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
            "stop": list(sampling.stop),
            "cache_prompt": True,
            "stream": True,
            # Chunks during the prompt too, so that it can be cancelled there.
            "return_progress": True,
            "timings_per_token": True,
        }

    def _stream(self, request: dict[str, Any]) -> Generator[dict[str, Any], None, None]:
        """Chunks of a completion as they come; closing the iterator cancels it and waits."""
        server = self._running_server()
        chunks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        cancelled = threading.Event()

        def receive(chunk: dict[str, Any]) -> bool:
            chunks.put(chunk)
            return cancelled.is_set()

        def run() -> None:
            try:
                server.handle_completions(request, receive)
            except Exception as error:
                chunks.put(error)
            finally:
                chunks.put(None)

        worker = threading.Thread(target=run, name="naiad-llamacpp", daemon=True)
        worker.start()
        try:
            while (chunk := _next(chunks)) is not None:
                _raise_on_error(chunk)
                yield chunk
        finally:
            cancelled.set()
            worker.join()

    def _grow_context(self, needed: int) -> None:
        """Open the model anew with a larger context if so many tokens do not fit this one."""
        if needed <= self._context_tokens:
            return
        steps = -(-needed // CONTEXT_STEP_TOKENS)
        self._context_tokens = min(steps * CONTEXT_STEP_TOKENS, self._window_tokens)
        self._server = None  # free the memory before the larger context takes its own
        self._server = self._open_server()

    def _open_server(self) -> Any:
        xllamacpp = _import_xllamacpp()
        params = xllamacpp.CommonParams()
        params.model.path = str(self._model_path)
        params.n_ctx = self._context_tokens
        params.n_batch = params.n_ubatch = BATCH_TOKENS
        params.n_parallel = 1
        params.n_gpu_layers = 0
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self._threads
        # The slot keeps the last prompt's prefix; llama.cpp's further caches take gigabytes.
        params.cache_ram_mib = params.n_ctx_checkpoints = 0
        params.warmup = params.ui = False
        params.verbosity = -1
        if self._adapter_path is not None:
            params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(self._adapter_path), 1.0)]
        with _private_address(params):
            try:
                server = xllamacpp.Server(params)
            except RuntimeError as error:
                raise self._not_loaded() from error
        _refused(server, [0] * (self._context_tokens + 1))  # its loop runs once it has answered
        return server

    def _not_loaded(self) -> EngineError:
        adapter = f" with the adapter {self._adapter_path}" if self._adapter_path else ""
        return EngineError(
            f"llama.cpp could not load {self._model_path}{adapter}, "
            f"with room for {self._context_tokens:,} tokens",
            hint="the file is damaged, of a kind that llama.cpp does not know, or larger than "
            "the free memory",
        )


def _in_slashes(pattern: str) -> str:
    """The pattern as it stands between the slashes of a Lark grammar."""
    return pattern.replace("/", r"\/")


def _import_xllamacpp() -> ModuleType:
    try:
        with patient_openmp():
            import xllamacpp
    except (ImportError, OSError) as error:
        raise EngineError(
            f"llama.cpp cannot be loaded on this machine: {error}",
            hint="reinstall with `pip install --force-reinstall xllamacpp`, or use "
            "--engine transformers",
        ) from error
    return xllamacpp  # type: ignore[no-any-return]


@contextlib.contextmanager
def _private_address(params: Any) -> Iterator[None]:
    """Give the server of the block an address that nobody else can connect to."""
    params.api_keys = [secrets.token_hex(32)]
    if os.name == "nt":
        params.hostnames, params.port = ["127.0.0.1"], 0
        yield
        return
    folder = tempfile.mkdtemp(prefix="naiad-")
    if len(folder) > _MAX_SOCKET_PATH - len("/s.sock"):
        shutil.rmtree(folder)
        folder = tempfile.mkdtemp(prefix="naiad-", dir="/tmp")
    params.hostnames = [f"{folder}/s.sock"]
    try:
        yield
    finally:
        # The server keeps its open socket; without a name no one can reach it.
        shutil.rmtree(folder, ignore_errors=True)


def _refused(server: Any, prompt: list[Any]) -> dict[str, Any]:
    """llama.cpp's answer to a prompt that exceeds the context; nothing is evaluated."""
    answer: dict[str, Any] = server.handle_completions({"prompt": prompt, "n_predict": 1})
    return answer


def _next(chunks: queue.SimpleQueue[Any]) -> Any:
    """The next chunk. It waits in short steps because on Windows a long wait ignores Ctrl-C."""
    while True:
        with contextlib.suppress(queue.Empty):
            return chunks.get(timeout=_POLL_S)


def _raise_on_error(chunk: Any) -> None:
    if isinstance(chunk, Exception):
        raise EngineError(f"llama.cpp failed: {chunk}") from chunk
    if "error" in chunk:
        raise EngineError(f"llama.cpp failed: {chunk['error'].get('message', chunk['error'])}")
