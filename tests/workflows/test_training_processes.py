"""The processes that the first one starts end when it does, and say why when they fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from naiad.errors import ProcessEnded
from naiad.workflows.training_processes import open_group

pytest.importorskip("torch")

HELPER = [sys.executable, "-m", "naiad.workflows.training_helper"]


def test_one_process_needs_no_other() -> None:
    with open_group(1, {}) as group:
        assert (group.rank, group.size, group.from_first("x"), group.any(True)) == (0, 1, "x", True)


def test_a_process_that_fails_is_named_with_its_last_words() -> None:
    task = {"data": "no-such-file.jsonl", "model": "m", "config": {}}
    task |= {"evaluation_data": None, "estimate_only": False}
    with pytest.raises(ProcessEnded) as error, open_group(2, task) as group, group.first_alone():
        pass
    assert error.value.message == (
        "process 1 of this training ended: no such file: no-such-file.jsonl"
    )
    assert "--resume" in error.value.hint


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_helpers_do_not_outlive_a_first_process_that_is_killed(tmp_path: Path) -> None:
    order = {"rank": 1, "size": 2, "folder": str(tmp_path), "task": {}}
    program = (
        "import os, signal, subprocess, sys\n"
        f"helper = subprocess.Popen({HELPER!r}, stdin=subprocess.PIPE, start_new_session=True)\n"
        f"helper.stdin.write({json.dumps(order)!r}.encode() + b'\\n')\n"
        "helper.stdin.flush()\n"
        "print(helper.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == -9
    # Its group is never complete, so by itself it would wait for hours.
    deadline = time.monotonic() + 60
    while Path(f"/proc/{ran.stdout.strip()}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
