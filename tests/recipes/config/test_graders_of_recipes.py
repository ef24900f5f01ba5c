"""The `grader:` key: one grader for training and evaluation, checked before anything is trained."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from abstain.data import InputError, Question
from abstain.recipes import dump_recipe, load_recipe
from abstain.recipes.config.graders import GRADER_KINDS, GRADERS, JUDGE_VERDICTS, check_grader, with_memory
from abstain.recipes.config.reward import recipe_reward
from abstain.rewards import Verdict
from abstain.rewards.answer_grader import AnswerGrader
from abstain.rewards.judge.judge import JudgeMatch
from abstain.rewards.matching.fallback import FallbackMatch

CHOICES = ("Rome", "Paris")


@pytest.mark.parametrize(
    ("override", "completion", "answers", "choices"),
    [
        ("{kind: auto}", "It is Paris.", ["Paris"], None),
        ("{kind: auto}", "(B)", ["Paris"], CHOICES),
        ("{kind: alias}", "the Paris", ["Paris"], None),
        ("{kind: contains}", "The capital of France is Paris.", ["Paris"], None),
        ("{kind: numeric, absolute: 0.5}", "17.6", ["18"], None),
        ("{kind: choice}", "(b)", ["Paris"], CHOICES),
        ("{kind: token_f1, threshold: 0.8}", "Barack Hussein Obama", ["Barack Obama"], None),
        ("{kind: fuzzy, threshold: 0.9}", "Fyodor Dostoevsky", ["Fyodor Dostoyevsky"], None),
        ("{kind: math}", r"\boxed{18}", ["18"], None),
        ("{kind: alias, extract: tag}", "<answer>Paris</answer>, I believe", ["Paris"], None),
    ],
)
def test_every_kind_of_grader_can_be_named_and_survives_the_run_folder(
    override: str, completion: str, answers: Sequence[str], choices: Sequence[str] | None
) -> None:
    recipe = load_recipe("tiny", [f"grader={override}"])
    assert recipe_reward(recipe).grade(completion, answers, choices).verdict is Verdict.CORRECT
    assert (
        recipe.grader.build(recipe.prompt.phrase)(recipe.prompt.phrase, answers, choices).verdict is Verdict.ABSTAINED
    )
    assert "grader:" in dump_recipe(recipe)


def test_a_judge_is_named_with_the_variable_of_its_key_and_no_key() -> None:
    recipe = load_recipe("tiny", ["grader={kind: judge, model: some-judge, base_url: 'http://localhost:1/v1'}"])
    assert recipe.grader.kind == "judge"
    with pytest.raises(InputError, match=r"unknown key 'grader.api_key'; did you mean 'api_key_env'"):
        load_recipe("tiny", ["grader={kind: judge, model: some-judge, api_key: secret}"])


JUDGE = "{kind: judge, model: some-judge, base_url: 'http://localhost:1/v1'}"


def test_rules_with_a_judge_for_the_rest_survive_the_run_folder_and_keep_its_verdicts_there(tmp_path: Path) -> None:
    recipe = load_recipe("tiny", [f"grader={{kind: contains, otherwise: {JUDGE}}}", "grader.otherwise.retries=1"])
    (tmp_path / "recipe.yaml").write_text(dump_recipe(recipe))
    again = load_recipe(str(tmp_path / "recipe.yaml"))
    assert again.grader == recipe.grader
    grade = with_memory(again.grader, tmp_path).build(recipe.prompt.phrase)
    assert isinstance(grade, AnswerGrader)
    assert isinstance(grade.match, FallbackMatch)
    kept = str(tmp_path / JUDGE_VERDICTS)
    assert grade.match.otherwise == JudgeMatch(
        model="some-judge", base_url="http://localhost:1/v1", retries=1, cache=kept
    )
    check_grader(again.grader, "I don't know", [Question("a", "Where?", ("Verrin",))])  # asks no judge


def test_a_missing_key_of_the_judge_for_the_rest_is_found_before_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    recipe = load_recipe("tiny", ["grader={kind: auto, otherwise: {kind: judge, model: some-judge}}"])
    with pytest.raises(InputError, match="no API key: set the environment variable OPENAI_API_KEY"):
        check_grader(recipe.grader, "I don't know", [])


@pytest.mark.parametrize(
    ("grader", "message"),
    [
        (f"{{kind: fuzzy, threshold: 0.8, otherwise: {JUDGE}}}", "FuzzyMatch is sure of every verdict"),
        ("{kind: auto, otherwise: {kind: judge}}", "grader.otherwise.model"),
        ("{kind: auto, otherwise: {kind: alias}}", "'judge', 'custom'"),
        ("{kind: auto, otherwise: {kind: judge, model: j, patience: 0}}", "patience must be at least 1, got 0"),
    ],
)
def test_what_may_be_asked_otherwise_is_checked(grader: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_recipe("tiny", [f"grader={grader}"])


def test_bad_settings_are_named_with_their_key() -> None:
    with pytest.raises(InputError, match=r"grader: .*'aliases'.*'alias'"):
        load_recipe("tiny", ["grader={kind: aliases}"])
    with pytest.raises(InputError, match=r"grader: threshold must lie in \(0, 1\], got 2"):
        load_recipe("tiny", ["grader={kind: token_f1, threshold: 2}"])
    with pytest.raises(InputError, match=r"unknown key 'grader.relativ'; did you mean 'relative'"):
        load_recipe("tiny", ["grader={kind: numeric, relativ: 0.1}"])


def test_accepted_answers_that_the_grader_cannot_read_are_found_before_training() -> None:
    questions = [Question("q1", "2 + 2?", ("4",)), Question("q2", "Capital?", ("Paris",))]
    numeric = load_recipe("tiny", ["grader={kind: numeric}"]).grader
    with pytest.raises(InputError, match="grader: question 'q2': accepted answer 'Paris' cannot be compared"):
        check_grader(numeric, "I don't know", questions)
    choice = load_recipe("tiny", ["grader={kind: choice}"]).grader
    with pytest.raises(InputError, match="grader: question 'q1': multiple choice needs the choices"):
        check_grader(choice, "I don't know", questions)


def test_a_missing_extra_is_named_with_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "math_verify", None)
    maths = load_recipe("tiny", ["grader={kind: math}"]).grader
    with pytest.raises(ImportError, match=r"math-verify, which is not installed: pip install 'abstain\[math\]'"):
        check_grader(maths, "I don't know", [])


def test_the_table_of_kinds_names_every_kind_by_its_own_name() -> None:
    sections = {name: GRADER_KINDS.section(name) for name in GRADERS}
    assert {name: section.model_fields["kind"].annotation.__args__ for name, section in sections.items()} == {
        name: (name,) for name in GRADERS
    }


def test_a_recipe_adds_phrases_that_decline_and_marks_of_thoughts() -> None:
    section = GRADER_KINDS.section("contains").model_validate(
        {"kind": "contains", "refusals": ["Keine Angabe"], "thoughts": [["<plan>", "</plan>"]]}
    )
    grade = section.build("I don't know")
    assert grade("Keine Angabe.", ["Paris"]).verdict is Verdict.ABSTAINED
    assert grade("I don't know.", ["Paris"]).verdict is Verdict.ABSTAINED
    assert grade("<plan>Paris?</plan>Rome", ["Paris"]).verdict is Verdict.WRONG
    assert grade("<plan>Paris, since", ["Paris"]).verdict is Verdict.UNGRADED
