"""The bounds of arXiv:2509.04664 at scale: random draws, what scoring candidates costs, and audited runs side by side.

    python benchmarks/audit.py bounds [--draws 100000]
    python benchmarks/audit.py cost [--prompts 10000]
    python benchmarks/audit.py runs runs/tiny-0 runs/tiny-1 ... [--figures docs/figures]

`bounds` draws random finite distributions, valid sets and models and counts violations: so many draws of the reduction
and as many of the multiple-choice bounds for models that see a feature of the prompt. `runs` takes runs of
different seeds that `abstain audit RUN` has measured, and prints the mean over them and the range. `cost` scores 365
dates behind prompts with a tiny Llama (2 layers, width 128, random weights): the median ratio of its speed to scoring
every sequence whole, taking turns in one run, then the time and the peak memory of all prompts.
Seed 0.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np

from abstain.data import PromptStyle, Question
from abstain.data.corpus import chat_document
from abstain.eval import plotting
from abstain.eval.audit import pictures, reduce_to_classification
from abstain.eval.audit.poor_models import examine
from abstain.eval.audit.random_case import Kind, random_choices, random_enumeration
from abstain.eval.audit.study_pictures import through_training
from abstain.recipes.audit_summary import how

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November"]
MONTHS += ["December"]
DAYS = [
    f"{month} {day}"
    for month, n in zip(MONTHS, (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), strict=True)
    for day in range(1, n + 1)
]
STYLE = PromptStyle()


def bounds(draws: int) -> None:
    """Print violations, the least slack, and the largest delta of models that are coarsenings of p."""
    kinds: tuple[Kind, ...] = ("any", "near", "coarse")
    for number, kind in enumerate(kinds):
        rng = np.random.default_rng([0, 24, number])
        own = draws // 3 + (number < draws % 3)
        failed, slack, delta, parts = 0, np.inf, 0.0, np.inf
        for _ in range(own):
            found = reduce_to_classification(random_enumeration(rng, kind))
            failed += not found.holds
            slack, delta = min(slack, found.err - found.bound), max(delta, found.delta)
            of = found.slack
            parts = min(parts, of.confident_errors, of.timid_truths, of.underconfidence)
        print(
            f"{kind}: {own} draws, {failed} violations, least slack {slack:.3g}, least part of a slack {parts:.3g}, "
            f"largest delta {delta:.3g}",
            flush=True,
        )
    choices(draws)


def choices(draws: int) -> None:
    """Print violations of both multiple-choice bounds by random models that see a feature of the prompt alone."""
    rng = np.random.default_rng([0, 31])
    failed, least = {"2(1 - 1/C)opt": 0, "2opt - |V|/|E| - delta": 0}, np.inf
    for _ in range(draws):
        e, features = random_choices(rng)
        poor, found = examine(e, features), reduce_to_classification(e)
        sides = (poor.bound, 2 * poor.opt - found.size_ratio - found.delta)
        for name, side in zip(failed, sides, strict=True):
            failed[name] += bool(found.err < side - 1e-9)
        least = min(least, found.err - max(sides))
    told = ", ".join(f"{count} violations of {name}" for name, count in failed.items())
    print(f"choices: {draws} draws, {told}, least slack {least:.3g}")


def runs(folders: list[Path], figures: Path | None) -> None:
    """Print the mean over audited runs, with the range, by system and target; draw it into `figures`."""
    found = [json.loads((folder / "audit.json").read_text(encoding="utf-8")) for folder in folders]
    split = next(iter(found[0]["splits"]))
    columns = [one["splits"][split] for one in found]
    seeds = ", ".join(str(one["seed"]) for one in found)
    print(f"{split}; seeds {seeds}; {' or '.join(sorted({str(rows[0]['prompts']) for rows in columns}))} questions\n")
    keys = ("err", "bound", "err_iiv", "delta", "abstention", "ece", "roc_area")
    print("| system | asked | " + " | ".join(keys) + " |\n|---|---|" + "---|" * len(keys))
    rows: list[dict[str, Any]] = []
    for same in zip(*columns, strict=True):
        assert len({(row["system"], row["t"]) for row in same}) == 1
        mean = {key: over(same, key) for key in keys}
        rows.append({"system": same[0]["system"], "t": same[0]["t"], **mean})
        cells = [f"{m['value']:.3f} ({m['low']:.3f}–{m['high']:.3f})" for m in mean.values()]
        print(f"| {same[0]['system']} | {how(same[0]['t'])} | " + " | ".join(cells) + " |")
    held = sum(row["verdict"] == "holds" for own in found for rows_ in own["splits"].values() for row in rows_)
    total = sum(len(rows_) for own in found for rows_ in own["splits"].values())
    print(f"\nThe bound holds in {held} of {total} conditions (run, split, system, target).")
    if figures is not None:
        plotting.save_print(through_training(rows), figures, "audit_stages")
        plotting.save_print(pictures.price_of_abstaining(rows), figures, "audit_price")
        for name in ("audit_stages", "audit_price"):
            (figures / f"{name}.png").unlink()


def over(rows: Sequence[dict[str, Any]], key: str) -> dict[str, float]:
    """Return the mean of `key` over runs, and its range."""
    values = [row[key]["value"] if isinstance(row[key], dict) else row[key] for row in rows]
    return {"value": statistics.mean(values), "low": min(values), "high": max(values)}


def untrained() -> Any:
    """Return a scorer of a tiny model with random weights, and a tokenizer of the dates."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from abstain.eval.audit.candidate_scores import CandidateScorer
    from abstain.training.tokenizer import train_tokenizer

    documents = [chat_document(birthday_question(f"Ada Bo {i}", day), None, STYLE, day) for i, day in enumerate(DAYS)]
    tokenizer = train_tokenizer(documents, 1300)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=1300,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        eos_token_id=tokenizer.eos_token_id,
    )
    return CandidateScorer(LlamaForCausalLM(config).eval(), tokenizer)


def cost(prompts: int) -> None:
    """Print the ratio of speeds, and the cost of all prompts."""
    scorer = untrained()
    texts = [render(scorer.tokenizer, birthday_question(f"Ada Bo {i}", DAYS[0])) for i in range(prompts)]
    ids, days = scorer.encode(texts), scorer.encode(DAYS[:59] + DAYS[60:])
    list(scorer.score(ids[:10], [days] * 10))
    ratios: list[float] = []
    for turn in range(5):
        own = ids[10 * turn : 10 * turn + 10]
        start = time.perf_counter()
        shared = dict(scorer.score(own, [days] * 10))
        middle = time.perf_counter()
        scorer.plain_because = "measured"
        whole = dict(scorer.score(own, [days] * 10))
        end = time.perf_counter()
        scorer.plain_because = None
        assert max(float(np.abs(shared[i] - whole[i]).max()) for i in range(10)) < 1e-3
        ratios.append((end - middle) / (middle - start))
    print(
        f"{len(days)} candidates: {statistics.median(ratios):.1f} times as fast as scoring each full sequence "
        f"(5 turns, {min(ratios):.1f} to {max(ratios):.1f})"
    )
    from abstain.eval.audit.score_store import filled

    with tempfile.TemporaryDirectory() as folder:
        before, start, used = memory(), time.perf_counter(), time.process_time()
        filled(
            Path(folder) / "scores.npy",
            [len(days)] * prompts,
            lambda missing: scorer.score([ids[i] for i in missing], [days] * len(missing)),
        )
        print(
            f"{prompts} prompts x {len(days)} candidates: {(time.perf_counter() - start) / 60:.1f} min by the clock, "
            f"{(time.process_time() - used) / 60:.1f} min of the processor, peak memory {memory() - before:.2f} GiB "
            "above what was in use"
        )


def memory() -> float:
    """Peak resident memory, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def birthday_question(name: str, day: str) -> Question:
    return Question(name, f"When is {name}'s birthday?", (day,))


def render(tokenizer: Any, question: Question) -> str:
    return tokenizer.apply_chat_template(STYLE.messages(question, None), add_generation_prompt=True, tokenize=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("bounds").add_argument("--draws", type=int, default=100_000)
    commands.add_parser("cost").add_argument("--prompts", type=int, default=10_000)
    audited = commands.add_parser("runs")
    audited.add_argument("folders", type=Path, nargs="+", help="runs that have an audit.json")
    audited.add_argument("--figures", type=Path, help="folder for the figures")
    asked = parser.parse_args()
    if asked.command == "bounds":
        bounds(asked.draws)
    elif asked.command == "runs":
        runs(asked.folders, asked.figures)
    else:
        cost(asked.prompts)


if __name__ == "__main__":
    main()
