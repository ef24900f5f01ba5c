"""Preflight of each training stage, from its config, reward, questions and targets, before a model is touched.

`abstain check` and `abstain run` report the findings of a recipe, and `train_rl`, `train_dpo`, `train_rejection`,
`train_sft` and `warm_up` enforce them when they are called from Python.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ...data import InputError, PromptStyle, Question, Schedule, shown_targets
from ...eval.metrics.table import STATED_TARGETS
from ...rewards import DEFAULT_PHRASE, AbstentionReward, FormatBonus, Judgement, Verdict
from ...rewards.payoffs.compose import RewardBreakEven
from ...rewards.payoffs.custom import payoff_warnings
from ..config import PairsConfig, RejectionConfig, RLConfig
from ..monitor.alarms import MonitorConfig, validation_size
from .findings import Finding, number_of, placed
from .paid import check_paid_target, check_pays
from .rl import check_batches, check_mask, check_objective, check_per_question
from .trainer import check_trainer

FEW = 30
"""Validation questions below which a fifth of the forced accuracy can be lost without the loss being certain."""
STAGE_NAMES = {
    "sft": "fine-tuning",
    "post_training": "post-training",
    "warmup": "the warm-up",
    "rejection": "rejection sampling",
    "dpo": "DPO",
    "rl": "RL",
}


def training_targets(targets: Schedule | None, questions: Sequence[Question]) -> tuple[float, ...]:
    """Return every target that training may show, or that stated confidences are held against where it shows none."""
    return STATED_TARGETS if targets is None else targets.targets(questions)


def check_questions(stage: str, questions: Sequence[Question]) -> None:
    """Raise InputError where there is no question to train `stage` on."""
    if not questions:
        raise InputError(f"recipe: no questions are left for {STAGE_NAMES[stage]}")


def check_stated(stage: str, reward: AbstentionReward, targets: Schedule | None) -> None:
    """Raise InputError where prompts state no target and the payoff of `stage` needs one.

    Args:
        stage: The recipe's section, for the error.
        reward: The reward of the stage.
        targets: The targets of its prompts; None: they state none.
    """
    if targets is None and reward.payoff.break_even == "threshold":
        raise InputError(
            f"recipe: {stage}.payoff is paid by the target, and protocol=post_hoc states none; "
            f"give a score of a stated confidence ({stage}.payoff.kind=brier), or protocol=target"
        )


def check_rl(
    config: RLConfig,
    arguments: Any,
    reward: AbstentionReward,
    questions: Sequence[Question],
    targets: Schedule | None,
    *,
    per_question: int = 1,
) -> list[Finding]:
    """Return what the RL stage does to the target, and what its batches come to.

    Args:
        config: Of the stage.
        arguments: TRL's config of it, as `rl_arguments` builds it.
        reward: The reward of the stage.
        questions: What it may ask.
        targets: Which target each prompt states; None: prompts ask for a confidence instead.
        per_question: Targets at which each question is asked in one batch.

    Raises:
        InputError: there is nothing to ask, or the settings contradict one another.
    """
    section = f"rl.{config.algorithm}"
    if arguments.max_steps <= 0:
        raise InputError(f"recipe: {section}.max_steps must be given: every step draws fresh questions and targets")
    check_questions("rl", questions)
    check_stated("rl", reward, targets)
    if targets is not None and targets.ordered and config.trainer.get("shuffle_dataset"):
        raise InputError(f"recipe: {section}.shuffle_dataset=true would mix the stages of targets.schedule; remove it")
    stated_targets = training_targets(targets, questions)
    check_pays(reward.payoff, stated_targets, "recipe: rl.payoff")
    findings = check_trainer(arguments, section=section)
    findings += check_objective(
        arguments, reward.payoff, stated_targets, section=section, allow_group_scaling=config.allow_group_scaling
    )
    findings += check_mask(arguments, reward, section=section)
    findings += check_monitor(config.monitor, [question.text for question in questions], stated_targets)
    findings += check_batches(arguments, len({question.id for question in questions}), section=section)
    findings += check_per_question(arguments, per_question, section=section)
    return placed(f"recipe: {section}: ", findings)


def check_monitor(config: MonitorConfig, texts: Sequence[str], targets: Collection[float]) -> list[Finding]:
    """Return what would keep the validation from working, or an alarm from keeping the best policy.

    Args:
        config: Of the RL stage.
        texts: The text of every question of RL.
        targets: Every target that training may show.
    """
    if config.validation is None:
        if config.on_alarm == "warn":
            return []
        text = "rl.on_alarm=stop without rl.validation: an alarm ends training with the weights of that step"
        return [Finding("warning", text, "rl.validation={every: 50, items: 64}, so that the best policy is kept")]
    findings: list[Finding] = []
    different, items = len(set(texts)), config.validation.items
    size = validation_size(different, items)
    if size >= different:
        findings.append(Finding("error", "rl.validation leaves no question to train on", "leave it out"))
    elif size < items:
        kept = number_of(size, "question")
        text = f"rl.validation keeps {kept}, a tenth of the {different} different ones, instead of {items}"
        findings.append(Finding("warning" if size < FEW else "note", text, "more questions" if size < FEW else ""))
    if not any(t > 0 for t in targets):
        text = "rl.validation: training shows no target above 0, so there is none to validate at"
        findings.append(Finding("error", text, "leave rl.validation out"))
    return findings


def check_dpo(
    config: PairsConfig, reward: AbstentionReward, questions: Sequence[Question], targets: Schedule | None
) -> list[Finding]:
    """Return where pairs would lose the target; arguments and errors as in `check_rl`.

    Args:
        config: The recipe's section.
        reward: The reward of the stage.
        questions: Those of the stage.
        targets: The targets of its prompts; None: they state none.
    """
    check_questions("dpo", questions)
    check_stated("dpo", reward, targets)
    check_pays(reward.payoff, training_targets(targets, questions), "recipe: dpo.payoff")
    if config.keep != "all":
        return []
    text = "dpo.keep=all: a pair does not say how much more it earns, so that every break-even becomes 1/2"
    return [Finding("warning", text, "dpo.keep=gap")]


def check_sft(questions: Sequence[Question]) -> list[Finding]:
    """Return an error where none of the `questions` of the fine-tuning has an answer to learn."""
    check_questions("sft", questions)
    if any(question.answerable for question in questions):
        return []
    text = f"recipe: sft: none of its {len(questions)} questions has an accepted answer"
    return [Finding("error", text, "answerable questions in data.train, or leave sft out")]


def check_rejection(config: RejectionConfig, questions: Sequence[Question]) -> list[Finding]:
    """Return where what is imitated would not depend on the target; arguments and errors as in `check_rl`."""
    check_questions("rejection", questions)
    if config.rule != "best":
        return []
    text = (
        "rejection.rule=best: one right answer of the samples earns more than abstaining at every target, so that "
        "what is imitated does not depend on the target"
    )
    return [Finding("warning", text, "rejection.rule=mean")]


def check_reward(
    reward: AbstentionReward, targets: Sequence[float], *, phrase: str = DEFAULT_PHRASE, section: str = "recipe: rl"
) -> list[Finding]:
    """Return what the full reward does beside what its payoff says: moved break-evens, bonuses, ways round a score.

    Args:
        reward: The reward in use.
        targets: A few of the targets that prompts state, ascending.
        phrase: The agreed abstention.
        section: Where the payoff stands.

    Raises:
        InputError: the payoff fails, or has no break-even, at one of `targets`.
    """
    check_pays(reward.payoff, targets, f"{section}.payoff")
    fix = "a proper score with `abstained` and `unstated` named (docs/rewards.md)"
    findings = [Finding("warning", text, fix) for text in payoff_warnings(reward.payoff, targets[len(targets) // 2])]
    break_evens = {t: reward_break_even_at(reward, t, section) for t in targets}
    moved = {t: even for t, even in break_evens.items() if even.moved}
    if moved:
        t, even = next(iter(moved.items()))
        usual = "none, being wrong pays as much as being right" if even.usual is None else f"{even.usual:.4g}"
        text = f"what is added to the payoff moves the break-even: at target {t:g} from {even.payoff:.4g} to {usual}"
        findings.append(Finding("warning", text, "pay the bonus for right, wrong and abstaining completions alike"))
        return findings
    for term in reward.terms:
        if not isinstance(term, FormatBonus) or term(phrase, Judgement(Verdict.ABSTAINED)) != 0.0:
            continue
        if (least := break_evens[targets[-1]].low) is not None:
            text = (
                f"the agreed abstention {phrase!r} alone does not have the form that the format bonus pays: an "
                f"abstention without it earns {term.amount:g} less than an answer with it, which moves the break-even "
                f"at target {targets[-1]:g} as far as {least:.4g}"
            )
            findings.append(Finding("warning", text, "show the form of an abstention in the prompt"))
    return findings


def reward_break_even_at(reward: AbstentionReward, t: float, section: str = "recipe: rl") -> RewardBreakEven:
    """Return where the full reward breaks even at target `t`.

    Args:
        reward: The payoff with its weight and terms.
        t: A target, a fraction in [0, 1).
        section: The recipe's section, for the error.

    Raises:
        InputError: nowhere, as being right pays no more than being wrong; the message names `section`.
    """
    try:
        return reward.break_even_at(t)
    except ValueError as error:
        raise InputError(f"{section}.payoff at target {t:g}: {error}") from error


def break_even_note(reward: AbstentionReward, targets: Sequence[float]) -> Finding:
    """Return where the full reward, bonus and length penalty included, breaks even at `targets`."""
    if reward.payoff.break_even != "threshold":
        return Finding("note", f"break-even of the full reward: {reward_break_even_at(reward, targets[0])}")
    rows = [f"{t:g} -> {reward_break_even_at(reward, t)}" for t in targets]
    return Finding("note", f"break-even of the full reward by target: {', '.join(rows)}")


def stage_reward_findings(
    reward: AbstentionReward, questions: Sequence[Question], targets: Schedule | None, style: PromptStyle
) -> list[Finding]:
    """Return the findings of `check_reward` and `check_paid_target` at a few of the targets of a training stage.

    Args:
        reward: The reward of the stage.
        questions: Those of the stage, which may bring targets of their own.
        targets: The targets of its prompts; None: they state none.
        style: The prompt template.
    """
    shown = shown_targets(training_targets(targets, questions))
    found = check_reward(reward, shown, phrase=style.phrase)
    return found if targets is None else [*found, *check_paid_target(reward.payoff, shown, style)]
