"""What Naiad is compared with: transformers' Trainer as the tutorial sets it, and TRL."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import peft
import torch
import transformers

from naiad.datasets.tokenizing import TokenizedExample
from naiad.models.weights import load_tokenizer
from naiad.workflows.benchmarks.jobs import TUTORIAL_TOKENS, TrainingJob
from naiad.workflows.benchmarks.meter import Meter
from naiad.workflows.benchmarks.trl_settings import TrlSettings

NOT_COUNTED = -100
"""The label of a token that the loss leaves out, in transformers."""


def train_as_the_tutorial(job: TrainingJob) -> Meter:
    """float32, a row at a time, padded to 512 tokens, activations computed twice.

    The labels are masked to the answer, which the tutorial does not do, so that the objective is
    everyone's.
    """
    model = peft.get_peft_model(_base_model(job, dtype=torch.float32), _lora(job))
    # Without it nothing that the checkpointed layers are given asks for a gradient.
    model.enable_input_require_grads()
    meter = Meter(len(job.warmup_rows) // job.rows_per_step)
    rows = [_padded(row) for row in (*job.warmup_rows, *job.rows)]
    with _arguments_folder() as folder:
        arguments = transformers.TrainingArguments(
            **_common_arguments(job, folder),
            per_device_train_batch_size=1,
            gradient_accumulation_steps=job.rows_per_step,
            gradient_checkpointing=True,
            gradient_checkpointing_kwargs={"use_reentrant": False},
        )
        _metered(transformers.Trainer, meter)(
            model=model,
            args=arguments,
            train_dataset=rows,
            data_collator=transformers.default_data_collator,
        ).train()
    return meter


def train_with_trl(job: TrainingJob) -> Meter:
    """SFTTrainer with the job's settings, on the rows' own token ids and labels."""
    import trl

    settings = TrlSettings(**job.settings)
    warmup, timed = (_trl_rows(rows, settings) for rows in (job.warmup_rows, job.rows))
    at_once = 1 if settings.packing else settings.batch_size
    accumulated = 1 if settings.packing else max(1, job.rows_per_step // at_once)
    meter = Meter(-(-len(warmup) // (at_once * accumulated)))
    with _arguments_folder() as folder:
        arguments = trl.SFTConfig(
            **_common_arguments(job, folder),
            per_device_train_batch_size=at_once,
            gradient_accumulation_steps=accumulated,
            gradient_checkpointing=False,
            bf16=settings.autocast,
            packing=settings.packing is not None,
            packing_strategy=settings.packing or "bfd",
            padding_free=settings.padding_free,
            max_length=settings.packed_tokens or None,
            torch_compile=settings.compiled,
            # The ids are there already; what is packed is packed below, warm-up apart.
            dataset_kwargs={"skip_prepare_dataset": True},
        )
        _metered(trl.SFTTrainer, meter)(
            model=_base_model(job, **_loading(settings)),
            args=arguments,
            train_dataset=datasets.concatenate_datasets([warmup, timed]),
            processing_class=load_tokenizer(Path(job.folder)),
            peft_config=_lora(job),
        ).train()
    return meter


def _base_model(job: TrainingJob, **loading: Any) -> Any:
    model = transformers.AutoModelForCausalLM.from_pretrained(
        job.folder, local_files_only=True, **loading
    )
    model.config.use_cache = False
    return model


def _loading(settings: TrlSettings) -> dict[str, Any]:
    """What from_pretrained is told of the weights' type."""
    loading: dict[str, Any] = {"dtype": getattr(torch, settings.dtype)}
    if settings.quantization == "int8":
        loading["quantization_config"] = transformers.BitsAndBytesConfig(load_in_8bit=True)
    elif settings.quantization == "nf4":
        loading["quantization_config"] = transformers.BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
        )
    return loading


def _lora(job: TrainingJob) -> peft.LoraConfig:
    return peft.LoraConfig(
        task_type="CAUSAL_LM",
        r=job.rank,
        lora_alpha=job.alpha,
        lora_dropout=0.0,
        target_modules="all-linear" if job.targets == ("all-linear",) else list(job.targets),
    )


def _common_arguments(job: TrainingJob, folder: str) -> dict[str, Any]:
    """What both trainers are told: the same steps, and nothing beside them that takes time."""
    return {
        "output_dir": folder,
        "use_cpu": True,
        "num_train_epochs": 1,
        "learning_rate": job.learning_rate,
        "optim": "adamw_torch",
        "max_grad_norm": 1.0,
        "seed": job.seed,
        "train_sampling_strategy": "sequential",
        "dataloader_pin_memory": False,
        "logging_strategy": "no",
        "save_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
    }


@contextlib.contextmanager
def _arguments_folder() -> Any:
    # Nothing is saved, but the arguments want a place to save to.
    with tempfile.TemporaryDirectory() as folder:
        yield folder


def _metered(trainer_class: Any, meter: Meter) -> Any:
    """The trainer, read by the meter; it computes what it computes without."""

    class StepEnds(transformers.TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *arguments: Any, **named: Any) -> None:
            meter.step_done()

    class Metered(trainer_class):  # type: ignore[misc]
        def __init__(self, **named: Any) -> None:
            super().__init__(**named, callbacks=[StepEnds()])
            self.remove_callback(transformers.PrinterCallback)

        def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
                optimizer or self.optimizer, meter.learning_rate_share
            )
            self._created_lr_scheduler = True
            return self.lr_scheduler

        def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
            counted = int((inputs["labels"][..., 1:] != NOT_COUNTED).sum())
            loss = super().training_step(model, inputs, num_items_in_batch)
            # The trainer divides by the answer tokens of the whole step.
            meter.add(float(loss) * float(num_items_in_batch), counted)
            return loss

    return Metered


def _padded(row: TokenizedExample) -> dict[str, list[int]]:
    """The row padded at its end to 512 tokens; any id will do, since it is masked."""
    padding = TUTORIAL_TOKENS - len(row)
    columns = _columns(row)
    return {
        "input_ids": columns["input_ids"] + [0] * padding,
        "attention_mask": [1] * len(row) + [0] * padding,
        "labels": columns["labels"] + [NOT_COUNTED] * padding,
    }


def _columns(row: TokenizedExample) -> dict[str, list[int]]:
    pairs = zip(row.ids.tolist(), row.loss_mask.tolist(), strict=True)
    labels = [token if counts else NOT_COUNTED for token, counts in pairs]
    return {"input_ids": row.ids.tolist(), "labels": labels}


def _trl_rows(rows: Sequence[TokenizedExample], settings: TrlSettings) -> Any:
    """The rows as TRL's dataset; packed by TRL where the settings say so."""
    import trl

    table = datasets.Dataset.from_list([_columns(row) for row in rows])
    if settings.packing is None:
        return table
    return trl.pack_dataset(table, settings.packed_tokens, settings.packing)
