r"""Which number does a text state? Values worked out by hand, in the notations of prose, typography and LaTeX."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abstain.rewards import Verdict, numeric_match
from abstain.rewards.matching.notation import plain_notation, ungrouped
from abstain.rewards.matching.numeric import quantity_in

RIGHT, WRONG = Verdict.CORRECT, Verdict.WRONG


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(
            (text, 9500)
            for text in ("9,500", "9{,}500", r"9\,500", r"9,\!500", "9 500", "9\u202f500", "9'500", "$9500$")
        ),
        *((text, 1_250_000) for text in ("1 250 000", r"1{,}250{,}000", "1.25 million", r"1.25 \times 10^6")),
        *((text, -5) for text in ("−5", "–5", "— 5", "- 5", "minus 5", "negative five", "-5.", r"\text{-5}")),
        *((text, Fraction(1, 2)) for text in (r"\frac{1}{2}", r"\dfrac12", "½", "1/2", ".5", r"\frac{2}{4}")),
        *((text, Fraction(3, 2)) for text in (r"1\frac{1}{2}", "1 1/2", "1½", "1.50", r"$1\tfrac12$")),
        *((text, 1000) for text in ("10^3", "10³", "1e3", "1 × 10³", r"1 \cdot 10^{3}", "1*10^3", "a thousand")),
        *((text, Fraction(1, 1000)) for text in ("10^{-3}", "10⁻³", "1e-3", "0.001")),
        *((text, 36) for text in (r"\$36", "$36", "36 dollars", "36.", "**36**", "about 36", "36.00", "thirty-six")),
        *((text, 105) for text in ("one hundred and five", "There are one hundred and five of them.")),
        *((text, 12) for text in ("12 in total", "12 (twelve)", "a dozen", "#### 12", "x = 12", "= 12", "12km")),
    ],
)
def test_one_number_has_many_notations(text: str, value: Fraction) -> None:
    quantity, reason = quantity_in(text)
    assert quantity is not None, reason
    assert quantity.value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("She has 16 eggs and eats 3. The answer is 13.", 13),
        ("The answer is 13. Check: 3 + 13 = 16.", 13),
        ("16 - 3 = 13 eggs of 16.\nA: 13", 13),
        ("She has 16 - 3 = 13 eggs, so she makes 13 * 2 = $26.", 26),
        ("16 - 3 = <<16-3=13>>13 eggs\n13 * 2 = $<<13*2=26>>26 every 7 days", 26),
        ("The discount is 12 dollars, so the sale price is 36 dollars.", 36),
        ("A cell has 46 chromosomes, arranged in 23 pairs.", 46),
        ("It fell in 1989, after 28 years.", 1989),
        ("It weighs 12 kg (26 pounds).", None),
        ("Spiders have eight legs.", 8),
        ("In 2010, the city had 1,500,000 inhabitants.", 1_500_000),
        ("The population in 2010 was 1.5 million.", 1_500_000),
        ("There is only one.", 1),
        ("The city has 1.5 million inhabitants.", 1_500_000),
    ],
)
def test_a_sentence_states_the_number_that_a_reader_takes_from_it(text: str, value: int | None) -> None:
    quantity, _ = quantity_in(text)
    assert (quantity.value if quantity else None) == value


@pytest.mark.parametrize(
    ("question", "text", "value"),
    [
        ("How many minutes are there in 2.5 hours?", "There are 150 minutes in 2.5 hours.", 150),
        ("What do 5 apples cost?", "5 apples cost $3", 3),
        ("What is larger, 5 or 7?", "7 is larger than 5", None),
    ],
)
def test_numbers_that_repeat_the_question_are_not_the_answers_own(question: str, text: str, value: int | None) -> None:
    quantity, _ = quantity_in(text, question)
    assert (quantity.value if quantity else None) == value
    wanted = str(value if value is not None else 7)
    assert numeric_match()(text, [wanted], question=question).verdict is (WRONG if value is None else RIGHT)


@pytest.mark.parametrize(
    "text",
    [
        *("5 or 7", "5, 7", "5; 7", "5/7/9", "between 5 and 7", "from 5 to 7", "5–7", "either 5 or 7", "5, maybe 7"),
        *("x = 5 or 7", "The answer is 5 or 7.", "so it is 5 or 7", "It is 5. It is 7.", "five or seven"),
    ],
)
def test_several_numbers_are_no_answer_whatever_is_accepted(text: str) -> None:
    assert quantity_in(text)[0] is None
    for gold in ("5", "7", "9"):
        assert numeric_match()(text, [gold]).verdict is WRONG


@pytest.mark.parametrize(
    ("completion", "answer", "verdict"),
    [
        ("50%", "0.5", RIGHT),
        ("50 percent", "1/2", RIGHT),
        ("100%", "1", RIGHT),
        ("0.25", "25%", RIGHT),
        ("25", "25%", RIGHT),
        ("35%", "35", RIGHT),
        ("0.35", "35", WRONG),
        ("50", "0.5", WRONG),
        ("1", "100%", WRONG),
        ("5%", "0.5", WRONG),
        ("€18", "$18", WRONG),
        ("150 minutes", "2.5 hours", RIGHT),
        ("9.500", "9500", WRONG),
        ("5", "-5", WRONG),
        ("3 × 10^6 m/s", "3e8", WRONG),
    ],
)
def test_percentages_units_and_signs_follow_the_accepted_answer(completion: str, answer: str, verdict: Verdict) -> None:
    assert numeric_match()(completion, [answer]).verdict is verdict


def test_what_is_accepted_is_read_by_the_same_rules() -> None:
    for accepted in (r"\$36", "36 dollars", r"\frac{72}{2}", "x = 36", "36."):
        assert numeric_match()("36", [accepted]).verdict is RIGHT
    with pytest.raises(ValueError, match="accepted answer 'Paris' cannot be compared as a number: no number"):
        numeric_match()("36", ["Paris"])


def test_lists_and_years_keep_their_spaces() -> None:
    assert ungrouped("9 500 of 1,250,000") == "9500 of 1250000"
    assert ungrouped("3, 500") == "3, 500"
    assert ungrouped("in 1994 300 people") == "in 1994 300 people"
    assert ungrouped("1,000, 2,000") == "1000, 2000"


@given(st.integers(-(10**15), 10**15))
def test_groups_of_three_digits_read_as_their_integer(number: int) -> None:
    for mark in (",", " ", r"\,", "{,}", "\u202f", "'"):
        quantity, _ = quantity_in(f"{number:,}".replace(",", mark))
        assert quantity is not None
        assert quantity.value == number


@given(st.text(alphabet="0123456789 ,.-−–^{}\\$frac%x×⁰³", max_size=60))
def test_plain_notation_repeats_itself(text: str) -> None:
    assert plain_notation(text) == plain_notation(text)
    quantity_in(text)
