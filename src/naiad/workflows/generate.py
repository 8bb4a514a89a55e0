"""Generate: a request in plain language becomes a judged diagram."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from naiad.errors import (
    AdapterError,
    InputError,
    JudgeUnavailable,
    NaiadError,
    PromptTooLong,
    RenderFailed,
)
from naiad.generation import (
    Completion,
    Engine,
    EngineConfig,
    SamplingConfig,
    TextCallback,
    chat_template_of,
    engine_for,
    open_engine,
)
from naiad.generation.repetition import RepetitionWatch
from naiad.generation.stepping import write_by_lines
from naiad.grammar import GRAMMARS, DiagramGrammar, LineRefused, UndecidedDiagram
from naiad.lora import Adapter, check_fits, load_adapter, to_gguf
from naiad.mermaid.diagram_types import DIAGRAM_TYPES, requested_type
from naiad.mermaid.judge import validate
from naiad.mermaid.source import extract_diagram
from naiad.mermaid.verdict import Problem, Verdict
from naiad.models.catalog import DEFAULT_MODEL, KNOWN_MODELS, find_known
from naiad.models.local_model import LocalModel
from naiad.models.progress import Progress
from naiad.models.store import ModelStore
from naiad.prompts import (
    DEFAULT_INSTRUCTION,
    FENCE_CLOSING,
    ChatTemplate,
    answer_prefix,
    build_messages,
    fenced,
)
from naiad.retrieval import WorkedExample, nearest
from naiad.workflows.render import DRAWN_SUFFIXES, check_output, write_drawing

MAX_PROMPT_BYTES = 10**6
"""Largest request that is looked at: far beyond any window, it is a wrong file."""

FinishReason = Literal["stop", "length", "repetition", "cancelled"]

NOT_GENERATED = "not generated: "
"""Beginning of the problem of a request that the model could not answer."""


@dataclass(frozen=True)
class DiagramRequest:
    """What a user wants drawn."""

    prompt: str
    """The description."""
    type: str | None = None
    """Diagram type, one of mermaid.diagram_types.DIAGRAM_TYPES; None lets the description or,
    where it names none, the model decide."""
    instruction: str | None = None
    """System instruction; None is the one the adapter was trained with, else Naiad's own."""


@dataclass(frozen=True)
class GenerateConfig:
    """How a request is put to the model."""

    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    """How tokens are chosen, and how many at most."""
    examples: int | None = None
    """Worked examples shown before the request; None is 1 without an adapter and 0 with one,
    since an adapter was trained without any."""
    begin_answer: bool = True
    """The type asked for is the type of the answer, whatever the model would choose."""
    constrain: bool = True
    """Decode under the grammar of the diagram, so that every answer parses and draws."""

    def __post_init__(self) -> None:
        if self.examples is not None and self.examples < 0:
            raise InputError(f"examples is {self.examples}, below 0")


@dataclass(frozen=True)
class GeneratedDiagram:
    """The answer to one request."""

    prompt: str
    mermaid: str
    """The Mermaid source, without any text or fence around it; may be empty."""
    type: str | None
    """Type of the diagram that came out, None where it is not recognisable."""
    valid: bool
    """Whether the official parser accepts it."""
    problems: tuple[Problem, ...]
    """What the judge found; empty exactly when valid."""
    seconds: float
    """From request to verdict, without loading the model."""
    tokens: int
    """Tokens the model wrote."""
    raw_output: str
    """What the model wrote, word for word. Of a constrained answer, the lines before what was
    open was closed; of a free one, the header written for it comes first."""
    model: str
    adapter: str | None
    finish_reason: FinishReason = "stop"
    """`length`: ended at max_tokens, without the last, unfinished line. `repetition`: stopped
    while it repeated itself, the block kept once. `cancelled`: the caller stopped it."""


@dataclass(frozen=True)
class _Answer:
    """What the model wrote, before it is judged."""

    source: str
    finish_reason: FinishReason
    tokens: int
    raw_output: str
    begin: Callable[[], DiagramGrammar | UndecidedDiagram] | None = None
    """Makes the grammar it was written under, None of a free answer."""


class GenerationSession:
    """A loaded model that answers requests, one at a time. Close it, or use it in `with`."""

    def __init__(
        self,
        engine: Engine,
        template: ChatTemplate,
        model: LocalModel,
        adapter: Adapter | None,
        config: GenerateConfig,
    ) -> None:
        """Put a session together; `open_session` does it from names."""
        self.engine = engine
        self.model = model
        self.adapter = adapter
        self.config = config
        self._template = template

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the model; closing twice is harmless."""
        self.engine.close()

    def generate(
        self, request: DiagramRequest, on_text: TextCallback | None = None
    ) -> GeneratedDiagram:
        """Answer one request.

        on_text gets the diagram's text while it is generated, before it is judged: line by line,
        and of a free answer in pieces, before it is cleaned. Returning True stops there. Raises
        InputError for an empty or oversized request or an unknown type, PromptTooLong and
        EngineError.
        """
        check_request(request)
        began_s = time.monotonic()
        answer = self._answer(request, on_text)
        source, verdict = answer.source, _judge(answer.source)
        if answer.begin is not None and verdict.judge and not verdict.valid:
            source, verdict = _longest_valid_beginning(source, answer.begin) or (source, verdict)
        return GeneratedDiagram(
            prompt=request.prompt,
            mermaid=source,
            type=verdict.type,
            valid=verdict.valid,
            problems=verdict.problems,
            seconds=time.monotonic() - began_s,
            tokens=answer.tokens,
            raw_output=answer.raw_output,
            model=self.model.name,
            adapter=str(self.adapter.path) if self.adapter else None,
            finish_reason=answer.finish_reason,
        )

    def failed(self, prompt: str, error: NaiadError) -> GeneratedDiagram:
        """What stands for a request that this session could not answer: empty and not valid.

        For runs over many requests, where one that fails must count and not end the run.
        """
        return GeneratedDiagram(
            prompt=prompt,
            mermaid="",
            type=None,
            valid=False,
            problems=(Problem(NOT_GENERATED + error.message, judge="naiad"),),
            seconds=0.0,
            tokens=0,
            raw_output="",
            model=self.model.name,
            adapter=str(self.adapter.path) if self.adapter else None,
        )

    @property
    def _in_fence(self) -> bool:
        """Whether answers stand in a Markdown fence: untuned models write diagrams so.

        An adapter writes what its training rows hold, which Naiad leaves as they are.
        """
        return self.adapter is None

    def _answer(self, request: DiagramRequest, on_text: TextCallback | None) -> _Answer:
        wanted = request.type or requested_type(request.prompt)
        decided = wanted if self.config.begin_answer else None
        if self.config.constrain and (decided is None or decided in GRAMMARS):
            return self._constrained_answer(request, wanted, decided, on_text)
        return self._free_answer(request, wanted, decided, on_text)

    def _constrained_answer(
        self,
        request: DiagramRequest,
        wanted: str | None,
        decided: str | None,
        on_text: TextCallback | None,
    ) -> _Answer:
        def begin() -> DiagramGrammar | UndecidedDiagram:
            grammar = UndecidedDiagram() if decided is None else GRAMMARS[decided]()
            if self.adapter is None:
                grammar.begin_at_header()
            return grammar

        written = write_by_lines(
            self.engine,
            self._prompt(request, wanted, answer_prefix(None, in_fence=self._in_fence)),
            self.config.sampling,
            begin,
            ending=FENCE_CLOSING if self._in_fence else "",
            on_text=on_text,
        )
        return _Answer(written.text, written.finish_reason, written.tokens, written.raw_text, begin)

    def _free_answer(
        self,
        request: DiagramRequest,
        wanted: str | None,
        decided: str | None,
        on_text: TextCallback | None,
    ) -> _Answer:
        prefix = answer_prefix(decided, in_fence=self._in_fence)
        prompt = self._prompt(request, wanted, prefix)
        header = prefix.removeprefix(answer_prefix(None, in_fence=self._in_fence))
        if on_text is not None and header and on_text(header):
            completion, watch = Completion("", "cancelled", 0, 0), RepetitionWatch()
        else:
            completion, watch = self._complete(prompt, on_text)
        text = header + watch.sound_text()
        if completion.finish_reason == "length":
            text = text[: text.rfind("\n") + 1] or text
        return _Answer(
            extract_diagram(text),
            "repetition" if watch.found else completion.finish_reason,
            completion.completion_tokens,
            header + completion.text,
        )

    def _prompt(self, request: DiagramRequest, wanted: str | None, prefix: str) -> str:
        """The whole prompt, with as many worked examples as there is room for, up to `prefix`."""
        count = self.config.examples
        if count is None:
            count = 0 if self.adapter else 1
        examples = nearest(request.prompt, wanted, count)
        prompt = self._render(request, examples) + prefix
        if examples and not self._has_room(prompt):
            prompt = self._render(request, ()) + prefix
        return prompt

    def _render(self, request: DiagramRequest, examples: Sequence[WorkedExample]) -> str:
        instruction = request.instruction
        if instruction is None and self.adapter is not None:
            instruction = self.adapter.instruction
        if instruction is None:
            instruction = DEFAULT_INSTRUCTION
        turns = [
            (example.prompt, fenced(example.mermaid) if self._in_fence else example.mermaid)
            for example in examples
        ]
        return self._template.render(build_messages(request.prompt, instruction, turns))

    def _has_room(self, prompt: str) -> bool:
        needed = self.engine.count_tokens(prompt) + self.config.sampling.max_tokens
        return needed <= self.engine.window_tokens

    def _complete(
        self, prompt: str, on_text: TextCallback | None
    ) -> tuple[Completion, RepetitionWatch]:
        sampling = self.config.sampling
        if self._in_fence:
            sampling = replace(sampling, stop=(*sampling.stop, FENCE_CLOSING))
        watch = RepetitionWatch()

        def receive(piece: str) -> bool:
            stopped = on_text is not None and bool(on_text(piece))
            return watch.feed(piece) or stopped

        return self.engine.complete(prompt, sampling, receive), watch


def open_session(
    model: str | Path | None = None,
    adapter: str | Path | None = None,
    *,
    config: GenerateConfig | None = None,
    engine: EngineConfig | None = None,
    store: ModelStore | None = None,
    progress: Progress | None = None,
) -> GenerationSession:
    """Find (and, if needed, download) a model, load it with the adapter, and be ready.

    model: short name, Hub id, folder or .gguf file; None is the base the adapter was trained on,
    else the default model. adapter: a PEFT folder. Wrong adapters are told before any download.
    Raises ModelError, AdapterError, EngineError, StorageError and MissingExtra.
    """
    engine = engine or EngineConfig()
    opened = load_adapter(Path(adapter)) if adapter is not None else None
    if model is None:
        model = _base_of(opened) if opened else DEFAULT_MODEL
    local = (store or ModelStore()).resolve(model, progress=progress)
    engine_name = engine_for(local, engine)
    template = chat_template_of(local)
    adapter_path: Path | None = None
    if opened is not None:
        check_fits(opened, local)
        adapter_path = to_gguf(opened, local) if engine_name == "llamacpp" else opened.path
    return GenerationSession(
        open_engine(local, engine, adapter_path),
        template,
        local,
        opened,
        config or GenerateConfig(),
    )


def _base_of(adapter: Adapter) -> str:
    """The base model of an adapter by a name that ModelStore finds.

    A record names a local file without its folder, which says nothing on this machine; the file's
    hash still tells when it is a known model. Raises AdapterError where the user must say it.
    """
    for known in KNOWN_MODELS:
        if known.sha256 is not None and known.sha256 == adapter.base_sha256:
            return known.name
    name = adapter.record.base_name if adapter.record else adapter.base_hub_id
    if name is not None and (adapter.base_hub_id or find_known(name) or Path(name).exists()):
        return name
    raise AdapterError(
        f"{adapter.path} was trained on {adapter.base_name}, which has to be found first",
        hint="name the file or folder of that model with --model",
    )


def generate(
    prompt: str,
    *,
    type: str | None = None,
    instruction: str | None = None,
    model: str | Path | None = None,
    adapter: str | Path | None = None,
    config: GenerateConfig | None = None,
    engine: EngineConfig | None = None,
) -> GeneratedDiagram:
    """One request, one diagram; the model is loaded and freed. For several, use open_session.

    naiad.generate("A login flow with two retries").mermaid -> "flowchart TD\\n …"
    """
    request = DiagramRequest(prompt, type=type, instruction=instruction)
    check_request(request)
    with open_session(model, adapter, config=config, engine=engine) as session:
        return session.generate(request)


def check_request(request: DiagramRequest) -> None:
    """Raise InputError for what no model can answer; needs no model."""
    if not request.prompt.strip():
        raise InputError("the description is empty", hint="describe the diagram in a few words")
    size_bytes = len(request.prompt.encode("utf-8", errors="surrogatepass"))
    if size_bytes > MAX_PROMPT_BYTES:
        raise PromptTooLong(
            f"the description has {size_bytes:,} bytes; at most {MAX_PROMPT_BYTES:,} are read",
            hint="describe the diagram in a few sentences",
        )
    if request.type is not None and request.type not in DIAGRAM_TYPES:
        raise InputError(
            f"no diagram type {request.type!r}", hint=f"types: {', '.join(DIAGRAM_TYPES)}"
        )


def write_diagram(diagram: GeneratedDiagram, path: Path) -> Path:
    """Write the diagram in the form that the suffix names, and return the path written.

    An invalid diagram cannot be drawn: its source goes beside the drawing, as .mmd. So does the
    source of one that the renderer fails on, before RenderFailed is raised. Raises InputError
    for another suffix, StorageError.
    """
    check_output(path)
    beside = path.with_suffix(".mmd")
    is_drawing = path.suffix.lower() in DRAWN_SUFFIXES
    if is_drawing and not diagram.valid:
        write_drawing(diagram.mermaid, beside)
        return beside
    try:
        write_drawing(diagram.mermaid, path)
    except RenderFailed as error:
        write_drawing(diagram.mermaid, beside)
        raise RenderFailed(error.message, hint=f"the source is in {beside}") from error
    return path


def diagram_as_json(diagram: GeneratedDiagram) -> dict[str, Any]:
    """A diagram as `naiad generate --json` prints it."""
    return {
        "prompt": diagram.prompt,
        "mermaid": diagram.mermaid,
        "type": diagram.type,
        "valid": diagram.valid,
        "problems": [
            {"message": problem.message, "line": problem.line, "judge": problem.judge}
            for problem in diagram.problems
        ],
        "seconds": round(diagram.seconds, 3),
        "tokens": diagram.tokens,
        "finish_reason": diagram.finish_reason,
        "raw_output": diagram.raw_output,
        "model": diagram.model,
        "adapter": diagram.adapter,
    }


def _longest_valid_beginning(
    source: str, begin: Callable[[], DiagramGrammar | UndecidedDiagram]
) -> tuple[str, Verdict] | None:
    """As many of the lines as the judge accepts, closed by the grammar, with its verdict.

    What a grammar allows is valid, as far as we know. Should the judge know better, the user
    still gets a diagram, without the line that it refuses. None when nothing helps: no judge.
    """
    lines = source.split("\n")
    for count in range(len(lines) - 1, 0, -1):
        grammar = begin()
        kept = lines[:count]
        try:
            for line in kept:
                grammar.read(line)
        except LineRefused:
            continue
        closed = "\n".join([*kept, *([] if grammar.may_end else grammar.closing_lines())])
        verdict = _judge(closed)
        if verdict.valid:
            return closed, verdict
    return None


def _judge(source: str) -> Verdict:
    """The verdict; a judge that cannot run must not cost the diagram, so it becomes a problem."""
    try:
        return validate(source)
    except JudgeUnavailable as error:
        return Verdict(None, (Problem(f"not judged: {error.message}", judge="naiad"),))
