"""Loss and gradients are PEFT's in float32, close to it in bfloat16 and int8, however packed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_decoders import (
    TinyDecoder,
    cosine,
    random_rows,
    relative_error,
    save_model,
    torch,
)

from naiad.decoder import decoder as decoder_module
from naiad.decoder import passes

ROWS = random_rows((40, 23, 31, 9))


@pytest.fixture(scope="module", params=["qwen2", "llama", "llama3"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("model"), request.param)


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("qwen"), "qwen2")


def test_loss_and_gradients_in_float32_are_pefts(folder: Path) -> None:
    tiny = TinyDecoder(folder)
    loss, gradient = tiny.loss_and_gradient(ROWS)
    expected_loss, expected = tiny.peft_loss_and_gradient(ROWS)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    assert relative_error(gradient, expected) < 1e-5
    assert tiny.loss(ROWS) == pytest.approx(expected_loss, rel=1e-5)


@pytest.mark.parametrize(
    "targets", [("q_proj", "v_proj"), ("k_proj",), ("o_proj", "up_proj"), ("down_proj",)]
)
def test_only_the_targets_have_an_adapter_and_its_gradient(
    qwen: Path, targets: tuple[str, ...]
) -> None:
    tiny = TinyDecoder(qwen, targets=targets)
    names = {name.split(".")[-3] for name, _ in tiny.layout.tensors(tiny.adapter)}
    assert names == set(targets)
    _, gradient = tiny.loss_and_gradient(ROWS)
    assert relative_error(gradient, tiny.peft_loss_and_gradient(ROWS)[1]) < 1e-5


def test_packed_rows_give_what_rows_alone_give(qwen: Path) -> None:
    tiny = TinyDecoder(qwen)
    _, together = tiny.loss_and_gradient(ROWS)
    alone = torch.zeros_like(together)
    tokens = sum(int(row.loss_mask[1:].sum()) for row in ROWS)
    for row in ROWS:
        _, gradient = tiny.loss_and_gradient([row])
        alone += gradient * (int(row.loss_mask[1:].sum()) / tokens)
    assert relative_error(together, alone) < 1e-5


def test_rows_with_nothing_in_common_are_packed_too(qwen: Path) -> None:
    tiny = TinyDecoder(qwen)
    rows = [*random_rows((20,), prefix=0, seed=1), *random_rows((15,), prefix=0, seed=2)]
    _, gradient = tiny.loss_and_gradient(rows)
    assert relative_error(gradient, tiny.peft_loss_and_gradient(rows)[1]) < 1e-5


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_number_of_threads_changes_only_the_last_bits(qwen: Path, threads: int) -> None:
    tiny = TinyDecoder(qwen, threads=threads)
    _, gradient = tiny.loss_and_gradient(ROWS)
    _, again = tiny.loss_and_gradient(ROWS)
    assert torch.equal(gradient, again)
    assert relative_error(gradient, TinyDecoder(qwen).loss_and_gradient(ROWS)[1]) < 1e-5


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_long_pack_computes_gate_and_up_again(
    qwen: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    tiny = TinyDecoder(qwen, precision)
    monkeypatch.setattr(passes, "CHUNK_TOKENS", 16)
    _, kept = tiny.loss_and_gradient(ROWS)
    monkeypatch.setattr(passes, "MOST_KEPT_TOKENS", 0)
    _, made_again = tiny.loss_and_gradient(ROWS)
    assert torch.equal(kept, made_again)
    monkeypatch.setattr(decoder_module, "MOST_PACK_TOKENS", 25)
    assert cosine(tiny.loss_and_gradient(ROWS)[1], kept) > 0.999


@pytest.mark.parametrize(("precision", "least"), [("bf16", 0.999), ("int8", 0.97)])
def test_cheaper_precisions_point_the_same_way(folder: Path, precision: str, least: float) -> None:
    tiny = TinyDecoder(folder, precision)
    loss, gradient = tiny.loss_and_gradient(ROWS)
    expected_loss, expected = tiny.peft_loss_and_gradient(ROWS)
    assert loss == pytest.approx(expected_loss, rel=0.02)
    assert cosine(gradient, expected) > least


def test_dropout_is_a_function_of_its_seed(qwen: Path) -> None:
    for precision in ("fp32", "int8"):
        tiny = TinyDecoder(qwen, precision, dropout=0.3)
        _, first = tiny.loss_and_gradient(ROWS, seed=1)
        assert torch.equal(first, tiny.loss_and_gradient(ROWS, seed=1)[1])
        assert cosine(first, tiny.loss_and_gradient(ROWS, seed=2)[1]) < 0.99


def test_gradients_with_dropout_are_those_of_the_loss(qwen: Path) -> None:
    tiny = TinyDecoder(qwen, dropout=0.3)
    _, gradient = tiny.loss_and_gradient(ROWS, seed=5)
    direction = gradient / gradient.norm()
    step, losses = 1e-2, []
    for sign in (1, -1):
        moved = TinyDecoder(qwen, dropout=0.3)
        moved.adapter = tiny.adapter + sign * step * direction
        losses.append(moved.loss_and_gradient(ROWS, seed=5)[0])
    slope = (losses[0] - losses[1]) / (2 * step)
    assert slope == pytest.approx(float(gradient.norm()), rel=1e-2)


def test_a_step_counts_its_operations(qwen: Path) -> None:
    tiny = TinyDecoder(qwen)
    shape = tiny.decoder.shape
    counts = tiny.decoder.operations(ROWS[:1], tiny.layout)
    qkv, all_of_layer = 64 * 128, shape.layer_matrix_elements
    predicting = 20
    forward = 40 * (3 * qkv + 2 * (all_of_layer - qkv)) + predicting * (all_of_layer - qkv)
    expected = 2 * (2 * forward - 40 * qkv + 2 * predicting * shape.head_elements)
    assert counts.matrix_operations == expected
