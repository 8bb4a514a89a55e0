"""A file of requests: one row after the other, and a kill loses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted_session import ScriptedEngine, session_of

from naiad.datasets import BadRow
from naiad.errors import DatasetError, EngineError, InputError
from naiad.generation import SamplingConfig
from naiad.workflows.batch import BatchReport, generate_batch
from naiad.workflows.generate import DiagramRequest, GenerateConfig, GenerationSession

PIE = 'pie\n  "a": 1'
BROKEN = "pie\n  a: b"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAIAD_HOME", str(tmp_path / "home"))


def _write(path: Path, rows: list[Any]) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _opener(
    answers: list[str | Exception], config: GenerateConfig | None = None
) -> tuple[ScriptedEngine, Callable[[], GenerationSession]]:
    engine = ScriptedEngine(answers)
    return engine, lambda: session_of(engine, config or GenerateConfig(examples=0))


def _never() -> GenerationSession:
    raise AssertionError("the model was loaded")


THREE = [{"id": name, "prompt": f"Pets of {name}"} for name in ("c", "a", "b")]


def test_each_row_becomes_a_row_in_the_inputs_order(tmp_path: Path) -> None:
    source, output = _write(tmp_path / "in.jsonl", THREE), tmp_path / "out.jsonl"
    _, opener = _opener([PIE, BROKEN, PIE])
    seen: list[tuple[str, int, int]] = []
    report = generate_batch(
        source, output, opener, on_row=lambda row, n, total: seen.append((row["id"], n, total))
    )
    assert report == BatchReport(rows=3, valid=2, invalid=1, failed=0, resumed=0, skipped=0)
    rows = _rows(output)
    assert [row["id"] for row in rows] == ["c", "a", "b"]
    assert [row["valid"] for row in rows] == [True, False, True]
    keys = ["id", "prompt", "mermaid", "type", "valid", "problems", "seconds", "tokens"]
    assert [list(row) for row in rows] == [keys] * 3
    assert seen == [("c", 1, 3), ("a", 2, 3), ("b", 3, 3)]


def test_rows_without_an_id_get_their_line_number(tmp_path: Path) -> None:
    source = _write(tmp_path / "in.jsonl", [{"prompt": "x"}, "", {"prompt": "y"}])
    _, opener = _opener([PIE, PIE])
    generate_batch(source, tmp_path / "out.jsonl", opener)
    assert [row["id"] for row in _rows(tmp_path / "out.jsonl")] == ["1", "3"]


def test_gemini_rows_bring_their_instruction(tmp_path: Path) -> None:
    row = {
        "systemInstruction": {"role": "system", "parts": [{"text": "Only pies."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Pets"}]},
            {"role": "model", "parts": [{"text": "unused"}]},
        ],
    }
    engine, opener = _opener([PIE])
    generate_batch(_write(tmp_path / "in.jsonl", [row]), tmp_path / "out.jsonl", opener)
    assert engine.prompts[0].startswith("<system>Only pies.</system>\n<user>Pets</user>")


def test_a_rows_type_wins_over_the_runs(tmp_path: Path) -> None:
    rows = [{"prompt": "x", "type": "pie"}, {"prompt": "y"}]
    engine, opener = _opener([PIE[4:], "  root"])
    request = DiagramRequest("", type="mindmap")
    generate_batch(
        _write(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl", opener, request=request
    )
    assert [prompt.splitlines()[-1] for prompt in engine.prompts] == ["pie", "mindmap"]
    assert [row["type"] for row in _rows(tmp_path / "out.jsonl")] == ["pie", "mindmap"]


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    source, output = _write(tmp_path / "in.jsonl", THREE), tmp_path / "out.jsonl"
    _, opener = _opener([PIE, KeyboardInterrupt()])  # type: ignore[list-item]
    with pytest.raises((KeyboardInterrupt, RuntimeError)):
        generate_batch(source, output, _interrupted_after_one(opener))
    assert [row["id"] for row in _rows(output)] == ["c"]
    engine, opener = _opener([BROKEN, PIE])
    report = generate_batch(source, output, opener)
    assert (report.rows, report.resumed) == (3, 1)
    assert len(engine.prompts) == 2
    assert [row["id"] for row in _rows(output)] == ["c", "a", "b"]


def _interrupted_after_one(opener: Callable[[], GenerationSession]) -> Callable[[], Any]:
    """A session that a Ctrl-C reaches in its second row."""

    def open_model() -> GenerationSession:
        session = opener()
        generate, calls = session.generate, [0]

        def interrupted(request: DiagramRequest) -> Any:
            calls[0] += 1
            if calls[0] == 2:
                raise KeyboardInterrupt
            return generate(request)

        session.generate = interrupted  # type: ignore[method-assign, assignment]
        return session

    return open_model


def test_a_line_torn_by_a_kill_is_done_again(tmp_path: Path) -> None:
    source, output = _write(tmp_path / "in.jsonl", THREE), tmp_path / "out.jsonl"
    _, opener = _opener([PIE] * 3)
    generate_batch(source, output, opener)
    whole = output.read_bytes()
    output.write_bytes(whole[:-20])
    engine, opener = _opener([PIE])
    assert generate_batch(source, output, opener).resumed == 2
    assert len(engine.prompts) == 1
    assert [row["id"] for row in _rows(output)] == ["c", "a", "b"]


def test_a_finished_output_is_left_as_it_is(tmp_path: Path) -> None:
    source, output = _write(tmp_path / "in.jsonl", THREE), tmp_path / "out.jsonl"
    _, opener = _opener([PIE] * 3)
    generate_batch(source, output, opener)
    before = output.read_bytes()
    engine, opener = _opener([])
    assert generate_batch(source, output, opener).resumed == 3
    assert (output.read_bytes(), engine.prompts) == (before, [])


def test_a_changed_prompt_is_answered_anew_and_the_order_is_the_inputs(tmp_path: Path) -> None:
    source, output = _write(tmp_path / "in.jsonl", THREE), tmp_path / "out.jsonl"
    _, opener = _opener([PIE] * 3)
    generate_batch(source, output, opener)
    changed = [{"id": "new", "prompt": "x"}, {"id": "c", "prompt": "changed"}, *THREE[1:]]
    _, opener = _opener([PIE, BROKEN])
    report = generate_batch(_write(source, changed), output, opener)
    assert (report.rows, report.resumed) == (4, 2)
    assert [(row["id"], row["valid"]) for row in _rows(output)] == [
        ("new", True),
        ("c", False),
        ("a", True),
        ("b", True),
    ]


def test_an_output_of_another_input_is_refused(tmp_path: Path) -> None:
    source, output = _write(tmp_path / "in.jsonl", THREE), tmp_path / "out.jsonl"
    _, opener = _opener([PIE] * 3)
    generate_batch(source, output, opener)
    other = _write(tmp_path / "other.jsonl", [{"id": "z", "prompt": "x"}])
    with pytest.raises(InputError, match=r"out\.jsonl:1: row 'c' is not in the input"):
        generate_batch(other, output, _never)


def test_a_file_of_something_else_is_never_written_over(tmp_path: Path) -> None:
    source, output = _write(tmp_path / "in.jsonl", THREE), tmp_path / "out.jsonl"
    output.write_text('{"precious": 1}\n', "utf-8")
    with pytest.raises(InputError, match=r"out\.jsonl:1 was not written by"):
        generate_batch(source, output, _never)
    assert output.read_text("utf-8") == '{"precious": 1}\n'


def test_a_text_file_without_a_line_end_is_never_cut(tmp_path: Path) -> None:
    source, output = _write(tmp_path / "in.jsonl", THREE), tmp_path / "out.jsonl"
    output.write_text("precious notes", "utf-8")
    with pytest.raises(InputError, match="was not written by"):
        generate_batch(source, output, _never)
    assert output.read_text("utf-8") == "precious notes"


def test_other_settings_are_refused_and_named(tmp_path: Path) -> None:
    source, output = _write(tmp_path / "in.jsonl", THREE), tmp_path / "out.jsonl"
    _, opener = _opener([PIE] * 3)
    generate_batch(source, output, opener)
    warmer = GenerateConfig(SamplingConfig(temperature=0.5), examples=0)
    _, opener = _opener([], warmer)
    with pytest.raises(InputError, match=r"other settings \(sampling\)"):
        generate_batch(source, output, opener)


def test_a_broken_row_stops_before_the_model_is_loaded(tmp_path: Path) -> None:
    source = _write(tmp_path / "in.jsonl", [THREE[0], '{"id": "a", "prompt"'])
    with pytest.raises(DatasetError, match=r"in\.jsonl:2: not JSON"):
        generate_batch(source, tmp_path / "out.jsonl", _never)
    assert not (tmp_path / "out.jsonl").exists()


def test_broken_rows_can_be_left_out_and_are_counted(tmp_path: Path) -> None:
    source = _write(tmp_path / "in.jsonl", [THREE[0], "{", THREE[1]])
    _, opener = _opener([PIE, PIE])
    skipped: list[BadRow] = []
    report = generate_batch(
        source, tmp_path / "out.jsonl", opener, on_bad_row="skip", on_skip=skipped.append
    )
    assert (report.rows, report.skipped, [row.line for row in skipped]) == (2, 1, [2])


def test_an_id_used_twice_names_both_lines(tmp_path: Path) -> None:
    source = _write(tmp_path / "in.jsonl", [THREE[0], THREE[0]])
    with pytest.raises(DatasetError, match=r"in\.jsonl:2: id 'c' is that of line 1"):
        generate_batch(source, tmp_path / "out.jsonl", _never)


def test_a_row_that_fails_says_so_and_the_run_goes_on(tmp_path: Path) -> None:
    rows = [THREE[0], {"id": "long", "prompt": "x" * 200_000}, THREE[1]]
    source, output = _write(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl"
    _, opener = _opener([EngineError("it broke"), PIE])
    report = generate_batch(source, output, opener)
    assert report == BatchReport(rows=3, valid=1, invalid=0, failed=2, resumed=0, skipped=0)
    first, long, last = _rows(output)
    assert first["problems"][0]["message"] == "not generated: it broke"
    assert "exceeds the model's window of 100,000" in long["problems"][0]["message"]
    assert (first["valid"], long["mermaid"], last["valid"]) == (False, "", True)


def test_two_runs_cannot_write_one_output(tmp_path: Path) -> None:
    source, output = _write(tmp_path / "in.jsonl", THREE[:1]), tmp_path / "out.jsonl"

    def second_run_meanwhile() -> GenerationSession:
        with pytest.raises(InputError, match="another run is writing"):
            generate_batch(source, output, _never)
        return _opener([PIE])[1]()

    assert generate_batch(source, output, second_run_meanwhile).valid == 1
