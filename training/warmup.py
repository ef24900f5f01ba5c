"""Rubric warm-up: supervised fine-tuning that makes a policy abstain as often as the target asks.

For a prompt with target t the completion is an abstention with a probability that rises with t, and
otherwise the model's own forced answer, sampled. No knowledge label is needed. Three rates:

- "t": abstain with probability t. The policy starts RL sensitive to the target and ignorant of what
  it knows, so every group holds both actions and RL only has to couple the two.
- "t/(1+t)": abstentions stand to answers as t to 1. Where the likeliest answer is the model's own
  with probability p, the imitating policy gives it p/(1+t) and the abstention t/(1+t), so greedy
  decoding abstains exactly when p < t: what the model's sampling already knows of its confidence
  becomes the rule, before any reward. Averaged over uniform t it abstains 1 - ln 2, about 31 %, of
  the time, where "t" abstains half the time and risks the capability to answer.
- "p<t": abstain where the probability p that the model itself gives its greedy forced answer is below t. What the
  second rate teaches by many random draws is said outright, so the gate is much sharper after as many steps; it is
  as right as the model's probabilities are calibrated, which RL on outcomes does not presume. One answer says what is
  right at every target, so that it can stand in rows at several (`targets_per_answer`): questions, not completions,
  are what a sharp gate needs many of.

A number in the place of a rate abstains as often at every target, and leaves the policy deaf to it.

The argument for the second holds for answers that are decided by their first token; for longer
ones p is the first token's probability, above the answer's, and RL has that much left to correct.

Where no target is stated and the model is to say how sure it is, the completion is the model's own answer, greedy or
sampled, and, as the confidence in it, the probability that it gives to that answer itself. This too needs no label, and
is as right as the model is calibrated. The probability is that of a text: where an answer can be put in many ways, or
follows a long reasoning, it is far below the probability of being right, and RL has that to correct.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from trl import SFTConfig, SFTTrainer  # pyright: ignore[reportPrivateImportUsage]

from ..data import InputError, Message, PromptStyle, Question, Schedule, Stream, spread_draws
from ..eval.backends.backend import Backend, Completion
from ..eval.sweep.shard import current_shard
from ..rewards import ConfidenceParser, Verdict, alias_match
from .config import WarmupConfig
from .own_samples import draw_answers
from .preflight.stages import check_questions
from .processes import score_completions_only
from .progress import StageLog
from .stage import last_checkpoint, stage_arguments, train_on_rows


def sft_arguments(config: WarmupConfig, out: Path, seed: int) -> SFTConfig:
    """Return TRL's config of the stage; InputError names a field it refuses.

    Args:
        config: The recipe's section.
        out: The folder of checkpoints.
        seed: The run's seed.
    """
    return stage_arguments("warmup.sft", SFTConfig, config.sft, out, seed)


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
    found = draw_answers(backend, questions, lambda q: style.messages(q, 0.0), temperature=temperature, seed=seed)
    return [answers[0] for answers in found]


def own_answers_at(
    backend: Backend,
    questions: Sequence[Question],
    style: PromptStyle,
    targets: Sequence[float],
    config: WarmupConfig,
    seed: int,
) -> list[Completion]:
    """Return what the row of each of `targets` imitates: a sampled answer, but for "p<t" the greedy one wherever t > 0.

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
    rows = [(config.abstain_rate == "p<t" and t > 0, i % len(questions)) for i, t in enumerate(targets)]
    answers: dict[tuple[bool, int], Completion] = {}
    for best, temperature in ((True, 0.0), (False, config.temperature)):
        asked = sorted({row for row in rows if row[0] is best})
        own = own_answers(backend, [questions[i] for _, i in asked], style, temperature, seed)
        answers.update(zip(asked, own, strict=True))
    return [answers[row] for row in rows]


def at_target(_: float | None, t: float) -> float:
    """Return t, whatever the model knows."""
    return t


def at_odds_of_target(_: float | None, t: float) -> float:
    """Return t/(1 + t): abstentions stand to answers as t to 1."""
    return t / (1 + t)


def below_target(p: float | None, t: float) -> float:
    """Return 1 where the model's own probability `p` of the answer is below `t`, else 0."""
    if p is None:
        raise ValueError('abstain_rate "p<t" needs a backend that tells the probability of its completions')
    return float(p < t)


RATES: dict[str, Callable[[float | None, float], float]] = {
    "t": at_target,
    "t/(1+t)": at_odds_of_target,
    "p<t": below_target,
}
"""Name → the probability of abstaining at t where the own answer has probability p."""


def rate_of(config: WarmupConfig) -> Callable[[float | None, float], float]:
    """Return how often the warm-up of `config` abstains, given the own answer's probability and the target."""
    rate = config.abstain_rate
    return RATES[rate] if isinstance(rate, str) else lambda _p, _t: rate


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


def warm_up(
    model: Any,
    tokenizer: Any,
    backend: Backend,
    questions: Sequence[Question],
    config: WarmupConfig,
    *,
    style: PromptStyle,
    targets: Schedule | None,
    lora: Any,
    out: Path,
    seed: int,
    parser: ConfidenceParser | None = None,
    resume: bool = False,
    log: StageLog | None = None,
) -> Any:
    """Return the `PeftModel` after the warm-up; `lora` is its PEFT config, `out` the checkpoint folder.

    Without `targets` it teaches to state a confidence, on the scale of `parser`, instead of abstaining.

    Args:
        model: The policy, changed in place.
        tokenizer: The model's, with its chat template.
        backend: Generates from the same model.
        questions: What is asked; `config.prompts` of them, repeated as needed.
        config: The recipe's section.
        style: Makes prompts and abstentions.
        targets: The targets of the prompts; None: they state none.
        lora: The PEFT config of a new adapter.
        out: The folder of checkpoints.
        seed: The run's seed.
        parser: Of stated confidences; None: the usual form.
        resume: Go on from the last checkpoint.
        log: Gets the counts and the entries of the trainer.

    Raises:
        InputError: there is no question, or none of the model's own answers can be stated with a confidence.
    """
    arguments = sft_arguments(config, out, seed)  # first: it joins the processes, which share the sampling
    check_questions("warmup", questions)
    rng = Stream.WARMUP.rng(seed)
    order: list[int] = np.resize(rng.permutation(len(questions)), config.prompts).tolist()
    chosen = [questions[i] for i in order]
    if targets is None:
        answers = own_answers(backend, chosen, style, config.temperature, seed)
        rows = stated_rows(chosen, answers, style, parser or ConfidenceParser())
        if not rows:
            raise InputError(
                f"recipe: warmup: none of the model's {len(answers)} own answers can be stated with a confidence: they "
                "are empty, cut off by eval.max_new_tokens, or no answer"
            )
    else:
        asked = chosen * config.targets_per_answer
        drawn = targets.draw(asked, rng)
        answers = own_answers_at(backend, chosen, style, drawn, config, seed)
        rows = warmup_rows(asked, answers, style, drawn, rng, rate_of(config))
    begun = resume and last_checkpoint(out) is not None  # then the log has the count already, and the steps so far
    if log is not None and current_shard().main and not begun:
        count = len({id(answer) for answer in answers})
        log.note({"own_answers": count}, f"{count} own answers make {len(rows)} rows")
    with score_completions_only():
        return train_on_rows(SFTTrainer, rows, model, tokenizer, arguments, lora, out, resume=resume, log=log)
