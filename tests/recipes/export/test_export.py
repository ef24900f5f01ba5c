from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from command_line import abstain
from golden import CASES, Case, differing
from modules import module_at

from abstain.data import InputError
from abstain.recipes import load_recipe
from abstain.recipes.export.export import TRAINERS, Export, exported_file, read_on_ungraded
from abstain.rewards import Verdict
from abstain.rewards.adapters import encode_label

NAMED = -0.125
END = "<|im_end|>"
NAMES = ("correct", "wrong", "abstained", "ungraded")


def arguments_for(trainer: str, *more: str, out: str = "reward.py", on_ungraded: str = "raise") -> list[str]:
    ends = ["--end-token", END] if trainer == "openrlhf" else []
    return ["export", trainer, "--recipe", "tiny", "--out", out, f"--on-ungraded={on_ungraded}", *ends, *more]


def paid(pay: float) -> float | None:
    return None if pay == NAMED else pay


def through_verl(module: ModuleType, case: Case) -> tuple[str, float | None]:
    call = ("golden", case.completion, case.answers, {"threshold": case.t, "choices": case.choices})
    scored = module.compute_score(*call)
    assert asyncio.run(module.compute_score_async(*call)) == scored
    return scored["verdict"], paid(scored["score"])


def through_openrlhf(module: ModuleType, case: Case) -> tuple[str, float | None]:
    query = f"{case.question}\n{case.completion}" + ("" if case.cut else END)
    out = module.reward_func([query], [f"{case.question}\n"], [encode_label(case.answers, case.t, case.choices)])
    (verdict,) = [name for name in NAMES if out["extra_logs"][name][0] == 1]
    return verdict, paid(out["rewards"][0].item())


def through_verifiers(module: ModuleType, case: Case) -> tuple[str, float | None]:
    task = SimpleNamespace(**case.row)
    trace = SimpleNamespace(last_reply=case.completion, is_truncated=case.cut)
    completion = [{"role": "assistant", "content": case.completion}]
    classic = module.abstention_reward([], completion, "", {"is_truncated": case.cut}, case.row)
    assert asyncio.run(module.abstention(task, trace)) == classic
    (verdict,) = [name for name, share in asyncio.run(module.verdicts(task, trace)).items() if share]
    return verdict, paid(classic)


def through_nemo(module: ModuleType, case: Case) -> tuple[str, float | None]:
    log = [{"role": "user", "content": case.question}, {"role": "assistant", "content": case.completion}]
    out = module.AbstentionEnvironment({}).step([log], [case.row])
    return out.observations[0]["content"], paid(out.rewards[0].item())


THROUGH: dict[str, Callable[[ModuleType, Case], tuple[str, float | None]]] = {
    "verl": through_verl,
    "openrlhf": through_openrlhf,
    "verifiers": through_verifiers,
    "nemo": through_nemo,
}
PAYOFFS = [case.payoff for i, case in enumerate(CASES) if case.payoff not in [c.payoff for c in CASES[:i]]]


def test_every_trainer_is_tried() -> None:
    assert set(THROUGH) == set(TRAINERS)


@pytest.mark.parametrize("trainer", TRAINERS)
@pytest.mark.parametrize("truncated", ["wrong", "ungraded"])
def test_exported_files_reproduce_the_table(trainer: str, truncated: str, tmp_path: Path) -> None:
    ends = (END,) if trainer == "openrlhf" else ()
    tried = 0
    for number, payoff in enumerate(p for p in PAYOFFS if p["kind"] in ("confidence_target", "ternary")):
        overrides = (f"rl.payoff={json.dumps(payoff)}", f"rl.truncated={truncated}")
        asked = Export(trainer=trainer, recipe="tiny", file="x.py", on_ungraded=NAMED, end_tokens=ends)
        path = tmp_path / f"reward_{number}.py"
        path.write_text(exported_file(load_recipe("tiny", overrides), asked), encoding="utf-8")
        cases = [c for c in CASES if c.payoff == payoff and c.grader == "short-answer"]
        told = trainer in ("openrlhf", "verifiers")  # the others do not say which completions were cut off
        cases = [c for c in cases if not c.cut or (told and c.truncated == truncated)]
        module = module_at(path)
        assert differing(cases, lambda case, module=module: THROUGH[trainer](module, case)) == []
        tried += len(cases)
    assert tried >= 200


@pytest.mark.parametrize("trainer", TRAINERS)
def test_the_command_writes_a_file_that_imports_with_nothing_else_loaded(trainer: str, tmp_path: Path) -> None:
    done = abstain(*arguments_for(trainer), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "reward.py\n"), done.stderr
    code = "import sys, json, reward; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    loaded = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=env)
    assert loaded.returncode == 0, loaded.stderr
    heavy = {
        "torch",
        "transformers",
        "trl",
        "pydantic",
        "typer",
        "yaml",
        "verl",
        "openrlhf",
        "verifiers",
        "nemo_rl",
        "ray",
    }
    assert not heavy & set(json.loads(loaded.stdout))


@pytest.mark.parametrize("trainer", TRAINERS)
def test_the_file_says_how_it_was_made_and_is_formatted(trainer: str, tmp_path: Path) -> None:
    changes = ["prompt.phrase=PASS", "rl.payoff={kind: ternary, correct: 1, abstained: 0, wrong: -3}"]
    assert abstain(*arguments_for(trainer, *changes), cwd=tmp_path).returncode == 0
    text = (tmp_path / "reward.py").read_text(encoding="utf-8")
    assert 'PHRASE = "PASS"' in text
    assert "payoff=Ternary(correct=1.0, abstained=0.0, wrong=-3.0)" in text
    (command,) = [line.strip() for line in text.splitlines() if line.startswith("    abstain export ")]
    (tmp_path / "again").mkdir()
    assert abstain(*shlex.split(command)[1:], cwd=tmp_path / "again").returncode == 0
    assert (tmp_path / "again" / "reward.py").read_text(encoding="utf-8") == text
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length", "120", "reward.py"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert formatted.returncode == 0, formatted.stderr


def test_a_phrase_of_the_recipe_abstains_in_the_exported_file(tmp_path: Path) -> None:
    asked = Export(trainer="verl", recipe="tiny", file="x.py", on_ungraded="raise")
    (tmp_path / "x.py").write_text(exported_file(load_recipe("tiny", ["prompt.phrase=PASS"]), asked), encoding="utf-8")
    module = module_at(tmp_path / "x.py")
    assert module.compute_score("d", "pass", ["Paris"], {"threshold": 0.75})["verdict"] == "abstained"
    assert module_at(tmp_path / "x.py").compute_score("d", "passport", ["Paris"], {"threshold": 0.75})["score"] == -0.75


def test_quotes_and_backslashes_of_a_recipe_stay_what_they_are(tmp_path: Path) -> None:
    odd = 'say "\\d" or """x""" over {target}'
    recipe = load_recipe(
        "tiny", [f"prompt.rubric={json.dumps(odd)}", 'prompt.phrase="I \\"really\\" don\'t \\\\ know"']
    )
    asked = Export(trainer="verl", recipe="tiny", file="x.py", on_ungraded="raise")
    (tmp_path / "x.py").write_text(exported_file(recipe, asked), encoding="utf-8")
    module = module_at(tmp_path / "x.py")
    assert recipe.prompt.phrase == module.PHRASE
    assert 'say "\\d" or """x""" over 0.75' in (module.__doc__ or "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "trlx", "--recipe", "tiny", "--out", "x.py"], "no trainer 'trlx'; abstain exports rewards for"),
        (["export", "verl", "--recipe", "tiny", "--out", "x.py"], "say --on-ungraded raise, or the number"),
        (arguments_for("verl", out="x.py", on_ungraded="skip"), "(0 pays it like an abstention), got 'skip'"),
        (arguments_for("verl", out="x.py", on_ungraded="nan"), "got 'nan'"),
        (arguments_for("verl", "--end-token", "</s>", out="x.py"), "leave --end-token out"),
        ([a for a in arguments_for("openrlhf", out="x.py") if a not in ("--end-token", END)], "'<|im_end|>'"),
        (arguments_for("verl", "rl=null", out="x.py"), "recipe tiny: no `rl` section, so there is no reward to export"),
        (arguments_for("verl", "rl.payof=1", out="x.py"), "did you mean 'payoff'?"),
        (arguments_for("verl", out="kept.py"), "kept.py: exists already; nothing was overwritten"),
        (arguments_for("verl", out="gone/x.py"), "gone/x.py: no folder gone"),
        (["export", "verl", "--recipe", "tinny", "--on-ungraded=0", "--out", "x.py"], "did you mean 'tiny'?"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_exit_code_2_and_writes_nothing(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    (tmp_path / "kept.py").write_text("mine")
    done = abstain(*arguments, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1), done.stderr
    assert message in done.stderr
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("kept.py", "mine")]


def test_a_number_for_ungraded_rows_is_taken_as_given() -> None:
    assert read_on_ungraded("raise", "verl") == "raise"
    assert read_on_ungraded("-0.5", "verl") == -0.5
    assert read_on_ungraded("0", "verl") == 0.0  # the user's own choice


def test_help_has_an_example(tmp_path: Path) -> None:
    shown = abstain("export", "--help", cwd=tmp_path)
    assert (shown.returncode, "Example:" in shown.stdout) == (0, True)


def test_a_payoff_with_arguments_is_written_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "factored_pay.py").write_text(
        "def factored(verdict, t, confidence, factor):\n"
        "    return {'correct': 1 - t, 'abstained': 0.0, 'wrong': -factor * t}[verdict.value]\n"
    )
    override = "rl.payoff={kind: custom, path: factored_pay.factored, arguments: {factor: 2.0}}"
    export = Export(trainer="verl", recipe="tiny", file="x.py", on_ungraded="raise", overrides=(override,))
    text = exported_file(load_recipe("tiny", [override]), export)
    assert "payoff=CustomPayoff(function=partial(factored, factor=2.0), confidence=False, unstated=None)," in text
    (tmp_path / "x.py").write_text(text, encoding="utf-8")
    assert module_at(tmp_path / "x.py").REWARD.payoff(Verdict.WRONG, t=0.25) == -0.5


def test_what_cannot_be_written_as_code_is_refused() -> None:
    from abstain.recipes.export.export import Code

    class Opaque:
        pass

    code = Code(names={})
    assert code.of({"a": [1, (True,), float("inf")]}) == '{"a": [1, (True,), float("inf")]}'
    assert code.of(json.dumps) == "dumps"
    assert code.imports() == ["from json import dumps"]
    with pytest.raises(InputError, match="cannot be written as code"):
        code.of(Opaque())
    with pytest.raises(InputError, match="cannot be imported by name"):
        code.of(lambda: 0)


def test_an_exported_reward_keeps_the_weight_and_the_bonus_of_its_recipe(tmp_path: Path) -> None:
    overrides = ("rl.weight=2", "rl.format_bonus={amount: 0.1, pattern: 'Answer: .+'}")
    recipe = load_recipe("tiny", list(overrides))
    path = tmp_path / "reward.py"
    export = Export(trainer="verl", recipe="tiny", file=str(path), on_ungraded="raise", overrides=overrides)
    text = exported_file(recipe, export)
    assert "grader=AnswerGrader(detector=AbstentionDetector(phrase=PHRASE))," in text
    path.write_text(text, encoding="utf-8")
    module = module_at(path)
    more = {"threshold": 0.75}
    # weight 2 times 1 - 0.75, and the bonus where the form is kept
    assert module.compute_score("d", "Answer: Paris", ["Paris"], more)["score"] == pytest.approx(0.6)
    assert module.compute_score("d", "Paris", ["Paris"], more)["score"] == pytest.approx(0.5)


def test_code_of_ones_own_is_loaded_from_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = tmp_path / "exported_grader.py"
    code.write_text("def same_year(answer, answers):\n    return answer[-4:] == answers[0][-4:]\n")
    recipe = load_recipe("tiny", [f'grader={{kind: custom, path: "{code}:same_year"}}'])
    text = exported_file(recipe, Export(trainer="verl", recipe="tiny", file="r.py", on_ungraded="raise"))
    assert f'import_object("{code}:same_year")' in text
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place != str(tmp_path)])
    monkeypatch.delitem(sys.modules, "exported_grader")
    (tmp_path / "elsewhere").mkdir()
    written = tmp_path / "elsewhere" / "exported_reward.py"
    written.write_text(text)
    scored = module_at(written).compute_score("d", "May 1945", ["1945"], {"threshold": 0.75})
    assert (scored["verdict"], scored["score"]) == ("correct", 0.25)
