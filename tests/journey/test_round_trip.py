"""The whole way on real models: rows → adapter → both engines → diagram → verdict → picture.

llama.cpp computes with quantized weights and 8-bit activations, PEFT in float32 on the same
weights dequantized, so the two differ a little without any adapter. That difference is the
measure: with the adapter they must agree as well as without it, and the adapter itself must
move the probabilities by far more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from naiad.datasets import Example, read_examples, write_examples
from naiad.generation import EngineConfig, SamplingConfig, chat_template_of, open_engine
from naiad.generation.cores import patient_openmp
from naiad.lora import gguf_adapter, load_adapter, to_gguf
from naiad.mermaid.judge import validate
from naiad.models.local_model import LocalModel
from naiad.models.store import ModelStore
from naiad.models.weights import training_folder
from naiad.prompts import build_messages
from naiad.training.config import TrainingConfig
from naiad.workflows.finetune import FinetuneResult, finetune
from naiad.workflows.generate import DiagramRequest, GenerateConfig, open_session
from naiad.workflows.prepare_data import convert_data

pytestmark = [pytest.mark.model, pytest.mark.filterwarnings("ignore::FutureWarning")]
with patient_openmp():
    torch = pytest.importorskip("torch", reason="training needs naiad[train]")

MODEL = "qwen2.5-coder-0.5b"
SHARED_ROWS = Path(__file__).resolve().parents[3] / "shared" / "data" / "training_data.jsonl"
ROWS, EPOCHS = 4, 2
INSTRUCTION = "You draw Mermaid diagrams. Answer with the diagram only."
OWN_ROWS = [
    Example(f"Flowchart: {a} leads to {b}.", f"flowchart TD\n    A[{a}] --> B[{b}]", INSTRUCTION)
    for a, b in [
        ("Rain", "Flood"),
        ("Seed", "Tree"),
        ("Order", "Invoice"),
        ("Query", "Answer"),
    ]
]


@dataclass(frozen=True)
class Trained:
    """A few real steps on the real model."""

    result: FinetuneResult
    model: LocalModel
    request: str
    """One of the rows' prompts."""
    losses: list[float]


@pytest.fixture(scope="module")
def trained(coder_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("journey")
    rows = OWN_ROWS
    if SHARED_ROWS.exists():
        every = read_examples(SHARED_ROWS)
        flowcharts = [row for row in every if row.answer.startswith(("flowchart", "graph"))]
        rows = sorted(flowcharts, key=lambda row: len(row.prompt) + len(row.answer))[:ROWS]
    write_examples(folder / "written.jsonl", rows)
    convert_data(folder / "written.jsonl", folder / "rows.jsonl", "gemini", clean=True)
    config = TrainingConfig(epochs=EPOCHS, batch_size=1, evaluation_share=0.0)
    result = finetune(folder / "rows.jsonl", MODEL, folder / "adapter", config)
    log = (folder / "adapter" / "log.jsonl").read_text().splitlines()
    losses = [json.loads(line)["loss"] for line in log]
    return Trained(result, ModelStore().resolve(MODEL), rows[0].prompt, losses)


def test_the_loss_falls(trained: Trained) -> None:
    assert len(trained.losses) == ROWS * EPOCHS
    first, last = trained.losses[:ROWS], trained.losses[-ROWS:]
    assert sum(last) < 0.7 * sum(first)


def test_the_gguf_adapter_gives_pefts_probabilities(trained: Trained) -> None:
    adapter = trained.result.output
    agreement = _agreement(trained.model, adapter, _texts(trained.model, trained.request))
    assert agreement.same_top_with_adapter
    # Sharper distributions have deeper tails, whose logarithms quantization moves more. A scale
    # wrong by a tenth would be an error of a tenth of the effect.
    assert agreement.error_with_adapter < 3 * agreement.error_without
    assert agreement.effect > 15 * agreement.error_with_adapter


@pytest.mark.parametrize("engine", ["llamacpp", "transformers"])
def test_the_adapter_draws_in_both_engines(trained: Trained, engine: Any, tmp_path: Path) -> None:
    from naiad.mermaid.render import render_svg

    config = GenerateConfig(sampling=SamplingConfig(max_tokens=96))
    with open_session(
        adapter=trained.result.output, config=config, engine=EngineConfig(engine=engine)
    ) as session:
        assert session.model.name == MODEL
        diagram = session.generate(DiagramRequest(trained.request))
    # The untuned model fences its answers; eight steps teach it to end without one.
    assert "```" not in diagram.raw_output
    assert (diagram.type, diagram.finish_reason) == ("flowchart", "stop")
    assert diagram.problems == ()
    assert validate(diagram.mermaid).valid
    assert "<svg" in render_svg(diagram.mermaid)


@pytest.fixture(scope="module")
def smol(smol_gguf: Path) -> LocalModel:
    return ModelStore().resolve("smollm2-135m")


@pytest.fixture(scope="module")
def random_adapter(smol: LocalModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A strong random adapter of queries and keys, whose rows llama's GGUF keeps otherwise."""
    peft = pytest.importorskip("peft")
    model = _load(smol)
    adapted = peft.get_peft_model(
        model, peft.LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "k_proj"])
    )
    torch.manual_seed(0)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 0.5)
    folder = tmp_path_factory.mktemp("random") / "adapter"
    adapted.save_pretrained(folder, save_embedding_layers=False)
    return folder


def test_llama_rows_are_in_ggufs_order(smol: LocalModel, random_adapter: Path) -> None:
    agreement = _agreement(smol, random_adapter, _texts(smol, "Draw a login."))
    assert agreement.error_with_adapter < 2 * agreement.error_without
    assert agreement.effect > 5 * agreement.error_with_adapter


def test_the_comparison_notices_rows_in_another_order(
    smol: LocalModel, random_adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gguf_adapter, "PERMUTED_ARCHITECTURES", frozenset())
    monkeypatch.setattr(gguf_adapter, "CONVERTER_VERSION", "unpermuted, for this test")
    agreement = _agreement(smol, random_adapter, _texts(smol, "Draw a login."))
    assert agreement.error_with_adapter > 5 * agreement.error_without


@dataclass(frozen=True)
class Agreement:
    """How far llama.cpp and PEFT are apart: root mean square over log probabilities, in nats."""

    error_without: float
    error_with_adapter: float
    effect: float
    """From PEFT without the adapter to PEFT with it, on the same tokens."""
    same_top_with_adapter: bool


def _agreement(model: LocalModel, adapter: Path, texts: list[str]) -> Agreement:
    """Compare the 20 likeliest tokens of llama.cpp after each text."""
    with_adapter, without = _peft_log_probabilities(model, adapter, texts)
    squares: dict[str, list[float]] = {"with": [], "without": [], "effect": []}
    same_top = True
    for i, (scale_1, scale_0) in enumerate(_llamacpp_top_tokens(model, adapter, texts)):
        for token, log_probability in scale_0:
            squares["without"].append((log_probability - without[i][token]) ** 2)
        for token, log_probability in scale_1:
            squares["with"].append((log_probability - with_adapter[i][token]) ** 2)
            squares["effect"].append((with_adapter[i][token] - without[i][token]) ** 2)
        same_top &= scale_1[0][0] == int(np.argmax(with_adapter[i]))
    rms = {name: float(np.sqrt(np.mean(values))) for name, values in squares.items()}
    return Agreement(rms["without"], rms["with"], rms["effect"], same_top)


def _texts(model: LocalModel, request: str) -> list[str]:
    """Rendered conversations, cut at several places of the answer."""
    template = chat_template_of(model)
    prompt = template.render(build_messages(request, INSTRUCTION))
    return [
        prompt,
        prompt + "flowchart",
        prompt + "flowchart TD\n",
        prompt + "flowchart TD\n    A[",
    ]


def _load(model: LocalModel) -> Any:
    transformers = pytest.importorskip("transformers")
    return transformers.AutoModelForCausalLM.from_pretrained(
        training_folder(model), dtype=torch.float32, local_files_only=True
    )


def _peft_log_probabilities(
    model: LocalModel, adapter: Path, texts: list[str]
) -> tuple[list[Any], list[Any]]:
    """(V,) arrays with the adapter and without, of the token after each text."""
    import peft
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(
        training_folder(model), local_files_only=True
    )
    adapted = peft.PeftModel.from_pretrained(_load(model), str(adapter)).eval()
    found: tuple[list[Any], list[Any]] = ([], [])
    with torch.inference_mode():
        for text in texts:
            ids = tokenizer(text, return_tensors="pt", add_special_tokens=False).input_ids
            found[0].append(adapted(ids).logits[0, -1].log_softmax(-1).numpy())
            with adapted.disable_adapter():
                found[1].append(adapted(ids).logits[0, -1].log_softmax(-1).numpy())
    return found


def _llamacpp_top_tokens(
    model: LocalModel, adapter: Path, texts: list[str]
) -> Iterator[tuple[list[tuple[int, float]], list[tuple[int, float]]]]:
    """For each text the likeliest (token, log probability) with the adapter and without."""
    path = to_gguf(load_adapter(adapter), model)
    engine: Any = open_engine(model, EngineConfig(engine="llamacpp"), path)
    try:
        for text in texts:
            yield _top_tokens(engine, text, scale=1.0), _top_tokens(engine, text, scale=0.0)
    finally:
        engine.close()


def _top_tokens(engine: Any, text: str, *, scale: float) -> list[tuple[int, float]]:
    # The engine's own interface has no log probabilities; its server does.
    answer = engine._running_server().handle_completions(
        {
            "prompt": text,
            "n_predict": 1,
            "n_probs": 20,
            "temperature": 0,
            "cache_prompt": False,
            "lora": [{"id": 0, "scale": scale}],
        }
    )
    answer = json.loads(answer) if isinstance(answer, str) else answer
    (token,) = answer["choices"][0]["logprobs"]["content"]
    return [(each["id"], each["logprob"]) for each in token["top_logprobs"]]
