"""The runs that the ledger is made of, what each starts from and what it costs; and running those that are missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run of a recipe for each seed, in OUT/NAME-SEED."""

    name: str
    recipe: str
    changes: tuple[str, ...] = ()
    base: str = "start"
    """Job whose base model it takes; "": made from scratch."""
    adapter: str = "start"
    """Job whose adapter it starts from; "": none."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The jobs that must be done before."""
        return tuple(dict.fromkeys(name for name in (self.base, self.adapter) if name))

    def folder(self, out: Path, seed: int) -> Path:
        """Return the folder of its run."""
        return out / f"{self.name}-{seed}"

    def overrides(self, out: Path, seed: int) -> list[str]:
        """Return what the command line adds to the recipe."""
        given = [f"model={out / f'{self.base}-{seed}' / 'base'}"] if self.base else []
        given += [f"adapter={out / f'{self.adapter}-{seed}' / 'adapter'}"] if self.adapter else []
        return [f"seed={seed}", *given, *self.changes]


def _entrant(name: str, *, base: str = "start", adapter: str = "start") -> Job:
    return Job(name=name, recipe=f"ledger/{name}", base=base, adapter=adapter)


def _plain(name: str, *changes: str, adapter: str = "start") -> Job:
    return Job(name=name, recipe="ledger/plain", changes=changes, adapter=adapter)


def _rubric(name: str) -> Job:
    """Return an entrant that starts from the rubric warm-up, in place of the neutral one."""
    return Job(name=f"rubric-{name}", recipe=f"ledger/{name}")


def _gate(prompts: int, per_answer: int) -> Job:
    changes = (f"warmup.prompts={prompts}", f"warmup.targets_per_answer={per_answer}")
    return Job(name=f"gate-{prompts}", recipe="ledger/gate", changes=changes, adapter="")


GROUP = ("rl.grpo.scale_rewards=group", "rl.allow_group_scaling=true")

MAIN = (
    Job(name="start", recipe="ledger/start", base="", adapter=""),
    Job(name="stated-start", recipe="ledger/stated-start", base="", adapter=""),
    _entrant("neutral-start", adapter=""),
    _entrant("gate", adapter=""),
    _entrant("ours", adapter="gate"),
    _entrant("plain"),
    _entrant("explicit-group", adapter="neutral-start"),
    _entrant("truthrl", adapter="neutral-start"),
    _entrant("r-tuning", adapter=""),
    _entrant("dpo", adapter="neutral-start"),
    _entrant("ours-stated", base="stated-start", adapter=""),
    _entrant("rlcr", base="stated-start", adapter=""),
    _entrant("hesitation-low", adapter="neutral-start"),
    _entrant("hesitation-high", adapter="neutral-start"),
    _entrant("knowrl", adapter="neutral-start"),
    _entrant("barrel", adapter="neutral-start"),
    _entrant("binary", adapter="neutral-start"),
    _entrant("log-score", base="stated-start", adapter=""),
)
MORE = (
    _plain("group-bounded", *GROUP),
    _plain("neutral-plain", adapter="neutral-start"),
    _rubric("explicit-group"),
    _gate(1280, 20),
    _plain("plain-80", "rl.grpo.max_steps=80"),
    _plain("no-warmup", adapter=""),
    _plain("none-explicit", "rl.payoff.bounded=false"),
    _plain("batch-bounded", "rl.grpo.scale_rewards=batch"),
    _plain("batch-explicit", "rl.payoff.bounded=false", "rl.grpo.scale_rewards=batch"),
    _rubric("truthrl"),
    _rubric("dpo"),
    _plain("groups-of-8", "rl.grpo.num_generations=8"),
    _plain("entropy", "rl.grpo.entropy_coef=0.02"),
    _plain("loss-grpo", "rl.grpo.loss_type=grpo"),
    _plain("loss-dr-grpo", "rl.grpo.loss_type=dr_grpo"),
    _gate(640, 40),
    _gate(2560, 10),
    _plain("plain-20", "rl.grpo.max_steps=20"),
    _plain("plain-160", "rl.grpo.max_steps=160"),
)
JOBS: Mapping[str, Job] = {job.name: job for job in (*MAIN, *MORE)}


def finished(run: Path) -> bool:
    """Return whether the run in the folder `run` has its report, the last thing that it writes."""
    return (run / "report.html").is_file()


def run_missing(
    jobs: Mapping[str, Job], names: Sequence[str], seed: int, out: Path, *, at_once: int, say: Callable[[str], None]
) -> None:
    """Run what is missing of the `jobs` of those `names` and of what they need, `at_once` at a time.

    A killed run is continued. One that fails is said and left for another call; what needs it is left out.
    """
    wanted = with_needs(jobs, names)
    missing = [job for name, job in jobs.items() if name in wanted and not finished(job.folder(out, seed))]
    for wave in waves(missing):
        ready = [job for job in wave if all(finished(jobs[need].folder(out, seed)) for need in job.needs)]
        with ThreadPoolExecutor(at_once) as pool:
            for job, run in [(job, pool.submit(_run, job, out, seed)) for job in ready]:
                took = run.result()
                say(f"{job.name}-{seed}: {f'{took:.0f} s' if took is not None else 'failed, see its log'}")


def with_needs(jobs: Mapping[str, Job], names: Sequence[str]) -> set[str]:
    """Return `names` and those of all that they need."""
    return {*names, *(found for name in names for found in with_needs(jobs, jobs[name].needs))}


def waves(jobs: Sequence[Job]) -> list[list[Job]]:
    """Return `jobs` in waves, each needing only what an earlier one has or what was there before."""
    found: list[list[Job]] = []
    place: dict[str, int] = {}
    for job in jobs:
        place[job.name] = max((place[need] + 1 for need in job.needs if need in place), default=0)
        if place[job.name] == len(found):
            found.append([])
        found[place[job.name]].append(job)
    return found


def _run(job: Job, out: Path, seed: int) -> float | None:
    """Run or continue `job`, its console in OUT/logs/NAME-SEED.txt, and return its seconds, None where it failed."""
    folder, log = job.folder(out, seed), out / "logs" / f"{job.name}-{seed}.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "abstain.recipes", "run", job.recipe, *job.overrides(out, seed)]
    begun = time.monotonic()
    with log.open("a", encoding="utf-8") as console:
        ended = subprocess.run(
            [*command, "--out", str(folder), "--resume"],
            stdout=console,
            stderr=subprocess.STDOUT,
            env={"OMP_NUM_THREADS": "1", **os.environ, "HF_HUB_OFFLINE": "1"},
        )
    return time.monotonic() - begun if ended.returncode == 0 else None


def cost(run: Path) -> tuple[int, float]:
    """Return (completions generated, seconds) of the training stages of the run in the folder `run`, base aside."""
    import yaml

    recipe = yaml.safe_load((run / "recipe.yaml").read_text(encoding="utf-8"))
    completions = 0
    if recipe["warmup"]:  # one answer is one row, unless it stands in several
        several = recipe["warmup"].get("targets_per_answer", 1) > 1
        completions += _own_answers(run) if several else recipe["warmup"]["prompts"]
    for stage in ("rejection", "dpo"):
        if recipe[stage]:
            completions += recipe[stage]["prompts"] * recipe[stage]["samples"]
    if recipe["rl"]:
        grpo = recipe["rl"]["grpo"]
        completions += grpo["max_steps"] * grpo["per_device_train_batch_size"] * grpo["gradient_accumulation_steps"]
    seconds = json.loads((run / "state.json").read_text(encoding="utf-8"))["seconds"]
    return completions, sum(seconds.get(stage, 0.0) for stage in ("warmup", "rejection", "dpo", "rl"))


def _own_answers(run: Path) -> int:
    """Return how many answers of its own the warm-up of `run` learnt from."""
    rows = [json.loads(line) for line in (run / "logs" / "warmup.jsonl").read_text(encoding="utf-8").splitlines()]
    return next(row["own_answers"] for row in rows if "own_answers" in row)
