"""The systems that `naiad bench train` compares, by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class System:
    """One of the systems that are compared."""

    name: str
    description: str
    precision: str
    """Type of its matrix products, fp32, bf16 or int8; of `trl` that of its settings counts."""


TUTORIAL = "tutorial"
TRL = "trl"
NAIAD_FP32 = "naiad-fp32"

SYSTEMS: dict[str, System] = {
    system.name: system
    for system in (
        System(
            TUTORIAL,
            "transformers' Trainer: float32, a row at a time, padded to 512, checkpointing",
            "fp32",
        ),
        System(TRL, "TRL's SFTTrainer with the settings that were fastest here", "fp32"),
        System(NAIAD_FP32, "this project, exact", "fp32"),
        System("naiad-int8", "this project, frozen matrices in int8", "int8"),
        System("naiad-bf16", "this project, frozen matrices in bfloat16", "bf16"),
    )
}

REFERENCES = (TUTORIAL, TRL, NAIAD_FP32)
"""What ratios are given to."""

START_LOSS_TOLERANCE = {"fp32": 1e-3, "bf16": 0.05, "int8": 0.1}
"""How far the mean loss over the warm-up rows, in nats, may lie from an exact system's. Beyond it
a system trains on something else or computes it wrongly, and its seconds say nothing."""
