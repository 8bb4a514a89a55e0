"""Starting the process that makes one measurement."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from naiad.workflows.benchmarks.jobs import Measurement, TrainingJob

TIMEOUT_S = 6 * 3600
"""After which a system is given up."""

SPINNING = {"GOMP_SPINCOUNT": "300000"}
"""What GNU's OpenMP does when nothing is set."""


def measure(job: TrainingJob, timeout_s: float = TIMEOUT_S) -> Measurement | str:
    """Run the job in a fresh process; the measurement, or why there is none."""
    environment = SPINNING if job.settings.get("spinning") else {}
    answer = _ask(job.to_json(), job.threads, timeout_s, environment)
    return str(answer["error"]) if "error" in answer else Measurement(**answer)


def measure_gemm(folder: Path, threads: int) -> dict[str, float]:
    """Operations a second by type, as gemm.gemm_rates gives them; empty where that failed."""
    from naiad.workflows.benchmarks.gemm import matrix_shape

    hidden, intermediate = matrix_shape(folder)
    request = {
        "system": "gemm",
        "threads": threads,
        "hidden": hidden,
        "intermediate": intermediate,
    }
    answer = _ask(json.dumps(request), threads, TIMEOUT_S, {})
    return {} if "error" in answer else answer


def _ask(
    request: str, threads: int, timeout_s: float, environment: Mapping[str, str]
) -> dict[str, Any]:
    command = [sys.executable, "-m", "naiad.workflows.benchmarks.child"]
    try:
        child = subprocess.run(
            command,
            input=request,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "OMP_NUM_THREADS": str(threads), **environment},
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"gave no answer within {timeout_s:,.0f} s"}
    try:
        answer: dict[str, Any] = json.loads(child.stdout)
    except ValueError:
        last = (child.stderr.strip().splitlines() or ["no output"])[-1]
        return {"error": f"the process ended with status {child.returncode}: {last}"}
    return answer
