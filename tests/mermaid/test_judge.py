from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from diagrams_by_family import BROKEN, VALID

from naiad.errors import ConfigError, JudgeUnavailable
from naiad.mermaid.diagram_types import DIAGRAM_TYPES
from naiad.mermaid.judge import Judge, JudgeLimits, validate
from naiad.mermaid.judge_engines import BUNDLE, available_engine, check_bundle, find_node
from naiad.mermaid.verdict import Problem, Verdict

MERMAID = "mermaid 12.3.0"
ENGINES = [
    "mini-racer",
    pytest.param("node", marks=pytest.mark.skipif(find_node() is None, reason="no node here")),
]


@pytest.fixture(scope="module", params=ENGINES)
def judge(request: pytest.FixtureRequest):
    with Judge(engine=request.param) as judge:
        yield judge


def test_valid_diagrams_of_all_types_are_accepted(judge: Judge) -> None:
    assert set(VALID) == set(DIAGRAM_TYPES)
    for name, source in VALID.items():
        verdict = judge.validate(source)
        assert (verdict.type, verdict.problems) == (name, ()), name
        assert verdict.judge == ("@zenuml/core 4.7.2" if name == "zenuml" else MERMAID)


@pytest.mark.parametrize("name", BROKEN)
def test_the_first_problem_names_its_line(judge: Judge, name: str) -> None:
    source, line, words = BROKEN[name]
    verdict = judge.validate(source)
    assert verdict.type == name
    first = verdict.problems[0]
    assert first.line == line, first
    assert words in first.message
    assert "\n" not in first.message
    assert first.judge == ("@zenuml/core 4.7.2" if name == "zenuml" else MERMAID)


FLOW = "flowchart TD\n  A --> B\n  B --> [\n"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (FLOW, 3),
        ("\n\n\n" + FLOW, 6),
        ("%% one\n%% two\n" + FLOW, 5),
        ('%%{init: {"theme": "dark"}}%%\n' + FLOW, 4),
        ('%%{init: {\n  "theme":\n  "dark"}\n}%%\n' + FLOW, 7),
        ("---\ntitle: a\n---\n" + FLOW, 6),
        ("---\ntitle: a\nconfig:\n  theme: dark\n---\n\n%%{init: {}}%%\n%% c\n\n" + FLOW, 12),
        (FLOW.replace("\n", "\r\n"), 3),
        ("flowchart TD\n\n\n%% c\n  A --> B\n%% d\n\n%%e\n  B --> [\n", 9),
        ("flowchart TD\n  A --> B\n  %%{wrap}%%\n  B --> [\n", 4),
        ("flowchart TD\n  A --> B\n  B -->", 3),
        ("flowchart TD\n  A --> B\n  B -->\n\n\n", 3),
    ],
)
def test_lines_count_in_the_users_own_text(judge: Judge, source: str, line: int) -> None:
    assert [problem.line for problem in judge.validate(source).problems] == [line]


def test_front_matter_that_is_not_yaml_is_a_problem_with_its_line(judge: Judge) -> None:
    verdict = judge.validate("---\ntitle: a\nconfig: [\n---\npie\n")
    assert [(problem.line, problem.judge) for problem in verdict.problems] == [(4, MERMAID)]
    assert verdict.problems[0].message.startswith("front matter: ")


def test_what_was_expected_and_found_is_one_short_line(judge: Judge) -> None:
    assert judge.validate('pie\n  "a" 3\n').problems == (
        Problem("expected ':', got `3`", 2, MERMAID),
    )
    assert judge.validate("sequenceDiagram\n  A->>B\n").problems == (
        Problem("expected 'TXT', got 'NEWLINE'", 2, MERMAID),
    )
    assert judge.validate("pie\n  ?\n").problems[0] == Problem(
        "unexpected character `?`", 2, MERMAID
    )


@pytest.mark.parametrize("source", ["", "  \n\t\n", "\ufeff"])
def test_an_empty_text_is_invalid(judge: Judge, source: str) -> None:
    assert not judge.validate(source).valid
    assert judge.validate("") == Verdict(
        None, (Problem("the text is empty", None, "naiad"),), "naiad"
    )


@pytest.mark.parametrize(
    "source",
    [
        "Here is your diagram, have fun with it.",
        "error",
        " ERROR\n",
        "---\nflowchart TD\n",
        "%% only a comment\n",
        "\0\1\2\3",
        "\ud800\udfff",
        "Flowchart TD\n  A --> B",
        "C5Context\nPerson(a, 'b')",
    ],
)
def test_prose_and_mermaids_pseudo_types_are_invalid(judge: Judge, source: str) -> None:
    verdict = judge.validate(source)
    assert not verdict.valid
    assert verdict.type is None


def test_an_unknown_beginning_is_quoted(judge: Judge) -> None:
    assert judge.validate("\n\nHello there\nfriend\n").problems == (
        Problem("`Hello there` begins no diagram type it knows", 3, MERMAID),
    )


def test_nothing_of_one_diagram_reaches_the_next(judge: Judge) -> None:
    edges = "flowchart TD\n" + "\n".join(f"  a{n} --> b{n}" for n in range(3))
    limited = "---\nconfig:\n  flowchart:\n    defaultRenderer: elk\n---\n" + edges
    wild = '%%{init: {"maxEdges": 1, "__proto__": {"polluted": 1}, "secure": []}}%%\n' + edges
    title = "sequenceDiagram\n  title: first\n  participant A\n  A->>+A: x\n"
    for first in (limited, wild, title, 'gitGraph\n commit id: "a"\n', "mindmap\n root\n"):
        before = judge.validate(first)
        for _ in range(2):
            assert judge.validate(edges).problems == ()
            assert judge.validate(first) == before


def test_mermaids_own_edge_limit_holds(judge: Judge) -> None:
    edges = [f"  a{n} --> b{n}" for n in range(501)]
    assert judge.validate("\n".join(["flowchart TD", *edges[:499]])).valid
    (problem,) = judge.validate("\n".join(["flowchart TD", *edges])).problems
    assert "Edge limit exceeded" in problem.message


def test_a_megabyte_of_text_is_refused_with_both_numbers() -> None:
    verdict = validate("flowchart TD\n" + "  A --> B\n" * 100_000)
    assert verdict == Verdict(
        "flowchart",
        (Problem("the text has 1,000,013 bytes; at most 262,144 are judged", None, "naiad"),),
        "naiad",
    )


def test_limits_can_be_raised() -> None:
    with Judge(JudgeLimits(max_source_bytes=2_000_000, timeout_s=120)) as judge:
        assert judge.validate("flowchart TD\n" + "%% a comment line\n" * 60_000 + "A-->B\n").valid


def _rigged(tmp_path: Path, script: str) -> Path:
    """A bundle with a check() of our own, to make it misbehave on demand."""
    bundle = tmp_path / "rigged.js"
    bundle.write_text(
        "globalThis.naiad = {versions: {mermaid: '0', zenuml: '0'}, answer: null,"
        "check(source) { naiad.answer = JSON.stringify({type: 'pie', problems: []});"
        f"{script} }}}};",
        encoding="utf-8",
    )
    digest = hashlib.sha256(bundle.read_bytes()).hexdigest()
    (tmp_path / "CHECKSUMS").write_text(f"{digest}  rigged.js\n", encoding="ascii")
    return bundle


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "script",
    [
        "if (source.includes('hang')) for (;;);",
        "const f = () => Promise.resolve().then(f); if (source.includes('hang')) f();",
        r"if (source.includes('hang')) /^(a|a)*$/.test('a'.repeat(60) + 'b');",
    ],
)
def test_a_hang_costs_one_diagram(tmp_path: Path, engine: str, script: str) -> None:
    limits = JudgeLimits(timeout_s=1.5)
    with Judge(limits, engine=engine, bundle=_rigged(tmp_path, script)) as judge:
        assert judge.validate("pie").valid
        assert judge.validate("pie hang").problems == (
            Problem("the parser gave no answer within 1.5 s", None, "naiad"),
        )
        assert judge.validate("pie").valid


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "script",
    [
        "if (source.includes('grow')) { const a = []; for (;;) a.push(new Array(999).fill(0.5)); }",
        "if (source.includes('grow')) Promise.resolve().then(() => {"
        " const a = []; for (;;) a.push(new Array(999).fill(0.5)); });",
        "if (source.includes('grow')) { const a = [];"
        " for (;;) a.push(new Uint8Array(1 << 24).fill(1)); }",
    ],
)
def test_a_memory_bomb_costs_one_diagram(tmp_path: Path, engine: str, script: str) -> None:
    limits = JudgeLimits(timeout_s=60, memory_limit_bytes=400 * 2**20)
    with Judge(limits, engine=engine, bundle=_rigged(tmp_path, script)) as judge:
        assert judge.validate("pie").valid
        assert judge.validate("pie grow").problems == (
            Problem("the parser needed more than 400 MB of memory", None, "naiad"),
        )
        assert judge.validate("pie").valid


def test_deep_nesting_is_a_problem_and_not_a_crash(judge: Judge) -> None:
    deep = "flowchart TD\n" + "subgraph a\n" * 1_000
    assert [problem.line for problem in judge.validate(deep).problems] == [1001]
    assert judge.validate("pie\n").valid


def test_a_diagram_that_really_hangs_its_parser_is_given_up() -> None:
    with Judge(JudgeLimits(timeout_s=1)) as judge:
        verdict = judge.validate("zenuml\nA.b() " + "{ A.b() " * 1_000)
        assert verdict == Verdict(
            "zenuml", (Problem("the parser gave no answer within 1 s", None, "naiad"),), "naiad"
        )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_the_judge_survives_the_death_of_its_process(judge: Judge) -> None:
    assert judge.validate("pie\n").valid
    first = judge.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert judge.validate("pie\n").valid
    assert judge.pid not in (None, first)


def test_threads_share_a_judge(judge: Judge) -> None:
    verdicts: dict[int, bool] = {}

    def ask(number: int) -> None:
        verdicts[number] = judge.validate("pie\n" if number % 2 else "pie ?\n").valid

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == {number: bool(number % 2) for number in range(8)}


def test_the_bundle_is_the_one_that_was_built() -> None:
    check_bundle(BUNDLE)
    with Judge() as judge:
        assert judge.versions() == {"mermaid": "12.3.0", "zenuml": "4.7.2"}


def test_a_damaged_bundle_is_not_run(tmp_path: Path) -> None:
    bundle = _rigged(tmp_path, "")
    bundle.write_text("globalThis.naiad = null", encoding="utf-8")
    with pytest.raises(JudgeUnavailable, match="is damaged: its SHA-256"):
        Judge(bundle=bundle)
    with pytest.raises(JudgeUnavailable, match="cannot be read"):
        Judge(bundle=tmp_path / "missing.js")


def test_a_parser_that_does_not_start_is_unavailable_and_not_a_verdict(tmp_path: Path) -> None:
    bundle = _rigged(tmp_path, "")
    bundle.write_text("syntax error here", encoding="utf-8")
    digest = hashlib.sha256(bundle.read_bytes()).hexdigest()
    (tmp_path / "CHECKSUMS").write_text(f"{digest}  rigged.js\n", encoding="ascii")
    with Judge(bundle=bundle) as judge, pytest.raises(JudgeUnavailable, match="did not start"):
        judge.validate("pie")


def test_the_engine_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAIAD_JUDGE_ENGINE", "mini-racer")
    assert available_engine() == "mini-racer"
    with pytest.raises(ConfigError, match="no JavaScript engine named 'spidermonkey'"):
        available_engine("spidermonkey")
    monkeypatch.setattr("naiad.mermaid.judge_engines.find_node", lambda: None)
    with pytest.raises(JudgeUnavailable, match="node not installed"):
        available_engine("node")


def test_a_program_that_judged_ends_with_its_process() -> None:
    program = (
        "from naiad.mermaid.judge import shared_judge, validate, JudgeLimits\n"
        "assert validate('pie').valid\n"
        "print(shared_judge(JudgeLimits()).pid)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def _corpus(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "mermaid_corpus.jsonl").open(encoding="utf-8") as rows:
        return [json.loads(row) for row in rows]


def test_mermaids_own_diagrams_are_accepted(shared_data: Path) -> None:
    rows = random.Random(12).sample(_corpus(shared_data), 150)
    assert [row["id"] for row in rows if not validate(row["mermaid"]).valid] == []


@pytest.mark.release
@pytest.mark.parametrize("engine", ENGINES)
def test_all_of_mermaids_own_diagrams_are_accepted(shared_data: Path, engine: str) -> None:
    rows = _corpus(shared_data)
    with Judge(engine=engine) as judge:
        refused = [row["id"] for row in rows if not judge.validate(row["mermaid"]).valid]
    assert (len(rows), refused) == (1132, [])
