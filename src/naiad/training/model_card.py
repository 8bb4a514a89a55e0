"""The README.md of an adapter folder, in the form the Hub understands."""

from __future__ import annotations

from naiad.lora.record import AdapterRecord

_CARD = """---
base_model: {base_model}
library_name: peft
pipeline_tag: text-generation
tags:
- lora
- mermaid
- naiad
---

# Mermaid diagrams with {base_name}

A LoRA adapter of `{base_model}`, trained with Naiad {naiad} on a CPU. It turns a description in
plain language into a Mermaid diagram.

## Use

```
naiad generate "Create a flowchart for a login process" --model {base_name} --adapter FOLDER
```

It is a PEFT adapter, so `peft.PeftModel.from_pretrained` loads it too. Ask with the chat template
of the base model and the system instruction it was trained with:

> {instruction}

## Training

{table}
{picture}
Loss is the mean cross entropy per answer token, in nats. `log.jsonl` has every step, `naiad.json`
every setting.
"""


def model_card(record: AdapterRecord, base_model: str, picture: str | None = None) -> str:
    """Text of the card.

    base_model: Hub id, or the model's name where it has none. picture: file of the losses' curves
    in the same folder, None where there is none.
    """
    rows = {
        "rows": record.data.get("train_rows"),
        "rows kept back": record.data.get("evaluation_rows"),
        "tokens": record.data.get("train_tokens"),
        "steps": record.result.get("steps"),
        "loss, first step": _rounded(record.result.get("first_loss")),
        "loss, last steps": _rounded(record.result.get("last_loss")),
        "lowest loss on rows kept back": _rounded(record.result.get("best_evaluation_loss")),
        "rank": record.config.get("lora_rank"),
        "alpha": record.config.get("lora_alpha"),
        "learning rate": record.config.get("learning_rate"),
        "batch size": record.config.get("batch_size"),
    }
    lines = ["| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in rows.items() if value is not None]
    return _CARD.format(
        base_model=base_model,
        base_name=record.base_name,
        naiad=record.versions.get("naiad", ""),
        instruction=(record.instruction or "").replace("\n", "\n> "),
        table="\n".join(lines),
        picture=f"\n![The loss, step by step]({picture})\n" if picture else "",
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
