"""Was the question declined? Tells a refusal from a hedge that still answers and from an answer taken back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal

from .clauses import clauses
from .forms import FORMS
from .grammar import MAY_DECLINE
from .languages import LANGUAGES, Language, declines_in, may_decline, signs
from .matching.text import ARTICLES, fold, spelling, words
from .outcome import answering, decide, window
from .phrases import CORRECTION, DOUBT_TAIL, FILLER, HEDGE, TRIGGERS

DEFAULT_PHRASE = "I don't know"
"""The abstention the prompts of this project agree on."""

_WINDOW = 400
"""Characters at the end of a text in which a doubt behind the answer is looked for."""
_MARKS = re.compile(
    r"^[ \t]*(?:#{1,6} |[-*•>+] |(?:(?<=\n)\d{1,2}|1)[.)] (?=\S+ \S))"
    r"|\*\*|__|</?answer>|\\(?:boxed|text(?:bf|it)?) ?\{|(?<=\w)[.!]?\}(?=[\s.$]|$)",
    re.M | re.I,
)
"""Marks within a text that hide where its clauses begin and end."""

_SILENT = re.compile(r"[\s?.\u2026!*_\u2013\u2014-]+")
"""A text without words."""

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
def _agreed(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a clause that is one of the `phrases`."""
    either = "|".join(re.escape(fold(phrase).strip(" .!")) for phrase in phrases)
    return re.compile(
        rf"(?:^|(?<=[.!?;:,\n(\"'–—-] )|(?<=[\n(\"'–—]))(?:{either})(?=[\W_]*(?:$|\n)|[.,;:!?\n)\"–—]"
        rf"| [-–—]| but\b)",
        re.I,
    )


def _folded(text: str) -> str:
    return fold(text) if "\n" not in text else "\n".join(filter(None, map(fold, text.split("\n"))))


@lru_cache(maxsize=64)
def _triggers(phrases: tuple[str, ...], languages: tuple[Language, ...]) -> frozenset[str]:
    said = frozenset(word for phrase in phrases for word in words(phrase))
    return TRIGGERS | signs(languages) | (said - ARTICLES or said)


@dataclass(frozen=True)
class AbstentionDetector:
    """Splits a final answer into "declined" and "answered, perhaps beside a doubt", by stated rules.

    The text is read clause by clause (`clauses.py`). A clause may decide not to answer ("I'll pass"), refuse ("I
    don't know", "my records do not contain that"), doubt ("I'm not sure", "I am less than 75% confident"), answer
    ("but Paris", "It is Paris."), or do none of that (advice, apologies, reasons).

    1. **Refusal.** A text abstains if a clause declines or doubts and no clause may hold an answer: "I'm not sure,
       but Paris" is the answer Paris, "I'm in the dark, so I won't claim that it is Paris" abstains.
    2. **Hedge.** A doubt, or a refusal to say something in particular ("I don't know its population"), in front of an
       answer or behind it leaves it an answer: "Paris, but I'm not certain".
    3. **The last word.** An answer that is followed by a decision not to answer, or by an open refusal in a sentence of
       its own or behind "so", "actually", "Final answer:", abstains: "Paris. Actually, I don't know".
    4. **Correction.** What follows "no, wait", "scratch that", "actually, it's" replaces what came before.
    5. A refusal in quotation marks inside a longer text is a quotation, not a refusal.

    Whether a text abstains is decided without the accepted answers: a wrong answer cannot be hedged
    into an abstention that a right one would not have become.
    """

    phrase: str = DEFAULT_PHRASE
    """The phrase the prompt agreed on; natural refusals count beside it."""
    tag: str | None = None
    """A tag that abstains wherever it stands: "abstain" for `<abstain/>` and `<abstain>`."""
    decide: Callable[[str], bool] | None = field(default=None, kw_only=True)
    """A rule of the user's own: (final answer) → whether it abstains; it replaces the rules above."""
    phrases: tuple[str, ...] = field(default=(), kw_only=True)
    """Further phrases that decline where a clause is one of them, in any language."""
    languages: tuple[Language, ...] = field(default=LANGUAGES, kw_only=True)
    """The languages beside English in which natural refusals are found."""

    def __post_init__(self) -> None:
        """Raise ValueError for an empty phrase, which every text would open with, or a bad tag."""
        if not words(self.phrase):
            raise ValueError(f"phrase must hold at least one visible character, got {self.phrase!r}")
        if isinstance(self.phrases, str) or not all(words(phrase) for phrase in self.phrases):
            raise ValueError(f"phrases must be a tuple of texts with visible characters, got {self.phrases!r}")
        if self.tag is not None and not re.fullmatch(r"[A-Za-z][\w-]*", self.tag):
            raise ValueError(f"tag must be a name such as 'abstain', without brackets, got {self.tag!r}")

    def __hash__(self) -> int:
        """Return a hash that costs little: detectors differ in little but their phrase."""
        return hash(self.phrase)

    @cached_property
    def triggers(self) -> frozenset[str]:
        """Normalised words, at least one of which stands in every text that declines or doubts."""
        return _triggers((self.phrase, *self.phrases), self.languages)

    @cached_property
    def _folded_phrases(self) -> tuple[str, ...]:
        """The agreed phrases as they stand in a folded text in lower case."""
        return tuple(fold(phrase).lower() for phrase in (self.phrase, *self.phrases))

    def is_plain(self, found: Iterable[str]) -> bool:
        """Return whether a text of these words surely holds neither refusal nor hedge."""
        found = tuple(found)
        simple = self.decide is None and self.tag is None and self.triggers.isdisjoint(found)
        return simple and bool(found) and all(map(str.isascii, found))

    def agreed(self, text: str) -> bool:
        """Return whether `text` is an agreed phrase itself."""
        given = spelling(text)[0]
        return any(given == spelling(phrase)[0] for phrase in (self.phrase, *self.phrases))

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
        folded = _folded(FORMS.bare(text))
        if self.agreed(folded):
            return Reading("agreed phrase", None)
        if _SILENT.fullmatch(folded):
            return Reading("declined", None)
        outcome, answer = self._decided(folded)
        if outcome is not None:
            return Reading(outcome, None)
        return _answered(folded, answer)

    def _decided(self, folded: str) -> tuple[Why | None, str]:
        """Return why a text abstains, or None and what of it stands behind a refusal."""
        near = window(folded)
        lower = near.lower()
        named = any(phrase in lower for phrase in self._folded_phrases)
        if not named and not MAY_DECLINE.search(lower) and not may_decline(lower, self.languages):
            return None, folded
        plain = _folded(_MARKS.sub("", near))
        known = _agreed((self.phrase, *self.phrases)).sub(DEFAULT_PHRASE, plain) if named else plain
        found = clauses(known)
        outcome = decide(found)
        if outcome in ("declined", "retracted"):
            return outcome, folded
        if may_decline(lower, self.languages) and declines_in(known, self.languages):
            return "declined", folded
        lead = outcome == "answered" and len(near) == len(folded) and len(known) == len(plain)
        answer = answering(plain, found) if lead else plain
        return None, folded if answer == plain else answer

    def read_short(self, text: str) -> Reading:
        """Return `read(text)`; refusals come back often, so short texts are remembered."""
        return _reading(self, text) if len(text) <= 128 and self.decide is None else self.read(text)

    def split(self, text: str) -> tuple[bool, str | None, bool]:
        """Return (abstained, answer or None, hedged) for the final-answer `text`."""
        reading = self.read(text)
        return reading.abstained is not None, reading.answer, reading.hedged


@lru_cache(maxsize=1 << 12)
def _reading(detector: AbstentionDetector, text: str) -> Reading:
    return detector.read(text)


def _answered(text: str, answer: str) -> Reading:
    """Return the reading of an answered `text`, of which `answer` is what stands behind a refusal."""
    if answer != text:
        filler = FILLER.match(answer)
        answer = answer[filler.end() :].lstrip() if filler and _says_something(answer[filler.end() :]) else answer
        answer = FORMS.bare(answer) or answer
    answer = _without_doubt(_corrected(answer))
    hedge = HEDGE.match(answer)
    bare = answer[hedge.end() :] if hedge else answer
    answer = bare if _says_something(bare) else answer
    return Reading(None, answer or None, hedged=answer != text)


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
