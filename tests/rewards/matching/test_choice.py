"""Which option does a text choose? The expected options are those a reader would tick."""

from __future__ import annotations

import pytest

from abstain.rewards import Verdict, choice_match
from abstain.rewards.matching.choice import accepted_options
from abstain.rewards.matching.options import chosen_option

CITIES = ["Rome", "Paris", "Madrid", "Oslo"]
NESTED = ["Ocean", "Pacific Ocean", "South Pacific Ocean", "None of the above"]

NAMED = (
    *("B", "b", "B.", "(B)", "[b]", "B)", "B.)", "{B}", "**B**", "$B$", r"\boxed{B}", r"$\boxed{\text{B}}$", "#### B"),
    *("Paris", "paris.", '"Paris"', "It's Paris.", "Paris, of course.", "Definitely Paris"),
    *("B) Paris", "B ) Paris", "B. Paris", "B: Paris", "B - Paris", "B – Paris", "(B) Paris", "B, Paris", "B Paris"),
    *("Paris (B)", "Paris, which is option B", "B\nParis", "Option B", "option b: Paris", "Choice B", "letter B"),
    *("The best answer is B.", "The correct option is **B**", "Answer: B", "answer: (b)", "Final answer: B) Paris"),
    *("I would go with B.", "I pick option B because it fits.", "I choose Paris.", "B is correct.", "B it is."),
    *("'B'", "the second option", "Option 2", "The answer is b", "B is better.", "B for that reason."),
    *("The answer, in my view, is B.", "The answer is most likely B.", "So it must be (B)."),
)
REASONED = (
    "B\n\nbecause Rome lies in Italy.",
    "Rome is in Italy, Madrid in Spain and Oslo in Norway, so the answer is B.",
    "A) Rome\nB) Paris\nC) Madrid\nD) Oslo\n\nThe answer is B.",
    "A) Rome - no\nB) Paris - yes\nC) Madrid - no\nD) Oslo - no\n\nB",
    "Option A is Rome, which is in Italy. Option B is correct because Paris is in France.",
    "I can rule out A and C. The answer must be B.",
    "Not A, not C; B.",
    "Eliminate C and D. Between A and B, B is more plausible; B is better.",
    "The first option is wrong, so it's B.",
    "B is right; A is wrong.",
    "The capital of France is Paris (option B), not Rome (option A).",
    "I first thought of A, but the answer is B.",
    "A city on the Seine, Paris, is the capital.",
    "The best answer is B: Paris. Rome is the capital of Italy.",
    "It is neither of the southern ones. That leaves B.",
)
NOT_ONE = (
    *(
        "A or B",
        "A and B",
        "A, B",
        "A/B",
        "A B",
        "Either A or B.",
        "Both A and B",
        "A\nB",
        "Rome, Paris",
        "Paris or Rome",
    ),
    *(
        "The answer is A or B",
        "The answer is A. The answer is B.",
        "It could be Rome, or maybe Paris.",
        "It is Rome. It is Paris.",
    ),
)
DISAGREEING = ("B) Rome", "Rome (B)", "B: Rome", "The answer is B, Rome.", "A) Paris", "Paris (A)")
NONE = ("Bonn", "E", "The answer is not B.", "Not Paris", "All of them", "A capital in the south", "Parish")


@pytest.mark.parametrize("completion", [*NAMED, *REASONED])
def test_a_reader_would_tick_the_second_option(completion: str) -> None:
    judged = choice_match()(completion, ["B"], CITIES)
    assert (judged.verdict, judged.answer) == (Verdict.CORRECT, "Paris")
    assert choice_match()(completion, ["Rome"], CITIES).verdict is Verdict.WRONG


@pytest.mark.parametrize(
    ("completion", "reason"),
    [
        *((completion, "several answers") for completion in NOT_ONE),
        *((completion, "letter and text disagree") for completion in DISAGREEING),
        *((completion, None) for completion in NONE),
    ],
)
def test_a_text_that_chooses_no_single_option_is_wrong_whatever_the_gold(completion: str, reason: str | None) -> None:
    for gold in CITIES:
        assert choice_match()(completion, [gold], CITIES).verdict is Verdict.WRONG
    index, why = chosen_option(completion, CITIES)
    assert index is None
    assert reason in (None, why)


@pytest.mark.parametrize(
    ("completion", "option"),
    [
        ("The South Pacific Ocean.", 2),
        ("It is the Pacific Ocean.", 1),
        ("B) Pacific Ocean", 1),
        ("It must be option C, the South Pacific Ocean", 2),
        ("An ocean", 0),
        ("None of the above", 3),
    ],
)
def test_the_longest_of_the_options_that_contain_each_other_is_named(completion: str, option: int) -> None:
    assert chosen_option(completion, NESTED)[0] == option


@pytest.mark.parametrize(
    ("completion", "choices", "option"),
    [
        ("A barometer.", ["Thermometer", "Hygrometer", "Barometer"], 2),
        ("Vitamin C", ["Vitamin A", "Vitamin B", "Vitamin D", "Vitamin C"], 3),
        ("It is -5.", ["5", "-5"], 1),
        ("The total is 1,500.", ["500", "1,500"], 1),
        ("21 = 3 x 7, 27 = 3^3 and 33 = 3 x 11. That leaves C.", ["21", "27", "29", "33"], 2),
        ("Robert E. Lee led it.", ["Grant", "Lee", "Meade", "Hood", "Custer"], 1),
        ("C", ["B", "C", "A"], 1),
    ],
)
def test_articles_signs_initials_and_letters_within_texts_name_no_option(
    completion: str, choices: list[str], option: int
) -> None:
    assert chosen_option(completion, choices)[0] == option


def test_accepted_answers_are_letters_texts_or_both() -> None:
    assert accepted_options(["B", "(c)"], CITIES) == {1, 2}
    assert accepted_options(["paris"], CITIES) == {1}
    assert accepted_options(["Option B which is : Paris", "D) Oslo"], CITIES) == {1, 3}
    with pytest.raises(ValueError, match=r"accepted answer 'B\) Rome' is neither the text nor the letter"):
        accepted_options(["B) Rome"], CITIES)


def test_options_with_one_text_are_one_option() -> None:
    twice = ["bent", "straight", "bent"]
    assert choice_match()("C) bent", ["A"], twice).verdict is Verdict.CORRECT
    assert choice_match()("A", ["C"], twice).verdict is Verdict.CORRECT
