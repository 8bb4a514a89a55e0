"""One pack through the decoder and back: the loss, and the gradient of the adapter.

T tokens, H wide. The residual stream is kept at the input of every layer's two halves; everything
else that backward needs is either kept small (gate and up, attention's own results, x @ A.T) or
computed again (norms). The gradient stops at the first layer's adapters: the embedding is frozen.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import torch

from naiad.decoder.adapter import LoraGroup
from naiad.decoder.architecture import DecoderShape, RotaryTable
from naiad.decoder.attention import PackAttention
from naiad.decoder.buffers import Buffers
from naiad.decoder.dropout import Dropout
from naiad.decoder.kernels import add_rms_norm_gradient, rms_norm, rotate
from naiad.decoder.mlp import DOWN, GATE_UP, MlpLora, Projected
from naiad.decoder.packing import Pack
from naiad.decoder.weights import DecoderWeights, LayerWeights

CHUNK_TOKENS = 320
"""Tokens computed at a time: enough that a matrix is multiplied at full speed, few enough that
the results (9,728 columns of 4 bytes in a small Qwen) do not leave the processor's cache."""

MOST_KEPT_TOKENS = 512
"""Of a longer pack gate and up, more than half of what a token keeps, are computed again."""

QKV, OUTPUT = 0, 1

LayerLora = list[LoraGroup | None]
"""The groups of adapter.GROUPS, in their order."""


@dataclass(frozen=True)
class LoraWeights:
    """An adapter's matrices by layer."""

    exact: list[LayerLora]
    """float32"""
    mlp: list[LayerLora]
    """In the MLP's own type; the same where that is float32."""
    scale: float


@dataclass
class _LayerMemory:
    """What one layer keeps for backward."""

    half: torch.Tensor
    """(T', H): the stream behind attention, at the tokens that go on."""
    qkv: torch.Tensor
    attended: torch.Tensor
    gate_up: torch.Tensor
    log_sums: list[torch.Tensor] = field(default_factory=list)
    of_qkv: list[torch.Tensor | None] = field(default_factory=list)
    of_output: list[torch.Tensor | None] = field(default_factory=list)
    of_mlp: list[Projected] = field(default_factory=list)


class PackPass:
    """Forward and backward of one pack; use it once."""

    def __init__(
        self,
        shape: DecoderShape,
        weights: DecoderWeights,
        rotary: RotaryTable,
        lora: LoraWeights,
        dropout: Dropout,
        pack: Pack,
        buffers: Buffers,
    ) -> None:
        self._shape, self._weights, self._lora = shape, weights, lora
        self._dropout, self._pack, self._buffers = dropout, pack, buffers
        self._cosine, self._sine = rotary.at(pack.positions)
        self._attention = PackAttention(shape, pack)
        self._keeps_gate_up = len(pack) <= MOST_KEPT_TOKENS
        self._streams: list[torch.Tensor] = []
        self._memories: list[_LayerMemory] = []

    def loss(self) -> float:
        """Summed loss in nats."""
        hidden, _, _ = self._forward(keep=False)
        return self._weights.head.loss(hidden, self._pack.targets, self._buffers)

    def loss_and_gradients(self, weight: float, gradients: list[LayerLora]) -> float:
        """Summed loss; adds the gradient of weight * loss to `gradients`."""
        hidden, stream, inverse_rms = self._forward(keep=True)
        below = torch.empty_like(hidden)
        loss = self._weights.head.loss_and_gradient(
            hidden, self._pack.targets, weight, below, self._buffers
        )
        gradient = torch.zeros_like(stream)
        _add_norm_gradient(below, stream, self._weights.norm, inverse_rms, gradient)
        for number in reversed(range(self._shape.layers)):
            gradient = self._layer_backward(number, gradient, gradients[number])
        return loss

    def _forward(self, keep: bool) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Normalized stream, stream and 1 / rms at the predicting tokens, (N, H), (N, H), (N,)."""
        stream = self._take("stream", 0, self._shape.hidden)
        stream.copy_(self._weights.embedding[self._pack.ids])
        for number in range(self._shape.layers):
            slot = number if keep else number % 2
            stream = self._layer_forward(number, slot, stream)
        hidden = torch.empty_like(stream)
        inverse_rms = _norm(stream, self._weights.norm, self._shape.norm_epsilon, hidden)
        return hidden, stream, inverse_rms

    def _layer_forward(self, number: int, slot: int, stream: torch.Tensor) -> torch.Tensor:
        layer, lora = self._weights.layers[number], self._lora.exact[number]
        memory = self._memory(number, slot)
        self._streams.append(stream)
        self._memories.append(memory)
        normalized = self._take("normalized", 0, self._shape.hidden)
        _norm(stream, layer.attention_norm, self._shape.norm_epsilon, normalized)
        for rows in _chunks(len(stream)):
            layer.qkv.multiply(normalized[rows], memory.qkv[rows], self._buffers)
            projected = self._add_lora(
                lora[QKV], normalized[rows], memory.qkv[rows], number, QKV, rows
            )
            memory.of_qkv.append(projected)
        if layer.qkv_bias is not None:
            memory.qkv.add_(layer.qkv_bias)
        self._rotate(memory.qkv, 1.0)
        memory.log_sums = self._attention.forward(memory.qkv, memory.attended)
        if number == self._shape.layers - 1:
            # Behind the last attention only the tokens that predict a counted one matter.
            stream = stream[self._pack.predicting]
            memory.attended = memory.attended[self._pack.predicting]
        return self._second_half(number, slot, layer, memory, stream)

    def _second_half(
        self,
        number: int,
        slot: int,
        layer: LayerWeights,
        memory: _LayerMemory,
        stream: torch.Tensor,
    ) -> torch.Tensor:
        """Attention's output matrix, and the MLP."""
        lora, hidden = self._lora.exact[number], self._shape.hidden
        out = self._buffers.take(f"stream {slot + 1}", stream.shape, torch.float32)
        memory.half = memory.half[: len(stream)]
        normalized = self._take("normalized", 0, hidden)[: len(stream)]
        result = self._buffers.take("result", (CHUNK_TOKENS, hidden), torch.float32)
        for rows in _chunks(len(stream)):
            added = result[: rows.stop - rows.start]
            layer.output.multiply(memory.attended[rows], added, self._buffers)
            projected = self._add_lora(
                lora[OUTPUT], memory.attended[rows], added, number, OUTPUT, rows
            )
            memory.of_output.append(projected)
            if layer.output_bias is not None:
                added.add_(layer.output_bias)
            torch.add(stream[rows], added, out=memory.half[rows])
            _norm(memory.half[rows], layer.mlp_norm, self._shape.norm_epsilon, normalized[rows])
            memory.of_mlp.append(self._mlp_forward(number, rows, normalized[rows], added))
            torch.add(memory.half[rows], added, out=out[rows])
        return out

    def _mlp_forward(
        self, number: int, rows: slice, normalized: torch.Tensor, out: torch.Tensor
    ) -> Projected:
        return self._weights.layers[number].mlp.forward(
            normalized,
            out,
            self._gate_up(number, rows),
            self._mlp_lora(number),
            self._lora.scale,
            lambda x, group: self._dropout(x, number, group, rows.start),
            self._buffers,
        )

    def _gate_up(self, number: int, rows: slice) -> torch.Tensor:
        """Where gate and up of a chunk are, or are made again."""
        gate_up = self._memories[number].gate_up
        return gate_up[rows] if self._keeps_gate_up else gate_up[: rows.stop - rows.start]

    def _layer_backward(self, number: int, gradient: torch.Tensor, into: LayerLora) -> torch.Tensor:
        """Gradient by the layer's input (T, H), for `gradient` by its output, which is used up."""
        layer, memory = self._weights.layers[number], self._memories[number]
        attended_gradient = self._second_half_backward(number, layer, memory, gradient, into)
        if number == self._shape.layers - 1:
            gradient = self._spread(gradient, "spread", self._shape.hidden)
            attended_gradient = self._spread(
                attended_gradient, "spread heads", self._shape.query_columns
            )
            memory.attended = self._spread(memory.attended, "heads", self._shape.query_columns)
        qkv_gradient = self._take("qkv gradient", 0, memory.qkv.shape[1])
        self._attention.backward(
            attended_gradient, memory.qkv, memory.attended, memory.log_sums, qkv_gradient
        )
        self._rotate(qkv_gradient, -1.0)
        return self._qkv_backward(number, layer, memory, qkv_gradient, gradient, into)

    def _second_half_backward(
        self,
        number: int,
        layer: LayerWeights,
        memory: _LayerMemory,
        gradient: torch.Tensor,
        into: LayerLora,
    ) -> torch.Tensor:
        """Adds the MLP's part to `gradient`; returns that by attention's result."""
        hidden, epsilon = self._shape.hidden, self._shape.norm_epsilon
        attended_gradient = self._take("attended gradient", 0, self._shape.query_columns)
        attended_gradient = attended_gradient[: len(gradient)]
        normalized = self._buffers.take("chunk norm", (CHUNK_TOKENS, hidden), torch.float32)
        result = self._buffers.take("result", (CHUNK_TOKENS, hidden), torch.float32)
        for chunk, rows in enumerate(_chunks(len(gradient))):
            count = rows.stop - rows.start
            half, below = memory.half[rows], result[:count]
            inverse_rms = _norm(half, layer.mlp_norm, epsilon, normalized[:count])
            if not self._keeps_gate_up:
                self._mlp_forward(number, rows, normalized[:count], below)
            layer.mlp.backward(
                gradient[rows],
                normalized[:count],
                self._gate_up(number, rows),
                memory.of_mlp[chunk],
                self._mlp_lora(number),
                MlpLora(into[GATE_UP], into[DOWN]),
                self._lora.scale,
                lambda x, group: self._dropout(x, number, group, rows.start),  # noqa: B023
                below,
                self._buffers,
            )
            _add_norm_gradient(below, half, layer.mlp_norm, inverse_rms, gradient[rows])
            layer.output.multiply_back(gradient[rows], attended_gradient[rows], self._buffers)
            self._lora_backward(
                (self._lora.exact[number][OUTPUT], into[OUTPUT]),
                gradient[rows],
                memory.attended[rows],
                memory.of_output[chunk],
                attended_gradient[rows],
                (number, OUTPUT, rows.start),
            )
        return attended_gradient

    def _qkv_backward(
        self,
        number: int,
        layer: LayerWeights,
        memory: _LayerMemory,
        qkv_gradient: torch.Tensor,
        gradient: torch.Tensor,
        into: LayerLora,
    ) -> torch.Tensor:
        stream, epsilon = self._streams[number], self._shape.norm_epsilon
        normalized = self._buffers.take(
            "chunk norm", (CHUNK_TOKENS, self._shape.hidden), torch.float32
        )
        result = self._buffers.take("result", normalized.shape, torch.float32)
        for chunk, rows in enumerate(_chunks(len(stream))):
            count = rows.stop - rows.start
            below = result[:count]
            inverse_rms = _norm(stream[rows], layer.attention_norm, epsilon, normalized[:count])
            if number > 0:
                layer.qkv.multiply_back(qkv_gradient[rows], below, self._buffers)
            self._lora_backward(
                (self._lora.exact[number][QKV], into[QKV]),
                qkv_gradient[rows],
                normalized[:count],
                memory.of_qkv[chunk],
                below if number > 0 else None,
                (number, QKV, rows.start),
            )
            if number > 0:
                _add_norm_gradient(
                    below, stream[rows], layer.attention_norm, inverse_rms, gradient[rows]
                )
        return gradient

    def _add_lora(
        self,
        group: LoraGroup | None,
        x: torch.Tensor,
        out: torch.Tensor,
        number: int,
        place: int,
        rows: slice,
    ) -> torch.Tensor | None:
        if group is None:
            return None
        projected = group.project(self._dropout(x, number, place, rows.start), self._lora.scale)
        group.add_to(projected, out)
        return projected

    def _lora_backward(
        self,
        groups: tuple[LoraGroup | None, LoraGroup | None],
        gradient: torch.Tensor,
        x: torch.Tensor,
        projected: torch.Tensor | None,
        x_gradient: torch.Tensor | None,
        place: tuple[int, int, int],
    ) -> None:
        """Adds the gradients of A and B, and that by x where it is wanted."""
        group, into = groups
        if group is None or into is None or projected is None:
            return
        dropped = self._dropout(x, *place)
        through = group.gradients(gradient, dropped, projected, self._lora.scale, into)
        if x_gradient is not None:
            x_gradient.add_(self._dropout(torch.mm(through, group.a), *place))

    def _mlp_lora(self, number: int) -> MlpLora:
        groups = self._lora.mlp[number]
        return MlpLora(groups[GATE_UP], groups[DOWN])

    def _rotate(self, qkv: torch.Tensor, direction: float) -> None:
        heads = self._shape.heads + self._shape.kv_heads
        rotate(qkv.numpy(), heads, self._cosine.numpy(), self._sine.numpy(), direction)

    def _spread(self, values: torch.Tensor, name: str, columns: int) -> torch.Tensor:
        """The predicting tokens' values (N, columns) at their places among all, 0 elsewhere."""
        full = self._take(name, 0, columns)
        return full.zero_().index_copy_(0, self._pack.predicting, values)

    def _memory(self, number: int, slot: int) -> _LayerMemory:
        shape, mlp = self._shape, self._weights.layers[number].mlp
        qkv_columns = shape.query_columns + 2 * shape.key_columns
        return _LayerMemory(
            half=self._take("half", slot, shape.hidden),
            qkv=self._take("qkv", slot, qkv_columns),
            attended=self._take("attended", slot, shape.query_columns),
            gate_up=self._buffers.take(
                f"gate and up {slot if self._keeps_gate_up else 0}",
                (
                    len(self._pack) if self._keeps_gate_up else CHUNK_TOKENS,
                    2 * shape.intermediate,
                ),
                mlp.kept_dtype,
            ),
        )

    def _take(
        self, name: str, slot: int, columns: int, dtype: torch.dtype = torch.float32
    ) -> torch.Tensor:
        return self._buffers.take(f"{name} {slot}", (len(self._pack), columns), dtype)


def _chunks(tokens: int) -> list[slice]:
    """Slices of nearly equal size, at most CHUNK_TOKENS each."""
    count = max(1, math.ceil(tokens / CHUNK_TOKENS))
    bounds = [tokens * number // count for number in range(count + 1)]
    return [slice(start, end) for start, end in itertools.pairwise(bounds)]


def _norm(x: torch.Tensor, weight: torch.Tensor, epsilon: float, out: torch.Tensor) -> torch.Tensor:
    """RMS norm into out; returns 1 / rms of every row."""
    inverse_rms = torch.empty(len(x))
    rms_norm(x.numpy(), weight.numpy(), epsilon, out.numpy(), inverse_rms.numpy())
    return inverse_rms


def _add_norm_gradient(
    gradient: torch.Tensor,
    x: torch.Tensor,
    weight: torch.Tensor,
    inverse_rms: torch.Tensor,
    out: torch.Tensor,
) -> None:
    add_rms_norm_gradient(
        gradient.numpy(), x.numpy(), weight.numpy(), inverse_rms.numpy(), out.numpy()
    )
