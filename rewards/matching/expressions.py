r"""Which mathematical expression does a text answer with? Its LaTeX, from prose, formulas and units.

`final_expression` finds it, `to_latex` spells it for the parser: "x²" and "x^2" are `x^{2}`, "sqrt(3)" is `\sqrt{3}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..extract import Boxed
from .notation import latex_notation
from .quantities import UNIT_WORDS
from .statement import announced, concluded, sentences

_FUNCTIONS = (
    "arcsin arccos arctan sinh cosh tanh sin cos tan cot sec csc log ln exp sqrt pi theta alpha beta gamma lambda mu "
    "phi infinity infty inf min max gcd lcm det mod cup cap"
)
_KNOWN = frozenset(_FUNCTIONS.split())
"""Words of several letters that belong to an expression."""
_SIGNS = {
    "π": r"\pi ", "∞": r"\infty ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ",
    "±": r"\pm ", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "÷": r"\div ", "θ": r"\theta ", "α": r"\alpha ",
    "β": r"\beta ", "√": r"\sqrt ", "<=": r"\le ", ">=": r"\ge ", "**": "^", "−": "-", "–": "-", "∅": r"\emptyset ",
}  # fmt: skip
_SIGN = re.compile("|".join(map(re.escape, _SIGNS)))
_LETTER_POWER = re.compile(r"(?<=[A-Za-z])[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_DIGITS_UP = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_EXPONENT = re.compile(r"(?<=\d)[eE]([-+]?\d{1,3})(?![\w.])")
_LONG_POWER = re.compile(r"\^\s*(-?\d+(?:\.\d+)?|-[A-Za-z]|\((?P<inner>[^()]{1,40})\))")
_ROOT = re.compile(r"\\?sqrt\s*(?:\((?P<inner>[^()]{1,80})\)|(?P<bare>\d+|[A-Za-z])(?![A-Za-z]))")
_WORDCOMMAND = re.compile(r"(?<![\\A-Za-z])(" + "|".join(_FUNCTIONS.split()) + r")(?![A-Za-z])")
_RENAMED = {"infinity": "infty", "inf": "infty", "gcd": "gcd"}
_FORMULA = re.compile(
    r"\$\$(.+?)\$\$|(?<![\\$\w])\$(?=[^\s$])([^$\n]+?)(?<=[^\s\\])\$(?![\w$])|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL
)
_BOX = "\\boxed{"
_PROSE = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}(?:'[a-z]+)?(?![A-Za-z])")
_TEXT = re.compile(r"\\(?:text(?:bf|it|rm)?|mathrm|mathbf|mbox|operatorname)\s*\{([^{}]*)\}(?:\^\{?[23]\}?)?")
_WRAPPED = re.compile(_TEXT.pattern + r"|\\(?:begin|end)\s*\{[a-z]+\*?\}")
_DELIMITERS = re.compile(r"\\[()\[\]]|\$")
_BASE = re.compile(r"(?<=[0-9A-Fa-f])_\{?(\d{1,2})\}?\s*$")
_MEMBER = re.compile(r"^\s*[A-Za-z]\s*\\in(?![A-Za-z])\s*")
_ASSIGNED = re.compile(r"(?<![A-Za-z\\])[A-Za-z](?:_\{?\w\}?)?\s*=\s*")
_TOKEN = re.compile(
    r"\$\$(?P<display>[^$]+)\$\$|(?<![\\$\w])\$(?=[^\s$])(?P<inline>[^$\n]+?)(?<=[^\s\\])\$(?![\w$])"
    r"|\\\((?P<round>.+?)\\\)|\\\[(?P<square>.+?)\\\]|(?P<word>(?:\\begin\{[a-z]+\*?\}.*?\\end\{[a-z]+\*?\}|\\(?:text|mbox|mathrm)\w*\s*\{[^{}]*\}|\S)+)",
    re.DOTALL,
)
_EDGES = ".,;:?*\"'`"
_OPERATORS = frozenset("+-*/=^<>|") | {"<=", ">=", r"\le", r"\ge", "±", "×", "·", "÷"}
_REASON = re.compile(r",?\s+(?:since|because|where|when|as|after|given|with|for|which)\b", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Za-z](?:_\w)?|[A-Za-z]'?\([A-Za-z]\)")
_ABBREVIATED = re.compile(r"(?:[A-Za-z]\.)+[A-Za-z]?|I'\w+")
_ARTICLES = frozenset(("a", "A", "I"))
COMMA = re.compile(r",(?!\d{3})(?![^([{]{0,80}[)\]}])")
"""What parts the expressions of a list, unlike a comma within brackets or between digits."""
_ALSO = re.compile(r",?(?:or|and|\u2227)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Expression:
    """An answer as an expression: its LaTeX, the unit and the number base beside it, and its words where it is none."""

    latex: str
    unit: str | None = None
    base: str | None = None
    words: str | None = None


def read_expression(text: str) -> Expression | None:
    r"""Return the expression that `text` answers with, or None where it states several in no list.

    >>> read_expression(r"So the answer is $\frac{1}{2}$.").latex, read_expression("x = 3 or x = -2").latex
    ('\\frac{1}{2}', 'x = 3, x = -2')
    >>> read_expression("The jacket costs 36 dollars."), read_expression(r"\text{east}").words
    (Expression(latex='36', unit='dollar', base=None, words=None), 'east')
    """
    if text.isdecimal():
        return Expression(text)
    bare = _unboxed(text).strip()
    if not _has_expression(bare):
        return Expression("", words=latex_notation(announced(bare) or concluded(bare) or bare).strip(" .$"))
    found = _last_line(bare) if not _is_prose(bare) else _from_prose(bare)
    return None if found is None else _split(found)


def _unboxed(text: str) -> str:
    boxes = Boxed()(text) if "\\boxed{" in text else ()
    return boxes[-1] if boxes else text


def _is_prose(text: str) -> bool:
    """Return whether words stand in `text` that belong to no expression."""
    return any(word[0].lower() not in _KNOWN for word in _PROSE.finditer(_WRAPPED.sub(" ", text)))


def _has_expression(text: str) -> bool:
    """Return whether a digit, a command, or a letter on its own stands in `text`, beside its words."""
    bare = _DELIMITERS.sub(" ", _TEXT.sub(" ", text))
    return any(map(str.isdigit, bare)) or any(_is_mathy(token) for token in bare.split())


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2].strip().rstrip(" .").strip("$")


def _from_prose(text: str) -> str | None:
    """Return the part of `text` that is its expression, as the words around it say; None where none of several is."""
    label = announced(text)
    runs = _runs(label) if label else []
    if runs:
        return runs[0]
    first = text.partition("\n")[0].strip()
    if "\n" in text and not _is_prose(first) and "=" not in first and _has_expression(first):
        return first
    spans = sentences(text)
    last = text[slice(*spans[-1])]
    for place in (concluded(text), _REASON.split(last, maxsplit=1)[0], last, text):
        runs = _runs(place) if place else []
        if len(set(runs)) == 1 or (runs and "=" in runs[-1]):
            return None if _repeats(text, spans) else runs[-1]
        if runs and place is not last:
            return None
    return None


def _repeats(text: str, spans: list[tuple[int, int]]) -> bool:
    """Return whether the last two sentences say the same of two expressions ("It is 5. It is 7.")."""
    if len(spans) < 2:
        return False
    frames = [[token for token in text[slice(*span)].split() if not _is_mathy(token)] for span in spans[-2:]]
    return bool(frames[0]) and frames[0] == frames[1]


def _runs(text: str) -> list[str]:
    """Return the expressions that stand in a sentence, with their units; those of a list ("3 or -2") as one."""
    runs: list[list[str]] = []
    gap: list[str] = []
    for token in _TOKEN.finditer(text):
        word = token["word"]
        if word is None:
            word = next(filter(None, token.groups()))
        elif not _is_mathy(word):
            gap.append(word)
            continue
        joins = len(gap) == 1 and _ALSO.fullmatch(gap[0]) is not None
        if runs and (not gap or joins) and runs[-1][-1][-1] not in ".;:?":
            runs[-1][-1] += "," * (joins and not runs[-1][-1].endswith(","))
            runs[-1].append(word)
        else:
            _add_unit(runs, gap)
            runs.append([word])
        gap = []
    _add_unit(runs, gap)
    found = [
        run
        for run in (" ".join(run).lstrip(" *\"'`").rstrip(" .,;:?*\"'`") for run in runs)
        if any(map(str.isalnum, run))
    ]
    found = [_result(run) for run in found]
    numbers = [run for run in found if any(map(str.isdigit, run)) or "\\" in run]
    return numbers or [run for run in found if not _VARIABLE.fullmatch(run)] or found


def _result(run: str) -> str:
    """Return the last equation of a list of steps ("720, 720/6 = 120"); a list of solutions as it is."""
    *_, last = COMMA.split(run)
    left, equals, _ = last.partition("=")
    return last.strip() if equals and any(map(str.isdigit, left)) else run


def _is_mathy(token: str) -> bool:
    """Return whether a word of a sentence belongs to an expression: a number, a variable, an operator, a command."""
    if token in _OPERATORS:
        return True
    bare = token.strip(_EDGES)
    if not bare or bare in _ARTICLES or _ABBREVIATED.fullmatch(bare) or _is_prose(bare):
        return False
    if any(map(str.isdigit, bare)) or "\\" in bare or bare.lower() in _KNOWN:
        return True
    return any(map(str.isalpha, bare)) and (not bare.isalpha() or len(bare) == 1)


def _add_unit(runs: list[list[str]], words: list[str]) -> None:
    """Append to the last run the unit that the `words` behind it begin with."""
    for length in (3, 2, 1):
        unit = " ".join(words[:length]).rstrip(_EDGES)
        if runs and len(words) >= length and len(unit) > 1 and unit.lower() in UNIT_WORDS and unit != "in":
            runs[-1].append(f"\\text{{ {unit}}}")
            return


def _split(text: str) -> Expression:
    """Return the expression `text`, with its unit and its base apart."""
    texts = [found[1].strip() for found in _TEXT.finditer(text)]
    marks = [sign for sign in "$€£¥°" if sign in latex_notation(text.strip("$"))]
    unit = next((UNIT_WORDS[name.lower()] for name in (*texts, *marks) if name.lower() in UNIT_WORDS), None)
    bare = _MEMBER.sub("", _TEXT.sub(" ", text)).strip(" $")
    base = _BASE.search(bare)
    latex = to_latex(bare[: base.start()] if base else bare)
    return Expression(latex, unit, base[1] if base else None)


def to_latex(text: str) -> str:
    r"""Return an expression in the LaTeX that the parser reads, from plain characters or LaTeX.

    >>> to_latex("1/2^99"), to_latex("sqrt(3)/2"), to_latex("x²+2*pi"), to_latex(r"9\,500")
    ('1/2^{99}', '\\sqrt{3}/2', 'x^{2}+2\\cdot \\pi', '9500')
    """
    text = _LETTER_POWER.sub(lambda power: "^{" + power[0].translate(_DIGITS_UP) + "}", text)
    text = latex_notation(text.replace("**", "^"))
    text = _EXPONENT.sub(r" \\times 10^{\1}", text).replace("\\\\", " \\\\ ")
    text = _SIGN.sub(lambda sign: _SIGNS[sign[0]], text)
    text = re.sub(r"[$€£¥°]|(?<=\d)\s*\^\s*\{?\s*\\circ\s*\}?", "", text)
    text = _ROOT.sub(lambda root: f"\\sqrt{{{root['inner'] or root['bare']}}}", text)
    text = _LONG_POWER.sub(lambda power: f"^{{{power['inner'] or power[1]}}}", text)
    text = _WORDCOMMAND.sub(lambda word: "\\" + _RENAMED.get(word[1], word[1]), text)
    text = re.sub(r"(?<=[\w)}])\s*\*\s*(?=[\w(\\])", r"\\cdot ", text)
    return " ".join(text.split()).rstrip(" .,;:")
