"""Trains the tiny model in one process and in two, which find each other as a user's do.

Usage: python parallel_runs.py FOLDER. Prints one JSON object: digests of the adapters of two equal
runs of two processes, of one that was stopped and resumed, and of a single process's; the largest
difference between one and two; and the steps' gradient norms of both. The processes are forks of
this one, which has imported the libraries and computed nothing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from forks import fork
from safetensors.numpy import load_file
from tiny_lora import random_rows, tiny_lora_model

from naiad.training.checkpoints import newest_usable, tensor_bytes
from naiad.training.config import TrainingConfig
from naiad.training.parallel import ALONE, Group, group_on_this_machine, meeting_point
from naiad.training.trainer import train

CONFIG = TrainingConfig(
    max_steps=6,
    batch_size=3,
    learning_rate=1e-2,
    lora_rank=2,
    evaluate_every_steps=2,
    save_every_steps=2,
    early_stopping_patience=9,
    tracker="none",
    threads=1,
)
ROWS = random_rows(train=10, evaluation=5)


def run(folder: Path, config: TrainingConfig, group: Group, stop_after: int | None = None) -> None:
    """Train and write what one process says of it to <folder>/<rank>.*"""
    model, steps = tiny_lora_model(config), [0]

    def stops() -> bool:
        # Asked in the second process only: both must stop.
        steps[0] += 1
        return group.rank == group.size - 1 and steps[0] == stop_after

    # Only the first process is told where to go on; it tells the others.
    checkpoint = newest_usable(folder / "checkpoints") if group.is_first else None
    outcome = train(
        model,
        ROWS,
        config,
        folder if group.is_first else folder / "never",
        checkpoint=checkpoint,
        group=group,
        on_progress=lambda event: None,
        should_stop=stops,
    )
    said = dataclasses.asdict(outcome)
    del said["seconds"], said["peak_memory_bytes"]
    (folder / f"{group.rank}.json").write_text(json.dumps(said))
    (folder / f"{group.rank}.safetensors").write_bytes(tensor_bytes(model.adapter_weights()))


def in_processes(folder: Path, size: int, work: Callable[[Group], None]) -> None:
    """Run `work` in a group of new processes. Raises RuntimeError when one of them fails."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meeting").unlink(missing_ok=True)

    def member(rank: int) -> None:
        if size == 1:
            work(ALONE)
            return
        with group_on_this_machine(rank, size, meeting_point(folder, size)) as group:
            work(group)

    children = [fork(lambda rank=rank: member(rank)) for rank in range(size)]
    if any(os.waitpid(child, 0)[1] for child in children):
        raise RuntimeError(f"a process of {folder.name} failed")


def _digests(folder: Path, size: int) -> list[str]:
    files = [folder / f"{rank}.safetensors" for rank in range(size)]
    return [hashlib.sha256(file.read_bytes()).hexdigest()[:12] for file in files]


def _grad_norms(folder: Path) -> list[float]:
    rows = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    return [row["grad_norm"] for row in rows if "grad_norm" in row]


def main() -> None:
    """Run all and print what came of it."""
    parent = Path(sys.argv[1])
    dropping = dataclasses.replace(CONFIG, lora_dropout=0.3)
    for name, size, config in (
        ("one", 1, CONFIG),
        ("two", 2, CONFIG),
        ("dropping", 2, dropping),
        ("again", 2, dropping),
    ):
        folder = parent / name
        in_processes(folder, size, lambda group, f=folder, c=config: run(f, c, group))
    cut = parent / "cut"
    in_processes(cut, 2, lambda group: run(cut, dropping, group, stop_after=3))
    stopped = [json.loads((cut / f"{rank}.json").read_text()) for rank in range(2)]
    in_processes(cut, 2, lambda group: run(cut, dropping, group))
    one, two = (load_file(parent / name / "0.safetensors") for name in ("one", "two"))
    said: dict[str, Any] = {
        "digests": {name: _digests(parent / name, 2) for name in ("dropping", "again", "cut")},
        "difference": max(float(abs(one[name] - two[name]).max()) for name in one),
        "size": max(float(abs(one[name]).max()) for name in one),
        "grad_norms": {name: _grad_norms(parent / name) for name in ("one", "two")},
        "stopped": stopped,
        "outcomes": [json.loads((parent / "two" / f"{r}.json").read_text()) for r in range(2)],
        "written_by_others": any((parent / name / "never").exists() for name in ("two", "cut")),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
