"""What scoring 365 dates behind many prompts costs, with a small Llama of random weights.

The median ratio of its speed to scoring every sequence whole, taking turns in one run, then the time and the peak
memory of all prompts. Seed 0.
"""

from __future__ import annotations

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
from small_model import HEADS, INTERMEDIATE, LAYERS, STYLE, VOCABULARY, WIDTH, birthday_question, days_of_the_year

from abstain.data import Question
from abstain.data.corpus import chat_document

DAYS = days_of_the_year()
TURNS = 5


def measure(prompts: int) -> None:
    """Print the ratio of speeds, and the cost of all prompts."""
    scorer = _untrained()
    texts = [_render(scorer.tokenizer, birthday_question(f"Ada Bo {i}", DAYS[0])) for i in range(prompts)]
    february_29 = DAYS.index("February 29")
    ids, days = scorer.encode(texts), scorer.encode([*DAYS[:february_29], *DAYS[february_29 + 1 :]])
    _compare_speeds(scorer, ids, days)
    _measure_all(scorer, ids, days)


def _untrained() -> Any:
    """Return a scorer of a small model with random weights, and a tokenizer of the dates."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from abstain.eval.backends.candidate_scores import CandidateScorer
    from abstain.training.laboratory.tokenizer import train_tokenizer

    documents = [chat_document(birthday_question(f"Ada Bo {i}", day), None, STYLE, day) for i, day in enumerate(DAYS)]
    tokenizer = train_tokenizer(documents, VOCABULARY)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=INTERMEDIATE,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        eos_token_id=tokenizer.eos_token_id,
    )
    return CandidateScorer(LlamaForCausalLM(config).eval(), tokenizer)


def _compare_speeds(scorer: Any, ids: list[list[int]], days: list[list[int]]) -> None:
    list(scorer.score(ids[:10], [days] * 10))
    ratios: list[float] = []
    for turn in range(TURNS):
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
        f"({TURNS} turns, {min(ratios):.1f} to {max(ratios):.1f})"
    )


def _measure_all(scorer: Any, ids: list[list[int]], days: list[list[int]]) -> None:
    from abstain.eval.audit.score_store import filled

    with tempfile.TemporaryDirectory() as folder:
        before, start, used = _memory(), time.perf_counter(), time.process_time()
        filled(
            Path(folder) / "scores.npy",
            [len(days)] * len(ids),
            lambda missing: scorer.score([ids[i] for i in missing], [days] * len(missing)),
        )
        print(
            f"{len(ids)} prompts x {len(days)} candidates: {(time.perf_counter() - start) / 60:.1f} min by the clock, "
            f"{(time.process_time() - used) / 60:.1f} min of the processor, peak memory {_memory() - before:.2f} GiB "
            "above what was in use"
        )


def _memory() -> float:
    """Peak resident memory, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _render(tokenizer: Any, question: Question) -> str:
    return tokenizer.apply_chat_template(STYLE.messages(question, None), add_generation_prompt=True, tokenize=False)
