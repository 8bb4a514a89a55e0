"""How many threads an engine should use on this machine."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

_TOPOLOGY = Path("/sys/devices/system/cpu")
_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


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
