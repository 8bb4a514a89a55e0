"""Each fused kernel computes what torch computes in several passes."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_decoders import torch

from naiad.decoder import head, kernels
from naiad.decoder.buffers import Buffers
from naiad.decoder.matrices import Float32Matrix, Int8Matrix, quantize_matrix


def test_rounding_to_bfloat16_is_torchs() -> None:
    values = torch.cat([torch.randn(1000) * 10.0**power for power in range(-8, 9)])
    rows = values[None].contiguous()
    kept = torch.empty(1, rows.shape[1], dtype=torch.bfloat16)
    width = rows.shape[1] // 2
    ones = np.ones(rows.shape[1], np.float32)
    # Sums of 0 leave what LoRA adds, so gate and up are rounded and nothing else.
    kernels.int8_mlp(
        np.zeros(rows.shape, np.int32),
        np.ones(1, np.float32),
        ones,
        rows.bfloat16().view(torch.uint16).numpy(),
        True,
        kept.view(torch.uint16).numpy(),
        np.empty((1, width), np.uint16),
        np.empty((1, width), np.int8),
        np.empty(1, np.float32),
    )
    assert torch.equal(kept, rows.bfloat16())


def test_silu_is_torchs_far_into_both_tails() -> None:
    gate = torch.linspace(-80, 120, 4001)
    gate_up = torch.cat([gate, torch.ones_like(gate)])[None].contiguous()
    out = torch.empty(1, len(gate))
    kernels.silu_times(gate_up.numpy(), out.numpy())
    assert torch.allclose(out[0], torch.nn.functional.silu(gate), rtol=1e-6, atol=1e-30)


def test_quantized_rows_are_within_half_a_step() -> None:
    rows = torch.randn(5, 100) * torch.tensor([[1e-6], [1.0], [1e4], [0.0], [3.0]])
    values, scales = quantize_matrix(rows)
    error = (values.float() * scales[:, None] - rows).abs()
    assert bool((error <= scales[:, None] * 0.5001).all())
    assert int(values[3].abs().sum()) == 0


@pytest.mark.parametrize("spread", [0.2, 3.0])
def test_the_int8_head_gives_loss_and_gradient(
    monkeypatch: pytest.MonkeyPatch, spread: float
) -> None:
    monkeypatch.setattr(head, "_VOCABULARY_BLOCK", 70)
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(1000, 32, generator=generator) * spread / 32**0.5
    hidden = torch.randn(9, 32, generator=generator)
    targets = torch.randint(0, 1000, (9,), generator=generator)
    expected, gradient = torch.empty(9, 32), torch.empty(9, 32)
    exact = head.ExactHead(Float32Matrix(weight), 1000)
    quantized = head.Int8Head(Int8Matrix(weight))
    loss = exact.loss_and_gradient(hidden, targets, 0.5, expected, Buffers())
    assert loss == pytest.approx(exact.loss(hidden, targets, Buffers()), rel=1e-6)
    assert quantized.loss(hidden, targets, Buffers()) == pytest.approx(loss, rel=1e-2)
    assert quantized.loss_and_gradient(hidden, targets, 0.5, gradient, Buffers()) == pytest.approx(
        loss, rel=1e-2
    )
    assert torch.nn.functional.cosine_similarity(gradient, expected).min() > 0.999


def test_a_full_list_of_likely_tokens_keeps_the_likely_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(head, "_VOCABULARY_BLOCK", 50)
    # Ever larger logits: each block pushes the earlier ones out of the margin.
    weight = torch.linspace(0, 400, 200)[:, None].repeat(1, 4)
    hidden, targets = torch.full((1, 4), 0.5), torch.tensor([199])
    quantized = head.Int8Head(Int8Matrix(weight))
    gradients = []
    for capacity in (200, 8):
        monkeypatch.setattr(head, "_MOST_LIKELY", capacity)
        out = torch.empty(1, 4)
        quantized.loss_and_gradient(hidden, targets, 1.0, out, Buffers())
        gradients.append(out)
    assert torch.equal(*gradients)
