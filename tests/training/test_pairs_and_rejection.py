"""What DPO and rejection sampling make of graded samples, and both through TRL's own trainers."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from abstain.data import InputError, PromptStyle, Question, TargetSampler
from abstain.eval.backends.backend import Completion
from abstain.rewards import AbstentionReward, Brier, ConfidenceTarget, Verdict
from abstain.training.dpo import PairsConfig, make_pairs
from abstain.training.own_samples import Asked, Sample, pay_samples
from abstain.training.rejection import RejectionConfig, choose

STYLE = PromptStyle()
QUESTION = Question("q", "What is the capital of France?", ("Paris",))


def asked(t: float, *answers: str) -> Asked:
    """Return a prompt at `t` whose samples are "right", "wrong", "ungraded" or "declined"."""
    verdicts = {"right": Verdict.CORRECT, "wrong": Verdict.WRONG, "declined": Verdict.ABSTAINED}
    pays = {"right": 1 - t, "wrong": -t, "declined": 0.0, "ungraded": None}
    samples = tuple(Sample(a, verdicts.get(a, Verdict.UNGRADED), pays[a]) for a in answers)
    return Asked(STYLE.messages(QUESTION, t), samples, Sample(STYLE.phrase, Verdict.ABSTAINED, 0.0))


def test_samples_are_judged_and_paid_at_the_target_and_a_cut_off_one_by_the_stated_rule() -> None:
    said = [Completion("Paris", (5,), None, "stop"), Completion("Lyon", (5,), None, "stop"),
            Completion("Paris", (5,), None, "length"), Completion("I don't know", (5,), None, "stop")]  # fmt: skip
    for truncated, pay in ((Verdict.WRONG, -0.75), (Verdict.UNGRADED, None)):
        reward = AbstentionReward(end_token_ids=(2,), truncated=truncated)
        paid = pay_samples(reward, QUESTION, 0.75, said)
        assert [sample.pay for sample in paid] == [0.25, -0.75, pay, 0.0]
        assert paid[2].verdict is truncated
    stated = [Completion(f"Paris\nConfidence: {q}", (5,), None, "stop") for q in (0.5, 1)]
    # 1 − (1 − q)²
    assert [s.pay for s in pay_samples(AbstentionReward(payoff=Brier()), QUESTION, None, stated)] == [0.75, 1.0]


def test_pairs_are_ordered_by_pay_and_counted_by_kind() -> None:
    rows, counts = make_pairs([asked(0.5, "right", "wrong")], "all", np.random.default_rng(0))
    said = [(row["chosen"][0]["content"], row["rejected"][0]["content"]) for row in rows]
    assert said == [("right", "wrong"), ("right", STYLE.phrase), (STYLE.phrase, "wrong")]
    assert counts == {"answer over answer": 1, "answer over abstention": 1, "abstention over answer": 1}
    rows, counts = make_pairs([asked(0.5, "wrong", "wrong", "declined", "ungraded")], "all", np.random.default_rng(0))
    # Equal: the two wrong ones, the two abstentions; ungraded: with each of the four others.
    assert counts == {"equal": 2, "ungraded": 4, "abstention over answer": 4}
    # An exam: declining is paid like an error, so that only a right answer is preferred.
    rows, counts = make_pairs([asked(0.0, "right"), asked(0.0, "wrong")], "all", np.random.default_rng(0))
    assert counts == {"answer over abstention": 1, "equal": 1}


@pytest.mark.parametrize("t", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("p", [0.2, 0.6, 0.95])
def test_kept_by_the_gap_in_pay_pairs_prefer_answering_exactly_above_the_target(t: float, p: float) -> None:
    n = 2000
    prompts = [asked(t, "right" if i < p * n else "wrong") for i in range(n)]
    _, counts = make_pairs([*prompts, asked(0.5, "right", "wrong")], "gap", np.random.default_rng(0))  # largest gap: 1
    # Expected: p(1 − t)n and (1 − p)t n, drawn evenly spread.
    assert counts["answer over abstention"] == pytest.approx(p * (1 - t) * n, abs=25)
    assert counts["abstention over answer"] == pytest.approx((1 - p) * t * n, abs=25)
    if abs(p - t) > 0.06:
        assert (counts["answer over abstention"] > counts["abstention over answer"]) is (p > t)
    _, every = make_pairs(prompts, "all", np.random.default_rng(0))
    assert (every["answer over abstention"] > every["abstention over answer"]) is (p > 0.5)  # whatever the target


@pytest.mark.parametrize(
    ("t", "answers", "mean", "best"),
    [
        (0.3, ("right", "wrong"), "right", "right"),  # half are right: above 0.3, below 0.7
        (0.7, ("right", "wrong"), STYLE.phrase, "right"),
        (0.7, ("wrong", "wrong"), STYLE.phrase, STYLE.phrase),
        (0.5, ("right", "wrong"), None, "right"),  # on average neither earns more
        (0.0, ("wrong",), None, None),
        (0.7, ("ungraded",), None, None),
        (0.7, ("right", "ungraded"), "right", "right"),
    ],
)
def test_the_best_paid_answer_is_kept_where_answers_earn_more_than_abstaining(
    t: float, answers: Sequence[str], mean: str | None, best: str | None
) -> None:
    for rule, expected in (("mean", mean), ("best", best)):
        taken = choose(asked(t, *answers), rule, np.random.default_rng(0))  # pyright: ignore
        assert (None if taken is None else taken.text) == expected


STEPS = 4
SETTINGS = {"max_steps": STEPS, "per_device_train_batch_size": 4, "learning_rate": 1e-3, "logging_steps": 1}
PEOPLE = [Question(str(i), f"Where does Anna {i} live?", ("Verrin",)) for i in range(8)]


def train(stage: str, model: str, out: Path, *, resume: bool = False) -> tuple[Any, list[dict[str, Any]], list[str]]:
    """Return the model after `stage`, its log rows and what it told the console."""
    from abstain.eval.backends.models import load_model, load_tokenizer
    from abstain.eval.backends.transformers import TransformersBackend
    from abstain.training.adapter import lora_config
    from abstain.training.dpo import train_dpo
    from abstain.training.progress import StageLog
    from abstain.training.rejection import train_rejection

    loaded, tokenizer, told = load_model(model), load_tokenizer(model), list[str]()
    settings = {**SETTINGS, "save_strategy": "steps", "save_steps": 2}
    steps: Any = train_dpo
    config: Any = PairsConfig(prompts=16, trainer=settings)
    if stage == "rejection":
        steps, config = train_rejection, RejectionConfig(prompts=16, samples=2, sft=settings)
    trained = steps(
        loaded,
        tokenizer,
        TransformersBackend(loaded, tokenizer, name="start", max_new_tokens=4, batch_size=32),
        PEOPLE,
        # Cut-off babble is wrong, so that abstaining earns more wherever a target is stated.
        AbstentionReward(payoff=ConfidenceTarget(), end_token_ids=(tokenizer.eos_token_id,), truncated=Verdict.WRONG),
        config,
        style=STYLE,
        targets=TargetSampler(),
        lora=lora_config({"r": 4}),
        out=out / "checkpoints",
        seed=0,
        resume=resume,
        log=StageLog(out / "logs" / f"{stage}.jsonl", told.append, lambda *_: None, out / "metrics.jsonl"),
    )
    return trained, [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()], told


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["dpo", "rejection"])
def test_a_stage_raises_what_earns_more_counts_it_and_resumes_to_the_same_weights(
    tiny_model: str, tmp_path: Path, stage: str
) -> None:
    import torch

    trained, rows, told = train(stage, tiny_model, tmp_path)
    counted = {"dpo": "pairs/abstention_over_answer", "rejection": "rows/abstained"}[stage]
    assert rows[0][counted] > 0
    assert rows[0]["stage"] == stage
    assert "abst" in told[0]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert len(losses) == STEPS
    if stage == "dpo":
        assert losses[0] == pytest.approx(math.log(2), abs=1e-3)  # the policy is the reference
    assert losses[-1] < losses[0]
    assert list(trained.peft_config) == ["default"]  # no reference adapter is handed on

    final = {name: weight.clone() for name, weight in trained.state_dict().items() if "lora" in name}
    shutil.rmtree(tmp_path / "checkpoints" / f"checkpoint-{STEPS}")  # as if it had been killed behind step 2
    again, more, _ = train(stage, tiny_model, tmp_path, resume=True)
    assert [row["step"] for row in more if "loss" in row] == [1, 2, 3, 4]
    assert [row["step"] for row in more if counted in row] == [0]  # not sampled again
    for name, weight in final.items():
        assert torch.allclose(weight, again.state_dict()[name], atol=1e-6), name


@pytest.mark.slow
def test_pairs_that_all_earn_the_same_are_an_error_that_counts_them(tiny_model: str, tmp_path: Path) -> None:
    from abstain.eval.backends.models import load_model, load_tokenizer
    from abstain.eval.backends.transformers import TransformersBackend
    from abstain.training.dpo import train_dpo

    model, tokenizer = load_model(tiny_model), load_tokenizer(tiny_model)
    backend = TransformersBackend(model, tokenizer, name="start", max_new_tokens=2, batch_size=8)
    with pytest.raises(InputError, match=r"nothing is left to train on \(pairs: 12 ungraded\)"):
        train_dpo(
            model, tokenizer, backend, PEOPLE[:2], AbstentionReward(end_token_ids=(-1,)), PairsConfig(prompts=4),
            style=STYLE, targets=TargetSampler(), lora=None, out=tmp_path, seed=0,
        )  # fmt: skip
