"""Files that are whole or absent: atomic writes, and where Naiad keeps what it downloads."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import platformdirs

from naiad.errors import InputError, StorageError


def data_home() -> Path:
    """The folder for models and caches: $NAIAD_HOME, else the platform's cache folder."""
    home = os.environ.get("NAIAD_HOME")
    return Path(home).expanduser() if home else Path(platformdirs.user_cache_dir("naiad"))


@contextmanager
def translated_os_errors(action: str, path: Path) -> Iterator[None]:
    """Turn an OSError of the block into a StorageError that names `action` and `path`."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot {action} {path}: {error.strerror or error}", hint=_storage_hint(error)
        ) from error


def _storage_hint(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full: free some space and run the same command again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "choose a folder you may write to"
    if error.errno in (errno.EISDIR, errno.ENOTDIR, errno.ENOENT):
        return "check the path: each folder on the way must exist"
    return ""


@contextmanager
def atomic_writer(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that appears under `path` only when the block ends without an error.

    Written beside its destination, flushed to disk and renamed, so that a reader, a kill or
    a full disk sees the old file or the new one and never half of one. Raises StorageError.
    """
    with translated_os_errors("write", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        handle = tempfile.NamedTemporaryFile(  # noqa: SIM115 - closed and renamed below
            dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False
        )
        temporary = Path(handle.name)
        try:
            with handle:
                yield handle
                handle.flush()
                os.fsync(handle.fileno())
            # NamedTemporaryFile makes private files; a result is as readable as any other.
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically. Raises StorageError."""
    with atomic_writer(path) as out:
        out.write(content)


def write_text(path: Path, content: str) -> None:
    """Write `content` to `path` atomically, as UTF-8 with `\\n` line ends. Raises StorageError."""
    write_bytes(path, content.encode("utf-8"))


def read_text(path: Path, *, max_bytes: int) -> str:
    """The UTF-8 text of a user's file; a byte-order mark is dropped.

    Raises InputError when it is missing, larger than `max_bytes`, or not UTF-8 text.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder", hint="name a file")
        size_bytes = path.stat().st_size
        if size_bytes > max_bytes:
            raise InputError(
                f"{path} has {size_bytes:,} bytes; at most {max_bytes:,} are read",
                hint="shorten the file or split it",
            )
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}", hint="check the path") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    return decode_text(content, name=str(path))


def decode_text(content: bytes, *, name: str) -> str:
    """UTF-8 text of `content`, which came from `name`. Raises InputError on binary input."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not UTF-8 text (byte {error.start})", hint="save it as UTF-8 text"
        ) from error
    if "\0" in text:
        raise InputError(f"{name} holds binary data, not text", hint="give it plain text")
    return text
