"""Which other ways of writing an accepted answer are accepted, and which are another answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from abstain.rewards import Verdict, alias_match, auto_match, contains_match
from abstain.rewards.answer_grader import AnswerGrader
from abstain.rewards.matching.dates import Date, accepts
from abstain.rewards.matching.match import matches


@pytest.mark.parametrize(
    ("given", "accepted", "same"),
    [
        ("Anna Berg", "Anna Maria Berg", True),
        ("Anna Maria Berg", "Anna Berg", True),
        ("Anna Lisa Berg", "Anna Maria Berg", False),
        ("George Walker Bush", "George W. Bush", True),
        ("George H. W. Bush", "George W. Bush", False),
        ("Robert F. Kennedy", "John F. Kennedy", False),
        ("J. R. R. Tolkien", "John Ronald Reuel Tolkien", True),
        ("Phil Lund", "Philip Lund", True),
        ("Erica Lund", "Eric Lund", False),  # a whole name of its own
        ("Al Lund", "Albert Lund", False),  # too short to tell
        ("Sir Winston Churchill", "Winston Churchill", True),
        ("Lord Randolph Churchill", "Winston Churchill", False),
        ("Dr. Martin Luther King, Jr.", "Martin Luther King", True),
        ("Kim Lund", "Kim Lund III", True),
        ("Louis Armstrong", 'Louis "Satchmo" Armstrong', True),
        ("Charles Carroll", "Charles Carroll of Carrollton", True),
        ("Saint Ignatius of Loyola", "St. Ignatius of Loyola", True),
        ("South Africa", "South West Africa", False),
        ("Hugh Laurie", "James Hugh Laurie", True),  # known by the second name
    ],
)
def test_a_name_may_lack_or_add_what_tells_no_other_person(given: str, accepted: str, same: bool) -> None:
    assert matches(given, [accepted]) is same


@pytest.mark.parametrize(
    ("given", "accepted", "same"),
    [
        ("seashells", "Sea Shells", True),
        ("counter-clockwise", "counterclockwise", True),
        ("The Muppet Show", "The Muppet Show (Muppets Tonight)", True),
        ("billiards", "snooker or billiards", True),
        ("foramen ovale", "through the foramen ovale", True),
        ("Fort Benning, Georgia", "Fort Benning in Georgia", True),
        ("1973 and 1974", "In 1973 and 1974", True),
        ("red, white, and blue", "blue, white and red", True),
        ("green, white and red", "blue, white and red", False),
        ("from 2008 to 2013", "2008-2013", True),
        ("1939 to 1945", "1939–45", True),
        ("1940 to 1945", "1939–45", False),
        ("World War 1", "World War I", True),
        ("Łódź", "Lodz", True),
        ("Øresund", "Oresund", True),
        ("4", "Four.", True),
        ("Four.", "Four.", True),
        ("IV", "4", True),
        ("1 250 000", "1,250,000", True),
        ("Brooklyn", "Brooklyn, New York", True),
        ("7:00 am", "7 a.m.", True),
        ("the 1990s", "the 90s", True),
        ("20 years", "20-year period", True),
        ("25", "up to 25 players", True),
        ("older", "16 or older", False),
    ],
)
def test_another_spelling_of_an_answer_is_the_answer(given: str, accepted: str, same: bool) -> None:
    assert matches(given, [accepted]) is same
    if same:
        assert matches(accepted, [accepted])


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        ("O+", "O-"),
        ("O", "O-"),
        ("C", "C++"),
        ("€5", "$5"),
        ("x + 1", "x - 1"),
        ("AB", "AB-"),
        ("£3 million", "$3 million"),
    ],
)
def test_signs_and_currencies_tell_answers_apart(given: str, accepted: str) -> None:
    assert not matches(given, [accepted])
    assert not matches(accepted, [given])
    assert matches(accepted, [accepted])


def test_an_amount_without_a_currency_takes_the_accepted_one() -> None:
    assert matches("5", ["$5"])
    assert matches("5 dollars", ["$5"])
    assert matches("US$5", ["$5"])


def test_a_date_that_contradicts_the_fullest_accepted_one_is_wrong() -> None:
    accepted = [Date(1993, 10, 29), Date(1993)]
    assert accepts(accepted, Date(1993, 10, 29))
    assert accepts(accepted, Date(1993))
    assert accepts(accepted, Date(1993, 10))
    assert not accepts(accepted, Date(1993, 10, 15))
    assert not matches("October 15, 1993", ["October 29, 1993", "1993"])
    assert matches("the 18th of July, 2023", ["18 July 2023"])
    assert matches("July the fourteenth", ["14 July"])


@pytest.mark.parametrize("make", [alias_match, contains_match, auto_match])
@pytest.mark.parametrize(
    "answers",
    [
        ["Anna Maria Berg"],
        ["Sea Shells"],
        ["in Rome"],
        ["red and blue"],
        ["O-"],
        ["1 250 000"],
        ["World War 1"],
        ["flies", "boxes"],
        ["slowing the vehicle"],
        ["Q"],
        ["Saint Anna", "President Kim Berg"],
    ],
)
def test_a_batch_finds_the_forms_that_a_row_finds(answers: list[str], make: Callable[[], AnswerGrader]) -> None:
    grade = make()
    texts = [
        *("Anna Berg", "seashells", "Rome", "blue and red", "O-", "O+", "1250000", "1 250 000", "Kim Berg", "AB-"),
        *("World War I", "world war two", "fly", "a box", "slow vehicle", "the letter Q", "St Anna", "Oslo", "Eve Moe"),
        *("It is Anna Berg and she is red", "sea shells", "fried", "Anna, Berg or Rome", "Annas", "Kim", "rome"),
    ]
    judged = grade.grade_batch(texts, [answers] * len(texts))
    assert judged == [grade(text, answers) for text in texts]
    assert Verdict.WRONG in {judgement.verdict for judgement in judged}
