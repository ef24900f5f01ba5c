"""Does a text decline to answer? Its clauses are told apart: what declines, what answers, and what does neither."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .grammar import (
    AWAY,
    BARE,
    COMMIT,
    CONTRACTED,
    CONTRACTIONS,
    DECISION,
    DOUBT,
    FRONTED,
    GUESS_TAIL,
    LAST_WORD,
    MAY_DECLINE,
    MORE,
    NEUTRAL,
    OPEN,
    PRONOUN,
    REFUSAL,
    SHORT,
    STATES,
    TURN,
)
from .matching.text import Pattern

Kind = Literal["decision", "open", "about", "doubt", ""]
Outcome = Literal["declined", "retracted", "answered"]

_HEAD, _TAIL = 1200, 2400
"""Characters at the start and at the end of a text whose clauses are looked at."""
_LONGEST = 600
_QUOTED = "\u2022"
_QUOTE = re.compile(
    r"\"[^\"\n]{2,200}\"|(?<![*\w])\*[^*\n]{2,200}\*(?![*\w])|(?<![\w'])'(?:[^'\n]|(?<=\w)'(?=\w)){2,80}'(?!\w)"
)
_BORDER = Pattern(
    r"(?P<sentence>(?<!\b[a-z])(?<!\bst)(?<!\bdr)(?<!\bmr)[.!?\u2026]+(?=[\s\")]|$)|[;\n]|\.{2,})"
    r"|,(?=\s)|:(?=\s|$)|\s[–—-]+(?=\s)|[–—()]|\s(?=(?:but|though|although|however|yet|because|so (?:i|that"
    r"|no|the|this|im|i'm))\b)"
    r"|\s(?=and (?:i|i'm|i'd|we|that|so|it|therefore)\b)",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?<![.!?:\"(] )(?<!^)\b(?!(?:I|AI|I'm|I'd|I'll|I've|IDK|OK|Im|Hmm|LLM|English|Internet|Not|No|So|But|The"
    r"|Sorry)\b)[A-Z\u00c0-\u00de][\w'.-]*|\u2022"
)
_NUMBER = re.compile(r"\d(?![\d.]* ?(?:%|percent))")
_ABOUT_ITSELF = re.compile(
    r"\b(?:confiden|certain|sure|threshold|chance|bar|target|training|cutoff|cut-off|knowledge|above)"
)
_SAYS = re.compile(r"\b(?:is|are|was|were|has|had|when|if|because|where|until|before) (?!what i\b)")
"""Signs of a statement, of which what is out of reach is only a part."""
_SPEAKER = re.compile(r"\b(?:i|me|my|we|us|our|you|your|question|answer|one|this|that|there)\b")
_WORD = re.compile(r"[\w'.-]+")
_DETERMINER = re.compile(
    r"(?:the|a|an|his|her|its|their|this|that|these|those|my|your|our|and|or|so|then|not|after|in|on|with"
    r"|without|upon|at|from|to|by|for|under|given|of|about)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause, and what it does."""

    kind: Kind
    """How it declines: a decision not to answer, a refusal that is open or about something, a doubt; or not at"
    " all."""
    answers: bool
    """Whether it may hold an answer."""
    guesses: bool
    """Whether it offers the answer as a guess."""
    sentence: int
    """The number of its sentence."""
    concludes: bool
    """Whether it opens, or is announced, as a last word ("so", "actually", "Final answer:")."""
    start: int
    """Where it starts in the text."""
    end: int
    """Where the border behind it ends."""
    is_fragment: bool = False
    """Whether it opens the text with a few words that are an answer where a doubt turns from them ("the red fox, but
    I'm not sure")."""


def _written_out(text: str) -> str:
    return CONTRACTED.sub(lambda found: CONTRACTIONS.get(found[0]) or SHORT[found[0]], text.lower())


def _kind(clause: str, lower: str, *, fronted: bool) -> tuple[Kind, int]:
    """Return how a clause declines, and where what declines in it ends."""
    if not MAY_DECLINE.search(lower):
        return "", 0
    if found := DECISION.search(lower):
        return "decision", len(lower)
    if found := DOUBT.search(lower):
        return "doubt", found.end()
    title = _is_title(clause)
    found = (None if title and len(clause.split()) > 3 else REFUSAL.search(lower)) or (
        None if title else BARE.match(lower)
    )
    if found is not None and not MORE.search(lower):
        is_open = not fronted and not FRONTED.match(lower) and OPEN.fullmatch(lower, found.end())
        return "open" if is_open else "about", found.end()
    found = AWAY.search(lower)
    if found is not None and not MORE.search(lower) and not _SAYS.search(lower, 0, found.start()):
        is_open = PRONOUN.fullmatch(lower[: found.start()]) and OPEN.fullmatch(lower, found.end())
        return "open" if is_open else "about", found.end()
    return "", 0


def _is_title(clause: str) -> bool:
    words = [word for word in _WORD.findall(clause[:80]) if word[0].isalpha()]
    return len(words) > 1 and all(word[0].isupper() for word in words) and not clause.isupper()


def _is_name(text: str, *, first: bool) -> bool:
    """Return whether a fragment is nothing but names and numbers; the first one of a text, or any few words."""
    words = _WORD.findall(text)
    if not 0 < len(words) <= 6 or "%" in text or _DETERMINER.match(text):
        return False
    names = [word[0].isupper() or word[0].isdigit() for word in words]
    if any(word.lower() in ("is", "was", "are", "were", "has", "had") for word in words):
        return False
    return (any(names) and all(name or len(word) < 4 for name, word in zip(names, words, strict=True))) or (
        first and len(words) < 4
    )


def _pieces(text: str) -> Iterator[tuple[str, str, int, int, int]]:
    """Yield (clause, the border behind it, number of its sentence, where it starts, where its border ends)."""
    start = number = 0
    for border in _BORDER.finditer(text):
        yield text[start : border.start()].strip()[:_LONGEST], border[0], number, start, border.end()
        start = border.end()
        number += border["sentence"] is not None
    yield text[start:].strip()[:_LONGEST], "", number, start, len(text)


def clauses(text: str) -> list[Clause]:
    """Return the clauses of `text`, folded, that hold words."""
    found: list[Clause] = []
    turned = fronted = announced = False
    last_border, last_sentence = "", -1
    for clause, border, sentence, start, stop in _pieces(_QUOTE.sub(lambda quote: _QUOTED * len(quote[0]), text)):
        if not any(map(str.isalnum, clause)) and _QUOTED not in clause:
            last_border = border.strip() or last_border
            continue
        opens = sentence != last_sentence
        if opens:
            fronted = False
        lower = _written_out(clause)
        turn = TURN.match(lower)
        rest = lower[turn.end() :] if turn else lower
        original = clause[-len(rest) :] if turn and rest else clause
        is_label = border.startswith(":") and len(clause) <= 30 and not turn
        last_word = LAST_WORD.match(lower)
        concludes = announced or last_word is not None
        leads = last_word is not None and not any(map(str.isalnum, lower[last_word.end() :]))
        kind, end = _kind(original, rest, fronted=fronted)
        guesses = answers = False
        if kind:
            answers = guesses = kind != "decision" and GUESS_TAIL.search(rest, end) is not None
        elif rest.strip() and not FRONTED.match(rest) and not is_label and not leads:
            behind = (
                (turned and not opens)
                or turn is not None
                or (last_border == ":" and bool(found) and bool(found[-1].kind))
            )
            guesses = COMMIT.search(rest) is not None
            answers = _answers(
                original, rest, behind=behind, guesses=guesses, opens=opens and turn is None, first=not found
            )
        if kind == "doubt" and turn is not None and found and not opens and found[-1].is_fragment:
            found[-1] = replace(found[-1], answers=True)
        is_fragment = not kind and not found and not leads and not is_label and _is_fragment(rest)
        found.append(Clause(kind, answers, guesses, sentence, concludes, start, stop, is_fragment))
        turned = (turn is not None or (turned and not opens)) and not kind and not answers
        fronted = not kind and FRONTED.match(lower) is not None
        announced = leads or (is_label and last_word is not None)
        last_border, last_sentence = border.strip(), sentence
    return found


def _is_fragment(lower: str) -> bool:
    if NEUTRAL.search(lower) or FRONTED.match(lower) or _SPEAKER.search(lower):
        return False
    return 0 < len(_WORD.findall(lower)) <= 8


def _answers(clause: str, lower: str, *, behind: bool, guesses: bool, opens: bool, first: bool) -> bool:
    """Return whether a clause that does not decline may hold an answer."""
    if NEUTRAL.search(lower) and not (behind and STATES.match(lower)):
        return False
    if behind or guesses or STATES.match(lower) or _is_name(clause, first=first):
        return True
    if _NUMBER.search(lower) and not _ABOUT_ITSELF.search(lower):
        return True
    return _NAME.search(clause if opens else f"x {clause}") is not None


def decide(found: Sequence[Clause]) -> Outcome | None:
    """Return what the clauses of a text amount to; None where none of them declines or doubts.

    A clause behind the last one that declines which may hold an answer makes the text an answer. So does one in front
    of it, unless a decision follows ("so I'll pass"), or an open refusal: in a sentence of its own, or as a last word
    ("so I don't know"). Behind a guess it has to be announced as the last word.
    """
    declining = [i for i, clause in enumerate(found) if clause.kind]
    if not declining:
        return None
    last = declining[-1]
    if any(clause.answers for clause in found[last:]):
        return "answered"
    answers = [i for i, clause in enumerate(found[:last]) if clause.answers]
    if not answers:
        return "declined"
    answer = found[answers[-1]]
    guessed = any(found[i].guesses for i in answers)
    retracted = any(
        clause.kind == "decision"
        or (clause.kind == "open" and (clause.concludes or (clause.sentence != answer.sentence and not guessed)))
        for clause in found[answers[-1] + 1 :]
    )
    return "retracted" if retracted else "answered"


def answering(text: str, found: Sequence[Clause]) -> str:
    """Return what of an answered `text` stands behind the refusals in front of its answers, or all of it."""
    first = next((i for i, clause in enumerate(found) if clause.answers), 0)
    lead = [clause for clause in found[:first] if clause.kind]
    return text[lead[-1].end :].strip() if lead and text[lead[-1].end :].strip() else text


def window(text: str) -> str:
    """Return the start and the end of a long `text`, whose clauses are looked at."""
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"
