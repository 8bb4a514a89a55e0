"""Trains the tiny model again and again, killed by SIGKILL at one write after the other.

Usage: python kill_everywhere.py FOLDER KILLS SEED. Each run is killed at another of its calls to
the disk, or at a random moment, and resumed until it is done. Prints one JSON line for each: where
it was killed, and whether adapter, log and folder are those of the run that was never killed.
Everything runs in forks of this process, which has imported the libraries and computed nothing.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from forks import fork
from tiny_lora import random_rows, tiny_lora_model

from naiad.lora import AdapterRecord
from naiad.training.adapter_folder import begin_run, finish_run, record_run
from naiad.training.checkpoints import tensor_bytes
from naiad.training.config import TrainingConfig
from naiad.training.trainer import train

CONFIG = TrainingConfig(
    max_steps=7,
    batch_size=2,
    gradient_accumulation_steps=2,
    learning_rate=0.1,
    lora_rank=2,
    lora_dropout=0.2,
    evaluate_every_steps=1,
    save_every_steps=2,
    tracker="none",
    threads=1,
)
ROWS = random_rows(train=10, evaluation=4)
IDENTITY: dict[str, Any] = {"config": CONFIG.as_dict(), "data": {}, "model": {}}


def run(folder: Path) -> None:
    """What `finetune` does with a folder, with --resume."""
    checkpoint = begin_run(folder, IDENTITY, resume=True, overwrite=False)
    record_run(folder, IDENTITY)
    model = tiny_lora_model(CONFIG)
    train(model, ROWS, CONFIG, folder, checkpoint=checkpoint, on_progress=lambda event: None)
    finish_run(folder, tensor_bytes(model.adapter_weights()), "{}", AdapterRecord("t"), "org/t")


def _losses(folder: Path) -> str:
    """The log without its times."""
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    timed = ("seconds", "tokens_per_s")
    return json.dumps([{k: v for k, v in row.items() if k not in timed} for row in rows])


def _count_calls(on_call: Callable[[int], None]) -> None:
    """Call on_call with 0, 1, 2 … before each call that changes the disk."""
    count = -1

    def counting(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            on_call(count)
            return function(*arguments, **named)

        return called

    for owner, name in (
        (os, "fsync"),
        (os, "mkdir"),
        (os, "replace"),
        (Path, "replace"),
        (Path, "unlink"),
        (Path, "open"),
        (shutil, "rmtree"),
        (os, "unlink"),
    ):
        setattr(owner, name, counting(getattr(owner, name)))


def in_fork(work: Callable[[], None]) -> int:
    """Wait status of `work` in a fork."""
    return os.waitpid(fork(work), 0)[1]


def killed_at_call(folder: Path, number: int) -> None:
    """A run that kills itself before its call of that number."""

    def kill(count: int) -> None:
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    _count_calls(kill)
    run(folder)


def killed_after(folder: Path, seconds: float) -> None:
    """A run that something else kills after some time."""
    process = os.fork()
    if process == 0:
        run(folder)
        os._exit(0)
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def main() -> None:
    """Run all and print what came of each."""
    folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    choose = random.Random(seed)
    whole, calls = folder / "whole", folder / "calls.txt"
    in_fork(lambda: run(whole))

    def counted() -> None:
        last = [0]
        _count_calls(lambda count: last.__setitem__(0, count))
        run(folder / "counted")
        calls.write_text(str(last[0]))

    in_fork(counted)
    total = int(calls.read_text())
    numbers = sorted(choose.sample(range(total), kills))
    started = time.monotonic()
    in_fork(lambda: run(folder / "timed"))
    duration_s = time.monotonic() - started
    for number in numbers:
        _report(
            folder, whole, f"call {number} of {total}", lambda f, n=number: killed_at_call(f, n)
        )
    for _ in range(kills // 4):
        moment_s = choose.uniform(0, duration_s)
        _report(folder, whole, f"{moment_s:.3f} s", lambda cut, s=moment_s: killed_after(cut, s))


def _report(folder: Path, whole: Path, name: str, work: Callable[[Path], None]) -> None:
    cut = folder / f"cut at {name}"
    status = in_fork(lambda: work(cut))
    if not (cut / "README.md").exists() or any(
        (cut / n).exists() for n in ("run.json", "checkpoints")
    ):
        # Of a run that was done but for deleting its checkpoints, this refuses to do it again.
        in_fork(lambda: run(cut))
    weights = "adapter_model.safetensors"
    same = {
        "adapter": (cut / weights).read_bytes() == (whole / weights).read_bytes(),
        "log": _losses(cut) == _losses(whole),
        "folder": {path.name for path in cut.iterdir()} == {path.name for path in whole.iterdir()},
    }
    print(json.dumps({"killed": name, "status": status, "same": same}), flush=True)


if __name__ == "__main__":
    main()
