"""What is written is read back as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from naiad.datasets import Example, read_examples, write_examples
from naiad.datasets.formats import FORMATS
from naiad.errors import InputError

texts = st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)


@pytest.mark.parametrize("format", FORMATS)
@given(prompt=texts, answer=texts, system=st.none() | texts)
def test_every_format_keeps_every_character(
    tmp_path_factory: pytest.TempPathFactory,
    format: str,
    prompt: str,
    answer: str,
    system: str | None,
) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    example = Example(prompt, answer, system)
    assert write_examples(path, [example, example], format) == 2
    assert list(read_examples(path)) == [replace(example, line=1), replace(example, line=2)]


def test_an_unknown_format_is_refused_before_a_file_exists(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown format 'xml'"):
        write_examples(tmp_path / "rows.jsonl", [], "xml")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("old")

    def rows() -> object:
        yield Example("a", "pie")
        raise ValueError

    with pytest.raises(ValueError):
        write_examples(path, rows())  # type: ignore[arg-type]
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["rows.jsonl"]
