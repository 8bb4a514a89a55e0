"""Several processes that train one adapter: each takes a part of every step's rows.

Every process holds the whole model and the whole adapter. Gradients are summed over all of them
(torch.distributed with gloo), so that each makes the same optimizer step, bit for bit.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from naiad.datasets.tokenizing import TokenizedExample
from naiad.errors import ConfigError, ProcessEnded
from naiad.generation.cores import physical_cores
from naiad.training.config import TrainingConfig

PATIENCE = timedelta(hours=12)
"""How long a process waits for the others: the first one reads, judges and measures alone."""

T = TypeVar("T")


@dataclass(frozen=True)
class Group:
    """The processes of a run, seen from one of them; by default that one is alone."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes the files and reports."""
        return self.rank == 0

    def share(self, rows: Sequence[TokenizedExample]) -> list[TokenizedExample]:
        """This process's part of some rows: the parts hold about equally many tokens."""
        if self.size == 1:
            return list(rows)
        tokens = [0] * self.size
        mine = []
        # The longest first, each to the process that has least: of such orders the evenest.
        for row in sorted(rows, key=len, reverse=True):
            rank = tokens.index(min(tokens))
            tokens[rank] += len(row)
            if rank == self.rank:
                mine.append(row)
        return mine

    def sum_(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace float32 tensors by their sums over all processes, equal in each to the bit."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with _translated_errors():
            dist.all_reduce(flat)
        _spread(flat, tensors)

    def sum(self, value: float) -> float:
        """Sum of a number over all processes."""
        if self.size == 1:
            return value
        total = torch.tensor([value], dtype=torch.float64)
        with _translated_errors():
            dist.all_reduce(total)
        return float(total.item())

    def any(self, flag: bool) -> bool:
        """Whether any process says yes."""
        return self.sum(float(flag)) > 0

    def from_first(self, value: T) -> T:
        """The first process's value. It is pickled, so only between our own processes."""
        if self.size == 1:
            return value
        values: list[Any] = [value]
        with _translated_errors():
            dist.broadcast_object_list(values)
        return values[0]  # type: ignore[no-any-return]

    def copy_from_first_(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace float32 tensors by the first process's."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
        with _translated_errors():
            dist.broadcast(flat, src=0)
        _spread(flat, tensors)

    @contextmanager
    def first_alone(self) -> Iterator[None]:
        """The first process runs the block, then the others do, who find its files there."""
        if not self.is_first:
            self._wait()
        yield
        if self.is_first:
            self._wait()

    def _wait(self) -> None:
        if self.size > 1:
            with _translated_errors():
                dist.barrier()


ALONE = Group()


@contextmanager
def group_of_torchrun(processes: int) -> Iterator[Group]:
    """The group that torchrun started this process in, on one machine or several.

    processes: as configured; 1 leaves the number to torchrun. Raises ConfigError.
    """
    size = int(os.environ["WORLD_SIZE"])
    if processes not in (1, size):
        raise ConfigError(
            f"processes is {processes}, and torchrun started {size}", hint="leave --processes away"
        )
    with _translated_errors():
        dist.init_process_group("gloo", timeout=PATIENCE)
    try:
        yield Group(dist.get_rank(), size)
    finally:
        dist.destroy_process_group()


@contextmanager
def group_on_this_machine(rank: int, size: int, store: dist.Store) -> Iterator[Group]:
    """The group of `size` processes that share `store`, over the loopback interface alone."""
    with _loopback_only(), _translated_errors():
        dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=PATIENCE)
    try:
        yield Group(rank, size)
    finally:
        dist.destroy_process_group()


def meeting_point(folder: Path, size: int) -> dist.Store:
    """Where processes of this machine find each other: a file, so that no port is open for it."""
    return dist.FileStore(str(folder / "meeting"), size)


def is_started_by_torchrun() -> bool:
    """Whether this process is one of several that torchrun, or a launcher like it, started."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "RANK" in os.environ


def threads_of_each(config: TrainingConfig, processes: int) -> int:
    """CPU threads of each process: as configured, else an equal part of this machine's cores."""
    here = int(os.environ.get("LOCAL_WORLD_SIZE", processes))
    return config.threads or max(1, physical_cores() // here)


def use_threads(config: TrainingConfig, processes: int = 1) -> None:
    """Set torch's thread count for this process."""
    torch.set_num_threads(threads_of_each(config, processes))


def _spread(flat: torch.Tensor, tensors: Sequence[torch.Tensor]) -> None:
    with torch.no_grad():
        start = 0
        for tensor in tensors:
            tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Gloo says that a peer is gone in many ways, all of them RuntimeErrors."""
    try:
        yield
    except RuntimeError as error:
        raise ProcessEnded(
            "another process of this training ended",
            hint="its own message says why; go on with --resume",
        ) from error


@contextmanager
def _loopback_only() -> Iterator[None]:
    """Keep gloo's sockets on the loopback interface, unless the user named another one."""
    names = [] if os.name == "nt" else [name for _, name in socket.if_nameindex()]
    loopback = next((name for name in names if name in ("lo", "lo0")), None)
    ours = loopback is not None and "GLOO_SOCKET_IFNAME" not in os.environ
    if ours:
        os.environ["GLOO_SOCKET_IFNAME"] = str(loopback)
    try:
        yield
    finally:
        if ours:
            del os.environ["GLOO_SOCKET_IFNAME"]
