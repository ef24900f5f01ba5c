from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import yaml
from command_line import abstain

from abstain.data import InputError
from abstain.recipes import dump_recipe, load_recipe, shipped_recipes
from abstain.recipes.commands.cli import main
from abstain.rewards import ConfidenceTarget, Ternary


@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_every_shipped_recipe_loads_and_survives_a_round_trip(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name.replace("/", "-")
    (tmp_path / "again.yaml").write_text(dump_recipe(recipe), encoding="utf-8")
    assert load_recipe(str(tmp_path / "again.yaml")) == recipe


def test_the_evaluations_targets_are_never_trained_on() -> None:
    for name in shipped_recipes():
        recipe = load_recipe(name)
        if (
            recipe.targets.schedule.kind == "constant"
        ):  # one fixed reward is held against all targets, its own among them
            continue
        trained = recipe.training_targets()
        assert all(abs(t - e) > recipe.targets.margin for t in trained for e in recipe.targets.eval)


def test_the_control_differs_from_tiny_in_its_scaling_alone() -> None:
    tiny, control = load_recipe("tiny").model_dump(), load_recipe("tiny-group-scaling").model_dump()
    for recipe in (tiny, control):
        recipe.pop("name")
        recipe.pop("description")
    assert tiny["rl"]["grpo"].pop("scale_rewards") == "none"
    assert control["rl"]["grpo"].pop("scale_rewards") == "group"
    assert control["rl"].pop("allow_group_scaling") is True
    tiny["rl"].pop("allow_group_scaling")
    assert tiny == control


def test_overrides_reach_into_sections_and_questions_of_ones_own_replace_the_world() -> None:
    recipe = load_recipe("tiny", ["seed=3", "rl.grpo.max_steps=7", "data.train=q.jsonl", "data.columns.answers=gold"])
    assert (recipe.seed, recipe.rl.trainer["max_steps"], recipe.world) == (3, 7, None)
    assert recipe.data.columns == {"answers": "gold"}


def test_a_recipe_has_one_rl_algorithm_and_its_own_takes_the_place_of_an_inherited_one(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("extends: tiny\nrl: {rloo: {max_steps: 3}}\n", encoding="utf-8")
    rl = load_recipe(str(mine)).rl
    assert rl is not None
    assert (rl.algorithm, rl.grpo, rl.trainer) == ("rloo", None, {"max_steps": 3})
    for both in (["rl.rloo.max_steps=3"], ["rl.grpo=null"]):
        with pytest.raises(InputError, match="recipe tiny: rl: give either `grpo` or `rloo`"):
            load_recipe("tiny", both)


def test_an_adapter_to_start_from_needs_its_model() -> None:
    with pytest.raises(InputError, match="`adapter` needs the `model` that it was trained on"):
        load_recipe("tiny", ["adapter=somewhere"])


def test_scalars_are_read_as_yaml_1_2_reads_them_and_survive_a_dump(tmp_path: Path) -> None:
    overrides = ["rl.grpo.learning_rate=1e-3", "rl.grpo.save_strategy=no", "rl.allow_group_scaling=true"]
    recipe = load_recipe("tiny", [*overrides, "rl.grpo.run_name='1e-3'", "rl.grpo.max_steps=7"])
    assert recipe.rl is not None
    expected = {"learning_rate": 0.001, "save_strategy": "no", "run_name": "1e-3", "max_steps": 7}
    assert {key: recipe.rl.trainer[key] for key in expected} == expected
    assert isinstance(recipe.rl.trainer["max_steps"], int)
    assert recipe.rl.allow_group_scaling is True
    written = tmp_path / "again.yaml"
    written.write_text(dump_recipe(recipe), encoding="utf-8")
    assert load_recipe(str(written)) == recipe


def test_payoffs_are_built_from_their_kind() -> None:
    assert load_recipe("tiny").rl.payoff.build() == ConfidenceTarget()
    recipe = load_recipe("tiny", ["rl.payoff={kind: ternary, correct: 1, abstained: 0, wrong: -1}"])
    assert recipe.rl.payoff.build() == Ternary(correct=1, abstained=0, wrong=-1)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("rl.grop={}", "recipe tiny: unknown key 'rl.grop'; did you mean 'grpo'?"),
        ("warm_up={}", "recipe tiny: unknown key 'warm_up'; did you mean 'warmup'?"),
        ("world.familys=3", "recipe tiny: unknown key 'world.familys'; did you mean 'families'?"),
        ("prompt.rubrik=x", "recipe tiny: unknown key 'prompt.rubrik'; did you mean 'rubric'?"),
        ("rl.payoff={kind: ternary, corect: 1}", "rl.payoff.corect'; did you mean 'correct'?"),
        ("targets.eval=[0.5, 1.0]", "targets.eval: must be ascending fractions in (0, 1), got [0.5, 1.0]"),
        ("targets.low=-0.1", "targets: low must be a fraction in [0, 1), got -0.1"),
        ("rl.payoff.t=1.0", "rl.payoff: t must be a fraction in [0, 1), got 1.0"),
        ("world.families=1", "world.families must be in [2, 432], got 1"),
        ("seed=-1", "seed: Input should be greater than or equal to 0, got -1"),
        ("seed", "write it as key=value"),
        ("name=a/b", "name: String should match pattern"),
        ("base=null", "give either `model` (a folder or Hub id) or `base`"),
    ],
)
def test_bad_recipes_name_the_key_the_value_and_what_was_allowed(override: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_recipe("tiny", [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_recipe_files_that_are_missing_circular_or_no_mapping(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no recipe 'tinny'.*did you mean 'tiny'"):
        load_recipe("tinny")
    (tmp_path / "list.yaml").write_text("- a\n")
    with pytest.raises(InputError, match="expected a mapping of recipe keys, got list"):
        load_recipe(str(tmp_path / "list.yaml"))
    (tmp_path / "bad.yaml").write_text("a: [1\n")
    with pytest.raises(InputError, match=r"bad.yaml: not YAML"):
        load_recipe(str(tmp_path / "bad.yaml"))
    loop = tmp_path / "loop.yaml"
    loop.write_text(f"extends: {loop}\n")
    with pytest.raises(InputError, match="circle"):
        load_recipe(str(loop))


def test_recipes_can_be_listed_shown_and_copied_but_nothing_is_overwritten(tmp_path: Path) -> None:
    assert "tiny-group-scaling" in abstain("recipes", "list", cwd=tmp_path).stdout
    listed = json.loads(abstain("recipes", "list", "qwen3-4b/", "--json", cwd=tmp_path).stdout)
    assert listed[0]["model"] == "Qwen/Qwen3-4B-Instruct-2507"
    nothing = abstain("recipes", "list", "qwin", cwd=tmp_path)
    assert (nothing.returncode, "no shipped recipe's name contains 'qwin'" in nothing.stderr) == (2, True)
    shown = abstain("recipes", "show", "tiny-group-scaling", "seed=4", cwd=tmp_path)
    assert yaml.safe_load(shown.stdout)["seed"] == 4
    assert abstain("recipes", "copy", "finetune", "my.yaml", cwd=tmp_path).returncode == 0
    before = (tmp_path / "my.yaml").read_text()
    assert abstain("recipes", "copy", "qwen3-4b/grpo", "nested.yaml", cwd=tmp_path).returncode == 0
    nested = load_recipe(str(tmp_path / "nested.yaml"))
    assert nested == load_recipe("qwen3-4b/grpo").model_copy(update={"name": "nested"})  # runs go to runs/nested
    unknown = abstain("recipes", "copy", "qwen3-4b/gpro", "other.yaml", cwd=tmp_path)
    assert (unknown.returncode, "did you mean 'qwen3-4b/grpo'?" in unknown.stderr) == (2, True)
    again = abstain("recipes", "copy", "tiny", "my.yaml", cwd=tmp_path)
    assert (again.returncode, (tmp_path / "my.yaml").read_text()) == (2, before)


def test_every_command_has_help_with_an_example(tmp_path: Path) -> None:
    for command in (["run"], ["check"], ["report"], ["recipes", "list"], ["recipes", "show"], ["recipes", "copy"]):
        shown = abstain(*command, "--help", cwd=tmp_path)
        assert shown.returncode == 0
        assert "Example:" in shown.stdout, command


QUESTIONS = [{"question": f"Question {i}?", "answers": [f"answer {i}"]} for i in range(30)]


@pytest.fixture
def workplace(tmp_path: Path, tiny_model: str) -> Path:
    """Return a folder with good and bad inputs of every kind."""
    lines = [json.dumps(row) for row in QUESTIONS]
    (tmp_path / "good.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "malformed.jsonl").write_text(lines[0] + '\n{"question": \n')
    (tmp_path / "unanswered.jsonl").write_text('{"question": "Why?", "answers": []}\n')
    (tmp_path / "empty.jsonl").write_text("")
    bare = tmp_path / "bare-model"
    bare.mkdir()
    for file in Path(tiny_model).iterdir():
        if file.is_file() and file.name != "chat_template.jinja":
            (bare / file.name).write_bytes(file.read_bytes())
    config = json.loads((bare / "tokenizer_config.json").read_text())
    config.pop("chat_template", None)
    (bare / "tokenizer_config.json").write_text(json.dumps(config))
    (tmp_path / "not-a-model").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("precious")
    return tmp_path


SMALL = "world={families: 8, held_out_families: 2, members: 20, rl_members: 4, eval_members: 2, mentions: [0, 2]}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tiny", "rl.grpo.max_step=3"], "rl.grpo.max_step is not a field of GRPOConfig; did you mean 'max_steps'?"),
        (["tiny", "lora.rank=3"], "lora.rank is not a field of LoraConfig"),
        (["tiny", "rl.grpo.scale_rewards=group"], "rl.allow_group_scaling=true"),
        (["tiny", "rl.grpo.num_generations=7"], "rl.grpo: "),
        (["facts", "data.train=gone.jsonl"], "gone.jsonl: no such file"),
        (["facts", "data.train=malformed.jsonl", "data.where={}"], "malformed.jsonl:2: not JSON"),
        (["facts", "data.train=unanswered.jsonl", "data.where={}"], "unanswered.jsonl:1: no value in column 'answers'"),
        (["facts", "data.train=empty.jsonl"], "empty.jsonl: no questions"),
        (["facts", "data.train=good.jsonl", "data.eval=good.jsonl", "data.where={}"], "is also a training question"),
        (["finetune", "model=bare-model", "data.train=good.jsonl"], "bare-model has no chat template"),
        (["finetune", "model=./gone", "data.train=good.jsonl"], "./gone: no such folder"),
        (["finetune", "model=not-a-model", "data.train=good.jsonl"], "without a config.json"),
        (["finetune", "model=nobody/nothing", "data.train=good.jsonl"], "HF_HUB_OFFLINE is set"),
        (["finetune", "model=MODEL", "data.train=good.jsonl", "--out", "other"], "exists and is not a run's folder"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_exit_code_2_before_anything_is_written(
    workplace: Path, tiny_model: str, arguments: list[str], message: str
) -> None:
    before = sorted(str(p) for p in workplace.rglob("*"))
    small = [SMALL] if arguments[0] == "tiny" else []
    words = [a.replace("=MODEL", f"={tiny_model}") for a in arguments]
    done = abstain("run", *words, *small, cwd=workplace)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert sorted(str(p) for p in workplace.rglob("*")) == before


def test_of_the_processes_on_a_machine_one_tells_what_is_wrong_with_a_recipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: dict[str, str] = {}
    monkeypatch.setattr(sys, "argv", ["abstain", "run", "tiny", "rl.payoff.kind=none"])
    for local in ("0", "1"):
        monkeypatch.setenv("LOCAL_RANK", local)
        with pytest.raises(SystemExit) as done:
            main()
        assert done.value.code == 2
        told[local] = capsys.readouterr().err
    assert told["0"].startswith("error: ")
    assert told["1"] == ""


def test_check_tells_the_break_even_and_trains_nothing(workplace: Path, tiny_model: str) -> None:
    done = abstain("check", "finetune", f"model={tiny_model}", "data.train=good.jsonl", cwd=workplace)
    assert done.returncode == 0, done.stderr
    assert "break-even of the reward: the prompt's target, 0 to 0.98" in done.stdout
    assert "the recipe can run" in done.stdout


def test_report_of_a_folder_that_is_no_run(tmp_path: Path) -> None:
    done = abstain("report", "nowhere", cwd=tmp_path)
    assert (done.returncode, "nowhere: no such file or folder" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("systems", "said"),
    [
        ("[]", "eval.systems: names no system; null sweeps all of them"),
        ("[dpo]", "eval.systems: 'dpo' is none of the run's systems: base, prompted, warmup, trained"),
    ],
)
def test_systems_to_sweep_are_those_of_the_run(systems: str, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        load_recipe("tiny", [f"eval.systems={systems}"])
