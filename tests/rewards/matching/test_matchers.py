"""When are two answers the same? Aliases, numbers, choices, overlap, free text, maths."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from multiprocessing import get_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.rewards import Judgement, Verdict, alias_match, choice_match, contains_match, math_match, numeric_match
from abstain.rewards.answer_grader import AnswerGrader
from abstain.rewards.graders import fuzzy_match, token_f1_match
from abstain.rewards.matching import text as text_module
from abstain.rewards.matching.dates import Date, parse_date
from abstain.rewards.matching.match import matches
from abstain.rewards.matching.overlap import edit_distance, similarity, token_f1
from abstain.rewards.matching.quantities import parse_quantity
from abstain.rewards.matching.text import normalize

RIGHT, WRONG, DECLINED = Verdict.CORRECT, Verdict.WRONG, Verdict.ABSTAINED
CITIES = ["Rome", "Paris", "Oslo"]


@pytest.mark.parametrize(
    ("completion", "answer", "verdict"),
    [
        ("the eiffel-tower!", "Eiffel Tower", RIGHT),
        ("Beyonce", "Beyoncé", RIGHT),
        ("July 4th, 1776", "1776-07-04", RIGHT),
        ("4 July 1776", "July 4, 1776", RIGHT),
        ("July 5, 1776", "1776-07-04", WRONG),
        ("forty-five", "45", RIGHT),
        ("1.5 km", "1500 m", RIGHT),
        ("1.5 km", "1500 kg", WRONG),
        ("1,000", "1000", RIGHT),
        ("World War Two", "World War II", RIGHT),
        ("It is Paris.", "Paris", RIGHT),
        ("Paris, Texas", "Paris", WRONG),
        ("no one", "No One", RIGHT),
        ("unknown", "Unknown", RIGHT),
    ],
)
def test_aliases_match_in_their_common_forms(completion: str, answer: str, verdict: Verdict) -> None:
    assert alias_match()(completion, [answer]).verdict is verdict


@pytest.mark.parametrize(
    ("completion", "verdict", "answer"),
    [
        ("B", RIGHT, "Paris"),
        ("(b)", RIGHT, "Paris"),
        ("paris", RIGHT, "Paris"),
        ("B) Paris", RIGHT, "Paris"),
        ("The answer is (B).", RIGHT, "Paris"),
        ("A", WRONG, "Rome"),
        ("B) Rome", WRONG, "B) Rome"),
        ("D", WRONG, "D"),
    ],
)
def test_a_choice_is_named_by_letter_text_or_both(completion: str, verdict: Verdict, answer: str) -> None:
    judged = choice_match()(completion, ["Paris"], CITIES)
    assert (judged.verdict, judged.answer) == (verdict, answer)


def test_letter_and_text_that_disagree_are_named_and_a_missing_column_is_an_error() -> None:
    assert choice_match()("B) Rome", ["Paris"], CITIES).reason == "letter and text disagree"
    with pytest.raises(ValueError, match="needs the choices: give the row a `choices` column"):
        choice_match()("B", ["Paris"])
    with pytest.raises(ValueError, match="accepted answer 'Bonn' is neither the text nor the letter"):
        choice_match()("B", ["Bonn"], CITIES)


def test_the_i_of_a_refusal_is_no_option_letter() -> None:
    choices = [f"town {letter}" for letter in "abcdefghij"]
    for text in ("I don't know", "I am not sure.", "I cannot say"):
        assert choice_match()(text, ["town i"], choices).verdict is DECLINED
    assert choice_match()("I", ["town i"], choices).verdict is RIGHT


@pytest.mark.parametrize(
    ("completion", "answer", "tolerances", "verdict"),
    [
        ("$18", "18", {}, RIGHT),
        ("18 eggs", "18", {}, RIGHT),
        ("so 9 * 2 = 18", "18", {}, RIGHT),
        ("17.9", "18", {}, WRONG),
        ("17.9", "18", {"absolute": 0.1}, RIGHT),
        ("17.8", "18", {"absolute": 0.1}, WRONG),
        ("101", "100", {"relative": 0.01}, RIGHT),
        ("102", "100", {"relative": 0.01}, WRONG),
        ("between 10 and 18", "18", {}, WRONG),
    ],
)
def test_numbers_match_within_the_stated_tolerance(
    completion: str, answer: str, tolerances: dict[str, float], verdict: Verdict
) -> None:
    assert numeric_match(**tolerances)(completion, [answer]).verdict is verdict  # type: ignore[arg-type]


def test_token_f1_is_twice_the_shared_words_over_all_words() -> None:
    assert token_f1("Barack Hussein Obama", "Barack Obama") == pytest.approx(2 * 2 / (3 + 2))
    assert token_f1("Rome", "Paris") == 0
    assert token_f1_match(threshold=0.8)("Barack Hussein Obama", ["Barack Obama"]).verdict is RIGHT
    assert token_f1_match(threshold=0.81)("Barack Hussein Obama", ["Barack Obama"]).verdict is WRONG
    with pytest.raises(ValueError, match=r"threshold must lie in \(0, 1\], got 0"):
        token_f1_match(threshold=0)


@pytest.mark.parametrize(
    ("completion", "answer", "verdict", "reason"),
    [
        ("The capital of France is Paris, on the Seine.", "Paris", RIGHT, "stated"),
        ("It is not Paris, it is Lyon.", "Paris", WRONG, "contradicted"),
        ("The capital is Lyon.", "Paris", WRONG, "not stated"),
        ("Either Paris or London.", "Paris", WRONG, "several answers"),
        ("Yes, because water is wet.", "Yes", RIGHT, "stated"),
        ("I don't know.", "Paris", DECLINED, "agreed phrase"),
    ],
)
def test_free_text_states_an_answer_and_does_not_contradict_it(
    completion: str, answer: str, verdict: Verdict, reason: str
) -> None:
    judged = contains_match()(completion, [answer])
    assert (judged.verdict, judged.reason) == (verdict, reason)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Paris. Actually, I don't know.", DECLINED),
        ("Paris, but I'm not certain.", RIGHT),
        ("Rome. No, wait, Paris.", RIGHT),
        ("Paris. I don't know its population.", RIGHT),
    ],
)
def test_an_answer_taken_back_abstains_and_a_doubt_behind_it_does_not(text: str, verdict: Verdict) -> None:
    assert contains_match()(text, ["Paris"]).verdict is verdict


MATHS = math_match()
CASES = [
    (r"so \boxed{\frac{2}{4}}", "1/2", RIGHT),
    (r"\boxed{0.5}", r"\frac{1}{2}", RIGHT),
    (r"\boxed{x^2+2x+1}", "(x+1)^2", RIGHT),
    (r"\boxed{3}", "4", WRONG),
    ("I don't know", "4", DECLINED),
]


def _maths(case: tuple[str, str, Verdict]) -> Judgement:
    return MATHS(case[0], [case[1]])


def test_equal_expressions_match_on_every_thread_and_in_worker_processes() -> None:
    pytest.importorskip("math_verify")
    expected = [case[2] for case in CASES]
    assert [_maths(case).verdict for case in CASES] == expected
    found: list[Verdict] = []
    thread = threading.Thread(target=lambda: found.extend(_maths(case).verdict for case in CASES))
    thread.start()
    thread.join()
    assert found == expected
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(_verdicts_in_process).result(timeout=240) == expected


def _verdicts_in_process() -> list[Verdict]:
    return [math_match()(text, [answer]).verdict for text, answer, _ in CASES]


def test_a_comparison_over_its_time_limit_is_ungraded() -> None:
    pytest.importorskip("math_verify")
    hard = r"\boxed{" + "+".join(rf"\sin(x^{{{i}}})^{{{i}}}" for i in range(2, 60)) + "}"
    judged = math_match(time_limit=0.001)(hard, [r"\int_0^1 e^{x^2} dx"])
    assert (judged.verdict, judged.reason) == (Verdict.UNGRADED, "timed out")
    assert math_match()(r"\boxed{1/2}", ["0.5"]).verdict is RIGHT  # by a new worker


@pytest.mark.parametrize(
    "grade",
    [
        alias_match(),
        choice_match(),
        numeric_match(),
        contains_match(),
        token_f1_match(threshold=0.5),
        fuzzy_match(threshold=0.5),
    ],
)
def test_grading_repeats_itself_and_pickles(grade: object) -> None:
    copy = pickle.loads(pickle.dumps(grade))
    for text in ("B", "18", "I don't know", "Paris or Rome", "", "\u202e\ud800 (((("):
        arguments = (text, ["1"], ["1", "2"])
        assert copy(*arguments) == grade(*arguments) == grade(*arguments)  # type: ignore[operator]


def test_a_grader_says_whether_it_may_leave_a_row_without_a_verdict() -> None:
    assert not any(
        grade.can_be_ungraded for grade in (alias_match(), numeric_match(), choice_match(), contains_match())
    )
    assert math_match().can_be_ungraded
    assert AnswerGrader(no_answer=Verdict.UNGRADED).can_be_ungraded


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1,234.50", Fraction(12345, 10), None),
        ("-3", Fraction(-3), None),
        ("1 1/2", Fraction(3, 2), None),
        ("½", Fraction(1, 2), None),
        ("2.5e3", Fraction(2500), None),
        ("1.2 million", Fraction(1200000), None),
        ("twenty-one", Fraction(21), None),
        ("two thousand and one", Fraction(2001), None),
        ("nineteen eighty-four", Fraction(1984), None),
        ("$5", Fraction(5), "dollar"),
        ("about 30 km/h", Fraction(30), "km/h"),
        ("12%", Fraction(12), "percent"),
        ("10+John's age", None, None),
        ("1.2.3", None, None),
        ("1990-1995", None, None),
        ("No one", None, None),
        ("9" * 50, None, None),
    ],
)
def test_a_quantity_is_read_from_the_whole_text_or_not_at_all(
    text: str, value: Fraction | None, unit: str | None
) -> None:
    found = parse_quantity(text)
    assert (None if found is None else (found.value, found.unit)) == (None if value is None else (value, unit))


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("July 4, 1776", [Date(1776, 7, 4)]),
        ("4th of July, 1776", [Date(1776, 7, 4)]),
        ("Thursday, July 4, 1776", [Date(1776, 7, 4)]),
        ("1776-07-04", [Date(1776, 7, 4)]),
        ("03/04/2020", [Date(2020, 3, 4), Date(2020, 4, 3)]),  # either of two readings
        ("14/03/2020", [Date(2020, 3, 14)]),
        ("Sept. 1990", [Date(1990, 9)]),
        ("1776", [Date(1776)]),
        ("May", []),
        ("30/30/2020", []),
    ],
)
def test_a_date_is_read_in_its_common_forms(text: str, dates: list[Date]) -> None:
    assert sorted(parse_date(text), key=repr) == sorted(dates, key=repr)


@pytest.mark.parametrize(
    ("given", "accepted", "same"),
    [
        ("4 July 1776", "July 1776", True),  # states more than was asked
        ("July 1776", "4 July 1776", False),  # states less
        ("-5", "5", False),
        ("3.5", "35", False),
        ("30 years", "30", True),
        ("5 km", "5 miles", False),
        ("U.S.A.", "USA", True),
        ("J. K. Rowling", "J.K. Rowling", True),
        ("B♭", "Bb", True),
        ("C#", "C", False),
        ("Simon & Garfunkel", "Simon and Garfunkel", True),
        ("O’Brien", "OBrien", True),
    ],
)
def test_what_makes_two_spellings_one_answer(given: str, accepted: str, same: bool) -> None:
    assert matches(given, [accepted]) is same


def by_table(a: str, b: str) -> int:
    """Return Levenshtein's distance by the textbook's table."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[-1]


@given(st.text("abc é", max_size=90), st.text("abc é", max_size=90))
def test_the_edit_distance_is_that_of_the_textbooks_table(a: str, b: str) -> None:
    assert edit_distance(a, b) == by_table(a, b) == edit_distance(b, a)


def test_a_fuzzy_match_asks_for_a_similarity_of_spelling_and_the_same_numbers() -> None:
    # dostoyevsky, dostoevsky: one character of 11 taken out.
    assert similarity("Dostoyevsky", "Dostoevsky") == pytest.approx(1 - 1 / 11)
    assert fuzzy_match(threshold=0.9)("Dostoevsky", ["Tolstoy", "Dostoyevsky"]).verdict is RIGHT
    assert fuzzy_match(threshold=0.91)("Dostoevsky", ["Tolstoy", "Dostoyevsky"]).verdict is WRONG
    assert fuzzy_match(threshold=0.9)("Dostoevsky", ["Dostoyevsky"]).reason == "similarity 0.909"
    assert fuzzy_match(threshold=0.5)("In 1945", ["in 1946"]).verdict is WRONG
    assert fuzzy_match(threshold=1)("The Beatles!", ["beatles"]).verdict is RIGHT
    assert fuzzy_match(threshold=0.5)("I don't know", ["I don't snow"]).verdict is Verdict.ABSTAINED
    assert similarity("a" * 1001, "a" * 1002) == 0  # too long to be compared
    with pytest.raises(ValueError, match=r"threshold must lie in \(0, 1\], got 0"):
        fuzzy_match(threshold=0)


@pytest.mark.parametrize("limit", [5, 18, 40])
@given(st.text(st.sampled_from("ab1.,-/ ﷺU.S½é'#&the"), max_size=120))
def test_a_cut_normal_form_is_normal_and_no_longer_than_the_limit(limit: int, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_module, "LONGEST", limit)
        once = normalize(text)
        assert normalize(once) == once
        assert len(once) <= limit


def test_a_text_whose_normal_form_is_eighteen_times_as_long_costs_no_more_than_its_limit() -> None:
    assert len(normalize("ﷺ" * 1_000_000)) <= text_module.LONGEST
    assert normalize("ﷺ") == normalize("صلى الله عليه وسلم")
