"""The second engine: transformers and PEFT in fp32, on a folder of safetensors weights.

It reads an adapter exactly as it was trained, without the GGUF conversion, and any architecture
that transformers knows. It is slower than llama.cpp and needs about four bytes a parameter.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from naiad.errors import EngineError, MissingExtra
from naiad.generation.cores import patient_openmp
from naiad.generation.engine import (
    Completion,
    SamplingConfig,
    TextCallback,
    WrittenLine,
    check_room,
)
from naiad.generation.streaming import StopFilter, TokenDecoder
from naiad.generation.token_masks import LineMask, LineMasks
from naiad.models.weights import load_tokenizer

PROMPT_CHUNK_TOKENS = 256
"""Prompt tokens evaluated at a time: Ctrl-C waits for one chunk, and memory peaks stay low."""

# A GGUF's metadata names one end token; models end a turn with any of these, as llama.cpp knows.
_END_TOKENS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "<end_of_turn>")


class TransformersEngine:
    """One base model and at most one PEFT adapter. Not for use from two threads at a time."""

    name = "transformers"

    def __init__(self, folder: Path, *, threads: int, adapter_folder: Path | None = None) -> None:
        """Load the weights as fp32. Raises EngineError, and MissingExtra without `naiad[train]`.

        threads: of torch, for this whole process.
        """
        torch, transformers = _import_torch_and_transformers()
        torch.set_num_threads(threads)
        with _translated_load_errors(folder), _quiet(transformers):
            self._tokenizer = load_tokenizer(folder)
            model = transformers.AutoModelForCausalLM.from_pretrained(
                folder, dtype=torch.float32, local_files_only=True
            )
            self._model: Any = _with_adapter(model, adapter_folder).eval()
        self._torch = torch
        self._new_cache = transformers.DynamicCache
        self._window_tokens = int(self._model.config.max_position_embeddings)
        self._end_ids = _end_ids(self._model, self._tokenizer)
        self._masks: LineMasks | None = None
        self._lines_ids: list[int] = []
        self._lines_cache: Any = None

    @property
    def window_tokens(self) -> int:
        """Most tokens, prompt and answer together, that the model was made for."""
        return self._window_tokens

    def count_tokens(self, prompt: str) -> int:
        """Tokens of a templated prompt, exactly."""
        return len(self._ids(prompt))

    def complete(
        self, prompt: str, sampling: SamplingConfig, on_text: TextCallback | None = None
    ) -> Completion:
        """Continue `prompt`. Raises PromptTooLong and EngineError."""
        if self._model is None:
            raise EngineError("the engine is closed", hint="open a new session")
        prompt_ids = self._ids(prompt)
        check_room(len(prompt_ids), sampling.max_tokens, self._window_tokens)
        try:
            with self._torch.inference_mode():
                return self._generate(prompt_ids, sampling, on_text)
        except (self._torch.OutOfMemoryError, MemoryError) as error:
            raise EngineError(
                "not enough memory for this prompt", hint="shorten it, or use --engine llamacpp"
            ) from error

    def make_room(self, prompt: str, max_tokens: int) -> int:
        """Tokens of the prompt. Raises PromptTooLong when the answer would not fit behind it."""
        prompt_tokens = self.count_tokens(prompt)
        check_room(prompt_tokens, max_tokens, self._window_tokens)
        return prompt_tokens

    def write_line(self, prompt: str, pattern: str, sampling: SamplingConfig) -> WrittenLine:
        """Continue `prompt` with a line of the pattern. Raises EngineError and MissingExtra."""
        if self._model is None:
            raise EngineError("the engine is closed", hint="open a new session")
        if self._masks is None:
            vocabulary_size = int(self._model.config.vocab_size)
            self._masks = LineMasks(self._tokenizer, vocabulary_size, self._end_ids)
        line = self._masks.line(pattern)
        generator = self._torch.Generator().manual_seed(sampling.seed)
        ids: list[int] = []
        with self._torch.inference_mode():
            logits = self._logits_behind(self._ids(prompt))
            while len(ids) < sampling.max_tokens:
                ids.append(self._choose_in(line, logits, sampling, generator))
                if ids[-1] in self._end_ids:
                    return WrittenLine(self._decode(ids[:-1]), "end token", len(ids))
                line.take(ids[-1])
                if line.is_over:
                    text = self._decode(ids)
                    ended: Literal["newline", "end token"] = (
                        "newline" if text.endswith("\n") else "end token"
                    )
                    return WrittenLine(text.removesuffix("\n"), ended, len(ids))
                if len(ids) < sampling.max_tokens:
                    logits = self._logits_behind([*self._lines_ids, ids[-1]])
        return WrittenLine(self._decode(ids), "length", len(ids))

    def close(self) -> None:
        """Free the model; closing twice is harmless."""
        self._model = None
        self._lines_cache, self._lines_ids = None, []

    def _choose_in(self, line: LineMask, logits: Any, sampling: SamplingConfig, rng: Any) -> int:
        """The next id of those that the line allows.

        A mask over the whole vocabulary is only made when the free choice is not allowed. That
        changes nothing: p(t) + (1 - P) * p(t) / P = p(t) / P, P being the allowed tokens' share.
        """
        token_id = self._choose(logits, sampling, rng)
        if line.allows(token_id):
            return token_id
        barred = ~self._torch.from_numpy(line.allowed())
        return self._choose(logits.masked_fill(barred, float("-inf")), sampling, rng)

    def _logits_behind(self, ids: list[int]) -> Any:
        """(V,) logits of the token behind these. Evaluates what the last call did not."""
        known = 0
        for old, new in zip(self._lines_ids, ids[:-1], strict=False):
            if old != new:
                break
            known += 1
        if known == 0:
            self._lines_cache = self._new_cache()
        elif known < len(self._lines_ids):
            self._lines_cache.crop(known - len(self._lines_ids))
        # Until all is evaluated nothing counts as known: an interrupt may come in between.
        self._lines_ids = []
        for chunk in self._torch.tensor([ids[known:]]).split(PROMPT_CHUNK_TOKENS, dim=1):
            output = self._model(
                chunk, past_key_values=self._lines_cache, use_cache=True, logits_to_keep=1
            )
        self._lines_ids = list(ids)
        return output.logits[0, -1]

    def _generate(
        self, prompt_ids: list[int], sampling: SamplingConfig, on_text: TextCallback | None
    ) -> Completion:
        decoder, stop = TokenDecoder(self._decode), StopFilter(sampling.stop)
        pieces: list[str] = []
        finish_reason: Literal["stop", "length", "cancelled"] = "length"
        completion_tokens = 0

        def show(piece: str) -> bool:
            """Whether the receiver wants the generation to end."""
            if not piece:
                return False
            pieces.append(piece)
            return on_text is not None and bool(on_text(piece))

        for token_id in self._tokens(prompt_ids, sampling):
            completion_tokens += 1
            if token_id in self._end_ids:
                finish_reason = "stop"
                break
            if show(stop.feed(decoder.feed(token_id))):
                finish_reason = "cancelled"
                break
            if stop.found:
                finish_reason = "stop"
                break
        if finish_reason != "cancelled" and not stop.found:
            show(stop.rest())
        return Completion("".join(pieces), finish_reason, len(prompt_ids), completion_tokens)

    def _tokens(self, prompt_ids: list[int], sampling: SamplingConfig) -> Iterator[int]:
        """At most max_tokens ids that follow the prompt, an end token being the last."""
        torch = self._torch
        generator = torch.Generator().manual_seed(sampling.seed)
        cache = self._new_cache()
        new_ids = torch.tensor([prompt_ids])  # (1, T), later (1, 1)
        for _ in range(sampling.max_tokens):
            for chunk in new_ids.split(PROMPT_CHUNK_TOKENS, dim=1):
                output = self._model(chunk, past_key_values=cache, use_cache=True, logits_to_keep=1)
            token_id = self._choose(output.logits[0, -1], sampling, generator)
            yield token_id
            new_ids = torch.tensor([[token_id]])

    def _choose(self, logits: Any, sampling: SamplingConfig, generator: Any) -> int:
        """logits: (V,). Temperature first, then the nucleus, as llama.cpp is told to do it."""
        if sampling.temperature == 0:
            return int(logits.argmax())
        torch = self._torch
        probabilities, order = torch.softmax(logits / sampling.temperature, 0).sort(descending=True)
        # The token that crosses top_p still belongs to the nucleus, hence the shift by one.
        outside = probabilities.cumsum(0) - probabilities >= sampling.top_p
        nucleus = probabilities.masked_fill(outside, 0.0)
        return int(order[torch.multinomial(nucleus, 1, generator=generator)])

    def _ids(self, prompt: str) -> list[int]:
        # The template has written every special token that belongs there.
        ids: list[int] = self._tokenizer(prompt, add_special_tokens=False).input_ids
        return ids

    def _decode(self, ids: Any) -> str:
        text: str = self._tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text


def _import_torch_and_transformers() -> tuple[Any, Any]:
    try:
        with patient_openmp():
            import torch
        import transformers
    except ImportError as error:
        raise MissingExtra(
            f"the transformers engine needs {error.name}, which is not installed",
            hint="install with `pip install 'naiad[train]'`, or use --engine llamacpp",
        ) from error
    return torch, transformers


def _with_adapter(model: Any, adapter_folder: Path | None) -> Any:
    """The model with the adapter's weights merged in: same result, no cost at each token."""
    if adapter_folder is None:
        return model
    try:
        from peft import PeftModel
    except ImportError as error:
        raise MissingExtra(
            "adapters in the transformers engine need peft, which is not installed",
            hint="install with `pip install 'naiad[train]'`, or use --engine llamacpp",
        ) from error
    return PeftModel.from_pretrained(model, str(adapter_folder)).merge_and_unload()


def _end_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    found: set[int] = set()
    for source in (model.generation_config, model.config, tokenizer):
        value = getattr(source, "eos_token_id", None)
        found.update(value if isinstance(value, list) else [value] if value is not None else [])
    vocabulary = tokenizer.get_vocab()
    found.update(vocabulary[token] for token in _END_TOKENS if token in vocabulary)
    return frozenset(found)


@contextmanager
def _translated_load_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, MemoryError) as error:
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise EngineError(
            f"transformers could not load {folder}: {reason[0]}",
            hint="check that the folder is complete and that there is memory for it as fp32",
        ) from error


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """No progress bars and warnings from loading; the libraries' settings are put back after."""
    log = transformers.utils.logging
    verbosity, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.set_verbosity(verbosity)
        if bars:
            log.enable_progress_bar()
