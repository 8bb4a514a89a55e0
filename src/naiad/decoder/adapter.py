"""LoRA matrices of a whole model in one vector (arXiv 2106.09685), and their part of a layer."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import torch

from naiad.decoder.architecture import DecoderShape

GROUPS = (
    ("self_attn", ("q_proj", "k_proj", "v_proj")),
    ("self_attn", ("o_proj",)),
    ("mlp", ("gate_proj", "up_proj")),
    ("mlp", ("down_proj",)),
)
"""Linear modules that read the same input, hence are multiplied together."""

MODULES = tuple(module for _, modules in GROUPS for module in modules)


@dataclass(frozen=True)
class _Part:
    """One adapted module within its group."""

    name: str
    columns: slice
    """Its columns of the group's output."""
    ranks: slice
    """Its columns of x @ A.T."""


@dataclass(frozen=True)
class GroupLayout:
    """Where a group's matrices lie in the vector."""

    inputs: int
    a_start: int
    parts: tuple[tuple[_Part, int], ...]
    """Each module with the start of its B."""


class AdapterLayout:
    """Names, shapes and places of all LoRA matrices of rank r."""

    def __init__(self, shape: DecoderShape, targets: Collection[str], rank: int) -> None:
        self.rank = rank
        self.layers: list[list[GroupLayout | None]] = []
        self.elements = 0
        for layer in range(shape.layers):
            self.layers.append(
                [self._place(shape, layer, *group, targets=targets) for group in GROUPS]
            )

    def _place(
        self,
        shape: DecoderShape,
        layer: int,
        block: str,
        modules: tuple[str, ...],
        *,
        targets: Collection[str],
    ) -> GroupLayout | None:
        widths = _output_widths(shape)
        column = 0
        parts: list[_Part] = []
        for module in modules:
            if module in targets:
                ranks = slice(len(parts) * self.rank, (len(parts) + 1) * self.rank)
                name = f"base_model.model.model.layers.{layer}.{block}.{module}"
                parts.append(_Part(name, slice(column, column + widths[module]), ranks))
            column += widths[module]
        if not parts:
            return None
        inputs = _input_width(shape, modules[0])
        a_start = self.elements
        self.elements += len(parts) * self.rank * inputs
        placed = []
        for part in parts:
            placed.append((part, self.elements))
            self.elements += (part.columns.stop - part.columns.start) * self.rank
        return GroupLayout(inputs, a_start, tuple(placed))

    def tensors(self, vector: torch.Tensor) -> Iterator[tuple[str, torch.Tensor]]:
        """(PEFT's name, view into the vector) of every matrix: A (r, inputs), B (outputs, r)."""
        for group in (group for layer in self.layers for group in layer if group is not None):
            for number, (part, b_start) in enumerate(group.parts):
                start = group.a_start + number * self.rank * group.inputs
                a = vector[start : start + self.rank * group.inputs]
                yield f"{part.name}.lora_A.weight", a.view(self.rank, group.inputs)
                outputs = part.columns.stop - part.columns.start
                b = vector[b_start : b_start + outputs * self.rank]
                yield f"{part.name}.lora_B.weight", b.view(outputs, self.rank)

    def initial(self, seed: int) -> torch.Tensor:
        """A fresh adapter, which changes nothing: A as PEFT draws it (Kaiming), B zero."""
        vector = torch.zeros(self.elements)
        generator = torch.Generator().manual_seed(seed)
        for name, tensor in self.tensors(vector):
            if name.endswith("lora_A.weight"):
                torch.nn.init.kaiming_uniform_(tensor, a=math.sqrt(5), generator=generator)
        return vector

    def views(self, vector: torch.Tensor) -> list[list[LoraGroup | None]]:
        """The groups of each layer, as views into a vector of weights or of gradients."""
        return [
            [None if group is None else self._view(vector, group) for group in layer]
            for layer in self.layers
        ]

    def _view(self, vector: torch.Tensor, group: GroupLayout) -> LoraGroup:
        rows = len(group.parts) * self.rank
        a = vector[group.a_start : group.a_start + rows * group.inputs].view(rows, group.inputs)
        bs = []
        for part, start in group.parts:
            outputs = part.columns.stop - part.columns.start
            bs.append(vector[start : start + outputs * self.rank].view(outputs, self.rank))
        return LoraGroup(a, tuple(bs), tuple(part for part, _ in group.parts))


@dataclass(frozen=True)
class LoraGroup:
    """LoRA of the modules that read one input x: output += scale * (x @ A.T) @ B.T for each."""

    a: torch.Tensor
    """(R, inputs): the A of every module of the group, one below the other."""
    b: tuple[torch.Tensor, ...]
    """(outputs, r) of every module."""
    parts: tuple[_Part, ...]

    def project(self, x: torch.Tensor, scale: float) -> torch.Tensor:
        """scale * x @ A.T: (M, R)."""
        return torch.mm(x, self.a.t()).mul_(scale)

    def add_to(self, projected: torch.Tensor, out: torch.Tensor) -> None:
        """Add what the adapters give to the group's output (M, columns)."""
        for part, b in zip(self.parts, self.b, strict=True):
            out[:, part.columns].addmm_(projected[:, part.ranks], b.t())

    def write_to(self, projected: torch.Tensor, out: torch.Tensor) -> None:
        """The same in place of the output; columns without an adapter become 0."""
        covered = sum(part.columns.stop - part.columns.start for part in self.parts)
        if covered < out.shape[1]:
            out.zero_()
        for part, b in zip(self.parts, self.b, strict=True):
            out[:, part.columns] = torch.mm(projected[:, part.ranks], b.t())

    def gradients(
        self,
        gradient: torch.Tensor,
        x: torch.Tensor,
        projected: torch.Tensor,
        scale: float,
        into: LoraGroup,
    ) -> torch.Tensor:
        """Add the gradients of A and B to `into`; returns that of x @ A.T, (M, R).

        gradient: (M, columns) by the group's output; x, projected: as in the forward pass.
        The gradient by x is the result @ A.
        """
        below = torch.empty(len(x), len(self.a), dtype=x.dtype)
        for part, b, b_gradient in zip(self.parts, self.b, into.b, strict=True):
            columns = gradient[:, part.columns]
            b_gradient.add_(torch.mm(projected[:, part.ranks].t(), columns).t())
            below[:, part.ranks] = torch.mm(columns, b).mul_(scale)
        into.a.add_(torch.mm(below.t(), x))
        return below


def _output_widths(shape: DecoderShape) -> dict[str, int]:
    return {
        "q_proj": shape.query_columns,
        "k_proj": shape.key_columns,
        "v_proj": shape.key_columns,
        "o_proj": shape.hidden,
        "gate_proj": shape.intermediate,
        "up_proj": shape.intermediate,
        "down_proj": shape.hidden,
    }


def _input_width(shape: DecoderShape, module: str) -> int:
    return {"o_proj": shape.query_columns, "down_proj": shape.intermediate}.get(
        module, shape.hidden
    )
