"""Check data: everything there is to say of a training file, without training on it."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from naiad.datasets.example import Example, PromptRow
from naiad.datasets.findings import (
    AnswerCheck,
    Finding,
    answer_findings,
    counted,
    duplicate_findings,
    instruction_finding,
    leak_finding,
    token_findings,
)
from naiad.datasets.reading import BadRow, ParsedRow, example_of, prompt_of, scan_rows
from naiad.datasets.splitting import Duplicates, find_duplicates, find_leaks
from naiad.datasets.token_check import TokenCheck, check_tokens
from naiad.datasets.tokenizing import tokenize_example
from naiad.grammar import refusal
from naiad.models.progress import Progress, no_progress
from naiad.models.store import ModelStore
from naiad.models.weights import load_tokenizer, tokenizer_folder
from naiad.prompts import DEFAULT_INSTRUCTION, ChatTemplate
from naiad.training.config import TrainingConfig
from naiad.workflows.preflight import FileExample, JudgedAnswers, draw_answers, judge_answers

OnRow = Callable[[str, int], None]
"""Gets what is being done, `judging` or `drawing`, and the number of rows done."""


@dataclass(frozen=True)
class Leaks:
    """What a file shares with the one it will be evaluated on."""

    path: Path
    rows: int
    """Usable rows of the evaluation file."""
    lines: tuple[int, ...]
    """Those of them whose prompt is in the checked file too."""


@dataclass(frozen=True)
class DataCheck:
    """What is in a training file."""

    path: Path
    rows: int
    """Usable ones."""
    bad_rows: tuple[BadRow, ...]
    """Of the file and of the evaluation file."""
    formats: dict[str, int]
    """Usable rows of each format."""
    answers: AnswerCheck
    not_canonical: int
    """Valid answers that are not written as Naiad writes them; cleaning rewrites them."""
    duplicates: Duplicates
    leaks: Leaks | None
    """None without an evaluation file."""
    instructions: int
    """Different system instructions, none being one of them."""
    longest_prompt_characters: int
    longest_answer_characters: int
    tokens: TokenCheck | None
    """None without a model to count by."""

    @property
    def clean(self) -> bool:
        """Every row is usable, ends as it must and is not evaluated on; every answer looked at
        is valid Mermaid and was drawn if drawing was tried."""
        wrong = (
            self.bad_rows,
            self.answers.invalid,
            self.answers.undrawable,
            self.leaks and self.leaks.lines,
            self.tokens and self.tokens.rows_without_end,
        )
        return self.rows > 0 and not any(wrong)

    def findings(self) -> Iterator[Finding]:
        """One line for each thing that was looked at."""
        bad = len(self.bad_rows)
        yield Finding("usable rows", f"{self.rows:,}")
        yield Finding("bad rows", f"{bad:,}" if bad else "none", "named below" if bad else "")
        yield Finding("formats", counted(self.formats))
        prompt, answer = self.longest_prompt_characters, self.longest_answer_characters
        yield Finding("longest", f"prompt {prompt:,}, answer {answer:,} characters")
        if self.tokens is not None:
            yield from token_findings(self.tokens, max_tokens=TrainingConfig().max_tokens)
        yield from duplicate_findings(self.duplicates)
        if self.leaks is not None:
            yield leak_finding(self.leaks.lines, self.leaks.rows)
        yield instruction_finding(self.instructions)
        yield from answer_findings(self.answers)
        rewritten = "`naiad data convert --clean` rewrites them" if self.not_canonical else ""
        yield Finding("valid, not canonical", f"{self.not_canonical:,}", rewritten)


def check_data(
    path: Path,
    *,
    evaluation: Path | None = None,
    model: str | None = None,
    most_drawn: int | None = 0,
    on_row: OnRow = lambda doing, row: None,
    on_download: Progress = no_progress,
) -> DataCheck:
    """Read every row and judge every answer, 8 to 14 ms each.

    evaluation: rows that must not be trained on; only their prompts are read. model: whose
    tokens are counted; it is downloaded where it is missing. most_drawn: valid answers that are
    drawn, a second or two each, spread over the types; None draws all. Raises InputError when a
    file is missing, JudgeUnavailable, RendererUnavailable, and with a model what finding it
    raises, and MissingExtra.
    """
    examples, bad_rows, formats = _read(path)
    # Before the long part, so that a mistyped name is an error at once.
    leaks, more_bad_rows = _leaks(examples, evaluation)
    tokens = _tokens(examples, model, on_download) if model and examples else None
    judged = judge_answers(
        [FileExample(path, example) for example in examples], lambda row: on_row("judging", row)
    )
    drawn, undrawable = draw_answers(
        judged.valid, most=most_drawn, on_row=lambda row: on_row("drawing", row)
    )
    return DataCheck(
        path=path,
        rows=len(examples),
        bad_rows=(*bad_rows, *more_bad_rows),
        formats=formats,
        answers=AnswerCheck(
            len(examples), judged.judged, judged.invalid, judged.types, drawn, undrawable
        ),
        not_canonical=_not_canonical(judged),
        duplicates=find_duplicates(examples),
        leaks=leaks,
        instructions=len({example.system for example in examples}),
        longest_prompt_characters=max((len(e.prompt) for e in examples), default=0),
        longest_answer_characters=max((len(e.answer) for e in examples), default=0),
        tokens=tokens,
    )


def _read(path: Path) -> tuple[list[Example], list[BadRow], dict[str, int]]:
    examples: list[Example] = []
    bad_rows: list[BadRow] = []
    formats: Counter[str] = Counter()
    for row in scan_rows(path):
        if isinstance(row, ParsedRow):
            examples.append(example_of(row))
            formats[row.format] += 1
        else:
            bad_rows.append(row)
    return examples, bad_rows, dict(formats)


def _leaks(examples: Sequence[Example], path: Path | None) -> tuple[Leaks | None, list[BadRow]]:
    if path is None:
        return None, []
    prompts: list[PromptRow] = []
    bad_rows: list[BadRow] = []
    for row in scan_rows(path, answer_needed=False):
        if isinstance(row, ParsedRow):
            prompts.append(prompt_of(row))
        else:
            bad_rows.append(row)
    return Leaks(path, len(prompts), find_leaks(examples, prompts)), bad_rows


def _tokens(examples: Sequence[Example], model: str, on_download: Progress) -> TokenCheck:
    local = ModelStore().resolve(model, progress=on_download)
    with tempfile.TemporaryDirectory(prefix="naiad-") as scratch:
        folder = tokenizer_folder(local, Path(scratch))
        template, tokenizer = ChatTemplate.from_folder(folder), load_tokenizer(folder)
    rows = [
        tokenize_example(
            example, template, tokenizer, instruction=DEFAULT_INSTRUCTION, max_tokens=2**31
        )
        for example in examples
    ]
    return check_tokens(rows, examples, template, tokenizer)


def _not_canonical(judged: JudgedAnswers) -> int:
    return sum(refusal(row.example.answer) is not None for row, _ in judged.valid)
