"""`abstain eval` on a real tiny model: killed, run twice at once, out of disk, and shared among processes."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from abstain.eval.sweep.responses import Response, read_responses
from abstain.eval.sweep.store import part_paths, read_parts
from abstain.rewards import Verdict

pytestmark = pytest.mark.slow

N = 60
ROWS = N * (1 + 3 + 2)
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def context() -> ForkServerContext:
    """Processes that start with everything imported: a server, which runs nothing else, forks them."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(
        ["abstain.eval.backends.transformers", "abstain.eval.backends.opening", "abstain.recipes.commands.cli"]
    )
    return made


@pytest.fixture(scope="module")
def arguments(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the words of an evaluation of a model that answers, errs and, now and then, abstains."""
    from abstain.data import PromptStyle, TargetSampler, WorldConfig, make_documents, make_world
    from abstain.training.laboratory.base import BaseConfig, train_base

    folder = tmp_path_factory.mktemp("asked")
    world = make_world(WorldConfig(families=8, held_out_families=2, members=20, mentions=(0, 1), strangers=2), 0)
    trainer = {"max_steps": 60, "per_device_train_batch_size": 16, "learning_rate": 1e-2, "use_cpu": True}
    small = BaseConfig(
        layers=1, width=32, heads=2, intermediate=32, initializer_range=0.08, vocab_size=600, trainer=trainer
    )
    documents = make_documents(world.corpus, PromptStyle(), TargetSampler(), 0)
    train_base(documents, small, folder / "model", checkpoints=folder / "checkpoints", seed=0)
    rows = [{"id": q.id, "question": q.text, "answers": q.answers} for q in world.rl[:N]]
    (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    sizes = ["--samples", "2", "--targets", "0.25,0.5,0.75", "--max-new-tokens", "6", "--batch-size", "2"]
    return ["eval", "--model", str(folder / "model"), "--questions", str(folder / "q.jsonl"), *sizes]


@pytest.fixture(scope="module")
def whole(arguments: list[str], context: ForkServerContext, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "run"
    process = begin(context, [*arguments, "--out", str(out)])
    process.join()
    assert process.exitcode == 0
    verdicts = {row.verdict for row in read_responses(responses(out))}
    assert {Verdict.CORRECT, Verdict.WRONG, Verdict.ABSTAINED} <= verdicts
    return out


def command(words: list[str], die_at: int | None) -> None:
    """Run the command line in this process; `die_at`: die in the middle of the write that passes that byte."""
    import torch
    from scripted import die_in_the_middle_of_a_write

    from abstain.eval.sweep import store as writer
    from abstain.recipes.commands.cli import main

    torch.set_num_threads(1)
    os.environ["HF_HUB_OFFLINE"] = "1"
    writer.FLUSH_EVERY = 4
    if die_at is not None:
        die_in_the_middle_of_a_write(responses(Path(words[words.index("--out") + 1])), die_at)
    sys.argv = ["abstain", *words]
    main()


def begin(context: ForkServerContext, words: list[str], die_at: int | None = None) -> BaseProcess:
    process = context.Process(target=command, args=(words, die_at))
    process.start()
    return process


def responses(out: Path) -> Path:
    return out / "eval" / "model" / "responses.jsonl"


def size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def same(found: list[Response], expected: list[Response]) -> None:
    """Assert that the rows are the same, their order and the last digits of probabilities aside.

    A kill changes which prompts are padded together, and so in what order floating-point numbers are added.
    """
    assert len(found) == len(expected)
    by_key = {row.key: row for row in found}
    for row in expected:
        other = by_key[row.key]
        assert (other.completion, other.verdict, other.answer) == (row.completion, row.verdict, row.answer)
        assert other.probability == pytest.approx(row.probability, rel=1e-4)


def numbers(value: Any) -> list[Any]:
    """Return all that a metrics file holds, laid flat."""
    if isinstance(value, dict):
        return [x for key in sorted(value) for x in (key, *numbers(value[key]))]
    return [x for item in value for x in numbers(item)] if isinstance(value, list) else [value]


def same_metrics(out: Path, whole: Path) -> None:
    found, expected = (numbers(json.loads((o / "eval" / "model" / "metrics.json").read_text())) for o in (out, whole))
    assert [x for x in found if not isinstance(x, float)] == [x for x in expected if not isinstance(x, float)]
    floats = [x for x in expected if isinstance(x, float)]
    assert [x for x in found if isinstance(x, float)] == pytest.approx(floats, rel=1e-3, abs=1e-5)


def test_twenty_kills_leave_the_rows_and_the_metrics_of_an_unbroken_evaluation(
    arguments: list[str], whole: Path, context: ForkServerContext, tmp_path: Path
) -> None:
    rng = np.random.default_rng(4)
    out = tmp_path / "run"
    total = size(responses(whole))
    points = sorted(int(x) for x in rng.uniform(0, total * 0.95, 20))
    cut, killed_before = 0, set[int]()
    for number, point in enumerate(points):
        words = [*arguments, "--out", str(out), *(["--resume"] if (out / "recipe.yaml").is_file() else [])]
        in_a_write = number % 5 == 0 and size(responses(out)) <= point  # the first always: there is nothing yet
        process = begin(context, words, point if in_a_write else None)
        while process.is_alive() and not in_a_write:
            if size(responses(out)) >= point:
                time.sleep(float(rng.uniform(0, 0.02)))
                process.kill()
                break
            time.sleep(0.002)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        content = responses(out).read_bytes() if responses(out).is_file() else b""
        cut += bool(content) and not content.endswith(b"\n")
        killed_before.add(len(content))
    assert cut >= 1
    assert len(killed_before) >= 10  # the points are spread over the evaluation
    last = begin(context, [*arguments, "--out", str(out), "--resume"])
    last.join()
    assert last.exitcode == 0
    same(read_responses(responses(out)), read_responses(responses(whole)))
    same_metrics(out, whole)
    assert (out / "report.html").is_file()


def test_a_second_evaluation_in_the_same_folder_is_refused(
    arguments: list[str], context: ForkServerContext, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    first = begin(context, [*arguments, "--out", str(out)])
    while not responses(out).is_file():
        assert first.is_alive()
        time.sleep(0.005)
    os.kill(first.pid or 0, signal.SIGSTOP)  # it is still there when the second one comes
    try:
        words = [sys.executable, "-m", "abstain.recipes", *arguments, "--out", str(out), "--resume"]
        second = subprocess.run(words, capture_output=True, text=True)
    finally:
        os.kill(first.pid or 0, signal.SIGCONT)
    assert second.returncode == 2
    who = f"process {first.pid} on {os.uname().nodename}"
    assert second.stderr == f"error: {out}: in use by {who}; wait until it ends, or choose another folder\n"
    first.join()
    assert first.exitcode == 0
    assert len(read_responses(responses(out))) == ROWS
    assert not [path for path in out.rglob("*") if path.name.endswith("lock")]


def test_a_full_disk_ends_an_evaluation_with_one_line_and_keeps_its_rows(
    arguments: list[str], whole: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    limit = size(responses(whole)) // 2

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    words = [sys.executable, "-m", "abstain.recipes", *arguments, "--out", str(out)]
    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=small_disk)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"{responses(out)}: could not be written (File too large); the rows before are kept" in done.stderr
    kept = len(read_responses(responses(out)))
    assert 0 < kept < ROWS
    again = subprocess.run([*words, "--resume"], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    same(read_responses(responses(out)), read_responses(responses(whole)))


LAUNCHERS = {
    "accelerate": [
        str(BIN / "accelerate"),
        "launch",
        "--multi_gpu",
        "--num_processes",
        "2",
        "--main_process_port",
        "0",
        "-m",
    ],
    "torchrun": [str(BIN / "torchrun"), "--standalone", "--nproc-per-node", "2", "-m"],
}


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_two_processes_give_the_rows_of_one(launcher: str, arguments: list[str], whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = [*LAUNCHERS[launcher], "abstain.recipes", *arguments, "--out", str(out)]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("report: ") == 1  # one of them tells
    same(read_responses(responses(out)), read_responses(responses(whole)))
    same_metrics(out, whole)
    assert part_paths(responses(out)) == []


@pytest.mark.extended
def test_two_processes_that_were_killed_are_finished_by_one(
    arguments: list[str], whole: Path, context: ForkServerContext, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    words = [*LAUNCHERS["torchrun"], "abstain.recipes", *arguments, "--out", str(out)]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    launcher = psutil.Popen(words, env={**os.environ, "OMP_NUM_THREADS": "1"}, **quiet)
    while not part_paths(responses(out)):
        assert launcher.poll() is None
        time.sleep(0.005)
    for process in [launcher, *launcher.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # a worker may die of its launcher's death before its turn comes
            process.kill()
        process.wait()
    assert len(read_parts(responses(out))) > 0
    last = begin(context, [*arguments, "--out", str(out), "--resume"])
    last.join()
    assert last.exitcode == 0
    same(read_responses(responses(out)), read_responses(responses(whole)))
    same_metrics(out, whole)
