"""Training prompts in many wordings: which one is asked, what it inherits, and how its target is written."""

from __future__ import annotations

import pickle
from collections import Counter

import pytest

from abstain.data import PromptStyle, Question, format_target, mixed, template, templates
from abstain.data.mixture import PromptMixture, varied

QUESTIONS = [Question(f"q{i}", f"Where does person {i} live?", ("Oslo",)) for i in range(4000)]
OWN = PromptStyle(rubric='Over {target} sure, or "{phrase}".', forced="Answer.", phrase="Pass", system="Be brief.")


def test_without_a_mixture_the_prompts_are_the_recipes_own() -> None:
    assert mixed(OWN) is OWN
    assert OWN.main is OWN


def test_a_share_of_the_prompts_is_in_the_other_wordings_evenly() -> None:
    others = [{"rubric": f"Wording {i}: {{target}}", "forced": f"Forced {i}"} for i in range(3)]
    style = mixed(PromptStyle(**(vars(OWN) | {"mixture": tuple(others), "mixture_share": 0.6})))
    counts = Counter(style.messages(question, 0.5)[-1]["content"].split("\n")[1][:9] for question in QUESTIONS)
    assert counts["Over 50% "] == pytest.approx(1600, abs=130)  # 4 standard deviations: sqrt(4000 * 0.4 * 0.6) = 31
    assert [counts[f"Wording {i}"] for i in range(3)] == [pytest.approx(800, abs=105)] * 3


def test_the_wording_depends_on_question_and_target_alone() -> None:
    style = mixed(PromptStyle(mixture=("varied",)))
    again = pickle.loads(pickle.dumps(style))
    asked = [(question, t) for question in QUESTIONS[:50] for t in (0.0, 0.3, 0.7)]
    assert [style.messages(*pair) for pair in asked] == [again.messages(*pair) for pair in reversed(asked)][::-1]
    assert len({style.messages(QUESTIONS[0], t / 100)[-1]["content"].partition("\n")[2][:12] for t in range(1, 99)}) > 5


def test_what_is_evaluated_is_the_recipes_own_wording() -> None:
    style = mixed(PromptStyle(**(vars(OWN) | {"mixture": ("exam", "varied")})))
    assert isinstance(style, PromptMixture)
    assert style.main.messages(QUESTIONS[0], 0.5) == OWN.messages(QUESTIONS[0], 0.5)
    assert style.messages(QUESTIONS[0], None) == OWN.messages(QUESTIONS[0], None)


def test_wordings_take_phrase_and_system_message_from_the_section() -> None:
    style = mixed(PromptStyle(**(vars(OWN) | {"mixture": ("exam", "varied", {"rubric": "{target}"})})))
    assert isinstance(style, PromptMixture)
    assert {(other.phrase, other.system) for other in style.others} == {("Pass", "Be brief.")}
    assert len(style.others) == len(varied()) + 2


def test_the_shipped_wordings_are_none_of_the_ready_templates_and_show_every_form() -> None:
    styles = [PromptStyle(**fields) for fields in varied()]
    held_out = {text for known in templates().values() for text in (known.rubric, known.forced)}
    assert not held_out & {text for style in styles for text in (style.rubric, style.forced)}
    assert {style.target_format for style in styles} == {"percent", "decimal", "odds", "words"}
    assert {style.position for style in styles} == {"after", "before", "system"}
    assert any("{penalty}" in style.rubric for style in styles)
    assert all("{phrase}" in style.rubric and "{phrase}" not in style.forced for style in styles)


@pytest.mark.parametrize(
    ("mixture", "message"),
    [
        (("varried",), "no wording 'varried'.*varied"),
        (({"rubrik": "{target}"},), "'rubrik' is no field of a wording"),
        (({"rubric": "no number"},), r"must contain \{target\} or \{penalty\}"),
        (({"rubric": "{target}", "mixture": []},), "'mixture' is no field"),
    ],
)
def test_an_unknown_wording_is_refused(mixture: tuple[str | dict[str, str], ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mixed(PromptStyle(mixture=mixture))


@pytest.mark.parametrize(
    ("t", "odds", "words"),
    [
        (0.75, "3 to 1", "seventy-five percent"),
        (0.5, "1 to 1", "fifty percent"),
        (0.2, "1 to 4", "twenty percent"),
        (0.05, "1 to 19", "five percent"),
        (0.13, "1 to 6.7", "thirteen percent"),  # 0.87 / 0.13 = 6.69
        (0.905, "9.5 to 1", "ninety point five percent"),  # 0.905 / 0.095 = 9.53
    ],
)
def test_a_target_in_odds_and_in_words(t: float, odds: str, words: str) -> None:
    assert (format_target(t, "odds"), format_target(t, "words")) == (odds, words)


def test_the_sentence_stands_after_the_question_before_it_or_in_the_system_message() -> None:
    question = Question("q", "Capital of Norway?", ("Oslo",))
    before = PromptStyle(rubric="{target}!", position="before").messages(question, 0.5)
    assert before == [{"role": "user", "content": "50%!\nCapital of Norway?"}]
    system = PromptStyle(rubric="{target}!", position="system", system="Be brief.").messages(question, 0.5)
    assert system == [
        {"role": "system", "content": "Be brief.\n50%!"},
        {"role": "user", "content": "Capital of Norway?"},
    ]


def test_a_ready_template_in_a_mixture_keeps_its_sentences() -> None:
    style = mixed(PromptStyle(mixture=("exam",), mixture_share=1.0))
    content = style.messages(QUESTIONS[0], 0.5)[-1]["content"]
    assert content == f"{QUESTIONS[0].text}\n{template('exam').instruction(0.5)}"
