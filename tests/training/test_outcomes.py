"""The outcome gate: what its rows are, where their loss is least, and what it teaches a model whose own p is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from taught import QUESTIONS, teach
from trl import SFTConfig  # pyright: ignore[reportPrivateImportUsage]

from abstain.data import ConstantTarget, PromptStyle, Question
from abstain.eval.backends.backend import Completion
from abstain.rewards import (
    AbstentionReward,
    Binary,
    Brier,
    ConfidenceTarget,
    Judgement,
    Payoff,
    Ternary,
    Verdict,
    alias_match,
    custom_payoff,
    preset,
)
from abstain.training.adapter import load_model, load_tokenizer, lora_config
from abstain.training.outcomes import (
    TokenSumTrainer,
    decision_weights,
    grade_answers,
    outcome_array,
    outcome_rows,
    soft_outcomes,
)
from abstain.training.progress import StageLog
from abstain.training.stage import make_trainer
from abstain.training.warmup import WarmupConfig, warm_up

STYLE = PromptStyle()
FRACTIONS = st.floats(0.02, 0.98)


def likeliest_answering(p: float, payoff: Payoff, t: float) -> float:
    """Return the P(answer) of least expected loss, by enumerating a grid, where a share `p` of the answers is right."""
    gain, loss = decision_weights(payoff, t)
    grid = np.linspace(0.0005, 0.9995, 1000)
    expected = -(p * gain * np.log(grid) + (1 - p) * loss * np.log(1 - grid))
    return float(grid[np.argmin(expected)])


def affine(scale: float, shift: float) -> Payoff:
    bounded = {Verdict.CORRECT: lambda t: 1 - t, Verdict.ABSTAINED: lambda _: 0.0, Verdict.WRONG: lambda t: -t}
    return custom_payoff(lambda verdict, t, _confidence: scale * bounded[verdict](t) + shift)


@given(p=FRACTIONS, t=FRACTIONS, scale=st.floats(0.1, 50), shift=st.floats(-5, 5))
def test_the_loss_is_least_where_greedy_decoding_answers_exactly_above_the_target(
    p: float, t: float, scale: float, shift: float
) -> None:
    share = p * (1 - t) / (p * (1 - t) + (1 - p) * t)
    for payoff in (ConfidenceTarget(), ConfidenceTarget(bounded=False), affine(scale, shift)):
        least = likeliest_answering(p, payoff, t)
        assert least == pytest.approx(share, abs=0.001)
        if abs(p - t) > 0.01:
            assert (least > 0.5) is (p > t)
    assert math.log(share / (1 - share)) == pytest.approx(math.log(p / (1 - p)) - math.log(t / (1 - t)), abs=1e-6)


@pytest.mark.parametrize(
    ("payoff", "even"),
    [
        (preset("truthrl"), 1 / 2),
        (preset("knowrl"), 2 / 3),
        (preset("barrel"), 1 / 4),
        (Ternary(correct=3.0, abstained=1.0, wrong=-5.0), 3 / 4),  # gains 2, loses 6
        (custom_payoff(lambda verdict, _t, _c: {"correct": 4.0, "abstained": 3.0, "wrong": 0.0}[verdict.value]), 3 / 4),
    ],
)
def test_a_payoff_with_a_break_even_of_its_own_flips_there_whatever_the_target(payoff: Payoff, even: float) -> None:
    for t in (0.1, 0.5, 0.9):
        assert decision_weights(payoff, t) == (pytest.approx(1 - even), pytest.approx(even))
        assert likeliest_answering(even + 0.02, payoff, t) > 0.5 > likeliest_answering(even - 0.02, payoff, t)


def test_weights_where_one_of_the_decisions_is_never_wrong() -> None:
    assert decision_weights(Binary(), 0.5) == (1.0, 0.0)  # a wrong answer costs nothing
    assert decision_weights(Ternary(correct=1.0, abstained=1.0, wrong=0.0), 0.5) == (0.0, 1.0)
    assert decision_weights(Ternary(correct=1.0, abstained=2.0, wrong=0.0), 0.5) == (0.0, 1.0)
    assert decision_weights(Ternary(correct=1.0, abstained=-1.0, wrong=0.0), 0.5) == (1.0, 0.0)
    with pytest.raises(ValueError, match="pays nothing for one of correct, abstained and wrong"):
        decision_weights(Brier(), 0.5)


def completion(text: str, finish: str = "stop", p: float = 0.9) -> Completion:
    return Completion(text, (5,), (math.log(p),), finish)  # type: ignore[arg-type]


def rows_of(labels: Sequence[float], t: float, payoff: Payoff | None = None) -> tuple[list[str], dict[str, int]]:
    questions = [Question(str(i), f"Question {i}?", ("right",)) for i in range(len(labels))]
    answers = [completion("right" if label == 1 else "wrong") for label in labels]
    drawn = (STYLE, [t] * len(labels), payoff or ConfidenceTarget(), np.random.default_rng(0))
    rows, kinds = outcome_rows(questions, answers, labels, *drawn)
    return [row["completion"][0]["content"] for row in rows], dict(kinds)


@pytest.mark.parametrize("t", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("p", [0.2, 0.6, 0.95])
def test_rows_are_kept_with_the_regret_of_the_wrong_decision_and_no_wrong_answer_is_imitated(
    p: float, t: float
) -> None:
    n = 4000
    said, kinds = rows_of([1.0] * round(p * n) + [0.0] * round((1 - p) * n), t)
    assert said.count("right") == kinds["answers"] == pytest.approx(p * (1 - t) * n, abs=25)
    assert said.count("I don't know") == kinds["abstentions"] == pytest.approx((1 - p) * t * n, abs=25)
    assert "wrong" not in said


def test_forced_rows_keep_what_forced_answers_were() -> None:
    said, kinds = rows_of([1.0, 0.0, float("nan"), 0.0], 0.0)
    assert said == ["right", "wrong", "wrong", "wrong"]
    assert kinds == {"forced answers": 4}


def test_rows_without_an_outcome_are_left_out() -> None:
    verdicts = [Verdict.UNGRADED, Verdict.ABSTAINED, Verdict.CORRECT, Verdict.WRONG]
    label = outcome_array(verdicts)
    assert label.tolist()[2:] == [1.0, 0.0]
    assert np.isnan(label[:2]).all()
    assert rows_of([float("nan")] * 50, 0.7) == ([], {})


def test_with_soft_outcomes_both_rows_are_possible() -> None:
    n = 4000
    _, kinds = rows_of([0.3] * n, 0.6)
    assert kinds["answers"] == pytest.approx(0.3 * 0.4 * n, abs=25)
    assert kinds["abstentions"] == pytest.approx(0.7 * 0.6 * n, abs=25)


def test_soft_outcomes_blend_the_outcome_with_the_probability_recalibrated_on_other_folds() -> None:
    # Two values of p, and outcomes that are right in 1 of 4 at the low one and in 3 of 4 at the high one.
    p = np.tile([0.90, 0.99], 2000)
    y = np.tile([0, 0, 0, 1, 0, 1, 1, 1], 500).astype(float)
    share = {0.90: y[p == 0.90].mean(), 0.99: y[p == 0.99].mean()}
    soft = soft_outcomes(p, y, 0.4, np.random.default_rng(0))
    expected = [0.4 * outcome + 0.6 * share[own] for own, outcome in zip(p.tolist(), y.tolist(), strict=True)]
    assert soft == pytest.approx(np.array(expected), abs=0.02)
    assert soft_outcomes(p, y, 1.0, np.random.default_rng(0)) is y
    # Of one question alone, which no other fold knows: its own outcome is not in its p̂.
    alone = soft_outcomes(np.linspace(0, 1, 10), np.r_[np.zeros(9), 1.0], 0.0, np.random.default_rng(0))
    assert alone[-1] == 0.0


def test_a_cut_off_answer_has_the_verdict_of_the_stated_rule_and_choices_are_graded() -> None:
    question = Question("q", "Which?", ("Paris",), choices=("Lyon", "Paris"))
    for truncated in (Verdict.WRONG, Verdict.UNGRADED):
        reward = AbstentionReward(truncated=truncated)
        answers = [completion("B"), completion("A"), completion("B", "length"), completion("I don't know")]
        found = grade_answers([question] * 4, answers, reward)
        assert found == [Verdict.CORRECT, Verdict.WRONG, truncated, Verdict.ABSTAINED]


@pytest.fixture(scope="module")
def taught_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model as sure of its wrong answers as of its right ones: questions of even number are answered wrongly."""
    return teach(tmp_path_factory.mktemp("taught"))


def test_the_loss_of_a_batch_is_the_sum_over_its_tokens_by_a_constant(taught_model: str, tmp_path: Path) -> None:
    rows = [
        {"prompt": STYLE.messages(QUESTIONS[0], 0.5), "completion": [{"role": "assistant", "content": text}]}
        for text in ("Tolmouth", "I don't know", "Tolmouth Kirkmoor Harfield Ashwick", "Wexley")
    ]
    tokenizer = load_tokenizer(taught_model)
    arguments = SFTConfig(
        output_dir=str(tmp_path), per_device_train_batch_size=2, gradient_accumulation_steps=3, use_cpu=True,
        report_to="none", max_length=None,
    )  # fmt: skip
    trainer = make_trainer(TokenSumTrainer, rows, load_model(taught_model), tokenizer, arguments, None)
    labels = trainer.train_dataset["labels"]
    lengths = [sum(token != -100 for token in row) for row in labels]
    assert len(set(lengths)) > 1
    assert trainer.tokens_per_row == sum(lengths) / 4
    for pair in ((0, 1), (1, 2)):  # of different lengths: the divisor is the same
        batch = trainer.data_collator([trainer.train_dataset[i] for i in pair])
        with torch.no_grad():
            loss = trainer.compute_loss(trainer.model, dict(batch), num_items_in_batch=torch.tensor(7))
            logits = trainer.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        nll = torch.nn.functional.cross_entropy(
            logits[:, :-1].transpose(1, 2), batch["labels"][:, 1:], ignore_index=-100, reduction="sum"
        )
        assert float(loss) == pytest.approx(float(nll) / (2 * 3 * trainer.tokens_per_row), rel=1e-4)


def test_the_gate_follows_outcomes_where_the_models_own_probability_is_worth_nothing(
    taught_model: str, tmp_path: Path
) -> None:
    from abstain.eval.backends.transformers import TransformersBackend

    graded: list[str] = []
    grader = alias_match()

    class Counting:
        def __call__(self, text: str, answers: Any, choices: Any = None) -> Judgement:
            graded.append(text)
            return grader(text, answers, choices)

    model, tokenizer = load_model(taught_model), load_tokenizer(taught_model)
    backend = TransformersBackend(model, tokenizer, name="taught", max_new_tokens=24)
    config = WarmupConfig(
        prompts=50, targets_per_answer=20, teach="outcomes",
        sft={"max_steps": 40, "per_device_train_batch_size": 16, "learning_rate": 1e-2},
    )  # fmt: skip
    log = StageLog(tmp_path / "warmup.jsonl", lambda _: None, lambda *_: None)
    warm_up(
        model, tokenizer, backend, QUESTIONS, config, style=STYLE, targets=ConstantTarget(t=0.5), lora=lora_config({}),
        out=tmp_path / "out", seed=0, reward=AbstentionReward(grader=Counting()), log=log,
    )  # fmt: skip
    assert len(graded) == 8 + 8  # once before training, whatever the number of targets; once in the check after it
    rows = [json.loads(line) for line in (tmp_path / "warmup.jsonl").read_text().splitlines()]
    right, wrong = rows[0]["outcomes/correct"], rows[0]["outcomes/wrong"]
    assert (wrong, right) in ((4, 4), (4, 3))  # one of those it learnt may be lost
    assert (rows[0]["rows/answers"], rows[0]["rows/abstentions"]) == pytest.approx((10 * right, 10 * wrong), abs=2)
    assert rows[-1]["decoding/pairs"] == 8
    assert rows[-1]["decoding/abstained"] + rows[-1]["decoding/answered"] <= 1
    from abstain.eval.backends.backend import Prompt

    said = dict(backend.generate([Prompt(STYLE.messages(q, 0.5)) for q in QUESTIONS], temperature=0.0))
    abstained = [grade_answers([QUESTIONS[i]], said[i], AbstentionReward())[0] is Verdict.ABSTAINED for i in range(8)]
    assert abstained == [i % 2 == 0 for i in range(8)]
