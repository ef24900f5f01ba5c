"""How a question and its target are put to a model: the rubric, in words a person would use.

Ready prompt templates have a name and a version: `points@1`, `exam@1`, `bet@1`, `plain@2`. Each says the same in its
own words: the rubric at a target, the forced answer, and the answer with a stated confidence. A published version is
never changed, so that rows that name it can be compared; a changed template is a new version. The defaults of
`PromptStyle` are `plain@2`: small open models repeat a rubric that spells out points, and say the phrase that a forced
prompt quotes.
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
    own = {"phrase": style.phrase, "mixture": style.mixture, "mixture_share": style.mixture_share}
    return next((name for name, known in templates().items() if replace(known, **own) == style), "")


Message = dict[str, str]
"""A chat message: {"role": ..., "content": ...}."""


TargetFormat = Literal["percent", "decimal", "odds", "words"]
_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def format_target(t: float, style: TargetFormat = "percent") -> str:
    """Return a target as a person writes it: "75%", "0.75", "3 to 1" or "seventy-five percent".

    Decimals are two, more where `t` has more. Odds are those of being right, to two significant digits.
    """
    if style == "decimal":
        return f"{t:.6g}" if round(t, 2) != t else f"{t:.2f}"
    if style == "odds":
        return f"{format_penalty(t)} to 1" if t >= 0.5 else f"1 to {format_penalty(1 - t)}"
    percent = f"{100 * t:.6g}"
    return f"{percent}%" if style == "percent" else f"{_in_words(percent)} percent"


def _in_words(number: str) -> str:
    """Return a number below 100 in words: "seventy-five", "twelve point five"."""
    whole, _, decimals = number.partition(".")
    tens, ones = divmod(int(whole), 10)
    words = _ONES[int(whole)] if int(whole) < len(_ONES) else _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")
    return words if not decimals else " ".join([words, "point", *(_ONES[int(digit)] for digit in decimals)])


def format_penalty(t: float) -> str:
    """Return the explicit penalty t/(1 − t) in points with at most two significant digits ("3", "0.11")."""
    return f"{t / (1 - t):.2g}" if t / (1 - t) < 99.5 else f"{t / (1 - t):.0f}"


@dataclass(frozen=True, kw_only=True)
class PromptStyle:
    """A prompt template. By default the sentence with the target comes last.

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
    target_format: TargetFormat = "percent"
    """How a target is written: percent (75%), decimal (0.75), odds (3 to 1) or words (seventy-five percent)."""
    position: Literal["after", "before", "system"] = "after"
    """Where the rubric, the forced sentence or the request for a confidence stands: after the question, which lets all
    targets of a question share a prefix, before it, or in the system message."""
    mixture: tuple[str | dict[str, Any], ...] = ()
    """Further wordings of training prompts: "varied" (a shipped collection), names of ready templates, or mappings with
    fields of this section, which inherit the rest from it. Evaluation asks in this section's own wording."""
    mixture_share: float = 0.5
    """Share of the training prompts that are in a wording of `mixture`."""

    def __hash__(self) -> int:
        """Hash what no two templates share; mappings in `mixture` have no hash."""
        return hash((self.rubric, self.forced, self.phrase))

    @property
    def main(self) -> PromptStyle:
        """The wording of forced answers that training asks for; of a mixture, the one that is evaluated."""
        return self

    def __post_init__(self) -> None:
        """Raise ValueError for a rubric that does not show the target, or an unknown field."""
        if self.system is not None and not self.system.strip():
            raise ValueError(f"prompt.system must be a text, or null for none, got {self.system!r}")
        if "{target}" not in self.rubric and "{penalty}" not in self.rubric:
            raise ValueError(f"prompt.rubric must contain {{target}} or {{penalty}}, got {self.rubric!r}")
        if not 0 <= self.mixture_share <= 1:
            raise ValueError(f"prompt.mixture_share must be in [0, 1], got {self.mixture_share}")
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
        asked = [text, question.instruction]
        lines = {"after": [*asked, instruction], "before": [instruction, *asked], "system": asked}[self.position]
        last = {"role": "user", "content": "\n".join(filter(None, lines))}
        return [*self._before(question, instruction if self.position == "system" else None), last]

    def _before(self, question: Question, instruction: str | None) -> list[Message]:
        """Return the turns before the question, the system message first."""
        turns: list[Message] = [dict(turn) for turn in question.history]
        own = "\n".join(filter(None, [self.system, instruction]))
        if not own:
            return turns
        if turns and turns[0]["role"] == "system":
            return [{"role": "system", "content": f"{own}\n\n{turns[0]['content']}"}, *turns[1:]]
        return [{"role": "system", "content": own}, *turns]
