"""Fine-tune a model on your own diagrams with LoRA, on a CPU: the tutorial's command.

    python mermaid_finetune_cpu.py --model_name_or_path Qwen/Qwen2.5-1.5B-Instruct \\
        --train_data_path F --output_dir D --num_train_epochs 3

Exit status: 0 when the adapter is written, 2 when it could not be made, 130 when Ctrl-C stopped
the run after a checkpoint (the same command with --resume_from_checkpoint goes on). Thin over the
package: this is `naiad train` with the flags of the tutorial and of transformers.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from naiad.cli.console import EXIT_FAILED, EXIT_OK, print_error
from naiad.cli.train import EXIT_STOPPED, run_training
from naiad.cli.train_display import STEPS_BETWEEN_LINES
from naiad.errors import ModelError, NaiadError
from naiad.training.config import TrainingConfig, config_from, field_documentation


@dataclass(frozen=True)
class Setting:
    """A flag and the field of TrainingConfig that it sets."""

    flag: str
    """In the tutorial's and transformers' name."""
    field: str
    """In Naiad's name, which is a second spelling of the flag: hints of the package use it."""
    kind: type[int] | type[float] | type[str] | type[bool]
    """A bool is a switch, without a value."""


SETTINGS = (
    Setting("num_train_epochs", "epochs", float),
    Setting("max_steps", "max_steps", int),
    Setting("learning_rate", "learning_rate", float),
    Setting("lr_scheduler_type", "schedule", str),
    Setting("warmup_ratio", "warmup_share", float),
    Setting("per_device_train_batch_size", "batch_size", int),
    Setting("gradient_accumulation_steps", "gradient_accumulation_steps", int),
    Setting("weight_decay", "weight_decay", float),
    Setting("max_grad_norm", "max_grad_norm", float),
    Setting("max_seq_length", "max_tokens", int),
    Setting("lora_r", "lora_rank", int),
    Setting("lora_alpha", "lora_alpha", float),
    Setting("use_rslora", "lora_rslora", bool),
    Setting("lora_dropout", "lora_dropout", float),
    Setting("lora_target_modules", "lora_target_modules", str),
    Setting("eval_share", "evaluation_share", float),
    Setting("eval_steps", "evaluate_every_steps", int),
    Setting("eval_diagrams", "evaluation_diagrams", int),
    Setting("save_steps", "save_every_steps", int),
    Setting("early_stopping_patience", "early_stopping_patience", int),
    Setting("instruction", "instruction", str),
    Setting("on_bad_row", "on_bad_row", str),
    Setting("seed", "seed", int),
    Setting("precision", "precision", str),
    Setting("threads", "threads", int),
    Setting("processes", "processes", int),
    Setting("report_to", "tracker", str),
)

_METAVARS = {int: "N", float: "X", str: "TEXT"}


def argument_parser() -> argparse.ArgumentParser:
    """The flags of the command, spelled with underscores; `main` takes dashes too."""
    parser = argparse.ArgumentParser(
        prog="mermaid_finetune_cpu.py",
        description="Fine-tune a language model with LoRA on a CPU, on rows of a description and "
        "its Mermaid diagram. A flag may be spelled with dashes for underscores.",
        allow_abbrev=False,
    )
    _add_files(parser)
    documentation = field_documentation()
    for setting in SETTINGS:
        default = getattr(TrainingConfig(), setting.field)
        parser.add_argument(
            *dict.fromkeys([f"--{setting.flag}", f"--{setting.field}"]),
            dest=setting.field,
            help=f"{documentation[setting.field]} Default: {_shown(default)}.",
            **_value_of(setting),
        )
    return parser


def _value_of(setting: Setting) -> dict[str, Any]:
    """What the parser reads behind a flag."""
    if setting.kind is bool:
        return {"action": "store_const", "const": True}
    several = setting.field == "lora_target_modules"
    return {
        "type": setting.kind,
        "nargs": "+" if several else None,
        "metavar": _METAVARS[setting.kind],
    }


def _add_files(parser: argparse.ArgumentParser) -> None:
    """What is read, where the result goes, and how the run is shown."""
    add = parser.add_argument
    add(
        *("--model_name_or_path", "--model"),
        required=True,
        metavar="MODEL",
        help="Base model: Hub id, short name of `naiad models list`, folder or .gguf file.",
    )
    add(
        "--train_data_path",
        required=True,
        type=Path,
        metavar="FILE",
        help="Rows in Gemini tuning, OpenAI, prompt/completion or Alpaca format.",
    )
    add(
        *("--output_dir", "--output"),
        required=True,
        type=Path,
        metavar="DIR",
        help="Folder for the adapter.",
    )
    add(
        *("--eval_data_path", "--eval_data"),
        type=Path,
        metavar="FILE",
        help="Rows to measure the loss on, in place of a share of the training rows.",
    )
    add(
        "--cache_dir",
        type=Path,
        metavar="DIR",
        help="Where models and their converted weights are kept, in place of NAIAD_HOME.",
    )
    add(
        "--logging_steps",
        type=_positive,
        metavar="N",
        help="Print every Nth step. Default: a progress bar on a terminal, elsewhere every "
        f"{STEPS_BETWEEN_LINES}th.",
    )
    add(
        *("--resume_from_checkpoint", "--resume"),
        action="store_true",
        help="Go on from the newest usable checkpoint in --output_dir.",
    )
    add(
        *("--overwrite_output_dir", "--overwrite"),
        action="store_true",
        help="Replace the adapter or the run in --output_dir.",
    )
    add("--estimate", action="store_true", help="Print what it will cost, and stop there.")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def _shown(default: object) -> str:
    if isinstance(default, tuple):
        return " ".join(default)
    return "unset" if default is None else str(default)


def training_config(arguments: argparse.Namespace) -> TrainingConfig:
    """What the flags say; a flag that is not given leaves the package's default.

    Raises ConfigError that lists everything wrong.
    """
    given = {setting.field: getattr(arguments, setting.field) for setting in SETTINGS}
    settings = {field: value for field, value in given.items() if value is not None}
    if "lora_target_modules" in settings:
        # `q_proj v_proj` and `q_proj,v_proj` are both in use.
        settings["lora_target_modules"] = ",".join(settings["lora_target_modules"]).split(",")
    return config_from(settings)


def with_underscores(arguments: Sequence[str]) -> list[str]:
    """Flags as the parser spells them: ["--lora-r=8", "a-b"] -> ["--lora_r=8", "a-b"]"""
    return [
        re.sub(r"^--[\w-]+", lambda flag: "--" + flag[0][2:].replace("-", "_"), argument)
        for argument in arguments
    ]


def _run(arguments: argparse.Namespace) -> None:
    if arguments.cache_dir is not None:
        # Both are read when the first model is looked for, which is later than here.
        cache = str(arguments.cache_dir.resolve())
        os.environ.update(NAIAD_HOME=cache, HF_HUB_CACHE=cache)
    run_training(
        arguments.train_data_path,
        arguments.model_name_or_path,
        arguments.output_dir,
        training_config(arguments),
        evaluation_data=arguments.eval_data_path,
        resume=arguments.resume_from_checkpoint,
        overwrite=arguments.overwrite_output_dir,
        estimate_only=arguments.estimate,
        lines_every_steps=arguments.logging_steps,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        _run(argument_parser().parse_args(with_underscores(words)))
    except ModelError as error:
        hint = f"{error.hint} (with --model_name_or_path)"
        print_error(type(error)(error.message, hint=hint))
    except NaiadError as error:
        print_error(error)
    except typer.Exit as stop:
        return stop.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_STOPPED
    else:
        return EXIT_OK
    return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
