"""A run shared by two processes (gloo, on the CPU), one of which is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from abstain.eval.sweep.responses import read_responses

pytestmark = pytest.mark.slow

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m"]
SMALL = [
    "world={families: 8, held_out_families: 2, members: 30, rl_members: 6, eval_members: 2, mentions: [0, 2]}",
    "world.strangers=2",
    "base=null",
    "warmup.prompts=16",
    "warmup.sft.max_steps=2",
    "warmup.sft.per_device_train_batch_size=4",
    "rl.grpo.max_steps=60",
    "rl.grpo.per_device_train_batch_size=4",
    "rl.grpo.gradient_accumulation_steps=1",
    "rl.grpo.steps_per_generation=1",
    "rl.grpo.num_generations=4",
    "rl.grpo.logging_steps=1",
    "rl.grpo.save_steps=3",
    "rl.validation={every: 30, items: 3}",
    "targets.eval=[0.25, 0.75]",
    "eval.samples=1",
    "eval.bootstrap=20",
]


def workers(launcher: int) -> list[int]:
    """Return the processes that `launcher` started."""
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(launcher)], capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if "abstain.recipes" in line]


def test_two_processes_write_one_run_and_go_on_after_one_of_them_is_killed(tiny_model: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = [*TORCHRUN, "abstain.recipes", "run", "tiny", *SMALL, f"model={tiny_model}", "--out", str(out)]
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not list((out / "checkpoints" / "rl").glob("checkpoint-*/trainer_state.json")):
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(workers(process.pid)[-1], signal.SIGKILL)
    assert process.wait() != 0  # the launcher ends the other

    again = subprocess.run([*words, "--resume"], env=env, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("goes on from the checkpoint of step") == 1  # told by one process
    assert (out / "report.html").is_file()
    assert not [path for path in out.rglob("*") if "rank" in path.name or "checkpoint-" in path.name]
    entries = [json.loads(line) for line in (out / "logs" / "rl.jsonl").read_text().splitlines()]
    stepped = [entry for entry in entries if "count/correct" in entry]
    assert [entry["step"] for entry in stepped] == list(range(1, 61))
    for entry in stepped:  # of both processes: a step asks 2 x 4 completions, in whole groups of 4
        assert sum(entry[f"count/{v}"] for v in ("correct", "wrong", "abstained", "ungraded")) == 8
        assert sum(value for key, value in entry.items() if key.startswith("target/") and key.endswith("/n")) == 8
        assert sum(entry[f"groups/{n}_outcome"] for n in ("one", "two", "three")) == pytest.approx(1)
    swept = [entry["step"] for entry in entries if "validation/forced_accuracy" in entry]
    assert swept == [1, 30, 60]  # the sweep before the first step goes into the first entry
    rows = read_responses(out / "eval" / "trained" / "responses.jsonl")
    assert len({(row.id, row.threshold, row.sample) for row in rows}) == len(rows) == (4 + 4 + 4) * (1 + 1 + 2)
    env_written = json.loads((out / "environment.json").read_text())
    assert env_written["processes"] == 2
