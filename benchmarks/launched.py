"""The configs of `accelerate launch`, started here: two processes on the processor (gloo) against one.

    python benchmarks/launched.py                    # ddp and fsdp2
    python benchmarks/launched.py --configs ddp

Every launch trains the same stand-in model (a Llama of one layer) for two optimizer steps by fine-tuning on accepted
answers, and for two by GRPO, with the same batches of eight in one process or four in each of two. Loss and gradient
norm of the second step follow from the first one's update, so that they are equal only if gradients were put together
and applied as in one process. GRPO's completions are scripted, the same in every launch: sampled ones differ, because
each process samples with a seed of its own.

The configs are started as shipped, but for `--num_processes 2 --mixed_precision no`. accelerate 1.15 shares out
parameters (FSDP) on accelerators only: where all is left to it, fsdp2.yaml trains on a processor as ddp.yaml does
(`AcceleratorState` looks for the plugin where the type is MULTI_GPU and its like, not MULTI_CPU). `--shard` tells its
state that these processes are such devices, so that its own FSDP2 path runs, on gloo. Seed 0.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PREFIX = "LAUNCHED "
"""Begins the line on which the main process of a launch tells what it measured."""
SCRIPTED = (("Verrin", True), ("I don't know", True), ("Kirkmoor is where she lives", True), ("Kirkmoor", False))
"""Completions of a group of GRPO, of different lengths and pay, and whether each ends."""


def stand_in(folder: Path) -> Path:
    """Make a model folder of real files without knowledge, with the tokenizer of a small world."""
    from abstain.data import PromptStyle, TargetSampler, WorldConfig, make_documents, make_world
    from abstain.training.laboratory.base import BaseConfig, train_base

    world = make_world(WorldConfig(families=8, held_out_families=2, members=20, mentions=(0, 1), strangers=2), 0)
    documents = make_documents(world.corpus, PromptStyle(), TargetSampler(), 0)
    trainer = {"max_steps": 2, "per_device_train_batch_size": 8, "use_cpu": True}
    shape = {"layers": 1, "width": 32, "heads": 2, "intermediate": 32, "initializer_range": 0.08, "vocab_size": 600}
    config = BaseConfig(**shape, trainer=trainer)
    train_base(documents, config, folder / "model", checkpoints=folder / "checkpoints", seed=0)
    return folder / "model"


def scripted(tokenizer: Any) -> Any:
    """Return a stand-in for `generate` that continues row r with completion r mod 4 of `SCRIPTED`."""
    import torch

    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text, _ in SCRIPTED]
    ids = [[*one, tokenizer.eos_token_id] if ends else one for one, (_, ends) in zip(ids, SCRIPTED, strict=True)]
    width = max(map(len, ids))
    rows = torch.tensor([one + [tokenizer.pad_token_id] * (width - len(one)) for one in ids])

    def generate(input_ids: Any = None, **_: Any) -> Any:
        return torch.cat([input_ids, rows.repeat(len(input_ids) // len(SCRIPTED), 1)], dim=1)

    return generate


def steps(log: Path) -> list[dict[str, float]]:
    """Return loss and gradient norm of every step that `log` tells."""
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    return [{name: row[name] for name in ("loss", "grad_norm")} for row in rows if "grad_norm" in row]


def worker(model: str, out: Path, per_device: int) -> None:
    """Train both stages in this process, one of those of the launch; the main one prints what they logged."""
    from accelerate import PartialState

    from abstain.data import PromptStyle, Question, TargetSampler
    from abstain.eval.backends.models import load_model, load_tokenizer
    from abstain.eval.sweep.shard import current_shard
    from abstain.rewards import AbstentionReward
    from abstain.training.config import FineTuningConfig, RLConfig
    from abstain.training.progress import StageLog
    from abstain.training.rl import train_rl
    from abstain.training.sft import train_sft

    common: dict[str, Any] = {"max_steps": 2, "per_device_train_batch_size": per_device, "logging_steps": 1}
    common |= {"learning_rate": 1e-2, "save_strategy": "no", "lr_scheduler_type": "constant"}
    questions = [Question(str(i), f"Where does Anna {i} live?", ("Verrin",)) for i in range(16)]
    tokenizer: Any = load_tokenizer(model)

    def log_of(stage: str) -> Path:
        return out / f"{stage}-{current_shard().rank}.jsonl"

    def stage(name: str) -> dict[str, Any]:
        log = StageLog(log_of(name), lambda _: None, lambda *_: None)
        return {"style": PromptStyle(), "lora": None, "out": out / name, "seed": 0, "log": log}

    tuned: Any = load_model(model, trainable=True)
    train_sft(tuned, tokenizer, questions, FineTuningConfig(trainer=common), **stage("sft"))
    policy: Any = load_model(model, trainable=True)
    generate = scripted(tokenizer)
    type(policy).generate = lambda _, *args, **kwargs: generate(*args, **kwargs)
    grpo = {**common, "num_generations": 4, "max_completion_length": 16, "beta": 0.0}
    targets = TargetSampler(low=0.25, high=0.75, step=0.5)
    train_rl(policy, tokenizer, questions, AbstentionReward(), RLConfig(grpo=grpo), targets=targets, **stage("rl"))
    state = PartialState()
    if state.is_main_process:
        sharded = type(next(tuned.parameters())).__name__ == "DTensor" or any(
            type(p).__name__ == "DTensor" for p in tuned.parameters()
        )
        told = {"processes": state.num_processes, "backend": state.backend, "sharded": sharded}
        print(PREFIX + json.dumps({**told, "sft": steps(log_of("sft")), "grpo": steps(log_of("rl"))}), flush=True)


def shard_on_the_processor() -> None:
    """Let accelerate take the processes of this launch for devices that it shares parameters out over."""
    from accelerate import PartialState
    from accelerate.state import AcceleratorState
    from accelerate.utils import DistributedType

    plain = AcceleratorState.__init__

    def as_devices(self: AcceleratorState, *args: Any, **kwargs: Any) -> None:
        partial = PartialState(cpu=True)  # what the state is made from; transformers resets both
        if partial.distributed_type is DistributedType.MULTI_CPU:  # else it is FSDP already
            PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU
        plain(self, *args, **kwargs)

    AcceleratorState.__init__ = as_devices


def launch(config: str | None, model: Path, out: Path, *, shard: bool) -> dict[str, Any]:
    """Return what a launch measured; without `config` one process, started plainly."""
    from abstain.recipes.commands.launch import launch_files

    words = [sys.executable]
    if config is not None:
        words += ["-m", "accelerate.commands.launch", "--config_file", str(launch_files()[config])]
        words += ["--num_processes", "2", "--mixed_precision", "no", "--main_process_port", "0"]
    words += [__file__, "--worker", str(model), "--out", str(out), "--per-device", "8" if config is None else "4"]
    out.mkdir()
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*words, *(["--shard"] if shard else [])], env=env, capture_output=True, text=True)
    told = [line.removeprefix(PREFIX) for line in done.stdout.splitlines() if line.startswith(PREFIX)]
    if not told:
        raise SystemExit(f"{config} failed:\n{done.stdout[-1000:]}\n{done.stderr[-6000:]}")
    return json.loads(told[0])


def compare(configs: list[str]) -> None:
    print("| launch | processes | backend | parameters shared out | stage | loss, steps 1 and 2 | gradient norm |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        model = stand_in(folder)
        launches = [(None, False), *((c, False) for c in configs), *((c, True) for c in configs if c == "fsdp2")]
        for config, shard in launches:
            found = launch(config, model, folder / f"{config}-{shard}", shard=shard)
            name = "one process" if config is None else f"{config}, forced" if shard else config
            for stage in ("sft", "grpo"):
                cells = [", ".join(f"{row[name]:.5f}" for row in found[stage]) for name in ("loss", "grad_norm")]
                told = [found["processes"], found["backend"] or "none", "yes" if found["sharded"] else "no"]
                print(f"| {' | '.join(map(str, [name, *told, stage, *cells]))} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configs", nargs="+", default=["ddp", "fsdp2"], choices=["ddp", "fsdp2"])
    for hidden in ("--worker", "--out", "--per-device"):  # how a launch calls this file again
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--shard", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker is None:
        compare(given.configs)
    else:
        if given.shard:
            shard_on_the_processor()
        worker(given.worker, Path(given.out), int(given.per_device))
