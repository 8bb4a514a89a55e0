"""How many threads an engine should use on this machine, and how they should wait."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TOPOLOGY = Path("/sys/devices/system/cpu")
_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")

_SPIN_SETTINGS = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
_SPINS = "1000"


@contextmanager
def patient_openmp() -> Iterator[None]:
    """Tell the OpenMP libraries that are loaded in the block to sleep while they wait.

    By default their threads spin, which makes llama.cpp 10 to 40 times slower and torch 5 times
    as soon as another program wants the same cores; alone on the machine it gains a tenth
    (measured: LOG.md). OpenMP reads the setting once, when it is loaded, so the block must hold
    the first import. A user's own setting wins.
    """
    ours = not any(name in os.environ for name in _SPIN_SETTINGS)
    if ours:
        os.environ["GOMP_SPINCOUNT"] = _SPINS
    try:
        yield
    finally:
        if ours:
            del os.environ["GOMP_SPINCOUNT"]


def physical_cores() -> int:
    """Physical cores that this process may use, at least 1.

    Two threads on one core share its vector units, which is where all the time goes, so
    hyper-threads only add waiting. Affinity masks and container quotas count.
    """
    return max(1, min(_cores_of_this_machine(), _quota_cores()))


def _cores_of_this_machine() -> int:
    system = platform.system()
    if system == "Linux":
        return _linux_cores(_TOPOLOGY)
    if system == "Darwin":
        return _macos_cores()
    return max(1, (os.cpu_count() or 1) // 2)


def _linux_cores(topology: Path) -> int:
    """Distinct (package, core) pairs among the CPUs this process may run on."""
    allowed = os.sched_getaffinity(0)
    try:
        return len({_core_of(topology / f"cpu{cpu}" / "topology") for cpu in allowed})
    except OSError:  # no sysfs, as in some containers
        return len(allowed)


def _core_of(topology: Path) -> tuple[str, str]:
    package, core = ((topology / name).read_text() for name in ("physical_package_id", "core_id"))
    return package, core


def _macos_cores() -> int:
    """Performance cores where the chip has two kinds: the slow ones would hold up the others."""
    for name in ("hw.perflevel0.physicalcpu", "hw.physicalcpu"):
        answer = subprocess.run(
            ["/usr/sbin/sysctl", "-n", name], capture_output=True, text=True, check=False
        )
        if answer.returncode == 0 and answer.stdout.strip().isdigit():
            return int(answer.stdout)
    return os.cpu_count() or 1


def _quota_cores(quota_file: Path = _CGROUP_QUOTA) -> int:
    """CPUs that a container's quota grants, rounded up; without a quota, more than there are.

    "150000 100000" -> 2, "max 100000" -> no limit
    """
    no_limit = os.cpu_count() or 1
    try:
        quota, period = quota_file.read_text().split()
    except (OSError, ValueError):
        return no_limit
    return no_limit if quota == "max" else -(-int(quota) // int(period))
