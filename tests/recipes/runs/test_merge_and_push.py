"""`abstain merge` and `abstain push` as a user runs them, with an adapter that changes what the model says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, ClassVar

import huggingface_hub
import pytest
import torch
import yaml
from taught import write_questions
from typer.testing import CliRunner, Result

from abstain.data import InputError, RunError
from abstain.eval.sweep.responses import read_responses
from abstain.recipes import load_recipe
from abstain.recipes.commands.cli import app
from abstain.recipes.config.load import dump_recipe
from abstain.recipes.runs import push
from abstain.recipes.runs.merge import find_trained

FAST = ("--targets", "0.25,0.75", "--samples", "1", "--max-new-tokens", "8", "--template", "points")


def abstain(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def make_adapter(model: str, out: Path, scale: float = 0.02, **lora: Any) -> Path:
    """Save an adapter of random weights: strong enough to change answers."""
    from peft import get_peft_model

    from abstain.training.adapter import load_model, lora_config

    torch.manual_seed(0)
    adapted: Any = get_peft_model(load_model(model), lora_config({"r": 4, **lora}))
    for name, weight in adapted.named_parameters():
        if "lora_B" in name or "modules_to_save" in name:
            weight.data += scale * torch.randn_like(weight)
    adapted.save_pretrained(str(out))
    return out


@pytest.fixture(scope="module")
def adapter(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_adapter(tiny_model, tmp_path_factory.mktemp("adapter") / "adapter")


def test_a_merged_model_is_an_ordinary_one_that_says_the_same(tiny_model: str, adapter: Path, tmp_path: Path) -> None:
    out, questions = tmp_path / "merged", tmp_path / "q.jsonl"
    write_questions(questions)
    result = abstain("merge", adapter, "--out", out)  # the adapter names its model
    assert result.exit_code == 0, result.output
    assert "(tolerance 0.001 for float32)" in result.output.replace("\n", " ")
    assert {path.name for path in tmp_path.iterdir()} == {"merged", "q.jsonl"}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {path.name for path in out.iterdir()}
    assert not list(out.glob("adapter*"))
    said: list[dict[Any, str]] = []
    for name, arguments in {
        "a": ["--model", tiny_model, "--adapter", adapter],
        "b": ["--model", out],
        "c": ["--model", tiny_model],
    }.items():
        done = abstain("eval", *arguments, "--system", "s", "--questions", questions, *FAST, "--out", tmp_path / name)
        assert done.exit_code == 0, done.output
        rows = read_responses(tmp_path / name / "eval" / "s" / "responses.jsonl")
        said.append({(r.id, r.threshold): r.completion for r in rows if not r.sample})
    assert said[0] == said[1]
    assert said[0] != said[2]  # the adapter does something


def test_merging_is_refused_where_it_would_overwrite_or_there_is_nothing_to_merge(
    tiny_model: str, adapter: Path, tmp_path: Path
) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("x")
    for arguments, told in (
        ((adapter, "--out", full), f"--out {full}: exists and is not empty"),
        ((tiny_model, "--out", tmp_path / "x"), "is a whole model already, there is nothing to merge"),
        ((full, "--out", tmp_path / "x"), "neither a run's folder (recipe.yaml) nor an adapter's"),
        ((tmp_path / "none", "--out", tmp_path / "x"), "no such folder"),
        ((adapter, "--out", tmp_path / "x", "--dtype", "int8"), "--dtype: 'int8' is none of float32"),
    ):
        result = abstain("merge", *arguments)
        assert isinstance(result.exception, InputError), result.output
        assert told in str(result.exception)
    assert [path.name for path in full.iterdir()] == ["mine.txt"]


def test_of_an_interrupted_run_the_adapter_of_its_last_finished_stage_is_merged(tmp_path: Path) -> None:
    sections = {"warmup": "warmup={}", "rejection": "rejection={}", "dpo": "dpo={}", "rl": "rl.grpo.max_steps=2"}
    recipe = load_recipe("tiny", list(sections.values()))
    (tmp_path / "recipe.yaml").write_text(dump_recipe(recipe))
    with pytest.raises(InputError, match="holds no trained adapter"):
        find_trained(tmp_path)
    for stage, folder in (("warmup", "warmup"), ("rejection", "rejection"), ("dpo", "dpo"), ("rl", "adapter")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "adapter_config.json").write_text("{}")
        found = find_trained(tmp_path)
        assert (found.adapter, found.stage) == (tmp_path / folder, stage)
        assert found.unfinished == tuple(list(sections)[list(sections).index(stage) + 1 :])
    assert find_trained(tmp_path).model == str(tmp_path / "base")


def test_merging_an_interrupted_run_says_after_which_stage_it_is(
    tiny_model: str, adapter: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    recipe = load_recipe("tiny", ["warmup={}", "rl.grpo.max_steps=2", "base=null", f"model={tiny_model}"])
    (run / "recipe.yaml").write_text(dump_recipe(recipe))
    shutil.copytree(adapter, run / "warmup")
    told = "the run is not finished: this is the adapter after warmup, without rl; go on with `abstain run --resume`"
    done = abstain("merge", run, "--out", tmp_path / "early")
    assert done.exit_code == 0, done.output
    assert told in done.output
    shutil.copytree(adapter, run / "adapter")
    done = abstain("merge", run, "--out", tmp_path / "late")
    assert done.exit_code == 0, done.output
    assert "not finished" not in done.output


def test_a_merge_that_changes_the_logits_names_the_largest_difference_and_leaves_nothing(
    adapter: Path, tmp_path: Path
) -> None:
    result = abstain("merge", adapter, "--out", tmp_path / "x", "--dtype", "bfloat16", "--tolerance", "1e-9")
    assert isinstance(result.exception, RunError)  # exit code 1
    assert "merging changed a logit by " in str(result.exception)
    assert "more than the tolerance of 1e-09 for bfloat16 weights" in str(result.exception)
    assert not list(tmp_path.iterdir())


def test_weights_in_two_bytes_are_within_their_tolerance(adapter: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    assert abstain("merge", adapter, "--out", tmp_path / "x", "--dtype", "bfloat16").exit_code == 0
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "x").dtype == torch.bfloat16


def test_a_head_trained_apart_from_the_embeddings_is_saved_apart(tiny_model: str, tmp_path: Path) -> None:
    adapter = make_adapter(tiny_model, tmp_path / "adapter", modules_to_save=["lm_head"])
    assert abstain("merge", adapter, "--model", tiny_model, "--out", tmp_path / "x").exit_code == 0
    assert json.loads((tmp_path / "x" / "config.json").read_text())["tie_word_embeddings"] is False


@pytest.fixture(scope="module")
def run(tiny_model: str, adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as `abstain run` leaves it, its sweeps made by `abstain eval`."""
    folder = tmp_path_factory.mktemp("run") / "mine"
    write_questions(questions := folder.parent / "q.jsonl")
    asked = ("eval", "--model", tiny_model, "--adapter", adapter, "--questions", questions, *FAST)
    done = abstain(*asked, "--system", "trained", "--out", folder)
    assert done.exit_code == 0, done.output
    recipe = load_recipe("tiny", ["base=null", f"model={tiny_model}", f"data.train={questions}", "name=mine"])
    (folder / "recipe.yaml").write_text(dump_recipe(recipe))
    shutil.copytree(adapter, folder / "adapter")
    (folder / "figures").mkdir(exist_ok=True)
    (folder / "figures" / "effective_threshold.png").write_bytes(b"stands in")  # of this model it would be empty
    return folder


def front_matter(card: Path) -> dict[str, Any]:
    return yaml.safe_load(card.read_text().split("---\n")[1])


def test_the_folder_that_would_be_pushed_holds_the_adapter_its_card_and_what_repeats_it(
    run: Path, tmp_path: Path
) -> None:
    result = abstain("push", run, "--base", "someone/base", "--dry-run", tmp_path / "hub")
    assert result.exit_code == 0, result.output
    out = tmp_path / "hub"
    names = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert {"README.md", "adapter_config.json", "adapter_model.safetensors", "recipe.yaml", "environment.json"} <= names
    assert "figures/effective_threshold.png" in names
    assert json.loads((out / "adapter_config.json").read_text())["base_model_name_or_path"] == "someone/base"
    card, head = (out / "README.md").read_text(), front_matter(out / "README.md")
    assert (head["base_model"], head["library_name"]) == ("someone/base", "peft")
    assert "## Behavioral calibration" in card
    assert "(figures/effective_threshold.png)" in card


def test_a_merged_model_is_pushed_as_a_whole_one(run: Path, tmp_path: Path) -> None:
    assert abstain("push", run, "--merged", "--dry-run", tmp_path / "hub").exit_code == 0
    assert (tmp_path / "hub" / "model.safetensors").is_file()
    assert front_matter(tmp_path / "hub" / "README.md")["library_name"] == "transformers"


class FakeApi:
    """Stands in for `HfApi`: remembers what it was given."""

    calls: ClassVar[list[dict[str, Any]]] = []
    error: ClassVar[Exception | None] = None

    def create_repo(self, repo_id: str, **kwargs: Any) -> str:
        if self.error is not None:
            raise self.error
        self.calls.append({"repo_id": repo_id, **kwargs})
        return f"https://huggingface.co/{repo_id}"

    def upload_folder(self, **kwargs: Any) -> None:
        files = sorted(path.name for path in Path(kwargs["folder_path"]).iterdir())
        self.calls.append({**kwargs, "files": files})


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> type[FakeApi]:
    FakeApi.calls, FakeApi.error = [], None
    monkeypatch.setattr(huggingface_hub, "HfApi", FakeApi)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_stand_in")
    return FakeApi


def test_pushing_makes_the_repository_and_uploads_the_folder(run: Path, hub: type[FakeApi]) -> None:
    result = abstain("push", run, "--base", "someone/base", "--to", "me/mine", "--private")
    assert result.exit_code == 0, result.output
    assert "pushed: https://huggingface.co/me/mine" in result.output
    made, uploaded = hub.calls
    assert (made["repo_id"], made["private"], made["exist_ok"]) == ("me/mine", True, True)
    assert uploaded["repo_id"] == "me/mine"
    assert {"README.md", "adapter_model.safetensors", "figures"} <= set(uploaded["files"])
    assert not Path(uploaded["folder_path"]).exists()


def whole_model_run(run: Path, tiny_model: str, out: Path) -> Path:
    """Return a copy of the run as `lora: null` leaves it: the last stage's model under model/, and no adapter."""
    shutil.copytree(run, out, ignore=shutil.ignore_patterns("adapter"))
    recipe = load_recipe(str(run / "recipe.yaml"), ["lora=null"])
    (out / "recipe.yaml").write_text(dump_recipe(recipe))
    shutil.copytree(tiny_model, out / "model")
    (out / "model" / "training_args.bin").write_bytes(b"pickled")
    return out


@pytest.mark.parametrize("options", [(), ("--merged",)])
def test_a_model_trained_without_an_adapter_is_pushed_whole(
    options: tuple[str, ...], run: Path, tiny_model: str, tmp_path: Path, hub: type[FakeApi]
) -> None:
    trained = whole_model_run(run, tiny_model, tmp_path / "whole")
    result = abstain("push", trained, "--to", "me/whole", *options)
    assert result.exit_code == 0, result.output
    assert "pushed: https://huggingface.co/me/whole" in result.output
    _, uploaded = hub.calls
    assert {"README.md", "config.json", "model.safetensors", "tokenizer.json", "recipe.yaml"} <= set(uploaded["files"])
    assert not {"training_args.bin", "adapter_config.json"} & set(uploaded["files"])
    assert abstain("push", trained, "--dry-run", tmp_path / "hub").exit_code == 0
    weights = (tmp_path / "hub" / "model.safetensors").read_bytes()
    assert weights == (Path(tiny_model) / "model.safetensors").read_bytes()
    assert front_matter(tmp_path / "hub" / "README.md")["library_name"] == "transformers"


def test_a_model_trained_without_an_adapter_has_nothing_to_merge(run: Path, tiny_model: str, tmp_path: Path) -> None:
    trained = whole_model_run(run, tiny_model, tmp_path / "whole")
    result = abstain("merge", trained, "--out", tmp_path / "x")
    assert str(result.exception) == f"{trained / 'model'}: is a whole model already, there is nothing to merge"


def test_what_cannot_be_pushed_is_told_in_one_line_with_what_to_do(
    run: Path, adapter: Path, tiny_model: str, hub: type[FakeApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(*arguments: object) -> str:
        result = abstain("push", *arguments)
        assert isinstance(result.exception, InputError | RunError), result.output
        assert "\n" not in str(result.exception)
        return str(result.exception)

    assert "--to USER/NAME is needed" in told(run)
    assert "--to mine: not a Hub id" in told(run, "--to", "mine")
    assert "a folder of this machine that others cannot load" in told(run, "--to", "me/mine")
    assert "is an adapter without a run; its card needs the run's evaluation" in told(adapter, "--to", "me/mine")
    assert "is a model without a run; its card needs the run's evaluation" in told(tiny_model, "--to", "me/mine")
    hub.error = ConnectionError("no route to host")
    assert "the Hub cannot be reached (no route to host); write the folder with --dry-run DIR" in told(
        run, "--base", "someone/base", "--to", "me/mine"
    )
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    assert "not logged in to the Hub; run `hf auth login` or set HF_TOKEN" in told(run, "--to", "me/mine")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set, so nothing can be pushed; unset it, or write the folder" in told(run, "--to", "me/x")
    assert not hub.calls


def test_the_card_names_a_local_base_model_by_its_folder_and_one_that_was_made_by_its_recipe(tmp_path: Path) -> None:
    def base(*overrides: str) -> str:
        return push._of_training(load_recipe("tiny", overrides), "out")["base_model"]

    (tmp_path / "mymodel").mkdir()
    assert base("base=null", f"model={tmp_path / 'mymodel'}") == "the local folder mymodel"
    assert base("base=null", "model=org/mymodel") == "org/mymodel"
    assert base() == "a small Llama made from scratch by the recipe tiny"
