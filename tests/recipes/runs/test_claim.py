"""Which recipe may go on in a run's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from abstain.data import InputError
from abstain.recipes import load_recipe
from abstain.recipes.runs.folder import claim, recorded_recipe


def test_a_run_goes_on_under_a_recipe_with_another_description_and_no_other_difference(tmp_path: Path) -> None:
    recipe = load_recipe("tiny")
    claim(tmp_path / "run", recipe.model_copy(update={"description": "In words of an earlier release."}), resume=False)
    claim(tmp_path / "run", recipe, resume=True)
    assert recorded_recipe(tmp_path / "run") == recipe
    with pytest.raises(InputError, match="holds a run of another recipe or seed"):
        claim(tmp_path / "run", recipe.model_copy(update={"seed": 1}), resume=True)


def test_the_refusal_names_the_keys_that_differ(tmp_path: Path) -> None:
    recipe = load_recipe("tiny")
    claim(tmp_path / "run", recipe, resume=False)
    other = load_recipe("tiny", ["seed=1", "eval.samples=7"])
    with pytest.raises(InputError, match=r"\(seed: was 0, is 1; eval.samples: was \S+, is 7\)"):
        claim(tmp_path / "run", other, resume=True)


def test_settings_of_a_stage_that_has_not_begun_may_be_corrected(tmp_path: Path) -> None:
    claim(tmp_path, load_recipe("tiny"), resume=False)
    (tmp_path / "state.json").write_text('{"seconds": {"base": 1.0, "warmup": 2.0}}')
    corrected = load_recipe("tiny", ["rl.grpo.learning_rate=0.5"])
    claim(tmp_path, corrected, resume=True)
    assert recorded_recipe(tmp_path) == corrected
    for override in ("warmup.sft.max_steps=7", "rl.payoff.bounded=false"):  # done, and read by other stages
        with pytest.raises(InputError, match=rf"\({override.partition('=')[0]}: was"):
            claim(tmp_path, load_recipe("tiny", ["rl.grpo.learning_rate=0.5", override]), resume=True)
    (tmp_path / "checkpoints" / "rl" / "checkpoint-5").mkdir(parents=True)
    with pytest.raises(InputError, match=r"\(rl.grpo.learning_rate: was 0.5, is 0.25\)"):
        claim(tmp_path, load_recipe("tiny", ["rl.grpo.learning_rate=0.25"]), resume=True)
