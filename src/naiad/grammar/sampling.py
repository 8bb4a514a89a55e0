"""Random diagrams out of a grammar, to be shown to the judge.

A sample is a walk: of the tokens that the line's pattern allows next, one is taken, again and
again. `noise` is the share of steps that take any of them with equal chance; the others prefer
tokens that make short, ordinary lines, as a model does. The vocabulary holds every byte, words,
every family's notation and text that has broken parsers before, so a token may span what the
grammar's parts do not. Needs the `llguidance` package, which masks tokens for the engines too.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from naiad.errors import MissingExtra
from naiad.grammar.line_grammar import DiagramGrammar, union


def _split(pieces: str) -> list[str]:
    return pieces.split(" ")


_NOTATION = _split(
    "--> --- -.-> ==> ->> -->> -x --) <|-- ..> ||--o{ }|..|{ ::: @{ (( )) [[ ]] || :: %% %%{ "
    "#quot; <br/> << >> end subgraph class state note loop title graph style default section "
    "participant left right click href 10 0.5 2024-01-01"
)
_NASTY = _split(
    "constructor __proto__ toString hasOwnProperty prototype null undefined true NaN "
    "é ß ı ſ 中文 日本 עברית العربية हिन्दी ไทย 🙂 👩‍👩‍👧 e\u0301 \u00a0 𝒕 \u212a &amp; </script> "
    "javascript: \\n $$x$$ **b** _i_ fa:fa-car %s ``` http://a.b/c?d=e&f () {} []"
)
_WORDS = [
    *_split("user order pay check the data send API store review Login Error main plan test"),
    *_split("build Ship node item value id ing er low top"),
    *(" of", " and", " is", " to", ", "),
]

STEPS_BEFORE_HURRY = 14
"""Tokens of a line after which tokens that end names and labels are preferred."""
MOST_STEPS = 400
"""Tokens of a line after which the walk takes only what leads out."""
STOP_CHANCE = 0.06
"""Chance to stop at a line at which the diagram may stop."""


class Sampler:
    """Draws diagrams; the same seed draws the same ones."""

    def __init__(self, seed: int, *, noise: float, most_lines: int = 30) -> None:
        """noise: 0 … 1. most_lines: after at most so many lines the diagram is closed."""
        self._random = random.Random(seed)
        self._noise = noise
        self._most_lines = most_lines

    def diagram(self, grammar: DiagramGrammar) -> str:
        """A diagram from a fresh grammar, which has read it afterwards.

        Raises LineRefused when the grammar cannot read a line that its pattern allows: a bug.
        """
        lines: list[str] = []
        room = self._random.randint(1, self._most_lines)
        while len(lines) < room and not self._stops(grammar):
            line = self._line(grammar)
            if line is None:
                break
            grammar.read(line)
            lines.append(line)
        for line in grammar.closing_lines() if not grammar.may_end else ():
            grammar.read(line)
            lines.append(line)
        return "\n".join(lines)

    def _stops(self, grammar: DiagramGrammar) -> bool:
        return grammar.may_end and self._random.random() < STOP_CHANCE

    def _line(self, grammar: DiagramGrammar) -> str | None:
        """A line of the union of all forms or, as often, of one form: rare ones come up too."""
        forms = grammar.forms()
        if not forms:
            return None
        if self._random.random() < 0.5:
            return self._walk(union(forms))
        return self._walk(union([self._random.choice(forms)]))

    def _walk(self, pattern: str) -> str:
        llguidance = _import_llguidance()
        vocabulary = _vocabulary()
        matcher = llguidance.LLMatcher(
            vocabulary.tokenizer, llguidance.LLMatcher.grammar_from_regex(pattern)
        )
        line = b""
        for step in range(100_000):
            if matcher.is_error():
                raise ValueError(f"{matcher.get_error()}: {pattern[:2000]}")
            if matcher.is_stopped():
                break
            mask = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
            allowed = np.flatnonzero(np.unpackbits(mask, bitorder="little"))
            token = self._choose(allowed, step, matcher.is_accepting())
            if token == vocabulary.end:
                break
            matcher.consume_token(token)
            line += vocabulary.tokens[token]
        return line.decode("utf-8")

    def _choose(self, allowed: Any, step: int, accepting: bool) -> int:
        vocabulary = _vocabulary()
        if accepting and (step > MOST_STEPS or self._random.random() < 0.5):
            return vocabulary.end
        if step <= MOST_STEPS and self._random.random() < self._noise:
            return int(self._random.choice(allowed))
        weights = vocabulary.weights_in_hurry if step > STEPS_BEFORE_HURRY else vocabulary.weights
        return int(self._random.choices(allowed, weights[allowed])[0])


class _Vocabulary:
    """Every byte, the pieces above and an end token, as llguidance wants them."""

    def __init__(self, tokenizer_of: Any) -> None:
        pieces = [*_NOTATION, *_NASTY, *_WORDS]
        texts = [bytes([value]) for value in range(256)]
        texts += [piece.encode() for piece in dict.fromkeys(pieces) if len(piece.encode()) > 1]
        self.tokens: Sequence[bytes] = [*texts, b"<|end|>"]
        self.end = len(texts)
        self.eos_token_id = self.end
        self.bos_token_id = None
        self.special_token_ids = [self.end]
        self.is_tokenizer_wrapper = True
        self.weights = np.array([self._weight(each, hurry=False) for each in self.tokens])
        self.weights_in_hurry = np.array([self._weight(each, hurry=True) for each in self.tokens])
        self.tokenizer = tokenizer_of(self, slices=[])

    def __call__(self, text: bytes | str) -> list[int]:
        data = text.encode() if isinstance(text, str) else text
        return list(data)

    def _weight(self, token: bytes, *, hurry: bool) -> float:
        text = token.decode("utf-8", "replace")
        if text in _WORDS:
            return 0.05 if hurry else 1.0
        if text in _NASTY or not text.isascii() or not text.isprintable():
            return 1e-5
        if len(text) > 1:
            return 0.02
        return (0.01 if hurry else 0.1) if text.isalnum() else (1.0 if hurry else 0.05)


@lru_cache(maxsize=1)
def _vocabulary() -> _Vocabulary:
    return _Vocabulary(_import_llguidance().LLTokenizer)


def _import_llguidance() -> Any:
    try:
        import llguidance
    except ImportError as error:
        raise MissingExtra(
            "random samples need llguidance, which is not installed",
            hint="install with `pip install 'naiad[train]'`",
        ) from error
    return llguidance


def samples(
    grammar: type[DiagramGrammar],
    count: int,
    *,
    seed: int,
    noises: Iterable[float] = (0, 0.05, 0.3),
) -> list[str]:
    """`count` random diagrams, the noises taken in turn."""
    cycle = list(noises)
    return [
        Sampler(seed * 1_000_003 + number, noise=cycle[number % len(cycle)]).diagram(grammar())
        for number in range(count)
    ]
