from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from abstain.data import ConstantTarget, InputError, RowTargets, shown_targets
from abstain.recipes import dump_recipe, load_recipe
from abstain.recipes.commands.cli import main
from abstain.recipes.commands.recipes import break_even_text
from abstain.recipes.config.reward import recipe_reward
from abstain.rewards import Binary, Brier, ConfidenceTarget, FixedPenalty, LogScore, Ternary, preset
from abstain.rewards.payoffs.proper import BetaPrior, PriorScore, Spherical
from abstain.training.preflight.stages import break_even_note, check_reward

OWN = """
def strict(verdict, t, confidence, factor=1.0):
    return {"CORRECT": 1.0, "ABSTAINED": 0.0, "WRONG": -factor * t / (1 - t)}[verdict.name]

def forgetful(verdict, t, confidence):
    return {"CORRECT": 1.0, "WRONG": 0.0}[verdict.name]

def rising(t):
    return 2 * t
"""


@pytest.fixture(autouse=True)
def own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rewards_of_a_recipe.py").write_text(OWN)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize(
    ("written", "payoff"),
    [
        ("{kind: fixed_penalty, penalty: 3}", FixedPenalty(penalty=3)),
        ("{kind: binary}", Binary()),
        ("{kind: preset, name: truthrl}", preset("truthrl")),
        ("{kind: preset, name: reinforced_hesitation, arguments: {penalty: 3}}", FixedPenalty(penalty=3)),
        ("{kind: preset, name: barrel}", Ternary(correct=1, abstained=-0.5, wrong=-1)),
        ("{kind: brier, unstated: -1}", Brier(unstated=-1)),
        ("{kind: log_score, epsilon: 0.3, abstained: 0}", LogScore(epsilon=0.3, abstained=0)),
        ("{kind: spherical}", Spherical()),
        ("{kind: prior_score}", PriorScore()),
        ("{kind: prior_score, alpha: 4, beta: 2}", PriorScore(prior=BetaPrior(alpha=4, beta=2))),
    ],
)
def test_every_payoff_has_a_kind_in_recipes(written: str, payoff: object, tmp_path: Path) -> None:
    recipe = load_recipe("tiny", [f"rl.payoff={written}"])
    assert recipe.rl is not None
    assert recipe.rl.payoff.build() == payoff
    (tmp_path / "again.yaml").write_text(dump_recipe(recipe), encoding="utf-8")
    assert load_recipe(str(tmp_path / "again.yaml")) == recipe


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("rl.payoff={kind: fixed_penalty, penalty: -1}", "rl.payoff: penalty must be a finite number of at least 0"),
        ("rl.payoff={kind: preset, name: truthlr}", "rl.payoff: no preset 'truthlr'; there are"),
        ("rl.payoff={kind: log_score, epsilon: 0.7}", "rl.payoff: epsilon must be in (0, 0.5), got 0.7"),
        ("rl.payoff={kind: prior_score, alpha: 2}", "give both alpha and beta"),
        ("rl.payoff={kind: brier, unstatd: 1}", "rl.payoff.unstatd'; did you mean 'unstated'?"),
        ("rl.format_bonus={amount: 0.1, pattern: '('}", "is not a regular expression"),
        ("rl.length_penalty={amount: 0.1, start: 9, end: 3}", "0 <= start < end, got 9 and 3"),
        ("rl.weight=0", "rl.weight: Input should be greater than 0, got 0"),
        ("rl.confidence={scale: percent, words: {high: 2}}", "must stand for a fraction in [0, 1], got 2"),
    ],
)
def test_bad_rewards_are_errors_of_the_recipe(override: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_recipe("tiny", [override])
    assert message in str(caught.value)


@pytest.mark.parametrize("torn", ["rl.payoff={kind:", "ternary,", "-1}", "kind:", "targets.eval=[0.25,"])
def test_an_override_that_the_shell_took_apart_is_told_of_quotes(torn: str) -> None:
    with pytest.raises(
        InputError, match="took it apart .* put quotes round it" if torn != "ternary," else "as key=value"
    ):
        load_recipe("tiny", [torn])


@pytest.mark.parametrize("rule", ["Points lie in [0, 1). Aim for 1.", "Half open: no, [0, 1)", "a } b ] c"])
def test_an_override_with_one_bracket_that_is_a_value_is_taken(rule: str) -> None:
    assert load_recipe("tiny", [f"description={json.dumps(rule)}"]).description == rule
    if ":" not in rule:
        assert load_recipe("tiny", [f"description={rule}"]).description == rule


def test_overrides_as_a_mapping_keep_their_values() -> None:
    grid = {"targets.eval": (0.25, np.float64(0.75)), "model": Path("a") / "model"}
    recipe = load_recipe("finetune", {"prompt.phrase": "I pass [\U0001f600", "data.train": Path("my.jsonl"), **grid})
    assert (recipe.prompt.phrase, recipe.model) == ("I pass [\U0001f600", "a/model")
    assert recipe.data is not None
    assert (recipe.data.train, recipe.targets.eval) == ("my.jsonl", [0.25, 0.75])
    with pytest.raises(InputError, match=r"unknown key 'prompt.phrse'; did you mean 'phrase'"):
        load_recipe("tiny", {"prompt.phrse": "x"})


def test_the_command_line_says_so_too_where_a_part_looks_like_an_option(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["abstain", "check", "tiny", "rl.payoff={kind:", "ternary,", "wrong:", "-1}"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert "override 'rl.payoff={kind:': the shell took it apart at its spaces; put quotes round it" in (
        capsys.readouterr().err
    )


def line(*overrides: str) -> str:
    recipe = load_recipe("tiny", list(overrides))
    return break_even_note(recipe_reward(recipe), shown_targets(recipe.training_targets())).message


def warnings(*overrides: str) -> list[str]:
    recipe = load_recipe("tiny", list(overrides))
    found = check_reward(recipe_reward(recipe), shown_targets(recipe.training_targets()), phrase=recipe.prompt.phrase)
    return [str(finding) for finding in found]


def test_the_break_even_of_the_full_reward_is_shown_at_a_few_targets() -> None:
    targets = ["targets.low=0.1", "targets.high=0.9", "targets.step=0.2", "targets.eval=[0.05]"]
    assert line(*targets) == (
        "break-even of the full reward by target: 0.1 -> 0.1, 0.3 -> 0.3, 0.5 -> 0.5, 0.7 -> 0.7, 0.9 -> 0.9"
    )
    # A bonus of 0.1 for answers alone: (t - 0.1) / 1, clipped at 0.
    answers = 'rl.format_bonus={amount: 0.1, pattern: "x", paid_for: [correct, wrong]}'
    assert "0.9 -> 0.8 (0.8 to " in line(*targets, answers)
    assert line("rl.payoff={kind: preset, name: knowrl}") == "break-even of the full reward: 0.6667"
    assert line("rl.payoff={kind: brier}") == "break-even of the full reward: none (no abstention is paid)"


def test_check_calls_the_break_even_the_prompts_target_only_where_it_is() -> None:
    def text(*overrides: str) -> str:
        return break_even_text(recipe_reward(load_recipe("tiny", list(overrides))), [0.1, 0.5])

    assert text() == "the prompt's target, 0.1 to 0.5"
    # 1, 0, -2t/(1-t): 2t/(1-t) = 2/9 and 2, break-evens 2/11 and 2/3.
    doubled = "rl.payoff={kind: custom, path: rewards_of_a_recipe.strict, arguments: {factor: 2}}"
    assert text(doubled) == "0.1818 at target 0.1, 0.6667 at target 0.5"
    # Earned by all that keep to the form; by answers alone it makes 0.5 0.4, by abstentions alone 0.6.
    assert "0.5 (0.4 to 0.6) at target 0.5" in text('rl.format_bonus={amount: 0.1, pattern: "x"}')
    assert text("rl.payoff={kind: preset, name: knowrl}") == "0.6667"


def test_a_bonus_that_moves_the_break_even_warns_and_so_does_one_that_abstentions_miss() -> None:
    assert warnings() == []
    (moved,) = warnings('rl.format_bonus={amount: 0.1, pattern: "x", paid_for: [correct, wrong]}')
    assert "moves the break-even" in moved
    (missed,) = warnings('rl.format_bonus={amount: 0.1, pattern: "<answer>.*</answer>"}')
    assert """"I don't know" alone does not have the form""" in missed
    assert warnings('rl.format_bonus={amount: 0.1, pattern: "^.{1,60}$"}') == []


def test_a_format_bonus_beside_a_score_without_a_break_even_is_no_crash() -> None:
    found = warnings("rl.payoff={kind: brier, unstated: -1}", 'rl.format_bonus={amount: 0.1, pattern: "<answer>"}')
    assert len(found) == 1  # an abstention has no reward at all
    assert "gives an abstention no reward" in found[0]


def test_a_score_that_pays_for_deliberately_wrong_answers_warns() -> None:
    assert warnings("rl.payoff={kind: brier, unstated: -1, abstained: 0}") == []
    (cheat,) = warnings("rl.payoff={kind: log_score, epsilon: 0.05, unstated: -3, abstained: 0}")
    assert "deliberately wrong answer" in cheat


def test_a_dotted_path_in_a_recipe_is_imported_in_preflight_not_on_loading() -> None:
    recipe = load_recipe("tiny", ["rl.payoff={kind: custom, path: rewards_of_a_recipe.strict}"])
    assert recipe_reward(recipe).break_even_at(0.75).usual == pytest.approx(0.75)
    doubled = load_recipe(
        "tiny", ["rl.payoff={kind: custom, path: rewards_of_a_recipe.strict, arguments: {factor: 2}}"]
    )
    # 1, 0, -2t/(1-t) at t = 0.5: break-even 2/3.
    assert recipe_reward(doubled).break_even_at(0.5).usual == pytest.approx(2 / 3)
    density = load_recipe("tiny", ["rl.payoff={kind: density_score, path: rewards_of_a_recipe.rising}"])
    assert recipe_reward(density).payoff.reads_confidence
    for path, message in (
        ("no_such_module.strict", "rl.payoff: no_such_module.strict: No module named"),
        ("rewards_of_a_recipe.forgetful", r"rl.payoff: forgetful\(ABSTAINED, t=0.1, confidence=None\) raised KeyError"),
    ):
        loaded = load_recipe("tiny", [f"rl.payoff={{kind: custom, path: {path}}}"])
        with pytest.raises(InputError, match=message):
            recipe_reward(loaded)


@pytest.mark.parametrize(
    ("written", "schedule"),
    [
        ("{kind: constant, t: 0.75}", ConstantTarget(t=0.75)),
        ("{kind: row, column: t}", RowTargets(column="t")),
    ],
)
def test_every_schedule_has_a_kind_in_recipes(written: str, schedule: object) -> None:
    recipe = load_recipe("tiny", [f"targets.schedule={written}"])
    assert recipe.targets.training() == schedule


def test_a_schedule_on_the_grid_leaves_the_evaluations_targets_out() -> None:
    assert load_recipe("tiny").targets.training() == load_recipe("tiny").targets.sampler()
    for written in (
        "{kind: beta, alpha: 4, beta: 2}",
        "{kind: curriculum, stages: [{share: 0.5, low: 0.4, high: 0.6}, {share: 0.5, low: 0.02, high: 0.98}]}",
    ):
        recipe = load_recipe("tiny", [f"targets.schedule={written}"])
        shown = set(recipe.training_targets())
        assert {0.44, 0.55, 0.0} <= shown
        assert not shown & set(recipe.targets.eval)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{kind: constant, t: 75}", "targets: t must be a fraction in [0, 1), got 75"),
        ("{kind: beta, alpha: 0, beta: 1}", "targets: alpha must be a positive number, got 0"),
        ("{kind: beta, alpha: 1, betta: 1}", "unknown key 'targets.schedule.betta'; did you mean 'beta'?"),
        ("{kind: beta, alpha: 1, beta: x}", "targets.schedule.beta: Input should be a valid number"),
        ("{kind: curriculum, stages: [{share: 0.5, low: 0.1, high: 0.9}]}", "must be positive and add up to 1"),
        ("{kind: cosine}", "targets.schedule: Input tag 'cosine'"),
    ],
)
def test_bad_schedules_are_errors_of_the_recipe(written: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_recipe("tiny", [f"targets.schedule={written}"])
    assert message in str(caught.value)


def test_a_recipe_that_extends_another_with_another_kind_inherits_none_of_its_keys(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("extends: tiny\nrl:\n  payoff: {kind: fixed_penalty, penalty: 3}\n")
    recipe = load_recipe(str(tmp_path / "own.yaml"))
    assert recipe.rl is not None
    assert recipe.rl.payoff.build() == FixedPenalty(penalty=3)
    (tmp_path / "same.yaml").write_text("extends: tiny\nrl:\n  payoff: {bounded: false}\n")
    same = load_recipe(str(tmp_path / "same.yaml"))
    assert same.rl is not None
    assert same.rl.payoff.build() == ConfidenceTarget(bounded=False)
