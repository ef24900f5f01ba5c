"""Which recipe may go on in a run's folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from abstain.data import InputError, RunError
from abstain.eval.sweep.shard import current_shard
from abstain.recipes import load_recipe
from abstain.recipes.runs.folder import RunFolder, claim, held, recorded_recipe


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


def test_the_peak_of_a_run_is_that_of_all_processes_that_worked_on_it(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text(json.dumps({"seconds": {"rl": 9.0}, "peak_memory_gib": 4000.0}))
    with RunFolder(tmp_path).timed("eval/trained"):
        pass
    written = json.loads(state.read_text())
    assert (written["peak_memory_gib"], set(written["seconds"])) == (4000.0, {"rl", "eval/trained"})


def test_a_process_of_an_unnamed_launch_does_not_take_an_old_lock_file_for_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RUN_ID", "PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PMI_RANK", "1")
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setattr("abstain.recipes.runs.folder.PATIENCE", 0.0)
    (tmp_path / ".lock").write_text(json.dumps({"pid": 1, "host": "old", "launch": current_shard().launch}))
    with pytest.raises(RunError, match="process 0 of this launch did not begin"), held(tmp_path):
        pass
    monkeypatch.setenv("PMIX_NAMESPACE", "prterun-1@1")
    assert "prterun-1@1" in current_shard().launch
