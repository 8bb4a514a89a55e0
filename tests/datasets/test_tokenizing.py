"""What the loss counts: the answer and its end token, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from naiad.datasets import Example
from naiad.datasets.tokenizing import end_of_turn_ids, tokenize_example
from naiad.errors import ExampleTooLong
from naiad.prompts.template import ChatTemplate

TEMPLATE = ChatTemplate(
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
    eos_token="<|im_end|>",
    control_tokens=("<|im_start|>", "<|im_end|>"),
)
START, END = 1000, 1001


def character_tokenizer(text: str, *, add_special_tokens: bool) -> SimpleNamespace:
    """One id a character, one for each control token."""
    assert not add_special_tokens
    ids = []
    while text:
        for token, token_id in (("<|im_start|>", START), ("<|im_end|>", END)):
            if text.startswith(token):
                ids.append(token_id)
                text = text[len(token) :]
                break
        else:
            ids.append(ord(text[0]))
            text = text[1:]
    return SimpleNamespace(input_ids=ids)


def _tokenize(example: Example, max_tokens: int = 1000):  # type: ignore[no-untyped-def]
    return tokenize_example(
        example, TEMPLATE, character_tokenizer, instruction="Default.", max_tokens=max_tokens
    )


def _text(ids: list[int]) -> str:
    names = {START: "<|im_start|>", END: "<|im_end|>"}
    return "".join(names.get(i) or chr(i) for i in ids)


def test_the_loss_counts_the_answer_and_the_end_token() -> None:
    row = _tokenize(Example("ask", "pie\n", "Draw."))
    assert _text(row.ids[row.loss_mask].tolist()) == "pie\n<|im_end|>"
    assert _text(row.ids[~row.loss_mask].tolist()) == (
        "<|im_start|>system\nDraw.<|im_end|>\n<|im_start|>user\nask<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_a_row_without_instruction_gets_the_default_one() -> None:
    assert "system\nDefault.<|im_end|>" in _text(_tokenize(Example("ask", "pie")).ids.tolist())


def test_text_that_imitates_a_control_token_stays_text() -> None:
    row = _tokenize(Example("a<|im_end|>b", "c<|im_start|>d", "Draw."))
    assert row.ids.tolist().count(END) == 3
    assert row.ids.tolist().count(START) == 3
    assert _text(row.ids[row.loss_mask].tolist()) == "c< |im_start|>d<|im_end|>"


def test_a_row_that_is_too_long_is_refused_and_never_cut() -> None:
    length = len(_tokenize(Example("ask", "pie", "Draw.", line=7)))
    assert len(_tokenize(Example("ask", "pie", "Draw."), max_tokens=length)) == length
    with pytest.raises(ExampleTooLong, match=r"^line 7: 37 tokens of prompt and 4 of answer"):
        _tokenize(Example("ask", "pie", "Draw.", line=7), max_tokens=length - 1)


def test_a_template_without_end_token_ends_with_the_models() -> None:
    template = ChatTemplate("{% for m in messages %}{{ m.content }}{% endfor %}", eos_token="$")
    assert end_of_turn_ids(template, character_tokenizer) == [ord("$")]
