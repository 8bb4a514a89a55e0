"""`naiad generate` as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "naiad.cli.app", "generate"]


def _run(*arguments: str | Path, stdin: bytes | None = b"") -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=600)


def _error(*arguments: str | Path, stdin: bytes = b"") -> str:
    """What a command that fails before any model is loaded prints, on one line."""
    # No store: loading a model would be an error of its own, and another one.
    run = _run("--model", "no such model", *arguments, stdin=stdin)
    assert (run.returncode, run.stdout) == (2, b"")
    return " ".join(run.stderr.decode().split())


@pytest.mark.parametrize("stdin", [b"", b" \n"])
def test_an_empty_description_says_what_to_do(stdin: bytes) -> None:
    assert _error(stdin=stdin) == (
        "error: the description is empty hint: describe the diagram in a few words"
    )


def test_binary_input_is_refused() -> None:
    assert "standard input is not UTF-8 text" in _error("-", stdin=b"\xff\xfe\x00")


def test_a_megabyte_of_input_is_refused() -> None:
    assert "more than 1,000,000 bytes" in _error(stdin=b"x" * 1_000_001)


def test_a_large_file_is_refused_with_its_size(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    path.write_text("x" * 1_000_001)
    assert "has 1,000,001 bytes; at most 1,000,000" in _error("--file", path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert f"no such file: {tmp_path / 'none.txt'}" in _error("--file", tmp_path / "none.txt")


def test_text_and_file_together_are_refused(tmp_path: Path) -> None:
    assert "both TEXT and --file" in _error("x", "--file", tmp_path)


def test_an_unknown_type_lists_the_known_ones() -> None:
    message = _error("x", "--type", "circle")
    assert "no diagram type 'circle'" in message
    assert "sequenceDiagram" in message


def test_an_unknown_suffix_is_told_before_any_work() -> None:
    assert "cannot tell what to write to x.gif" in _error("x", "-o", "x.gif")


def test_an_unknown_engine_lists_the_known_ones() -> None:
    message = _error("x", "--engine", "magic")
    assert "no engine 'magic'" in message
    assert "llamacpp, transformers" in message


def test_settings_out_of_range_are_all_told() -> None:
    message = _error("x", "--max-tokens", "0", "--temperature", "-1")
    assert "max_tokens is 0" in message
    assert "temperature is -1.0" in message


def test_stream_and_json_are_refused_together() -> None:
    assert "--stream and --json" in _error("x", "--stream", "--json")


def test_an_unknown_model_is_told() -> None:
    assert "no such model" in _error("x")


def test_a_missing_adapter_is_told_before_the_model_is_looked_for(tmp_path: Path) -> None:
    assert f"no adapter folder {tmp_path / 'none'}" in _error("x", "--adapter", tmp_path / "none")


def test_batch_needs_an_output(tmp_path: Path) -> None:
    assert "--batch needs --output" in _error("--batch", tmp_path / "in.jsonl")


def test_batch_takes_no_text(tmp_path: Path) -> None:
    assert "--batch goes with none of" in _error("x", "--batch", tmp_path / "in.jsonl")


def test_a_broken_row_is_told_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"prompt": "x"}\n{"prompt": \n')
    assert f"{path}:2: not JSON" in _error("--batch", path, "-o", tmp_path / "out.jsonl")


@pytest.mark.model
def test_the_source_is_all_that_standard_output_gets(coder_gguf: Path) -> None:
    run = _run("-m", coder_gguf, stdin=b"Pie chart of pets: cats 60, dogs 40")
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout.decode().startswith("pie")
    assert run.stdout.decode().count("```") == 0


@pytest.mark.model
def test_json_is_one_document_and_the_drawing_is_written(coder_gguf: Path, tmp_path: Path) -> None:
    output = tmp_path / "pets.svg"
    run = _run("Pie chart of pets: cats 60, dogs 40", "-m", coder_gguf, "--json", "-o", output)
    document = json.loads(run.stdout)
    assert (run.returncode, document["type"], document["valid"]) == (0, "pie", True)
    assert run.stderr.decode().split() == ["wrote", str(output)]
    assert "<svg" in output.read_text("utf-8")


@pytest.mark.model
def test_an_invalid_diagram_is_status_1_and_its_source_is_kept(
    coder_gguf: Path, tmp_path: Path
) -> None:
    # Four tokens do not end the first line, and a header alone is no class diagram.
    options = ("-m", coder_gguf, "--type", "classDiagram", "--max-tokens", "4", "--no-constraint")
    run = _run("Classes of a zoo", *options, "-o", tmp_path / "zoo.png")
    errors = run.stderr.decode()
    assert run.returncode == 1
    assert "cut off at --max-tokens" in errors
    assert "the diagram is not valid" in errors
    assert f"wrote {tmp_path / 'zoo.mmd'}: an invalid diagram cannot be drawn" in errors
    assert (tmp_path / "zoo.mmd").read_text("utf-8").startswith("classDiagram\n")


@pytest.mark.model
def test_a_batch_is_answered_and_resumed(smol_gguf: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    rows = [{"id": "a", "prompt": "Pie of pets"}, {"id": "b", "prompt": "Pie of fruit"}]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ("--batch", source, "-o", output, "-m", smol_gguf, "--max-tokens", "8")
    first = _run(*options)
    written = output.read_bytes()
    assert [json.loads(line)["id"] for line in written.splitlines()] == ["a", "b"]
    assert "2 rows:" in first.stderr.decode()
    again = _run(*options)
    assert again.returncode == first.returncode
    assert "(2 were there already)" in again.stderr.decode()
    assert output.read_bytes() == written


@pytest.mark.model
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_ends_with_130_and_no_traceback(smol_gguf: Path) -> None:
    options = ["-m", str(smol_gguf), "--stream", "--max-tokens", "4000", "--examples", "0"]
    command = [*COMMAND, "Count the sheep", *options, "--type", "mindmap"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(1) == b"m"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in errors
