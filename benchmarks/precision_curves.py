"""Does training in int8 end where training in float32 does? Both, on the same rows, as one plot.

    python benchmarks/precision_curves.py DATA --work DIR --precision fp32 --precision int8
    python benchmarks/precision_curves.py DATA --work DIR --write docs

DATA is split by content: 5% of the rows are held out, and a part of the others is trained on for
one epoch. A run that was stopped goes on where it was; a run that is there is not made again. With
--write the held-out loss of each adapter is measured once more with the exact float32 model, and
curves and figures are written as precision-curves.svg and precision-curves.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from naiad.models.catalog import DEFAULT_MODEL
from naiad.training.config import TrainingConfig
from naiad.workflows.finetune import finetune
from naiad.workflows.prepare_data import split_data

EVALUATION_SHARE = 0.05
SEED = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--train-share", type=float, default=0.455)
    parser.add_argument("--precision", action="append", default=[])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    train, evaluation = split(arguments.data, arguments.work, arguments.train_share)
    for precision in arguments.precision:
        run(arguments, precision, train, evaluation)
    if arguments.write:
        write(arguments, evaluation)


def split(data: Path, work: Path, train_share: float) -> tuple[Path, Path]:
    """Files of the rows to train on and of those held out; the same for the same data."""
    outer = work / "all"
    if not outer.exists():
        split_data(data, outer, EVALUATION_SHARE, seed=SEED)
        split_data(outer / "train.jsonl", work / "part", 1 - train_share, seed=SEED + 1)
    return work / "part" / "train.jsonl", outer / "evaluation.jsonl"


def settings(precision: str, threads: int | None) -> TrainingConfig:
    return TrainingConfig(
        epochs=1.0,
        precision=precision,
        threads=threads,
        evaluate_every_steps=100,
        save_every_steps=20,
        seed=SEED,
    )


def run(arguments: argparse.Namespace, precision: str, train: Path, evaluation: Path) -> None:
    """Train one adapter, or go on with it."""
    output = arguments.work / precision
    if (output / "adapter_model.safetensors").exists():
        return
    finetune(
        train,
        arguments.model,
        output,
        settings(precision, arguments.threads),
        evaluation_data=evaluation,
        resume=output.exists(),
        on_progress=lambda event: print(precision, event, flush=True),
    )


def write(arguments: argparse.Namespace, evaluation: Path) -> None:
    """The figures and the plot of every run that ended."""
    ended = sorted(path.parent for path in arguments.work.glob("*/adapter_model.safetensors"))
    document = {
        "model": arguments.model,
        "runs": {folder.name: figures(arguments, folder, evaluation) for folder in ended},
    }
    target = arguments.write / "precision-curves.json"
    target.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    plot({folder.name: log_of(folder) for folder in ended}, arguments.write)
    print(json.dumps(document, indent=2))


def figures(arguments: argparse.Namespace, folder: Path, evaluation: Path) -> dict[str, Any]:
    record = json.loads((folder / "naiad.json").read_text("utf-8"))
    return {
        "train_rows": record["data"]["train_rows"],
        "evaluation_rows": record["data"]["evaluation_rows"],
        "steps": record["result"]["steps"],
        "evaluation_loss_in_its_precision": record["result"]["best_evaluation_loss"],
        "best_step": record["result"]["best_step"],
        "evaluation_loss_in_fp32": exact_loss(arguments, folder, evaluation),
        "versions": record["versions"],
    }


def exact_loss(arguments: argparse.Namespace, folder: Path, evaluation: Path) -> float:
    """Mean answer loss of an adapter on the held-out rows with the float32 model, in nats."""
    from safetensors.torch import load_file

    from naiad.datasets.reading import read_examples
    from naiad.models.store import ModelStore
    from naiad.models.weights import load_tokenizer, training_folder
    from naiad.prompts import DEFAULT_INSTRUCTION, ChatTemplate
    from naiad.training.fast_model import open_fast_model
    from naiad.training.preflight import tokenize_rows
    from naiad.training.rows import loss_tokens

    config = settings("fp32", arguments.threads)
    base = training_folder(ModelStore().resolve(arguments.model))
    rows, _ = tokenize_rows(
        list(read_examples(evaluation)),
        ChatTemplate.from_folder(base),
        load_tokenizer(base),
        config,
        instruction=DEFAULT_INSTRUCTION,
        max_tokens=config.max_tokens,
    )
    model = open_fast_model(base, config, lambda event: None)
    model.set_adapter_weights(load_file(folder / "adapter_model.safetensors"))
    return model.summed_loss(rows) / loss_tokens(rows)


def log_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]


def plot(logs: dict[str, list[dict[str, Any]]], folder: Path) -> None:
    """Smoothed training losses as lines, held-out losses as points."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams["svg.hashsalt"] = "naiad"
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for number, (name, rows) in enumerate(logs.items()):
        steps = [(row["step"], row["loss"]) for row in rows if "loss" in row]
        held_out = [(r["step"], r["evaluation_loss"]) for r in rows if "evaluation_loss" in r]
        axes.plot(*zip(*smoothed(steps), strict=True), color=f"C{number}", label=f"{name}, train")
        axes.plot(*zip(*held_out, strict=True), "o", color=f"C{number}", label=f"{name}, held out")
    axes.set_xlabel("step")
    axes.set_ylabel("answer loss (nats a token)")
    axes.set_ylim(bottom=0)
    axes.legend()
    figure.savefig(folder / "precision-curves.svg", metadata={"Date": None})


def smoothed(steps: list[tuple[int, float]], share: float = 0.1) -> list[tuple[int, float]]:
    """Exponential moving average."""
    mean, result = steps[0][1], []
    for step, loss in steps:
        mean += share * (loss - mean)
        result.append((step, mean))
    return result


if __name__ == "__main__":
    main()
