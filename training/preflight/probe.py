"""What the untouched model does: how often it abstains or states a confidence, and how its forced answers are judged.

If no rollout ever holds an abstention, nothing pulls towards it (2601.20126 measured a base abstention rate of
0.03 %, and still 0 % after 500 steps). A grader that misreads a model's sentences, a limit that cuts them off or a
prompt that the model does not understand shows in the forced answers, before a run learns from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...data import PromptStyle, Question, judge_answer
from ...eval.backends.backend import Backend, Prompt
from ...eval.sweep.overlooked import overlooked, overlooked_notes, quoted
from ...eval.sweep.responses import Response
from ...rewards import ConfidenceParser, Grader, Verdict
from .findings import Finding
from .model import render_prompt

RARE = 0.02
"""Base abstention rate below which groups of eight hold an abstention in less than a seventh of all cases."""
SURPRISE_LIMIT = 12.0
"""Nats per token of the abstention after a rubric above which its words are taken to be new to the model. A uniform
choice among 50,000 tokens costs 10.8."""
EMBEDDINGS = ("lm_head", "embed_tokens")
"""What has to be trained, beside LoRA on the linear layers, for a model to learn to say words that are new to it."""
CUT_OFF_SHARE = 0.1
"""Share of cut-off answers from which on it is a warning."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What the untrained policy did with a few prompts that state a target."""

    samples: int
    abstained: int
    surprise: float
    """Mean negative log-probability of a token of the abstention after the rubric, in nats."""


def probe_model(
    backend: Backend,
    model: Any,
    tokenizer: Any,
    questions: Sequence[Question],
    *,
    style: PromptStyle,
    targets: Sequence[float],
    grader: Grader,
    seed: int,
) -> Probe:
    """Return what `model` does with `questions`, one sample each at temperature 1, at `targets` in turn.

    Args:
        backend: Generates from the model.
        model: The model itself, for the log-probability of the abstention.
        tokenizer: The model's.
        questions: One sample is drawn for each.
        style: Makes the prompts.
        targets: Taken in turn, fractions in [0, 1).
        grader: Judges the samples.
        seed: Of the samples.
    """
    pairs = [(question, targets[i % len(targets)]) for i, question in enumerate(questions)]
    prompts = [style.messages(question, t) for question, t in pairs]
    verdicts: list[Verdict] = []
    sampled = [Prompt(prompt, (number,)) for number, prompt in enumerate(prompts, 1)]
    for index, completions in backend.generate(sampled, temperature=1.0, seed=seed):
        question = pairs[index][0]
        verdicts += [judge_answer(grader, c.text, question).verdict for c in completions]
    surprises = [phrase_surprise(model, tokenizer, prompt, style.phrase) for prompt in prompts[:16]]
    mean = sum(surprises) / len(surprises)
    return Probe(len(verdicts), sum(verdict is Verdict.ABSTAINED for verdict in verdicts), mean)


def check_statements(
    backend: Backend,
    questions: Sequence[Question],
    *,
    style: PromptStyle,
    parser: ConfidenceParser,
    warmup: bool,
    seed: int,
) -> list[Finding]:
    """Return how many of the answers to `questions`, one sample each, state a confidence that can be read.

    Args:
        backend: Generates from the model.
        questions: One sample is drawn for each.
        style: Makes the prompts, which ask for a confidence.
        parser: Reads it.
        warmup: Whether the recipe has a warm-up, which teaches the form.
        seed: Of the samples.
    """
    prompts = [Prompt(style.stated_messages(question), (number,)) for number, question in enumerate(questions, 1)]
    answers = [c.text for _, completions in backend.generate(prompts, temperature=1.0, seed=seed) for c in completions]
    readable = sum(parser.read(text).value is not None for text in answers)
    text = f"{readable} of {len(answers)} sampled answers state a confidence that can be read"
    if readable >= len(answers) / 2:
        return [Finding("note", text)]
    if warmup:
        return [Finding("note", f"{text}; the warm-up teaches it")]
    return [Finding("warning", f"{text}: the others earn no reward", "a `warmup` section, which needs no labels")]


def phrase_surprise(model: Any, tokenizer: Any, chat: list[dict[str, str]], phrase: str) -> float:
    """Return the mean negative log-probability of a token of `phrase` as the answer to `chat`, in nats.

    Args:
        model: A causal language model of transformers.
        tokenizer: The model's, with its chat template.
        chat: The messages of the prompt.
        phrase: The abstention.
    """
    import torch

    prompt: list[int] = tokenizer(render_prompt(tokenizer, chat), add_special_tokens=False)["input_ids"]
    phrase_ids: list[int] = tokenizer(phrase, add_special_tokens=False)["input_ids"]
    ids = torch.tensor([prompt + phrase_ids], device=model.device)
    training = model.training
    model.eval()
    with torch.no_grad():
        logits = model(ids).logits[0, len(prompt) - 1 : -1].float()  # (tokens of the phrase, V)
    model.train(training)
    return float(-logits.log_softmax(-1).gather(1, ids[0, len(prompt) :, None]).mean())


def check_probe(probe: Probe, *, warmup: bool, lora: Mapping[str, Any] | None) -> list[Finding]:
    """Return advice on the warm-up, and whether the adapter can move the abstention.

    Args:
        probe: Of the model before any training.
        warmup: Whether the recipe has a rubric warm-up.
        lora: The recipe's `lora` mapping; None where every weight is trained.
    """
    rate = probe.abstained / probe.samples
    chance = f"{probe.abstained} of {probe.samples} sampled answers to a prompt with a target abstain ({rate:.1%})"
    findings: list[Finding] = []
    if rate >= RARE:
        findings.append(Finding("note", chance))
    elif warmup:
        findings.append(Finding("note", f"{chance}; the warm-up teaches it"))
    else:
        text = f"{chance}: without abstentions in the rollouts nothing pulls towards them"
        findings.append(Finding("warning", text, "a `warmup` section, which needs no labels"))
    trained: list[str] = list(EMBEDDINGS if lora is None else lora.get("modules_to_save") or ())
    cost = f"the abstention costs {probe.surprise:.1f} nats a token after the rubric"
    if probe.surprise <= SURPRISE_LIMIT:
        findings.append(Finding("note", f"{cost} (probability {math.exp(-probe.surprise):.2g} a token)"))
    elif not any(name in trained for name in EMBEDDINGS):
        text = f"{cost}: its words look new to the model, and LoRA leaves embeddings and head as they are"
        fix = "lora.modules_to_save=[lm_head, embed_tokens], or another prompt.phrase that the model knows"
        findings.append(Finding("warning", text, fix))
    return findings


def forced_answers(
    backend: Backend, questions: Sequence[Question], *, style: PromptStyle, grader: Grader, seed: int
) -> list[Response]:
    """Return the greedy forced answer to each question, judged; a cut-off one is judged as it stands.

    Args:
        backend: Of the untouched model.
        questions: What to ask; a question that comes twice is asked once.
        style: The prompts; forced answers are asked for at t = 0.
        grader: The recipe's.
        seed: Of the backend; greedy answers do not depend on it.
    """
    asked = list({question.id: question for question in questions}.values())
    prompts = [Prompt(style.messages(question, 0.0)) for question in asked]
    rows: dict[int, Response] = {}
    for index, (completion,) in backend.generate(prompts, temperature=1.0, seed=seed):
        question = asked[index]
        judgement = judge_answer(grader, completion.text, question)
        rows[index] = Response(
            id=question.id,
            threshold=0.0,
            sample=0,
            verdict=judgement.verdict,
            question=question.text,
            answers=question.answers,
            answerable=question.answerable,
            completion=completion.text,
            reason=judgement.reason,
            truncated=completion.finish_reason == "length",
        )
    return [rows[index] for index in sorted(rows)]


def check_forced(rows: Sequence[Response], prompt: str, remedies: Mapping[str, str], *, limit: int) -> list[Finding]:
    """Return counts and an example of each verdict, what the grader may have overlooked, and the prompt.

    Args:
        rows: Of `forced_answers`, at least one.
        prompt: The first prompt as the model reads it.
        remedies: As `overlooked_notes` takes them.
        limit: `eval.max_new_tokens`.
    """
    groups: dict[str, list[Response]] = {"right": [], "wrong": [], "abstained": [], "ungraded": [], "cut off": []}
    for row in rows:
        groups["cut off" if row.truncated else _NAMES[row.verdict]].append(row)
    counts = ", ".join(f"{len(group)} {name}" for name, group in groups.items() if group or name != "ungraded")
    found = [Finding("note", f"{len(rows)} forced answers of the untouched model: {counts}")]
    found += [Finding("note", f"{name}: {_example(group[0])}") for name, group in groups.items() if group]
    if len(groups["cut off"]) >= CUT_OFF_SHARE * len(rows):
        text = f"{len(groups['cut off'])} of {len(rows)} forced answers do not end within {limit} tokens"
        found.append(Finding("warning", text, f"eval.max_new_tokens above {limit}, or a prompt that asks for less"))
    hints = overlooked_notes((one.to_json() for one in overlooked(rows)), remedies)
    found += [Finding("warning", hint.rstrip(".")) for hint in hints]
    return [*found, Finding("note", f"the first forced prompt as the model reads it: {prompt!r}")]


_NAMES: Mapping[Any, str] = {
    Verdict.CORRECT: "right",
    Verdict.WRONG: "wrong",
    Verdict.ABSTAINED: "abstained",
    Verdict.UNGRADED: "ungraded",
}


def _example(row: Response) -> str:
    gold = repr(row.answers[0]) if row.answers else "no answer"
    return f"{quoted(row.completion)} to {quoted(row.question)} (accepted: {gold}; {row.reason})"
