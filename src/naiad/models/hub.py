"""Models from the Hugging Face Hub, through huggingface_hub and into its own cache.

HF_ENDPOINT, HF_HOME, HF_TOKEN, proxies and certificates are huggingface_hub's to read. An
unreachable hub costs seconds: it is asked one question with a short timeout first, since
hf_hub_download itself retries for half a minute.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from naiad.errors import ChecksumMismatch, ModelUnavailable, NaiadError
from naiad.files import translated_os_errors
from naiad.models.checksum import require_sha256
from naiad.models.progress import Progress

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

CONNECT_TIMEOUT_S = 5.0

_unreachable: dict[str, str] = {}
"""Endpoint to reason: a hub that did not answer once is not asked again by this process."""


@dataclass(frozen=True)
class RepositoryFile:
    """What the Hub says of one file of a repository."""

    size_bytes: int
    sha256: str | None
    """Known for large files, which the Hub stores by their hash; None for small text files."""


@dataclass(frozen=True)
class Repository:
    """The files of one model repository: the Hub's answer, or what its cache holds."""

    id: str
    files: dict[str, RepositoryFile]
    why_cached: str = ""
    """Why the cache was asked instead of the Hub; empty when it was not."""

    @property
    def title(self) -> str:
        return f"the cached copy of {self.id} ({self.why_cached})" if self.why_cached else self.id


def look_up(repo: str) -> Repository:
    """Files of `repo` with sizes and hashes, in one request.

    Without network, what the Hub's cache has of it. Raises ModelUnavailable when that is
    nothing, or when the hub has no such repository or refuses it.
    """
    from huggingface_hub import HfApi, constants

    variable = offline_variable()
    reason = f"the network is forbidden by {variable}" if variable else ""
    reason = reason or _unreachable.get(constants.ENDPOINT, "")
    if not reason:
        try:
            with _translated_errors(repo):
                info = HfApi().model_info(repo, files_metadata=True, timeout=CONNECT_TIMEOUT_S)
            return Repository(repo, dict(_listed_files(info)))
        except _HubUnreachable as error:
            reason = _unreachable[constants.ENDPOINT] = error.message
    files = dict(_cached_files(repo))
    if not files:
        raise ModelUnavailable(reason)
    return Repository(repo, files, why_cached=reason)


def _listed_files(info: ModelInfo) -> Iterator[tuple[str, RepositoryFile]]:
    for sibling in info.siblings or []:
        sha256 = sibling.lfs.sha256 if sibling.lfs is not None else None
        yield sibling.rfilename, RepositoryFile(sibling.size or 0, sha256)


def _cached_files(repo: str) -> Iterator[tuple[str, RepositoryFile]]:
    """Files of the cached snapshot that `main` was at. A large file's blob is named by its hash.

    Layout: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
    """
    folder = _repository_folder(repo)
    try:
        snapshot = folder / "snapshots" / (folder / "refs" / "main").read_text("utf-8").strip()
        paths = [path for path in sorted(snapshot.rglob("*")) if path.is_file()]
    except OSError:
        return
    for path in paths:
        blob = path.readlink().name if path.is_symlink() else ""
        sha256 = blob if re.fullmatch("[0-9a-f]{64}", blob) else None
        size_bytes = path.stat().st_size
        yield path.relative_to(snapshot).as_posix(), RepositoryFile(size_bytes, sha256)


def fetch(repository: Repository, names: list[str], progress: Progress) -> Path:
    """Download the files into the Hub's cache; returns the snapshot folder that holds them all.

    Large files are checked against the hash the Hub gives for them; a file that differs is
    deleted again. Raises ModelUnavailable, ChecksumMismatch, StorageError.
    """
    total_bytes = sum(repository.files[name].size_bytes for name in names)
    done_bytes = 0
    roots = set()
    for name in names:
        file = repository.files[name]
        bar = _progress_bar(progress, done_bytes, total_bytes)
        if file.sha256 is not None and not repository.why_cached:
            with _translated_errors(repository.id):
                _transfer(repository.id, name, file, file.sha256, bar)
        path = _locate(repository, name, bar)
        roots.add(path.parents[name.count("/")])
        if file.sha256 is not None:
            _check(path, file.sha256, progress)
        done_bytes += file.size_bytes
    if len(roots) != 1:
        raise ModelUnavailable(f"{repository.id} changed during the download; pull it again")
    return roots.pop()


def _transfer(repo: str, name: str, file: RepositoryFile, sha256: str, bar: type[Any]) -> None:
    """Put a large file's blob into the Hub's cache, going on where a killed run stopped.

    hf_hub_download throws an unfinished file away since huggingface_hub 1.2. It does use a blob
    that is there, so the bytes are fetched here, by its own http_get, and left for it to find.
    https://github.com/huggingface/huggingface_hub/pull/4228
    """
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined, unused-ignore]

    blob = _repository_folder(repo) / "blobs" / sha256
    if blob.exists() or cached_file(repo, name) is not None:
        return
    blob.parent.mkdir(parents=True, exist_ok=True)
    unfinished = blob.with_name(f"{sha256}.naiad.incomplete")
    with unfinished.open("ab") as out:
        if out.tell() > file.size_bytes:
            out.truncate(0)
        http_get(
            hf_hub_url(repo, name),
            out,
            resume_size=out.tell(),
            headers=build_hf_headers(),
            expected_size=file.size_bytes,
            tqdm_class=bar,
        )
    unfinished.replace(blob)


def _locate(repository: Repository, name: str, bar: type[Any]) -> Path:
    """The file in the cache's snapshot; downloaded by hf_hub_download unless its blob is there."""
    from huggingface_hub import hf_hub_download

    with _translated_errors(repository.id):
        path = Path(
            hf_hub_download(
                repository.id,
                name,
                etag_timeout=CONNECT_TIMEOUT_S,
                tqdm_class=bar,
                local_files_only=bool(repository.why_cached),
            )
        )
    sha256 = repository.files[name].sha256
    if sha256 is not None and not path.is_symlink():
        # Where the disk has no symbolic links the blob was copied: one copy is enough.
        (_repository_folder(repository.id) / "blobs" / sha256).unlink(missing_ok=True)
    return path


def _check(path: Path, sha256: str, progress: Progress) -> None:
    try:
        require_sha256(path, sha256, progress)
    except ChecksumMismatch:
        delete_file(path)
        raise


def cached_file(repo: str, name: str) -> Path | None:
    """The file in the Hub's cache, where an earlier pull or another program put it. No network."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(repo, name)
    return Path(path) if isinstance(path, str) else None


def cache_folder() -> Path:
    """The Hub's cache on this machine; HF_HOME and HF_HUB_CACHE move it."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def _repository_folder(repo: str) -> Path:
    return cache_folder() / f"models--{repo.replace('/', '--')}"


def delete_file(path: Path) -> None:
    """Delete a file of the Hub's cache: its name in the snapshot and the blob it points to."""
    with translated_os_errors("delete", path):
        if path.is_symlink():
            # One step only: where the cache shares blobs between repositories, the repository's
            # entry goes and the shared blob is for `hf cache prune`.
            blob = path.parent / path.readlink()
            blob.unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def offline_variable() -> str | None:
    """The environment variable that forbids the network, if one is set."""
    for name in ("NAIAD_OFFLINE", "HF_HUB_OFFLINE"):
        if os.environ.get(name, "").lower() in ("1", "true", "yes", "on"):
            return name
    return None


class _HubUnreachable(ModelUnavailable):
    """No answer from the Hub, as opposed to a refusal."""


@contextmanager
def _translated_errors(repo: str) -> Iterator[None]:
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    # The base class of the http library that this huggingface_hub uses; it has changed twice.
    transport_error: type[Exception] = HfHubHTTPError.__mro__[1]
    try:
        yield
    except NaiadError:
        raise
    except HfHubHTTPError as error:
        raise ModelUnavailable(_refusal(error, repo)) from error
    except (transport_error, LocalEntryNotFoundError, ConnectionError, TimeoutError) as error:
        cause = error.__cause__ or error
        raise _HubUnreachable(
            f"{constants.ENDPOINT} cannot be reached ({_first_line(cause)})"
        ) from error
    except OSError as error:
        if error.errno is None:
            raise ModelUnavailable(f"{repo}: {_first_line(error)}") from error
        with translated_os_errors("download into", cache_folder()):
            raise error


def _refusal(error: Any, repo: str) -> str:
    from huggingface_hub import constants
    from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, RepositoryNotFoundError

    page = f"{constants.ENDPOINT}/{repo}"
    if isinstance(error, GatedRepoError):
        return f"{repo} is gated: accept its terms at {page}, then set HF_TOKEN"
    if isinstance(error, RepositoryNotFoundError):
        return f"no repository {page}, or it is private and needs HF_TOKEN"
    if isinstance(error, EntryNotFoundError):
        return f"{page} has no such file"
    status = getattr(error.response, "status_code", "an error")
    return f"{page} answered {status}: {_first_line(error)}"


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _progress_bar(progress: Progress, offset_bytes: int, total_bytes: int) -> type[Any]:
    """A tqdm class for huggingface_hub that draws nothing and calls `progress`."""
    from tqdm.auto import tqdm  # type: ignore[import-untyped, unused-ignore]

    class ProgressBar(tqdm):  # type: ignore[type-arg, misc, unused-ignore]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **(kwargs | {"file": io.StringIO(), "leave": False}))

        def display(self, *_: Any, **__: Any) -> bool:
            progress("downloading", offset_bytes + int(self.n), total_bytes)
            return True

    return ProgressBar
