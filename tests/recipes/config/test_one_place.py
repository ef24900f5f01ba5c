"""What is added in one place appears in the check of a recipe, its validation and the editor's schema."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_args, get_type_hints

import pytest
import yaml

from abstain.data import InputError, TargetGrid, TargetSampler
from abstain.recipes import dump_recipe, load_recipe
from abstain.recipes.commands.recipes import examine
from abstain.recipes.config.editor_schema import dataclass_sections, editor_schema
from abstain.recipes.config.graders import GRADERS
from abstain.recipes.config.payoffs import PAYOFFS, SCHEDULES, RewardSection
from abstain.recipes.config.schema import Recipe
from abstain.recipes.config.sections import DPOSection, RejectionSection, RLSection, WarmupSection
from abstain.rewards import AbstentionReward, ConfidenceParser, Judgement, Verdict
from abstain.rewards.payoffs.payoff import BreakEven, PaysActions
from abstain.training.config import BaseConfig, PairsConfig, RejectionConfig, RLConfig, Teach, WarmupConfig


@dataclass(frozen=True, kw_only=True)
class Lopsided(PaysActions):
    """Pays 1 if correct, 0 if abstained and the negative stake if wrong."""

    stake: float = 3.0
    """What a wrong answer loses."""

    def __post_init__(self) -> None:
        if self.stake <= 0:
            raise ValueError(f"stake must be positive, got {self.stake}")

    @property
    def break_even(self) -> BreakEven:
        return self.stake / (1 + self.stake)

    def __call__(self, verdict: Verdict, t: float | None = None, confidence: float | None = None) -> float | None:
        return {Verdict.CORRECT: 1.0, Verdict.ABSTAINED: 0.0, Verdict.WRONG: -self.stake}.get(verdict)


@dataclass(frozen=True, kw_only=True)
class PrefixMatch:
    """Right where the answer begins like an accepted one."""

    letters: int
    """Letters that are compared."""

    def __post_init__(self) -> None:
        if self.letters < 1:
            raise ValueError(f"letters must be at least 1, got {self.letters}")

    def __call__(self, answer: str, answers: list[str], choices: Any = None) -> Judgement:
        right = any(answer[: self.letters] == accepted[: self.letters] for accepted in answers)
        return Judgement(Verdict.CORRECT if right else Verdict.WRONG, answer)


def kinds_in(schema: dict[str, Any], path: str) -> dict[str, dict[str, Any]]:
    """Return kind → its properties, of a part of the schema that comes in kinds."""
    section = schema["properties"]["grader"] if path == "grader" else schema["$defs"][path]["properties"]["payoff"]
    return {part["properties"]["kind"]["const"]: part["properties"] for part in section["anyOf"]}


def test_a_payoff_in_the_mapping_is_checked_validated_and_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PAYOFFS, "lopsided", Lopsided)
    checked = examine("tiny", ["rl.payoff={kind: lopsided, stake: 1}"])
    assert checked["can_run"]
    assert checked["break_even"] == "0.5"  # 1 / (1 + 1)
    recipe = load_recipe("tiny", ["rl.payoff={kind: lopsided}"])
    assert recipe.rl is not None
    assert recipe.rl.payoff.build() == Lopsided(stake=3.0)
    assert yaml.safe_load(dump_recipe(recipe))["rl"]["payoff"] == {"kind": "lopsided", "stake": 3.0}
    for stage in ("RLSection", "DPOSection", "RejectionSection"):
        assert kinds_in(editor_schema(), stage)["lopsided"]["stake"] == {
            "default": 3.0, "description": "What a wrong answer loses.", "title": "Stake", "type": "number"
        }  # fmt: skip
    with pytest.raises(InputError, match=r"rl\.payoff: stake must be positive, got -1"):
        load_recipe("tiny", ["rl.payoff={kind: lopsided, stake: -1}"])
    with pytest.raises(InputError, match=r"unknown key 'rl\.payoff\.steak'; did you mean 'stake'\?"):
        load_recipe("tiny", ["rl.payoff={kind: lopsided, steak: 1}"])


def test_a_grader_in_the_mapping_is_checked_validated_and_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GRADERS, "prefix", PrefixMatch)
    checked = examine("tiny", ["grader={kind: prefix, letters: 4}"])
    assert any("accepted answers grade as right" in finding["message"] for finding in checked["findings"])
    grade = load_recipe("tiny", ["grader={kind: prefix, letters: 3}"]).grader.build("I don't know")
    assert grade("Parma", ["Paris"]).verdict is Verdict.CORRECT
    assert grade("I don't know", ["Paris"]).verdict is Verdict.ABSTAINED
    keys = kinds_in(editor_schema(), "grader")["prefix"]
    assert keys["letters"]["description"] == "Letters that are compared."
    assert "extract" in keys
    with pytest.raises(InputError, match="grader: letters must be at least 1, got 0"):
        load_recipe("tiny", ["grader={kind: prefix, letters: 0}"])
    with pytest.raises(InputError, match=r"unknown key 'grader\.leters'; did you mean 'letters'\?"):
        load_recipe("tiny", ["grader={kind: prefix, leters: 2}"])


OPTION = '''
from dataclasses import dataclass
import abstain.training.config as config

@dataclass(frozen=True, kw_only=True)
class WarmupConfig(config.WarmupConfig):
    """The rubric warm-up."""

    patience: config.PositiveInt = 5
    """Evaluations without progress after which the warm-up ends."""

config.WarmupConfig = WarmupConfig

from abstain.data import InputError
from abstain.recipes import dump_recipe, load_recipe
from abstain.recipes.commands.recipes import examine
from abstain.recipes.config.editor_schema import editor_schema

assert examine("tiny", ["warmup.patience=7"])["can_run"]
assert "patience: 5" in dump_recipe(load_recipe("tiny"))
assert load_recipe("tiny", ["warmup.patience=7"]).warmup.patience == 7
assert editor_schema()["$defs"]["WarmupSection"]["properties"]["patience"] == {
    "default": 5, "description": "Evaluations without progress after which the warm-up ends.",
    "exclusiveMinimum": 0, "title": "Patience", "type": "integer",
}
refused = {"warmup.patience=0": "greater than 0, got 0", "warmup.patienc=2": "did you mean 'patience'?"}
for override, said in refused.items():
    try:
        load_recipe("tiny", [override])
    except InputError as error:
        assert said in str(error), error
    else:
        raise AssertionError(override)
'''


def test_an_option_of_a_stage_s_dataclass_is_checked_validated_and_described(tmp_path: Any) -> None:
    import subprocess
    import sys

    # In a process of its own: the field has to be there before the recipe's classes are made from it.
    script = tmp_path / "option.py"
    script.write_text(OPTION, encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_stage_s_section_is_the_dataclass_that_training_reads() -> None:
    hints = get_type_hints(Recipe)
    assert hints["base"] == BaseConfig | None
    assert hints["warmup"] == WarmupSection | None
    assert issubclass(WarmupSection, WarmupConfig)
    sections = {RejectionSection: RejectionConfig, DPOSection: PairsConfig, RLSection: RLConfig}
    for section, config in sections.items():
        assert issubclass(section, config)
        own = set(section.__annotations__) if "__annotations__" in vars(section) else set()
        assert own == set()  # neither restates what the two above it say
        assert issubclass(section, RewardSection)


def test_no_setting_has_two_defaults() -> None:
    defaults = {part.name: part.default for part in fields(AbstentionReward)}
    reward = RewardSection()
    assert (reward.weight, Verdict(reward.truncated)) == (defaults["weight"], defaults["truncated"])
    assert (reward.confidence, reward.payoff.build()) == (ConfidenceParser(), AbstentionReward().payoff)
    assert {part.name for part in fields(TargetSampler)} - {part.name for part in fields(TargetGrid)} == {"held_out"}
    for classes in (PAYOFFS, GRADERS, SCHEDULES):
        assert all(is_dataclass(of) for of in classes.values())
    stages = [BaseConfig, WarmupConfig, RejectionConfig, PairsConfig, RLConfig]
    assert set(stages) - {WarmupConfig, RejectionConfig, PairsConfig, RLConfig} <= set(dataclass_sections(Recipe))
    recipe = load_recipe("tiny", ["rejection={}", "dpo={}"])  # sections without keys have the defaults of training
    assert recipe.rejection is not None
    assert recipe.dpo is not None
    for section, config in ((recipe.rejection, RejectionConfig()), (recipe.dpo, PairsConfig())):
        assert all(getattr(section, part.name) == getattr(config, part.name) for part in fields(config))


def test_a_stage_made_in_python_refuses_what_a_recipe_refuses() -> None:
    with pytest.raises(ValueError, match="samples must be greater than 0, got 0"):
        PairsConfig(samples=0)
    with pytest.raises(ValueError, match="abstain_rate must be at most 1, got 1\\.5"):
        WarmupConfig(teach="rate", abstain_rate=1.5)
    with pytest.raises(ValueError, match="blend must be 'auto' or a fraction in \\[0, 1\\], got 1\\.5"):
        WarmupConfig(teach="outcomes", blend=1.5)
    with pytest.raises(ValueError, match="teach must be one of rate, odds, belief, outcomes, got 'luck'"):
        WarmupConfig(teach="luck")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="vocab_size must be at least 300, got 200"):
        BaseConfig(vocab_size=200)
    with pytest.raises(ValueError, match="give either `grpo` or `rloo`"):
        RLConfig()


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("warmup.teach=luck", r"warmup\.teach: Input should be 'rate', 'odds', 'belief' or 'outcomes', got 'luck'"),
        ("warmup={teach: rate, abstain_rate: 1.5}", r"warmup\.abstain_rate: .* less than or equal to 1, got 1\.5"),
        ("warmup={teach: belief, abstain_rate: 0.5}", "abstain_rate belongs to teach=rate, and teach is 'belief'"),
        ("warmup.blend=0.5", "blend belongs to teach=outcomes, and teach is 'belief'"),
        (
            "warmup={teach: outcomes, blend: half}",
            r"warmup\.blend: must be 'auto' or a fraction in \[0, 1\], got 'half'",
        ),
    ],
)
def test_a_way_to_warm_up_that_is_none_is_an_error_with_what_is_allowed(override: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_recipe("tiny", [override])


@pytest.mark.parametrize(("old", "teach"), [("t", "rate"), ("t/(1+t)", "odds"), ("p<t", "belief")])
def test_what_a_recipe_called_a_rate_before_is_still_read(old: str, teach: str) -> None:
    recipe = load_recipe("tiny", [f"warmup={{abstain_rate: {old}}}"])
    assert recipe.warmup is not None
    assert (recipe.warmup.teach, recipe.warmup.abstain_rate) == (teach, None)
    constant = load_recipe("ledger/neutral-start").warmup
    assert constant is not None
    assert (constant.teach, constant.abstain_rate) == ("rate", 0.3)


def test_every_way_to_warm_up_can_be_trained() -> None:
    from abstain.training.warmup_rows import WAYS

    assert tuple(WAYS) == get_args(Teach)


def test_the_settings_of_training_import_nothing_heavy() -> None:
    import subprocess
    import sys

    heavy = "torch", "transformers", "trl", "peft", "datasets", "accelerate"
    code = f"import sys, abstain.training.config; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
