from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from abstain.data import Message, PromptStyle, Question, TargetSampler
from abstain.eval.backends.backend import Completion, ConfidenceSource, Prompt
from abstain.eval.backends.identity import Identity
from abstain.training import warmup
from abstain.training.config import WarmupConfig
from abstain.training.progress import StageLog
from abstain.training.warmup_rows import RATES, own_answers, own_answers_at, rate_of, warmup_rows


def said_with(text: str, probability: float | None = None) -> Completion:
    return Completion(text, (5,), None if probability is None else (math.log(probability),), "stop")


def test_warm_up_rows_imitate_the_models_own_answer_or_abstain() -> None:
    questions = [Question(str(i), f"Question {i}?", ("right",)) for i in range(200)]
    own = ["" if i == 0 else f"own {i}" for i in range(200)]
    answers = [said_with(text) for text in own]
    rows = warmup_rows(questions, answers, PromptStyle(), [0.0] + [0.5] * 199, np.random.default_rng(0), RATES["rate"])
    assert len(rows) == 199  # an empty own answer has nothing to imitate
    said = [row["completion"][0]["content"] for row in rows]
    assert set(said) <= {"I don't know", *own}
    assert said.count("I don't know") == pytest.approx(99.5, abs=2)
    assert "right" not in said  # no knowledge label is needed


class Numbered:
    """A backend whose k-th sample of a question says so."""

    name = "numbered"
    identity = Identity()
    confidence_sources: frozenset[ConfidenceSource] = frozenset({"agreement"})

    def render(self, messages: Sequence[Message]) -> str:
        return messages[0]["content"].split("\n")[0]

    def generate(
        self, prompts: Iterable[Prompt], *, temperature: float = 1.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        for number, prompt in reversed(list(enumerate(prompts))):
            said = [f"{self.render(prompt.messages)} {draw}" for draw in prompt.draws]
            yield number, [Completion(text, (), None, "stop") for text in said]


def test_a_question_that_comes_again_is_sampled_anew() -> None:
    a, b = Question("a", "A?", ("x",)), Question("b", "B?", ("x",))
    sampled, greedy = (own_answers(Numbered(), [a, b, a], PromptStyle(), temperature, 0) for temperature in (1.0, 0.0))
    assert [answer.text for answer in sampled] == ["A? 1", "B? 1", "A? 2"]
    assert [answer.text for answer in greedy] == ["A? 0", "B? 0", "A? 0"]


class Sampler(Numbered):
    """A backend whose greedy answer is "best" with probability 0.6, and whose samples are "other" with 0.4."""

    def generate(
        self, prompts: Iterable[Prompt], *, temperature: float = 1.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        for number, prompt in enumerate(prompts):
            yield number, [said_with("other", 0.4) if draw else said_with("best", 0.6) for draw in prompt.draws]


def test_below_the_target_the_models_own_probability_abstains() -> None:
    questions = [Question(str(i), f"Question {i}?", ("right",)) for i in range(4)]
    targets = [0.0, 0.59, 0.6, 0.61]
    own = own_answers_at(Sampler(), questions, PromptStyle(), targets, WarmupConfig(teach="belief"), seed=0)
    # Forced prompts imitate a sample, so that forced answers keep their probabilities; the others the greedy answer.
    assert [answer.text for answer in own] == ["other", "best", "best", "best"]
    rows = warmup_rows(questions, own, PromptStyle(), targets, np.random.default_rng(0), RATES["belief"])
    assert [row["completion"][0]["content"] for row in rows] == ["other", "best", "best", "I don't know"]
    sampled = own_answers_at(Sampler(), questions, PromptStyle(), targets, WarmupConfig(), seed=0)
    assert {answer.text for answer in sampled} == {"other"}
    with pytest.raises(ValueError, match="needs a backend that tells the probability"):
        warmup_rows(
            questions, [said_with("best")] * 4, PromptStyle(), targets, np.random.default_rng(0), RATES["belief"]
        )


def test_rows_of_one_question_at_several_targets_share_its_answer() -> None:
    questions = [Question(name, f"{name}?", ("right",)) for name in "ab"]
    targets = [0.0, 0.5, 0.7, 0.0, 0.0, 0.9]  # of a, b, a, b, a, b
    own = own_answers_at(Sampler(), questions, PromptStyle(), targets, WarmupConfig(teach="belief"), seed=0)
    assert [answer.text for answer in own] == ["other", "best", "best", "other", "other", "best"]
    assert own[0] is own[4]
    assert own[1] is own[5]
    rows = warmup_rows(questions * 3, own, PromptStyle(), targets, np.random.default_rng(0), RATES["belief"])
    assert [row["completion"][0]["content"] for row in rows] == [
        *("other", "best", "I don't know", "other", "other", "I don't know")
    ]


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_number_abstains_as_often_at_every_target(share: float) -> None:
    rate = rate_of(WarmupConfig(teach="rate", abstain_rate=share))
    assert [rate(p, t) for p in (None, 0.1, 0.9) for t in (0.0, 0.2, 0.9)] == [share] * 9


def test_at_odds_of_t_to_1_greedy_decoding_abstains_exactly_below_the_target() -> None:
    # 1,000 copies of one question at one target: the model's own answers are "home" with probability p.
    for t, p in ((0.2, 0.15), (0.2, 0.25), (0.5, 0.45), (0.5, 0.55), (0.9, 0.85), (0.9, 0.95)):
        questions = [Question(str(i), f"Question {i}?", ("right",)) for i in range(1000)]
        own = [said_with("home" if i % 100 < 100 * p else f"other {i % 7}") for i in range(1000)]
        rows = warmup_rows(questions, own, PromptStyle(), [t] * 1000, np.random.default_rng(0), RATES["odds"])
        said = [row["completion"][0]["content"] for row in rows]
        assert said.count("I don't know") == pytest.approx(1000 * t / (1 + t), abs=1)
        assert (said.count("I don't know") > said.count("home")) is (p < t)


@pytest.mark.parametrize("checkpoint", [True, False])
def test_going_on_from_a_checkpoint_leaves_the_log_of_the_steps_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: bool
) -> None:
    path, said = tmp_path / "warmup.jsonl", list[str]()
    before = '{"step": 0, "own_answers": 7}\n{"step": 4, "loss": 1.0}\n'
    path.write_text(before, encoding="utf-8")
    if checkpoint:
        (tmp_path / "out" / "checkpoint-4").mkdir(parents=True)
        (tmp_path / "out" / "checkpoint-4" / "trainer_state.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(warmup, "train_on_rows", lambda *_, **__: None)
    questions = [Question(str(i), f"Question {i}?", ("right",)) for i in range(4)]
    config = WarmupConfig(prompts=4, targets_per_answer=3, teach="rate", sft={"max_steps": 1})
    log = StageLog(path, said.append, lambda *_: None)
    warmup.warm_up(
        *(None, None, Sampler(), questions, config),
        style=PromptStyle(), targets=TargetSampler(), lora=None, out=tmp_path / "out", seed=0, resume=True, log=log,
    )  # fmt: skip
    kept = path.read_text(encoding="utf-8")
    assert kept == (before if checkpoint else '{"step": 0, "own_answers": 4}\n')
    assert said == ([] if checkpoint else ["4 own answers make 12 rows"])
