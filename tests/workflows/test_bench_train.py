"""The comparison holds: every system trains on the same tokens, with the same loss."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_folder import write_model

from naiad.errors import ConfigError, DatasetError
from naiad.workflows import bench_train as bench
from naiad.workflows.bench_train import BenchTrainConfig, TrainingBenchmark, bench_train
from naiad.workflows.benchmarks import child, gemm, processes, trl_trials
from naiad.workflows.benchmarks.trl_settings import TrlSettings

TYPES = ("flowchart TD", "sequenceDiagram", "pie", "mindmap", "gantt")
SETTINGS: tuple[TrlSettings, ...] = (
    TrlSettings("fp32"),
    TrlSettings("bf16", dtype="bfloat16"),
    TrlSettings("bf16 autocast", autocast=True),
)
REFINEMENTS: tuple[dict[str, dict[str, Any]], ...] = (
    {
        "batch": {"batch_size": 4},
        "padding-free": {"batch_size": 4, "padding_free": True},
        "packed": {"packing": "bfd", "packed_tokens": 1024},
        "wrapped": {"packing": "wrapped", "packed_tokens": 64},
    },
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("bench") / "tiny")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Fourteen rows of different lengths and one that is too long for the tutorial's width."""
    rows = [_row(n, TYPES[n % len(TYPES)] + "\n  A" * (1 + n % 7)) for n in range(14)]
    rows.append(_row(14, "pie\n" + "a" * 600))
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return path


def _row(number: int, answer: str) -> dict[str, Any]:
    texts = (("system", "Draw."), ("user", f"Number {number}"), ("assistant", answer))
    return {"messages": [{"role": role, "content": text} for role, text in texts]}


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The child's own code, without the seconds that a new process takes to import."""
    import torch

    threads = torch.get_num_threads()

    def ask(request: str, *_: object) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = json.loads(child._answer(request))
        except Exception as error:
            return {"error": child._reason(error)}
        return answer

    monkeypatch.setattr(processes, "_ask", ask)
    monkeypatch.setattr(gemm, "TRIAL_S", 0.001)
    monkeypatch.setattr(trl_trials, "PRECISIONS", SETTINGS)
    monkeypatch.setattr(trl_trials, "REFINEMENTS", REFINEMENTS)
    yield
    torch.set_num_threads(threads)


def _compare(data: Path, model: Path, **settings: Any) -> tuple[TrainingBenchmark, list[str]]:
    lines: list[str] = []
    config = BenchTrainConfig(rank=4, alpha=8.0, rows_per_step=2, threads=1, **settings)
    return bench_train(data, str(model), config, on_line=lines.append), lines


def test_exact_systems_begin_with_one_loss(data: Path, model: Path, in_process: None) -> None:
    found, lines = _compare(data, model, systems=("tutorial", "naiad-fp32"), examples=6)
    tutorial, naiad = (result.runs[0] for result in found.results)
    assert naiad.start_loss == pytest.approx(tutorial.start_loss, abs=1e-4)
    assert naiad.first_loss == pytest.approx(tutorial.first_loss, abs=1e-4)
    # Three steps on, the adapters differ by what the first ones made of equal gradients.
    assert naiad.last_loss == pytest.approx(tutorial.last_loss, rel=0.05)
    assert [found.same_objective(result) for result in found.results] == [True, True]
    assert "1 rows have more than 512 tokens and are left out" in lines


def test_every_precision_is_measured_in_turns(data: Path, model: Path, in_process: None) -> None:
    systems = ("naiad-fp32", "naiad-int8", "naiad-bf16")
    found, lines = _compare(data, model, systems=systems, examples=5, repeats=2)
    assert [line.split(":")[0] for line in lines[1:]] == [*systems, *systems[1:], systems[0]]
    document = found.as_json()
    assert (document["rows"], document["too_long_rows"]) == (5, 1)
    for system in document["systems"]:
        assert system["error"] is None
        assert system["wall_s_per_example"]["n"] == 2
        assert len(system["runs"]) == 2
        assert [run["steps"] for run in system["runs"]] == [3, 3]
        assert system["matrix_operations"] > 0
        assert system["times_as_fast_as"].keys() == {"naiad-fp32"}
        assert system["same_objective"] in (True, None)
        # Peak memory is this process's own, so that it is a plausible figure and no more.
        assert system["peak_memory_bytes"] > 10_000_000
    assert document["gemm_per_s"].keys() == {"fp32", "bf16", "int8"}


def test_trl_is_measured_with_its_fastest_settings(
    data: Path, model: Path, in_process: None
) -> None:
    pytest.importorskip("trl", reason="needs naiad[bench]")
    found, _ = _compare(data, model, systems=("naiad-fp32", "trl"), examples=8, trial_examples=4)
    trials = {trial.settings.name: trial for trial in found.trials}
    start_loss = found.results[0].runs[0].start_loss
    assert len(trials) == len(SETTINGS) + len(REFINEMENTS[0])
    for name, trial in trials.items():
        if name.endswith("wrapped"):
            # Rows cut in two, and answers that see other rows' text.
            assert trial.error is not None and trial.error.startswith("its start loss is")
            continue
        assert trial.error is None, name
        assert trial.measurement is not None
        tolerance = 1e-4 if trial.settings.precision == "fp32" else 0.05
        assert trial.measurement.start_loss == pytest.approx(start_loss, abs=tolerance), name
    trl = found.results[1]
    counted = [trial for trial in found.trials if trial.error is None and trial.measurement]
    best = min(counted, key=lambda trial: trial.measurement.wall_s if trial.measurement else 0)
    assert trl.settings == best.settings.name
    assert found.same_objective(trl) is True
    assert found.ratios(trl).keys() == {"trl", "naiad-fp32"}


def test_without_trl_the_others_are_measured(
    data: Path, model: Path, in_process: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "has_trl", lambda: False)
    found, lines = _compare(data, model, systems=("trl", "naiad-fp32"), examples=2)
    assert lines.count("trl: TRL is not installed: pip install 'naiad[bench]'") == 1
    assert [result.runs != () for result in found.results] == [False, True]
    assert found.as_json()["systems"][0]["error"] == lines[1].removeprefix("trl: ")


def test_a_system_that_fails_is_a_result(data: Path, model: Path, in_process: None) -> None:
    found, lines = _compare(data, model, systems=("tutorial",), examples=2, targets=("no_proj",))
    (result,) = found.results
    assert result.runs == () and result.error is not None
    assert "Target modules {'no_proj'} not found" in result.error
    assert lines[-1] == f"tutorial: {result.error}"


def test_too_few_rows_are_an_error(data: Path, model: Path) -> None:
    rows = data.read_text("utf-8").splitlines()
    data.write_text("\n".join(rows[:4]), "utf-8")
    with pytest.raises(DatasetError, match="4 rows are too few"):
        _compare(data, model, systems=("naiad-fp32",))


def test_an_unknown_system_is_named() -> None:
    with pytest.raises(ConfigError, match="no system unsloth; examples must be at least 1"):
        BenchTrainConfig(systems=("unsloth",), examples=0)


def test_a_child_process_answers_whatever_its_libraries_print(data: Path, model: Path) -> None:
    found, _ = bench._rows(data, model)
    job = bench._job(model, found, BenchTrainConfig(examples=2, rows_per_step=1, threads=1))
    tutorial = processes.measure(bench.replace(job, system="tutorial"))
    assert not isinstance(tutorial, str), tutorial
    assert tutorial.steps == 2
    assert tutorial.versions["torch"]


def test_a_child_that_takes_too_long_is_given_up(data: Path, model: Path) -> None:
    found, _ = bench._rows(data, model)
    job = bench._job(model, found, BenchTrainConfig(examples=2, rows_per_step=1, threads=1))
    answer = processes.measure(bench.replace(job, system="tutorial"), timeout_s=0.01)
    assert answer == "gave no answer within 0 s"
