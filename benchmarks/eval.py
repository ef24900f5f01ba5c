"""How fast an evaluation is: ratios in one run to a plain `generate` loop, lm-evaluation-harness and Inspect.

    make harnesses && build/harnesses/bin/python benchmarks/eval.py [--items 500] [--rounds 3] [--passage 20]

Trains a tiny Llama for a moment (2 layers, width 128, 0.5 M parameters, a tokenizer of its own), so that it answers in
two or three tokens, and asks it `--items` questions: greedily at 11 targets and forced, and 8 forced samples, which are
20 completions each. `--passage N` puts some N words before every question.

The systems take turns, `--rounds` times, in this process and on the same loaded model. Printed is the median of the
ratios of completions per second, and their range. Inspect, which is slow, is given `--inspect-items` items and is
compared per completion. Without lm-eval or inspect-ai their lines are left out. Then: the cost of 11 targets over that
of one, and the peak memory of as many items and of ten times as many, each in a process of its own. Seed 0.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch

from abstain.data import PromptStyle, Question, TargetSampler, WorldConfig, make_documents, make_world
from abstain.eval.backends.backend import Prompt
from abstain.eval.backends.opening import open_backend
from abstain.eval.sweep.sweep import Sweep, plan, run_sweep
from abstain.rewards import Verdict, alias_match

STYLE = PromptStyle()
TARGETS = tuple(round(i / 12, 3) for i in range(1, 12))
SAMPLES, LENGTH, BATCH = 8, 16, 256
System = Callable[[Sequence[Prompt]], object]


def make_model(folder: Path) -> list[Question]:
    """Train the model into `folder` and return the questions of its world."""
    world = make_world(WorldConfig(families=110, held_out_families=10, members=60, values=20), 0)
    if not (folder / "config.json").is_file():
        from abstain.training.laboratory.base import BaseConfig, train_base

        documents = make_documents(world.corpus[:6000], STYLE, TargetSampler(), 0)
        trainer = {"max_steps": 150, "per_device_train_batch_size": 16, "learning_rate": 5e-3, "use_cpu": True}
        config = BaseConfig(
            layers=2,
            width=128,
            heads=4,
            intermediate=256,
            initializer_range=0.08,
            vocab_size=1300,
            row_length=160,
            trainer=trainer,
        )
        train_base(documents, config, folder, checkpoints=folder / "checkpoints", seed=0)
    return list({mention.question.text: mention.question for mention in world.corpus}.values())


def with_passage(questions: Sequence[Question], words: int) -> list[Question]:
    rng = random.Random(0)
    names = sorted({word for question in questions for word in question.text.rstrip("?").split()})
    return [
        Question(q.id, " ".join([*rng.choices(names, k=words), "\n" if words else "", q.text]).strip(), q.answers)
        for q in questions
    ]


def prompts_of(
    questions: Sequence[Question], targets: Sequence[float] = TARGETS, samples: int = SAMPLES
) -> list[Prompt]:
    sweep = Sweep(truncated=Verdict.WRONG, targets=tuple(targets), style=STYLE, grader=alias_match(), samples=samples)
    return [Prompt(request.messages, tuple(request.rows)) for request in plan(questions, sweep)]


def completions(prompts: Sequence[Prompt]) -> int:
    return sum(len(prompt.draws) for prompt in prompts)


def generation(backend: Any) -> System:
    """This project's backend alone."""
    return lambda prompts: [found for _, found in backend.generate(prompts)]


def plain_loop(backend: Any) -> System:
    """What one writes without a harness: batches in order, padded on the left, `generate`, decode."""
    model, tokenizer = backend.model, backend.tokenizer

    def ask(texts: Sequence[str], n: int, **sampling: Any) -> list[str]:
        said: list[str] = []
        size = BATCH // n
        for start in range(0, len(texts), size):
            batch = tokenizer(
                list(texts[start : start + size]), return_tensors="pt", padding=True, add_special_tokens=False
            )
            with torch.no_grad():
                out = model.generate(
                    input_ids=batch["input_ids"],
                    attention_mask=batch["attention_mask"],
                    max_new_tokens=LENGTH,
                    num_return_sequences=n,
                    pad_token_id=backend.pad_id,
                    **sampling,
                )
            said += tokenizer.batch_decode(out[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
        return said

    def system(prompts: Sequence[Prompt]) -> object:
        greedy = [backend.render(prompt.messages) for prompt in prompts if 0 in prompt.draws]
        sampled = [backend.render(prompt.messages) for prompt in prompts if len(prompt.draws) > 1]
        said = ask(greedy, 1, do_sample=False)
        return said + (ask(sampled, SAMPLES, do_sample=True, temperature=1.0, top_k=0) if sampled else [])

    return system


def lm_eval_backend(backend: Any) -> System:
    """lm-evaluation-harness's HF backend, on the rendered prompts."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    lm = HFLM(pretrained=backend.model, tokenizer=backend.tokenizer, backend="causal", batch_size=BATCH, device="cpu")
    greedy: dict[str, Any] = {"until": [], "max_gen_toks": LENGTH, "do_sample": False}
    sampled = {**greedy, "do_sample": True, "temperature": 1.0, "top_k": 0}

    def system(prompts: Sequence[Prompt]) -> object:
        asked = [
            (backend.render(prompt.messages), sampled if draw else greedy)
            for prompt in prompts
            for draw in prompt.draws
        ]
        requests = [
            Instance(request_type="generate_until", doc={}, arguments=(text, dict(how)), idx=i)
            for i, (text, how) in enumerate(asked)
        ]
        return lm.generate_until(requests, disable_tqdm=True)

    return system


def inspect_provider(folder: Path) -> System:
    """Inspect with its in-process transformers provider, on the chats."""
    from inspect_ai import Task, eval
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ChatMessageUser, GenerateConfig, get_model
    from inspect_ai.solver import generate

    arguments: dict[str, Any] = {"model_path": str(folder), "device": "cpu", "batch_size": BATCH}
    model = get_model("hf/local", memoize=True, **arguments)

    def system(prompts: Sequence[Prompt]) -> object:
        chats = [
            [ChatMessageUser(content=m["content"]) for m in prompt.messages]
            for p in prompts
            for prompt in [p] * len(p.draws)
        ]
        dataset = MemoryDataset([Sample(input=list(chat)) for chat in chats])
        task = Task(dataset=dataset, solver=generate(), config=GenerateConfig(max_tokens=LENGTH, max_connections=BATCH))
        with tempfile.TemporaryDirectory() as logs:
            (log,) = eval(task, model=model, display="none", log_dir=logs, log_samples=True)
        assert log.status == "success", log.error
        return log

    return system


def seconds(system: System, prompts: Sequence[Prompt]) -> float:
    gc.collect()
    start = time.perf_counter()
    system(prompts)
    return time.perf_counter() - start


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):6.2f}  ({min(values):.2f} to {max(values):.2f})"


def compare(systems: dict[str, tuple[System, Sequence[Prompt]]], rounds: int) -> None:
    """Print how many completions a second the first system makes for one of each other, in turns."""
    (name, (ours, prompts)), *others = systems.items()
    ratios: dict[str, list[float]] = {other: [] for other, _ in others}
    for system, asked in systems.values():
        system(asked[:24])  # warm
    for number in range(rounds):
        rate = completions(prompts) / seconds(ours, prompts)
        print(f"  round {number + 1}: {name} {rate:.0f}/s", end="", flush=True)
        for other, (system, asked) in others:
            found = completions(asked) / seconds(system, asked)
            ratios[other].append(rate / found)
            print(f", {other} {found:.0f}/s", end="", flush=True)
        print()
    for other, values in ratios.items():
        print(f"  {name} over {other}: {spread(values)}")


def whole_sweep(backend: Any, questions: Sequence[Question]) -> System:
    """The sweep with its grading and its response file."""
    sweep = Sweep(truncated=Verdict.WRONG, targets=TARGETS, style=STYLE, grader=alias_match(), samples=SAMPLES)

    def system(prompts: Sequence[Prompt]) -> object:
        few = questions[: max(1, len(prompts) // (len(TARGETS) + 1))]
        with tempfile.TemporaryDirectory() as folder:
            return run_sweep(backend, few, sweep, Path(folder) / "responses.jsonl")

    return system


def targets_cost(backend: Any, questions: Sequence[Question], rounds: int) -> None:
    many, one = prompts_of(questions, TARGETS, 0), prompts_of(questions, TARGETS[5:6], 0)
    many, one = ([p for p in prompts if "point" in p.messages[0]["content"]] for prompts in (many, one))
    assert len(many) == 11 * len(one)
    system = generation(backend)
    ratios = [seconds(system, many) / seconds(system, one) for _ in range(rounds)]
    print(f"11 targets over one target, in time: {spread(ratios)}")


def memory(folder: Path, items: int, passage: int) -> float:
    """Return the peak memory in MiB of a sweep of so many items, in a process of its own."""
    command = [sys.executable, __file__, "--folder", str(folder), "--items", str(items), "--passage", str(passage)]
    done = subprocess.run([*command, "--memory-only"], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--inspect-items", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--passage", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("build/eval-benchmark"))
    parser.add_argument("--memory-only", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    questions = with_passage(make_model(options.folder), options.passage)[: options.items]
    assert len(questions) == options.items
    backend: Any = open_backend(str(options.folder), batch_size=BATCH, max_new_tokens=LENGTH)
    whole = whole_sweep(backend, questions)
    prompts = prompts_of(questions)
    if options.memory_only:
        whole(prompts)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    lengths = [len(backend.tokenizer(backend.render(p.messages))["input_ids"]) for p in prompts[:240]]
    shown = f"{min(lengths)} to {max(lengths)} tokens (mean {statistics.mean(lengths):.0f})"
    print(f"{options.items} items, prompts of {shown}, {options.threads} threads")
    systems = {"ours": (generation(backend), prompts), "the whole sweep": (whole, prompts)}
    systems["plain loop"] = (plain_loop(backend), prompts)
    if importlib.util.find_spec("lm_eval"):
        systems["lm-evaluation-harness"] = (lm_eval_backend(backend), prompts)
    if importlib.util.find_spec("inspect_ai"):
        systems["Inspect"] = (inspect_provider(options.folder), prompts_of(questions[: options.inspect_items]))
    compare(systems, options.rounds)
    targets_cost(backend, questions, options.rounds)
    small, large = (memory(options.folder, n, options.passage) for n in (options.items, 10 * options.items))
    print(f"peak memory: {small:.0f} MiB for {options.items} items, {large:.0f} MiB for ten times as many")


if __name__ == "__main__":
    main()
