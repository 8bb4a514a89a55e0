from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from naiad.mermaid.isolation import (
    WorkerDied,
    WorkerNotStarted,
    WorkerOutOfMemory,
    WorkerProcess,
    WorkerRefused,
    WorkerTimedOut,
    resident_bytes,
)

WORKER = """
import os, subprocess, sys, time
from naiad.mermaid.isolation import LastAnswer, serve

def answer(request):
    match request["do"]:
        case "echo":
            return {"text": request["text"]}
        case "pid":
            return {"pid": os.getpid()}
        case "hang":
            time.sleep(600)
        case "exit":
            print("I have had enough", file=sys.stderr)
            os._exit(3)
        case "grow":
            hoard = []
            while True:
                hoard.append(bytearray(os.urandom(1 << 20) * 8))
        case "refuse":
            raise ValueError("no such thing")
        case "print":
            print("not JSON")
            os.write(1, b"nor this\\n")
            return {"printed": True}
        case "last":
            raise LastAnswer({"pid": os.getpid()})
        case "start a child":
            return {"pid": subprocess.Popen(["sleep", "600"]).pid}
        case "flood":
            sys.stderr.write("x" * 4_000_000)
            sys.stderr.flush()
            return {"flooded": True}

serve(answer, {"ready": "yes"})
"""


@pytest.fixture
def worker(tmp_path: Path):
    script = tmp_path / "worker.py"
    script.write_text(WORKER, encoding="utf-8")
    process = WorkerProcess(
        [sys.executable, str(script)], name="test worker", memory_limit_bytes=400_000_000
    )
    yield process
    process.close()


def test_an_answer_comes_back_whatever_characters_it_has(worker: WorkerProcess) -> None:
    text = "é\n\u2028\0\ud800 \U0001f600"
    assert worker.call({"do": "echo", "text": text}, 30) == {"text": text}
    assert worker.hello() == {"ready": "yes"}


def test_a_message_larger_than_any_pipe_buffer_does_not_block(worker: WorkerProcess) -> None:
    text = "x" * 5_000_000
    assert worker.call({"do": "echo", "text": text}, 60)["text"] == text


def test_one_process_answers_all_calls_until_it_is_lost(worker: WorkerProcess) -> None:
    assert worker.pid is None
    first = worker.call({"do": "pid"}, 30)["pid"]
    assert worker.call({"do": "pid"}, 30)["pid"] == first == worker.pid
    worker.close()
    assert worker.pid is None
    assert worker.call({"do": "pid"}, 30)["pid"] != first


def test_a_hang_is_killed_and_the_next_call_answered(worker: WorkerProcess) -> None:
    before = worker.call({"do": "pid"}, 30)["pid"]
    with pytest.raises(WorkerTimedOut, match=r"test worker gave no answer within 0\.3 s"):
        worker.call({"do": "hang"}, 0.3)
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    assert worker.call({"do": "echo", "text": "well"}, 30) == {"text": "well"}


def test_a_death_names_the_exit_status_and_the_last_words(worker: WorkerProcess) -> None:
    with pytest.raises(WorkerDied, match="exit status 3: I have had enough"):
        worker.call({"do": "exit"}, 30)
    assert worker.call({"do": "echo", "text": "well"}, 30) == {"text": "well"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_worker_killed_between_calls_is_replaced(worker: WorkerProcess) -> None:
    pid = worker.call({"do": "pid"}, 30)["pid"]
    os.kill(pid, signal.SIGKILL)
    while worker.pid is not None:
        pass
    assert worker.call({"do": "pid"}, 30)["pid"] != pid


@pytest.mark.skipif(sys.platform == "win32", reason="memory is not watched on Windows")
def test_a_memory_bomb_is_killed_at_the_limit(worker: WorkerProcess) -> None:
    with pytest.raises(WorkerOutOfMemory, match="used more than 400,000,000 bytes"):
        worker.call({"do": "grow"}, 60)
    assert worker.call({"do": "echo", "text": "well"}, 30) == {"text": "well"}


def test_an_exception_in_the_worker_costs_the_call_and_not_the_worker(
    worker: WorkerProcess,
) -> None:
    pid = worker.call({"do": "pid"}, 30)["pid"]
    with pytest.raises(WorkerRefused, match="ValueError: no such thing"):
        worker.call({"do": "refuse"}, 30)
    assert worker.call({"do": "pid"}, 30)["pid"] == pid


def test_what_foreign_code_prints_does_not_disturb_the_protocol(worker: WorkerProcess) -> None:
    assert worker.call({"do": "print"}, 30) == {"printed": True}
    assert worker.call({"do": "flood"}, 30) == {"flooded": True}


def test_a_last_answer_arrives_and_the_next_call_gets_a_new_process(worker: WorkerProcess) -> None:
    last = worker.call({"do": "last"}, 30)["pid"]
    assert worker.pid is None
    assert worker.call({"do": "pid"}, 30)["pid"] != last


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX process groups")
def test_closing_ends_what_the_worker_started(worker: WorkerProcess) -> None:
    grandchild = worker.call({"do": "start a child"}, 30)["pid"]
    worker.close()
    while resident_bytes(grandchild):
        pass


def test_threads_share_one_worker(worker: WorkerProcess) -> None:
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        answers[number] = worker.call({"do": "echo", "text": str(number)}, 60)["text"]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: str(number) for number in range(16)}


def test_a_program_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(WorkerNotStarted, match="No such file"):
        WorkerProcess([str(tmp_path / "missing")], name="ghost").call({}, 1)
    broken = WorkerProcess([sys.executable, "-c", "import no_such_module"], name="broken")
    with pytest.raises(WorkerNotStarted, match="No module named 'no_such_module'"):
        broken.call({}, 1)


def test_a_program_that_never_says_hello_is_given_up() -> None:
    silent = WorkerProcess(
        [sys.executable, "-c", "import time; time.sleep(600)"], name="mute", startup_timeout_s=0.3
    )
    with pytest.raises(WorkerNotStarted, match=r"mute gave no answer within 0\.3 s"):
        silent.call({}, 1)
    assert silent.pid is None


USER = """
import os, sys
from naiad.mermaid.isolation import WorkerProcess
worker = WorkerProcess([sys.executable, {script!r}], name="test worker")
print(worker.call({{"do": "pid"}}, 30)["pid"], flush=True)
{ending}
"""


def _run_user(tmp_path: Path, ending: str) -> tuple[int, str]:
    script = tmp_path / "worker.py"
    script.write_text(WORKER, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", USER.format(script=str(script), ending=textwrap.dedent(ending))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def test_an_interpreter_that_exits_takes_its_worker_along(tmp_path: Path) -> None:
    status, printed = _run_user(tmp_path, "")
    assert status == 0
    assert resident_bytes(int(printed)) in (None, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform does not fork")
def test_a_fork_gets_a_worker_of_its_own(tmp_path: Path) -> None:
    status, printed = _run_user(
        tmp_path,
        """
        if os.fork() == 0:
            print(worker.call({"do": "pid"}, 30)["pid"], flush=True)
            worker.close()
            os._exit(0)
        os.wait()
        print(worker.call({"do": "pid"}, 30)["pid"], flush=True)
        """,
    )
    parents, forks, parents_again = printed.split()
    assert status == 0
    assert parents == parents_again != forks
