"""Training prompts in many wordings, so that what is learnt holds in wordings that training did not show.

A model trained in one sentence follows that sentence alone. Each training prompt is in the recipe's own wording or in
one of `prompt.mixture`; which one depends on the question and the target alone, so a stage that is resumed asks the
same prompts, and the completions of one group answer the same text.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from .nearest import nearest
from .prompt import Message, PromptStyle, template, templates
from .question import Question

VARIED = "varied"
"""The name of the shipped collection, `wordings/varied.yaml`. No ready template is in it."""
_FILE = Path(__file__).parent / "wordings" / f"{VARIED}.yaml"
INHERITED = ("stated", "statement", "system", "phrase")
"""What every wording of a mixture takes from the section that names it, unless it says otherwise."""


@dataclass(frozen=True, kw_only=True)
class PromptMixture(PromptStyle):
    """The wording of a recipe and others: `mixture_share` of the prompts are in one of the others, evenly."""

    others: tuple[PromptStyle, ...]
    __hash__ = PromptStyle.__hash__

    @property
    def main(self) -> PromptStyle:
        """The recipe's own wording."""
        values = {name: getattr(self, name) for name in PromptStyle.__dataclass_fields__}
        return PromptStyle(**values)

    def messages(self, question: Question, t: float | None) -> list[Message]:
        """Return the chat that asks `question` at target `t` in the wording that the two choose."""
        number = _uniform(f"{question.id}\0{t}")
        if t is None or number >= self.mixture_share:
            return super().messages(question, t)
        return self.others[int(number / self.mixture_share * len(self.others))].messages(question, t)


def mixed(style: PromptStyle) -> PromptStyle:
    """Return the prompts of training: `style`, or a mixture where `style.mixture` names further wordings.

    Raises:
        ValueError: a name is unknown, or a mapping is no wording.
    """
    if not style.mixture:
        return style
    others = tuple(other for entry in style.mixture for other in _wordings(entry, style))
    values = {name: getattr(style, name) for name in PromptStyle.__dataclass_fields__}
    return PromptMixture(**values, others=others)


def _wordings(entry: str | dict[str, Any], style: PromptStyle) -> list[PromptStyle]:
    """Return the wordings that one entry of `prompt.mixture` names."""
    inherited = {name: getattr(style, name) for name in INHERITED}
    if isinstance(entry, dict):
        unknown = set(entry) - set(PromptStyle.__dataclass_fields__) | ({"mixture", "mixture_share"} & set(entry))
        if unknown:
            raise ValueError(f"prompt.mixture: {sorted(unknown)[0]!r} is no field of a wording")
        return [PromptStyle(**(inherited | entry))]
    if entry == VARIED:
        return [PromptStyle(**(inherited | fields)) for fields in varied()]
    names = {VARIED, *templates(), *(name.partition("@")[0] for name in templates())}
    if entry not in names:
        raise ValueError(f"prompt.mixture: no wording {entry!r}{nearest(entry, names)}; there are {sorted(names)}")
    return [replace(template(entry), **inherited)]


@lru_cache(maxsize=1)
def varied() -> tuple[dict[str, Any], ...]:
    """Return the wordings of the shipped collection, each as the fields that it sets."""
    return tuple(yaml.safe_load(_FILE.read_text(encoding="utf-8")))


def _uniform(text: str) -> float:
    """Return a number in [0, 1) that depends on `text` alone."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest()) / 2**48
