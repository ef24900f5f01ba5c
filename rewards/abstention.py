"""Was the question declined? Tells a refusal from a hedge that still answers and from an answer taken back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from .matching.text import ARTICLES, fold, spelling, words
from .phrases import (
    CORRECTION,
    DOUBT_TAIL,
    FILLER,
    HEDGE,
    LEADS,
    NO_ANSWER,
    RETRACTION,
    TAKES_BACK_TAIL,
    TRIGGERS,
    TURN,
    opening,
)

DEFAULT_PHRASE = "I don't know"
"""The abstention the prompts of this project agree on."""

_WINDOW = 400
"""Characters behind a refusal in which an answer after all is looked for, and at the end for doubts and retractions."""

Why = Literal["agreed phrase", "declined", "retracted", "abstention tag", "declined by own rule"]
"""Why a text counts as an abstention."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the detector makes of a final answer."""

    abstained: Why | None
    """Why it abstains; None where it answers."""
    answer: str | None
    """The answer without what surrounds it; None for an abstention or an empty text."""
    hedged: bool = False
    """Whether the answer stands beside a doubt."""


@lru_cache(maxsize=64)
def _refusal(phrase: str) -> re.Pattern[str]:
    return opening(phrase)


@lru_cache(maxsize=64)
def _triggers(phrase: str) -> frozenset[str]:
    said = frozenset(words(phrase))
    return TRIGGERS | (said - ARTICLES or said)


@dataclass(frozen=True)
class AbstentionDetector:
    """Splits a final answer into "declined" and "answered, perhaps beside a doubt", by stated rules.

    1. **Refusal.** A text that opens with the agreed phrase or a natural refusal, perhaps after an
       apology or another lead, abstains, unless an answer follows behind a turning word ("but",
       "maybe", "my guess is", ...): "I'm not sure, but Paris" is the answer Paris.
    2. **Hedge.** Doubt in front of an answer or behind it in the same sentence, and uncertainty ("I'm
       not sure") in a sentence behind it leave it an answer: "Paris, but I'm not certain".
    3. **Retraction.** The last word counts. An answer that is followed by a refusal ("I don't know",
       "I cannot say") abstains when the refusal ends the text and is a sentence of its own or opens
       with a word that takes back ("actually", "wait", "no"): "Paris. Actually, I don't know". One
       that says something else than that the answer is unknown ("I don't know its population") takes
       nothing back.
    4. **Correction.** What follows "no, wait", "scratch that", "actually, it's" replaces what came before.
    5. A refusal in quotation marks inside a longer text is a quotation, not a refusal.

    Whether a text abstains is decided without the accepted answers: a wrong answer cannot be hedged
    into an abstention that a right one would not have become.
    """

    phrase: str = DEFAULT_PHRASE
    """The phrase the prompt agreed on; the list of natural refusals counts beside it."""
    tag: str | None = None
    """A tag that abstains wherever it stands: "abstain" for `<abstain/>` and `<abstain>`."""
    decide: Callable[[str], bool] | None = field(default=None, kw_only=True)
    """A rule of the user's own: (final answer) → whether it abstains; it replaces the rules above."""

    def __post_init__(self) -> None:
        """Raise ValueError for an empty phrase, which every text would open with, or a bad tag."""
        if not words(self.phrase):
            raise ValueError(f"phrase must hold at least one visible character, got {self.phrase!r}")
        if self.tag is not None and not re.fullmatch(r"[A-Za-z][\w-]*", self.tag):
            raise ValueError(f"tag must be a name such as 'abstain', without brackets, got {self.tag!r}")

    @property
    def triggers(self) -> frozenset[str]:
        """Normalised words, at least one of which stands in every text that declines or doubts."""
        return _triggers(self.phrase)

    def is_plain(self, found: Iterable[str]) -> bool:
        """Return whether a text of these words surely holds neither refusal nor hedge."""
        return self.decide is None and self.tag is None and self.triggers.isdisjoint(found)

    def agreed(self, text: str) -> bool:
        """Return whether `text` is the agreed phrase itself."""
        return spelling(text)[0] == spelling(self.phrase)[0]

    def read(self, text: str) -> Reading:
        """Return what `text`, a final answer, amounts to.

        >>> AbstentionDetector().read("I'm not sure, but Paris")
        Reading(abstained=None, answer='Paris', hedged=True)
        >>> AbstentionDetector().read("Paris. Actually, I don't know.").abstained
        'retracted'
        """
        if self.tag is not None and any(f"<{self.tag}{end}" in text for end in ("/>", ">", " />")):
            return Reading("abstention tag", None)
        if self.decide is not None:
            return Reading("declined by own rule", None) if self.decide(text) else Reading(None, text or None)
        folded = "\n".join(filter(None, map(fold, text.split("\n"))))
        return self._declined(folded) or self._answered(folded)

    def read_short(self, text: str) -> Reading:
        """Return `read(text)`; refusals come back often, so short texts are remembered."""
        return _reading(self, text) if len(text) <= 128 and self.decide is None else self.read(text)

    def split(self, text: str) -> tuple[bool, str | None, bool]:
        """Return (abstained, answer or None, hedged) for the final-answer `text`."""
        reading = self.read(text)
        return reading.abstained is not None, reading.answer, reading.hedged

    def _opens(self, text: str) -> re.Match[str] | None:
        """Return the refusal that `text` opens with; not one that is quoted in a longer sentence."""
        pattern = _refusal(self.phrase)
        lead = LEADS.match(text)
        found = pattern.match(text) or (pattern.match(text, lead.end()) if lead else None)
        if found is None:
            return None
        quote = text[found.start() : found.start("refusal")].strip("(*_ ")[:1]
        if quote in ('"', "'") and quote:
            _, mark, behind = text[found.end() : found.end() + _WINDOW].partition(quote)
            if mark and words(behind):
                return None
        return found

    def _declined(self, text: str) -> Reading | None:
        """Return the reading of a text that opens with a refusal; None where none opens it."""
        found = self._opens(text)
        if found is None:
            return None
        why: Why = "agreed phrase" if self.agreed(text) else "declined"
        turn = TURN.search(text, found.end(), found.end() + _WINDOW)
        if turn is None:
            return Reading(why, None)
        rest = text[turn.end() :].lstrip()
        filler = FILLER.match(rest)
        rest = rest[filler.end() :].lstrip() if filler else rest
        if not _says_something(rest) or self._opens(rest) or NO_ANSWER.match(rest):
            return Reading(why, None)
        inner = self._answered(rest)
        return Reading(inner.abstained, inner.answer, hedged=inner.abstained is None)

    def _answered(self, text: str) -> Reading:
        """Return the reading of a text that does not open with a refusal."""
        if self._taken_back(text):
            return Reading("retracted", None)
        answer = _without_doubt(_corrected(text))
        hedge = HEDGE.match(answer)
        bare = answer[hedge.end() :] if hedge else answer
        if hedge and self._opens(bare):  # "I think I don't know"
            return self._declined(bare) or Reading("declined", None)
        answer = bare if _says_something(bare) else answer
        return Reading(None, answer or None, hedged=answer != text)

    def _taken_back(self, text: str) -> bool:
        """Return whether a refusal behind an answer takes it back (rule 3)."""
        for border in RETRACTION.finditer(text, max(0, len(text) - _WINDOW)):
            if border["sentence"] is None and border["word"] is None:
                continue
            rest = text[border.end() :]
            refusal = self._opens(rest)
            if refusal is None or refusal["doubt"] is not None:
                continue
            if refusal["firm"] is not None or TAKES_BACK_TAIL.fullmatch(rest, refusal.end()):
                return True
        return False


@lru_cache(maxsize=1 << 12)
def _reading(detector: AbstentionDetector, text: str) -> Reading:
    return detector.read(text)


def _says_something(text: str) -> bool:
    return any(map(str.isalnum, text[:64])) or any(map(str.isalnum, text))


def _corrected(text: str) -> str:
    """Return what stands behind the last correction in `text`, or all of it (rule 4)."""
    end = max((found.end() for found in CORRECTION.finditer(text)), default=0)
    return text[end:].strip() if end and _says_something(text[end:]) else text


def _without_doubt(text: str) -> str:
    """Return `text` without a doubt at its end (rule 2)."""
    doubt = DOUBT_TAIL.search(text, max(0, len(text) - _WINDOW))
    return text[: doubt.start()].strip() if doubt is not None and _says_something(text[: doubt.start()]) else text
