"""Ready prompt templates by name and version: `points@1`, `exam@1`, `bet@1`, `plain@2`.

Each says the same in its own words: the rubric at a target, the forced answer, and the answer with a stated confidence.
A published version is never changed, so that rows that name it can be compared; a changed template is a new version.
The defaults of `PromptStyle` are `plain@2`: small open models repeat a rubric that spells out points, and say the
phrase that a forced prompt quotes.

How a question and its target are put to a model: the rubric, in words a person would use.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Literal

import yaml

from ..rewards import DEFAULT_PHRASE
from ..rewards.payoffs.payoff import check_target
from .errors import InputError
from .nearest import nearest
from .question import Question

_FOLDER = Path(__file__).parent / "templates"


@lru_cache(maxsize=1)
def templates() -> dict[str, PromptStyle]:
    """Return "name@version" → prompt template, by name and then by version."""
    by_name: dict[str, PromptStyle] = {}
    for path in sorted(_FOLDER.glob("*.yaml")):
        versions: dict[int, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
        by_name |= {f"{path.stem}@{number}": PromptStyle(**versions[number]) for number in sorted(versions)}
    return by_name


def latest_templates() -> tuple[str, ...]:
    """Return the names of the newest version of each prompt template."""
    newest = {name.partition("@")[0]: name for name in templates()}
    return tuple(newest.values())


def template(name: str, phrase: str | None = None) -> PromptStyle:
    """Return the prompt template `name`, "exam@1" or "exam" for its newest version, which asks for `phrase`.

    Raises:
        InputError: there is none; the message names those that there are.
    """
    known = templates()
    newest = {full.partition("@")[0]: full for full in known}
    full = newest.get(name, name)
    if full not in known:
        raise InputError(f"no template {name!r}{nearest(name, [*known, *newest])}; there are {', '.join(known)}")
    return known[full] if phrase is None else replace(known[full], phrase=phrase)


@lru_cache(maxsize=64)
def template_name(style: PromptStyle) -> str:
    """Return the "name@version" of the template that `style` is, whatever its phrase; "" for one of the user's own."""
    return next((name for name, known in templates().items() if replace(known, phrase=style.phrase) == style), "")


Message = dict[str, str]
"""A chat message: {"role": ..., "content": ...}."""


def format_target(t: float, style: Literal["percent", "decimal"] = "percent") -> str:
    """Return a target as a person writes it: "75%" or "0.75" (two decimals, more where `t` has more)."""
    return f"{100 * t:.6g}%" if style == "percent" else f"{t:.6g}" if round(t, 2) != t else f"{t:.2f}"


def format_penalty(t: float) -> str:
    """Return the explicit penalty t/(1 − t) in points with at most two significant digits ("3", "0.11")."""
    return f"{t / (1 - t):.2g}" if t / (1 - t) < 99.5 else f"{t / (1 - t):.0f}"


@dataclass(frozen=True, kw_only=True)
class PromptStyle:
    """A prompt template. The sentence with the target comes last.

    All targets and samples of one question then share the longest possible prefix. A target of 0
    is the exam: abstaining is disallowed in words, which is how forced answers are asked for.
    """

    rubric: str = 'If you are not more than {target} sure, say "{phrase}" instead.'
    """Template with {target}, and optionally {penalty} and {phrase}."""
    forced: str = "You must answer, even if you have to guess."
    """Template for t = 0, with an optional {phrase}."""
    stated: str = (
        "Give your best answer, and on a line below it your confidence that it is correct, from 0 to 1, "
        'in the form "Confidence: 0.5".'
    )
    """Template that asks for an answer and a confidence, with no target in sight; with an optional {phrase}."""
    statement: str = "{answer}\nConfidence: {confidence}"
    """How a completion looks that `stated` asks for: what a warm-up teaches, with {answer} and {confidence}."""
    system: str | None = None
    """A system message before every prompt, in training and in evaluation; null: none. It comes before the text of a
    question's own system turn, in the same message."""
    phrase: str = DEFAULT_PHRASE
    """The agreed abstention."""
    target_format: Literal["percent", "decimal"] = "percent"
    """How a target is written: 75%, or 0.75."""

    def __post_init__(self) -> None:
        """Raise ValueError for a rubric that does not show the target, or an unknown field."""
        if self.system is not None and not self.system.strip():
            raise ValueError(f"prompt.system must be a text, or null for none, got {self.system!r}")
        if "{target}" not in self.rubric:
            raise ValueError(f"prompt.rubric must contain {{target}}, got {self.rubric!r}")
        if "{answer}" not in self.statement or "{confidence}" not in self.statement:
            raise ValueError(f"prompt.statement must contain {{answer}} and {{confidence}}, got {self.statement!r}")
        try:
            self.instruction(0.5)
            self.instruction(0.0)
            self.stated.format(phrase=self.phrase)
        except (KeyError, IndexError) as error:
            raise ValueError(
                f"prompt: unknown field {error}; allowed are {{target}}, {{penalty}}, {{phrase}}"
            ) from None

    def instruction(self, t: float) -> str:
        """Return the sentences that follow the question at target `t`."""
        if check_target(t) == 0.0:
            return self.forced.format(phrase=self.phrase)
        return self.rubric.format(
            target=format_target(t, self.target_format), penalty=format_penalty(t), phrase=self.phrase
        )

    def messages(self, question: Question, t: float | None) -> list[Message]:
        """Return the chat that asks `question` at target `t`; None asks it plainly, without a rubric."""
        return self._chat(question, None if t is None else self.instruction(t))

    def stated_messages(self, question: Question) -> list[Message]:
        """Return the chat that asks `question` for an answer and for the confidence in it."""
        return self._chat(question, self.stated.format(phrase=self.phrase))

    def stated_completion(self, answer: str, confidence: float, scale: Literal["fraction", "percent"]) -> str:
        """Return the completion that gives `answer` with `confidence`, rounded to a hundredth: "0.62", or "62%"."""
        number = f"{confidence:.2f}" if scale == "fraction" else f"{100 * confidence:.0f}%"
        return self.statement.replace("{answer}", answer).replace("{confidence}", number)

    def _chat(self, question: Question, instruction: str | None) -> list[Message]:
        text = question.text
        if question.choices:
            options = zip(ascii_uppercase, question.choices, strict=False)
            text += "\n" + "\n".join(f"{letter}. {choice}" for letter, choice in options)
        lines = [text, question.instruction, instruction or ""]
        last = {"role": "user", "content": "\n".join(filter(None, lines))}
        return [*self._before(question), last]

    def _before(self, question: Question) -> list[Message]:
        """Return the turns before the question, the system message first."""
        turns: list[Message] = [dict(turn) for turn in question.history]
        if self.system is None:
            return turns
        if turns and turns[0]["role"] == "system":
            return [{"role": "system", "content": f"{self.system}\n\n{turns[0]['content']}"}, *turns[1:]]
        return [{"role": "system", "content": self.system}, *turns]
