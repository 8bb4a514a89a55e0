"""The clock that every system's training loop is read with."""

from __future__ import annotations

import time


class Meter:
    """Times the steps behind the warm-up and keeps their losses.

    A loop calls `add` for each part of a step and `step_done` behind the optimizer's update.
    """

    def __init__(self, warmup_steps: int) -> None:
        self._warmup_steps = warmup_steps
        self._nats, self._tokens = 0.0, 0
        self._warmup_nats, self._warmup_tokens = 0.0, 0
        self._losses: list[float] = []
        self._began_s = self._ended_s = _clocks_s()
        self.steps_done = 0

    def learning_rate_share(self, step: int) -> float:
        """0 during the warm-up, so that all systems meet the first timed row with equal weights."""
        return 0.0 if step < self._warmup_steps else 1.0

    def add(self, nats: float, answer_tokens: int) -> None:
        """Summed loss of a part of this step, over so many answer tokens."""
        self._nats += nats
        self._tokens += answer_tokens

    def step_done(self) -> None:
        """The optimizer's update is made."""
        self._ended_s = _clocks_s()
        self.steps_done += 1
        if self.steps_done <= self._warmup_steps:
            self._warmup_nats += self._nats
            self._warmup_tokens += self._tokens
            self._began_s = self._ended_s
        else:
            self._losses.append(self._nats / max(1, self._tokens))
        self._nats, self._tokens = 0.0, 0

    @property
    def steps(self) -> int:
        """Timed steps."""
        return len(self._losses)

    @property
    def wall_s(self) -> float:
        """Seconds of the timed steps."""
        return self._ended_s[0] - self._began_s[0]

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the timed steps, of all threads together."""
        return self._ended_s[1] - self._began_s[1]

    @property
    def start_loss(self) -> float:
        """Mean loss in nats over the answer tokens of the warm-up."""
        return self._warmup_nats / max(1, self._warmup_tokens)

    @property
    def losses(self) -> list[float]:
        """Mean answer loss in nats of each timed step."""
        return self._losses


def _clocks_s() -> tuple[float, float]:
    # Not os.times, whose ticks of 10 ms are longer than a tiny model's steps.
    return time.perf_counter(), time.process_time()
