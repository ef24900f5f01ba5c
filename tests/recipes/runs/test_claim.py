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
    other = load_recipe("tiny", ["seed=1", "warmup.sft.num_train_epochs=7"])
    with pytest.raises(InputError, match=r"\(seed: was 0, is 1; warmup.sft.num_train_epochs: was \S+, is 7\)"):
        claim(tmp_path / "run", other, resume=True)
