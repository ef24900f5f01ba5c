"""One process and two (gloo, on the CPU): the same recipe, the same metrics within noise, one folder; a worker killed.

    python benchmarks/processes.py                 # seeds 0 1 2, and a kill on the first

Every seed runs the shortened `tiny` of `killed.py` twice: in one process, and under `torchrun
--nproc_per_node 2` with half of every batch in each (`accelerate launch --cpu --num_processes 2` starts one process
only, without MPI). The completions of the two differ, because each process samples with a seed of its own; what they
learn should not. The table has the trained model's metrics, with the 95 % interval of
each, and their difference over seeds with its standard error. The last run is killed with SIGKILL of one worker in RL,
and resumed.
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
from statistics import mean, stdev

from killed import METRICS, SHORT, command, finish, last_step, logged_steps, metrics, start, told

HALVED = [
    "base.trainer.per_device_train_batch_size=8",
    "warmup.sft.per_device_train_batch_size=8",
    "rl.grpo.per_device_train_batch_size=8",
]
"""With two processes the batches of all stay what they were."""
STEPS = {"base": 160, "warmup": 48, "rl": 20}


def launched(out: Path, seed: int, *more: str) -> list[str]:
    """Return the command that runs the recipe in two processes."""
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    recipe = ["-m", "abstain.recipes", "run", "tiny", *SHORT, *HALVED, f"seed={seed}", "--out", str(out), *more]
    return [sys.executable, *words, *recipe]


def check_folder(out: Path) -> None:
    """Raise unless the folder holds one run: no parts of other processes, and every step logged once."""
    parts = [str(path) for path in out.rglob("*rank*")]
    assert not parts, f"left behind: {parts}"
    for stage, steps in STEPS.items():
        logged = logged_steps(out, stage)
        assert logged[-1] == steps, f"{stage} ended at {logged[-1]}"
        twice = {s for s in logged if logged.count(s) > 1} - {steps}  # the last step also has the summary
        assert not twice, f"{stage}: steps logged twice: {twice}"
        rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        assert [r["step"] for r in rows if r["stage"] == stage and "alarm" not in r] == logged


def workers(launcher: int) -> list[int]:
    """Return the processes that `launcher` started, of the recipe."""
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(launcher)], capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if "abstain.recipes" in line]


def killed_and_resumed(out: Path, seed: int) -> int:
    """Kill one worker of a run in RL, wait for the launcher to end, resume, and return the step it went on from."""
    log = out.with_suffix(".log")
    process = start(launched(out, seed), log)
    while (last_step(out, "rl") or 0) < 8:
        if process.poll() is not None:
            raise SystemExit(f"the run ended before its kill:\n{log.read_text()}")
        time.sleep(0.02)
    os.kill(workers(process.pid)[-1], signal.SIGKILL)
    assert process.wait() != 0, "the launcher did not notice"
    step = last_step(out, "rl")
    finish(start(launched(out, seed, "--resume"), log), log)
    assert f"goes on from the checkpoint of step {step}\n" in log.read_text(), "a checkpoint was lost"
    assert step is not None
    return step


def compare(seeds: list[int]) -> None:
    found: dict[str, list[dict[str, dict[str, float | None]]]] = {"one process": [], "two processes": []}
    print(f"{'seed':<6} {'':<22}", *(f"{name:>18}" for name in METRICS))
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            for name, rows in found.items():
                out = Path(folder) / f"{name.split()[0]}-{seed}"
                words = command(out, f"seed={seed}") if name == "one process" else launched(out, seed)
                finish(start(words, out.with_suffix(".log")), out.with_suffix(".log"))
                check_folder(out)
                rows.append(metrics(out))
                print(f"{seed:<6} {name:<22}", *(f"{told(rows[-1][n]):>18}" for n in METRICS), flush=True)
                interval = (f"[{rows[-1][n]['low']:.3f}, {rows[-1][n]['high']:.3f}]" for n in METRICS)
                print(f"{'':<6} {'95 % interval':<22}", *(f"{text:>18}" for text in interval), flush=True)
        out = Path(folder) / "killed"
        step = killed_and_resumed(out, seeds[0])
        check_folder(out)
        cells = (f"{told(metrics(out)[n]):>18}" for n in METRICS)
        print(f"{seeds[0]:<6} {f'two, killed at step {step}':<22}", *cells)
    if len(seeds) > 1:
        print(f"{'':<6} {'two minus one':<22}", *(f"{difference(found, name):>18}" for name in METRICS))


def difference(found: dict[str, list[dict[str, dict[str, float | None]]]], name: str) -> str:
    pairs = zip(found["one process"], found["two processes"], strict=True)
    values = [two[name]["value"] - one[name]["value"] for one, two in pairs]  # type: ignore[operator]
    return f"{mean(values):+.3f} ± {stdev(values) / len(values) ** 0.5:.3f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    compare(parser.parse_args().seeds)
