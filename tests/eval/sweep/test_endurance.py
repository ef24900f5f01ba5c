"""A sweep that is killed, doubled, starved of disk or pointed at another model keeps whole rows and says so."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripted import Scripted, questions, sweep

from abstain.data import InputError, PromptStyle, RunError
from abstain.eval import metrics
from abstain.eval.backends.backend import BackendError
from abstain.eval.sweep import store as writer
from abstain.eval.sweep.lock import is_free, locked
from abstain.eval.sweep.responses import append_responses, read_responses
from abstain.eval.sweep.store import lock_path
from abstain.eval.sweep.sweep import run_sweep

SCRIPT = Path(__file__).parents[2] / "scripted.py"


def start(out: Path, n: int, **options: Any) -> subprocess.Popen[str]:
    words = [sys.executable, str(SCRIPT), str(out), str(n), *(f"{key}={value}" for key, value in options.items())]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def lines(path: Path) -> list[str]:
    return sorted(path.read_text().splitlines())


@pytest.mark.slow
def test_twenty_kills_leave_the_rows_and_the_metrics_of_an_unbroken_sweep(tmp_path: Path) -> None:
    rng = np.random.default_rng(20)
    whole = run_sweep(Scripted(), questions(100), sweep(), tmp_path / "whole.jsonl")
    out = tmp_path / "killed.jsonl"
    total = (tmp_path / "whole.jsonl").stat().st_size
    points = sorted(int(x) for x in rng.uniform(0, total, 20))  # bytes at which it dies
    cut = 0
    for number, point in enumerate(points):
        in_a_write = number % 4 == 0
        process = start(out, 100, pause=0.002, **({"die_at": point} if in_a_write else {}))
        while process.poll() is None and not in_a_write:
            if out.is_file() and out.stat().st_size >= point:
                time.sleep(float(rng.uniform(0, 0.02)))
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.002)
        assert process.wait() == -signal.SIGKILL, process.communicate()
        cut += not out.read_bytes().endswith(b"\n")
    assert cut >= 5  # the five that died in the middle of a write
    last = start(out, 100)
    told = json.loads(last.communicate()[0])
    assert told["rows"] == len(whole) == 100 * (1 + 3 + 3)
    assert told["asked"] < 100 * (1 + 3 + 3) / 5
    assert lines(out) == lines(tmp_path / "whole.jsonl")  # none twice, none lost, none changed
    assert metrics.compute_metrics(read_responses(out), resamples=20) == metrics.compute_metrics(whole, resamples=20)


def test_a_file_cut_anywhere_is_completed_to_the_same_rows(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jsonl"
    run_sweep(Scripted(), questions(1), sweep(samples=1, targets=(0.5,)), whole)
    content = whole.read_bytes()
    ends = [i for i, byte in enumerate(content) if byte == ord("\n")]
    for size in {*range(0, len(content), 11), *(end + step for end in ends for step in (-1, 0, 1))}:
        out = tmp_path / "cut.jsonl"
        out.write_bytes(content[:size])
        run_sweep(Scripted(), questions(1), sweep(samples=1, targets=(0.5,)), out)
        assert sorted(out.read_bytes().splitlines()) == sorted(content.splitlines())


def test_a_finished_sweep_asks_nothing(tmp_path: Path) -> None:
    run_sweep(Scripted(), questions(5), sweep(), tmp_path / "r.jsonl")
    again = Scripted()
    before = (tmp_path / "r.jsonl").read_bytes()
    assert len(run_sweep(again, questions(5), sweep(), tmp_path / "r.jsonl")) == 35
    assert again.asked == 0
    assert (tmp_path / "r.jsonl").read_bytes() == before


def test_samples_do_not_depend_on_what_is_asked_beside_them(tmp_path: Path) -> None:
    all_at_once = run_sweep(Scripted(), questions(6), sweep(), tmp_path / "a.jsonl")
    alone = [row for q in questions(6) for row in run_sweep(Scripted(), [q], sweep(), tmp_path / f"{q.id}.jsonl")]
    assert {row.key: row for row in alone} == {row.key: row for row in all_at_once}


# field.md 8: a cache key without the model's id lets text of one model into the results of another.
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_hash": "m2"}, r"rows of another model \(model_hash m1 there, m2 now\)"),
        ({"settings": "backend=other"}, r"other generation settings \(backend=scripted there, backend=other now\)"),
    ],
)
def test_rows_of_another_model_or_other_settings_are_refused(tmp_path: Path, change: dict[str, str], said: str) -> None:
    out = tmp_path / "r.jsonl"
    run_sweep(Scripted(), questions(2), sweep(), out)
    before = out.read_bytes()
    other = Scripted(**change)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=rf"r.jsonl: holds {said if 'rows of' in said else 'rows of ' + said}"):
        run_sweep(other, questions(2), sweep(), out)
    assert (other.asked, out.read_bytes()) == (0, before)


def test_another_adapter_prompt_or_seed_is_refused_and_named(tmp_path: Path) -> None:
    from dataclasses import replace

    out = tmp_path / "r.jsonl"
    run_sweep(Scripted(), questions(2), sweep(), out)
    bare = Scripted()
    bare.identity = replace(bare.identity, adapter_hash="")
    with pytest.raises(InputError, match=r"another adapter \(adapter_hash a1 there, none now\)"):
        run_sweep(bare, questions(2), sweep(), out)
    reworded = replace(sweep(), style=PromptStyle(rubric="Aim {target}.", forced="Forced.", target_format="decimal"))
    with pytest.raises(
        InputError, match=r"another prompt \(prompt_hash \w{16} there, \w{16} now\), such as .* at target"
    ):
        run_sweep(Scripted(), questions(2), reworded, out)
    with pytest.raises(InputError, match=r"settings \(seed=0 there, seed=1 now\), .*'q\d' at target 0, sample 1"):
        run_sweep(Scripted(), questions(2), sweep(seed=1), out)


def test_rows_that_are_not_asked_now_are_refused_and_more_of_the_same_is_added(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    run_sweep(Scripted(), questions(2), sweep(samples=1), out)
    with pytest.raises(InputError, match=r"a row of question 'q\d' at target 0.5, which is not asked now; choose"):
        run_sweep(Scripted(), questions(2), sweep(samples=1, targets=(0.25, 0.75)), out)
    with pytest.raises(InputError, match=r"a row of question 'q1'.*, which is not asked now"):
        run_sweep(Scripted(), questions(1), sweep(samples=1), out)
    more = Scripted()
    run_sweep(more, questions(3), sweep(samples=2), out)
    assert more.asked == 2 * 1 + 6  # a second sample of each old question, and all of the new one
    assert lines(out) == sorted(
        r.to_json() for r in run_sweep(Scripted(), questions(3), sweep(samples=2), tmp_path / "n")
    )


def test_rows_of_two_models_in_one_file_are_refused(tmp_path: Path) -> None:
    for name in ("m1", "m2"):
        run_sweep(Scripted(model_hash=name), questions(2), sweep(), tmp_path / name)
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_bytes((tmp_path / "m2").read_bytes() + (tmp_path / "m1").read_bytes())
    with pytest.raises(InputError, match="another model"):
        run_sweep(Scripted(model_hash="m1"), questions(2), sweep(), mixed)


def test_a_second_process_on_the_same_file_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    first = start(out, 50, pause=0.05)
    while not out.is_file():
        time.sleep(0.01)
    second = start(out, 50)
    _, said = second.communicate()
    assert second.returncode == 2
    assert f"{out}: in use by process {first.pid} on {os.uname().nodename}; wait until it ends" in said
    first.kill()  # the operating system lets the lock go
    first.wait()
    assert lock_path(out).is_file()
    assert is_free(lock_path(out))
    third = start(out, 50)
    assert third.communicate()[1] == ""
    assert third.returncode == 0
    assert not lock_path(out).exists()


def test_a_lock_excludes_its_own_process_too_and_is_let_go_after_an_exception(tmp_path: Path) -> None:
    path = tmp_path / "lock"

    def failing() -> None:
        with locked(path, tmp_path):
            assert not is_free(path)
            with pytest.raises(InputError, match="in use by this process already"), locked(path, tmp_path):
                pass
            assert not is_free(path)
            raise KeyError

    with pytest.raises(KeyError):
        failing()
    assert is_free(path)
    with locked(path, tmp_path):
        pass


def test_a_full_disk_is_a_clear_error_and_keeps_whole_rows(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    limit = 20_000

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    words = [sys.executable, str(SCRIPT), str(out), "50", "flush=16"]
    done = subprocess.run(words, preexec_fn=small_disk, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"error: {out}: could not be written (File too large); the rows before are kept" in done.stderr
    assert "Traceback" not in done.stderr
    kept = read_responses(out)
    assert limit - 1000 < out.stat().st_size <= limit  # up to the last whole row that fits
    assert len(kept) > 30
    backend = Scripted()
    rows = run_sweep(backend, questions(50), sweep(), out)
    assert len(rows) == 350
    assert backend.asked == 350 - len(kept)


def test_a_device_without_space_is_named(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    rows = run_sweep(Scripted(), questions(1), sweep(), tmp_path / "r.jsonl")
    with pytest.raises(RunError, match=r"^/dev/full: could not be written \(No space left on device\)"):
        append_responses(full, rows)


class Unreachable(Scripted):
    """A server that goes away after some prompts."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def generate(self, *args: Any, **options: Any) -> Any:
        for index, said in super().generate(*args, **options):
            if self.asked > self.after:
                raise BackendError("http://localhost:1/v1 could not be reached in 7 tries")
            yield index, said


def test_what_came_before_a_server_went_away_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "FLUSH_EVERY", 1000)
    out = tmp_path / "r.jsonl"
    told = rf"^http://localhost:1/v1 could not be reached in 7 tries; the rows before are kept in {out}, go on in"
    with pytest.raises(BackendError, match=told):
        run_sweep(Unreachable(13), questions(5), sweep(), out)
    assert 10 <= len(read_responses(out)) <= 13  # a prompt asks for one completion or four
    assert len(run_sweep(Scripted(), questions(5), sweep(), out)) == 35


def test_slow_completions_are_written_after_two_seconds_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    clock = iter(range(1000))  # a second passes with every look at the clock
    monkeypatch.setattr(writer.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(writer, "FLUSH_EVERY", 10_000)
    run_sweep(Scripted(), questions(5), sweep(), tmp_path / "r.jsonl", progress=lambda done, _: seen.append(done))
    assert seen
    assert max(b - a for a, b in zip([0, *seen], seen, strict=False)) <= 6  # of two prompts
