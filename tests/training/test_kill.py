"""A run that SIGKILL ends at any moment, and goes on, is the run that was never killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

KILLS = 10


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_whenever_it_is_killed_a_run_ends_with_the_same_bytes(tmp_path: Path) -> None:
    script = Path(__file__).with_name("kill_everywhere.py")
    ran = subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(KILLS), "7"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    results = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [result["status"] for result in results[:KILLS]] == [9] * KILLS
    different = [result for result in results if not all(result["same"].values())]
    assert different == []
