"""The loss is what the plain formula says, however the rows are batched."""

from __future__ import annotations

import pytest
from tiny_lora import random_rows, tiny_lora_model, torch

from naiad.datasets.batching import collate
from naiad.training.config import TrainingConfig
from naiad.training.loss import answer_loss, evaluation_loss

CONFIG = TrainingConfig(lora_rank=2)


@pytest.fixture(scope="module")
def model():  # type: ignore[no-untyped-def]
    return tiny_lora_model(CONFIG).eval()


def _reference_loss(model, row) -> float:  # type: ignore[no-untyped-def]
    """Row alone, all logits, one token after the other."""
    ids = torch.tensor(row.ids, dtype=torch.long)
    log_probabilities = model(input_ids=ids[None]).logits[0].log_softmax(-1)
    counted = [t for t in range(1, len(ids)) if row.loss_mask[t]]
    return -sum(log_probabilities[t - 1, ids[t]].item() for t in counted)


def test_padding_and_the_skipped_logits_change_nothing(model) -> None:  # type: ignore[no-untyped-def]
    rows = random_rows(5).train
    with torch.no_grad():
        batched = answer_loss(model, collate(rows, 0)).item()
        alone = sum(_reference_loss(model, row) for row in rows)
    assert batched == pytest.approx(alone, rel=1e-5)


def test_prompt_tokens_do_not_count(model) -> None:  # type: ignore[no-untyped-def]
    (row,) = random_rows(1).train
    batch = collate([row], 0)
    assert batch.loss_tokens == 2
    with torch.no_grad():
        logits = model(input_ids=torch.from_numpy(batch.ids)).logits[0]
        expected = torch.nn.functional.cross_entropy(
            logits[1:3], torch.from_numpy(batch.ids)[0, 2:4], reduction="sum"
        )
        assert answer_loss(model, batch).item() == pytest.approx(expected.item(), rel=1e-6)


def test_the_evaluation_loss_is_a_mean_over_tokens_and_not_over_batches(model) -> None:  # type: ignore[no-untyped-def]
    rows = random_rows(0, evaluation=7)
    with torch.no_grad():
        total = sum(_reference_loss(model, row) for row in rows.evaluation)
    tokens = sum(int(row.loss_mask[1:].sum()) for row in rows.evaluation)
    for batch_size in (1, 3, 8):
        measured = evaluation_loss(model, rows, batch_size)
        assert measured == pytest.approx(total / tokens, rel=1e-5)
