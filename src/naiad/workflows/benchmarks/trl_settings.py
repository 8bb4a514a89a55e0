"""What TRL's SFTTrainer offers to train faster on a CPU, and the order in which it is tried.

Read from TRL 1.16's own source. Not among them: what changes the objective (the loss `dft`) and
what no CPU can run or gains from: FlashAttention, Liger's Triton kernels, the Hub's kernels (for
CPUs there is one, of mixtures of experts in inference), activation offloading, and sharding.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class TrlSettings:
    """One way to run SFTTrainer."""

    name: str = "fp32"
    dtype: str = "float32"
    """Of the frozen weights."""
    autocast: bool = False
    """SFTConfig(bf16=True): products in bfloat16 over weights of `dtype`."""
    quantization: str | None = None
    """bitsandbytes' `int8` or `nf4`."""
    batch_size: int = 1
    """Rows computed at once, padded to the longest of them."""
    padding_free: bool = False
    """The batch's rows end to end, with a mask that keeps them apart."""
    packing: str | None = None
    """SFTConfig's packing_strategy: `bfd` keeps rows whole, `wrapped` cuts them."""
    packed_tokens: int = 0
    """Length of a pack."""
    compiled: bool = False
    """torch.compile with inductor, which needs a C++ compiler."""
    spinning: bool = False
    """Threads spin while they wait, which is OpenMP's default and not Naiad's."""

    @property
    def precision(self) -> str:
        """The type of most products: fp32, bf16 or int8."""
        if self.quantization == "int8":
            return "int8"
        return "bf16" if self.autocast or self.dtype == "bfloat16" else "fp32"

    def with_changes(self, name: str, changes: dict[str, Any]) -> TrlSettings:
        """These settings and more of them; "bf16" with "pack 1024" -> "bf16, pack 1024"."""
        return TrlSettings(**asdict(self) | changes | {"name": f"{self.name}, {name}"})


PRECISIONS: tuple[TrlSettings, ...] = (
    TrlSettings("fp32"),
    TrlSettings("bf16", dtype="bfloat16"),
    TrlSettings("bf16 autocast", autocast=True),
    TrlSettings("bitsandbytes int8", dtype="bfloat16", quantization="int8"),
    TrlSettings("bitsandbytes nf4", dtype="bfloat16", quantization="nf4"),
)
"""Tried first, a row at a time."""

REFINEMENTS: tuple[dict[str, dict[str, Any]], ...] = (
    {
        "batch": {"batch_size": 4},
        "padding-free": {"batch_size": 4, "padding_free": True},
        "packed 1024": {"packing": "bfd", "packed_tokens": 1024},
        "packed 2048": {"packing": "bfd", "packed_tokens": 2048},
        "wrapped 1024": {"packing": "wrapped", "packed_tokens": 1024},
    },
    {"compiled": {"compiled": True}, "spinning": {"spinning": True}},
)
"""Tried on top of the fastest so far, one group after the other."""
