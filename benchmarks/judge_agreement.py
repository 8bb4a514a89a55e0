"""Release check: does the bundled parser judge as Mermaid in a browser does?

    python benchmarks/judge_agreement.py --packages tools/mermaid-bundle/node_modules \\
        ../shared/data/mermaid_corpus.jsonl ../shared/data/training_data.jsonl

Each diagram of the inputs, and seeded corruptions of it (a line deleted, doubled or swapped, a
character deleted, the end or a bracket cut off, the keyword changed), goes to the judge and to
the official dist/mermaid.min.js in headless Chromium. Counted: agreement on accept or refuse,
and, where Mermaid names a line, on that line. Mermaid counts the lines of its cleaned text, the
judge those of the user's; where front matter, directives or comments make them differ, lines are
not compared. Mermaid's plugin for ZenUML parses nothing, so ZenUML is compared with the parser of
@zenuml/core, run by Node. The outcome is printed as JSON; status 1 when anything disagrees.

Needs Chromium (--install-chromium gets Debian's), Node and the npm packages
(npm ci in tools/mermaid-bundle). Nothing of the inputs is kept.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from naiad.mermaid.diagram_types import diagram_type_of
from naiad.mermaid.judge import Judge

BATCH = 300
PAGE_TIMEOUT_S = 300
CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-file-access-from-files",
    "--virtual-time-budget=100000000",
)
PAGE = """<!doctype html><meta charset="utf-8"><pre id="out"></pre>
<script src="{mermaid}"></script>
<script>
const sources = {sources};
mermaid.initialize({{startOnLoad: false, logLevel: "fatal"}});
(async () => {{
  const answers = [];
  for (const source of sources) {{
    try {{
      const {{diagramType}} = await mermaid.parse(source);
      answers.push({{type: diagramType, message: null}});
    }} catch (error) {{
      answers.push({{type: null, message: String(error?.message ?? error)}});
    }}
  }}
  document.getElementById("out").textContent =
    "ANSWERS" + btoa(unescape(encodeURIComponent(JSON.stringify(answers)))) + "END";
}})();
</script>"""
ZENUML_TIMEOUT_S = 10
ZENUML_SCRIPT = """
import {{ readFileSync }} from "node:fs";
import {{ validate }} from "{parser}";
const text = readFileSync(0, "utf8").replace(/^\\s*zenuml/, "");
const {{ errorDetails: [first] }} = validate(text + "\\n");
const message = first ? `error on line ${{first.line}}: ${{first.msg}}` : null;
console.log(JSON.stringify({{ type: "zenuml", message }}));
"""
LINE = re.compile(r"(?:error on line|Lexer error on line) (\d+)")


def sources(path: Path) -> Iterator[str]:
    """Diagrams of a JSONL file: `mermaid`, or the model's turn of a Gemini row; or one file."""
    if path.suffix != ".jsonl":
        yield path.read_text(encoding="utf-8")
        return
    with path.open(encoding="utf-8") as rows:
        for row in map(json.loads, rows):
            yield row["mermaid"] if "mermaid" in row else row["contents"][1]["parts"][0]["text"]


def corrupted(source: str, chance: random.Random) -> Iterator[str]:
    """Broken relatives of a diagram, each by one change; some are valid still."""
    lines = source.split("\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    yield "\n".join(lines[:at] + lines[at + 1 :])
    yield "\n".join([*lines[: at + 1], *lines[at:]])
    swapped = list(lines)
    swapped[at], swapped[other] = swapped[other], swapped[at]
    yield "\n".join(swapped)
    position = chance.randrange(max(1, len(source)))
    yield source[:position] + source[position + 1 :]
    yield source[: chance.randrange(max(1, len(source)))]
    brackets = [match.start() for match in re.finditer(r"[\[\](){}\"|]", source)]
    if brackets:
        position = chance.choice(brackets)
        yield source[:position] + source[position + 1 :]
    yield re.sub(
        r"\A\s*\w+", chance.choice(["graph TD", "pie", "classDiagram", "x"]), source, count=1
    )


def in_chromium(diagrams: list[str], mermaid: Path, chromium: str) -> list[dict[str, Any]]:
    """{type, message} of each diagram by mermaid.parse in a fresh headless Chromium."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        literal = json.dumps(diagrams).replace("<", "\\u003c")
        script = (mermaid / "dist" / "mermaid.min.js").resolve().as_uri()
        page.write_text(PAGE.format(mermaid=script, sources=literal), encoding="utf-8")
        flags = [*CHROMIUM_FLAGS, f"--user-data-dir={folder}/profile", "--dump-dom"]
        done = subprocess.run(
            [chromium, *flags, page.as_uri()],
            capture_output=True,
            text=True,
            timeout=PAGE_TIMEOUT_S,
            check=False,
        )
    match = re.search(r"ANSWERS([A-Za-z0-9+/=]*)END", done.stdout)
    if match is None:
        raise SystemExit(f"Chromium gave no answer: {done.stderr[-500:]}")
    answers: list[dict[str, Any]] = json.loads(base64.b64decode(match[1]))
    return answers


def in_zenuml(diagrams: list[str], zenuml: Path) -> list[dict[str, Any]]:
    """{type, message} of each ZenUML text by @zenuml/core's own parser, each in its own Node."""
    parser = (zenuml / "dist" / "parser" / "index.mjs").resolve().as_uri()
    script = ZENUML_SCRIPT.format(parser=parser)
    answers = []
    for source in diagrams:
        try:
            done = subprocess.run(
                ["node", "--input-type=module", "-e", script],
                input=source,
                capture_output=True,
                text=True,
                timeout=ZENUML_TIMEOUT_S,
                check=True,
            )
            answers.append(json.loads(done.stdout))
        except subprocess.TimeoutExpired:
            answers.append({"type": None, "message": f"no answer in {ZENUML_TIMEOUT_S} s"})
    return answers


def official_line(source: str, message: str) -> int | None:
    """The line that the official message names, where it means the same as a line of the text."""
    match = LINE.search(message)
    if match is None or "%%" in source or source.lstrip().startswith("---"):
        return None
    blank = source[: len(source) - len(source.lstrip())].count("\n")
    last = source.replace("\r\n", "\n").rstrip().count("\n") + 1
    # One line behind the last is the parsers' name for the end of the text.
    return min(int(match[1]) + blank, last)


def compare(
    diagrams: list[str], official: Callable[[list[str]], list[dict[str, Any]]]
) -> dict[str, Any]:
    """Counts of agreement between `official` and the judge, and every disagreement."""
    counts: Counter[str] = Counter()
    disagreements: list[dict[str, Any]] = []
    with Judge() as judge:
        for start in range(0, len(diagrams), BATCH):
            batch = diagrams[start : start + BATCH]
            for source, answer in zip(batch, official(batch), strict=True):
                verdict = judge.validate(source)
                accepted = answer["message"] is None
                counts["diagrams"] += 1
                counts["accepted"] += accepted
                counts["verdicts agree"] += verdict.valid == accepted
                line = None if accepted else official_line(source, answer["message"])
                first = verdict.problems[0].line if verdict.problems else None
                if line is not None:
                    counts["lines compared"] += 1
                    counts["lines agree"] += line == first
                if verdict.valid != accepted or line not in (None, first):
                    problems = [str(problem) for problem in verdict.problems]
                    disagreements.append(
                        {"source": source, "official": answer, "line": line, "judge": problems}
                    )
            print(f"{counts['diagrams']} of {len(diagrams)}", file=sys.stderr)
    return {"counts": dict(counts), "disagreements": disagreements}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("inputs", nargs="+", type=Path, help="JSONL or Mermaid files")
    parser.add_argument("--packages", type=Path, required=True, help="npm's node_modules folder")
    parser.add_argument("--chromium", default="chromium", help="browser program")
    parser.add_argument(
        "--install-chromium",
        action="store_true",
        help="install Debian's chromium with apt-get where the browser is missing (as root)",
    )
    parser.add_argument("--corruptions", type=int, default=2, help="how many of each diagram")
    parser.add_argument("--limit", type=int, default=None, help="diagrams, drawn by the seed")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def install_chromium() -> None:
    """Debian's package; on other systems, install a browser by hand and name it."""
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "chromium"]):
        subprocess.run(command, check=True, stdout=sys.stderr)


def main() -> None:
    """Read the diagrams, corrupt them, compare, print the outcome as JSON."""
    chosen = arguments()
    if shutil.which(chosen.chromium) is None:
        if not chosen.install_chromium:
            raise SystemExit(
                f"no browser {chosen.chromium}: --install-chromium, or --chromium PATH"
            )
        install_chromium()
    chance = random.Random(chosen.seed)
    diagrams = [source for path in chosen.inputs for source in sources(path)]
    if chosen.limit is not None:
        diagrams = chance.sample(diagrams, min(chosen.limit, len(diagrams)))
    for source in list(diagrams):
        broken = [each for each in corrupted(source, chance) if each.strip()]
        diagrams += chance.sample(broken, min(chosen.corruptions, len(broken)))
    zenuml = [source for source in diagrams if diagram_type_of(source) == "zenuml"]
    others = [source for source in diagrams if diagram_type_of(source) != "zenuml"]
    browser = partial(in_chromium, mermaid=chosen.packages / "mermaid", chromium=chosen.chromium)
    outcome = {
        "mermaid in Chromium": compare(others, browser),
        "@zenuml/core in Node": compare(
            zenuml, partial(in_zenuml, zenuml=chosen.packages / "@zenuml" / "core")
        ),
    }
    print(json.dumps(outcome, ensure_ascii=False, indent=2))
    raise SystemExit(any(each["disagreements"] for each in outcome.values()))


if __name__ == "__main__":
    main()
