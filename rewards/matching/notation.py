r"""Numbers and expressions as LaTeX and typography write them, in plain characters: `9\,500`, "−5", `\frac{1}{2}`."""

from __future__ import annotations

import re

from .text import fold

_SPACES = "\u00a0\u2007\u2009\u200a\u202f"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_POWER = re.compile(r"(?<=[\d)\]}])[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_SIZES = re.compile(r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|limits)(?![A-Za-z])\s*")
_COMMANDS = {
    "\\$": "$", "\\%": "%", "\\#": "#", "\\&": "&", "{,}": ",", "{:}": ":", "{.}": ".", "\\dfrac": "\\frac",
    "\\tfrac": "\\frac", "\\cfrac": "\\frac", "\\lbrace": "\\{", "\\rbrace": "\\}", "^\\circ": "°", "^{\\circ}": "°",
    "\\degree": "°", "\\textdegree": "°", "\\euro": "€", "\\pounds": "£", "\\textdollar": "$",
}  # fmt: skip
_WRITTEN = re.compile("|".join(re.escape(c) + ("(?![A-Za-z])" if c[-1].isalpha() else "") for c in _COMMANDS))
_NEGATIVE_SPACE = re.compile(r"\s*\\!\s*")
_THIN = re.compile(r"(?<!\\)\\[,;: ]|~|\\(?:quad|qquad|thinspace)(?![A-Za-z])|[" + _SPACES + "]")
_TEXT = re.compile(r"\\(?:text(?:bf|it|rm|tt|sf|normal)?|mathrm|mathbf|mbox|operatorname|rm)\s*\{([^{}]*)\}")
_DELIMITERS = re.compile(r"\\[()\[\]]|\$\$")
_DOLLARS = re.compile(r"(?<![\\$\w])\$(?=[^\s$])([^$\n]{1,200}?)(?<=[^\s\\])\$(?![\w$])")
_GROUPS = re.compile(r"(?<![\d.,])(\d{1,3})((?:[ ,'\u2019]\s?\d{3}){1,12})(?![\d]|[.,]\d{4})")
_MINUS = re.compile(
    r"\u2212|(?<![^\s(=:,\[{])[\u2010-\u2015](?=[$€£¥]?\.?\d)|(?<![^\n(=:\[{])[\u2010-\u2015\u2212] (?=[$€£¥]?\.?\d)"
)
_FRACTION = re.compile(
    r"(?P<whole>(?<![\d.])\d{1,15}\s*)?\\frac\s*(?:\{\s*(?P<up>[-+]?\d[\d.]{0,30})\s*\}|(?P<u>\d))\s*(?:\{\s*(?P<down>\d[\d.]{0,30})\s*\}|(?P<d>\d))"
)
_CALCULATOR = re.compile(r"<<[^<>\n]{0,200}>>")
"""The marks of GSM8K for a calculator, "<<16-3=13>>13"."""
_SIGN_WORD = re.compile(r"\b(?:minus|negative) (?=[$€£¥]?\.?\d)", re.IGNORECASE)
_TEN_ALONE = re.compile(r"(?<![\w.^*x×·}] )(?<![\w.^*/x×·}])(?=10\s?\^\s?\{?[-+]?\d{1,3}(?!\d))")
_POWER_OF_TEN = re.compile(r"\s*(?:\\times|\\cdot|[*x×·⋅])\s*10\s*\^\s*\{?\s*([-+]?\d{1,3})\s*\}?")


def plain_notation(text: str) -> str:
    r"""Return `text` with the notation of LaTeX and of typography for numbers written plainly, folded line by line.

    Digits are no longer grouped by spaces or commas, minus signs are "-", fractions "a/b", powers of ten
    "x 10^n"; text commands and the delimiters of formulas are gone.

    >>> plain_notation(r"$9\,500$"), plain_notation("\u2013 5 °C"), plain_notation(r"3 \times 10^{8}")
    ('9500', '-5 °C', '3 x 10^8')
    >>> plain_notation(r"1\frac{1}{2}"), plain_notation(r"\$32,\!348"), plain_notation("1 250 000")
    ('1 1/2', '$32348', '1250000')
    """
    text = latex_notation(text)
    text = _SIGN_WORD.sub("-", _CALCULATOR.sub("", text))
    text = _TEN_ALONE.sub("1 x ", _FRACTION.sub(_fraction, text))
    text = _POWER_OF_TEN.sub(r" x 10^\1", text)
    return "\n".join(filter(None, map(fold, text.split("\n"))))


def latex_notation(text: str) -> str:
    """Return `text` with one spelling for signs, spaces, currencies and groups of digits, its structure untouched."""
    text = _POWER.sub(lambda power: "^{" + power[0].translate(_SUPERSCRIPTS) + "}", text)
    text = _NEGATIVE_SPACE.sub("", _SIZES.sub("", text))
    text = _THIN.sub(" ", _WRITTEN.sub(lambda command: _COMMANDS[command[0]], text))
    for _ in range(2):
        text = _TEXT.sub(r" \1 ", text)
    text = _DOLLARS.sub(r" \1 ", _DELIMITERS.sub(" ", text))
    return ungrouped(_MINUS.sub("-", text))


def ungrouped(text: str) -> str:
    """Return `text` without commas or spaces between the groups of three digits of a number.

    >>> ungrouped("9 500 of 1,250,000"), ungrouped("3, 500"), ungrouped("in 1994 300 people")
    ('9500 of 1250000', '3, 500', 'in 1994 300 people')
    """
    return _GROUPS.sub(_joined, text)


def _joined(found: re.Match[str]) -> str:
    marks = set(re.sub(r"\d", "", found[2]).replace(", ", ";"))
    # A list of numbers has a space behind its commas, a number does not; nor does it mix its marks.
    return found[1] + re.sub(r"\D", "", found[2]) if len(marks) == 1 and ";" not in marks else found[0]


def _fraction(found: re.Match[str]) -> str:
    up, down = found["up"] or found["u"], found["down"] or found["d"]
    if "." in up + down:
        return found[0]
    return f"{found['whole'].strip() + ' ' if found['whole'] else ''}{up}/{down}"
