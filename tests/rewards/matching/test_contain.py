"""What a sentence states: dates, measures, spans and names in their common forms, and what it denies or leaves open."""

from __future__ import annotations

import pytest

from abstain.rewards import Verdict, contains_match
from abstain.rewards.matching.quantities import find_quantities

GRADE = contains_match()


@pytest.mark.parametrize(
    ("completion", "answers"),
    [
        ("It happened on the 18th of July, 2023.", ["18 July 2023"]),
        ("The feast falls on July the fourteenth.", ["14 July"]),
        ("It is 430 miles long.", ["430 mi"]),
        ("It measured 6.9 mm of rain.", ["6.9 millimetres"]),
        ("It cost $2.2 billion in all.", ["2.2 billion dollars"]),
        ("There are 86 400 seconds in a day.", ["86,400"]),
        ("He served from 2008 to 2013.", ["2008-2013"]),
        ("The war lasted from 1939 until 1945.", ["1939–1945"]),
        ("The numeral is IV.", ["IV"]),
        ('Her debut was in "The First" in 1981.', ['"The First"']),
        ("It starred in Ocean's Eleven, a film.", ["Ocean's Eleven."]),
        ("Anna Berg plays her.", ["Anna Maria Berg"]),
        ("Saturn's day is longer.", ["Saturn"]),
        ("206. A child has about 270.", ["206"]),
        ("Anna Maria Berg plays her.", ["Anna Berg"]),
        ("It turns counter-clockwise.", ["counterclockwise"]),
        ("Henry the Eighth had six wives.", ["Henry VIII"]),
        ("The only missing letter is the letter Q.", ["Q"]),
        ("If I'm not mistaken, it was in 1509, but it's hard to be certain.", ["1509"]),
        ("It is believed to have been built in 1066, but records are sparse.", ["1066"]),
        ("The brake serves to slow the vehicle.", ["slowing the vehicle"]),
        ("Dubai has a hot desert climate.", ["tropical desert climate"]),
        ("It lasted a week.", ["a week"]),
        ("Harvard University.", ["Harvard"]),
        ("A bite yields up to 7 milliliters of venom.", ["up to 7 ml"]),
        ("Pakistan is the 5th most populous country.", ["5"]),
    ],
)
def test_a_sentence_states_an_answer_in_its_common_forms(completion: str, answers: list[str]) -> None:
    assert GRADE(completion, answers).verdict is Verdict.CORRECT


@pytest.mark.parametrize(
    ("completion", "answers"),
    [
        ("It was number one for 741 weeks.", ["a week"]),
        ("Indiana State University", ["Indiana"]),
        ("Korea was divided on August 15, 1945.", ["1945", "17 August 1945"]),
        ("It happened in World War I.", ["World War II"]),
        ("It was written in C.", ["C++"]),
        ("He came in first.", ["1"]),
        ("The fee was €5.", ["$5"]),
        ("It is 82 miles long.", ["82 km"]),
        ("It is said to be 500 kg, not 430 miles.", ["430 mi"]),
        ("It is often believed to be Bern, but it is Zurich.", ["Bern"]),
        ("He served from 2008 to 2014.", ["2008-2013"]),
        ("Blood reaches the right artery.", ["the left artery"]),
    ],
)
def test_what_resembles_an_answer_and_is_another_does_not_state_it(completion: str, answers: list[str]) -> None:
    assert GRADE(completion, answers).verdict is Verdict.WRONG


def test_quantities_are_found_with_their_units_and_not_behind_not() -> None:
    found = [(int(q.value), q.unit) for q in find_quantities("From 5 km to 6,000 m, not 7 km, for $3 and 8 reasons.")]
    assert found == [(5, "km"), (6000, "m"), (3, "dollar")]
