"""Causal attention of each row of a pack over the prefix and itself, with grouped queries."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from naiad.decoder.architecture import DecoderShape
from naiad.decoder.packing import Pack

_forward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


@dataclass(frozen=True)
class _Window:
    """Queries of some tokens over the keys of the prefix and of themselves."""

    start: int
    end: int
    prefix: int
    mask: torch.Tensor | None
    """(queries, keys), 0 or -inf; None where there is no prefix and causal says it all."""


class PackAttention:
    """Attention for one pack; the masks are made once for all layers.

    Computed by torch's flash attention (arXiv 2205.14135), which keeps no (T, T) matrix.
    """

    def __init__(self, shape: DecoderShape, pack: Pack) -> None:
        self._shape = shape
        spans = [(0, pack.prefix, 0)] if pack.prefix else []
        spans += [(start, end, pack.prefix) for start, end in pack.spans]
        self._windows = [_Window(s, e, prefix, _mask(e - s, prefix)) for s, e, prefix in spans]

    def forward(self, qkv: torch.Tensor, out: torch.Tensor) -> list[torch.Tensor]:
        """Write the heads' results to out: (T, heads * D); returns what backward needs.

        qkv: (T, columns): rotated queries, rotated keys, values.
        """
        kept = []
        for window in self._windows:
            queries, keys, values = self._inputs(qkv, window)
            result, log_sums = _forward(
                queries, keys, values, 0.0, window.mask is None, attn_mask=window.mask
            )
            self._heads(out, window)[:] = result
            kept.append(log_sums)
        return kept

    def backward(
        self,
        gradient: torch.Tensor,
        qkv: torch.Tensor,
        out: torch.Tensor,
        kept: list[torch.Tensor],
        qkv_gradient: torch.Tensor,
    ) -> None:
        """Write the gradient by qkv, for `gradient` by out: (T, heads * D)."""
        keys_start = self._shape.query_columns
        qkv_gradient[:, keys_start:] = 0
        for window, log_sums in zip(self._windows, kept, strict=True):
            queries, keys, values = self._inputs(qkv, window)
            of_queries, of_keys, of_values = _backward(
                self._heads(gradient, window),
                queries,
                keys,
                values,
                self._heads(out, window),
                log_sums,
                0.0,
                window.mask is None,
                attn_mask=window.mask,
            )
            self._heads(qkv_gradient, window)[:] = of_queries
            self._add_to_keys(qkv_gradient, window, of_keys, of_values)

    def _inputs(self, qkv: torch.Tensor, window: _Window) -> tuple[torch.Tensor, ...]:
        shape = self._shape
        own = qkv[window.start : window.end]
        seen = torch.cat((qkv[: window.prefix], own)) if window.prefix else own
        q_end, k_end = shape.query_columns, shape.query_columns + shape.key_columns
        return (
            _split(own[:, :q_end], shape.heads),
            _split(seen[:, q_end:k_end], shape.kv_heads),
            _split(seen[:, k_end:], shape.kv_heads),
        )

    def _heads(self, array: torch.Tensor, window: _Window) -> torch.Tensor:
        """The window's rows of the first heads * D columns, as (1, heads, n, D)."""
        rows = array[window.start : window.end, : self._shape.query_columns]
        return _split(rows, self._shape.heads)

    def _add_to_keys(
        self,
        qkv_gradient: torch.Tensor,
        window: _Window,
        of_keys: torch.Tensor,
        of_values: torch.Tensor,
    ) -> None:
        start = self._shape.query_columns
        both = torch.cat((_joined(of_keys), _joined(of_values)), dim=1)
        qkv_gradient[: window.prefix, start:] += both[: window.prefix]
        qkv_gradient[window.start : window.end, start:] += both[window.prefix :]


def _split(rows: torch.Tensor, heads: int) -> torch.Tensor:
    """(n, heads * D) -> (1, heads, n, D), a view."""
    return rows.unflatten(1, (heads, -1)).transpose(0, 1)[None]


def _joined(heads: torch.Tensor) -> torch.Tensor:
    """(1, heads, n, D) -> (n, heads * D)"""
    return heads[0].transpose(0, 1).flatten(1)


def _mask(queries: int, prefix: int) -> torch.Tensor | None:
    if not prefix:
        return None
    return torch.full((queries, prefix + queries), float("-inf")).triu_(prefix + 1)
