"""Kill a run with SIGKILL at random points of every stage, resume it, and hold it against the run that was not killed.

    python benchmarks/killed.py                    # 10 points
    python benchmarks/killed.py --points 3 --seed 1

The recipe is `tiny`, shortened (`SHORT`), with checkpoints in every training stage. Point k is in stage k of base,
warm-up, RL, sweep of the base model, sweep of the trained model, and again; how far into it is drawn with the seed, as
a share of the seconds that the stage took unbroken. A row of the table says what the killed run went on from, whether
the responses after it was resumed are those of the unbroken run, word for word, and the metrics of the trained model.
At the end stands the unbroken run's 95 % interval, which is what chance does to these numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

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
"""`tiny` in half a minute of one core, with something to lose in every stage."""
STAGES = ("base", "warmup", "rl", "eval/base", "eval/trained")
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


def wait_for(stage: str, out: Path, process: subprocess.Popen[bytes], order: list[str]) -> None:
    """Return once every stage before `stage` is done, and the folder is claimed."""
    before = set(order[: order.index(stage)])
    while not (out / "recipe.yaml").is_file() or not before <= stages_done(out).keys():
        if process.poll() is not None:
            raise SystemExit("a run ended before its kill")
        time.sleep(0.02)


def last_step(out: Path, stage: str) -> int | None:
    """Return the step of the newest whole checkpoint of `stage`."""
    found = (out / "checkpoints" / stage).glob("checkpoint-*/trainer_state.json")
    return max((json.loads(path.read_text())["global_step"] for path in found if path.stat().st_size), default=None)


def logged_steps(out: Path, stage: str) -> list[int]:
    path = out / "logs" / f"{stage}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    return [row["step"] for row in rows if "alarm" not in row]


def metrics(out: Path) -> dict[str, dict[str, float | None]]:
    found = json.loads((out / "eval" / "trained" / "metrics.json").read_text())
    return {name: found["adherence_exact"]["all"] if name == "adherence" else found[name] for name in METRICS}


def responses(out: Path) -> list[tuple[object, ...]]:
    rows = [json.loads(line) for line in (out / "eval" / "trained" / "responses.jsonl").read_text().splitlines()]
    return sorted((row["id"], row["threshold"], row["sample"], row["completion"]) for row in rows)


def killed_at(stage: str, share: float, whole: Path, out: Path) -> tuple[str, str]:
    """Kill a run `share` of the way into `stage` and resume it; return where it was and what it went on from."""
    seconds, log = stages_done(whole), out.with_suffix(".log")
    process = start(command(out), log)
    wait_for(stage, out, process, list(seconds))
    time.sleep(share * seconds[stage])
    alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    done, step = stages_done(out), last_step(out, stage)
    asked = out / "eval" / stage.removeprefix("eval/") / "responses.jsonl"
    kept = f"step {step}" if step else f"{len(asked.read_text().splitlines())} rows" if asked.is_file() else "its start"
    finish(start(command(out, "--resume"), log), log)
    if step is not None:
        assert f"goes on from the checkpoint of step {step}\n" in log.read_text(), "a checkpoint was lost"
    again = stages_done(out)
    assert {name: again[name] for name in done} == done, "a finished stage was run again"
    for name in ("base", "warmup", "rl"):
        steps = logged_steps(out, name)
        assert steps == logged_steps(whole, name), f"{name} was not logged as in the unbroken run: {steps}"
    at = next((name for name in again if name not in done), "after the end") if alive else "after the end"
    return at, kept


def table(points: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        finish(start(command(whole), Path(folder) / "whole.log"), Path(folder) / "whole.log")
        expected, said = metrics(whole), responses(whole)
        print(f"{'killed in':<14} {'went on from':<14} {'responses':<12}", *(f"{name:>18}" for name in METRICS))
        for number in range(points):
            out = Path(folder) / f"killed-{number}"
            at, kept = killed_at(STAGES[number % len(STAGES)], float(rng.uniform(0.05, 0.95)), whole, out)
            now = responses(out)
            same = (
                "the same" if now == said else f"{np.mean([a == b for a, b in zip(now, said, strict=True)]):.1%} same"
            )
            print(
                f"{at:<14} {kept:<14} {same:<12}", *(f"{told(metrics(out)[name]):>18}" for name in METRICS), flush=True
            )
        print(f"{'not at all':<14} {'':<14} {'':<12}", *(f"{told(expected[name]):>18}" for name in METRICS))
        interval = (f"[{expected[n]['low']:.3f}, {expected[n]['high']:.3f}]" for n in METRICS)
        print(f"{'its 95 % interval':<42}", *(f"{text:>18}" for text in interval))


def told(estimate: dict[str, float | None]) -> str:
    return "undefined" if estimate["value"] is None else f"{estimate['value']:.4f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    table(given.points, given.seed)
