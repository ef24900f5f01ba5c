"""The outcome gate: a warm-up that teaches "answer exactly when p > t" from graded outcomes of own answers.

Each question is asked once for a forced answer, greedily, and the answer is graded: y is 1 or 0. One outcome speaks for
every target. At a target t where a right answer gains g on an abstention and a wrong one loses l, the rows of the
question are

    (question, t) → answer      with weight y · g
    (question, t) → abstention  with weight (1 − y) · l

These are the regrets of the wrong decision: cost-sensitive learning of Chow's rule. Over all questions that the model
cannot tell apart, a share p of them right, cross-entropy is least at

    P(answer | question, t) = p·g / (p·g + (1 − p)·l),     logit P(answer) = logit p − logit t*,     t* = l / (g + l)

so greedy decoding answers exactly when p is above the payoff's break-even t*, whatever probability the model itself
gives to its answer. The bounded payoff of arXiv:2509.04664 has g = 1 − t and l = t, so that t* = t. Weights are divided
by g + l at every target, which moves no minimum: all affine maps of a payoff make the same rows, and a penalty without
bound at high targets does not outweigh the others. A row is kept with its weight as the probability, so that the loss
is that of plain supervised fine-tuning; `TokenSumTrainer` sums it over tokens.

With soft outcomes, y gives way to ŷ = λy + (1 − λ)p̂, with p̂ the model's own probability of its answer, recalibrated
across folds by isotonic regression: of less variance where that probability is worth something, and biased where it is
not. Both rows are then possible, and the gate flips at t* = λp + (1 − λ)p̂.

No wrong answer is a completion above t = 0 with λ = 1. Forced rows, at t = 0, imitate the model's own forced answers.
Outcomes must be those of questions that no supervised stage has seen: where y is memory, the gate learns to be too
sure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np
from trl import SFTTrainer  # pyright: ignore[reportPrivateImportUsage]

from ..data import PromptStyle, Question, spread_draws
from ..eval.backends.backend import Backend, Completion, Prompt
from ..eval.backends.candidate_scores import CandidateScorer
from ..eval.metrics.effective import isotonic
from ..eval.metrics.estimate import Array
from ..rewards import AbstentionReward, Payoff, Verdict
from ..rewards.judge_row import judge_rows
from .own_samples import Rows

FOLDS = 5
"""Folds of the recalibration: the probability of an answer is recalibrated on the outcomes of the other four fifths."""
CHECKED = 64
"""Questions that the comparison of greedy decoding with the odds asks, each at up to five targets."""


def decision_weights(payoff: Payoff, t: float) -> tuple[float, float]:
    """Return (g, l) / (g + l): what a right answer gains on an abstention at target `t`, and what a wrong one loses.

    The second is the break-even, clipped to [0, 1]. Where an abstention pays at least as much as a right answer, g is
    0; where a wrong answer pays at least as much as an abstention, l is 0. (0, 0) where both are so.

    Raises:
        ValueError: the payoff pays None for one of the three verdicts, so that there is nothing to compare.

    >>> from abstain.rewards import ConfidenceTarget, preset
    >>> decision_weights(ConfidenceTarget(), 0.75)
    (0.25, 0.75)
    >>> decision_weights(preset("truthrl"), 0.75)
    (0.5, 0.5)
    """
    right, abstained, wrong = (payoff(verdict, t) for verdict in (Verdict.CORRECT, Verdict.ABSTAINED, Verdict.WRONG))
    if right is None or abstained is None or wrong is None:
        raise ValueError(f"{payoff!r} pays nothing for one of correct, abstained and wrong")
    gain, loss = max(0.0, right - abstained), max(0.0, abstained - wrong)
    return (gain / (gain + loss), loss / (gain + loss)) if gain + loss else (0.0, 0.0)


def grade_answers(
    questions: Sequence[Question], answers: Sequence[Completion], reward: AbstentionReward
) -> list[Verdict]:
    """Return the verdict on the answer to each question; one that was cut off has that of `reward.truncated`.

    Args:
        questions: One an answer.
        answers: The model's own forced answers.
        reward: Whose grader judges, and whose `truncated` holds for what was cut off.
    """
    judgements = judge_rows(
        reward.grader,
        [answer.text for answer in answers],
        [question.answers for question in questions],
        [question.choices or None for question in questions],
        answerable=[question.answerable for question in questions],
        question=[question.text for question in questions],
        truncated=[reward.truncated if answer.finish_reason == "length" else None for answer in answers],
    )
    return [judgement.verdict for judgement in judgements]


def outcome_array(verdicts: Sequence[Verdict]) -> Array:
    """Return y of each verdict, (N,): 1 right, 0 wrong, NaN where there is no answer or no verdict."""
    known = {Verdict.CORRECT: 1.0, Verdict.WRONG: 0.0}
    return np.array([known.get(verdict, np.nan) for verdict in verdicts])


def recalibrated(probability: Array, outcome: Array, rng: np.random.Generator) -> Array:
    """Return p̂, (N,): `probability` recalibrated by isotonic regression on the `outcome` of the other folds.

    Args:
        probability: The model's own probability of each answer, (N,).
        outcome: 1 right, 0 wrong, (N,); NaN unknown.
        rng: Draws the folds.
    """
    fold = rng.permutation(len(outcome)) % FOLDS
    found = np.full(len(outcome), np.nan)
    for number in range(FOLDS):
        found[fold == number] = isotonic(probability, outcome, fold != number)[fold == number]
    return found


def soft_outcomes(probability: Array, outcome: Array, blend: float, rng: np.random.Generator) -> Array:
    """Return ŷ = λy + (1 − λ)p̂, (N,), with λ = `blend`; NaN where there is no outcome.

    Args:
        probability: The model's own probability of each answer, (N,); not read where λ is 1.
        outcome: y, (N,): 1 right, 0 wrong, NaN unknown.
        blend: λ, in [0, 1].
        rng: Draws the folds.
    """
    if blend == 1.0:
        return outcome
    return blend * outcome + (1 - blend) * recalibrated(probability, outcome, rng)


def outcome_rows(
    questions: Sequence[Question],
    answers: Sequence[Completion],
    labels: Sequence[float],
    style: PromptStyle,
    targets: Sequence[float],
    payoff: Payoff,
    rng: np.random.Generator,
) -> tuple[Rows, Counter[str]]:
    """Return prompt/completion rows, and how many "answers", "abstentions" and "forced answers" there are among them.

    Args:
        questions: One a row before weighting, as all columns below.
        answers: The model's own: the graded one above t = 0, any forced one at t = 0.
        labels: y or ŷ; NaN leaves the row out above t = 0.
        style: Wording.
        targets: Target of each row.
        payoff: Says what a decision costs at a target.
        rng: Draws which rows are kept.
    """
    weighted: dict[str, list[tuple[dict[str, Any], float]]] = {"answers": [], "abstentions": [], "forced answers": []}
    for question, answer, label, t in zip(questions, answers, labels, targets, strict=True):
        prompt = style.messages(question, t)
        if t == 0.0:
            weighted["forced answers"].append((_row(prompt, answer.text), float(bool(answer.text))))
        elif np.isfinite(label):
            gain, loss = decision_weights(payoff, t)
            weighted["answers"].append((_row(prompt, answer.text), label * gain))
            weighted["abstentions"].append((_row(prompt, style.phrase), (1 - label) * loss))
    kept = {kind: _kept(rows, rng) for kind, rows in weighted.items()}
    return [row for rows in kept.values() for row in rows], Counter(
        {kind: len(rows) for kind, rows in kept.items() if rows}
    )


def _kept(weighted: Sequence[tuple[dict[str, Any], float]], rng: np.random.Generator) -> Rows:
    """Return the rows that are kept, each with its weight as the probability."""
    keep = spread_draws([weight for _, weight in weighted], rng)
    return [row for (row, _), kept in zip(weighted, keep, strict=True) if kept]


def _row(prompt: Any, text: str) -> dict[str, Any]:
    return {"prompt": prompt, "completion": [{"role": "assistant", "content": text}]}


@dataclass(frozen=True, slots=True)
class DecodingCheck:
    """How often greedy decoding does something else than the odds of answering say."""

    pairs: int
    """Of a question and a target."""
    abstained: int
    """Greedy decoding abstains, though P(answer) is above a half."""
    answered: int
    """It answers, though P(answer) is at most a half."""

    @property
    def figures(self) -> dict[str, float]:
        """The counts by log key."""
        return {f"decoding/{name}": value for name, value in asdict(self).items()}

    def __str__(self) -> str:
        """Return the line of the console."""
        share = (self.abstained + self.answered) / max(self.pairs, 1)
        return (
            f"greedy decoding and P(answer) disagree on {share:.1%} of {self.pairs} prompts: {self.abstained} "
            f"abstentions where answering is likelier, {self.answered} answers where abstaining is"
        )


def check_decoding(
    model: Any,
    tokenizer: Any,
    backend: Backend,
    questions: Sequence[Question],
    reward: AbstentionReward,
    style: PromptStyle,
    targets: Sequence[float],
) -> DecodingCheck:
    """Return how often the greedy completion and the odds of answering disagree at `targets`.

    P(answer) is 1 − P(the whole abstention, its end token included). Greedy decoding can differ from it where the mass
    of answering is split over several first tokens, or where an answer begins with the abstention's first token.

    Args:
        model: The policy.
        tokenizer: Of the policy.
        backend: Generates from the policy.
        questions: At most `CHECKED` of them are asked.
        reward: Grades the greedy completions.
        style: Wording.
        targets: Above 0.
    """
    asked = [(question, t) for question in questions[:CHECKED] for t in targets]
    chats = [style.messages(question, t) for question, t in asked]
    scorer = CandidateScorer(model, tokenizer)
    abstention = scorer.encode([style.phrase])
    prompts = scorer.encode([backend.render(chat) for chat in chats])
    likelier = {i: bool(found[0] >= -math.log(2)) for i, found in scorer.score(prompts, [abstention] * len(prompts))}
    counts: Counter[tuple[bool, bool]] = Counter()
    for i, (completion,) in backend.generate([Prompt(chat) for chat in chats], temperature=0.0):
        question = asked[i][0]
        (verdict,) = grade_answers([question], [completion], reward)
        counts[verdict is Verdict.ABSTAINED, likelier[i]] += 1
    return DecodingCheck(len(asked), abstained=counts[True, False], answered=counts[False, True])


class TokenSumTrainer(SFTTrainer):
    """TRL's SFT trainer with a loss that is summed over tokens, so that the lengths of completions move no minimum.

    TRL divides the sum over a batch by the number of completion tokens in it, so that a row counts for less in a batch
    that happens to be long, its own length included. Here the divisor is the same for every batch: the tokens of an
    average one. (A mean over each row's own tokens, which TRL does not take, would move the break-even.)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what TRL's trainer takes, and count the tokens that rows are trained on."""
        super().__init__(*args, **kwargs)
        dataset = cast("Any", self.train_dataset)  # pyright: ignore[reportUnknownMemberType]
        labels: list[list[int]] = dataset["labels"]
        self.tokens_per_row = sum(sum(token != -100 for token in row) for row in labels) / len(labels)

    def compute_loss(
        self,
        model: Any,
        inputs: Any,
        return_outputs: bool = False,
        num_items_in_batch: Any = None,  # noqa: ARG002
    ) -> Any:
        """Return TRL's loss with the tokens of an average batch in the place of those of this one."""
        arguments: Any = self.args
        rows = arguments.train_batch_size * arguments.gradient_accumulation_steps
        if arguments.average_tokens_across_devices:  # then TRL multiplies the loss by the number of processes
            rows *= arguments.world_size
        tokens = rows * self.tokens_per_row
        return super().compute_loss(model, inputs, return_outputs, tokens)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
