"""The tutorial's inference: the class an app imports, and the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from diagram_generation_on_cpu import diagram_inference
from diagram_generation_on_cpu.diagram_inference import (
    Diagram_LLM2_Adapter,
    DiagramGenerator,
    MermaidGenerationConfig,
    main,
    with_dashes,
)
from naiad.datasets import read_examples
from naiad.errors import AdapterNotFound, ConfigError, InputError
from naiad.generation import SamplingConfig
from naiad.mermaid.judge import validate
from naiad.workflows.generate import GenerateConfig

SHORT = MermaidGenerationConfig(max_new_tokens=24)


@pytest.fixture(scope="module")
def generator(smol_gguf: Path) -> Iterator[DiagramGenerator]:
    with DiagramGenerator(base_model=str(smol_gguf), device="cpu", config=SHORT) as opened:
        yield opened


@pytest.mark.model
def test_a_diagram_comes_with_prompt_raw_output_and_verdict(generator: DiagramGenerator) -> None:
    answer = generator.generate_diagram("A pie chart: tea 3, coffee 5")
    assert set(answer) == {"prompt", "mermaid", "raw_output", "valid", "problems"}
    assert answer["prompt"] == "A pie chart: tea 3, coffee 5"
    assert answer["mermaid"].startswith("pie")
    assert answer["raw_output"].startswith("pie")
    valid, message = generator.validate_mermaid(answer["mermaid"])
    assert answer["valid"] is valid
    assert ("; ".join(answer["problems"]) or "pie") == message


@pytest.mark.model
def test_several_texts_are_answered_in_order(generator: DiagramGenerator) -> None:
    texts = ["A pie chart: tea 3, coffee 5", "A mind map of a garden"]
    answers = generator.generate_multiple(texts)
    assert [answer["prompt"] for answer in answers] == texts
    assert [answer["mermaid"].split()[0] for answer in answers] == ["pie", "mindmap"]


@pytest.mark.model
def test_an_empty_text_is_an_input_error(generator: DiagramGenerator) -> None:
    with pytest.raises(InputError, match="empty"):
        generator.generate_diagram("  ")


def test_the_class_judges_with_the_official_parser() -> None:
    assert DiagramGenerator.validate_mermaid('pie\n  "a" : 1') == (True, "pie")
    valid, message = DiagramGenerator.validate_mermaid("flowchart TD\n  A -->")
    assert not valid
    assert message.startswith("line 2: ")


def test_another_device_is_refused_before_any_model_is_loaded() -> None:
    with pytest.raises(ConfigError, match="device is 'cuda'"):
        DiagramGenerator(base_model="no/such-model", device="cuda")


def test_an_adapter_folder_that_is_not_there_is_told_before_any_download(tmp_path: Path) -> None:
    with pytest.raises(AdapterNotFound):
        Diagram_LLM2_Adapter(str(tmp_path / "nothing"))


def test_every_setting_reaches_the_package() -> None:
    config = MermaidGenerationConfig(
        max_new_tokens=7, temperature=0.5, top_p=0.4, seed=3, assisted=False
    )
    assert config.resolved() == GenerateConfig(
        SamplingConfig(max_tokens=7, temperature=0.5, top_p=0.4, seed=3),
        examples=0,
        begin_answer=False,
    )


def test_the_defaults_are_the_package_s_own() -> None:
    assert MermaidGenerationConfig().resolved() == GenerateConfig()


def test_do_sample_false_is_greedy_at_any_temperature() -> None:
    config = MermaidGenerationConfig(temperature=0.7, do_sample=False)
    assert config.resolved().sampling.temperature == 0.0


@pytest.mark.parametrize(
    "settings",
    [{"do_sample": True}, {"temperature": -1.0}, {"top_p": 0.0}, {"max_new_tokens": 0}],
    ids=str,
)
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        MermaidGenerationConfig(**settings)  # type: ignore[arg-type]


def test_both_spellings_of_a_flag_are_the_same() -> None:
    words = ["--lora_path", "my_folder", "--max_new_tokens=9", "--lora-path", "a--b_c"]
    assert with_dashes(words) == [
        "--lora-path",
        "my_folder",
        "--max-new-tokens=9",
        "--lora-path",
        "a--b_c",
    ]
    parsed = diagram_inference.argument_parser().parse_args(with_dashes(words))
    assert (parsed.lora_path, parsed.max_new_tokens) == (Path("a--b_c"), 9)


def test_every_reference_of_the_packaged_sample_is_valid_and_the_types_differ() -> None:
    examples = list(read_examples(diagram_inference.PACKAGED_SAMPLE))
    verdicts = [validate(example.answer) for example in examples]
    assert [verdict.problems for verdict in verdicts] == [()] * 12
    assert len({verdict.type for verdict in verdicts}) == 12


@pytest.fixture
def no_tutorial_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The path of the tutorial's validation file, where no file is yet."""
    path = tmp_path / "validation_data.jsonl"
    monkeypatch.setattr(diagram_inference, "TUTORIAL_DATA", path)
    return path


@pytest.mark.model
def test_the_command_answers_the_packaged_sample_and_says_so(
    smol_gguf: Path,
    no_tutorial_data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = tmp_path / "answers.jsonl"
    words = f"--limit 2 --base_model {smol_gguf} --max-new-tokens 16 --output {output}".split()
    status = main(words)
    printed = capsys.readouterr()
    assert f"{no_tutorial_data} does not exist: using the packaged sample" in printed.err
    rows = [json.loads(line) for line in output.read_text("utf-8").splitlines()]
    examples = list(read_examples(diagram_inference.PACKAGED_SAMPLE))[:2]
    assert [row["prompt"] for row in rows] == [example.prompt for example in examples]
    for row in rows:
        assert set(row) == {"id", "prompt", "mermaid", "type", "valid", "problems", "seconds"} | {
            "tokens"
        }
        assert row["prompt"] in printed.out
        assert row["mermaid"] in printed.out
    valid = sum(row["valid"] for row in rows)
    assert f"{valid} of 2 diagrams are valid" in printed.out
    assert status == (0 if valid == 2 else 1)


@pytest.mark.model
def test_the_command_reads_the_tutorial_s_file_where_it_exists(
    smol_gguf: Path, no_tutorial_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    no_tutorial_data.write_text('{"prompt": "A pie chart: tea 3, coffee 5"}\n', "utf-8")
    main(["--base-model", str(smol_gguf), "--max-new-tokens", "8"])
    printed = capsys.readouterr()
    assert f"prompts: {no_tutorial_data}\n" in printed.err
    assert "packaged sample" not in printed.err
    assert "of 1 diagrams" in printed.out


@pytest.mark.model
def test_one_instruction_takes_the_place_of_the_rows(
    smol_gguf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--instruction", "Draw a kettle", "--base-model", str(smol_gguf)]
    assert main([*words, "--max-new-tokens", "8"]) in (0, 1)
    assert "[1] Draw a kettle\n" in capsys.readouterr().out


def test_a_missing_validation_file_is_an_error_and_nothing_takes_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--validation-file", str(tmp_path / "none.jsonl")]) == 2
    assert f"error: no such file: {tmp_path / 'none.jsonl'}" in capsys.readouterr().err


def test_a_model_that_cannot_be_had_names_others_and_the_flag(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NAIAD_OFFLINE", "1")
    monkeypatch.setenv("NAIAD_HOME", str(tmp_path))
    assert main(["--instruction", "Draw a kettle"]) == 2
    error, hint = capsys.readouterr().err.splitlines()[-2:]
    assert "Qwen/Qwen2.5-1.5B-Instruct" in error or "qwen2.5-1.5b" in error
    assert hint.endswith("(with --base-model)")


@pytest.mark.parametrize("words", [["--no-such-flag"], ["--limit", "0"], ["--lora"]], ids=str)
def test_flags_that_do_not_exist_are_an_error(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    assert "diagram_inference.py: error: " in capsys.readouterr().err
