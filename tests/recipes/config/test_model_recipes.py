"""Recipes for open models, on tiny stand-ins of the models' own classes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from standins import FAMILIES, MODELS, costs, stand_in, write_rows

from abstain.data import PromptStyle
from abstain.eval.backends.models import load_tokenizer, saved_end_token_ids
from abstain.recipes import load_recipe, shipped_recipes
from abstain.recipes.commands.console import TerminalConsole
from abstain.recipes.config.catalogue import read_header
from abstain.recipes.config.layers import ready_data, shipped_parts
from abstain.recipes.config.schema import Recipe
from abstain.recipes.runs.check import findings
from abstain.recipes.runs.folder import RunFolder
from abstain.recipes.runs.prepare import prepare
from abstain.recipes.runs.stages import train_stages
from abstain.training.preflight.model import check_template

PAPERS = {
    "papers/rlcr": "qwen2.5-7b",
    "papers/truthrl": "llama-3.1-8b",
    "papers/reinforced-hesitation": "qwen3-1.7b",
    "papers/explicit-target-grpo": "qwen3-4b",
}
"""Reproduction → the model it names."""
FAMILY = {**MODELS, "qwen2.5-7b": "qwen2.5"}
"""Model → family, those of the reproductions included."""
TAUGHT = "smollm2-135m/facts"
"""Teaches one model a domain of its own, on a CPU; the other recipes of open models are one method for every model."""
OF_MODELS = [name for name in shipped_recipes() if name.partition("/")[0] in MODELS and name != TAUGHT]
OPEN_MODEL = Path(__file__).parents[3] / "build" / "open-model" / "SmolLM2-135M-Instruct"
FEW = ("questions", "rl.validation keeps", "every question is asked", "leaves no question")
"""What is said of the few questions of these tests."""


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return family → folder of its tiny model."""
    out = tmp_path_factory.mktemp("stand-ins")
    return {name: stand_in(family, out / name) for name, family in FAMILIES.items()}


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return ready set → a file of a few rows in its form."""
    return write_rows(tmp_path_factory.mktemp("rows"))


def locally(name: str, stand_ins: dict[str, str], rows: dict[str, str], *overrides: str) -> Recipe:
    """Return a shipped recipe with a stand-in for its model, and files for its sets."""
    sets = load_recipe(name, overrides).data
    assert sets is not None
    if isinstance(sets.train, str):
        train = f"data.train={_local(sets.train, rows)}"
    else:
        parts = [{**part.model_dump(), "source": _local(part.source, rows)} for part in sets.train]
        train = f"data.train={json.dumps(parts)}"
    model = stand_ins[FAMILY[PAPERS.get(name, name.partition("/")[0])]]
    return load_recipe(name, [*overrides, train, "data.eval=null", f"model={model}"])


def _local(source: str, rows: dict[str, str]) -> str:
    named = source.partition(":")[0]
    return f"{named}:{rows[named]}"


def test_there_are_recipes_for_every_model_and_method() -> None:
    assert {name.partition("/")[0] for name in OF_MODELS} == set(MODELS)
    methods = {name.partition("/")[2] for name in OF_MODELS}
    assert {f"{model}/{method}" for model in MODELS for method in methods} == set(OF_MODELS)


@pytest.mark.parametrize("name", [*OF_MODELS, *PAPERS])
def test_preflight_finds_nothing_wrong_with_a_model_of_the_same_class(
    name: str, stand_ins: dict[str, str], rows: dict[str, str]
) -> None:
    recipe = locally(name, stand_ins, rows)
    found = findings(recipe, prepare(recipe))
    wrong = [f for f in found if f.level != "note" and not any(text in f.message for text in FEW)]
    assert wrong == []


def test_preflight_finds_nothing_wrong_with_the_recipe_that_teaches_a_domain(
    stand_ins: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "questions.jsonl"
    lines = [{"relation": "P17", "question": f"Which country is {i} in?", "answers": ["France"]} for i in range(40)]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    recipe = load_recipe(TAUGHT, [f"data.train={path}", "data.eval=null", f"model={stand_ins['smollm2']}"])
    found = findings(recipe, prepare(recipe))
    assert [f.text for f in found if f.level != "note" and not any(text in f.message for text in FEW)] == []


SHORT = [
    "warmup.prompts=64",  # a model of random weights seldom ends an answer in time
    "warmup.sft.max_steps=1",
    "warmup.sft.per_device_train_batch_size=2",
    "warmup.sft.gradient_accumulation_steps=1",
    "eval.max_new_tokens=16",
    "data.max_eval_items=2",
]
STEP = {
    "max_steps": 1,
    "logging_steps": 1,
    "num_generations": 2,
    "per_device_train_batch_size": 4,
    "gradient_accumulation_steps": 1,
    "steps_per_generation": 1,
    "max_completion_length": 16,
}


PAIRS = ["dpo.prompts=8", "dpo.trainer.max_steps=1", "dpo.trainer.per_device_train_batch_size=2"]
METHODS = {
    "qwen3": "rloo",
    "llama-3.2": "grpo",
    "smollm3": "stated",
    "gemma-3": "dpo",
    "gemma-3-vision": "grpo",
    "olmo-3": "grpo",
    "gpt-oss": "grpo",
}
"""Family → the method that is tried on it: every class of model, and every method."""


@pytest.mark.parametrize("family", METHODS)
def test_warm_up_and_the_stage_after_it_train_the_adapter_of_a_model_of_the_same_class(
    family: str, stand_ins: dict[str, str], rows: dict[str, str], tmp_path: Path
) -> None:
    model, method = next(name for name, of in MODELS.items() if of == family), METHODS[family]
    algorithm = "rloo" if method == "rloo" else "grpo"
    step = PAIRS if method == "dpo" else [f"rl.{algorithm}.{key}={value}" for key, value in STEP.items()]
    validation = [] if method == "dpo" else ["rl.validation=null"]
    recipe = locally(f"{model}/{method}", stand_ins, rows, *SHORT, *validation, *step)
    assert recipe.model is not None
    folder = RunFolder(tmp_path)
    trained = train_stages(recipe, prepare(recipe), recipe.model, folder, TerminalConsole(shown=False), False)
    last = "dpo" if method == "dpo" else "rl"
    assert list(trained) == ["warmup", last]
    weights = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    moved = {name for name, value in weights.items() if "lora_B" in name and bool(value.any())}
    assert moved == {name for name in weights if "lora_B" in name}, "every adapted module has learnt"
    assert not any("vision" in name for name in weights)
    assert any("q_proj" in name for name in weights)
    assert (tmp_path / "logs" / f"{last}.jsonl").is_file()


@pytest.mark.parametrize("family", FAMILIES)
def test_what_closes_a_turn_ends_a_completion(family: str, stand_ins: dict[str, str]) -> None:
    tokenizer: Any = load_tokenizer(stand_ins[family])
    ends = saved_end_token_ids(stand_ins[family], tokenizer)
    shown = {tokenizer.convert_ids_to_tokens(i) for i in ends}
    assert shown == {FAMILIES[family].end, *FAMILIES[family].stops}
    assert check_template(tokenizer, ends, PromptStyle()) == [
        finding for finding in check_template(tokenizer, ends, PromptStyle()) if finding.level == "note"
    ]


@pytest.mark.skipif(not OPEN_MODEL.is_dir(), reason="`make open-model` was not run")
def test_preflight_finds_nothing_wrong_with_the_tokenizer_of_an_open_model(rows: dict[str, str]) -> None:
    train = f"data.train=triviaqa:{rows['triviaqa']}"
    recipe = load_recipe("smollm2-135m/grpo", [train, "data.eval=null", f"model={OPEN_MODEL}"])
    wrong = [f for f in findings(recipe, prepare(recipe)) if f.level != "note"]
    assert [f for f in wrong if not any(text in f.message for text in FEW)] == []
    tokenizer: Any = load_tokenizer(str(OPEN_MODEL))
    ends = saved_end_token_ids(str(OPEN_MODEL), tokenizer)
    assert {tokenizer.convert_ids_to_tokens(i) for i in ends} == set(FAMILIES["smollm2"].stops)


@pytest.mark.parametrize("data", ready_data())
def test_every_ready_data_can_take_the_place_of_another(
    data: str, stand_ins: dict[str, str], rows: dict[str, str]
) -> None:
    recipe = locally("qwen3-4b/grpo", stand_ins, rows, f"data={data}")
    assert [f.text for f in findings(recipe, prepare(recipe)) if f.level == "error"] == []
    lengths = recipe.rl.grpo["max_completion_length"], recipe.eval.max_new_tokens
    assert lengths[0] == lengths[1]


def test_ready_data_leaves_nothing_of_the_data_before() -> None:
    alone = {name: load_recipe("qwen3-4b/grpo", [f"data={name}"]) for name in ready_data()}
    for name, recipe in alone.items():
        for before in ready_data():
            assert load_recipe("qwen3-4b/grpo", [f"data={before}", f"data={name}"]) == recipe


@pytest.mark.parametrize("model", FAMILY)
def test_headers_state_what_the_arithmetic_gives(model: str) -> None:
    of_costs = costs()
    for name in [n for n in [*OF_MODELS, *PAPERS] if PAPERS.get(n, n.partition("/")[0]) == model]:
        header = read_header(shipped_recipes()[name])
        lines = [f"Hardware: {header.hardware}", f"Memory: {header.memory}", f"Duration: {header.duration}"]
        assert lines == of_costs.header_lines(model, load_recipe(name)), name
        own = "with its chat template" in header.verified
        assert own == FAMILIES[FAMILY[model]].verified, "the header says whose template was seen"


RELEASED = {
    "qwen3-0.6b": 0.60, "qwen3-1.7b": 1.72, "qwen3-4b": 4.02, "qwen3-8b": 8.19, "llama-3.2-1b": 1.24,
    "llama-3.2-3b": 3.21, "llama-3.1-8b": 8.03, "smollm3-3b": 3.08, "gemma-3-1b": 1.00, "gemma-3-4b": 4.30,
    "olmo-3-7b": 7.30, "gpt-oss-20b": 20.9, "smollm2-135m": 0.135, "smollm2-360m": 0.362, "smollm2-1.7b": 1.71,
}  # fmt: skip
"""Billions of parameters, as the models' releases state them."""


@pytest.mark.parametrize("model", RELEASED)
def test_the_arithmetic_counts_the_parameters_of_the_released_models(model: str) -> None:
    cost = costs().costs(model, load_recipe(f"{model}/grpo"))
    assert cost["parameters"] / 1e9 == pytest.approx(RELEASED[model], rel=0.01)


def test_every_shipped_recipe_opens_with_a_header_and_only_estimates_are_called_so() -> None:
    for name, text in shipped_recipes().items():
        header = read_header(text)
        assert name in header.command or name == "finetune"
        if name in OF_MODELS or name in PAPERS:
            assert all(text.endswith("(estimate)") for text in (header.hardware, header.memory, header.duration))


def test_parts_open_with_a_comment_that_says_what_they_are() -> None:
    for name, text in shipped_parts().items():
        assert text.startswith("# "), name
