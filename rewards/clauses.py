"""Does a text decline to answer? Its clauses are told apart: what declines, what answers, and what does neither."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from .answering import WORD, holds_answer, is_aside, is_fragment, is_source, states_answer
from .grammar import BARE, CHOICE, DECISION, DENIAL, DOUBT, MAY_DECLINE, REFUSAL
from .matching.regions import REGIONS
from .matching.text import Pattern, normalize
from .reach import AWAY, MORE, OPEN, PRONOUN, UNCLEAR
from .remarks import (
    ADVICE,
    COMMIT,
    CONTRACTED,
    CONTRACTIONS,
    FRONTED,
    GUESS_TAIL,
    LAST_WORD,
    SHORT,
    TURN,
)

Kind = Literal["decision", "choice", "open", "about", "doubt", ""]

_LONGEST = 600
_QUOTED = "\u2022"
_QUOTE = re.compile(
    r"\"[^\"\n]{2,200}\"|(?<![*\w])\*[^*\n]{2,200}\*(?![*\w])|(?<![\w'])'(?:[^'\n]|(?<=\w)'(?=\w)){2,80}'(?!\w)"
)
_ANSWER_IS = re.compile(
    r"\b(?:answer|response|reply)\b[^.!?\n]{0,40}(?: is| would be|:) ?$"
    r"|\b(?:let me|i(?:'ll| will|'d| would|(?:'m| am) (?:going to|gonna)| have to| must| can only)) (?:just |simply )?"
    r"(?:go with|say|answer|reply|respond|stick with)(?: with)? ?$"
    r"|\b(?:treat|take|count|consider|mark|record) (?:this|that|it)(?: down)? as(?: an?)? ?$",
    re.IGNORECASE,
)
_IS_ANSWER = re.compile(
    r"\s?(?:is|remains|has to be|must be|would be) (?:the|my|all)\b[^.!?\n]{0,40}\b(?:answer|reply|response|say)\b"
)
_PREDICATE = re.compile(
    r"(?:is|are|was|were|remains?|falls?|lies?|goes|escapes?|eludes?|does not|cannot be|could not be|says?"
    r"|contains?|mentions?)\b"
)
"""The verb of a clause whose subject stands in front of a comma."""
_NAMELESS = re.compile(
    r"(?:but |and |though )?(?:the|his|her|its|their) (?:[\w']+ ){0,3}?(?:name|surname|title|birthplace)\b"
    r"|(?:but |and )?(?:who|when|where)\b.{1,80} (?:is|are|was) (?:an? \w+|something|one) (?:that )?i\b"
)
"""A refusal of what was asked for, a name or who it was, behind what is known beside it."""
_KNOWS = re.compile(
    r"(?:even though|although|while|though) i (?:know|can|recall|remember|have|am (?:familiar"
    r"|aware))\b"
)
_REASONS = re.compile(r"(?:since|because|as|given|considering|seeing)\b")
_BORDER = Pattern(
    r"(?P<sentence>(?<!\b[a-z])(?<!\bst)(?<!\bdr)(?<!\bmr)[.!?\u2026]+(?=[\s\")]|$)|[;\n]|\.{2,})"
    r"|,(?=\s)|:(?=\s|$)|\s[–—-]+(?=\s)|[–—()→]|\s(?=(?:but|though|although|however|yet|because|so (?:i|that"
    r"|no|the|this|im|i'm))\b)"
    r"|\s(?=and (?:i|i'm|i'd|we|that|so|it|therefore)\b)",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"\b(?:torn|undecided|decide|choose|pick|waver\w*|hesitat\w*|toss-?up|split|stuck) between (?:the )?"
    r"(?:[A-Z\u00c0-\u00de\d]|\u2022)"
)
"""Candidates by name in a clause that does not choose: "I'm torn between Lyon and Paris"."""
_WILL_SAY = re.compile(
    r"\bi (?:will|would|have to|must|shall|can only|am going to)(?: \w+)? (?:answer|say|reply|respond)$"
)
"""What announces the answer that a colon follows."""
_NAMES_WITH_OR = re.compile(r"(?:^|[\w,] )or (?:the )?(?:[A-Z\u00c0-\u00de][\w'.-]*|\d+)")
_SAYS = re.compile(r"\b(?:is|are|was|were|has|had|when|if|because|where|until|before) (?!what i\b)")
"""Signs of a statement, of which what is out of reach is only a part."""
_SELECTS = re.compile(
    r"(?:and |but |so |though |as for |exactly |precisely |just )*which\b|as for (?:who|whom|what|when|where|how)\b"
)
"""A question in front of its refusal that asks to choose, or what was asked: "but which of them it was I can't say"."""


@dataclass(slots=True)
class Clause:
    """One clause, and what it does."""

    kind: Kind
    """How it declines: a decision not to answer or not to choose, a refusal that is open or about something, a doubt;
    or not at all."""
    answers: bool
    """Whether it may hold an answer."""
    weakly: bool
    """Whether it may do so only because it holds a name or a number."""
    advises: bool
    """Whether it advises to look elsewhere, or names a place to look."""
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
    """Return how a clause declines, and where what declines in it ends; those that decline come back often."""
    return _kind_of_words(clause, lower, fronted) if MAY_DECLINE.search(lower) else ("", 0)


@lru_cache(maxsize=1 << 11)
def _kind_of_words(clause: str, lower: str, fronted: bool) -> tuple[Kind, int]:
    if found := DECISION.search(lower):
        return ("about" if MORE.search(lower, found.end()) else "decision"), len(lower)
    if found := CHOICE.search(lower):
        return ("about" if MORE.search(lower, found.end()) else "choice"), len(lower)
    if found := DOUBT.search(lower):
        return "doubt", found.end()
    if found := UNCLEAR.search(lower):
        return "about", found.end()
    title = _is_title(clause)
    found = (None if title and len(clause.split()) > 3 else REFUSAL.search(lower)) or (
        None if title else BARE.match(lower)
    )
    if found is not None and not MORE.search(lower):
        is_open = not fronted and not FRONTED.match(lower) and OPEN.fullmatch(lower, found.end())
        return "open" if is_open else "about", found.end()
    found = AWAY.search(lower)
    if found is not None and found[0].startswith("my "):
        return "doubt", found.end()
    if found is not None and not MORE.search(lower) and not _SAYS.search(lower, 0, found.start()):
        is_open = PRONOUN.fullmatch(lower[: found.start()]) and OPEN.fullmatch(lower, found.end())
        return "open" if is_open else "about", found.end()
    return "", 0


def _is_title(clause: str) -> bool:
    words = [word for word in WORD.findall(clause[:80]) if word[0].isalpha()]
    return len(words) > 1 and all(word[0].isupper() for word in words) and not clause.isupper()


def _pieces(text: str) -> Iterator[tuple[str, str, int, int, int]]:
    """Yield (clause, the border behind it, number of its sentence, where it starts, where its border ends)."""
    start = number = 0
    for border in _BORDER.finditer(text):
        yield text[start : border.start()].strip()[:_LONGEST], border[0], number, start, border.end()
        start = border.end()
        number += border["sentence"] is not None
    yield text[start:].strip()[:_LONGEST], "", number, start, len(text)


def _without_quotation(quote: re.Match[str]) -> str:
    """Return marks in place of a quotation, but the words themselves behind "My answer is"."""
    if _ANSWER_IS.search(quote.string, max(0, quote.start() - 64), quote.start()) or _IS_ANSWER.match(
        quote.string, quote.end()
    ):
        return f" {quote[0][1:-1]} "
    stop = quote[0][-2] if quote[0][-2] in ".!?" and quote.string[quote.end() : quote.end() + 2].istitle() else _QUOTED
    return _QUOTED * (len(quote[0]) - 1) + stop


@dataclass(slots=True)
class _Place:
    """What the clauses in front of one say of it."""

    opens: bool = True
    """Whether it is the first of its sentence."""
    turned: bool = False
    """Whether a turn ("but") stands in front of it in the sentence, and nothing since has answered or declined."""
    fronted: bool = False
    """Whether an object in front of its refusal stands before it ("What it weighs, ...")."""
    selects: bool = False
    """Whether that object asks to choose ("Which of them it was, ...")."""
    reasoned: bool = False
    """Whether the clause in front of it in the sentence is a reason ("since I'm not sure, ...")."""
    announced: bool = False
    """Whether what stands in front of it announces a last word ("Final answer:")."""
    border: str = ""
    """The border in front of it."""


def clauses(text: str) -> list[Clause]:
    """Return the clauses of `text`, folded, that hold words; none where none of them declines or doubts."""
    pieces = [*_pieces(_QUOTE.sub(_without_quotation, text))]
    if not any(_declines(clause) for clause, *_ in pieces):
        return []
    found: list[Clause] = []
    place, last_sentence, conceded = _Place(), -1, -1
    for clause, border, sentence, start, stop in pieces:
        if not any(map(str.isalnum, clause)) and _QUOTED not in clause:
            place.border = border.strip() or place.border
            continue
        place.opens = opens = sentence != last_sentence
        if opens:
            place.fronted = place.selects = False
        lower = _written_out(clause)
        one, place = _clause(clause, lower, border, found, place)
        one.sentence, one.start, one.end = sentence, start, stop
        if opens and _KNOWS.match(lower):
            conceded = sentence
        if one.kind and not opens and (sentence == conceded or _PREDICATE.match(lower)):
            _withdraw(found, sentence, all_of_it=sentence == conceded)
        if one.kind == "doubt" and not opens and found[-1].is_fragment and TURN.match(lower):
            found[-1].answers = True
        found.append(one)
        last_sentence = sentence
    return _without_places_to_look(found)


def _declines(clause: str) -> bool:
    """Return whether a clause declines or doubts, or may deny what stands in front of it."""
    lower = _written_out(clause)
    turn = TURN.match(lower)
    rest = lower[turn.end() :] if turn else lower
    return (
        bool(_kind(clause[-len(rest) :] if rest else clause, rest, fronted=False)[0]) or DENIAL.search(rest) is not None
    )


def _withdraw(found: list[Clause], sentence: int, *, all_of_it: bool) -> None:
    """Let no clause of a sentence that declines answer by a name, or at all.

    A name in the subject is no answer ("details on Harlow Brewery, Essex, are not in my memory"), and nothing that is
    conceded is ("although I know that it is a prequel of Jane Eyre, I can't recall its author").

    Args:
        found: The clauses in front of the one that declines.
        sentence: The number of its sentence.
        all_of_it: Whether the sentence opens with a concession.
    """
    for one in found:
        if one.sentence == sentence and (one.weakly or all_of_it):
            one.answers = one.weakly = False


def _clause(clause: str, lower: str, border: str, found: Sequence[Clause], place: _Place) -> tuple[Clause, _Place]:
    """Return the clause, not yet with where it stands, and the place of the next one.

    Args:
        clause: As it is written.
        lower: The same in lower case, written out.
        border: The border behind it.
        found: The clauses in front of it.
        place: What they say of it.
    """
    turn, last_word = TURN.match(lower), LAST_WORD.match(lower)
    rest = lower[turn.end() :] if turn else lower
    original = clause[-len(rest) :] if turn and rest else clause
    is_label = border.startswith(":") and len(clause) <= 30 and not turn
    leads = (last_word is not None and not _has_words(lower[last_word.end() :])) or (
        border.startswith(":") and _WILL_SAY.search(lower) is not None
    )
    is_fronted = FRONTED.match(rest) is not None
    kind, end = _kind(original, rest, fronted=place.fronted)
    if not kind and any(one.answers for one in found) and DENIAL.search(rest):
        kind = "decision"
    if kind in ("open", "about") and (place.selects or _SELECTS.match(rest) or _NAMELESS.match(rest)):
        kind = "decision"
    guesses = answers = weakly = only_commits = False
    if kind:
        answers = guesses = kind != "decision" and (
            GUESS_TAIL.search(rest, end) is not None or _BETWEEN.search(original) is not None
        )
    elif rest.strip() and not is_fronted and not is_label and not leads:
        commits = COMMIT.search(rest)
        guesses = commits is not None
        beside = rest[: commits.start()] + rest[commits.end() :] if commits else rest
        only_commits = commits is not None and not (_has_words(beside) or _QUOTED in beside)
        answers = not only_commits and states_answer(
            rest, behind=turn is not None or _is_behind(found, place), guesses=guesses
        )
        answers = answers or _is_lone_guess(original, border, found, place)
        weakly = not answers and _names_answer(original, rest, found, place, turned=turn is not None)
        guesses = guesses or (weakly and _NAMES_WITH_OR.search(original) is not None)
    concludes = place.announced or last_word is not None or (place.reasoned and not place.opens)
    plain = not kind and not found and not leads and not is_label and is_fragment(rest)
    advises = not (kind or guesses or answers or weakly) and (ADVICE.search(rest) or is_source(rest)) is not None
    one = Clause(kind, answers or weakly, weakly, advises, guesses, 0, concludes, 0, 0, plain)
    after = _Place(
        turned=(turn is not None or only_commits or (place.turned and not place.opens))
        and not kind
        and not one.answers,
        fronted=not kind and (is_fronted or (place.fronted and not rest.strip())),
        selects=not kind and (_SELECTS.match(rest) is not None or (place.selects and not rest.strip())),
        reasoned=_REASONS.match(rest) is not None,
        announced=leads or (is_label and last_word is not None),
        border=border.strip(),
    )
    return one, after


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))


def _is_behind(found: Sequence[Clause], place: _Place) -> bool:
    """Return whether a turn, or a colon behind what declines, stands in front of the clause at this place."""
    after_colon = place.border == ":" and bool(found) and bool(found[-1].kind)
    return after_colon or (place.turned and not place.opens)


def _is_lone_guess(clause: str, border: str, found: Sequence[Clause], place: _Place) -> bool:
    """Return whether a few words end a sentence behind what declines, or are a question: "not sure, lima?"."""
    if not found or not found[-1].kind or not is_aside(clause) or not _ends(border):
        return False
    return _follows_refusal(found, place) or border.strip().startswith("?")


def _names_answer(clause: str, lower: str, found: Sequence[Clause], place: _Place, *, turned: bool) -> bool:
    """Return whether a clause holds a name or a number that may be an answer, and not what a refusal is about.

    Args:
        clause: As it is written, without the turn that opens it.
        lower: The same, written out.
        found: The clauses in front of it.
        place: What they say of it.
        turned: Whether a turn opens it.
    """
    holds = holds_answer(clause, lower, opens=place.opens and not turned, first=not found)
    return holds and not _is_region_of_refused(clause, found, place)


def _follows_refusal(found: Sequence[Clause], place: _Place) -> bool:
    """Return whether a comma stands between the clause at this place and one that declines or doubts."""
    return bool(found) and bool(found[-1].kind) and place.border == "," and not place.opens


def _is_region_of_refused(clause: str, found: Sequence[Clause], place: _Place) -> bool:
    """Return whether a clause is what the place lies in that the refusal in front names: "about Dunedin, Florida"."""
    return _follows_refusal(found, place) and normalize(clause) in REGIONS


def _ends(border: str) -> bool:
    return not border.strip() or border.strip()[0] in ".!?"


def _without_places_to_look(found: list[Clause]) -> list[Clause]:
    """Return the clauses, of which none answers by a name behind advice in its sentence ("Try the ITF, or FIFA")."""
    advised = -1
    for clause in found:
        if clause.advises:
            advised = clause.sentence
        elif clause.weakly and clause.sentence == advised:
            clause.answers = clause.weakly = False
    return found
