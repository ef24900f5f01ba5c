"""What the rows of a warm-up teach: when to abstain, or how sure to be.

For a prompt with target t the completion is an abstention or the model's own forced answer. What decides which, in each
way to teach (`WAYS`):

- "rate": chance. A row abstains with probability t. The policy starts RL sensitive to the target and ignorant of what
  it knows, so every group holds both actions and RL only has to couple the two. With `abstain_rate` it abstains as
  often at every target, and the policy is left deaf to it.
- "odds": chance, abstentions standing to answers as t to 1. Where the likeliest answer is the model's own
  with probability p, the imitating policy gives it p/(1+t) and the abstention t/(1+t), so greedy
  decoding abstains exactly when p < t: what the model's sampling already knows of its confidence
  becomes the rule, before any reward. Averaged over uniform t it abstains 1 - ln 2, about 31 %, of
  the time, where "rate" abstains half the time and risks the capability to answer.
- "belief": abstain where the probability p that the model itself gives its greedy forced answer is below t. What "odds"
  teaches by many random draws is said outright, so the gate is much sharper after as many steps; it is
  as right as the model's probabilities are calibrated, which RL on outcomes does not presume. One answer says what is
  right at every target, so that it can stand in rows at several (`targets_per_answer`): questions, not completions,
  are what a sharp gate needs many of.
- "outcomes": whether the greedy forced answer was graded right, with what both mistakes cost at t (`outcomes.py`). It
  needs answers that can be graded, and is right whatever the model's own probability is worth.

The first three need no knowledge label. The argument for "odds" holds for answers that are decided by their first
token; for longer ones p is the first token's probability, above the answer's, and RL has that much left to correct.

Where no target is stated and the model is to say how sure it is, the completion is the model's own answer, greedy or
sampled, and, as the confidence in it, the probability that it gives to that answer itself. This too needs no label, and
is as right as the model is calibrated. The probability is that of a text: where an answer can be put in many ways, or
follows a long reasoning, it is far below the probability of being right, and RL has that to correct.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..data import Message, PromptStyle, Question, spread_draws
from ..eval.backends.backend import Backend, Completion
from ..eval.metrics.estimate import Array
from ..rewards import AbstentionReward, ConfidenceParser, Verdict, alias_match
from .blend import ChosenBlend, choose_blend
from .config import WarmupConfig
from .outcomes import grade_answers, outcome_array, outcome_rows, soft_outcomes
from .own_samples import Rows, draw_answers
from .progress import counted


def own_answers(
    backend: Backend, questions: Sequence[Question], style: PromptStyle, temperature: float, seed: int
) -> list[Completion]:
    """Return the model's forced answer to each question, in order; a question that comes again is sampled anew.

    Args:
        backend: Generates from the model.
        questions: In the order of what is returned.
        style: Makes the prompts, at target 0.
        temperature: 0 for greedy decoding.
        seed: Of the samples.
    """
    found = draw_answers(backend, questions, lambda q: style.main.messages(q, 0.0), temperature=temperature, seed=seed)
    return [answers[0] for answers in found]


def own_answers_at(
    backend: Backend,
    questions: Sequence[Question],
    style: PromptStyle,
    targets: Sequence[float],
    config: WarmupConfig,
    seed: int,
) -> list[Completion]:
    """Return what the row of each of `targets` imitates: a sampled answer, or in `GREEDY` ways at t > 0 the greedy one.

    There a sampled answer would split the mass of answering between several, and greedy decoding abstain too early.
    At t = 0 samples keep the forced answer's probability what it was. The targets are those of `questions` in their
    order, then those of `questions` again, and so on: rows of one question share their answer.

    Args:
        backend: Generates from the model.
        questions: Each once.
        style: Makes the prompts.
        targets: One a row, fractions in [0, 1).
        config: The recipe's section, which says how rows come to abstain.
        seed: Of the samples.
    """
    rows = [(config.teach in GREEDY and t > 0, i % len(questions)) for i, t in enumerate(targets)]
    answers: dict[tuple[bool, int], Completion] = {}
    for best, temperature in ((True, 0.0), (False, config.temperature)):
        asked = sorted({row for row in rows if row[0] is best})
        own = own_answers(backend, [questions[i] for _, i in asked], style, temperature, seed)
        answers.update(zip(asked, own, strict=True))
    return [answers[row] for row in rows]


GREEDY = ("belief", "outcomes")
"""The ways to teach that speak of one answer to each question, the greedy one."""


def at_target(_: float | None, t: float) -> float:
    """Return t, whatever the model knows."""
    return t


def at_odds_of_target(_: float | None, t: float) -> float:
    """Return t/(1 + t): abstentions stand to answers as t to 1."""
    return t / (1 + t)


def below_target(p: float | None, t: float) -> float:
    """Return 1 where the model's own probability `p` of the answer is below `t`, else 0."""
    if p is None:
        raise ValueError("teach=belief needs a backend that tells the probability of its completions")
    return float(p < t)


RATES: dict[str, Callable[[float | None, float], float]] = {
    "rate": at_target,
    "odds": at_odds_of_target,
    "belief": below_target,
}
"""Way without labels → the probability of abstaining at t where the own answer has probability p."""


def rate_of(config: WarmupConfig) -> Callable[[float | None, float], float]:
    """Return how often the warm-up of `config` abstains, given the own answer's probability and the target."""
    constant = config.abstain_rate
    return RATES[config.teach] if constant is None else lambda _p, _t: constant


def warmup_rows(
    questions: Sequence[Question],
    answers: Iterable[Completion],
    style: PromptStyle,
    targets: Sequence[float],
    rng: np.random.Generator,
    rate: Callable[[float | None, float], float],
) -> list[dict[str, list[Message]]]:
    """Return prompt/completion rows that abstain with probability `rate`(t), evenly spread near every t.

    An empty own answer is left out: there is nothing to imitate.

    Args:
        questions: One a row.
        answers: The model's own answer of every row.
        style: Makes prompts and abstentions.
        targets: One a row, fractions in [0, 1).
        rng: Spreads the abstentions.
        rate: (probability of the own answer or None, target) → probability of abstaining.
    """
    rows: list[dict[str, list[Message]]] = []
    own = list(answers)
    abstentions = spread_draws([rate(answer.probability, t) for answer, t in zip(own, targets, strict=True)], rng)
    for question, answer, t, abstain in zip(questions, own, targets, abstentions, strict=True):
        text = style.phrase if abstain else answer.text
        if text:
            rows.append({"prompt": style.messages(question, t), "completion": [{"role": "assistant", "content": text}]})
    return rows


def stated_rows(
    questions: Sequence[Question], answers: Iterable[Completion], style: PromptStyle, parser: ConfidenceParser
) -> list[dict[str, list[Message]]]:
    """Return prompt/completion rows that give the model's own answer and, as its confidence, its own probability.

    The probability is that of the whole answer at temperature 1, its end token included. Left out are answers that are
    empty, cut off by the token limit or no answer at all: none of them has a confidence.

    Args:
        questions: One a row.
        answers: The model's own answer of every row, with its probability.
        style: Makes prompts and completions.
        parser: Says on which scale a confidence is stated.

    Raises:
        ValueError: the backend does not tell probabilities.
    """
    grade = alias_match(abstention=style.phrase)
    rows: list[dict[str, list[Message]]] = []
    for question, answer in zip(questions, answers, strict=True):
        if answer.probability is None:
            raise ValueError("stated confidences need a backend that tells the probability of its completions")
        text = answer.text.strip()
        if not text or answer.finish_reason == "length" or grade(text, [text]).verdict is Verdict.ABSTAINED:
            continue
        said = style.stated_completion(text, answer.probability, parser.scale)
        rows.append({"prompt": style.stated_messages(question), "completion": [{"role": "assistant", "content": said}]})
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What the rows of a warm-up at stated targets are made of; a row before weighting is a question at a target."""

    questions: Sequence[Question]
    """Of each row: all questions in their order, once for each of `config.targets_per_answer`."""
    targets: Sequence[float]
    """Of each row."""
    answers: Sequence[Completion]
    """What each row may imitate."""
    style: PromptStyle
    config: WarmupConfig
    reward: AbstentionReward
    """Grades the answers and says what decisions cost; read by ways to teach that grade."""
    rng: np.random.Generator
    hidden: Callable[[Sequence[Question]], Array]
    """Questions → the model's state at the last token of each forced prompt, (N, H)."""


@dataclass(frozen=True, slots=True)
class WarmupRows:
    """The rows of a warm-up and what the log says of them."""

    rows: Rows
    figures: Mapping[str, float]
    text: str


def by_chance_or_belief(material: Material) -> WarmupRows:
    """Return rows that answer or abstain by a rate of `RATES`; nothing is graded."""
    m = material
    rows = warmup_rows(m.questions, m.answers, m.style, m.targets, m.rng, rate_of(m.config))
    return of_own_answers(rows, m.answers)


def by_outcomes(material: Material) -> WarmupRows:
    """Return rows that answer or abstain by graded outcomes; each greedy answer is graded once, for all its targets."""
    m = material
    number = len(m.questions) // m.config.targets_per_answer  # of a question, whose rows are this far apart
    greedy = {i % number: i for i, t in enumerate(m.targets) if t > 0}
    places = list(greedy.values())
    verdicts = grade_answers([m.questions[i] for i in places], [m.answers[i] for i in places], m.reward)
    label = np.full(number, np.nan)
    label[list(greedy)], chosen = _labels(m, places, outcome_array(verdicts))
    per_row = label[np.arange(len(m.questions)) % number].tolist()
    rows, kinds = outcome_rows(m.questions, m.answers, per_row, m.style, m.targets, m.reward.payoff, m.rng)
    graded = Counter(verdict.value for verdict in verdicts)
    figures: dict[str, float] = {f"outcomes/{kind}": count for kind, count in graded.items()}
    figures |= {f"rows/{kind.replace(' ', '_')}": count for kind, count in kinds.items()}
    text = f"{counted(f'{len(verdicts)} greedy answers', graded)}; {counted(f'{len(rows)} rows', kinds)}"
    if chosen is not None:
        figures["blend"] = chosen.blend
        text += f"; {chosen}"
    return WarmupRows(rows, figures, text)


def _labels(material: Material, places: Sequence[int], outcome: Array) -> tuple[Array, ChosenBlend | None]:
    """Return ŷ of the answers at `places`, (N,), and what chose λ where that is left open.

    Raises:
        ValueError: λ may be below 1, and a probability is unknown.
    """
    blend, chosen = material.config.blend, None
    own = [material.answers[i].probability for i in places]
    if blend != 1 and None in own:
        raise ValueError("blend below 1 needs a backend that tells the probability of its completions")
    probability = np.array(own, dtype=np.float64)
    if blend == "auto":
        hidden = material.hidden([material.questions[i] for i in places])
        chosen = choose_blend(hidden, probability, outcome, material.rng)
        blend = chosen.blend
    return soft_outcomes(probability, outcome, blend, material.rng), chosen


WAYS: dict[str, Callable[[Material], WarmupRows]] = {
    "rate": by_chance_or_belief,
    "odds": by_chance_or_belief,
    "belief": by_chance_or_belief,
    "outcomes": by_outcomes,
}
"""`warmup.teach` → what makes the rows."""


def of_own_answers(rows: Rows, answers: Sequence[Completion]) -> WarmupRows:
    """Return rows with the number of own answers that they are made of, for the log."""
    count = len({id(answer) for answer in answers})
    return WarmupRows(rows, {"own_answers": count}, f"{count} own answers make {len(rows)} rows")
