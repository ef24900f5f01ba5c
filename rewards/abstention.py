"""Was the question declined? A phrase detector that tells a refusal from a hedge that still answers."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

DEFAULT_PHRASE = "I don't know"
"""The abstention the prompts of this project agree on."""

_REFUSALS = (
    (
        r"i (?:really |honestly |simply |just )?(?:do not|don't|dont) (?:really |actually )?"
        r"(?:know|have (?:an|the|that) answer)"
    ),
    r"i (?:do not|don't|dont) have (?:enough|any|reliable|that) (?:reliable )?(?:information|knowledge)",
    r"(?:i am|i'm|im) (?:not|un)\s?(?:sure|certain|able to (?:answer|say|determine)|aware)",
    r"i (?:can not|cannot|can't|cant) (?:answer|say|tell|determine|recall)",
    r"(?:it )?(?:can not|cannot|can't) be determined",
    r"i have no idea",
    r"no idea",
    r"(?:there is )?no reliable information",
)
_LEAD = r"(?:(?:i'm |i am )?sorry[,.]?|unfortunately,?|well,?|honestly,?)?\s*(?:but )?\s*"
_TURN = (
    r"(?:but|however|though|although|maybe|perhaps|probably|possibly|my (?:best )?guess"
    r"|i(?:'d| would)? (?:guess|say|think|believe))"
)
_FILLER = re.compile(
    r"^(?:(?:my (?:best )?guess(?: is| would be|:)|the answer (?:is|would be)|it(?: is|'s| would be)"
    r"|maybe|perhaps|probably|possibly|i(?:'d| would)? (?:guess|say|think|believe)(?: that)?|is|would be)(?!\w)"
    r"|[,.;:\s]+)+",
    re.IGNORECASE,
)
"""What may stand between the turn and the answer; whole words only, or "is" would eat the start of "Istanbul"."""

_HEDGE = re.compile(
    r"^(?:perhaps|maybe|probably|possibly|i(?:'d| would)? (?:guess|say|think|believe)(?: that)?)(?!\w)[,:]?\s*"
    r"(?:(?:it(?: is|'s| would be)|the answer (?:is|would be))(?!\w)\s*)?",
    re.IGNORECASE,
)
"""A hedge in front of an answer ("Perhaps Paris", "I think it's Paris"), which stays an answer."""


def fold(text: str) -> str:
    """Return `text` with Unicode forms, apostrophes and white space folded to one spelling."""
    text = unicodedata.normalize("NFKC", text)
    text = re.sub("[\u2018\u2019\u02bc\u0060\u00b4]", "'", text)
    return re.sub(r"\s+", " ", text).strip()


@dataclass(frozen=True)
class AbstentionDetector:
    """Splits a final answer into "declined" and "answered, perhaps after a hedge".

    A text abstains when it opens with a refusal and no answer follows behind a turning word
    ("but", "maybe", "my guess is", ...). "I'm not sure, but Paris" is therefore an answer, Paris.
    """

    phrase: str = DEFAULT_PHRASE
    """The phrase the prompt agreed on; the list of natural refusals counts beside it."""

    def __post_init__(self) -> None:
        """Raise ValueError for an empty phrase, which every text would open with."""
        if not fold(self.phrase):
            raise ValueError(f"phrase must hold at least one visible character, got {self.phrase!r}")

    @cached_property
    def _refusal(self) -> re.Pattern[str]:
        phrases = "|".join((re.escape(fold(self.phrase)), *_REFUSALS))
        return re.compile(rf"^[\"'(*_]*{_LEAD}(?:{phrases})(?!\w)", re.IGNORECASE)

    @cached_property
    def _turn(self) -> re.Pattern[str]:
        return re.compile(rf"[,.;:!\s–—-]+{_TURN}\b\s*(?P<rest>.*)$", re.IGNORECASE)

    def split(self, text: str) -> tuple[bool, str | None, bool]:
        """Return (abstained, answer or None, hedged) for the final-answer `text`."""
        folded = fold(text)
        opening = self._refusal.match(folded)
        if opening is None:
            bare = _HEDGE.sub("", folded)
            if bare != folded and self._refusal.match(bare):  # "I think I don't know"
                return self.split(bare)
            return False, bare or folded or None, bool(bare) and bare != folded
        turn = self._turn.match(folded[opening.end() :])
        rest = _FILLER.sub("", turn["rest"]) if turn else ""
        if not re.search(r"\w", rest) or self._refusal.match(rest):
            return True, None, False
        return False, rest, True

    def __getstate__(self) -> dict[str, str]:
        """Pickle the phrase alone; the compiled patterns are made again where they are needed."""
        return {"phrase": self.phrase}

    def __setstate__(self, state: dict[str, str]) -> None:
        """Restore from `__getstate__`, past the frozen guard."""
        object.__setattr__(self, "phrase", state["phrase"])
