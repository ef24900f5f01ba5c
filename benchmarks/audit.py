"""The bounds of arXiv:2509.04664 at scale: random draws, and what scoring candidates costs.

    python benchmarks/audit.py bounds [--draws 100000]
    python benchmarks/audit.py cost [--prompts 10000]

`bounds` draws random finite distributions, valid sets and models and counts violations. `cost` scores 365 dates behind
prompts with a tiny Llama (2 layers, width 128, random weights): the median ratio of its speed to scoring every sequence
whole, taking turns in one run, then the time and the peak memory of all prompts.
Seed 0.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np

from abstain.data import PromptStyle, Question
from abstain.data.corpus import chat_document
from abstain.eval.audit import reduce_to_classification
from abstain.eval.audit.random_case import random_enumeration

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
    for kind in ("any", "near", "coarse"):
        rng = np.random.default_rng([0, 24])
        failed, slack, delta, parts = 0, np.inf, 0.0, np.inf
        for _ in range(draws // 3):
            found = reduce_to_classification(random_enumeration(rng, kind))  # type: ignore[arg-type]
            failed += not found.holds
            slack, delta = min(slack, found.err - found.bound), max(delta, found.delta)
            own = found.slack
            parts = min(parts, own.confident_errors, own.timid_truths, own.underconfidence)
        print(
            f"{kind}: {draws // 3} draws, {failed} violations, least slack {slack:.3g}, least part of a slack "
            f"{parts:.3g}, largest delta {delta:.3g}"
        )


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
        before, start = memory(), time.perf_counter()
        filled(
            Path(folder) / "scores.npy",
            [len(days)] * prompts,
            lambda missing: scorer.score([ids[i] for i in missing], [days] * len(missing)),
        )
        print(
            f"{prompts} prompts x {len(days)} candidates: {(time.perf_counter() - start) / 60:.1f} min, peak memory "
            f"{memory() - before:.2f} GiB above what was in use"
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
    asked = parser.parse_args()
    if asked.command == "bounds":
        bounds(asked.draws)
    else:
        cost(asked.prompts)


if __name__ == "__main__":
    main()
