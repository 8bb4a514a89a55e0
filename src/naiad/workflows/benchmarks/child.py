"""A process of its own for each measurement: a job as JSON on stdin, the answer on stdout.

So that no system meets threads, caches or memory that another one has left behind.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from naiad.errors import NaiadError
from naiad.training.memory import peak_memory_bytes
from naiad.workflows.benchmarks.jobs import Measurement, TrainingJob
from naiad.workflows.benchmarks.meter import Meter

COMPARED_PACKAGES = ("torch", "transformers", "peft", "trl", "accelerate", "bitsandbytes", "numba")


def main() -> None:
    """Do the job; the answer is a measurement, GEMM rates, or {"error": reason}."""
    # Libraries write to stdout what they like; the answer has the real one to itself.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    request = sys.stdin.read()
    try:
        text = _answer(request)
    except NaiadError as error:
        text = json.dumps({"error": error.message})
    except Exception as error:
        # Whatever a library refuses with is a result of the comparison.
        traceback.print_exc()
        text = json.dumps({"error": _reason(error)})
    answer.write(text + "\n")
    answer.close()


def _answer(request: str) -> str:
    from naiad.training.libraries import require_libraries

    require_libraries()
    import torch

    document = json.loads(request)
    torch.set_num_threads(document["threads"])
    if document["system"] == "gemm":
        from naiad.workflows.benchmarks.gemm import gemm_rates

        shape = (document["hidden"], document["intermediate"])
        return json.dumps(gemm_rates(*shape, document["threads"]))
    return _measured(TrainingJob.from_json(request)).to_json()


def _measured(job: TrainingJob) -> Measurement:
    meter, description, operations = _trained(job)
    return Measurement(
        wall_s=round(meter.wall_s, 4),
        cpu_s=round(meter.cpu_s, 4),
        steps=meter.steps,
        start_loss=meter.start_loss,
        first_loss=meter.losses[0],
        last_loss=meter.losses[-1],
        peak_memory_bytes=peak_memory_bytes(),
        matrix_operations=operations,
        description=description,
        versions=_versions(),
    )


def _trained(job: TrainingJob) -> tuple[Meter, str, int | None]:
    if job.system.startswith("naiad-"):
        from naiad.workflows.benchmarks.naiad_system import train_with_naiad

        return train_with_naiad(job, job.system.removeprefix("naiad-"))
    from naiad.workflows.benchmarks import trainer_systems

    if job.system == "trl":
        return trainer_systems.train_with_trl(job), str(job.settings.get("name", "")), None
    return trainer_systems.train_as_the_tutorial(job), "fp32, padded to 512", None


def _reason(error: Exception) -> str:
    lines: list[Any] = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}"


def _versions() -> dict[str, str]:
    found = {}
    for name in COMPARED_PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main()
