"""A grader of the user's own, by its import path: in recipes, `eval` and `score`, tried before anything is asked."""

from __future__ import annotations

import json
import pickle
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from abstain.data import InputError, Question
from abstain.recipes import load_recipe
from abstain.recipes.commands.cli import app
from abstain.recipes.commands.recipes import examine
from abstain.recipes.config.graders import check_grader
from abstain.recipes.config.reward import recipe_reward
from abstain.rewards import Judgement, Verdict
from abstain.rewards.matching.custom_match import load_match

OWN = """
import numpy as np
from abstain.rewards import Judgement, Verdict

def first_letter(answer, answers, ignore_case=False):
    fold = str.casefold if ignore_case else str
    return any(fold(answer[0]) == fold(accepted[0]) for accepted in answers)

def from_numpy(answer, answers):
    return np.bool_(answer in answers)

def with_question(answer, answers, choices=None, question=None):
    return Judgement(Verdict.CORRECT if question and answer in question else Verdict.UNGRADED, answer, "looked up")

def verdict(answer, answers):
    return Verdict.WRONG

def score(answer, answers):
    return 0.7

def broken(answer, answers):
    return {"Paris": True}[answer]

class Within:
    def __init__(self, letters):
        self.letters = letters
    def __call__(self, answer, answers):
        return any(abs(len(answer) - len(accepted)) <= self.letters for accepted in answers)

constant = 3
"""
PHRASE = "I don't know"


@pytest.fixture(autouse=True)
def own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path])
    path = tmp_path / "own_grader.py"
    path.write_text(OWN, encoding="utf-8")
    monkeypatch.delitem(sys.modules, "own_grader", raising=False)
    return path


def grader_of(path: str) -> str:
    return f"grader={{kind: custom, path: '{path}'}}"


def test_a_function_decides_between_right_and_wrong_and_abstentions_are_recognised_before(own_code: Path) -> None:
    recipe = load_recipe("tiny", [grader_of(f"{own_code}:first_letter")])
    reward = recipe_reward(recipe)
    assert reward.grade("Porto", ["Paris"]) == Judgement(Verdict.CORRECT, "Porto")
    assert reward.grade("Rome", ["Paris"]).verdict is Verdict.WRONG
    assert reward.grade("I don't know", ["Paris"]).verdict is Verdict.ABSTAINED
    assert reward.grade("Porto", [], answerable=False).verdict is Verdict.WRONG
    assert pickle.loads(pickle.dumps(reward)) == reward


def test_both_forms_of_a_path_arguments_and_classes(own_code: Path) -> None:
    assert load_match(f"{own_code}:first_letter", {"ignore_case": True})("porto", ["Paris"]).verdict is Verdict.CORRECT
    assert load_match(f"{own_code}:from_numpy")("Paris", ["Paris"]).verdict is Verdict.CORRECT
    assert load_match(f"{own_code}:verdict")("Paris", ["Paris"]) == Judgement(Verdict.WRONG, "Paris")
    assert load_match(f"{own_code}:Within", {"letters": 1})("Rome!", ["Rome"]).verdict is Verdict.CORRECT
    asks = load_match("own_grader.with_question")  # the first line puts the folder on the Python path
    assert asks.reads_question
    assert asks("Paris", ["x"], question="Where is Paris?") == Judgement(Verdict.CORRECT, "Paris", "looked up")


def test_a_file_is_looked_up_beside_the_recipe(own_code: Path, tmp_path: Path) -> None:
    written = tmp_path / "mine.yaml"
    written.write_text("extends: tiny\ngrader: {kind: custom, path: 'own_grader.py:first_letter'}\n", encoding="utf-8")
    recipe = load_recipe(str(written))
    assert recipe.grader.build(PHRASE)("Porto", ["Paris"]).verdict is Verdict.CORRECT
    again = tmp_path / "elsewhere" / "recipe.yaml"  # as a run's folder keeps it
    again.parent.mkdir()
    from abstain.recipes import dump_recipe

    again.write_text(dump_recipe(recipe), encoding="utf-8")
    assert load_recipe(str(again)) == recipe


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "score",
            r"score\('Paris', \['Paris'\]\) must return True, False, a Verdict or a Judgement, got 0.7",
        ),
        ("broken", r"broken\('Something else', \['Paris'\]\) raised KeyError: 'Something else'"),
        ("missing", "module own_grader has no 'missing'"),
        ("constant", r"must be a function of \(answer, answers\), got 3"),
        ("Within", "missing 1 required positional argument: 'letters'"),
    ],
)
def test_what_a_function_does_wrong_is_found_before_anything_is_asked(own_code: Path, name: str, message: str) -> None:
    recipe = load_recipe("tiny", [grader_of(f"{own_code}:{name}")])  # loading imports nothing
    with pytest.raises(InputError, match=r"^recipe: grader: .*" + message):
        check_grader(recipe.grader, PHRASE, [Question("q1", "Capital of France?", ("Paris",))])
    (first, *_) = examine("tiny", [grader_of(f"{own_code}:{name}")])["findings"]
    assert first["level"] == "error"
    assert first["message"].startswith("recipe: grader: ")


def test_a_path_that_leads_nowhere_says_where_it_was_looked_for(tmp_path: Path) -> None:
    for path, message in (
        ("no_such_module.grade", r"no_such_module.grade: No module named 'no_such_module'; it is looked for on"),
        ("no_such.py:grade", r"no_such.py:grade: no such file 'no_such.py'"),
        ("grade", "'grade' is not a dotted path; write module.name"),
    ):
        with pytest.raises(InputError, match=message):
            check_grader(load_recipe("tiny", [grader_of(path)]).grader, PHRASE, [])
    (tmp_path / "json.py").write_text("def grade(answer, answers): return True", encoding="utf-8")
    with pytest.raises(InputError, match=r"another module is called 'json' \(.*\); rename the file"):
        check_grader(load_recipe("tiny", [grader_of(f"{tmp_path / 'json.py'}:grade")]).grader, PHRASE, [])
    (tmp_path / "raises_on_import.py").write_text("1 / 0", encoding="utf-8")
    with pytest.raises(InputError, match="importing raises_on_import raised ZeroDivisionError: division by zero"):
        check_grader(load_recipe("tiny", [grader_of(f"{tmp_path / 'raises_on_import.py'}:grade")]).grader, PHRASE, [])


def test_score_grades_with_it(own_code: Path, tmp_path: Path) -> None:
    rows = [
        {"id": "1", "question": "Capital of France?", "answers": ["Paris"], "completion": "Porto", "threshold": 0.5},
        {"id": "2", "question": "Capital of Italy?", "answers": ["Rome"], "completion": "Paris", "threshold": 0.5},
    ]
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    grader = f"{{kind: custom, path: '{own_code}:first_letter'}}"
    out = tmp_path / "scored"
    done = CliRunner().invoke(app, ["score", str(log), "--grader", grader, "--out", str(out)])
    assert done.exit_code == 0, done.output
    written = [json.loads(line) for line in (out / "responses.jsonl").read_text().splitlines()]
    assert [row["verdict"] for row in written] == ["correct", "wrong"]
    broken = CliRunner().invoke(app, ["score", str(log), "--grader", grader.replace("first_letter", "broken")])
    assert isinstance(broken.exception, InputError)
    assert "broken('Porto', ['Paris']) raised KeyError: 'Porto'" in str(broken.exception)


def test_a_payoff_takes_both_forms_of_a_path_too(tmp_path: Path) -> None:
    (tmp_path / "own_pay.py").write_text(
        "def pay(verdict, t, confidence):\n"
        "    return {'CORRECT': 1.0, 'ABSTAINED': 0.0, 'WRONG': -3.0}[verdict.name]\n",
        encoding="utf-8",
    )
    for path in (f"{tmp_path / 'own_pay.py'}:pay", "own_pay.pay"):  # the first puts the folder on the Python path
        recipe = load_recipe("tiny", [f"rl.payoff={{kind: custom, path: '{path}'}}"])
        assert recipe_reward(recipe).payoff.break_even == pytest.approx(0.75)  # 3 / (1 + 3)


def test_an_evaluation_grades_with_it_and_refuses_a_broken_one_before_the_model_is_loaded(
    own_code: Path, tiny_model: str, tmp_path: Path
) -> None:
    questions = tmp_path / "q.jsonl"
    rows = [{"messages": [{"role": "user", "content": f"Capital {i}?"}], "answers": ["Paris"]} for i in range(3)]
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "always.py").write_text("def right(answer, answers): return True", encoding="utf-8")
    command = ["eval", "--questions", str(questions), "--targets", "0.5", "--samples", "1", "--max-new-tokens", "2"]

    def grader(path: str) -> list[str]:
        return ["--grader", f"{{kind: custom, path: '{path}'}}"]

    out = tmp_path / "run"
    done = CliRunner().invoke(
        app, [*command, "--model", tiny_model, *grader(f"{tmp_path / 'always.py'}:right"), "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    (responses,) = out.glob("eval/*/responses.jsonl")
    assert len(responses.read_text().splitlines()) >= 3
    assert any("always.py:right" in path.read_text() for path in out.glob("*.yaml"))  # how the run was graded
    refused = CliRunner().invoke(app, [*command, "--model", "no/such-model", *grader(f"{own_code}:broken")])
    assert isinstance(refused.exception, InputError)
    assert "broken('Something else', ['Paris']) raised KeyError: 'Something else'" in str(refused.exception)


def test_the_example_of_the_page_on_verdicts_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[3] / "docs" / "verdicts.md").read_text(encoding="utf-8")
    (file, name, source), (_, _, recipe), (_, _, example) = re.findall(
        r"```(\w+)(?: file=(\S+))?\n(.*?)```",
        page.partition("### A comparison of your own")[2].partition("\n## ")[0],
        re.DOTALL,
    )
    assert (file, name) == ("python", "my_grader.py")
    (tmp_path / name).write_text(source, encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(recipe, encoding="utf-8")
    monkeypatch.delitem(sys.modules, "my_grader", raising=False)
    loaded = load_recipe(str(tmp_path / "mine.yaml"))
    check_grader(loaded.grader, PHRASE, [])  # it also puts the folder on the Python path
    exec(example, {})
