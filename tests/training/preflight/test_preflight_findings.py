"""Every finding of preflight beside group scaling: when it is said, at which level, and with which fix."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.data import Question
from abstain.rewards import Brier, ConfidenceTarget, Ternary, alias_match, judge_match, math_match
from abstain.training.preflight.findings import Finding, placed
from abstain.training.preflight.gold import check_gold
from abstain.training.preflight.memory import Sizes, estimate_memory, memory_text
from abstain.training.preflight.model import Lengths, check_lengths, check_thinking
from abstain.training.preflight.probe import Probe, check_probe
from abstain.training.preflight.rl import (
    batch_error,
    check_batches,
    check_loss,
    check_payoff_scale,
    generations,
    largest_penalty,
    step_size,
)


def levels(found: list[Finding]) -> list[str]:
    return [finding.level for finding in found]


def test_a_finding_says_its_level_its_message_and_its_fix() -> None:
    assert str(Finding("warning", "it rains", "take a coat")) == "warning: it rains. Fix: take a coat"
    assert str(Finding("note", "it is dry")) == "note: it is dry"


def test_a_loss_that_weighs_by_length_warns_and_one_that_trl_lacks_is_an_error() -> None:
    for name in ("dapo", "bnpo", "cispo"):
        assert check_loss(name, entropy_coef=0.1) == []
    (by_length,) = check_loss("grpo")
    assert (by_length.level, "1/length" in by_length.message, "dapo" in by_length.fix) == ("warning", True, True)
    (unknown,) = check_loss("drgrpo")
    assert (unknown.level, "dr_grpo" in unknown.fix) == ("error", True)


def test_every_loss_type_is_one_that_trl_computes() -> None:
    from trl.trainer import grpo_trainer

    from abstain.training.preflight.rl import LOSS_TYPES

    source = Path(str(grpo_trainer.__file__)).read_text(encoding="utf-8")
    for name in LOSS_TYPES:
        assert f'"{name}"' in source, name


def test_dr_grpo_amplifies_the_entropy_bonus_and_nothing_else() -> None:
    assert check_loss("dr_grpo", entropy_coef=0.0) == []
    (finding,) = check_loss("dr_grpo", entropy_coef=0.02, max_completion_length=48)
    assert finding.level == "warning"
    assert "entropy_coef=0.02 counts 48 / mean length as much" in finding.message


def test_the_explicit_penalty_is_told_by_its_size_and_the_bounded_one_passes() -> None:
    assert largest_penalty(ConfidenceTarget(bounded=False), 0.98) == pytest.approx(49)  # 0.98 / 0.02
    (finding,) = check_payoff_scale(ConfidenceTarget(bounded=False), [0.02, 0.5, 0.98])
    assert (finding.level, "49 at target 0.98" in finding.message) == ("warning", True)
    assert "bounded=true" in finding.fix
    assert check_payoff_scale(ConfidenceTarget(bounded=False), [0.1, 0.9]) == []  # 9 against 1
    for payoff in (ConfidenceTarget(), Ternary(correct=1, abstained=0, wrong=-1), Brier()):
        assert check_payoff_scale(payoff, [0.0, 0.02, 0.98]) == []


@given(st.lists(st.floats(0, 0.99), min_size=1, max_size=8))
def test_the_bounded_payoff_is_never_out_of_scale(targets: list[float]) -> None:
    assert check_payoff_scale(ConfidenceTarget(), targets) == []


def config(**settings: Any) -> Any:
    from trl import GRPOConfig

    plain: dict[str, Any] = {"output_dir": "unused", "use_cpu": True, "bf16": False, "report_to": "none"}
    return GRPOConfig(**{**plain, "max_steps": 10, "num_generations": 4, **settings})


def test_batches_are_told_in_questions_and_completions() -> None:
    built = config(per_device_train_batch_size=8, gradient_accumulation_steps=2, steps_per_generation=4)
    # 8 · 4 = 32 completions of 8 questions; 10 steps of 2 micro-batches need 20 / 4 = 5 generations: 40 prompts.
    assert generations(built) == 5
    (note,) = check_batches(built, 20)
    assert note.level == "note"
    assert "asks 8 questions 4 times each (32 completions)" in note.message
    assert "10 steps ask 40 prompts, each of the 20 questions 2.0 times" in note.message


def test_an_ordered_schedule_reaches_its_end_whatever_the_iterations_of_a_generation() -> None:
    from trl.trainer.utils import RepeatSampler

    for iterations, accumulation, steps_per_generation in ((1, 2, 4), (2, 1, 1), (4, 2, 2), (2, 4, 2)):
        built = config(
            per_device_train_batch_size=8,
            num_iterations=iterations,
            gradient_accumulation_steps=accumulation,
            steps_per_generation=steps_per_generation,
        )
        prompts, completions = step_size(built)
        rows = range(generations(built) * prompts)
        # As GRPOTrainer builds it; a micro-batch takes `completions` indices.
        sampler = RepeatSampler(rows, 4, prompts, iterations * steps_per_generation, shuffle=False)
        asked = list(islice(sampler, built.max_steps * accumulation * completions))
        assert sorted(set(asked)) == list(rows)  # the last row too: the end of a curriculum


def test_questions_asked_too_often_and_a_single_question_a_step_warn() -> None:
    built = config(per_device_train_batch_size=4)
    many = check_batches(built, 1000)
    assert levels(many) == ["note", "warning"]
    assert "ask one question, at one target" in many[1].message
    often = check_batches(config(per_device_train_batch_size=8, max_steps=100), 3)
    assert "asked about 67 times" in often[1].message  # 100 steps of 2 questions, 3 questions


def test_trls_refusal_names_the_recipes_keys() -> None:
    with pytest.raises(ValueError, match="generation_batch_size") as caught:
        config(per_device_train_batch_size=6)
    told = batch_error("rl.grpo", str(caught.value))
    assert told.startswith("generation_batch_size (6) must be divisible by num_generations (4). ")
    for key in ("per_device_train_batch_size", "steps_per_generation", "num_generations"):
        assert f"rl.grpo.{key}" in told
    assert batch_error("rl.grpo", "something else") == "something else"


def question(id_: str, *answers: str) -> Question:
    return Question(id_, f"Question {id_}?", answers)


def test_accepted_answers_that_grade_as_something_else_are_found_by_id() -> None:
    good = [question(str(i), f"Town {i}") for i in range(10)]
    (note,) = check_gold(good, alias_match(), phrase="I don't know")
    assert (note.level, note.message) == ("note", "all 10 accepted answers grade as right")
    # The agreed abstention among the accepted answers: it can never be right.
    lost = check_gold([*good, question("q7", "I don't know")], alias_match(), phrase="I don't know")
    assert levels(lost) == ["warning", "warning"]
    assert "1 of 11 questions (9.1%) cannot be answered" in lost[0].message
    assert "q7" in lost[0].message
    assert 'calls 1 of 11 accepted answers abstained (q7: "I don\'t know")' in lost[1].message
    many = check_gold([*good[:3], question("q7", "I don't know")], alias_match(), phrase="I don't know")
    assert many[0].level == "error"  # a quarter of the questions


def test_one_bad_alias_of_an_answerable_question_is_a_warning_only() -> None:
    (finding,) = check_gold([question("a", "Paris", "I don't know")], alias_match(), phrase="I don't know")
    assert (finding.level, "1 of 2 accepted answers abstained" in finding.message) == ("warning", True)


def test_a_phrase_that_does_not_abstain_is_an_error() -> None:
    (finding, *_) = check_gold([question("a", "Paris")], alias_match(), phrase="London")
    assert (finding.level, "'London' grades as wrong" in finding.message) == ("error", True)


def test_answers_are_graded_without_the_tag_that_a_completion_needs_and_judges_are_not_asked() -> None:
    from abstain.rewards import Tag

    tagged = alias_match(extract=Tag())
    assert levels(check_gold([question("a", "Paris")], tagged, phrase="I don't know")) == ["note"]
    (asked,) = check_gold([question("a", "Paris")], judge_match(model="judge"), phrase="I don't know")
    assert (asked.level, "costs calls" in asked.message) == ("note", True)


def test_answers_that_the_grader_cannot_compare_with_are_counted_not_only_the_first() -> None:
    from abstain.rewards import numeric_match

    asked = [question("a", "12"), question("b", "Paris"), question("c", "Rome")]
    (finding,) = check_gold(asked, numeric_match(), phrase="I don't know")
    assert finding.level == "error"
    assert finding.message.startswith("2 of 3 questions have accepted answers that the grader cannot compare with")
    assert "question 'b': accepted answer 'Paris' cannot be compared as a number" in finding.message


def test_what_the_time_does_not_suffice_for_is_said() -> None:
    found = check_gold([question(str(i), "x") for i in range(5)], alias_match(), phrase="I don't know", seconds=-1)
    assert [f.message for f in found] == ["accepted answers of the last 5 questions were not graded in time"]


LENGTHS = Lengths(prompt=90, prompt_id="p", answer=10, answer_id="a", over=0, phrase=4)


def test_lengths_that_do_not_fit_say_which_question_and_which_limit() -> None:
    def found(limit: int, window: int | None = None, **changes: Any) -> list[Finding]:
        key = "rl.grpo.max_completion_length"
        return check_lengths(replace(LENGTHS, **changes), limit, window, key=key, questions=50)

    assert levels(found(32)) == ["note"]
    assert levels(found(32, 122)) == ["note"]  # 90 + 32
    (window,) = found(32, 121)
    assert (window.level, "the model's 121 positions" in window.message) == ("error", True)
    (over,) = found(8, over=3)
    assert "3 of 50 questions have no accepted answer of at most" in over.message
    assert (over.level, "at least 10" in over.fix) == ("warning", True)
    (crowded,) = found(11)  # 10 > 0.9 · 11
    assert crowded.level == "warning"
    phrase = found(3, over=50)[0]
    assert (phrase.level, "always be cut off" in phrase.message) == ("error", True)


SIZES = Sizes(
    parameters=2**30,
    trained=2**24,
    adapter=True,
    bytes_per_weight=2.0,
    hidden=1024,
    layers=16,
    query_width=2048,
    key_value_width=512,
    inner=3072,
    vocabulary=2**16,
    batch=8,
    generated=64,
    prompt_tokens=96,
    completion_tokens=32,
    checkpointing=False,
)
TOKENS = 8 * 128
"""In a pass."""


def test_the_memory_estimate_is_the_stated_arithmetic() -> None:
    gib = estimate_memory(SIZES)
    assert gib["weights"] == pytest.approx(2 + 4 / 64)  # 2 bytes · 2^30, and 4 bytes · 2^24
    assert gib["gradients_and_optimizer"] == pytest.approx(12 / 64)
    # 4·1024 + 3·2048 + 2·512 + 4·3072 numbers, 2·1024 of norms in float32 and 3·1024 of copies for the projections.
    assert SIZES.kept_by_layer == 4096 + 6144 + 1024 + 12288 + 2048 + 3072 == 28672
    # 16 layers of them and three gradients of 3072; a tile of 8·32 tokens by 32768 words; the gradient of 256 inputs.
    layers, head = 2 * TOKENS * (16 * 28672 + 3 * 3072), 2 * 256 * 32768 + 4 * 256 * 1024
    assert gib["training"] == pytest.approx((layers + head) / 2**30)
    # One layer on 64 · 96 tokens of prompts beside their cache: more than the whole cache of 64 · 128 with the logits.
    prompts, logits = 2 * 64 * 96 * (2 * 1024 + 3 * 3072), 12 * 64 * 2**16
    assert gib["generation"] == pytest.approx((2 * 2 * 64 * 96 * 16 * 512 + prompts) / 2**30)
    longer = estimate_memory(replace(SIZES, completion_tokens=160))["generation"]  # where it is the other way round
    assert longer == pytest.approx((2 * 2 * 64 * 256 * 16 * 512 + logits) / 2**30)
    # 2.0625 GiB of weights, 0.1875 of state; training 976,224,256 bytes = 0.90918, more than generating, 0.31641.
    assert gib["peak"] == pytest.approx(3.15918, abs=1e-5)
    assert "1073.7 M parameters" in memory_text(SIZES)


def test_checkpoints_full_fine_tuning_and_a_reference_change_the_memory_by_what_is_stated() -> None:
    gib = estimate_memory(SIZES)
    kept = estimate_memory(replace(SIZES, checkpointing=True))
    # Inputs of 16 layers and one layer's numbers, in the place of 16 layers' numbers.
    saved = 2 * TOKENS * (16 * 28672 - (16 * 1024 + 28672))
    assert gib["training"] - kept["training"] == pytest.approx(saved / 2**30)
    full = replace(SIZES, adapter=False, trained=SIZES.parameters)
    assert full.kept_by_layer == 28672 - 3072 + 2 * 1024
    whole = estimate_memory(full)
    assert (whole["weights"], whole["gradients_and_optimizer"]) == (pytest.approx(2), pytest.approx(6))
    assert estimate_memory(replace(full, reference=True))["weights"] == pytest.approx(4)
    head = 4 * 2**16 * 1024 - 2 * TOKENS * 16 * 1024  # its gradient; a layer keeps 1024 numbers fewer
    assert whole["training"] - gib["training"] == pytest.approx(head / 2**30)
    assert replace(SIZES, bytes_per_weight=4.0).kept_by_layer == 28672 - 2048 - 3072  # of one type, no copies
    assert replace(SIZES, bytes_per_weight=0.5).kept_by_layer == 28672  # four bits compute in bfloat16


def test_a_model_that_never_abstains_needs_a_warm_up_and_words_that_are_new_need_the_embeddings() -> None:
    silent = Probe(samples=64, abstained=0, surprise=3.0)
    assert levels(check_probe(silent, warmup=True, lora={})) == ["note", "note"]
    (warned, _) = check_probe(silent, warmup=False, lora={})
    assert (warned.level, "warmup" in warned.fix) == ("warning", True)
    assert levels(check_probe(Probe(64, 20, 3.0), warmup=False, lora={})) == ["note", "note"]
    new = Probe(samples=64, abstained=0, surprise=14.0)
    (_, words) = check_probe(new, warmup=True, lora={})
    assert (words.level, "modules_to_save" in words.fix) == ("warning", True)
    assert len(check_probe(new, warmup=True, lora={"modules_to_save": ["lm_head", "embed_tokens"]})) == 1


def test_maths_answers_that_cannot_be_read_are_found() -> None:
    pytest.importorskip("math_verify")
    found = check_gold([question("m", "1/2"), question("n", "0.5")], math_match(), phrase="I don't know")
    assert levels(found) == ["note"]


@pytest.mark.parametrize(
    ("answers", "fix"),
    [
        (["We compute.\n#### 2", "So 1 + 1.\n#### 3"], "grader.kind numeric or math"),
        (["It is the town that lies at the end of the long road there.", "2"], ""),
        (["It is the town that lies at the end of the long road there."] * 2, "grader.kind numeric or math"),
        (["Rome|Roma", "Thimphu|Thimbu"], "data.separator='|'"),
        (["Rome; Roma", "Thimphu"], ""),
    ],
)
def test_accepted_answers_that_are_solutions_or_lists_are_warned_of(answers: list[str], fix: str) -> None:
    questions = [Question(f"q{i}", f"Question {i}?", (answer,)) for i, answer in enumerate(answers)]
    found = [finding for finding in check_gold(questions, alias_match(), phrase="I don't know") if finding.fix]
    assert len(found) == bool(fix)
    assert all(finding.fix.startswith(fix) and "q0" in finding.message for finding in found)


def test_a_template_that_lets_the_model_think_needs_room_or_a_decision() -> None:
    template = "{% if enable_thinking %}<think>{% endif %}"
    (warning,) = check_thinking(template, {}, 64, key="eval.max_new_tokens")
    assert (warning.level, "eval.max_new_tokens=64 cuts most thoughts off" in warning.message) == ("warning", True)
    assert check_thinking(template, {"enable_thinking": True}, 64, key="eval.max_new_tokens") == []
    assert check_thinking(template, {}, 512, key="eval.max_new_tokens") == []
    assert check_thinking("{{ messages }}", {}, 64, key="eval.max_new_tokens") == []


def test_an_error_is_placed_in_its_section_once() -> None:
    keyed, plain = Finding("error", "rl.grpo.use_vllm=True"), Finding("error", "scale_rewards='group'")
    found = placed("recipe: rl.grpo: ", [keyed, plain, Finding("note", "a")])
    texts = ["recipe: rl.grpo.use_vllm=True", "recipe: rl.grpo: scale_rewards='group'", "a"]
    assert [finding.message for finding in found] == texts
    assert placed("recipe: ", [plain])[0].message == "recipe: scale_rewards='group'"
