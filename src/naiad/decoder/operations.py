"""How much arithmetic a step needs, to say what share of a machine's peak it reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from naiad.decoder.architecture import DecoderShape
from naiad.decoder.matrices import Precision
from naiad.decoder.packing import Pack


@dataclass(frozen=True)
class OperationCounts:
    """Floating point or integer operations; a multiplication and an addition are two."""

    matrix_operations: int
    """Of the products with frozen matrices, forward and backward, in the type they use."""
    other_operations: int
    """Of attention and LoRA, in float32 or bfloat16."""


def operation_counts(
    shape: DecoderShape, precision: Precision, packs: Sequence[Pack], adapter_elements: int
) -> OperationCounts:
    """What loss and gradients of these packs need; elementwise work is not counted."""
    matrix = sum(_matrix_operations(shape, precision, pack) for pack in packs)
    attention = sum(_attention_operations(shape, pack) for pack in packs)
    # Forward x @ A.T @ B.T; backward once for the weights and once for the input.
    lora = sum(3 * 2 * adapter_elements * len(pack) for pack in packs)
    return OperationCounts(matrix, attention + lora)


def _matrix_operations(shape: DecoderShape, precision: Precision, pack: Pack) -> int:
    tokens, predicting = len(pack), len(pack.targets)
    qkv = shape.hidden * (shape.query_columns + 2 * shape.key_columns)
    rest = shape.layer_matrix_elements - qkv
    # Behind the last attention only predicting tokens go on; below the first adapter nothing does.
    forward = tokens * (shape.layers * qkv + (shape.layers - 1) * rest) + predicting * rest
    backward = forward - tokens * qkv
    head = predicting * shape.head_elements * (1 if precision == "int8" else 2)
    return 2 * (forward + backward + head)


def _attention_operations(shape: DecoderShape, pack: Pack) -> int:
    """Two products forward and five backward, with the part above the diagonal left out."""
    pairs = pack.prefix**2 // 2
    for start, end in pack.spans:
        own = end - start
        pairs += own * pack.prefix + own**2 // 2
    return shape.layers * 7 * 2 * pairs * shape.query_columns
