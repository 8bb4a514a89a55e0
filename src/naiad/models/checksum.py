"""SHA-256 of files too big for memory."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from naiad.errors import ChecksumMismatch, StorageError
from naiad.files import translated_os_errors, write_text
from naiad.models.progress import Progress, no_progress

CHUNK_BYTES = 4 * 1024 * 1024


def file_sha256(path: Path, progress: Progress = no_progress) -> str:
    """Hex SHA-256 of the file: about a second a gigabyte. Raises StorageError."""
    digest = hashlib.sha256()
    done_bytes = 0
    with translated_os_errors("read", path), path.open("rb") as file:
        total_bytes = path.stat().st_size
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done_bytes += len(chunk)
            progress("verifying", done_bytes, total_bytes)
    return digest.hexdigest()


def require_sha256(path: Path, expected: str, progress: Progress = no_progress) -> None:
    """Raises ChecksumMismatch, with both hashes, unless the file's hash is `expected`."""
    actual = file_sha256(path, progress)
    if actual != expected:
        raise ChecksumMismatch(
            f"{path.name} arrived with SHA-256 {actual}, the publisher's is {expected}",
            hint="nothing was kept: pull again, and if it repeats, "
            "look at the proxy or mirror in between",
        )


def remembered_sha256(path: Path, folder: Path) -> str:
    """file_sha256, computed once for each state of the file and kept in `folder`.

    The state is size and modification time, as make and rsync tell a change.
    Raises StorageError.
    """
    with translated_os_errors("read", path):
        path = path.resolve()
        status = path.stat()
    state = f"{path}\n{status.st_size}\n{status.st_mtime_ns}\n"
    memory = folder / hashlib.sha256(str(path).encode()).hexdigest()
    try:
        known_state, _, known_sha256 = memory.read_text("utf-8").rpartition("\n")
    except (OSError, ValueError):
        known_state, known_sha256 = "", ""
    if known_state + "\n" == state:
        return known_sha256
    sha256 = file_sha256(path)
    # A folder that cannot be written costs the next run a second, nothing else.
    with contextlib.suppress(StorageError):
        write_text(memory, state + sha256)
    return sha256
