"""What decoding under a grammar costs a token, against decoding without, in one run.

    python benchmarks/grammar_cost.py [--model M] [--limit 20] [--json]

Two measurements with the real model and the prompts of benchmarks/prompts.jsonl:

- decoding: each prompt is answered under the grammar and then without it, in turns, and the
  time from the first line or token to the last is divided by the tokens. Prompt evaluation is
  left out of both. What is compared is the mean time a token.
- masks: along the diagrams that came out, the time to make each line's pattern, to compile it,
  and to make each token's mask in the model's whole vocabulary: mean and 99th percentile.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from llguidance import LLMatcher
from llguidance.hf import from_tokenizer

from naiad.datasets import read_prompts
from naiad.generation import EngineConfig
from naiad.grammar import GRAMMARS
from naiad.mermaid import diagram_type_of
from naiad.models.store import ModelStore
from naiad.models.weights import load_tokenizer, training_folder
from naiad.workflows.bench_generate import AnswerTime, PromptTime, time_prompts
from naiad.workflows.generate import open_session

PROMPTS = Path(__file__).parent / "prompts.jsonl"
MODEL = "qwen2.5-coder-0.5b"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--limit", type=int, default=20, help="prompts, spread over the file")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    prompts = [row.prompt for row in read_prompts(PROMPTS)]
    chosen = prompts[:: max(1, len(prompts) // options.limit)][: options.limit]
    times = decoding(options.model, chosen)
    diagrams = [each.constrained.mermaid for each in times]
    found = document(times, masks(options.model, diagrams), options.model)
    print(json.dumps(found, indent=2) if options.as_json else table(found))


def decoding(model: str, prompts: list[str]) -> tuple[PromptTime, ...]:
    """Answer each prompt under the grammar and without it."""
    with open_session(model, engine=EngineConfig("llamacpp")) as session:
        return time_prompts(session, prompts)


def masks(model: str, diagrams: list[str]) -> dict[str, list[float]]:
    """Milliseconds of each step of the constraint along the diagrams."""
    local = ModelStore().resolve(model)
    tokenizer = from_tokenizer(load_tokenizer(training_folder(local)))
    steps: dict[str, list[float]] = {"pattern": [], "compile": [], "mask": [], "take": []}
    for source in diagrams:
        diagram_type = diagram_type_of(source)
        if diagram_type is None or diagram_type not in GRAMMARS:
            continue
        grammar = GRAMMARS[diagram_type]()
        for line in source.split("\n"):
            pattern = timed(steps["pattern"], partial(grammar.next_line, bounded=False))
            regex = LLMatcher.grammar_from_regex(rf"(?:{pattern})\n?")
            matcher = timed(steps["compile"], partial(LLMatcher, tokenizer, regex))
            for token in tokenizer.tokenize_str(f"{line}\n"):
                timed(steps["mask"], matcher.compute_bitmask)
                timed(steps["take"], partial(matcher.consume_token, token))
            grammar.read(line)
    return steps


def timed(times_ms: list[float], call: Callable[[], Any]) -> Any:
    """What `call` returns; its time is added to the list."""
    began = time.perf_counter()
    answer = call()
    times_ms.append((time.perf_counter() - began) * 1e3)
    return answer


def document(
    times: tuple[PromptTime, ...], steps: dict[str, list[float]], model: str
) -> dict[str, Any]:
    """All figures as one JSON document."""
    free_ms, free_tokens = mean_ms([each.free for each in times])
    constrained_ms, constrained_tokens = mean_ms([each.constrained for each in times])
    masks_ms = (sum(steps["pattern"]) + sum(steps["compile"]) + sum(steps["mask"])) / len(
        steps["mask"]
    )
    ratios = [
        with_grammar / without
        for each in times
        if (with_grammar := each.constrained.ms_per_token) and (without := each.free.ms_per_token)
    ]
    return {
        "model": model,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("xllamacpp", "llguidance")},
        "prompts": len(ratios),
        "free_ms_per_token": round(free_ms, 2),
        "free_tokens": free_tokens,
        "constrained_ms_per_token": round(constrained_ms, 2),
        "constrained_tokens": constrained_tokens,
        "ratio": round(constrained_ms / free_ms, 3),
        "ratio_of_prompts": [round(each, 3) for each in np.percentile(ratios, (5, 50, 95))],
        "constraint_ms_per_token": round(masks_ms, 3),
        "constraint_share_of_decoding": round(masks_ms / free_ms, 4),
        "steps_ms": {
            name: {
                "n": len(times),
                "mean": round(float(np.mean(times)), 3),
                "p99": round(float(np.percentile(times, 99)), 3),
            }
            for name, times in steps.items()
        },
    }


def mean_ms(answers: Sequence[AnswerTime]) -> tuple[float, int]:
    """(milliseconds a token, tokens) over all answers."""
    tokens = sum(each.decoded_tokens for each in answers)
    return sum(each.decoding_s for each in answers) / tokens * 1e3, tokens


def table(found: dict[str, Any]) -> str:
    """The figures for people."""
    low, middle, high = found["ratio_of_prompts"]
    lines = [
        f"{found['model']}, {found['prompts']} prompts, {found['machine']}, {found['versions']}",
        f"without grammar {found['free_ms_per_token']} ms a token, "
        f"with {found['constrained_ms_per_token']} ms: ratio {found['ratio']} "
        f"(median of prompts {middle}, 5% to 95%: {low} to {high})",
        f"patterns, compilation and masks: {found['constraint_ms_per_token']} ms a token, "
        f"{found['constraint_share_of_decoding']:.1%} of the decoding time",
    ]
    lines += [
        f"  {name}: mean {step['mean']} ms, 99th percentile {step['p99']} ms, n = {step['n']}"
        for name, step in found["steps_ms"].items()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
