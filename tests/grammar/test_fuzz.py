"""No text makes a grammar or a rewriter crash or loop, or accept what the parser rejects.

Diagrams of the package are damaged at random: characters, lines and pieces of other families go
missing, move and come in. `NAIAD_FUZZ_COUNT=20000 pytest tests/grammar/test_fuzz.py` is the long
run, NAIAD_FUZZ_SEED another one.
"""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from naiad.grammar import GRAMMARS, fix, refusal
from naiad.grammar.rewriting.rewrite import rewrite
from naiad.mermaid import validate
from naiad.retrieval import packaged_examples

COUNT = int(os.environ.get("NAIAD_FUZZ_COUNT", "600"))
SEED = int(os.environ.get("NAIAD_FUZZ_SEED", "0"))
PIECES = (
    *('"', "'", "`", "[", "]", "(", ")", "{", "}", "<", ">", "|", ":", ";", ",", "#", "%", "%%"),
    *("-->", "--", "->>", "..", "==", "~~~", "@{", ":::", "end", "subgraph", "section", "title"),
    *("\n", "\n    ", "\t", "  ", "\\n", "<br/>", "\u2028", "\u202e", "\x00", "\ufeff", "é", "🙂"),
    *("constructor", "__proto__", "0", "-1", "99999999999", "2024-02-31", "end\n", "%%{init"),
)


def damaged(source: str, others: list[str], chance: random.Random) -> str:
    """`source` after one to four accidents."""
    for _ in range(chance.randint(1, 4)):
        lines = source.split("\n")
        at, line = chance.randrange(len(source) + 1), chance.randrange(len(lines))
        match chance.randrange(7):
            case 0:
                source = source[:at] + chance.choice(PIECES) + source[at:]
            case 1:
                source = source[:at] + source[at + chance.randint(1, 3) :]
            case 2:
                source = "\n".join([*lines[:line], *lines[line + 1 :]])
            case 3:
                source = "\n".join([*lines[: line + 1], *lines[line:]])
            case 4:
                other = chance.choice(chance.choice(others).split("\n"))
                source = "\n".join([*lines[:line], other, *lines[line:]])
            case 5:
                lines[line] = " " * chance.randint(0, 9) + lines[line].lstrip()
                source = "\n".join(lines)
            case _:
                other_line = chance.randrange(len(lines))
                lines[line], lines[other_line] = lines[other_line], lines[line]
                source = "\n".join(lines)
    return source


@pytest.fixture(scope="module")
def damaged_diagrams() -> list[str]:
    sources = [each.mermaid for each in packaged_examples() if each.type in GRAMMARS]
    chance = random.Random(SEED)
    return [damaged(chance.choice(sources), sources, chance) for _ in range(COUNT)]


def test_what_a_grammar_accepts_the_parser_accepts(damaged_diagrams: list[str]) -> None:
    accepted = [source for source in damaged_diagrams if refusal(source) is None]
    assert [source for source in accepted if not validate(source).valid] == []
    assert len(accepted) > len(damaged_diagrams) / 50  # or the test would show nothing


def test_rewriting_neither_fails_nor_hangs(damaged_diagrams: list[str]) -> None:
    for source in damaged_diagrams:
        for repairing in (False, True):
            rewrite(source, repairing=repairing)


def test_fixing_comes_to_rest(damaged_diagrams: list[str]) -> None:
    for source in damaged_diagrams[: max(60, COUNT // 10)]:
        fixed = fix(source)
        again = fix(fixed.source)
        assert (again.source, source) == (fixed.source, source)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(GRAMMARS)), st.text(max_size=200), st.booleans())
def test_any_text_behind_a_header_is_read_or_refused(
    diagram_type: str, text: str, repairing: bool
) -> None:
    source = f"{GRAMMARS[diagram_type].default_header}\n    {text}"
    if refusal(source) is None:
        assert validate(source).valid
    rewrite(source, repairing=repairing)
