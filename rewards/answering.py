"""May a clause that does not decline hold an answer? It states one, or is or holds a name or a number."""

from __future__ import annotations

import re
from functools import lru_cache

from .remarks import BACKGROUND, FRONTED, NEUTRAL, SOURCE, STATES

WORD = re.compile(r"[\w'.-]+")
_REMARK = re.compile(
    r"(?:ly|ing)\b|\b(?:though|either|sir|anyway|here|now|yet|ever|period|full|next|then|at all|indeed|my|me|i|you"
    r"|so far"
    r"|guys|folks|too|alas|whatever|today|offhand|friend|with|without|for|from|of|about|on|in)\b"
)
"""Words of a remark at the end of a sentence, which are no answer."""
_CREDITS = re.compile(
    r"\b(?:say|says|suggest|suggests|credit|credits|attribute|believe|think|agree|point|points|puts?|gives?|names?"
    r"|favou?r)\b"
    r"|^(?:according|per|from|in|on|at)\b"
)
"""Signs that a source is quoted for an answer, and not named as a place to look."""
_NAME = re.compile(
    r"(?<![.!?:\"(] )(?<!^)\b(?!(?:I|AI|I'm|I'd|I'll|I've|IDK|OK|Im|Hmm|LLM|English|Internet|Not|No|So|But|The"
    r"|Sorry)\b)[A-Z\u00c0-\u00de][\w'.-]*|\u2022"
)
_TITLED = re.compile(r"(?:No|Yes|Hello|Hey|Hi|Oh|Ah|Well|Thinking|Sorry) [A-Z][a-z]")
"""A title that begins as a remark does ("No Country for Old Men")."""
_NUMBER = re.compile(r"\d(?![\d.]* ?(?:%|percent))")
_ABOUT_ITSELF = re.compile(
    r"\b(?:confiden|certain|sure|threshold|chance|bar|target|training|cutoff|cut-off|knowledge|above)"
)
_STATED_BEHIND = re.compile(r"\b(?:it|there|they|that|he|she) (?:is|was|were|are|had|has|stood)\b.{0,40}\d")
"""A number stated behind a reason: "as of my last update it was about 370,000"."""
_SPEAKER = re.compile(r"\b(?:i|me|my|we|us|our|you|your|question|answer|one|this|that|there)\b")
_DETERMINER = re.compile(
    r"(?:the|a|an|his|her|its|their|this|that|these|those|my|your|our|and|or|so|then|not|after|in|on|with"
    r"|without|upon|at|from|to|by|for|under|given|of|about)\b",
    re.IGNORECASE,
)


def _is_name(text: str, *, first: bool) -> bool:
    """Return whether a fragment is nothing but names and numbers; the first one of a text, or any few words."""
    words = WORD.findall(text)
    if not 0 < len(words) <= 6 or "%" in text or _DETERMINER.match(text):
        return False
    names = [word[0].isupper() or word[0].isdigit() for word in words]
    if any(word.lower() in ("is", "was", "are", "were", "has", "had") for word in words):
        return False
    return (any(names) and all(name or len(word) < 4 for name, word in zip(names, words, strict=True))) or (
        first and len(words) < 4
    )


@lru_cache(maxsize=64)
def _is_neutral(lower: str) -> bool:
    """Return whether a clause neither answers nor declines; several questions about one clause ask."""
    return NEUTRAL.search(lower) is not None


@lru_cache(maxsize=64)
def _is_background(lower: str) -> bool:
    return BACKGROUND.search(lower) is not None


def is_aside(clause: str) -> bool:
    """Return whether a clause is one to three words in lower case that may be an answer: "not sure, lima?"."""
    short = clause.islower() and 0 < len(clause.split()) < 3 + (clause.split()[0] in ("the", "a", "an"))
    return short and not (_is_neutral(clause) or _REMARK.search(clause))


def is_fragment(lower: str) -> bool:
    """Return whether a clause is a few words that neither advise nor speak of the speaker or the question."""
    if _is_neutral(lower) or FRONTED.match(lower) or _SPEAKER.search(lower):
        return False
    return 0 < len(WORD.findall(lower)) <= 8


def is_source(lower: str) -> re.Match[str] | None:
    """Return where a clause names a place to look, unless it quotes it."""
    return None if _CREDITS.search(lower) else SOURCE.search(lower)


def states_answer(lower: str, *, behind: bool, guesses: bool) -> bool:
    """Return whether a clause that does not decline states an answer, or offers one.

    Args:
        lower: The clause in lower case, written out.
        behind: Whether it stands behind a turn, or behind a colon that follows what declines.
        guesses: Whether it holds the words of a guess.
    """
    if _is_background(lower):
        return False
    states = STATES.match(lower) is not None
    if _is_neutral(lower):
        return behind and (states or _STATED_BEHIND.search(lower) is not None)
    return behind or guesses or states


def holds_answer(clause: str, lower: str, *, opens: bool, first: bool) -> bool:
    """Return whether a clause that states nothing holds a name or a number that may be an answer.

    Args:
        clause: As it is written: names have capital letters.
        lower: The same in lower case, written out.
        opens: Whether it opens a sentence, whose first capital letter tells nothing.
        first: Whether it is the first of the text, and a few words may be an answer.
    """
    if _is_background(lower) or (_is_neutral(lower) and not _TITLED.match(clause)) or is_source(lower):
        return False
    if _is_name(clause, first=first):
        return True
    if _NUMBER.search(lower) and not _ABOUT_ITSELF.search(lower):
        return True
    return _NAME.search(clause if opens else f"x {clause}") is not None
