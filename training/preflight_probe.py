"""Does the base model abstain at all, and can the adapter raise the abstention? A probe of a few questions.

If no rollout ever holds an abstention, nothing pulls towards it (2601.20126 measured a base abstention rate of
0.03 %, and still 0 % after 500 steps).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..data import PromptStyle, Question
from ..eval.backend import Backend, Prompt
from ..rewards import ConfidenceParser, Grader, Verdict, judge_row
from .preflight import Finding
from .preflight_tokens import render_prompt

RARE = 0.02
"""Base abstention rate below which groups of eight hold an abstention in less than a seventh of all cases."""
SURPRISE_LIMIT = 12.0
"""Nats per token of the abstention after a rubric above which its words are taken to be new to the model. A uniform
choice among 50,000 tokens costs 10.8."""
EMBEDDINGS = ("lm_head", "embed_tokens")
"""What has to be trained, beside LoRA on the linear layers, for a model to learn to say words that are new to it."""


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
    """Return what `model` does with `questions`, one sample each at temperature 1, at `targets` in turn."""
    asked = [(question, targets[i % len(targets)]) for i, question in enumerate(questions)]
    prompts = [style.messages(question, t) for question, t in asked]
    verdicts: list[Verdict] = []
    sampled = [Prompt(prompt, (number,)) for number, prompt in enumerate(prompts, 1)]
    for index, completions in backend.generate(sampled, temperature=1.0, seed=seed):
        q = asked[index][0]
        verdicts += [
            judge_row(grader, c.text, q.answers, q.choices, answerable=q.answerable, question=q.text).verdict
            for c in completions
        ]
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
    """Return how many of the answers to `questions`, one sample each, state a confidence that can be read."""
    prompts = [Prompt(style.stated_messages(question), (number,)) for number, question in enumerate(questions, 1)]
    said = [c.text for _, drawn in backend.generate(prompts, temperature=1.0, seed=seed) for c in drawn]
    readable = sum(parser.read(text).value is not None for text in said)
    text = f"{readable} of {len(said)} sampled answers state a confidence that can be read"
    if readable >= len(said) / 2:
        return [Finding("note", text)]
    if warmup:
        return [Finding("note", f"{text}; the warm-up teaches it")]
    return [Finding("warning", f"{text}: the others earn no reward", "a `warmup` section, which needs no labels")]


def phrase_surprise(model: Any, tokenizer: Any, chat: list[dict[str, str]], phrase: str) -> float:
    """Return the mean negative log-probability of a token of `phrase` as the answer to `chat`, in nats."""
    import torch

    prompt: list[int] = tokenizer(render_prompt(tokenizer, chat), add_special_tokens=False)["input_ids"]
    said: list[int] = tokenizer(phrase, add_special_tokens=False)["input_ids"]
    ids = torch.tensor([prompt + said], device=model.device)
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
    found: list[Finding] = []
    if rate >= RARE:
        found.append(Finding("note", chance))
    elif warmup:
        found.append(Finding("note", f"{chance}; the warm-up teaches it"))
    else:
        text = f"{chance}: without abstentions in the rollouts nothing pulls towards them"
        found.append(Finding("warning", text, "a `warmup` section, which needs no labels"))
    trained: list[str] = list(EMBEDDINGS if lora is None else lora.get("modules_to_save") or ())
    said = f"the abstention costs {probe.surprise:.1f} nats a token after the rubric"
    if probe.surprise <= SURPRISE_LIMIT:
        found.append(Finding("note", f"{said} (probability {math.exp(-probe.surprise):.2g} a token)"))
    elif not any(name in trained for name in EMBEDDINGS):
        text = f"{said}: its words look new to the model, and LoRA leaves embeddings and head as they are"
        fix = "lora.modules_to_save=[lm_head, embed_tokens], or another prompt.phrase that the model knows"
        found.append(Finding("warning", text, fix))
    return found
