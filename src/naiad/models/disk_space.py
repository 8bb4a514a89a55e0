"""Whether a disk can take what is about to be written, asked before the work begins."""

from __future__ import annotations

import shutil
from pathlib import Path

from naiad.errors import StorageError


def require_space(folder: Path, needed_bytes: int, what: str) -> None:
    """Raises StorageError, with both figures, when the disk of `folder` has less free."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free_bytes = shutil.disk_usage(existing).free
    if free_bytes < needed_bytes:
        raise StorageError(
            f"{what} needs {needed_bytes / 1e6:,.0f} MB on the disk of {folder}, "
            f"{free_bytes / 1e6:,.0f} MB are free",
            hint="free some space, or set NAIAD_HOME (HF_HOME for the Hub's cache) to another disk",
        )
