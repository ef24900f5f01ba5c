"""What version 0.1.0 made is read, reported, scored and compared: a training run, an evaluation, scored rows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from abstain.data import InputError, template
from abstain.recipes.commands.cli import app
from abstain.recipes.runs.load import load_run
from abstain.recipes.runs.merge import find_trained

MADE = Path(__file__).parents[1] / "version_0_1_0"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MADE, tmp_path / "made"))


def abstain(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(a) for a in arguments])
    if done.exception is not None:
        raise done.exception
    return done.output


def test_a_training_run_is_read(made: Path) -> None:
    run = load_run(made / "training")
    assert run.recipe is not None
    assert (run.kind, run.recipe.name, run.recipe.stages) == ("training", "tiny", ["warmup", "rl"])
    assert (run.systems, run.targets, run.seed) == (["base", "trained"], [0.25, 0.75], 0)
    assert len(run.responses("trained")) == 2 * (1 + 2 + 2)  # 2 questions: forced, sampled twice, at both targets
    assert {question.metadata["split"] for question in run.questions} == {"held_out_families", "held_out_people"}
    assert run.world is not None
    assert run.environment is not None
    assert run.environment["versions"]["abstain"] == "0.1.0"
    assert run.model == str(made / "training" / "base")
    assert run.adapter is None  # its folder is not among what was kept of it


def test_an_evaluation_is_read_as_a_recipe_without_stages(made: Path) -> None:
    run = load_run(made / "evaluation")
    assert run.recipe is not None
    assert (run.kind, run.recipe.stages, run.systems) == ("evaluation", [], ["tiny-base"])
    assert (run.recipe.model, run.recipe.protocol, run.recipe.eval.confidence) == ("run/base", "post_hoc", "agreement")
    assert run.recipe.data is not None
    assert run.recipe.data.eval == "q.jsonl"
    assert run.recipe.chat_template_kwargs == {"thinking": False}
    assert run.prompt == template("exam@1")
    assert len({question.text for question in run.questions}) == 4


def test_scored_rows_are_read_with_the_grader_that_graded_them(made: Path) -> None:
    run = load_run(made / "scored")
    assert (run.kind, run.systems, run.recipe) == ("scored", ["scored"], None)
    assert run.grader_section is not None
    assert run.grader_section.kind == "contains"  # pyright: ignore
    assert run.grader is not None
    assert run.grader("It is Verrin.", ("Verrin",), None).verdict.value == "correct"
    assert run.metrics("scored")["all"]["items"] == 4


@pytest.mark.parametrize("kind", ["training", "evaluation", "scored"])
def test_a_report_is_made_of_each(made: Path, kind: str) -> None:
    text = abstain("report", made / kind)
    assert f"report: {made / kind / 'report.html'}" in text
    assert "</html>" in (made / kind / "report.html").read_text()


def test_a_card_is_made_of_runs_and_refused_for_scored_rows(made: Path) -> None:
    for kind, command in (("training", "abstain run recipe.yaml"), ("evaluation", "abstain eval --model run/base")):
        abstain("report", made / kind, "--model-card", made / kind / "card.md")
        assert command in (made / kind / "card.md").read_text()
    with pytest.raises(InputError, match=r"--model-card: .*scored holds rows, and not the run of a model"):
        abstain("report", made / "scored", "--model-card", made / "card.md")
    assert not (made / "scored" / "report.html").exists()


def test_each_is_graded_again(made: Path) -> None:
    for kind, of in (("training", "base"), ("evaluation", "tiny-base"), ("scored", "scored")):
        out = made / f"{kind}-again"
        assert "graded here by contains" in abstain(
            "score", made / kind, "--regrade", "--grader", "contains", "--out", out, "--draws", 2
        )
        again = load_run(out)
        assert of in again.systems or again.systems == [out.name]


def test_each_is_compared(made: Path) -> None:
    assert "1 items in both" in abstain(
        "compare", made / "training" / "eval" / "base", made / "training", "--overlap", "--draws", 100
    )
    abstain("report", made / "evaluation")
    with pytest.raises(InputError, match=r"A was graded by \{kind: alias\} and B by \{kind: contains\}"):
        abstain("compare", made / "evaluation", made / "scored")
    assert "4 items in both" in abstain("compare", made / "evaluation", made / "scored", "--overlap", "--draws", 100)


def test_they_are_not_overwritten_and_another_recipe_does_not_go_on_in_them(made: Path) -> None:
    asked = ("eval", "--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--questions", "q.jsonl")
    with pytest.raises(InputError, match=r"already holds a run; continue it \(resume=True, --resume\)"):
        abstain(*asked, "--out", made / "evaluation")
    with pytest.raises(InputError, match="holds a run of another recipe or seed"):
        abstain(*asked, "--out", made / "evaluation", "--resume")
    with pytest.raises(InputError, match=r"holds a run \(eval.yaml\), which is not overwritten"):
        abstain("score", made / "scored", "--out", made / "evaluation")


def test_an_unfinished_one_is_neither_merged_nor_pushed(made: Path) -> None:
    with pytest.raises(InputError, match=r"training: holds no trained adapter or model; go on with"):
        find_trained(made / "training")
    with pytest.raises(InputError, match=r"evaluation: is the evaluation of a model without an adapter"):
        find_trained(made / "evaluation")


def test_a_key_that_version_0_1_0_did_not_have_is_named(made: Path) -> None:
    path = made / "evaluation" / "eval.yaml"
    path.write_text(path.read_text().replace("samples: 2", "sampels: 2"))
    with pytest.raises(InputError, match=r"eval.yaml: unknown key 'sampels'; allowed here: model, "):
        load_run(made / "evaluation")


def test_scored_rows_without_their_metrics_are_measured_again(made: Path) -> None:
    before = json.loads((made / "scored" / "metrics.json").read_text())
    (made / "scored" / "metrics.json").unlink()
    abstain("report", made / "scored")
    after = json.loads((made / "scored" / "metrics.json").read_text())
    assert after["verdicts"] == before["verdicts"]
    assert after["rates"]["accuracy"]["value"] == before["rates"]["accuracy"]["value"]


def test_the_missing_metrics_of_one_of_several_are_computed_by_the_command_that_the_message_names(made: Path) -> None:
    (made / "scored" / "metrics.json").unlink()
    with pytest.raises(InputError) as refused:
        abstain("report", made / "evaluation", made / "scored", "--out", made / "both.html")
    assert f"missing; `abstain report {made / 'evaluation'}` computes it" in str(refused.value)
    abstain("report", made / "evaluation")
    with pytest.raises(InputError) as refused:
        abstain("report", made / "evaluation", made / "scored", "--out", made / "both.html")
    assert f"missing; `abstain report {made / 'scored'}` computes it" in str(refused.value)
