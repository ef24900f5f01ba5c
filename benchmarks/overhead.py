"""What reward, monitors and logs cost inside GRPO: their share of a step of `tiny`, against a constant reward.

    python benchmarks/overhead.py

One run of TRL's trainer on the model and with the settings of `tiny` (the base model is trained for a few
steps only: it babbles, which costs the reward as much as an answer). Steps alternate between the two rewards, in
an order drawn with a seed. Figures from the same run, each in wall-clock seconds and in CPU seconds of the process,
which other work on the machine disturbs less:

- the reward's own seconds, less the constant's, as a share of a step with the constant reward;
- the seconds of monitor, alarms and log files, over all their calls, per step with the reward;
- both together;
- the step's seconds with the reward over those with the constant one, which also holds what TRL does with
  the logged verdicts, and the machine's noise. Its interval is a bootstrap over steps.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from transformers import TrainerCallback
from trl import GRPOTrainer

from abstain.recipes import load_recipe
from abstain.recipes.runs.prepare import prepare
from abstain.recipes.runs.run import quiet
from abstain.rewards import AbstentionReward, Verdict, alias_match
from abstain.training.adapter import end_token_ids, load_model, load_tokenizer, lora_config
from abstain.training.laboratory.base import train_base
from abstain.training.monitor.alarms import MonitorConfig
from abstain.training.monitor.stage_monitor import StageMonitor
from abstain.training.processes import score_completions_only
from abstain.training.progress import StageLog
from abstain.training.rl import RLConfig, rl_arguments, rl_rows

WARM_UP_STEPS = 4


def clock() -> tuple[float, float]:
    """Return wall-clock and CPU seconds."""
    return time.perf_counter(), time.process_time()


def since(start: tuple[float, float]) -> tuple[float, float]:
    """Return the wall-clock and CPU seconds since `start`."""
    wall, cpu = clock()
    return wall - start[0], cpu - start[1]


class Alternating:
    """Pays by our reward or by a constant, as `ours` says for every call, and keeps each call's seconds."""

    __name__ = "alternating"

    def __init__(self, reward: AbstentionReward, ours: list[bool]) -> None:
        self.reward, self.ours = reward, ours
        self.seconds: list[tuple[float, float]] = []

    def __call__(self, **columns: Any) -> list[float | None]:
        start = clock()
        constant = [0.0] * len(columns["completions"])
        paid = self.reward(**columns) if self.ours[len(self.seconds)] else constant
        self.seconds.append(since(start))
        return paid


class StepClock(TrainerCallback):
    """Keeps the seconds of every optimizer step, generation included."""

    def __init__(self) -> None:
        self.seconds: list[tuple[float, float]] = []
        self._start = clock()

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._start = clock()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seconds.append(since(self._start))


def clocked(callback: TrainerCallback, spent: list[tuple[float, float]]) -> None:
    """Add the seconds of every call of `callback` by the trainer to `spent`."""
    for name in ("on_substep_end", "on_step_end", "on_log"):
        plain = getattr(callback, name)

        def timed(*arguments: Any, plain: Any = plain, **named: Any) -> Any:
            start = clock()
            done = plain(*arguments, **named)
            spent.append(since(start))
            return done

        setattr(callback, name, timed)


def measure(steps: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    """Return (S,) booleans "ours", (S, 2) reward and step seconds (wall, CPU), (2,) of watching, completions a step."""
    recipe = load_recipe("tiny", [f"rl.grpo.max_steps={steps}", "base.trainer.max_steps=20", f"seed={seed}"])
    assert recipe.base is not None
    assert recipe.rl is not None
    prepared, rng = prepare(recipe), np.random.default_rng(seed)
    pairs = [rng.permutation([True, False]).tolist() for _ in range(-(-steps // 2))]
    ours = [choice for pair in pairs for choice in pair][:steps]
    with tempfile.TemporaryDirectory() as folder:
        base, out = Path(folder) / "base", Path(folder) / "out"
        train_base(prepared.documents, recipe.base, base, checkpoints=out, seed=seed)
        model, tokenizer = load_model(str(base)), load_tokenizer(str(base))
        arguments = rl_arguments(RLConfig(grpo={**recipe.rl.trainer, "save_strategy": "no"}), out, seed)
        size = arguments.generation_batch_size
        assert size is not None
        rows = rl_rows(prepared.rl, recipe.prompt, recipe.targets.sampler(), steps * size, rng)
        reward = AbstentionReward(
            payoff=recipe.rl.payoff.build(),
            grader=alias_match(abstention=recipe.prompt.phrase),
            end_token_ids=end_token_ids(model, tokenizer),
            truncated=Verdict(recipe.rl.truncated),
        )
        alternating, steps_clock = Alternating(reward, ours), StepClock()
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=alternating,
            args=arguments,
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
            peft_config=lora_config(recipe.lora),
            callbacks=[steps_clock],
        )
        log = StageLog(out / "rl.jsonl", lambda _: None, lambda *_: None, out / "metrics.jsonl")
        stage_monitor, spent = (
            StageMonitor(MonitorConfig(), arguments.num_generations or 1, log),
            list[tuple[float, float]](),
        )
        stage_monitor.attach(trainer)
        for callback in (stage_monitor.monitor, stage_monitor.alarms, log):
            clocked(callback, spent)
        with score_completions_only():
            trainer.train()
    assert len(alternating.seconds) == len(steps_clock.seconds) == steps  # one call a step
    kept = slice(WARM_UP_STEPS, None)
    watching = np.array(spent).sum(axis=0) / sum(ours)
    return (
        np.array(ours)[kept],
        np.array(alternating.seconds)[kept],
        np.array(steps_clock.seconds)[kept],
        watching,
        size,
    )


def ratio_interval(with_ours: np.ndarray, constant: np.ndarray, rng: np.random.Generator) -> tuple[float, float, float]:
    """Return the ratio of median step seconds with its 95 % bootstrap interval over steps."""
    draws = [
        np.median(rng.choice(with_ours, len(with_ours))) / np.median(rng.choice(constant, len(constant)))
        for _ in range(2000)
    ]
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(np.median(with_ours) / np.median(constant)), float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--steps", type=int, default=44, help=f"optimizer steps; the first {WARM_UP_STEPS} are left out"
    )
    parser.add_argument("--seed", type=int, default=0)
    parsed = parser.parse_args()
    if parsed.steps < WARM_UP_STEPS + 8:
        parser.error(f"--steps must be at least {WARM_UP_STEPS + 8}, got {parsed.steps}")
    quiet()
    with contextlib.redirect_stdout(sys.stderr):  # the trainers' own printing
        ours, reward, step, watching, size = measure(parsed.steps, parsed.seed)
    cost = np.median(reward[ours], axis=0) - np.median(reward[~ours], axis=0)
    base = np.median(step[~ours], axis=0)
    ratio, low, high = ratio_interval(step[ours, 0], step[~ours, 0], np.random.default_rng(parsed.seed))
    print(f"{ours.sum()} steps with the reward, {(~ours).sum()} with a constant; {size} completions a step; medians")
    print("                                wall      CPU")
    print(f"step with the constant reward   {base[0]:.3f} s   {base[1]:.3f} s")
    print(f"reward, less the constant       {1000 * cost[0]:.2f} ms   {1000 * cost[1]:.2f} ms")
    print(f"monitors, alarms and logs       {1000 * watching[0]:.2f} ms   {1000 * watching[1]:.2f} ms")
    both = 100 * (cost + watching) / base
    print(f"reward's share of a step        {100 * cost[0] / base[0]:.2f} %    {100 * cost[1] / base[1]:.2f} %")
    print(f"share of both                   {both[0]:.2f} %    {both[1]:.2f} %")
    print(f"ratio of step times             {ratio:.3f} ({low:.3f} to {high:.3f})")
    print(f"seed {parsed.seed}; {platform.machine()}, {os.cpu_count()} cores, {platform.system()}")


if __name__ == "__main__":
    main()
