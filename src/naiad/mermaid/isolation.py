"""Foreign code on foreign text, in a process of its own that can be killed.

Both ends of the line are here: `WorkerProcess` is Naiad's, `serve` the child's. They speak
newline-delimited JSON over the child's standard input and output:

    child   {"hello": {...}}                            once, when it is ready to work
    parent  {"deadline_s": 5.0, "request": {...}}
    child   {"answer": {...}} or {"failure": "text"}    and "last": true when it ends itself

A call that runs out of time, dies or grows too large costs that process and nothing else: the
next call starts a new one. The errors are internal to the room; judge.py and render.py turn
them into what a user can act on:

WorkerError
├── WorkerNotStarted    it never said hello: missing package, broken installation
├── WorkerTimedOut      no answer before the deadline
├── WorkerOutOfMemory   it grew past its memory limit
├── WorkerDied          it ended without an answer
└── WorkerRefused       it is well, and could not do what was asked
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

Message = dict[str, Any]
"""One JSON object."""

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Longest line a worker may write; beyond it the worker counts as dead."""
STDERR_TAIL_LINES = 200
"""How much of a worker's standard error is kept: enough for Node's report of a full heap."""
WATCH_INTERVAL_S = 0.05
"""How often the memory of a working child is looked at."""
ORPHAN_GRACE_S = 2.0
"""How long after its deadline a child whose parent is gone ends itself."""


class WorkerError(Exception):
    """A worker process did not answer a request."""


class WorkerNotStarted(WorkerError):
    """The worker ended or stayed silent before it was ready."""


class WorkerTimedOut(WorkerError):
    """No answer before the deadline; the worker was killed."""


class WorkerOutOfMemory(WorkerError):
    """The worker grew past its memory limit and was ended."""


class WorkerDied(WorkerError):
    """The worker ended without an answer."""


class WorkerRefused(WorkerError):
    """The worker is well and reports that it could not do what was asked."""


def python_worker(module: str) -> list[str]:
    """Command line that runs `module` of this package in the running interpreter.

    -P keeps the current folder off the module path: a user's json.py must not be imported.
    """
    return [sys.executable, "-P", "-m", module]


class WorkerProcess:
    """One child process that answers requests, started when first needed and again after a loss.

    argv: command line of a program that speaks the protocol above (see `serve`).
    name: what error messages call it.
    memory_limit_bytes: resident memory at which the child is killed. Watched on Linux and macOS;
        elsewhere the child's own limit has to do. (RLIMIT_AS is no use: V8 reserves address
        space by the gigabyte without using it.)
    startup_timeout_s: how long the child may take to say hello.
    environment: variables set for the child on top of this process's own.

    Threads may share one: calls queue up behind a lock. A fork of this process gets a child of
    its own. The child is killed when the object is collected or the interpreter exits.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        name: str,
        memory_limit_bytes: int | None = None,
        startup_timeout_s: float = 60.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._argv = tuple(argv)
        self._memory_limit_bytes = memory_limit_bytes
        self._startup_timeout_s = startup_timeout_s
        self._environment = dict(environment or {})
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._hello: Message = {}
        _forget_on_fork(self)

    @property
    def pid(self) -> int | None:
        """Process id of the running child, None while there is none."""
        child = self._child
        return child.pid if child is not None and child.is_running() else None

    def hello(self) -> Message:
        """What the child said when it was ready. Starts it. Raises WorkerNotStarted."""
        with self._lock:
            self._running_child()
            return dict(self._hello)

    def call(self, request: Message, timeout_s: float) -> Message:
        """The child's answer to `request`, at most `timeout_s` seconds after it was sent.

        The time to start a child is not part of it. Raises a WorkerError; after any of them
        but WorkerRefused the child is gone, and the next call starts another.
        """
        with self._lock:
            child = self._running_child()
            try:
                child.send({"deadline_s": timeout_s, "request": request})
                reply = self._receive(child, timeout_s)
            except BaseException:  # KeyboardInterrupt too: its answer must not go to the next call
                self._end_child()
                raise
            if reply.get("last"):
                self._end_child()
        if "answer" not in reply:
            raise WorkerRefused(f"{self.name}: {reply.get('failure', 'no answer')}")
        answer: Message = reply["answer"]
        return answer

    def close(self) -> None:
        """End the child. Harmless when there is none; a later call starts another."""
        with self._lock:
            self._end_child()

    def _running_child(self) -> _Child:
        if self._child is not None and self._child.is_running():
            return self._child
        self._end_child()
        try:
            self._child = _Child(self._argv, {**os.environ, **self._environment})
        except OSError as error:
            raise WorkerNotStarted(
                f"{self.name} could not be started: {self._argv[0]}: {error.strerror or error}"
            ) from error
        try:
            self._hello = self._receive(self._child, self._startup_timeout_s).get("hello", {})
        except BaseException as error:
            self._end_child()
            if isinstance(error, WorkerError):
                raise WorkerNotStarted(f"{self.name} did not start: {error}") from error
            raise
        return self._child

    def _receive(self, child: _Child, timeout_s: float) -> Message:
        """The child's next line, with an eye on the clock and on its memory."""
        deadline = time.monotonic() + timeout_s
        while True:
            remaining_s = deadline - time.monotonic()
            line = child.next_line(max(0.0, min(WATCH_INTERVAL_S, remaining_s)))
            if line is not None:
                return self._parsed(child, line)
            if remaining_s <= 0:
                raise WorkerTimedOut(f"{self.name} gave no answer within {timeout_s:g} s")
            self._check_memory(child)

    def _check_memory(self, child: _Child) -> None:
        limit = self._memory_limit_bytes
        if limit is None:
            return
        used_bytes = resident_bytes(child.pid)
        if used_bytes is not None and used_bytes > limit:
            raise WorkerOutOfMemory(f"{self.name} used more than {limit:,} bytes of memory")

    def _parsed(self, child: _Child, line: bytes) -> Message:
        if line.endswith(b"\n"):
            with contextlib.suppress(ValueError):
                message = json.loads(line)
                if isinstance(message, dict):
                    return message
        if len(line) >= MAX_ANSWER_BYTES:
            raise WorkerOutOfMemory(f"{self.name} wrote more than {MAX_ANSWER_BYTES:,} bytes")
        ending = child.ending()
        # V8 aborts its process when its heap is full and says so on standard error.
        if child.complained_of("out of memory"):
            raise WorkerOutOfMemory(f"{self.name} ran out of memory")
        raise WorkerDied(f"{self.name} ended without an answer ({ending})")

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def _forget_child(self) -> None:
        """After a fork the child belongs to the parent: neither speak to it nor end it."""
        self._lock = threading.Lock()
        if self._child is not None:
            self._child.disown()
        self._child = None


def _forget_on_fork(worker: WorkerProcess) -> None:
    if not hasattr(os, "register_at_fork"):
        return
    reference = weakref.ref(worker)

    def forget() -> None:
        worker = reference()
        if worker is not None:
            worker._forget_child()

    os.register_at_fork(after_in_child=forget)


class _Child:
    """A running process and the three threads that keep its pipes moving.

    The caller never touches a pipe, so that a child which stops reading or writes without end
    cannot block it.
    """

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            # A session of its own: Ctrl-C does not reach it, and killing its group leaves nothing.
            start_new_session=True,
        )
        self._requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._stderr_tail: deque[str] = deque(maxlen=STDERR_TAIL_LINES)
        process, tail = self._process, self._stderr_tail
        assert process.stdin and process.stdout and process.stderr
        self._threads = [
            _thread(_write_requests, self._requests, process.stdin),
            _thread(_read_lines, process.stdout, self._lines),
            _thread(_read_stderr, process.stderr, tail),
        ]
        self._finalizer = weakref.finalize(self, _kill, process, self._requests)

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def send(self, message: Message) -> None:
        # ASCII: lone surrogates of a broken text travel as escapes and arrive as they were.
        self._requests.put(json.dumps(message).encode("ascii") + b"\n")

    def next_line(self, timeout_s: float) -> bytes | None:
        """The next line, b"" when the child closed its output, None when there is none yet."""
        try:
            return self._lines.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def ending(self) -> str:
        """How the child ended and the end of what it wrote to standard error, on one line."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1.0)
        self._threads[2].join(timeout=1.0)
        status = self._process.returncode
        said = [line for line in self._stderr_tail if line.strip()]
        about = "still running" if status is None else _status_name(status)
        return f"{about}: {' / '.join(said[-3:])}" if said else about

    def complained_of(self, words: str) -> bool:
        """Whether `words` stand in what the child wrote to standard error."""
        return any(words in line.lower() for line in self._stderr_tail)

    def end(self) -> None:
        self._finalizer()
        for thread in self._threads:
            thread.join(timeout=1.0)

    def disown(self) -> None:
        self._finalizer.detach()
        # Popen must not report on, or wait for, a process that is not this process's child.
        self._process.returncode = 0


def _thread(work: Callable[..., None], *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments, daemon=True)
    thread.start()
    return thread


def _write_requests(requests: queue.SimpleQueue[bytes | None], pipe: IO[bytes]) -> None:
    with contextlib.suppress(OSError), pipe:
        while (line := requests.get()) is not None:
            pipe.write(line)
            pipe.flush()


def _read_lines(pipe: IO[bytes], lines: queue.SimpleQueue[bytes]) -> None:
    with contextlib.suppress(OSError, ValueError), pipe:
        while line := pipe.readline(MAX_ANSWER_BYTES):
            lines.put(line)
            if not line.endswith(b"\n"):
                break
    lines.put(b"")


def _read_stderr(pipe: IO[bytes], tail: deque[str]) -> None:
    with contextlib.suppress(OSError, ValueError), pipe:
        while line := pipe.readline(4096):
            tail.append(line.decode("utf-8", "replace").rstrip())


def _kill(process: subprocess.Popen[bytes], requests: queue.SimpleQueue[bytes | None]) -> None:
    """Kill the process with all it started, and reap it."""
    requests.put(None)
    if process.poll() is None:
        # A worker keeps nothing that a gentle end would save, and exits must not wait for it.
        if sys.platform == "win32":
            subprocess.run(
                ["taskkill", "/F", "/T", "/PID", str(process.pid)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5.0)


def _status_name(status: int) -> str:
    if status < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process, None where it cannot be told (gone, or on Windows)."""
    if sys.platform == "linux":
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, IndexError, ValueError):
            return None
        return pages * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "win32":
        return None
    listed = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return int(listed.stdout) * 1024 if listed.stdout.strip().isdigit() else None


class LastAnswer(Exception):
    """Raised by a worker's `answer`: send this answer, then end the process."""

    def __init__(self, answer: Message) -> None:
        super().__init__()
        self.answer = answer


def serve(
    answer: Callable[[Message], Message],
    hello: Message,
    *,
    between_answers: Callable[[], None] = lambda: None,
) -> None:
    """The child's side: say hello, then answer requests until the parent closes the pipe.

    Call it from the worker's `main` once everything is loaded. An exception of `answer` is
    reported as WorkerRefused; LastAnswer ends the process after its answer. Whatever the
    foreign code prints goes to standard error, since standard output carries the protocol.
    `between_answers` runs once an answer is on its way, to get ready for the next request.
    """
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _send(answers, {"hello": hello})
    while line := requests.readline():
        message = json.loads(line)
        # The parent kills a child that is late. Should the parent be gone, this C-level timer
        # ends it, even while foreign code holds the interpreter's lock.
        faulthandler.dump_traceback_later(message["deadline_s"] + ORPHAN_GRACE_S, exit=True)
        reply = _reply(answer, message["request"])
        faulthandler.cancel_dump_traceback_later()
        _send(answers, reply)
        if reply.get("last"):
            break
        between_answers()
    # Ending through the interpreter's own exit would wait for foreign threads.
    os._exit(0)


def _reply(answer: Callable[[Message], Message], request: Message) -> Message:
    try:
        return {"answer": answer(request)}
    except LastAnswer as last:
        return {"answer": last.answer, "last": True}
    except Exception as error:
        return {"failure": f"{type(error).__name__}: {error}"}


def _send(pipe: IO[bytes], message: Message) -> None:
    pipe.write(json.dumps(message).encode("ascii") + b"\n")
    pipe.flush()
