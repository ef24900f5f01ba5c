"""Several processes, one sweep: the same rows as one process, whatever their number before and after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from scripted import Scripted, questions, sweep

from abstain.data import RunError
from abstain.eval.sweep import store as parts
from abstain.eval.sweep.responses import append_responses, read_responses
from abstain.eval.sweep.shard import Shard
from abstain.eval.sweep.store import merge_parts, part_path, part_paths, read_parts
from abstain.eval.sweep.sweep import run_sweep

SCRIPT = Path(__file__).parents[2] / "scripted.py"


def start(out: Path, n: int, rank: int, world: int, **options: object) -> subprocess.Popen[str]:
    words = [sys.executable, str(SCRIPT), str(out), str(n), *(f"{key}={value}" for key, value in options.items())]
    env = {**os.environ, "RANK": str(rank), "WORLD_SIZE": str(world)}
    return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def lines(path: Path) -> list[str]:
    return sorted(path.read_text().splitlines())


def test_three_processes_give_the_rows_of_one(tmp_path: Path) -> None:
    run_sweep(Scripted(), questions(20), sweep(), tmp_path / "one.jsonl")
    out = tmp_path / "three.jsonl"
    ranks = [start(out, 20, rank, 3, pause=0.005) for rank in range(3)]
    told = [json.loads(process.communicate()[0]) for process in ranks]
    assert [t["asked"] for t in told] == [49, 49, 42]
    assert [t["rows"] for t in told] == [140, 49, 42]
    assert lines(out) == lines(tmp_path / "one.jsonl")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.jsonl", "three.jsonl"]  # no part, no lock is left


@pytest.mark.parametrize("then", [1, 2, 4])
def test_killed_processes_are_resumed_by_another_number_of_them(tmp_path: Path, then: int) -> None:
    run_sweep(Scripted(), questions(20), sweep(), tmp_path / "one.jsonl")
    out = tmp_path / "r.jsonl"
    killed = [start(out, 20, rank, 3, pause=0.01) for rank in range(3)]
    while sum(path.stat().st_size for path in [*part_paths(out), out] if path.is_file()) < 20_000:
        time.sleep(0.005)
    for process in killed:
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = len(read_parts(out))
    assert 30 < kept < 140
    told = [json.loads(p.communicate()[0]) for p in [start(out, 20, rank, then) for rank in range(then)]]
    assert sum(t["asked"] for t in told) == 140 - kept
    assert lines(out) == lines(tmp_path / "one.jsonl")
    assert part_paths(out) == []


def test_a_kill_while_merging_repeats_no_row(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    rows = run_sweep(Scripted(), questions(4), sweep(), tmp_path / "one.jsonl")
    append_responses(out, rows[:20])
    append_responses(part_path(out, 1), rows[10:])  # ten stand in both: `out` was replaced, the part not yet removed
    merge_parts(out)
    assert read_responses(out) == rows
    assert part_paths(out) == []


def test_the_main_process_says_when_the_others_ended_without_their_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "GRACE", 0.5)
    out = tmp_path / "r.jsonl"
    with pytest.raises(
        RunError, match=r"the other 1 processes ended without 14 of their rows; what they wrote is kept"
    ):
        run_sweep(Scripted(), questions(4), sweep(), out, shard=Shard(0, 2))
    assert len(read_responses(out)) == 14
    assert len(run_sweep(Scripted(), questions(4), sweep(), out)) == 28


def test_the_main_process_waits_for_a_slower_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "r.jsonl"
    slow = Scripted(pause=0.05)
    other = threading.Thread(target=run_sweep, args=(slow, questions(4), sweep(), out), kwargs={"shard": Shard(1, 2)})
    other.start()
    rows = run_sweep(Scripted(), questions(4), sweep(), out, shard=Shard(0, 2))
    other.join()
    assert slow.asked == 14
    assert len(rows) == 28
