"""The judge: the official Mermaid parser says whether a diagram is valid, and where it is not.

Valid means what it means to `mermaid.parse`, on the pinned version, with its default
configuration and the diagram's own front matter and directives; ZenUML is judged by the parser
of @zenuml/core, since Mermaid's plugin for it checks nothing. Three differences, on purpose:

- An empty text and the one word `error`, which Mermaid accepts as a picture of an error, are
  invalid.
- A problem that Mermaid reports without a line gets the first line that brings it about, and
  every line counts in the user's text, front matter, directives and comments included.
- A text is judged up to `max_source_bytes`. Mermaid draws at most 50,000 characters
  (`maxTextSize`) and parses more; its limit of 500 edges (`maxEdges`) is the parser's own, so
  a larger graph is invalid here as it is there.

Parsing is not drawing: some diagrams that parse fail to draw.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from naiad.errors import JudgeUnavailable
from naiad.mermaid.diagram_types import diagram_type_of
from naiad.mermaid.isolation import (
    Message,
    WorkerDied,
    WorkerNotStarted,
    WorkerOutOfMemory,
    WorkerProcess,
    WorkerRefused,
    WorkerTimedOut,
)
from naiad.mermaid.judge_engines import BUNDLE, available_engine, worker_command
from naiad.mermaid.verdict import Problem, Verdict

NAIAD = "naiad"
HEAP_SHARE = 0.75
"""Part of the memory limit that the JavaScript heap may take; the engine itself needs the rest."""


@dataclass(frozen=True)
class JudgeLimits:
    """What one diagram may cost."""

    max_source_bytes: int = 256 * 1024
    """Longest text, in bytes of UTF-8, that is handed to the parser: five times what Mermaid
    draws."""
    timeout_s: float = 10.0
    """Longest time for one diagram; a usual one takes a hundredth of a second."""
    memory_limit_bytes: int = 768 * 1024 * 1024
    """Most memory of the parser's process; it needs about a hundred megabytes."""


class Judge:
    """A parser process, started by the first diagram and kept for the next.

    Threads may share one. Close it, or use it as a context manager, to end the process; a
    closed judge starts another when asked again.
    """

    def __init__(
        self,
        limits: JudgeLimits | None = None,
        *,
        engine: str | None = None,
        bundle: Path = BUNDLE,
    ) -> None:
        """engine: `mini-racer` or `node`; None takes $NAIAD_JUDGE_ENGINE or what is installed.

        Raises JudgeUnavailable when there is no engine or the bundle is damaged, and ConfigError
        for an engine that does not exist.
        """
        self.limits = limits or JudgeLimits()
        self.engine = available_engine(engine)
        heap_limit_bytes = int(self.limits.memory_limit_bytes * HEAP_SHARE)
        self._worker = WorkerProcess(
            worker_command(self.engine, bundle, heap_limit_bytes),
            name="the Mermaid parser",
            memory_limit_bytes=self.limits.memory_limit_bytes,
        )

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the parser's process."""
        self._worker.close()

    @property
    def pid(self) -> int | None:
        """Process id of the parser's process, None while there is none."""
        return self._worker.pid

    def versions(self) -> dict[str, str]:
        """Versions of the parsers: {"mermaid": "12.3.0", "zenuml": "4.7.2"}."""
        with _translated_start():
            versions: dict[str, str] = self._worker.hello()["versions"]
            return versions

    def validate(self, source: str) -> Verdict:
        """Judge one diagram. Raises JudgeUnavailable when the parser cannot be run at all.

        A diagram that is too large, hangs the parser or exhausts its memory is invalid, with a
        problem judged by `naiad`: it could not be accepted anywhere else either.
        """
        return self._examined({"source": source})[0]

    def facts(self, source: str) -> tuple[Verdict, dict[str, Any] | None]:
        """Judge one diagram and read what it draws, in one parse.

        The facts, JSON as structure.js in the bundle dumps it, are None for an invalid diagram.
        One that parses and whose facts Mermaid fails to work out (it would fail to draw it, too)
        is invalid here, with a problem judged by `naiad`. Raises JudgeUnavailable.
        """
        return self._examined({"source": source, "structure": True})

    def _examined(self, request: Message) -> tuple[Verdict, dict[str, Any] | None]:
        source: str = request["source"]
        if not source.strip():
            return _refused(None, "the text is empty"), None
        size_bytes = len(source.encode("utf-8", "surrogatepass"))
        if size_bytes > self.limits.max_source_bytes:
            problem = (
                f"the text has {size_bytes:,} bytes; "
                f"at most {self.limits.max_source_bytes:,} are judged"
            )
            return _refused(diagram_type_of(source), problem), None
        with _translated_start():
            return self._judged(request)

    def _judged(self, request: Message) -> tuple[Verdict, dict[str, Any] | None]:
        diagram_type = diagram_type_of(request["source"])
        try:
            answer = self._ask(request)
        except WorkerTimedOut:
            problem = f"the parser gave no answer within {self.limits.timeout_s:g} s"
            return _refused(diagram_type, problem), None
        except WorkerOutOfMemory:
            return self._out_of_memory(diagram_type), None
        except (WorkerDied, WorkerRefused) as error:
            return _refused(diagram_type, f"the parser failed on it: {error}"), None
        if answer.get("out_of_memory"):
            return self._out_of_memory(diagram_type), None
        if answer.get("unreadable"):
            problem = f"it parses, but cannot be drawn: {answer['unreadable']}"
            return _refused(diagram_type, problem), None
        verdict = self._verdict(answer, diagram_type)
        return verdict, answer.get("structure") if verdict.valid else None

    def _ask(self, request: Message) -> Message:
        try:
            return self._worker.call(request, self.limits.timeout_s)
        except WorkerDied:
            # Somebody else may have killed it; a diagram that kills it will do so again.
            return self._worker.call(request, self.limits.timeout_s)

    def _out_of_memory(self, diagram_type: str | None) -> Verdict:
        limit_mb = self.limits.memory_limit_bytes // 2**20
        return _refused(diagram_type, f"the parser needed more than {limit_mb:,} MB of memory")

    def _verdict(self, answer: dict[str, Any], diagram_type: str | None) -> Verdict:
        if "failure" in answer:
            return _refused(diagram_type, f"the parser failed on it: {answer['failure']}")
        detected = answer["type"]
        if detected == "error":
            return _refused(None, "`error` is Mermaid's picture of an error, not a diagram")
        versions = self._worker.hello()["versions"]
        judge = f"mermaid {versions['mermaid']}"
        if detected == "zenuml":
            judge = f"@zenuml/core {versions['zenuml']}"
        known = detected is not None and detected != "---"
        return Verdict(
            type=diagram_type if known else None,
            problems=tuple(Problem(**problem) for problem in answer["problems"]),
            judge=judge,
        )


def validate(source: str, limits: JudgeLimits | None = None) -> Verdict:
    """Judge one diagram in a parser process that all callers share.

    The process starts with the first call and ends with the program. Raises JudgeUnavailable.
    """
    return shared_judge(limits or JudgeLimits()).validate(source)


@lru_cache(maxsize=2)
def shared_judge(limits: JudgeLimits) -> Judge:
    """The judge that `validate` uses for these limits."""
    return Judge(limits)


def _refused(diagram_type: str | None, message: str) -> Verdict:
    return Verdict(diagram_type, (Problem(message, judge=NAIAD),), judge=NAIAD)


@contextlib.contextmanager
def _translated_start() -> Iterator[None]:
    try:
        yield
    except WorkerNotStarted as error:
        raise JudgeUnavailable(
            str(error), hint="reinstall naiad, or set NAIAD_JUDGE_ENGINE=node if you have Node"
        ) from error
