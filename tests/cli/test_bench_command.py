"""`naiad bench`: every option reaches the run, and the figures reach the reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from naiad.cli.app import app
from naiad.cli.bench import ALL_SYSTEMS
from naiad.workflows import bench_train as bench
from naiad.workflows.bench_train import BenchTrainConfig, SystemResult, TrainingBenchmark
from naiad.workflows.benchmarks.jobs import Measurement
from naiad.workflows.benchmarks.systems import SYSTEMS

runner = CliRunner()


def _measured(wall_s: float, start_loss: float = 2.0, operations: int | None = None) -> Measurement:
    return Measurement(
        wall_s=wall_s,
        cpu_s=2 * wall_s,
        steps=2,
        start_loss=start_loss,
        first_loss=2.0,
        last_loss=1.5,
        peak_memory_bytes=10**9,
        matrix_operations=operations,
        description="int8 on 2 threads",
        versions={"torch": "2.13.0"},
    )


def _result(name: str, *runs: Measurement, error: str | None = None) -> SystemResult:
    return SystemResult(name, SYSTEMS[name].precision, "", runs, error, 4 * 10**9)


FOUND = TrainingBenchmark(
    model="tiny",
    config=BenchTrainConfig(),
    threads=2,
    machine={"cpu": "A CPU", "cores": 2, "flags": ["avx2"], "python": "3.11", "load_before": 0.1},
    versions={"torch": "2.13.0"},
    rows=4,
    tokens=1000,
    answer_tokens=400,
    too_long_rows=0,
    gemm_per_s={"fp32": 1e9, "bf16": 1e9, "int8": 4e9},
    results=(
        _result("tutorial", _measured(40.0), _measured(44.0), _measured(41.0)),
        _result("trl", error="TRL is not installed"),
        _result("naiad-fp32", _measured(8.0)),
        _result("naiad-int8", _measured(4.0, start_loss=2.03)),
        _result("naiad-bf16", _measured(8.0, start_loss=2.5)),
    ),
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []

    def run(*arguments: Any, **named: Any) -> TrainingBenchmark:
        calls.append(arguments)
        return FOUND

    monkeypatch.setattr(bench, "bench_train", run)
    return calls


def test_every_option_reaches_the_run(asked: list[tuple[Any, ...]]) -> None:
    words = "bench train rows.jsonl -m m --systems trl,tutorial --examples 3 --rank 2 --alpha 4"
    more = "--targets all-linear --rows-per-step 5 --repeats 6 --trial-examples 7 --threads 1"
    result = runner.invoke(app, [*words.split(), *more.split(), "--seed", "9"])
    assert result.exit_code == 0, result.output
    config = BenchTrainConfig(("trl", "tutorial"), 3, 2, 4.0, ("all-linear",), 5, 6, 7, 1, 9)
    assert asked == [(Path("rows.jsonl"), "m", config)]


def test_the_defaults_are_the_dataclasss(asked: list[tuple[Any, ...]]) -> None:
    assert runner.invoke(app, ["bench", "train"]).exit_code == 0
    assert asked[0][0] is None
    assert asked[0][2] == BenchTrainConfig()
    assert tuple(ALL_SYSTEMS.split(",")) == tuple(SYSTEMS)


def test_the_table_gives_ratios_and_the_share_of_the_peak(asked: list[tuple[Any, ...]]) -> None:
    lines = runner.invoke(app, ["bench", "train"]).stdout.splitlines()
    cells = {
        parts[1]: parts[2:-1]
        for parts in ([part.strip() for part in line.split("│")] for line in lines)
        if len(parts) > 3
    }
    assert cells["tutorial"] == ["10.25", "20.50", "1.00", "0.20", "1.0", "10%"]
    assert cells["trl"] == ["–"] * 6
    assert cells["naiad-int8"] == ["1.00", "2.00", "10.25", "2.00", "1.0", "25%"]
    text = "\n".join(lines)
    assert "tutorial: 10.00 to 11.00 s in 3 runs" in text
    assert "trl: TRL is not installed" in text
    assert "naiad-int8: start loss 2.0300, +3.0e-02 against an exact system: same" in text
    assert "naiad-bf16: start loss 2.5000, +5.0e-01 against an exact system: DIFFERENT" in text


def test_the_document_tells_the_same(asked: list[tuple[Any, ...]]) -> None:
    document = json.loads(runner.invoke(app, ["bench", "train", "--json"]).stdout)
    int8 = document["systems"][3]
    assert int8["times_as_fast_as"] == {
        "tutorial": {"wall": 10.25, "cpu": 10.25},
        "naiad-fp32": {"wall": 2.0, "cpu": 2.0},
    }
    assert int8["gemm_share"] == 0.25
    assert int8["same_objective"] is True
    assert document["systems"][4]["same_objective"] is False
    assert document["systems"][1] == {
        "name": "trl",
        "precision": "fp32",
        "settings": "",
        "error": "TRL is not installed",
    }


def test_an_unknown_system_is_an_error() -> None:
    result = runner.invoke(app, ["bench", "train", "--systems", "unsloth"])
    assert result.exit_code != 0
    assert "no system unsloth" in str(result.exception)
