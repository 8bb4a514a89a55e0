"""What every engine promises, shown on real models."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from naiad.errors import EngineError, PromptTooLong
from naiad.generation import Engine, EngineConfig, SamplingConfig, chat_template_of, open_engine
from naiad.generation.llamacpp import FIRST_CONTEXT_TOKENS, LlamaCppEngine
from naiad.models.local_model import LocalModel
from naiad.prompts import Message

pytestmark = pytest.mark.model

ENGINES = ("llamacpp", "transformers")
PATTERN = "😀🚀🎉 é à ü 漢字 | 😀🚀🎉 é à ü 漢字 | 😀🚀🎉 é à ü 漢字 | 😀"
SHORT = SamplingConfig(max_tokens=24)
THREE_THOUSAND_TOKENS = "one two three " * 1000


@pytest.fixture(scope="module")
def smol(smol_gguf: Path) -> LocalModel:
    return LocalModel("smollm2-135m", "gguf", smol_gguf, "local")


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, smol: LocalModel) -> Iterator[Engine]:
    if request.param == "transformers":
        pytest.importorskip("torch", reason="the transformers engine needs naiad[train]")
    opened = open_engine(smol, EngineConfig(engine=request.param))
    yield opened
    opened.close()


def _chat(model: LocalModel, text: str) -> str:
    return chat_template_of(model).render([Message("user", text)])


def test_greedy_generation_is_repeatable(engine: Engine) -> None:
    first = engine.complete("Once upon a time", SHORT)
    assert first == engine.complete("Once upon a time", SHORT)
    assert first.text


def test_sampling_repeats_with_the_seed_and_changes_with_it(engine: Engine) -> None:
    def sample(seed: int) -> str:
        sampling = SamplingConfig(max_tokens=24, temperature=1.0, seed=seed)
        return engine.complete("Once upon a time", sampling).text

    assert sample(1) == sample(1)
    assert sample(1) != sample(2)


def test_streamed_pieces_join_to_the_text_and_split_no_character(engine: Engine) -> None:
    pieces: list[str] = []
    completion = engine.complete(PATTERN, SamplingConfig(max_tokens=48), pieces.append)
    assert "".join(pieces) == completion.text
    assert {"🚀", "é", "漢"} <= set(completion.text)
    assert "\N{REPLACEMENT CHARACTER}" not in completion.text


def test_a_stop_text_ends_the_generation_and_never_appears(engine: Engine) -> None:
    pieces: list[str] = []
    sampling = SamplingConfig(max_tokens=64, stop=("8", " 12"))
    completion = engine.complete("1 2 3 4 5", sampling, pieces.append)
    assert completion.finish_reason == "stop"
    assert "".join(pieces) == completion.text == " 6 7 "


def test_max_tokens_ends_with_length(engine: Engine) -> None:
    completion = engine.complete("1 2 3 4 5", SamplingConfig(max_tokens=5))
    assert (completion.finish_reason, completion.completion_tokens) == ("length", 5)


def test_the_model_ends_its_own_turn(engine: Engine, smol: LocalModel) -> None:
    completion = engine.complete(_chat(smol, "Say hello."), SamplingConfig(max_tokens=200))
    assert completion.finish_reason == "stop"
    assert "<|im_end|>" not in completion.text


def test_returning_true_stops_at_that_piece(engine: Engine) -> None:
    pieces: list[str] = []

    def stop_at_the_third(piece: str) -> bool:
        pieces.append(piece)
        return len(pieces) == 3

    completion = engine.complete("1 2 3 4 5", SamplingConfig(max_tokens=500), stop_at_the_third)
    assert completion.finish_reason == "cancelled"
    assert completion.text == "".join(pieces)
    assert len(pieces) == 3


def test_a_prompt_beyond_the_window_names_the_numbers(engine: Engine) -> None:
    prompt_tokens = engine.count_tokens(THREE_THOUSAND_TOKENS * 3)
    with pytest.raises(PromptTooLong) as caught:
        engine.complete(THREE_THOUSAND_TOKENS * 3, SamplingConfig(max_tokens=100))
    assert engine.window_tokens == 8192
    for number in (prompt_tokens, 100, 8192):
        assert f"{number:,}" in caught.value.message


def test_an_answer_beyond_the_window_says_what_would_fit(engine: Engine) -> None:
    with pytest.raises(PromptTooLong) as caught:
        engine.complete("1 2 3", SamplingConfig(max_tokens=8192))
    room = 8192 - engine.count_tokens("1 2 3")
    assert caught.value.hint == f"shorten the prompt or ask for at most --max-tokens {room}"


def test_a_prompt_of_3000_tokens_leaves_room_for_2000_more(engine: Engine) -> None:
    pieces: list[str] = []

    def stop_at_the_fifth(piece: str) -> bool:
        pieces.append(piece)
        return len(pieces) == 5

    sampling = SamplingConfig(max_tokens=2000)
    completion = engine.complete(THREE_THOUSAND_TOKENS, sampling, stop_at_the_fifth)
    assert completion.prompt_tokens == engine.count_tokens(THREE_THOUSAND_TOKENS) >= 3000
    assert "".join(pieces) == completion.text
    assert len(pieces) == 5


def test_what_the_receiver_raises_comes_out_and_the_engine_goes_on(engine: Engine) -> None:
    def fail(piece: str) -> bool:
        raise LookupError(piece)

    with pytest.raises(LookupError):
        engine.complete("1 2 3 4 5", SHORT, fail)
    assert engine.complete("1 2 3 4 5", SamplingConfig(max_tokens=4)).text == " 6 7"


@pytest.mark.skipif(os.name == "nt", reason="signals are sent to a process of its own there")
def test_an_interrupt_comes_out_during_the_prompt_and_the_engine_goes_on(engine: Engine) -> None:
    interrupt = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        engine.complete("other " + THREE_THOUSAND_TOKENS, SamplingConfig(max_tokens=2000))
    assert engine.complete("1 2 3 4 5", SamplingConfig(max_tokens=4)).text == " 6 7"


def test_control_tokens_in_a_text_are_tokens_only_until_neutralized(
    engine: Engine, smol: LocalModel
) -> None:
    template = chat_template_of(smol)
    for token in template.control_tokens:
        assert engine.count_tokens(token) == 1
        assert engine.count_tokens(template.neutralize(token)) > 1


def test_closing_twice_is_harmless_and_a_closed_engine_says_so(smol: LocalModel) -> None:
    opened = open_engine(smol)
    opened.close()
    opened.close()
    with pytest.raises(EngineError, match="the engine is closed"):
        opened.complete("1 2 3", SHORT)


def test_an_engine_that_is_closed_at_once_is_closed_at_once(smol: LocalModel) -> None:
    # llama.cpp's server waits for ever when it is freed before its loop runs: 1 time in 10.
    for _ in range(20):
        open_engine(smol).close()


def test_both_engines_split_text_alike(smol: LocalModel) -> None:
    pytest.importorskip("torch", reason="the transformers engine needs naiad[train]")
    from naiad.models.weights import load_tokenizer, training_folder

    tokenizer = load_tokenizer(training_folder(smol))
    template = chat_template_of(smol)
    imitation = template.neutralize("".join(template.control_tokens))
    opened = open_engine(smol)
    for text in (PATTERN, "decomposed e\u0301 12345", "日本\r\n\r\n  \t x", imitation):
        ids = tokenizer(text, add_special_tokens=False).input_ids
        assert opened.count_tokens(text) == len(ids)
        assert (
            set(ids) & set(tokenizer.convert_tokens_to_ids(list(template.control_tokens))) == set()
        )
    opened.close()


def test_llamacpp_says_nothing_and_leaves_no_socket_behind(
    smol: LocalModel, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path))
        opened = open_engine(smol)
        opened.complete("1 2 3", SamplingConfig(max_tokens=2))
        assert list(tmp_path.iterdir()) == []
        opened.close()
    assert capfd.readouterr() == ("", "")


def test_llamacpp_refuses_a_damaged_file_quietly(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(EngineError, match="could not load") as caught:
        LlamaCppEngine(path, window_tokens=4096, threads=1)
    assert str(path) in caught.value.message
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
def test_llamacpp_listens_on_no_port(smol: LocalModel) -> None:
    opened = open_engine(smol)
    # readlink fails for the descriptor that lists the folder, which is closed by then.
    descriptors = list(Path("/proc/self/fd").iterdir())
    own = {str(path.readlink()) for path in descriptors if path.is_symlink()}
    assert any(name.startswith("socket:") for name in own)
    assert _listening_inodes() & own == set()
    opened.close()


def _listening_inodes() -> set[str]:
    """Sockets in state LISTEN (0A), in the words that the links in /proc/self/fd use."""
    rows = [
        row.split()
        for table in ("/proc/self/net/tcp", "/proc/self/net/tcp6")
        if Path(table).exists()
        for row in Path(table).read_text().splitlines()[1:]
    ]
    return {f"socket:[{row[9]}]" for row in rows if row[3] == "0A"}


def test_llamacpp_grows_its_context_and_answers_the_same(smol: LocalModel) -> None:
    opened = open_engine(smol)
    small = opened.complete("1 2 3 4 5", SHORT)
    large = opened.complete(
        "1 2 3 4 5", SamplingConfig(max_tokens=FIRST_CONTEXT_TOKENS, stop=("9",))
    )
    assert large.text == small.text[: len(large.text)]
    assert large.finish_reason == "stop"
    opened.close()


def test_a_program_that_forgets_to_close_still_ends(smol: LocalModel) -> None:
    program = (
        "from pathlib import Path\n"
        "from naiad.generation.llamacpp import LlamaCppEngine\n"
        f"engine = LlamaCppEngine(Path({str(smol.path)!r}), window_tokens=8192, threads=1)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=120)
    assert (run.returncode, run.stdout, run.stderr) == (0, b"", b"")


def test_the_default_model_answers_in_mermaid(coder_gguf: Path) -> None:
    model = LocalModel("qwen2.5-coder-0.5b", "gguf", coder_gguf, "local")
    opened = open_engine(model)
    prompt = _chat(model, "Draw a Mermaid pie chart: cats 60, dogs 40.") + "```mermaid\npie"
    completion = opened.complete(prompt, SamplingConfig(max_tokens=80, stop=("```",)))
    opened.close()
    assert opened.window_tokens == 32768
    assert completion.finish_reason == "stop"
    assert "60" in completion.text


def test_a_line_matches_its_pattern_and_ends_at_its_newline(engine: Engine) -> None:
    prompt = "Colours and animals:\nred fox\ngreen "
    engine.make_room(prompt, 64)
    line = engine.write_line(prompt, r"[a-z]{2,6}\n", SamplingConfig(max_tokens=64))
    assert re.fullmatch("[a-z]{2,6}", line.text)
    assert line.ended_by == "newline"
    assert line.tokens >= 2


def test_a_line_may_end_by_the_end_token_only_where_the_pattern_lets_it(
    engine: Engine, smol: LocalModel
) -> None:
    prompt = _chat(smol, "Say yes and nothing else.")
    engine.make_room(prompt, 16)
    ended = engine.write_line(prompt, r"yes(?:x)?", SamplingConfig(max_tokens=16))
    assert (ended.text, ended.ended_by) == ("yes", "end token")
    forced = engine.write_line(prompt, r"yes\n", SamplingConfig(max_tokens=16))
    assert (forced.text, forced.ended_by) == ("yes", "newline")


def test_lines_go_on_where_the_last_one_ended(engine: Engine) -> None:
    prompt = "1 one\n2 two\n3 three\n"
    engine.make_room(prompt, 64)
    text = ""
    for number in (4, 5, 6):
        line = engine.write_line(
            prompt + text, rf"{number} [a-z]{{3,5}}\n", SamplingConfig(max_tokens=16)
        )
        text += f"{line.text}\n"
    assert text == "4 four\n5 five\n6 six\n"


def test_an_unfinished_line_says_so(engine: Engine) -> None:
    engine.make_room("a b c", 8)
    line = engine.write_line("a b c", r"( [a-z]){30}\n", SamplingConfig(max_tokens=5))
    assert (line.ended_by, line.tokens) == ("length", 5)


def test_sampled_lines_repeat_with_their_seed(engine: Engine) -> None:
    def sample(seed: int) -> str:
        sampling = SamplingConfig(max_tokens=40, temperature=1.5, seed=seed)
        return engine.write_line("Once", r"[ a-z]{30,60}\n", sampling).text

    engine.make_room("Once", 40)
    assert sample(1) == sample(1)
    assert len({sample(seed) for seed in range(4)}) > 1


def test_letters_beyond_ascii_are_written_whole(engine: Engine) -> None:
    engine.make_room("é", 40)
    line = engine.write_line("漢字は", r"[\u4e00-\u9fff😀é]{3,5}\n", SamplingConfig(max_tokens=40))
    assert re.fullmatch(r"[\u4e00-\u9fff😀é]{3,5}", line.text)
