"""The warm-up: supervised fine-tuning that makes a policy's abstentions depend on the target, before any RL.

`warmup_rows.py` has what its rows teach, in each of its ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from trl import SFTTrainer  # pyright: ignore[reportPrivateImportUsage]

from ..data import InputError, PromptStyle, Question, Schedule, Stream, shown_targets
from ..eval.backends.backend import Backend
from ..eval.metrics.estimate import Array
from ..eval.sweep.shard import current_shard
from ..rewards import AbstentionReward, ConfidenceParser, alias_match
from .blend import hidden_states
from .config import WarmupConfig
from .outcomes import TokenSumTrainer, check_decoding
from .preflight.stages import check_questions
from .processes import score_completions_only
from .progress import StageLog
from .stage import note_at_the_start, supervised_arguments, train_on_rows
from .warmup_rows import WAYS, Material, WarmupRows, of_own_answers, own_answers, own_answers_at, stated_rows


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
    reward: AbstentionReward | None = None,
    parser: ConfidenceParser | None = None,
    resume: bool = False,
    log: StageLog | None = None,
) -> Any:
    """Return the `PeftModel` after the warm-up.

    Without `targets` it teaches to state a confidence, on the scale of `parser`, instead of abstaining.

    Args:
        model: The policy, changed in place.
        tokenizer: The model's, with its chat template.
        backend: Generates from the same model, before and after it is trained.
        questions: What is asked; `config.prompts` of them, repeated as needed, but for `teach: outcomes`, which asks
            each once and needs questions that no supervised stage has seen.
        config: The recipe's section.
        style: Makes prompts and abstentions.
        targets: The targets of the prompts; None: they state none.
        lora: The PEFT config of a new adapter.
        out: The folder of checkpoints.
        seed: The run's seed.
        reward: What `teach: outcomes` grades and weighs by; None: `alias_match` and the bounded payoff.
        parser: Of stated confidences; None: the usual form.
        resume: Go on from the last checkpoint.
        log: Gets the counts and the entries of the trainer.

    Raises:
        InputError: there is no question, or nothing to train on.
    """
    arguments = supervised_arguments(config, out, seed)  # first: it joins the processes, which share the sampling
    check_questions("warmup", questions)
    rng = Stream.WARMUP.rng(seed)
    judge = reward or AbstentionReward(grader=alias_match(abstention=style.phrase))
    graded = targets is not None and config.teach == "outcomes"
    shuffled: list[int] = rng.permutation(len(questions)).tolist()
    order = list(islice(cycle(shuffled), min(config.prompts, len(questions)) if graded else config.prompts))
    chosen = [questions[i] for i in order]
    if targets is None:
        made = _stated(backend, chosen, config, style, seed, parser or ConfidenceParser())
    else:
        asked = chosen * config.targets_per_answer
        drawn = targets.draw(asked, rng)
        answers = own_answers_at(backend, chosen, style, drawn, config, seed)

        def hidden(asked: Sequence[Question]) -> Array:
            return hidden_states(model, tokenizer, [backend.render(style.main.messages(q, 0.0)) for q in asked])

        common: dict[str, Any] = {"style": style, "config": config, "reward": judge, "rng": rng, "hidden": hidden}
        made = WAYS[config.teach](Material(questions=asked, targets=drawn, answers=answers, **common))
    if not made.rows:
        raise InputError(f"recipe: warmup: nothing is left to train on ({made.text})")
    note_at_the_start(log, out, made.figures, made.text, resume=resume)
    trainer = TokenSumTrainer if graded else SFTTrainer
    with score_completions_only():
        trained = train_on_rows(trainer, made.rows, model, tokenizer, arguments, lora, out, resume=resume, log=log)
    several = current_shard().world > 1  # which may share out the weights
    if targets is not None and graded and log is not None and not several:
        unseen = [questions[i] for i in shuffled[len(order) :]] or chosen
        shown = shown_targets(targets.targets(questions))
        check = check_decoding(trained, tokenizer, backend, unseen, judge, style.main, shown)
        log.after(check.figures, str(check))
    return trained


def _stated(
    backend: Backend,
    questions: Sequence[Question],
    config: WarmupConfig,
    style: PromptStyle,
    seed: int,
    parser: ConfidenceParser,
) -> WarmupRows:
    answers = own_answers(backend, questions, style, config.temperature, seed)
    rows = stated_rows(questions, answers, style, parser)
    if not rows:
        raise InputError(
            f"recipe: warmup: none of the model's {len(answers)} own answers can be stated with a confidence: they "
            "are empty, cut off by eval.max_new_tokens, or no answer"
        )
    return of_own_answers(rows, answers)
