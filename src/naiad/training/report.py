"""What a training run says while it runs and when it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from naiad.training.preflight import DataSummary


@dataclass(frozen=True)
class StepReport:
    """One optimizer step; a line of log.jsonl."""

    step: int
    """From 1."""
    total_steps: int
    epoch: float
    loss: float
    """Mean over the answer tokens of the step's rows, in nats."""
    learning_rate: float
    grad_norm: float
    """Length of the gradient before it is shortened to max_grad_norm."""
    tokens: int
    """Tokens computed, prompts included and padding not."""
    seconds: float
    tokens_per_s: float


@dataclass(frozen=True)
class EvaluationReport:
    """The loss on the rows kept back; a line of log.jsonl."""

    step: int
    evaluation_loss: float
    """Mean over all their answer tokens, in nats."""
    is_best: bool
    seconds: float


@dataclass(frozen=True)
class DiagramsReport:
    """What the model draws for rows kept back; a line of log.jsonl. Counts of diagrams."""

    step: int
    diagrams: int
    """Diagrams generated, at least 1."""
    parses: int
    """The official parser accepts them."""
    right_type: int
    """Their type is that of the row's own answer."""
    same_structure: int
    """They draw the same as the row's own answer."""
    seconds: float


@dataclass(frozen=True)
class Notice:
    """Something worth a line on the screen."""

    kind: Literal["info", "warning"]
    text: str


@dataclass(frozen=True)
class TrainingEstimate:
    """What a run will cost, from real steps on the real model."""

    steps: int
    seconds: float
    """Of all steps and evaluations."""
    seconds_per_step: float
    peak_memory_bytes: int
    """Resident memory of all processes together, measured at the longest step."""
    tokens_per_epoch: int
    longest_row_tokens: int


@dataclass(frozen=True)
class TrainingOutcome:
    """How a run ended."""

    steps: int
    """Optimizer steps made, those before a resume included."""
    total_steps: int
    seconds: float
    """Of this process; a resumed run counts from the resume."""
    first_loss: float
    last_loss: float
    """Mean over the last quarter of the steps, at most 10 of them."""
    best_evaluation_loss: float | None
    best_step: int | None
    stopped: Literal["finished", "early", "asked"]
    """All steps done; no improvement any more; or the caller asked to stop."""
    peak_memory_bytes: int
    """Most resident memory, of all processes together."""


ProgressEvent = (
    DataSummary | TrainingEstimate | StepReport | EvaluationReport | DiagramsReport | Notice
)
OnProgress = Callable[[ProgressEvent], None]


def no_progress(event: ProgressEvent) -> None:
    """Receives progress and drops it."""
