"""What stands above what when recipes extend several others, and what `data: NAME` replaces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from abstain.data import InputError
from abstain.recipes import load_recipe
from abstain.recipes.commands.cli import refuse_options
from abstain.recipes.config.layers import merge, read_recipe
from abstain.recipes.config.load import refuse_torn
from abstain.recipes.config.paths import code_files
from abstain.recipes.runs.prepare import prepare


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_a_recipe_extends_several_the_later_above_the_earlier_and_its_own_keys_above_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path,
        model="model: m\nlora: {r: 4, lora_alpha: 8}\n",
        method="lora: {r: 16}\nseed: 1\n",
        mine="extends: [model.yaml, method.yaml]\nseed: 2\n",
    )
    merged, place = read_recipe("mine.yaml")
    assert merged == {"model": "m", "lora": {"r": 16, "lora_alpha": 8}, "seed": 2}
    assert place == "mine.yaml"


def test_the_keys_of_version_0_1_0_are_read_in_files_below_above_and_in_overrides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, old="extends: tiny\nroute: afterwards\n", new="extends: old.yaml\nprotocol: target\n")
    write(tmp_path, below="extends: new.yaml\nroute: afterwards\n", both="route: target\nprotocol: target\n")
    assert [read_recipe(f"{name}.yaml")[0]["protocol"] for name in ("old", "new", "below")] == [
        "post_hoc",
        "target",
        "post_hoc",
    ]
    assert load_recipe("new.yaml", ["route=target"]) == load_recipe("tiny", ["protocol=target"])
    assert set(read_recipe("both.yaml")[0]) == {"route", "protocol"}  # and `route` is then an unknown key


def test_two_files_may_extend_the_same_but_none_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, root="seed: 1\n", a="extends: root.yaml\n", b="extends: root.yaml\nmodel: m\n")
    write(tmp_path, both="extends: [a.yaml, b.yaml]\n", x="extends: [root.yaml, y.yaml]\n", y="extends: x.yaml\n")
    assert read_recipe("both.yaml")[0] == {"seed": 1, "model": "m"}
    with pytest.raises(InputError, match=r"y\.yaml: `extends` goes in a circle through 'x\.yaml'"):
        read_recipe("x.yaml")


def test_adjust_reaches_only_sections_that_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path,
        method="rl: {grpo: {max_steps: 3}}\n",
        mine="extends: method.yaml\nadjust: {rl: {grpo: {beta: 0.1}, rloo: {beta: 0.1}}, warmup: {prompts: 4}}\n",
        bad="adjust: 3\n",
    )
    assert read_recipe("mine.yaml")[0] == {"rl": {"grpo": {"max_steps": 3, "beta": 0.1}}}
    with pytest.raises(InputError, match=r"bad\.yaml: adjust: expected a mapping of sections, got int"):
        read_recipe("bad.yaml")


def test_a_mapping_on_the_command_line_changes_the_keys_that_it_names() -> None:
    before = load_recipe("tiny").warmup
    after = load_recipe("tiny", ["warmup={sft: {max_steps: 7}}"]).warmup
    assert before is not None
    assert after is not None
    assert after.sft == {**before.sft, "max_steps": 7}
    assert after.teach == before.teach == "belief"
    rl = load_recipe("tiny", ["rl={rloo: {max_steps: 7}}"]).rl  # as in a file, the rival goes
    assert rl is not None
    assert (rl.grpo, rl.rloo) == (None, {"max_steps": 7})


@pytest.mark.parametrize(
    ("recipe", "data", "teach"),
    [
        ("qwen3-1.7b/grpo", "triviaqa", "outcomes"),
        ("qwen3-1.7b/dpo", "commonsenseqa", "outcomes"),
        ("qwen3-1.7b/rloo", "gsm8k", "odds"),  # answers follow a derivation
        ("qwen3-1.7b/grpo", "math", "odds"),
        ("gpt-oss-20b/grpo", "triviaqa", "odds"),  # or thoughts
        ("qwen3-1.7b/stated", "triviaqa", "odds"),  # states a confidence, which grades nothing
    ],
)
def test_short_answers_are_taught_by_outcomes_and_those_that_follow_a_text_by_chance(
    recipe: str, data: str, teach: str
) -> None:
    warmup = load_recipe(recipe, [f"data={data}"]).warmup
    assert warmup is not None
    graded = teach == "outcomes"
    assert (warmup.teach, warmup.blend, warmup.targets_per_answer) == (teach, *(("auto", 4) if graded else (1.0, 1)))


def test_an_algorithm_takes_the_place_of_its_rival() -> None:
    assert merge({"rl": {"grpo": {"max_steps": 1}, "weight": 2}}, {"rl": {"rloo": {}}}) == {
        "rl": {"rloo": {}, "weight": 2}
    }


def test_ready_data_brings_its_grader_and_lengths_and_what_stands_above_it_stays() -> None:
    trivia, maths = load_recipe("qwen3-4b/grpo"), load_recipe("qwen3-4b/grpo", ["data=gsm8k", "eval.samples=7"])
    assert (trivia.data.train, trivia.grader.kind) == ("triviaqa:train", "auto")
    assert (maths.data.train, maths.data.eval, maths.grader.kind) == ("gsm8k:train", "gsm8k:test", "numeric")
    assert (trivia.rl.grpo["max_completion_length"], maths.rl.grpo["max_completion_length"]) == (48, 512)
    assert (maths.eval.max_new_tokens, maths.eval.samples) == (512, 7)


def test_ready_data_adjusts_the_sections_of_the_file_that_names_it_and_gives_way_to_its_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "extends: parts/models/qwen3-4b\ndata: gsm8k\nrl: {grpo: {max_steps: 3, steps_per_generation: 7}}\n"
    write(tmp_path, mine=f"{text}grader: {{kind: math}}\n")
    merged, _ = read_recipe("mine.yaml")
    grpo = merged["rl"]["grpo"]
    assert (grpo["max_completion_length"], grpo["steps_per_generation"], grpo["max_steps"]) == (512, 7, 3)
    assert merged["grader"] == {"kind": "math"}


def test_ready_data_in_a_file_replaces_that_of_the_recipe_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, mine="extends: tiny\ndata: commonsenseqa\n")
    recipe = load_recipe("mine.yaml")
    assert (recipe.world, recipe.data.train, recipe.grader.kind) == (None, "commonsenseqa:train", "choice")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data=gsm9k", "override 'data=gsm9k': no ready data 'gsm9k'; did you mean 'gsm8k'?; ready are commonsenseqa"),
        ("data=my/own.jsonl", "no ready data 'my/own.jsonl'; a file or Hub set is given as data.train=my/own.jsonl"),
        ("data.train=[]", "recipe qwen3-4b/grpo: data.train: names nothing to train on"),
        (
            "data.train=[{sauce: a.jsonl}]",
            "unknown key 'data.train.0.sauce'; did you mean 'source'?; allowed here: source, where, items",
        ),
    ],
)
def test_data_that_is_not_there_is_named_with_what_is(override: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load_recipe("qwen3-4b/grpo", [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_of_recipes_and_parts_that_are_not_there_get_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no recipe 'qwen3-4b/grop'.*did you mean 'qwen3-4b/grpo'"):
        load_recipe("qwen3-4b/grop")
    write(tmp_path, mine="extends: [parts/models/lama-3.1-8b]\n")
    with pytest.raises(InputError, match=r"did you mean 'parts/models/llama-3\.1-8b'"):
        load_recipe(str(tmp_path / "mine.yaml"))
    write(tmp_path, mine="extends: [3]\n")
    with pytest.raises(InputError, match="extends: expected a name or path, or a list of them, got 3"):
        load_recipe(str(tmp_path / "mine.yaml"))


def test_a_mixture_takes_what_it_says_of_every_source_and_tells_equal_ids_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        rows = [
            {"id": i, "question": f"{name}{i}?", "answers": ["x"], "kind": "odd" if i % 2 else "even"}
            for i in range(20)
        ]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    parts = [
        {"source": f"{tmp_path}/a.jsonl", "items": 6},
        {"source": f"{tmp_path}/b.jsonl", "where": {"kind": ["odd"]}},
    ]
    overrides = ["data.eval=null", "data.max_eval_items=null", f"data.train={json.dumps(parts)}"]
    prepared = prepare(load_recipe("qwen3-4b/grpo", overrides))
    asked = [*prepared.rl, *prepared.eval]
    assert sum(q.text.startswith("a") for q in asked) == 6
    assert sorted(q.text for q in asked if q.text.startswith("b")) == sorted(f"b{i}?" for i in range(1, 20, 2))
    assert len({q.id for q in asked}) == 16
    assert prepare(load_recipe("qwen3-4b/grpo", overrides)) == prepared


def test_data_files_are_looked_up_beside_the_recipe_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "recipes"
    folder.mkdir()
    for place in (folder / "mine.jsonl", tmp_path / "here.jsonl", tmp_path / "mine.jsonl"):
        place.write_text('{"question": "Who?", "answers": ["Ada"]}\n')
    (folder / "my.yaml").write_text(
        "{name: my, description: d, model: m, rl: {grpo: {max_steps: 1}}, "
        "data: {train: mine.jsonl, eval: 'popqa:mine.jsonl'}}"
    )
    recipe = load_recipe("recipes/my.yaml")
    assert recipe.data is not None
    assert (recipe.data.train, recipe.data.eval) == ("recipes/mine.jsonl", "popqa:recipes/mine.jsonl")
    over = load_recipe("recipes/my.yaml", ["data.train=here.jsonl"])  # a path of the command line is as it is typed
    assert over.data is not None
    assert (over.data.train, over.data.eval) == ("here.jsonl", "popqa:recipes/mine.jsonl")


def test_the_evaluation_half_of_a_set_goes_with_its_training_half() -> None:
    own = load_recipe("qwen3-4b/grpo", ["data.train=mine.jsonl"])
    assert own.data is not None
    assert (own.data.train, own.data.eval) == ("mine.jsonl", None)  # a tenth of one's own is kept apart
    kept = load_recipe("qwen3-4b/grpo", ["data.train=mine.jsonl", "data.eval=triviaqa:validation"])
    assert kept.data is not None
    assert kept.data.eval == "triviaqa:validation"
    same = load_recipe("qwen3-4b/grpo", ["data.train=triviaqa:validation"])
    assert same.data is not None
    assert same.data.eval == "triviaqa:validation"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("learning_rate=1", r"did you mean .*rl\.grpo\.learning_rate"),
        ("train=a.jsonl", r"unknown key 'train'; did you mean data\.train\?"),
        ("scale_rewards=none", r"did you mean rl\.grpo\.scale_rewards\?"),
        ("rl.payoff={kind: fixed}", "did you mean 'fixed_penalty'"),
        ("data.columns={answers:", r"put quotes round it: 'data\.columns=\{answers: \.\.\.'"),
    ],
)
def test_an_override_that_cannot_be_used_names_the_one_that_is_meant(override: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_recipe("finetune", [override])


def test_the_quoting_hint_is_the_users_own_override() -> None:
    with pytest.raises(InputError, match=r"'data\.columns=\{answers: gold\}'$"):
        refuse_torn("data.columns={answers:", ["gold}", "seed=1"])


def test_a_home_folder_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert load_recipe("finetune", ["model=~/llama"]).model == "/home/ann/llama"


def test_a_key_of_the_recipe_given_as_an_option_says_how_it_is_written() -> None:
    with pytest.raises(InputError, match="--model: is no option but a key of the recipe; write model=mine"):
        refuse_options(["check", "finetune", "--model", "mine"])
    refuse_options(["run", "finetune", "--out", "x", "--resume"])
    refuse_options(["eval", "--model", "mine"])


def test_every_path_of_a_file_is_looked_up_beside_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("below", "above"):
        (tmp_path / folder).mkdir()
    code = tmp_path / "below" / "own_pay.py"
    code.touch()
    payoff = "{kind: custom, path: 'own_pay.py:pay'}"
    (tmp_path / "below" / "base.yaml").write_text(f"extends: tiny\nrl: {{payoff: {payoff}}}\n")
    (tmp_path / "below" / "again.yaml").write_text("extends: base.yaml\nseed: 1\n")
    (tmp_path / "above" / "child.yaml").write_text("extends: ../below/again.yaml\nname: child\n")
    child = load_recipe("above/child.yaml")
    assert (child.name, child.seed) == ("child", 1)
    assert child.rl is not None
    assert child.rl.payoff.model_dump()["path"] == f"{code}:pay"
    assert code_files(child) == [str(code)]
    (tmp_path / "above" / "a.yaml").write_text("extends: ../above/b.yaml\n")
    (tmp_path / "above" / "b.yaml").write_text("extends: ../above/a.yaml\n")
    with pytest.raises(InputError, match=r"`extends` goes in a circle through '../above/a.yaml'"):
        load_recipe("above/a.yaml")


def test_an_override_changes_one_of_two_sections_that_an_alias_made_equal(tmp_path: Path) -> None:
    payoff = "{kind: ternary, correct: 1, abstained: 0, wrong: -1}"
    text = f"extends: tiny-dpo\ndpo: {{payoff: &same {payoff}}}\nwarmup: {{payoff: *same, teach: outcomes}}\n"
    (tmp_path / "mine.yaml").write_text(text)
    recipe = load_recipe(str(tmp_path / "mine.yaml"), ["dpo.payoff.wrong=-9"])
    assert recipe.dpo is not None
    assert recipe.warmup is not None
    assert recipe.warmup.payoff is not None
    assert [one.model_dump()["wrong"] for one in (recipe.dpo.payoff, recipe.warmup.payoff)] == [-9, -1]
