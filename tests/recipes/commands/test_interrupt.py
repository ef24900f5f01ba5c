"""Ctrl-C: one line with what to type, exit code 130, no traceback; in imports, in a sweep, in training, in a score."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from abstain.recipes.commands import interrupt
from abstain.recipes.commands.interrupt import go_on

ABSTAIN = str(Path(sys.executable).parent / "abstain")
ENV = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
PATIENCE = 240.0


def start(words: Sequence[str]) -> subprocess.Popen[str]:
    """Start a command that hears SIGINT, whatever this process does with it."""
    return subprocess.Popen(
        [ABSTAIN, *words],
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def interrupted(words: Sequence[str], ready: Callable[[subprocess.Popen[str]], bool], times: int = 1) -> str:
    """Start a command, send SIGINT once it is `ready`, and return all that it wrote to standard error."""
    process = start(words)
    deadline = time.monotonic() + PATIENCE
    while not ready(process):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, errors
    return errors


def mapped(library: str) -> Callable[[subprocess.Popen[str]], bool]:
    """Return what sees that a process has begun to load `library`."""

    def ready(process: subprocess.Popen[str]) -> bool:
        maps = Path(f"/proc/{process.pid}/maps")
        return maps.exists() and library in maps.read_text()

    return ready


def holds_lines(path: Path, count: int = 1) -> Callable[[object], bool]:
    return lambda _: path.is_file() and path.read_bytes().count(b"\n") >= count


def test_run_and_eval_are_gone_on_with_and_resume_is_added_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/abstain"])
    assert go_on(["run", "tiny", "seed=1"]) == "interrupted; go on with: abstain run tiny seed=1 --resume"
    assert go_on(["run", "--resume", "tiny"]) == "interrupted; go on with: abstain run --resume tiny"
    assert go_on(["eval", "--questions", "my quiz.jsonl"]).endswith("abstain eval --questions 'my quiz.jsonl' --resume")
    assert go_on(["run", "x"], launched=True) == "interrupted; go on with the same launch command and --resume"
    monkeypatch.setattr(sys, "argv", ["/lib/abstain/recipes/__main__.py"])
    assert go_on(["run", "x"]) == "interrupted; go on with: python -m abstain.recipes run x --resume"


def test_a_command_that_cannot_be_resumed_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["abstain"])
    assert go_on(["score", "a.jsonl"]) == (
        "interrupted; `abstain score` has no --resume, start again with: abstain score a.jsonl"
    )
    assert go_on([]) == "interrupted; start again with: abstain"


def test_somebody_elses_handler_is_left_alone() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as under nohup
    try:
        with interrupt.interruptible(["run"]):
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_after_the_command_the_handler_is_the_one_from_before() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with suppress(ValueError), interrupt.interruptible(["run"]):
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
            raise ValueError("an error of its own passes")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


IN_A_DESTRUCTOR = """
import os, signal, time
from abstain.recipes.commands.interrupt import interruptible

class Swallows:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

with interruptible(["run", "x"]):
    Swallows()
    time.sleep(60)
"""
IN_A_WORKER = """
import os, signal, time
from abstain.recipes.commands.interrupt import interruptible

with interruptible(["run", "x"]):
    worker = os.fork()
    if worker == 0:
        time.sleep(60)
        os._exit(1)
    time.sleep(1)  # what comes while a process forks is lost
    os.kill(worker, signal.SIGINT)
    assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == 130
"""
AN_IMPORT_IS_IN_TIME = """
import sys
import abstain.recipes.commands.interrupt
print(sorted({name.split(".")[0] for name in sys.modules} & {"numpy", "pydantic", "typer", "yaml", "torch"}))
"""


def python(code: str) -> subprocess.CompletedProcess[str]:
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    return subprocess.run([sys.executable, "-c", heard + code], capture_output=True, text=True, timeout=PATIENCE)


def test_an_interruption_that_a_destructor_swallows_is_not_lost() -> None:
    done = python(IN_A_DESTRUCTOR)
    assert (done.returncode, done.stderr) == (130, "interrupted; go on with: abstain run x --resume\n")


def test_a_forked_worker_ends_without_a_word() -> None:
    done = python(IN_A_WORKER)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_guard_stands_before_anything_slow_is_imported() -> None:
    assert python(AN_IMPORT_IS_IN_TIME).stdout == "[]\n"


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads /proc")
@pytest.mark.parametrize("library", ["_pydantic_core", "libtorch_cpu", "tokenizers"])
def test_in_the_imports_of_a_run_one_line_says_how_to_go_on(library: str, tmp_path: Path) -> None:
    words = ["run", "tiny", "--out", str(tmp_path / "run")]
    assert interrupted(words, mapped(library)) == f"interrupted; go on with: abstain {shlex.join(words)} --resume\n"


def test_a_score_says_that_it_starts_again_and_has_written_nothing(tmp_path: Path) -> None:
    rows = [
        {"id": i, "threshold": t, "completion": "Oslo", "answers": ["Oslo"], "verdict": "correct"}
        for i in range(200)
        for t in (0.25, 0.5, 0.75)
    ]
    log, out = tmp_path / "log.jsonl", tmp_path / "scored"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    words = ["score", str(log), "--out", str(out), "--draws", "1000000"]

    def ready(process: subprocess.Popen[str]) -> bool:
        assert process.stdout is not None
        return bool(process.stdout.readline())  # the stage: rows are read, the intervals begin

    assert interrupted(words, ready) == (
        f"interrupted; `abstain score` has no --resume, start again with: abstain {shlex.join(words)}\n"
    )
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 2])
def test_in_a_sweep_the_line_is_a_command_that_goes_on(times: int, tiny_model: str, tmp_path: Path) -> None:
    questions, out = tmp_path / "my quiz.jsonl", tmp_path / "eval"
    rows = [{"id": str(i), "question": f"Where does Ada {i} live?", "answers": ["Hexham"]} for i in range(150)]
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    words = ["eval", "--model", tiny_model, "--system", "s", "--questions", str(questions), "--out", str(out)]
    words += ["--targets", "0.25,0.75", "--samples", "2", "--max-new-tokens", "6", "--batch-size", "4"]
    swept = out / "eval" / "s" / "responses.jsonl"
    line = interrupted(words, holds_lines(swept), times)
    assert line == f"interrupted; go on with: abstain {shlex.join(words)} --resume\n"
    kept = swept.read_bytes().count(b"\n")
    assert 0 < kept < 150 * 5
    command = shlex.split(line.rpartition(": ")[2])
    done = subprocess.run([ABSTAIN, *command[1:]], env=ENV, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(swept.read_text(encoding="utf-8").splitlines()) == 150 * (1 + 2 + 2)
    assert (out / "report.html").is_file()


@pytest.mark.slow
def test_in_training_the_line_is_all_that_is_printed(tiny_model: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ["run", "tiny", "base=null", f"model={tiny_model}", "warmup.prompts=16", "warmup.sft.max_steps=2"]
    words += [
        "world={families: 8, held_out_families: 2, members: 30, rl_members: 6, eval_members: 2, mentions: [0, 2]}"
    ]
    words += ["world.strangers=2", "rl.grpo.max_steps=2000", "rl.grpo.per_device_train_batch_size=4"]
    words += ["rl.grpo.gradient_accumulation_steps=1", "rl.grpo.steps_per_generation=1", "rl.grpo.num_generations=4"]
    words += ["rl.grpo.logging_steps=1", "targets.eval=[0.25, 0.75]", "eval.samples=1", "--out", str(out)]
    errors = interrupted(words, holds_lines(out / "logs" / "rl.jsonl", 3))
    assert errors == f"interrupted; go on with: abstain {shlex.join(words)} --resume\n"
    assert not (out / ".lock").exists()
