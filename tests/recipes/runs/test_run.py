"""Whole runs on the CPU, a few steps each: every trainer with a real tiny model."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from page import Page
from typer.testing import CliRunner

from abstain.data import InputError
from abstain.eval.sweep.responses import read_responses
from abstain.recipes import load_recipe
from abstain.recipes.commands.cli import app
from abstain.recipes.runs.run import RunFolder, run

pytestmark = pytest.mark.slow

MICRO = [
    "world={families: 8, held_out_families: 2, members: 30, rl_members: 4, eval_members: 2, mentions: [0, 2]}",
    "world.strangers=2",
    "base={layers: 1, width: 32, heads: 2, intermediate: 32, vocab_size: 600, row_length: 128}",
    "base.trainer={per_device_train_batch_size: 4, max_steps: 4, save_strategy: steps, save_steps: 2}",
    "warmup.prompts=16",
    "warmup.sft.max_steps=2",
    "warmup.sft.per_device_train_batch_size=8",
    "rl.grpo.max_steps=2",
    "rl.grpo.per_device_train_batch_size=8",
    "rl.grpo.gradient_accumulation_steps=1",
    "rl.grpo.steps_per_generation=1",
    "rl.grpo.num_generations=4",
    "rl.grpo.logging_steps=1",
    "rl.grpo.save_steps=1",
    "targets.eval=[0.25, 0.75]",
    "eval.samples=2",
    "eval.bootstrap=20",
]
KEYS = {
    *("adherence", "adherence_exact", "threshold_slope", "threshold_intercept", "normalized_regret", "snr_gain"),
    *("consistency_violations", "forced_accuracy", "aurc", "auroc", "brier", "ece", "smooth_ece", "by_threshold"),
}


class Silent:
    """A console that remembers what it was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def stage(self, name: str) -> None:
        self.lines.append(name)

    def tick(self, done: int, total: int) -> None:
        assert done <= total


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Silent]:
    out = tmp_path_factory.mktemp("run") / "micro"
    console = Silent()
    run(load_recipe("tiny", MICRO), out, console)
    return out, console


def test_a_run_leaves_what_the_docs_promise(finished: tuple[Path, Silent]) -> None:
    out, _ = finished
    promised = "recipe.yaml environment.json state.json report.html figures/effective_threshold.svg logs/rl.jsonl"
    models = "base/config.json base/tokenizer.json adapter/adapter_config.json"
    for name in f"{promised} {models}".split():
        assert (out / name).is_file(), name
    assert not any((out / "checkpoints").rglob("checkpoint-*"))
    for system in ("base", "prompted", "warmup", "trained"):
        metrics = json.loads((out / "eval" / system / "metrics.json").read_text())
        assert set(metrics) >= KEYS
        assert (metrics["split"], set(metrics["splits"])) == ("held_out_families", {"held_out_people", "arbitrary"})
        assert set(metrics["adherence_exact"]["all"]) == {"value", "low", "high", "n"}
        rows = read_responses(out / "eval" / system / "responses.jsonl")
        assert len(rows) == (4 + 4 + 4) * (1 + 2 + 2)


def test_only_the_systems_that_a_recipe_names_are_swept(finished: tuple[Path, Silent], tmp_path: Path) -> None:
    given = [f"model={finished[0] / 'base'}", "rl=null", "eval.systems=[trained]"]
    run(load_recipe("tiny", [*MICRO, *given]), tmp_path / "one", Silent())
    assert [path.name for path in (tmp_path / "one" / "eval").iterdir()] == ["trained"]


def test_the_base_folder_is_an_ordinary_model(finished: tuple[Path, Silent]) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

    folder = str(finished[0] / "base")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert isinstance(tokenizer, PreTrainedTokenizerFast)
    assert AutoModelForCausalLM.from_pretrained(folder).config.vocab_size == len(tokenizer)
    chat = [{"role": "user", "content": "0.62 é"}, {"role": "assistant", "content": "Verrin"}]
    text = tokenizer.apply_chat_template(chat, tokenize=False)
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


def test_groups_and_verdicts_are_shown_and_logged(finished: tuple[Path, Silent]) -> None:
    out, console = finished
    entries = [json.loads(line) for line in (out / "logs" / "rl.jsonl").read_text().splitlines()]
    stepped = [e for e in entries if "count/correct" in e]
    assert len(stepped) == 2
    for entry in stepped:
        assert sum(entry[f"count/{v}"] for v in ("correct", "wrong", "abstained", "ungraded")) == 8
        assert sum(entry[f"groups/{n}_outcome"] for n in ("one", "two", "three")) == pytest.approx(1)
    assert any("groups with 1 outcome" in line for line in console.lines)


def test_the_report_is_one_file_with_every_figure(finished: tuple[Path, Silent]) -> None:
    text = (finished[0] / "report.html").read_text()
    # Threshold, regret and curves, and an abstention surface of each of four systems. Confidence ranks nothing here:
    # a model trained for seconds is never right.
    assert text.count("<svg") == 7
    assert "held out families" in text
    assert {path.suffix for path in (finished[0] / "figures").iterdir()} == {".svg", ".png"}


def test_everything_a_model_wrote_is_escaped(finished: tuple[Path, Silent], tmp_path: Path) -> None:
    import shutil

    from abstain.recipes.runs.load import load_run
    from abstain.recipes.runs.report import report

    out = tmp_path / "copy"
    shutil.copytree(finished[0], out)
    path = out / "eval" / "trained" / "responses.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        row["completion"] = "<script>alert('x')</script>"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    page = Page(report(load_run(out)).read_text())
    assert len(page.scripts) == 2
    assert "<script>alert('x')</script>" in {row[5] for row in page.embedded()["rows"]}


def test_a_folder_that_holds_a_run_is_not_overwritten(finished: tuple[Path, Silent]) -> None:
    out, _ = finished
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*")}
    with pytest.raises(
        InputError,
        match=r"already holds a run; continue it \(resume=True, --resume\), or choose another folder \(out, --out\)",
    ):
        run(load_recipe("tiny", MICRO), out, Silent())
    with pytest.raises(InputError, match="holds a run of another recipe or seed"):
        run(load_recipe("tiny", [*MICRO, "seed=1"]), out, Silent(), resume=True)
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*")} == before


def test_a_folder_that_another_process_works_in_is_refused(finished: tuple[Path, Silent]) -> None:
    out, _ = finished
    held = (
        "import pathlib, time, abstain.eval.sweep.lock as l\n"
        f"p = pathlib.Path({str(out)!r})\nwith l.locked(p / '.lock', p):"
    )
    words = [sys.executable, "-c", f"{held}\n    print(flush=True)\n    time.sleep(600)"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(InputError, match=rf"{out}: in use by process {other.pid} on"):
            run(load_recipe("tiny", MICRO), out, Silent(), resume=True)
        other.kill()  # and with it the lock is gone
    run(load_recipe("tiny", MICRO), out, Silent(), resume=True)
    assert not (out / ".lock").exists()


def test_the_same_seed_gives_the_same_weights_responses_and_metrics(
    finished: tuple[Path, Silent], tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["run", "tiny", *MICRO, "--out", str(tmp_path / "again")])
    assert result.exit_code == 0, result.output

    def said(out: Path) -> list[tuple[object, ...]]:
        rows = read_responses(out / "eval" / "trained" / "responses.jsonl")
        return sorted((r.id, r.threshold, r.sample, r.completion) for r in rows)

    assert said(tmp_path / "again") == said(finished[0])
    weights = "base/model warmup/adapter_model adapter/adapter_model"
    for name in (*(f"{path}.safetensors" for path in weights.split()), "eval/trained/metrics.json"):
        assert (tmp_path / "again" / name).read_bytes() == (finished[0] / name).read_bytes(), name

    env = json.loads((tmp_path / "again" / "environment.json").read_text())
    assert (env["recipe"], env["overrides"], env["seed"]) == ("tiny", MICRO, 0)
    assert env["questions"] == json.loads((finished[0] / "environment.json").read_text())["questions"]
    assert set(env["questions"]) == {"documents", "training", "evaluation"}
    assert (env["commit"] is None) == (env["dirty"] is None)  # both, where the package is no checkout
    assert env["processes"] == 1
    assert env["packages"]["torch"] == env["versions"]["torch"]
    assert env["memory_gib"] > 0
    assert env["cpu_bfloat16"] in (True, False)


def test_a_resumed_run_remembers_where_it_began(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.note({"seed": 0, "commit": "a"})
    folder.note({"seed": 0, "commit": "b"})
    env = json.loads((tmp_path / "environment.json").read_text())
    assert env == {"seed": 0, "commit": "a", "resumed": [{"commit": "b"}]}


def test_a_users_own_model_and_file(finished: tuple[Path, Silent], tmp_path: Path) -> None:
    rows = [{"q": f"Which town does person {i} live in?", "gold": ["Verrin"]} for i in range(40)]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    changes = [o for o in MICRO if not o.startswith(("world", "base"))]
    own = [f"model={finished[0] / 'base'}", f"data.train={tmp_path / 'mine.jsonl'}", "data.columns.question=q"]
    recipe = load_recipe("tiny", [*changes, *own, "data.columns.answers=gold"])
    run(recipe, tmp_path / "run", Silent())
    metrics = json.loads((tmp_path / "run" / "eval" / "trained" / "metrics.json").read_text())
    assert (metrics["split"], metrics["items"], metrics["adherence_exact"]) == ("all", 4, None)
    assert metrics["reference_confidence"] == "base"
    assert not (tmp_path / "run" / "base").exists()
    files = json.loads((tmp_path / "run" / "environment.json").read_text())["files"]
    contents = (tmp_path / "mine.jsonl").read_bytes()
    digest = hashlib.sha256(contents).hexdigest()
    assert files == {str(tmp_path / "mine.jsonl"): {"bytes": len(contents), "sha256": digest}}


@pytest.mark.parametrize("stages", [["warmup=null"], ["rl=null"]])
def test_each_training_stage_runs_alone(finished: tuple[Path, Silent], tmp_path: Path, stages: list[str]) -> None:
    own = ["base=null", f"model={finished[0] / 'base'}"]
    changes = [o for o in MICRO if not o.startswith("base") and not o.startswith(stages[0].split("=")[0])]
    run(load_recipe("tiny", [*changes, *own, *stages]), tmp_path / "run", Silent())
    assert (tmp_path / "run" / "report.html").is_file()


@pytest.mark.extended
def test_a_killed_run_resumes_from_its_last_checkpoint(tmp_path: Path) -> None:
    out = tmp_path / "run"
    changes = [*MICRO, "rl.grpo.max_steps=60", "rl.grpo.save_steps=5", "rl.validation={every: 20, items: 3}"]
    command = [sys.executable, "-m", "abstain.recipes", "run", "tiny", *changes, "--out", str(out)]
    env = {**os.environ, "HF_HUB_OFFLINE": "1"}
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 180
    while not list((out / "checkpoints" / "rl").glob("checkpoint-*/trainer_state.json")):
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / "report.html").exists()
    before = json.loads((out / "state.json").read_text())["seconds"]
    logged = [json.loads(line)["step"] for line in (out / "logs" / "rl.jsonl").read_text().splitlines()]
    assert max(logged) < 60

    again = subprocess.run([*command, "--resume"], env=env, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    after = json.loads((out / "state.json").read_text())["seconds"]
    assert {stage: after[stage] for stage in before} == before  # what was done was not done again
    told = re.search(r"goes on from the checkpoint of step (\d+)", again.stdout)
    assert told is not None
    assert int(told[1]) >= 5
    entries = [json.loads(line) for line in (out / "logs" / "rl.jsonl").read_text().splitlines()]
    steps = [entry["step"] for entry in entries if "alarm" not in entry]
    assert steps == [*range(1, 61), 60]  # each once, whichever the killed run had logged; the last also in a summary
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    swept = {row["step"]: row for row in rows if "validation/forced_accuracy" in row}
    assert max(swept) == 60
    assert "validation/forced_accuracy_at_start" in swept[60]  # from before the kill
    assert {row["stage"] for row in rows} == {"base", "warmup", "rl"}
    assert (out / "report.html").is_file()
    third = subprocess.run([*command, "--resume"], env=env, capture_output=True, text=True)
    assert third.returncode == 0, third.stderr


def test_a_run_folder_remembers_its_stages_atomically(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    with folder.timed("base"):
        pass
    with pytest.raises(KeyError), folder.timed("rl"):
        raise KeyError
    assert RunFolder(tmp_path).done("base")
    assert not RunFolder(tmp_path).done("rl")


def test_every_stage_hands_its_adapter_on_and_is_evaluated(finished: tuple[Path, Silent], tmp_path: Path) -> None:
    few = "max_steps: 2, per_device_train_batch_size: 4, logging_steps: 1"
    stages = [
        f"rejection={{prompts: 8, samples: 2, truncated: wrong, sft: {{{few}}}}}",
        f"dpo={{prompts: 8, samples: 2, truncated: wrong, trainer: {{{few}}}}}",
        "rl.grpo=null",
        f"rl.rloo={{{few}, num_generations: 4, max_completion_length: 8}}",
    ]
    changes = [o for o in MICRO if not o.startswith(("base", "rl.grpo"))]
    recipe = load_recipe("tiny", [*changes, "base=null", f"model={finished[0] / 'base'}", "eval.samples=0", *stages])
    out, console = tmp_path / "run", Silent()
    run(recipe, out, console)
    ran = [line for line in console.lines if line in ("warm-up", "rejection-sampled fine-tuning", "DPO", "RLOO")]
    assert ran == ["warm-up", "rejection-sampled fine-tuning", "DPO", "RLOO"]
    weights = [(out / name / "adapter_model.safetensors").read_bytes() for name in ("warmup", "rejection", "dpo")]
    assert len(set(weights)) == 3  # each stage changed the adapter
    assert (out / "adapter" / "adapter_config.json").is_file()
    assert not (out / "dpo" / "ref").exists()
    assert {path.name for path in (out / "eval").iterdir()} == {
        *("base", "prompted", "warmup", "rejection", "dpo", "trained"),
    }
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert {row["stage"] for row in rows} == {"warmup", "rejection", "dpo", "rl"}
    assert next(row for row in rows if row["stage"] == "dpo")["pairs/abstention_over_answer"] > 0


def test_a_scored_confidence_runs_all_stages_and_is_held_against_the_targets_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from abstain.eval.backends.backend import Completion

    def own_answers(backend: object, questions: list[object], *_: object) -> list[Completion]:
        return [Completion("Verrin", (), (-0.5,), "stop")] * len(questions)  # what it says itself is always cut off

    monkeypatch.setattr("abstain.training.warmup.own_answers", own_answers)
    changes = ["rl.payoff={kind: brier, unstated: -1, abstained: 0}", "rl.validation={every: 1, items: 3}"]
    run(load_recipe("tiny", [*MICRO, *changes, "warmup.prompts=32"]), tmp_path / "run", Silent())
    for system, source in (("base", "sequence_probability"), ("prompted", "stated"), ("trained", "stated")):
        rows = read_responses(tmp_path / "run" / "eval" / system / "responses.jsonl")
        assert {row.threshold for row in rows} == {None}
        assert {row.confidence_source for row in rows if row.sample == 0} == {source}
        metrics = json.loads((tmp_path / "run" / "eval" / system / "metrics.json").read_text())
        assert [row["t"] for row in metrics["by_threshold"]] == [0.25, 0.75]
    logged = [json.loads(line) for line in (tmp_path / "run" / "logs" / "rl.jsonl").read_text().splitlines()]
    assert any("stated/answers" in row for row in logged)
    assert not any(key.startswith("target/") for row in logged for key in row)


def test_a_run_on_a_curriculum_with_a_scored_confidence_trains_its_stages_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from abstain.rewards import AbstentionReward

    seen: list[float] = []
    plain = AbstentionReward.__call__

    def recording(self: AbstentionReward, *args: object, **columns: object) -> object:
        seen.extend(columns["threshold"])  # pyright: ignore
        return plain(self, *args, **columns)  # pyright: ignore

    monkeypatch.setattr(AbstentionReward, "__call__", recording)
    stages = "[{share: 0.5, low: 0.02, high: 0.1}, {share: 0.5, low: 0.9, high: 0.98}]"
    recipe = load_recipe(
        "tiny",
        [
            *MICRO,
            "targets.forced_share=0",
            "protocol=target",
            f"targets.schedule={{kind: curriculum, stages: {stages}}}",
            "rl.payoff={kind: brier, unstated: -1, abstained: 0}",
            "rl.length_penalty={amount: 0.1, start: 4, end: 8}",
        ],
    )
    run(recipe, tmp_path / "run", Silent())
    half = len(seen) // 2
    assert half > 0
    assert all(t <= 0.1 for t in seen[:half])
    assert all(t >= 0.9 for t in seen[half:])
