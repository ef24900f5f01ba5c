"""Whether the prompts of a dataset state the targets of its `threshold` column."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import get_args

from ...data.prompt import TargetFormat, format_penalty, format_target
from .findings import Finding

_PERCENT = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s?(?:%|percent\b|per cent\b)")
_DECIMAL = re.compile(r"(?<![\d.])(0?\.\d+)(?![\d%])")
_PENALTY = re.compile(
    r"(?:\b(?:costs?|loses?|takes?|deducts?|minus|penalty of)\s+(?:you\s+)?|[-−])(\d+(?:\.\d+)?)"
    r"|\b(\d+(?:\.\d+)?)\s+points?\b",
    re.IGNORECASE,
)
_FIX = "write each row's own threshold into its prompt, as PromptStyle().messages(question, t) does"


def check_stated_targets(
    prompts: Sequence[str], thresholds: Sequence[float], questions: Sequence[str]
) -> list[Finding]:
    """Return an error for a prompt with two thresholds, and a warning where prompts do not state their own.

    A target counts as stated in every form of `format_target`, and as the penalty t/(1 − t).

    Args:
        prompts: The text of every row's prompt, of all its turns.
        thresholds: The target of every row, fractions in [0, 1).
        questions: The text of every row's question, whose own numbers state nothing; empty where it is not known.
    """
    if twice := _with_two_targets(prompts, thresholds):
        return [twice]
    rows = [row for row, t in enumerate(thresholds) if t > 0]
    unstated = [row for row in rows if not states_target(prompts[row], thresholds[row])]
    other = {row: said for row in unstated if (said := _fractions(_without(prompts[row], questions[row])))}
    if other:
        row, said = next(iter(other.items()))
        text = (
            f"{len(other)} of {len(prompts)} prompts state another number than their threshold: row {row} says "
            f"{', '.join(said)}, and its threshold is {thresholds[row]:g}"
        )
        return [Finding("warning", text, _FIX)]
    if len({thresholds[row] for row in rows}) < 2 or len(unstated) < len(rows) or _differ(prompts, thresholds):
        return []
    text = (
        "no prompt states its threshold as a percentage, a decimal, odds or a penalty: the model cannot know which of "
        "them it is paid by"
    )
    return [Finding("warning", text, _FIX)]


def states_target(prompt: str, t: float) -> bool:
    """Return whether `prompt` states the target `t`.

    >>> states_target("Answer if you are .75 sure.", 0.75), states_target("Answer if you are 50% sure.", 0.75)
    (True, False)
    """
    if any(abs(float(number) / 100 - t) < 0.005 for number in _PERCENT.findall(prompt)):
        return True
    if any(abs(float(number) - t) < 0.005 for number in _DECIMAL.findall(prompt)):
        return True
    written = {format_target(t, style) for style in get_args(TargetFormat)}
    penalties = {number for found in _PENALTY.findall(prompt) for number in found}
    return any(form in prompt.lower() for form in written) or format_penalty(t) in penalties


def _with_two_targets(prompts: Sequence[str], thresholds: Sequence[float]) -> Finding | None:
    first: dict[str, int] = {}
    for row, prompt in enumerate(prompts):
        other = first.setdefault(prompt, row)
        if thresholds[row] != thresholds[other]:
            text = (
                f"rows {other} and {row} have the same prompt and the thresholds {thresholds[other]:g} and "
                f"{thresholds[row]:g}: the model cannot know which of them it is paid by"
            )
            return Finding("error", text, _FIX)
    return None


def _without(prompt: str, question: str) -> str:
    return prompt.replace(question, " ") if question else prompt


def _fractions(text: str) -> list[str]:
    """Return the percentages and decimal fractions that `text` writes."""
    return [*(f"{number}%" for number in _PERCENT.findall(text)), *_DECIMAL.findall(text)]


def _differ(prompts: Sequence[str], thresholds: Sequence[float]) -> bool:
    """Return whether the words that all prompts of a threshold share are others at another threshold."""
    shared: dict[float, set[str]] = {}
    count: dict[float, int] = defaultdict(int)
    for prompt, t in zip(prompts, thresholds, strict=True):
        words = set(prompt.lower().split())
        shared[t] = shared[t] & words if t in shared else words
        count[t] += 1
    common = [words for t, words in shared.items() if count[t] > 1 and t > 0]
    return any(words != common[0] for words in common)
