"""Mermaid diagrams from plain language on a CPU: the tutorial's command and its classes.

    python diagram_inference.py --limit 3
    python diagram_inference.py --lora-path ./mermaid_lora --instruction "Draw a login flow"

    with DiagramGenerator(lora_adapter_path="./mermaid_lora") as generator:
        source = generator.generate_diagram("Draw a login flow")["mermaid"]

Exit status of the command: 0 when every diagram is valid, 1 when one is not, 2 when it could
not do its work. Thin over the package: naiad.workflows.generate does the work.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from naiad.cli.console import EXIT_FAILED, EXIT_INVALID, EXIT_OK, print_error
from naiad.cli.progress import download_bar
from naiad.datasets import PromptRow, read_prompts
from naiad.errors import ConfigError, EngineError, InputError, ModelError, NaiadError
from naiad.files import translated_os_errors
from naiad.generation import SamplingConfig
from naiad.mermaid.judge import validate
from naiad.models.progress import Progress
from naiad.workflows.batch import BATCH_KEYS
from naiad.workflows.generate import (
    DiagramRequest,
    GenerateConfig,
    GeneratedDiagram,
    diagram_as_json,
    open_session,
)

TUTORIAL_MODEL = "Qwen/Qwen2.5-1.5B-Instruct"

EXIT_INTERRUPTED = 130

FOLDER = Path(__file__).resolve().parent
TUTORIAL_DATA = FOLDER.parent / "gemini_fine_tune" / "dataset" / "validation_data.jsonl"
PACKAGED_SAMPLE = FOLDER / "validation_sample.jsonl"


@dataclass(frozen=True)
class MermaidGenerationConfig:
    """How diagrams are generated, in the names that transformers gives such settings.

    Raises ConfigError for values that are out of range or contradict each other.
    """

    max_new_tokens: int = SamplingConfig.max_tokens
    """Most tokens of one diagram."""
    temperature: float = SamplingConfig.temperature
    """0 is greedy and repeatable; above it, tokens are sampled."""
    top_p: float = SamplingConfig.top_p
    """Sample from the likeliest tokens that together have this probability."""
    do_sample: bool | None = None
    """False is greedy whatever the temperature; None samples when the temperature is above 0."""
    seed: int = SamplingConfig.seed
    """Seed of the sampler."""
    assisted: bool = True
    """As `naiad generate` does it: a model without an adapter is shown a worked example, and the
    header of the diagram type asked for is written for it. False is the model alone, zero-shot."""

    def __post_init__(self) -> None:
        self.resolved()

    def resolved(self) -> GenerateConfig:
        """The same settings as the package takes them."""
        if self.do_sample and self.temperature == 0:
            raise ConfigError(
                "do_sample=True needs a temperature above 0",
                hint="set a temperature, or leave do_sample out",
            )
        sampling = SamplingConfig(
            max_tokens=self.max_new_tokens,
            temperature=0.0 if self.do_sample is False else self.temperature,
            top_p=self.top_p,
            seed=self.seed,
        )
        if self.assisted:
            return GenerateConfig(sampling)
        return GenerateConfig(sampling, examples=0, begin_answer=False)


class DiagramGenerator:
    """A loaded model that turns text into Mermaid, one request at a time.

    Close it, or use it in `with`.
    """

    def __init__(
        self,
        base_model: str | None = None,
        lora_adapter_path: str | Path | None = None,
        device: str = "cpu",
        config: MermaidGenerationConfig | None = None,
        *,
        progress: Progress | None = None,
    ) -> None:
        """Find, if needed download, and load the model.

        base_model: Hub id, short name of `naiad models list`, folder or .gguf file; None is the
        base that the adapter was trained on, and without an adapter TUTORIAL_MODEL.
        progress: told how far a download is.
        Raises ConfigError for a device other than "cpu", ModelError, AdapterError, EngineError.
        """
        if device != "cpu":
            raise ConfigError(
                f"device is {device!r}, and Naiad runs on the CPU", hint='leave it out, or "cpu"'
            )
        if base_model is None and lora_adapter_path is None:
            base_model = TUTORIAL_MODEL
        config = config or MermaidGenerationConfig()
        self._session = open_session(
            base_model, lora_adapter_path, config=config.resolved(), progress=progress
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the model; closing twice is harmless."""
        self._session.close()

    @property
    def model_name(self) -> str:
        """The base model in use, as `naiad models` names it."""
        return self._session.model.name

    def answer(self, row: PromptRow) -> GeneratedDiagram:
        """The diagram for a row of a data file, under the row's own instruction if it has one."""
        return self._session.generate(DiagramRequest(row.prompt, instruction=row.system))

    def generate_diagram(self, text: str) -> dict[str, Any]:
        """The diagram that `text` describes.

        -> {"prompt": text, "mermaid": the source alone, "raw_output": what the model wrote,
            "valid": whether Mermaid's own parser accepts it, "problems": [str, …]}

        Raises InputError for an empty text, PromptTooLong and EngineError.
        """
        diagram = self._session.generate(DiagramRequest(text))
        return {
            "prompt": diagram.prompt,
            "mermaid": diagram.mermaid,
            "raw_output": diagram.raw_output,
            "valid": diagram.valid,
            "problems": [str(problem) for problem in diagram.problems],
        }

    def generate_multiple(self, texts: Iterable[str]) -> list[dict[str, Any]]:
        """generate_diagram of each text, in order."""
        return [self.generate_diagram(text) for text in texts]

    @staticmethod
    def validate_mermaid(code: str) -> tuple[bool, str]:
        """Whether Mermaid's own parser accepts `code`, and its type or what is wrong with it.

        "pie\\n  \\"a\\" : 1" -> (True, "pie"); "pie\\n  a" -> (False, "line 2: …")
        """
        verdict = validate(code)
        if verdict.valid:
            return True, verdict.type or ""
        return False, "; ".join(str(problem) for problem in verdict.problems)


class Diagram_LLM2_Adapter:
    """The app's model: a fine-tuned adapter on the base it was trained on, text in, Mermaid out."""

    def __init__(self, lora_adapter_path: str | Path) -> None:
        """Load the adapter and the base model that it names. Raises like DiagramGenerator."""
        self._generator = DiagramGenerator(lora_adapter_path=lora_adapter_path)

    def generate(self, prompt: str) -> str:
        """The Mermaid source for `prompt`; may not be valid, see DiagramGenerator."""
        return str(self._generator.generate_diagram(prompt)["mermaid"])

    def close(self) -> None:
        """Free the model; closing twice is harmless."""
        self._generator.close()


def argument_parser() -> argparse.ArgumentParser:
    """The flags of the command, spelled with dashes; `main` takes underscores too.

    Where the package has another name for a flag, both are taken, since its hints use that one.
    """
    parser = argparse.ArgumentParser(
        prog="diagram_inference.py",
        description="Generate a Mermaid diagram for each row of a validation file, on the CPU, "
        "by the model alone (zero-shot) or with a LoRA adapter.",
        allow_abbrev=False,
    )
    settings = MermaidGenerationConfig()
    parser.add_argument(
        *("--base-model", "--model"),
        metavar="MODEL",
        help="Hub id, short name of `naiad models list`, folder or .gguf file. Default: the base "
        f"of --lora-path, and without an adapter {TUTORIAL_MODEL}.",
    )
    parser.add_argument(
        *("--lora-path", "--adapter"), metavar="DIR", type=Path, help="Adapter folder to use."
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--instruction", metavar="TEXT", help="One description, in place of rows.")
    source.add_argument(
        "--validation-file",
        metavar="FILE",
        type=Path,
        help="Rows with a prompt, in any format that training reads. Default: "
        "../gemini_fine_tune/dataset/validation_data.jsonl where it exists, else a sample that "
        "comes with the package.",
    )
    parser.add_argument("--limit", metavar="N", type=_positive, help="Only the first N rows.")
    parser.add_argument(
        *("--max-new-tokens", "--max-tokens"),
        metavar="N",
        type=int,
        default=settings.max_new_tokens,
        help="Most tokens of one diagram. Default: %(default)s.",
    )
    parser.add_argument(
        "--temperature",
        metavar="X",
        type=float,
        default=settings.temperature,
        help="0 is greedy and repeatable; above it, tokens are sampled. Default: %(default)s.",
    )
    parser.add_argument(
        "--top-p",
        metavar="X",
        type=float,
        default=settings.top_p,
        help="Sample from the likeliest tokens of this probability. Default: %(default)s.",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=int,
        default=settings.seed,
        help="Seed of the sampler. Default: %(default)s.",
    )
    parser.add_argument(
        "--assisted",
        action="store_true",
        help="Help the model as `naiad generate` does: a worked example where there is no "
        "adapter, and the header of the diagram type asked for.",
    )
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help="Also write the answers as JSON Lines."
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not at least 1")
    return number


def with_dashes(arguments: Sequence[str]) -> list[str]:
    """Flags as the parser spells them.

    ["--lora_path", "my_dir", "--max_new_tokens=9"] -> ["--lora-path", "my_dir",
    "--max-new-tokens=9"]
    """
    return [
        re.sub(r"^--[\w-]+", lambda flag: flag[0].replace("_", "-"), argument)
        for argument in arguments
    ]


def _rows(arguments: argparse.Namespace) -> list[PromptRow]:
    """The requests that the flags name; says on standard error which file they come from."""
    if arguments.instruction is not None:
        return [PromptRow("1", arguments.instruction, None, 1)]
    path = arguments.validation_file
    if path is None:
        path = TUTORIAL_DATA if TUTORIAL_DATA.exists() else PACKAGED_SAMPLE
        if path is PACKAGED_SAMPLE:
            print(f"{TUTORIAL_DATA} does not exist: using the packaged sample", file=sys.stderr)
    print(f"prompts: {path}", file=sys.stderr)
    return list(islice(read_prompts(path), arguments.limit))


def _run(arguments: argparse.Namespace) -> int:
    config = MermaidGenerationConfig(
        max_new_tokens=arguments.max_new_tokens,
        temperature=arguments.temperature,
        top_p=arguments.top_p,
        seed=arguments.seed,
        assisted=arguments.assisted,
    )
    rows = _rows(arguments)
    with ExitStack() as stack:
        output = None
        if arguments.output is not None:
            with translated_os_errors("write", arguments.output):
                output = stack.enter_context(arguments.output.open("w", encoding="utf-8"))
        generator = stack.enter_context(_open(arguments, config))
        adapter = arguments.lora_path or "none"
        print(f"model: {generator.model_name}, adapter: {adapter}", file=sys.stderr)
        valid = sum(_answer_row(generator, row, output) for row in rows)
    print(f"\n{valid} of {len(rows)} diagrams are valid")
    return EXIT_OK if valid == len(rows) else EXIT_INVALID


def _open(arguments: argparse.Namespace, config: MermaidGenerationConfig) -> DiagramGenerator:
    with download_bar(arguments.base_model or "model") as progress:
        return DiagramGenerator(
            arguments.base_model, arguments.lora_path, config=config, progress=progress
        )


def _answer_row(generator: DiagramGenerator, row: PromptRow, output: IO[str] | None) -> bool:
    """Generate, print and, if asked, write the answer to one row; whether it is valid."""
    print(f"\n[{row.id}] {row.prompt}\n", flush=True)
    try:
        diagram = generator.answer(row)
    except (InputError, EngineError) as error:
        # This row cannot be answered, the next one may be.
        print_error(error)
        return False
    verdict = f"valid {diagram.type}" if diagram.valid else "not valid"
    print(diagram.mermaid)
    print(f"\n-> {verdict}, {diagram.tokens} tokens in {diagram.seconds:.1f} s")
    for problem in diagram.problems:
        print(f"   {problem}")
    if output is not None:
        document = diagram_as_json(diagram)
        line = {"id": row.id} | {key: document[key] for key in BATCH_KEYS}
        output.write(json.dumps(line, ensure_ascii=False) + "\n")
        output.flush()
    return diagram.valid


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        # A Windows console may lack letters of a diagram; that must not end the run.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(argument_parser().parse_args(with_dashes(words)))
    except ModelError as error:
        hint = f"{error.hint} (with --base-model)"
        print_error(type(error)(error.message, hint=hint))
    except NaiadError as error:
        print_error(error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
