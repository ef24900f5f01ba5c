"""The exported sweeps run for real on a small model, by each harness's own command: `make harnesses`."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from taught import QUESTIONS, TARGETS, taught_answer, teach, write_questions

from abstain.data import PromptStyle
from abstain.eval.sweep.responses import Response, read_responses
from abstain.rewards import Verdict, alias_match

INSTALLED = {name: importlib.util.find_spec(name) is not None for name in ("inspect_ai", "lm_eval")}
pytestmark = pytest.mark.slow
needs_inspect = pytest.mark.skipif(not INSTALLED["inspect_ai"], reason="Inspect is not installed (make harnesses)")
needs_lm_eval = pytest.mark.skipif(not INSTALLED["lm_eval"], reason="lm-eval is not installed (make harnesses)")

Row = tuple[str, float]
SAMPLES = 2


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    if not any(INSTALLED.values()):
        pytest.skip("no harness is installed (make harnesses)")
    return teach(tmp_path_factory.mktemp("taught"))


@pytest.fixture(scope="module")
def ours(model: str, tmp_path_factory: pytest.TempPathFactory) -> dict[Row, Response]:
    """Return the greedy rows of our own sweep."""
    from abstain.eval.backends.opening import open_backend
    from abstain.eval.sweep.sweep import Sweep, run_sweep

    out = tmp_path_factory.mktemp("ours") / "responses.jsonl"
    sweep = Sweep(truncated=Verdict.WRONG, targets=TARGETS, style=PromptStyle(), grader=alias_match(), samples=0)
    rows = run_sweep(open_backend(model, max_new_tokens=16), QUESTIONS, sweep, out)
    return {(row.id, row.threshold or 0.0): row for row in rows}


def run(folder: Path, *command: str) -> None:
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "INSPECT_LOG_LEVEL": "warning"}
    done = subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def export(harness: str, folder: Path, *more: str) -> Path:
    write_questions(folder / "towns.jsonl")
    options = ["--targets", ",".join(map(str, TARGETS)), "--samples", str(SAMPLES), "--max-new-tokens", "16", *more]
    run(folder, "abstain.recipes", "export", harness, "--questions", "towns.jsonl", *options, "--out", "sweep")
    return folder / "sweep"


def scored(folder: Path, log: Path) -> dict[tuple[str, float, int], Response]:
    """Return the rows that `abstain score` makes of a log."""
    run(folder, "abstain.recipes", "score", str(log), "--out", "scored")
    return {
        (row.id, row.threshold or 0.0, row.sample): row for row in read_responses(folder / "scored/responses.jsonl")
    }


def test_the_model_says_what_it_was_taught_so_that_every_verdict_occurs(ours: dict[Row, Response]) -> None:
    for (id_, t), row in ours.items():
        assert row.completion == taught_answer(int(id_), t)
    assert {row.verdict for row in ours.values()} == {Verdict.CORRECT, Verdict.WRONG, Verdict.ABSTAINED}


def inspect_log(folder: Path, model: str, task: str, *more: str) -> dict[str, Any]:
    arguments = ["-M", f"model_path={model}", "-M", 'tokenizer_call_args={"add_special_tokens": false}', *more]
    logs = ["--log-dir", "logs", "--log-format", "json", "--display", "none", "--max-connections", "32"]
    run(folder, "inspect_ai", "eval", f"sweep/task.py@{task}", "--model", "hf/local", *arguments, *logs)
    (path,) = (folder / "logs").glob("*.json")
    return {**json.loads(path.read_text(encoding="utf-8")), "path": path}


@needs_inspect
def test_inspect_runs_the_sweep_with_the_same_verdicts(model: str, ours: dict[Row, Response], tmp_path: Path) -> None:
    export("inspect", tmp_path)
    log = inspect_log(tmp_path, model, "abstain_towns", "-M", "do_sample=false")
    assert log["status"] == "success"
    verdicts = {"C": Verdict.CORRECT, "I": Verdict.WRONG, "N": Verdict.ABSTAINED}
    theirs = {(s["metadata"]["id"], s["metadata"]["threshold"]): s for s in log["samples"]}
    assert theirs.keys() == ours.keys()
    for key, row in ours.items():
        score = theirs[key]["scores"]["abstention"]
        said = theirs[key]["output"]["choices"][0]["message"]["content"]
        assert (said, verdicts[score["value"]], score.get("answer"), score["explanation"]) == (
            row.completion, row.verdict, row.answer, row.reason,
        )  # fmt: skip
    metrics = {name: metric["value"] for name, metric in log["results"]["scores"][0]["metrics"].items()}
    # At 0.75 four of eight abstain; of the others the odd numbers are right: 3, 7. Pay: (2 · 0.25 − 2 · 0.75) / 8.
    assert (metrics["coverage t=0.75"], metrics["accuracy t=0.75"], metrics["payoff t=0.75"]) == (0.5, 0.5, -0.125)
    assert (metrics["accuracy t=0"], metrics["payoff t=0.25"]) == (0.5, (4 * 0.75 - 4 * 0.25) / 8)
    rescored = scored(tmp_path, log["path"])
    assert {(id_, t): row.verdict for (id_, t, _), row in rescored.items()} == {k: r.verdict for k, r in ours.items()}


@needs_inspect
def test_inspect_samples_forced_answers_apart(model: str, tmp_path: Path) -> None:
    export("inspect", tmp_path)
    log = inspect_log(tmp_path, model, "abstain_towns_samples", "--top-k", "0")
    assert log["status"] == "success"
    rows = scored(tmp_path, log["path"])
    assert set(rows) == {(question.id, 0.0, k) for question in QUESTIONS for k in (1, 2)}
    grade = alias_match()
    assert all(row.verdict is grade(row.completion, row.answers).verdict for row in rows.values())


@needs_inspect
def test_inspect_leaves_a_sample_without_a_verdict_out(model: str, tmp_path: Path) -> None:
    """A judge that cannot be reached gives no verdict where the answer is no alias."""
    grader = "{kind: judge, model: none, base_url: 'http://127.0.0.1:9/v1', retries: 0}"
    export("inspect", tmp_path, "--grader", grader)
    log = inspect_log(tmp_path, model, "abstain_towns", "-M", "do_sample=false")
    (scores,) = log["results"]["scores"]
    wrong = sum(
        taught_answer(n, t) not in (q.answers[0], "I don't know.")
        for n, q in enumerate(QUESTIONS)
        for t in (0.0, *TARGETS)
    )
    assert scores["unscored_samples"] == wrong
    metrics = {name: metric["value"] for name, metric in scores["metrics"].items()}
    assert metrics["accuracy t=0"] == 1  # of what was graded


def lm_eval_logs(folder: Path, model: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    arguments = ["--model_args", f"pretrained={model},add_bos_token=False", "--device", "cpu", "--batch_size", "16"]
    asked = ["--tasks", "abstain_towns", "--include_path", "sweep", "--apply_chat_template"]
    run(folder, "lm_eval", "--model", "hf", *arguments, *asked, "--log_samples", "--output_path", "out")
    (results,) = folder.glob("out/*/results_*.json")
    return json.loads(results.read_text(encoding="utf-8")), list(_samples(folder))


def _samples(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("out/*/samples_*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield {**json.loads(line), "task": path.name}


@needs_lm_eval
def test_lm_eval_runs_the_sweep_with_the_same_verdicts(model: str, ours: dict[Row, Response], tmp_path: Path) -> None:
    export("lm-eval", tmp_path)
    results, samples = lm_eval_logs(tmp_path, model)
    greedy = {(s["doc"]["id"], s["doc"]["threshold"]): s for s in samples if "_samples_" not in s["task"]}
    assert greedy.keys() == ours.keys()
    for key, row in ours.items():
        (said,) = greedy[key]["resps"][0]
        found = [verdict for verdict in Verdict if greedy[key][verdict.value] == 1]
        assert (said, found) == (row.completion, [row.verdict])
    at = {t: results["results"][f"abstain_towns_t{t:g}"] for t in TARGETS}
    assert (at[0.75]["abstained,none"], at[0.75]["accuracy_answered,none"], at[0.75]["payoff,none"]) == (
        0.5,
        0.5,
        -0.125,
    )
    # (0.25 + 0 − 0.125) / 3, the group's mean over its targets.
    assert results["groups"]["abstain_towns_targets"]["payoff,none"] == pytest.approx(0.125 / 3)
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(sample) + "\n" for sample in samples), encoding="utf-8")
    rows = scored(tmp_path, log)
    assert {k for k in rows if k[1] == 0} == {(q.id, 0.0, k) for q in QUESTIONS for k in (0, 1, 2)}
    assert {(id_, t): r.verdict for (id_, t, k), r in rows.items() if k == 0} == {k: r.verdict for k, r in ours.items()}


@needs_lm_eval
def test_lm_eval_puts_the_very_prompt_of_our_backend(model: str, tmp_path: Path) -> None:
    from abstain.eval.backends.opening import open_backend

    export("lm-eval", tmp_path)
    _, samples = lm_eval_logs(tmp_path, model)
    backend = open_backend(model, max_new_tokens=16)
    for sample in samples:
        assert sample["arguments"]["gen_args_0"]["arg_0"] == backend.render(sample["doc"]["messages"])
