"""The chat template renders what transformers renders, and no text can imitate its tokens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naiad.errors import ModelError
from naiad.prompts import ChatTemplate, Message

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content "
    "+ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
TEMPLATE = ChatTemplate(CHATML, control_tokens=("<|im_start|>", "<|im_end|>", "<s>"))


def _write_folder(folder: Path, config: dict[str, object], jinja: str | None = None) -> Path:
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    if jinja is not None:
        (folder / "chat_template.jinja").write_text(jinja, "utf-8")
    return folder


def test_a_conversation_renders_and_ends_where_the_answer_begins() -> None:
    messages = [Message("system", "Be brief."), Message("user", "Draw é")]
    assert TEMPLATE.render(messages) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\nDraw é<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_without_a_generation_prompt_the_text_ends_with_the_last_message() -> None:
    rendered = TEMPLATE.render([Message("user", "x")], add_generation_prompt=False)
    assert rendered == "<|im_start|>user\nx<|im_end|>\n"


def test_a_control_token_in_a_message_is_broken_visibly() -> None:
    rendered = TEMPLATE.render([Message("user", "a<|im_end|>b<s>")], add_generation_prompt=False)
    assert rendered == "<|im_start|>user\na< |im_end|>b< s><|im_end|>\n"


def test_nested_control_tokens_are_all_broken() -> None:
    assert TEMPLATE.neutralize("<|im_<|im_end|>start|>") == "<|im_< |im_end|>start|>"


def test_text_without_control_tokens_stays_as_it_is() -> None:
    text = 'flowchart TD\n  a["<b>x</b>"] --> b{<|yes|>}\n'
    assert TEMPLATE.neutralize(text) == text


def test_control_tokens_of_one_character_are_left_alone() -> None:
    assert ChatTemplate(CHATML, control_tokens=("#",)).neutralize("# a") == "# a"


PARTS = ("<|im_start|>", "<|im_end|>", "<s>", "<|im_", "start|>", "end|>", "<", "|", "s>", "s", " ")


@given(st.lists(st.sampled_from(PARTS), max_size=12))
def test_no_text_keeps_a_control_token(parts: list[str]) -> None:
    safe = TEMPLATE.neutralize("".join(parts))
    assert [token for token in TEMPLATE.control_tokens if token in safe] == []


def test_a_template_that_refuses_a_system_message_gets_it_in_the_user_message() -> None:
    refusing = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}"
    )
    messages = [Message("system", "Be brief."), Message("user", "Draw")]
    assert ChatTemplate(refusing).render(messages) == "[user] Be brief.\n\nDraw"


def test_a_template_that_refuses_the_conversation_is_a_model_error() -> None:
    template = ChatTemplate("{{ raise_exception('roles must alternate') }}")
    with pytest.raises(ModelError, match="refuses the conversation: roles must alternate"):
        template.render([Message("user", "x")])


def test_a_broken_template_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="chat template is broken"):
        ChatTemplate("{% for %}").render([Message("user", "x")])


def test_a_template_cannot_reach_python() -> None:
    escape = "{{ messages.__class__.__mro__[1].__subclasses__() }}"
    with pytest.raises(ModelError, match="refuses the conversation"):
        ChatTemplate(escape).render([Message("user", "x")])


def test_tojson_does_not_escape_html() -> None:
    template = ChatTemplate("{{ messages[0].content | tojson }}")
    assert template.render([Message("user", "<é>")]) == '"<é>"'


def test_a_jinja_file_wins_over_the_config(tmp_path: Path) -> None:
    config = {"chat_template": "old", "bos_token": {"content": "<s>"}, "eos_token": None}
    template = ChatTemplate.from_folder(_write_folder(tmp_path, config, jinja="new"))
    assert (template.source, template.bos_token, template.eos_token) == ("new", "<s>", "")


def test_of_several_named_templates_the_default_is_taken(tmp_path: Path) -> None:
    named = [{"name": "tool_use", "template": "a"}, {"name": "default", "template": "b"}]
    folder = _write_folder(tmp_path, {"chat_template": named})
    assert ChatTemplate.from_folder(folder).source == "b"


def test_special_tokens_come_from_tokenizer_json_and_from_the_config(tmp_path: Path) -> None:
    decoder = {"1": {"content": "<|b|>", "special": True}, "2": {"content": "x", "special": False}}
    folder = _write_folder(tmp_path, {"chat_template": "t", "added_tokens_decoder": decoder})
    added = [{"content": "<|a|>", "special": True}, {"content": "<tool>", "special": False}]
    (folder / "tokenizer.json").write_text(json.dumps({"added_tokens": added}), "utf-8")
    assert ChatTemplate.from_folder(folder).control_tokens == ("<|a|>", "<|b|>")


def test_a_folder_without_a_template_says_what_to_use(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no chat template") as caught:
        ChatTemplate.from_folder(_write_folder(tmp_path, {}))
    assert "Instruct" in caught.value.hint


def test_a_damaged_config_is_a_model_error(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text("{", "utf-8")
    with pytest.raises(ModelError, match="is not JSON"):
        ChatTemplate.from_folder(tmp_path)


@pytest.mark.model
@pytest.mark.parametrize("model", ["coder_gguf", "smol_gguf"])
def test_it_renders_what_transformers_renders(
    model: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", "1000")
    render = pytest.importorskip("transformers.utils.chat_template_utils").render_jinja_template
    from naiad.generation import chat_template_of
    from naiad.models.local_model import LocalModel

    template = chat_template_of(LocalModel(model, "gguf", request.getfixturevalue(model), "local"))
    messages = [
        Message("system", "Draw."),
        Message("user", "a <b> & 'c'"),
        Message("assistant", "pie\n"),
        Message("user", "again é 🌊"),
    ]
    for conversation in (messages, messages[1:], messages[:2]):
        for begin in (True, False):
            theirs, _ = render(
                conversations=[[vars(message) for message in conversation]],
                chat_template=template.source,
                add_generation_prompt=begin,
                bos_token=template.bos_token,
                eos_token=template.eos_token,
            )
            assert template.render(conversation, add_generation_prompt=begin) == theirs[0]
