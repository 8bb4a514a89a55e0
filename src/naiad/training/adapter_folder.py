"""The output folder of a run: what may be in it, what it was started with, what it becomes.

While a run goes on it holds run.json, log.jsonl, checkpoints/ and what trackers write; at its end
run.json and checkpoints/ give way to the adapter and a picture of the losses.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from naiad.errors import ConfigError, StorageError, TrainingError
from naiad.files import translated_os_errors, write_bytes, write_text
from naiad.lora.adapter import CONFIG_NAME, WEIGHTS_NAME
from naiad.lora.record import RECORD_NAME, AdapterRecord
from naiad.training.checkpoints import newest_usable
from naiad.training.loss_plot import PNG_NAME, SVG_NAME
from naiad.training.model_card import model_card
from naiad.training.run_log import LOG_NAME
from naiad.training.trackers import TENSORBOARD_FOLDER, TRACKIO_NAME

RUN_NAME = "run.json"
CARD_NAME = "README.md"
OWN_NAMES = frozenset(
    {
        RUN_NAME,
        LOG_NAME,
        "checkpoints",
        TENSORBOARD_FOLDER,
        TRACKIO_NAME,
        SVG_NAME,
        PNG_NAME,
        RECORD_NAME,
        CARD_NAME,
        CONFIG_NAME,
        WEIGHTS_NAME,
    }
)

FREE_TO_CHANGE = frozenset({"save_every_steps", "on_bad_row", "tracker", "evaluation_diagrams"})
"""Settings that a resumed run may have otherwise: they change no weight."""


def check_output(folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Refuse an output folder that a run would damage, before anything else is done.

    Raises StorageError for a folder of somebody else's files, and TrainingError for one of ours
    that neither resume nor overwrite speaks of.
    """
    with translated_os_errors("use", folder):
        names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    names -= set(_cut_short(names))
    foreign = sorted(names - OWN_NAMES)
    if foreign:
        raise StorageError(
            f"{folder} holds other files ({', '.join(foreign[:5])})",
            hint="choose an empty or new folder for --output",
        )
    if not names or overwrite:
        return
    if RUN_NAME not in names:
        # A kill in its last moment leaves them behind a finished run.
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        raise TrainingError(
            f"{folder} already holds an adapter", hint="choose another --output, or --overwrite it"
        )
    if not resume:
        raise TrainingError(
            f"{folder} holds an unfinished training",
            hint="go on with --resume, or start again with --overwrite",
        )


def begin_run(
    folder: Path, identity: Mapping[str, Any], *, resume: bool, overwrite: bool
) -> Path | None:
    """Make the folder ready; the checkpoint to go on from, None to begin.

    identity: {"config": …, "data": …, "model": …}, all that decides what the weights become.
    Nothing is written; `record_run` does that. Raises ConfigError, naming each difference, when
    a resumed run was started with another one.
    """
    check_output(folder, resume=resume, overwrite=overwrite)
    _remove_cut_short(folder)
    if overwrite and not resume:
        _clear(folder)
    if not (folder / RUN_NAME).exists():
        return None
    _check_same_run(folder, identity)
    return newest_usable(folder / "checkpoints")


def record_run(folder: Path, identity: Mapping[str, Any]) -> None:
    """Write what the run in this folder is, so that only the same one goes on in it."""
    with translated_os_errors("write", folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / RUN_NAME, json.dumps(identity, ensure_ascii=False, indent=2) + "\n")


def recorded_settings(folder: Path) -> dict[str, Any]:
    """The settings of the run in this folder, {} where there is none. Raises TrainingError."""
    return _recorded(folder)["config"] if (folder / RUN_NAME).exists() else {}


def finish_run(
    folder: Path, weights: bytes, adapter_config: str, record: AdapterRecord, base_model: str
) -> None:
    """Turn the folder of a finished run into an adapter folder.

    The weights come last: a folder that has them has everything. Raises StorageError.
    """
    record.write(folder)
    picture = PNG_NAME if (folder / PNG_NAME).exists() else None
    write_text(folder / CARD_NAME, model_card(record, base_model, picture))
    write_text(folder / CONFIG_NAME, adapter_config)
    write_bytes(folder / WEIGHTS_NAME, weights)
    (folder / RUN_NAME).unlink(missing_ok=True)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)


def _recorded(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        started = json.loads((folder / RUN_NAME).read_text("utf-8"))
        return {key: dict(started[key]) for key in ("config", "data", "model")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(
            f"{folder / RUN_NAME} is damaged", hint="start again with --overwrite"
        ) from error


def _check_same_run(folder: Path, identity: Mapping[str, Any]) -> None:
    started = _recorded(folder)
    before = {**started["config"], "data": started["data"], "model": started["model"]}
    now = {**identity["config"], "data": identity["data"], "model": identity["model"]}
    different = [
        f"{name} was {before.get(name)!r} and is {now.get(name)!r}"
        for name in sorted(before.keys() | now.keys())
        if name not in FREE_TO_CHANGE and before.get(name) != now.get(name)
    ]
    if different:
        raise ConfigError(
            f"{folder} was started otherwise: {'; '.join(different)}",
            hint="repeat the first command with --resume, or start again with --overwrite",
        )


def _cut_short(names: Iterable[str]) -> list[str]:
    """Those that a kill left of own files while they were written: ".run.json.x1y2.part"."""
    found = [(name, re.fullmatch(r"\.(.+)\.\w+\.part", name)) for name in names]
    return [name for name, match in found if match and match[1] in OWN_NAMES]


def _remove_cut_short(folder: Path) -> None:
    with translated_os_errors("clear", folder):
        for name in _cut_short(path.name for path in folder.glob(".*.part")):
            (folder / name).unlink(missing_ok=True)


def _clear(folder: Path) -> None:
    with translated_os_errors("clear", folder):
        for name in OWN_NAMES:
            path = folder / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
