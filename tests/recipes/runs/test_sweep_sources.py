"""Where the systems of one run have their confidence from."""

from __future__ import annotations

from pathlib import Path

import pytest

from abstain.recipes import load_recipe
from abstain.recipes.runs.check import findings
from abstain.recipes.runs.prepare import Prepared
from abstain.recipes.runs.sweeps import system_sweep


@pytest.mark.parametrize(
    ("recipe", "system", "source"),
    [
        ("tiny-post-trained", "base", "sequence_probability"),
        ("tiny-post-trained", "prompted", "sequence_probability"),
        ("tiny-post-trained", "post_training", "sequence_probability"),
        ("tiny-post-trained", "trained", "gate"),
        ("tiny", "warmup", "gate"),
        ("post-trained", "trained", "sequence_probability"),
    ],
)
def test_a_gate_is_read_of_the_systems_that_were_taught_to_abstain(
    recipe: str, system: str, source: str, tmp_path: Path
) -> None:
    sweep = system_sweep(load_recipe(recipe, ["eval.confidence=gate"]), system, tmp_path)
    assert sweep.confidence == source
    assert sweep.rubric is (system != "base")


def test_a_gate_needs_a_target_in_the_prompts_and_a_backend_that_scores() -> None:
    recipe = load_recipe("tiny-stated-confidence", ["eval.confidence=gate"])
    (found,) = (f for f in findings(recipe, Prepared([], [], [])) if "eval.confidence" in f.message)
    assert found.level == "error"
    assert "gate is read where prompts state a target, and with protocol=post_hoc none does" in found.message
    with pytest.raises(ValueError, match="confidence gate needs the backend transformers, got vllm"):
        load_recipe("tiny", ["eval.confidence=gate", "eval.backend=vllm"])
