r"""Which expression does a text answer with, and what does it equal? Worked out by hand or by algebra on paper."""

from __future__ import annotations

import sys
import time

import pytest

from abstain.rewards import Verdict, math_match
from abstain.rewards.extras import MissingExtraError
from abstain.rewards.matching import maths
from abstain.rewards.matching.expressions import read_expression, to_latex

RIGHT, WRONG = Verdict.CORRECT, Verdict.WRONG
MATHS = math_match()

WITHOUT_PARSER = [
    *(
        (text, "16", RIGHT)
        for text in ("16.", "$16$", "x = 16", "n=16.", "So the answer is 16", "It's 16.", "16 apples")
    ),
    *(
        (text, "16", RIGHT)
        for text in ("sixteen", "16 = n", "16.0", r"\[x = 16\]", "8 + 8 = 16", "The answer is $16$.")
    ),
    *((text, "16", RIGHT) for text in ("16\n\nbecause 8 + 8 is 16", r"We get \boxed{16}.", "16, which is 2^4")),
    *(
        (text, "16", WRONG)
        for text in ("16 or 17", "Either 16 or 17.", "It is 15. It is 16.", "17", "-16", "16 and 17")
    ),
    *((text, "120", RIGHT) for text in ("120 degrees", r"120^\circ", "120°", "720 / 6 = 120", "5! = 120 ways")),
    *(
        (text, r"\$36", RIGHT)
        for text in ("36", "$36", r"\$36", "36 dollars", "The sale price is 36 dollars.", "$36.00")
    ),
    (r"\$36", "$12", WRONG),
    *((text, "9500", RIGHT) for text in (r"9\,500", "9,500", "9{,}500", "9500 toys a day")),
    (r"9\,500", "509", WRONG),
    ("509", r"9\,500", WRONG),
    ("$32,348", r"\$32,\!348", RIGHT),
    ("5.4", r"5.4 \text{ cents}", RIGHT),
    ("5.4 dollars", r"5.4 \text{ cents}", WRONG),
    ("15 cm^2", r"15\mbox{ cm}^2", RIGHT),
    ("864 square inches", r"864 \mbox{ inches}^2", RIGHT),
    ("50%", r"\frac{1}{2}", RIGHT),
    ("0.333333", "1/3", RIGHT),
    ("0.333", "1/3", WRONG),
    (".0000671", ".0000672", WRONG),
    ("6.72e-5", ".0000672", RIGHT),
    ("137.5", r"137 \frac{1}{2}", RIGHT),
    ("52", "52_8", RIGHT),
    ("52_7", "52_8", WRONG),
    ("Evelyn", r"\text{Evelyn}", RIGHT),
    ("The answer is Evelyn.", r"\text{Evelyn}", RIGHT),
    ("Angela", r"\text{Evelyn}", WRONG),
    ("C", r"\text{(C)}", RIGHT),
    ("B", r"\text{(C)}", WRONG),
]
BY_PARSER = [
    (r"\frac{1}{2^{98}}", "1/2^99", WRONG),
    ("2^{-99}", "1/2^99", RIGHT),
    ("1/2^99", r"\frac{1}{2^{99}}", RIGHT),
    ("e^{-50}", "e^{-51}", WRONG),
    ("x² + 2x + 1", "(x+1)^2", RIGHT),
    ("x^2 - 1", "x^2 + 1", WRONG),
    ("3x^2", "f'(x) = 3x^2", RIGHT),
    ("3pi/2", r"\frac{3\pi}{2}", RIGHT),
    ("2 sqrt 3", r"2\sqrt{3}", RIGHT),
    ("(3,4]", "(3,4]", RIGHT),
    ("[3,4)", "(3,4]", WRONG),
    ("3 < x <= 4", "(3,4]", RIGHT),
    ("-2 <= x <= 7", r"x \in [-2,7]", RIGHT),
    ("(-∞, 2) ∪ (3, ∞)", r"(-\infty, 2) \cup (3, \infty)", RIGHT),
    ("(4, 3)", "(3, 4)", WRONG),
    ("Setting them equal gives x = 3, so y = 4. The lines meet at $(3, 4)$.", "(3, 4)", RIGHT),
    ("x = 3 or x = -2", "3,-2", RIGHT),
    ("x = 3 or x = -2", "3", WRONG),
    ("3", "3,-2", WRONG),
    ("1 ± √19", r"1 + \sqrt{19}, 1 - \sqrt{19}", RIGHT),
    ("10x - 14y = -8", "5x - 7y + 4 = 0", RIGHT),
    ("0", "5x - 7y + 4 = 0", WRONG),
    ("6 + 5i", "6 - 5i", WRONG),
    ("10!", "3628800", RIGHT),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", RIGHT),
]


@pytest.mark.parametrize(("completion", "answer", "verdict"), WITHOUT_PARSER)
def test_numbers_and_names_need_no_parser(
    completion: str, answer: str, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maths, "_worker", lambda: pytest.fail("asked the parser"))
    assert MATHS(completion, [answer]).verdict is verdict


@pytest.mark.parametrize(("completion", "answer", "verdict"), BY_PARSER)
def test_expressions_equal_by_value_and_not_to_six_decimals(completion: str, answer: str, verdict: Verdict) -> None:
    pytest.importorskip("math_verify")
    assert MATHS(completion, [answer]).verdict is verdict


def test_without_math_verify_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maths, "_of_thread", type("Empty", (), {})())
    monkeypatch.setitem(sys.modules, "math_verify", None)
    with pytest.raises(
        MissingExtraError, match=r"comparing expressions needs math-verify, .*: pip install 'abstain\[math\]'"
    ):
        MATHS("x + 1", ["x - 1"])


@pytest.mark.parametrize(
    ("plain", "latex"),
    [
        ("1/2^99", "1/2^{99}"),
        ("sqrt(3)/2", r"\sqrt{3}/2"),
        ("x²", "x^{2}"),
        ("2*pi", r"2\cdot \pi"),
        ("x ≤ 3", r"x \le 3"),
        (r"10,\!080", "10080"),
    ],
)
def test_plain_characters_are_spelt_in_latex(plain: str, latex: str) -> None:
    assert to_latex(plain) == latex


def test_a_list_of_steps_is_its_last_and_a_list_of_solutions_all_of_them() -> None:
    steps, solutions = read_expression("The sum is 720, and 720 / 6 = 120."), read_expression("x = 3 or x = -2")
    assert steps is not None
    assert steps.latex == "720 / 6 = 120"
    assert solutions is not None
    assert solutions.latex.replace(" ", "") == "x=3,x=-2"


@pytest.mark.parametrize(
    "piece", ["$x$ ", r"\frac{1}{", r"\text{", "1 + ", "so ", "(((", "^", "_8", "x = ", "1, ", "\\("]
)
def test_reading_hostile_text_takes_time_linear_in_it(piece: str) -> None:
    times: list[float] = []
    for length in (2_000, 8_000):
        start = time.perf_counter()
        read_expression(piece * (length // len(piece)))
        times.append(time.perf_counter() - start)
    assert times[1] < 0.05 + 12 * times[0]
