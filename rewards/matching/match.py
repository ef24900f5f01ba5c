"""Is the given answer one of the accepted ones? Aliases, with numbers, units and dates in their common forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, repeat
from typing import ClassVar, Protocol

from ..verdict import NOT_ACCEPTED, SEVERAL_ANSWERS, Judgement, Verdict
from .choice import option_text
from .dates import Date, accepts, parse_date
from .numeric import equal_shares
from .plain import plain_words
from .quantities import NUMBER_WORDS, Quantity, digits_for_words, leading_quantity, parse_quantity
from .text import LONG, Pattern, fold, key, normalize, spelling, without_articles
from .variants import (
    QUALIFIERS,
    ROMAN,
    SUFFIXES,
    Person,
    count_alone,
    description,
    joined,
    may_have_forms,
    other_forms,
    parts_of_list,
    person,
    without_titles,
)

__all__ = ["AliasMatch", "Aliases", "Matcher", "aliases", "matches", "normalize"]

_REMEMBERED, _SETS = 256, 1 << 15
"""Sets of at most so many aliases are kept, and so many sets, so that what is remembered stays bounded."""
_DIGITS = 40
"""Longer numbers are texts."""
_VALUE = 4096
"""Answers with more characters are no number and no date."""
_FORM = 200
"""Answers with more characters are no other form of an accepted one."""
_FRAME = Pattern(
    r"(?:it|that|this|he|she)(?:'s| is| was| would be)(?: called| named| known as)?(?!\w) |(?:they|these)(?:'re"
    r"| are| were) "
    r"|(?:in|on|at|by|about|from|to) (?=\S)",
    re.IGNORECASE,
)
NUMERIC_WORDS = NUMBER_WORDS | ROMAN.keys()
"""Words that stand for a number."""
_ORDINAL = re.compile(r"\d(?:st|nd|rd|th)\b")
_DIGIT = re.compile(r"[\d\u00bc-\u00be\u2150-\u215e]")
_NOTE_LETTERS = frozenset("ABCDEFG")
_NOTE_KEYS = frozenset((*(letter + flat for letter in "abcdefg" for flat in ("b", "flat")), "flat"))
"""What the key of a note with a flat may be: "a" before "flat" is an article."""
_NOTE = re.compile(r"([A-G])(?:b|[ -]?[Ff]lat|\u266d)")
_FRAME_WORDS = frozenset(
    str.split("it its that thats this he hes she shes they theyre these in on at by about from to")
)
ANOTHER_FORM = NUMERIC_WORDS | _FRAME_WORDS
"""Words without one of which, or a digit, an answer equals another only by its key."""


_JOINS = frozenset(("or", "and"))
"""Words that no name of a person holds."""


class Matcher(Protocol):
    """Compares one answer with the accepted ones; deterministic and picklable.

    A matcher may have further attributes: `can_be_ungraded = False` where it always reaches a verdict;
    `refuses_answers = True` where it raises ValueError for accepted answers that it cannot compare with;
    `requires`, the module that it needs from an extra of this package; `usual_extract`, the extractor used unless
    another is named; `unsure`, the reasons of those of its verdicts that a judge may overrule (`FallbackMatch`);
    `asks_judge = True` where it is a judge or asks one; `reads_question` and `concurrency` as a `Grader` has them.
    """

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return CORRECT, WRONG or UNGRADED, with the answer as it was read and the reason."""
        ...


class Aliases:
    """Accepted answers, made ready to be compared with; what few comparisons need is made when one does."""

    def __init__(self, answers: tuple[str, ...], keys: Iterable[str] | None = None) -> None:
        """Prepare `answers`, whose `keys` may be known."""
        self._answers = answers
        self.keys = frozenset([key(answer) for answer in answers] if keys is None else keys)
        if not _NOTE_KEYS.isdisjoint(self.keys) and any(a[:1] in _NOTE_LETTERS for a in answers if len(a) < 8):
            self.keys |= self._notes
        if "" in self.keys:
            self.keys -= {""}

    @cached_property
    def _notes(self) -> frozenset[str]:
        return frozenset(note for answer in self._answers for note in _notes(answer))

    @cached_property
    def longest(self) -> int:
        """Characters of the longest accepted answer."""
        return max(map(len, self._answers), default=0)

    @cached_property
    def counted(self) -> frozenset[str]:
        """The keys with numbers in words written as digits."""
        return self.keys | {counted(answer) for answer in self.numbers}

    @cached_property
    def integers(self) -> frozenset[int] | None:
        """The accepted answers where all are plain integers, which need no parsing; None where one is not."""
        plain = all(known.isdecimal() and len(known) <= _DIGITS for known in self.keys)
        return frozenset(map(int, self.keys)) if plain else None

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The accepted answers that hold a number."""
        together = "\n".join(self._answers)
        if together.isascii() and not _numeric(together, " ".join(self.keys).split()):
            return ()
        return tuple([answer for answer in self._answers if _numeric(answer, spelling(answer)[1])])

    @cached_property
    def written(self) -> frozenset[int] | None:
        """The numbers in the accepted answers, where all stand there in digits alone ("4 July 1776"); else None."""
        found: set[int] = set()
        for known in self.keys:
            parts = known.split()
            digits = [word for word in parts if not word.isalpha()]
            if not all(map(str.isdecimal, digits)) or not NUMERIC_WORDS.isdisjoint(parts) or grouped(digits):
                return None
            found.update(map(int, digits))
        simple = not found or all(a.replace(", ", " ").replace(" ", "").isalnum() for a in self._answers)
        return frozenset(found) if simple else None

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """The accepted answers that are numbers or measures."""
        return tuple(q for answer in self.numbers if (q := _measure(QUALIFIERS.sub("", answer))) is not None)

    @cached_property
    def dates(self) -> tuple[Date, ...]:
        """The accepted answers that are dates, or years."""
        return tuple(date for answer in self.numbers for date in parse_date(answer))

    @cached_property
    def forms(self) -> frozenset[str]:
        """The keys, with digits, of the other ways to write the accepted answers."""
        found = {counted(form) for answer in self._answers for form in other_forms(answer)}
        return frozenset(found - self.counted - {""})

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """The accepted answers that may name a person."""
        return tuple({found: None for answer in self._answers if (found := person(answer)) is not None})

    @cached_property
    def lists(self) -> tuple[tuple[str, ...], ...]:
        """The keys of the parts of each accepted answer that is a list."""
        lists = (parts_of_list(answer) for answer in self._answers)
        return tuple(tuple(map(counted, parts)) for parts in lists if parts)

    @cached_property
    def parts(self) -> frozenset[str]:
        """The keys of the parts of all lists."""
        return frozenset(part for parts in self.lists for part in parts)

    @cached_property
    def counts(self) -> frozenset[str]:
        """The numbers of the accepted answers that count things; an answer that is nothing else states them."""
        return frozenset(counted(count) for answer in self.numbers if (count := count_alone(answer)))

    @cached_property
    def descriptions(self) -> tuple[tuple[str, ...], ...]:
        """The words that tell something of each accepted answer that describes."""
        return tuple(found for answer in self._answers if (found := description(answer)))

    @cached_property
    def joined(self) -> frozenset[str]:
        """The accepted answers without spaces, where those may be wanting."""
        return frozenset(filter(None, (joined(known.split()) for known in self.keys)))

    @cached_property
    def single(self) -> frozenset[str]:
        """The accepted answers that count one thing ("a week"), which stand behind no other number."""
        one = (answer for answer in self._answers if answer[:2].lower() == "a " or answer[:3].lower() == "an ")
        return frozenset(map(key, one))

    @cached_property
    def named(self) -> tuple[tuple[str, str], ...]:
        """How the last name may end, and the initials of the others, of each accepted answer of several words."""
        found = [known.split() for known in self.keys if " " in known]
        for words in found:
            if len(words) > 2 and words[-1] in SUFFIXES:
                found.append(words[:-1])  # which is looked at in its turn
        return tuple([(words[-1], "".join([word[0] for word in words[:-1]])) for words in found])

    @cached_property
    def lasts(self) -> tuple[str, ...]:
        """How the last names of accepted people may end."""
        return tuple([last for last, _ in self.named])

    @cached_property
    def opening(self) -> str:
        """The keys, each word behind a space and each key in a line, with "i" for "y"."""
        return "\n ".join(("", *self.keys)).replace("y", "i")

    @cached_property
    def spellings(self) -> frozenset[str]:
        """The keys, and the other forms where some may be written in letters."""
        return self.keys | self.forms if may_have_forms("\n".join(self._answers)) else self.keys

    @cached_property
    def strict(self) -> bool:
        """Whether an answer in letters alone can only be accepted as a spelling, without its spaces or as a name."""
        return self.spellings is self.keys or not (self.lists or self.counts)


def _measure(answer: str) -> Quantity | None:
    """Return the quantity that `answer` is, one word behind its unit aside ("20-year period")."""
    quantity, rest = leading_quantity(answer)
    return quantity if quantity is not None and (not rest or (quantity.unit and rest.isalpha())) else None


def grouped(digits: Sequence[str]) -> bool:
    """Return whether `digits`, numbers of one text, may be the groups of one ("1 250 000")."""
    return len(digits) > 1 and any(len(number) == 3 for number in digits)


def _notes(answer: str) -> set[str]:
    """Return both spellings of an accepted answer that is a note with a flat ("Bb", "B♭")."""
    note = _NOTE.fullmatch(fold(answer).strip(" ."))
    return {f"{note[1].lower()}b", f"{note[1].lower()}flat"} if note else set()


_kept: dict[tuple[str, ...], Aliases] = {}


def _keep(accepted: Aliases, answers: tuple[str, ...]) -> Aliases:
    if len(answers) <= _REMEMBERED:
        if len(_kept) >= _SETS:
            _kept.clear()
        _kept[answers] = accepted
    return accepted


def aliases(answers: Sequence[str]) -> Aliases:
    """Return the `answers` made ready; sets that come back, as in training they do, are remembered."""
    given = tuple(answers)
    return _kept.get(given) or _keep(Aliases(given), given)


def aliases_of_rows(rows: Sequence[Sequence[str]]) -> list[Aliases]:
    """Return `aliases(row)` for each of `rows`; those that are not remembered are normalised together."""
    groups = [(tuple(answers), sum(1 for _ in group)) for answers, group in groupby(rows)]
    found = {answers: _kept.get(answers) for answers, _ in groups}
    unknown = [answers for answers, accepted in found.items() if accepted is None]
    keys = map(" ".join, plain_words([answer for answers in unknown for answer in answers]))
    made = {answers: [plain or key(a) for a, plain in zip(answers, keys, strict=False)] for answers in unknown}
    ready = {a: known or _keep(Aliases(a, made[a]), a) for a, known in found.items()}
    return [accepted for answers, size in groups for accepted in repeat(ready[answers], size)]


def canonical(found: Sequence[str]) -> list[str]:
    """Return words with numbers in words and Roman numerals as digits, without articles."""
    if NUMERIC_WORDS.isdisjoint(found):
        return without_articles(list(found))
    return without_articles(digits_for_words([ROMAN.get(word, word) for word in found]))


def counted(text: str) -> str:
    """Return the key of `text` with numbers in words and Roman numerals as digits ("World War II", "… Two")."""
    given, plain = spelling(text)
    if NUMERIC_WORDS.isdisjoint(plain) and not _ORDINAL.search(given):
        return given
    return " ".join(canonical(plain))


def _same_value(answer: str, given: str, accepted: Aliases) -> str | None:
    """Return the reason why `answer`, whose key is `given`, has the value of an accepted one, or None."""
    if given.isdecimal() and len(given) <= _DIGITS and accepted.integers is not None:
        return "same quantity" if int(given) in accepted.integers else None
    if len(answer) > _VALUE or not accepted.numbers:
        return None
    if accepted.quantities:
        quantity = parse_quantity(answer)
        if quantity is not None and any(equal_shares(quantity, wanted) for wanted in accepted.quantities):
            return "same quantity"
    if accepted.dates and any(accepts(accepted.dates, date) for date in parse_date(answer)):
        return "same date"
    return "accepted answer" if counted(answer) in accepted.counted else None


def _numeric(given: str, found: Iterable[str]) -> bool:
    """Return whether an answer with these words may hold a number."""
    return _DIGIT.search(given) is not None or not NUMERIC_WORDS.isdisjoint(found)


def equals(answer: str, accepted: Aliases) -> str | None:
    """Return the reason why `answer` is one of the `accepted`, or None."""
    if len(answer) > LONG and len(answer) > 2 * accepted.longest:
        return None
    given, found = spelling(answer)
    if given in accepted.keys:
        return "accepted answer"
    if _numeric(given, found):
        reason = _same_value(answer, given, accepted)
        if reason is not None:
            return reason
    if not _FRAME_WORDS.isdisjoint(found):
        frame = _FRAME.match(folded := fold(answer))
        if frame and frame.end() < len(folded):
            return equals(folded[frame.end() :], accepted)
    return "another form" if len(answer) <= _FORM and _in_another_form(answer, found, accepted) else None


def _in_another_form(answer: str, found: Sequence[str], accepted: Aliases) -> bool:
    """Return whether a reader takes `answer` for an accepted one: a form of it, a name, a list in another order."""
    if (accepted.forms or accepted.counts) and (own := counted(answer)) in accepted.forms | accepted.counts:
        return bool(own)
    if joined(found) in accepted.joined:
        return True
    if accepted.people and len(found) > 1 and _JOINS.isdisjoint(found):
        names = without_titles(list(found))
        if any(someone.is_like(names) for someone in accepted.people):
            return True
    if accepted.lists:
        parts = sorted(map(counted, parts_of_list(answer)))
        return bool(parts) and any(parts == sorted(wanted) for wanted in accepted.lists)
    return False


def matches(answer: str, accepted: Sequence[str]) -> bool:
    """Return whether `answer` is any of the `accepted` aliases (see `AliasMatch`)."""
    return equals(answer, aliases(accepted)) is not None


@dataclass(frozen=True)
class AliasMatch:
    """Normalised equality with any accepted answer.

    Equal are texts with the same `normalize`; numbers of the same value ("forty-five", "45"; "1.5
    km", "1500 m"; a number without a unit takes the other's); dates that state what the accepted
    one states ("July 4th, 1776" for "1776-07-04" and for "July 1776"); and an answer behind "It is". A
    letter stands for its choice. So is a name with or without its middle names, initials and titles, in a short
    form of the first name or without a space; what stands in brackets behind it; each side of an "or"; and a
    list in another order ("another form").
    An answer of more than 10,000 characters is no short answer, and WRONG.

    >>> AliasMatch()("March 21st, 2020", ["2020-03-21"]).reason
    'same date'
    """

    can_be_ungraded: ClassVar[bool] = False
    unsure: ClassVar[tuple[str, ...]] = (NOT_ACCEPTED, SEVERAL_ANSWERS)

    def __call__(self, answer: str, answers: Sequence[str], choices: Sequence[str] | None = None) -> Judgement:
        """Return CORRECT or WRONG."""
        if choices:
            answer = option_text(answer, choices) or answer
        reason = equals(answer, aliases(answers))
        if reason is None:
            return Judgement(Verdict.WRONG, answer, NOT_ACCEPTED)
        return Judgement(Verdict.CORRECT, answer, reason)
