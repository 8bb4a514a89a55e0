from __future__ import annotations

import pytest
from diagrams_by_family import VALID
from hypothesis import given, settings
from hypothesis import strategies as st

from naiad.mermaid.source import extract_diagram

PIE = 'pie\n  "a": 1'


@pytest.mark.parametrize(
    "answer",
    [
        PIE,
        f"\n\n{PIE}  \n\n",
        PIE.replace("\n", "\r\n"),
        f"```mermaid\n{PIE}\n```",
        f"```Mermaid\n{PIE}\n```\n",
        f"~~~mermaid\n{PIE}\n~~~",
        f"````mermaid\n{PIE}\n````",
        f"```\n{PIE}\n```",
        f"```text\n{PIE}\n```",
        f"```mermaid\n{PIE}",
        f"```mermaid\n{PIE}\n```\n\n```python\nprint('hello')\n```",
        f"```python\nprint('hello')\n```\n\n```mermaid\n{PIE}\n```",
        f"``` mermaid\n{PIE}\n``` That is all.",
        f"mermaid\n{PIE}",
        f"Mermaid:\n\n{PIE}",
        f"{PIE}\n```",
        f"Sure! Here is your pie chart:\n\n```mermaid\n{PIE}\n```\n\nIt has one slice.",
        f"Sure! Here is your pie chart:\n\n{PIE}\n\nThis chart shows how one slice is all.",
        f"Sure: ```mermaid\n{PIE}\n```",
        f"- First:\n\n  ```mermaid\n  {PIE}\n  ```".replace("\n  ", "\n  ").replace(
            '\n  "a"', '\n    "a"'
        ),
    ],
)
def test_the_diagram_is_found_in_whatever_surrounds_it(answer: str) -> None:
    assert extract_diagram(answer) == PIE


def test_front_matter_directives_and_comments_belong_to_the_diagram() -> None:
    source = (
        "---\ntitle: a\nconfig:\n  pie:\n    textPosition: 1\n---\n%%{init: {\n}}%%\n%% b\n" + PIE
    )
    assert extract_diagram(source) == source
    assert extract_diagram(f"Here you are:\n\n{source}\n") == source
    assert extract_diagram(f"```mermaid\n{source}\n```") == source


def test_the_first_of_two_diagrams_is_taken() -> None:
    assert extract_diagram(f"```mermaid\n{PIE}\n```\n```mermaid\ngantt\n```") == PIE


def test_a_keyword_in_prose_begins_no_diagram() -> None:
    prose = "The flowchart is below.\njourney of a user, as a list"
    assert extract_diagram(prose) == prose
    assert extract_diagram(f"{prose}\n\n{PIE}") == PIE


def test_a_text_without_a_diagram_comes_back_stripped() -> None:
    assert extract_diagram("  I cannot do that.\n") == "I cannot do that."
    assert extract_diagram("") == ""


@pytest.mark.parametrize("name", VALID)
def test_a_diagram_alone_stays_as_it_is(name: str) -> None:
    assert extract_diagram(VALID[name]) == VALID[name].strip()
    assert extract_diagram(f"Here:\n```\n{VALID[name]}```\nDone.") == VALID[name].strip()


@given(
    st.lists(
        st.sampled_from(
            ["```mermaid", "```", "~~~", "````", "pie", "graph TD", "---", "%%{init: {}}%%", "%% c",
             "", "  A-->B", "This is a sentence of prose, quite long.", "mermaid", "title: x", "\r",
             "```mermaid graph TD"]
        ),
        max_size=14,
    ).map("\n".join)
    | st.text(max_size=200)
)  # fmt: skip
@settings(deadline=None, max_examples=300)
def test_extracting_twice_is_extracting_once(text: str) -> None:
    once = extract_diagram(text)
    assert extract_diagram(once) == once
    assert "\r" not in once
    assert len(once) <= len(text)


def test_a_megabyte_of_fences_and_dashes_is_no_trap() -> None:
    for hostile in ("```\n" * 250_000, "---\n" * 250_000, "pie\n```\n" * 125_000, "\n" * 1_000_000):
        extract_diagram(hostile)
