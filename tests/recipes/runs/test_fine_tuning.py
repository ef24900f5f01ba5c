"""Fine-tuning on accepted answers: what it asks, what it teaches, and that later stages ask other questions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from abstain.data import InputError, PromptStyle, Question
from abstain.recipes import load_recipe
from abstain.recipes.config.catalogue import method
from abstain.recipes.runs.check import findings
from abstain.recipes.runs.load import load_run
from abstain.recipes.runs.prepare import prepare
from abstain.recipes.runs.run import run

WARMUP = "warmup={teach: outcomes, prompts: 6, targets_per_answer: 2, truncated: wrong, sft: {max_steps: 1}}"
SFT = "sft={share: 0.25, trainer: {max_steps: 2, per_device_train_batch_size: 2, logging_steps: 1, save_steps: 1}}"


@pytest.fixture
def rows(tmp_path: Path) -> str:
    """Return a file of forty questions of two relations."""
    path = tmp_path / "rows.jsonl"
    lines = [{"question": f"Which letter has number {i}?", "answers": ["A", "a"], "kind": i % 2} for i in range(40)]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return str(path)


def recipe(rows: str, *overrides: str) -> Any:
    given = [f"data.train={rows}", "data.max_eval_items=2", "model=m", "rl=null", SFT, WARMUP]
    more = ["targets.eval=[0.25, 0.75]", "eval={samples: 0, max_new_tokens: 8, bootstrap: 0}"]
    return load_recipe("finetune", [*given, *more, *overrides])


def test_later_stages_ask_the_questions_that_fine_tuning_did_not(rows: str) -> None:
    prepared = prepare(recipe(rows))
    assert len(prepared.rl) == 36  # a tenth of forty is kept for the evaluation
    taught, asked = ({q.id for q in prepared.of(stage)} for stage in ("sft", "warmup"))
    assert (len(taught), len(asked)) == (9, 27)  # a quarter, and the rest
    assert taught | asked == {q.id for q in prepared.rl}
    again = prepare(recipe(rows, "warmup.prompts=20", "data.max_eval_items=1"))
    assert {q.id for q in again.of("sft")} == taught  # the seed alone draws them


def test_a_number_of_questions_limits_the_share(rows: str) -> None:
    assert len(prepare(recipe(rows, "sft.questions=4")).of("sft")) == 4
    assert len(prepare(recipe(rows, "sft.questions=30")).of("sft")) == 9


def test_alone_it_asks_all_questions(rows: str) -> None:
    assert len(prepare(recipe(rows, "warmup=null")).of("sft")) == 36


def test_stages_between_divide_the_rest_as_without_it(rows: str) -> None:
    prepared = prepare(recipe(rows, "rl={grpo: {max_steps: 1}}"))
    parts = [{q.id for q in prepared.of(stage)} for stage in ("sft", "warmup", "rl")]
    assert [len(part) for part in parts] == [9, 6, 21]
    assert len(set.union(*parts)) == 36


def test_rows_are_first_accepted_answers_to_plain_and_forced_prompts() -> None:
    pytest.importorskip("trl")
    from abstain.training.sft import accepted_rows

    style = PromptStyle(system="Be brief.", forced="Answer anyway.")
    questions = [
        Question("a", "Capital of France?", ("Paris", "City of Light")),
        Question("b", "Which is right?", (), answerable=False),
        Question("c", "Which is a river?", ("Rhine",), choices=("Alps", "Rhine")),
    ]
    rows, counts = accepted_rows(questions, style)
    assert [[turn["content"] for turn in (*row["prompt"], *row["completion"])] for row in rows] == [
        ["Be brief.", "Capital of France?", "Paris"],
        ["Be brief.", "Which is a river?\nA. Alps\nB. Rhine\nAnswer anyway.", "B"],
    ]
    assert counts == {"plain": 1, "forced": 1, "left out": 1}


def test_the_fine_tuned_model_is_the_reference_of_what_comes_after_it(
    rows: str, tiny_model: str, tmp_path: Path
) -> None:
    found = run(recipe(rows, f"model={tiny_model}", "eval.systems=[base, sft, trained]"), tmp_path / "run")
    assert found is not None
    assert found.systems == ["base", "sft", "trained"]
    assert (found.model, found.adapter) == (tiny_model, tmp_path / "run" / "adapter")
    assert (tmp_path / "run" / "sft" / "adapter_config.json").is_file()
    loaded = load_run(tmp_path / "run")
    assert loaded.base == tmp_path / "run" / "eval" / "sft" / "responses.jsonl"
    assert loaded.reference_system("base") == "base"
    log = [json.loads(line) for line in (tmp_path / "run" / "logs" / "sft.jsonl").read_text().splitlines()]
    assert (log[0]["rows/plain"], log[0]["rows/forced"]) == (5, 4)
    environment = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert environment["questions"]["sft"]["number"] == 9


def test_check_names_a_refused_field_and_questions_without_an_answer(
    rows: str, tiny_model: str, tmp_path: Path
) -> None:
    wrong = recipe(rows, f"model={tiny_model}", "sft.trainer.max_step=1")
    assert any(
        "recipe: sft.trainer.max_step is not a field of SFTConfig" in f.message for f in findings(wrong, prepare(wrong))
    )
    nothing = tmp_path / "nothing.jsonl"
    lines = [{"question": f"What is {i}?", "answers": [], "answerable": False} for i in range(40)]
    nothing.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    empty = recipe(str(nothing), f"model={tiny_model}")
    said = [finding.message for finding in findings(empty, prepare(empty))]
    assert any("none of its 9 questions has an accepted answer" in message for message in said)
    with pytest.raises(InputError, match=r"sft\.share: Input should be less than 1, got 1"):
        recipe(rows, "sft.share=1")


def test_the_table_of_recipes_says_that_it_is_there(rows: str) -> None:
    assert method(recipe(rows)) == "fine-tuning, warm-up"
