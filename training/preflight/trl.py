"""Preflight of a plain TRL script: one's own `GRPOConfig` or `RLOOConfig`, the reward and, optionally, the dataset."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...data import InputError, PromptStyle, Question, shown_targets
from ...eval.metrics.table import STATED_TARGETS
from ...rewards import DEFAULT_PHRASE, AbstentionReward, Payoff
from ...rewards.adapters import AsyncAbstentionReward, check_reward_functions
from ...rewards.answer_grader import AnswerGrader
from ...rewards.payoffs.payoff import check_target
from .findings import Finding, raise_first_error
from .gold import check_gold
from .model import check_lengths, closing_ids, lengths_of_rows
from .paid import check_paid_target
from .rl import check_batches, check_end_tokens, check_mask, check_objective, check_single_question
from .stages import break_even_note, check_reward
from .stated import check_stated_targets
from .trainer import check_trainer

if TYPE_CHECKING:
    from datasets import Dataset
    from trl import GRPOConfig, RLOOConfig  # pyright: ignore[reportPrivateImportUsage]

RewardFunction = Callable[..., Any]
Columns = Mapping[str, Sequence[Any]]
COLUMNS = ("prompt", "answers", "threshold", "choices", "answerable", "question", "id")
"""The columns of a dataset that are read, where it has them."""
PROBE: list[dict[str, str]] = [{"role": "user", "content": "What is the capital of France?"}]


def check_trl(
    args: GRPOConfig | RLOOConfig,
    reward: RewardFunction | Sequence[RewardFunction],
    *,
    targets: Collection[float] | None = None,
    dataset: Dataset | Sequence[Mapping[str, Any]] | None = None,
    tokenizer: Any | None = None,
    phrase: str | None = None,
    allow_group_scaling: bool = False,
    raise_errors: bool = True,
) -> list[Finding]:
    """Return what would make a TRL run lose its confidence target, waste completions or fail late; errors first.

    Call it before the trainer is made. Nothing is trained and no model is loaded.

    Args:
        args: The config that the trainer will get.
        reward: What the trainer will get as `reward_funcs`: an `AbstentionReward` or `AsyncAbstentionReward`, or a
            list with one among other functions.
        targets: Every target that a prompt may state, fractions in [0, 1). None: those of the dataset's `threshold`
            column; without a dataset too, any target.
        dataset: The training rows, with the columns that the reward reads. Its accepted answers are graded as if a
            model had said them.
        tokenizer: The model's tokenizer: are prompts and answers short enough, do the reward's `end_token_ids` end a
            turn?
        phrase: The abstention that prompts agree on; None: the grader's.
        allow_group_scaling: Report group scaling as a warning, for a control run that shows what it does.
        raise_errors: Raise the first error; False: return errors with the other findings.

    Raises:
        InputError: there is an error and `raise_errors` is true.
        ValueError: `args` is no config of GRPO or RLOO, `reward` holds no `AbstentionReward`, a target lies outside
            [0, 1), or `dataset` is neither a `datasets.Dataset` nor a list of rows.

    Example:
        >>> from trl import GRPOConfig
        >>> from abstain.rewards import AbstentionReward
        >>> reward = AbstentionReward(end_token_ids=(2,))
        >>> args = GRPOConfig(output_dir="out", use_cpu=True, bf16=False)  # scale_rewards is "group" by default
        >>> check_trl(args, reward, targets=[0.25, 0.75], raise_errors=False)[0].fix
        "use scale_rewards='none' (or 'batch'); for a control run that shows the effect pass allow_group_scaling=True"
        >>> batch = {"per_device_train_batch_size": 16, "num_generations": 8}
        >>> args = GRPOConfig(output_dir="out", use_cpu=True, bf16=False, scale_rewards="none", **batch)
        >>> [finding.message for finding in check_trl(args, reward, targets=[0.25, 0.75])]
        ['break-even of the full reward by target: 0.25 -> 0.25, 0.75 -> 0.75']
    """
    if not hasattr(args, "num_generations"):
        raise ValueError(f"args must be a GRPOConfig or an RLOOConfig, got {type(args).__name__}")
    if isinstance(reward, type):
        raise ValueError(f"reward must be an instance: {reward.__name__}(), got the class")
    functions = [reward] if callable(reward) else list(reward)
    paid = _abstention_reward(functions)
    phrase = phrase if phrase is not None else _agreed_phrase(paid)
    columns: Columns = {} if dataset is None else read_columns(dataset)
    findings = _check_functions(functions, args)
    findings += _check_columns(columns, paid) if dataset is not None else []
    readable = not any(finding.level == "error" for finding in findings)
    if targets is None and readable and paid.payoff.break_even == "threshold":
        targets = {t for t in columns.get("threshold", ()) if t is not None} or None
    stated_targets = None if targets is None else sorted({check_target(t, "targets") for t in targets})
    findings += _check_args(args, paid, stated_targets, phrase, allow_group_scaling)
    questions, refused = _questions(columns)
    findings += refused
    findings += _check_batches(args, columns)
    findings += _check_thresholds(columns, paid) if readable else []
    if questions:
        findings += check_gold(questions, paid.grader, phrase=phrase)
    if tokenizer is not None:
        findings += _check_tokenizer(tokenizer, args, paid, columns, questions, phrase)
    if raise_errors:
        raise_first_error(findings)
    return sorted(findings, key=lambda finding: ("error", "warning", "note").index(finding.level))


def read_columns(dataset: Dataset | Sequence[Mapping[str, Any]]) -> Columns:
    """Return the columns of `dataset` that a reward or preflight reads.

    Raises:
        ValueError: it is neither a `datasets.Dataset` nor a list of rows.
    """
    names: object = getattr(dataset, "column_names", None)
    if isinstance(names, list) and hasattr(dataset, "__len__"):
        table: Any = dataset
        return {name: list(table[name]) for name in COLUMNS if name in names}
    if isinstance(dataset, Sequence) and not isinstance(dataset, str):
        rows = list(dataset)
        present = [name for name in COLUMNS if any(name in row for row in rows)]
        return {name: [row.get(name) for row in rows] for name in present}
    raise ValueError(
        f"dataset must be a datasets.Dataset or a list of rows, got {type(dataset).__name__}; "
        "of a streamed one give some rows, list(dataset.take(1000)), and of several splits one"
    )


def _abstention_reward(functions: Sequence[RewardFunction]) -> AbstentionReward:
    for function in functions:
        each = function.reward if isinstance(function, AsyncAbstentionReward) else function
        if isinstance(each, AbstentionReward):
            return each
    names = ", ".join(_name(function) for function in functions) or "none"
    raise ValueError(f"reward must be or hold an AbstentionReward or AsyncAbstentionReward, got {names}")


def _agreed_phrase(reward: AbstentionReward) -> str:
    return reward.grader.detector.phrase if isinstance(reward.grader, AnswerGrader) else DEFAULT_PHRASE


def _name(function: object) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _check_functions(functions: Sequence[RewardFunction], args: Any) -> list[Finding]:
    """Return what other reward functions, and the weights of all of them, do to the reward."""
    fix = "give the other reward as a term: AbstentionReward(terms=(...,))"
    findings: list[Finding] = []
    try:
        check_reward_functions(functions)
    except ValueError as error:
        text, _, _ = str(error).partition(". Give the other reward")
        findings.append(Finding("error", text, fix))
    if len(functions) > 1 and not findings:
        names = ", ".join(_name(function) for function in functions)
        text = f"{names} are added up, and the break-even of the sum is unknown: preflight looks at the first alone"
        findings.append(Finding("warning", text, fix))
    for function, weight in zip(functions, args.reward_weights or (), strict=False):  # TRL refuses another length
        if isinstance(function, AbstentionReward | AsyncAbstentionReward) and weight <= 0:
            text = f"reward_weights gives {_name(function)} the weight {weight:g}, so that being right pays no more"
            findings.append(Finding("error", text, "a positive weight"))
    return findings


def _check_args(
    args: Any, reward: AbstentionReward, targets: Sequence[float] | None, phrase: str, allow_group_scaling: bool
) -> list[Finding]:
    """Return what the config and the reward do to the target."""
    section = type(args).__name__
    findings = check_trainer(args, section=section)
    findings += check_objective(
        args,
        reward.payoff,
        targets,
        section=section,
        allow_group_scaling=allow_group_scaling,
        override="pass allow_group_scaling=True",
        bounded="ConfidenceTarget(bounded=True), or lower targets",
    )
    findings += [*check_end_tokens(args, reward, section=section), *check_mask(args, reward, section=section)]
    few = shown_targets(STATED_TARGETS if targets is None else targets)
    try:
        return [*findings, *check_reward(reward, few, phrase=phrase, section="reward"), break_even_note(reward, few)]
    except InputError as error:
        return [*findings, Finding("error", str(error), "a payoff that pays more for being right than for being wrong")]


def _check_columns(columns: Columns, reward: AbstentionReward) -> list[Finding]:
    """Return an error for a column that the reward would miss or could not read."""
    findings: list[Finding] = []
    if "prompt" not in columns:
        text = "the dataset has no column `prompt`, which TRL generates from"
        findings.append(Finding("error", text, "a text or a list of messages in every row"))
    if "answers" not in columns:
        text = "the dataset has no column `answers`, the accepted answers of every row"
        findings.append(Finding("error", text, "a list of texts in every row"))
    if "threshold" not in columns and reward.payoff.break_even == "threshold":
        text = "the payoff reads its target from a `threshold` column, which the dataset does not have"
        findings.append(Finding("error", text, "add the column, or fix the target with ConfidenceTarget(t=...)"))
    for row, t in enumerate(columns.get("threshold", ()) if reward.payoff.break_even == "threshold" else ()):
        try:
            check_target(t, f"row {row}: threshold")
        except ValueError as error:
            findings.append(Finding("error", str(error), "a fraction, such as 0.75, in every row"))
            break
    return findings


def _questions(columns: Columns) -> tuple[list[Question], list[Finding]]:
    """Return the different questions of a dataset, and an error for the first row that is none."""
    questions: dict[tuple[str, tuple[str, ...]], Question] = {}
    for row, answers in enumerate(columns.get("answers", ())):
        texts: Any = answers
        if not isinstance(answers, list | tuple) or not all(isinstance(text, str) for text in texts):
            text = f"row {row}: answers must be a list of texts, got {answers!r}"
            return [], [Finding("error", text, "a list of texts, also of a single answer or number")]
        try:
            question = _question(columns, row)
        except ValueError as error:
            return [], [Finding("error", f"dataset: {error}", "correct the row, or leave it out")]
        questions.setdefault((question.text, question.answers), question)
    return list(questions.values()), []


def _question(columns: Columns, row: int) -> Question:
    values = {name: column[row] for name, column in columns.items()}
    answerable = values.get("answerable") is not False
    return Question(
        f"row {row}",
        values.get("question") or _text(values.get("prompt")) or f"row {row}",
        tuple(values["answers"]) if answerable else (),
        tuple(values["choices"]) if values.get("choices") else None,
        answerable=answerable,
    )


def _text(prompt: Any) -> str:
    """Return the text of a prompt, a chat's last turn."""
    return prompt if isinstance(prompt, str) else str(prompt[-1].get("content") or "") if prompt else ""


def _check_thresholds(columns: Columns, reward: AbstentionReward) -> list[Finding]:
    """Return where the prompts do not state the `threshold` column, or the payoff does not pay by it."""
    thresholds = list(columns.get("threshold", ()))
    readable = all(isinstance(t, int | float) and 0 <= t < 1 for t in thresholds)
    if reward.payoff.reads_confidence or not thresholds or not readable:
        return []
    prompts = [_all_text(prompt) for prompt in columns["prompt"]]
    questions = [question or "" for question in columns.get("question", [""] * len(prompts))]
    return [*_unpaid(reward.payoff, thresholds), *check_stated_targets(prompts, thresholds, questions)]


def _unpaid(payoff: Payoff, thresholds: Sequence[float]) -> list[Finding]:
    """Return a warning where a payoff that reads no threshold breaks even at another."""
    if payoff.break_even in ("threshold", None):
        return []
    fix = "AbstentionReward(payoff=ConfidenceTarget()), or the one threshold at which the payoff breaks even"
    found = check_paid_target(payoff, shown_targets(sorted(set(thresholds))), PromptStyle())
    return [replace(finding, fix=fix) for finding in found]


def _all_text(prompt: Any) -> str:
    """Return the text of a prompt, of all turns of a chat."""
    return prompt if isinstance(prompt, str) else "\n".join(str(turn.get("content") or "") for turn in prompt or ())


def _check_batches(args: Any, columns: Columns) -> list[Finding]:
    """Return what the batch keys come to; a question is known by `id`, else by `question`, else by its prompt."""
    section = type(args).__name__
    names = next((columns[name] for name in ("id", "question", "prompt") if name in columns), None)
    if not names:
        return check_single_question(args, section=section)
    different = len({name if isinstance(name, str | int) else _text(name) for name in names})
    return check_batches(args, different, section=section, rows=len(names))


def _check_tokenizer(
    tokenizer: Any,
    args: Any,
    reward: AbstentionReward,
    columns: Columns,
    questions: Sequence[Question],
    phrase: str,
) -> list[Finding]:
    """Return whether the reward knows the end of a turn, and whether the dataset's answers fit."""
    findings: list[Finding] = []
    if reward.end_token_ids:
        ends = closing_ids(tokenizer, PROBE) if tokenizer.chat_template else [tokenizer.eos_token_id]
        if not set(ends) & set(reward.end_token_ids):
            tokens, known = tokenizer.convert_ids_to_tokens(ends), list(reward.end_token_ids)
            text = f"a completion ends with {tokens} ({ends}), and the reward's end_token_ids are {known}"
            findings.append(
                Finding("warning", f"{text}: it would take every completion for cut off", "the ids of these")
            )
    if not questions or "prompt" not in columns:
        return findings
    limit, window = args.max_completion_length, tokenizer.model_max_length
    lengths = lengths_of_rows(
        tokenizer,
        [f"row {row}" for row in range(len(columns["prompt"]))],
        columns["prompt"],
        [min(question.answers, key=len, default=phrase) for question in questions],
        phrase=phrase,
        limit=limit,
    )
    key = f"{type(args).__name__}.max_completion_length"
    return findings + check_lengths(lengths, limit, window if window < 1e9 else None, key=key, questions=len(questions))
