"""Kill a run with SIGKILL at random points of every stage, resume it, and hold it against the run that was not killed.

    python benchmarks/killed.py                               # 10 points
    python benchmarks/killed.py --points 3 --seed 1
    python benchmarks/killed.py --work /tmp/killed            # keeps what is done, and goes on there when called again

The recipe is `tiny`, shortened (`SHORT`) and with rejection sampling and DPO between warm-up and RL (`MORE`);
checkpoints are on in every training stage. Point k aims at stage k of `STAGES`, and again from the first: it kills once
a share of the stage's steps or rows is done, drawn with the seed, and a moment later, drawn too. Which stage the kill
really hit is read off the folder that it left. A row of the table says where that was, what the run went on from,
whether the responses after it was resumed are those of the unbroken run, word for word, and the metrics of the trained
model. At the end stands the unbroken run's 95 % interval, which is what chance does to these numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from abstain.training.stage import last_checkpoint

SHORT = [
    "world={families: 24, held_out_families: 8, members: 60, rl_members: 12, eval_members: 8, mentions: [0, 4]}",
    "world.strangers=2",
    "base={layers: 2, width: 64, heads: 4, intermediate: 64, vocab_size: 700, row_length: 96}",
    "base.muon_learning_rate=0.01",
    "base.trainer={per_device_train_batch_size: 16, max_steps: 160, learning_rate: 5.0e-3, save_strategy: steps, "
    "save_steps: 20, save_total_limit: 1, logging_steps: 20}",
    "warmup.prompts=800",
    "warmup.sft={max_steps: 48, per_device_train_batch_size: 16, learning_rate: 1.0e-3, logging_steps: 4, "
    "save_strategy: steps, save_steps: 4, save_total_limit: 1}",
    "rl.grpo.max_steps=20",
    "rl.grpo.per_device_train_batch_size=16",
    "rl.grpo.gradient_accumulation_steps=2",
    "rl.grpo.steps_per_generation=2",
    "rl.grpo.logging_steps=2",
    "rl.grpo.save_steps=2",
    "rl.validation={every: 8, items: 8}",
    "targets.eval=[0.17, 0.39, 0.61, 0.83]",
    "eval={samples: 2, max_new_tokens: 8, batch_size: 256, bootstrap: 200}",
]
"""`tiny` in half a minute of one core, with something to lose in every stage; `processes.py` takes it too."""
MORE = [
    "rejection={prompts: 256, samples: 2, truncated: wrong, sft: {max_steps: 16, per_device_train_batch_size: 16, "
    "learning_rate: 2.0e-4, logging_steps: 2, save_strategy: steps, save_steps: 2, save_total_limit: 1}}",
    "dpo={prompts: 256, samples: 2, truncated: wrong, trainer: {max_steps: 16, per_device_train_batch_size: 16, "
    "learning_rate: 5.0e-5, logging_steps: 2, save_strategy: steps, save_steps: 2, save_total_limit: 1}}",
]
"""The stages that `tiny` does not have."""
TRAINED = ("base", "warmup", "rejection", "dpo", "rl")
STAGES = ("rl", "warmup", "dpo", "base", "rejection", "eval/base", "eval/trained")
METRICS = ("adherence", "forced_accuracy", "threshold_slope")
"""The first is of all pairs, by the exact confidence."""


def command(out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "abstain.recipes", "run", "tiny", *SHORT, "--out", str(out), *more]


def start(words: list[str], log: Path) -> subprocess.Popen[bytes]:
    env = {**os.environ, "HF_HUB_OFFLINE": "1"}
    return subprocess.Popen(words, stdout=log.open("ab"), stderr=subprocess.STDOUT, env=env)


def finish(process: subprocess.Popen[bytes], log: Path) -> None:
    if process.wait():
        raise SystemExit(f"a run failed:\n{log.read_text()}")


def stages_done(out: Path) -> dict[str, float]:
    path = out / "state.json"
    return json.loads(path.read_text())["seconds"] if path.is_file() else {}


def whole_command(out: Path, *more: str) -> list[str]:
    return command(out, *MORE, *more)


def rows_asked(out: Path, stage: str) -> int:
    path = out / "eval" / stage.removeprefix("eval/") / "responses.jsonl"
    return path.read_bytes().count(b"\n") if path.is_file() else 0


def progress(out: Path, stage: str) -> int:
    """Return how many steps or rows of `stage` the folder tells of."""
    if stage not in TRAINED:
        return rows_asked(out, stage)
    path = out / "logs" / f"{stage}.jsonl"
    lines = (
        [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")] if path.is_file() else []
    )
    return max([0, *(json.loads(line)["step"] for line in lines)])


def wait_for(stage: str, least: int, out: Path, process: subprocess.Popen[bytes], order: list[str]) -> None:
    """Return once every stage before `stage` is done, and `least` steps or rows of it."""
    before = set(order[: order.index(stage)])
    while not (out / "recipe.yaml").is_file() or not before <= stages_done(out).keys() or progress(out, stage) < least:
        if process.poll() is not None:
            raise SystemExit(f"a run ended before its kill:\n{out.with_suffix('.log').read_text()}")
        time.sleep(0.02)


def last_step(out: Path, stage: str) -> int | None:
    """Return the step of the newest whole checkpoint of `stage`."""
    found = last_checkpoint(out / "checkpoints" / stage)
    return int(found.rpartition("-")[2]) if found else None


def logged_steps(out: Path, stage: str) -> list[int]:
    path = out / "logs" / f"{stage}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    return [row["step"] for row in rows if "alarm" not in row]


def metrics(out: Path) -> dict[str, dict[str, float | None]]:
    found = json.loads((out / "eval" / "trained" / "metrics.json").read_text())
    return {name: found["adherence_exact"]["all"] if name == "adherence" else found[name] for name in METRICS}


def responses(out: Path) -> list[tuple[object, ...]]:
    rows = [
        json.loads(line) for line in (out / "eval" / "trained" / "responses.jsonl").read_text().strip("\n").split("\n")
    ]
    return sorted((row["id"], row["threshold"], row["sample"], row["completion"]) for row in rows)


def kill(stage: str, rng: np.random.Generator, whole: Path, out: Path) -> None:
    """Start a run and kill it somewhere in `stage`, or a moment after."""
    process = start(whole_command(out), out.with_suffix(".log"))
    wait_for(stage, int(rng.uniform(0, 0.95) * progress(whole, stage)), out, process, list(stages_done(whole)))
    time.sleep(float(rng.uniform(0, 0.3)))
    process.send_signal(signal.SIGKILL)
    process.wait()


def found_at(out: Path, order: list[str]) -> tuple[str, int | None, str]:
    """Return the stage that the folder of a killed run was in, the step of its last checkpoint, and what it kept."""
    done = stages_done(out)
    at = next((stage for stage in order if stage not in done), None)
    if at is None:
        return ("after the end" if (out / "report.html").is_file() else "metrics and report"), None, "all stages"
    if at in TRAINED:
        step = last_step(out, at)
        return at, step, f"step {step}" if step else "its start"
    rows = rows_asked(out, at)
    return at, None, f"{rows} rows" if rows else "its start"


def resume(whole: Path, out: Path, step: int | None) -> None:
    """Go on with a killed run; raise unless it keeps stages and checkpoint, and logs as the unbroken run did."""
    done, log = stages_done(out), out.with_suffix(".log")
    finish(start(whole_command(out, "--resume"), log), log)
    if step is not None:
        assert f"goes on from the checkpoint of step {step}\n" in log.read_text(), "a checkpoint was lost"
    again = stages_done(out)
    assert {name: again[name] for name in done} == done, "a finished stage was run again"
    for name in TRAINED:
        steps = logged_steps(out, name)
        assert steps == logged_steps(whole, name), f"{name} was not logged as in the unbroken run: {steps}"


def point(number: int, seed: int, whole: Path, work: Path) -> dict[str, Any]:
    """Return the row of one kill; a row that an earlier call left is read."""
    out, kept = work / f"killed-{number}", work / f"killed-{number}.json"
    if kept.is_file():
        return json.loads(kept.read_text())
    shutil.rmtree(out, ignore_errors=True)
    kill(STAGES[number % len(STAGES)], np.random.default_rng([seed, number]), whole, out)
    at, step, of = found_at(out, list(stages_done(whole)))
    resume(whole, out, step)
    said = responses(whole)
    same = float(np.mean([a == b for a, b in zip(responses(out), said, strict=True)]))
    row = {"at": at, "from": of, "same": same, "metrics": metrics(out)}
    kept.write_text(json.dumps(row))
    return row


def table(points: int, seed: int, work: Path) -> None:
    whole = work / "whole"
    if not (whole / "report.html").is_file():
        shutil.rmtree(whole, ignore_errors=True)
        finish(start(whole_command(whole), work / "whole.log"), work / "whole.log")
    print(f"{'killed in':<18} {'went on from':<14} {'responses':<12}", *(f"{name:>18}" for name in METRICS), flush=True)
    for number in range(points):
        row = point(number, seed, whole, work)
        same = "the same" if row["same"] == 1 else f"{row['same']:.1%} same"
        cells = (f"{told(row['metrics'][name]):>18}" for name in METRICS)
        print(f"{row['at']:<18} {row['from']:<14} {same:<12}", *cells, flush=True)
    expected = metrics(whole)
    print(f"{'not at all':<46}", *(f"{told(expected[name]):>18}" for name in METRICS))
    interval = (f"[{expected[n]['low']:.3f}, {expected[n]['high']:.3f}]" for n in METRICS)
    print(f"{'its 95 % interval':<46}", *(f"{text:>18}" for text in interval))


def told(estimate: dict[str, float | None]) -> str:
    return "undefined" if estimate["value"] is None else f"{estimate['value']:.4f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="Folder that keeps what is done; by default nothing is kept.")
    given = parser.parse_args()
    if given.work is not None:
        given.work.mkdir(parents=True, exist_ok=True)
        table(given.points, given.seed, given.work)
    else:
        with tempfile.TemporaryDirectory() as folder:
            table(given.points, given.seed, Path(folder))
