"""The bounds of arXiv:2509.04664 at scale: random draws, what scoring candidates costs, pre-training, real birthdays.

    python benchmarks/audit.py bounds [--draws 100000]
    python benchmarks/audit.py cost [--prompts 10000]
    python benchmarks/audit.py pretraining OUT
    python benchmarks/audit.py birthdays FILE.jsonl OUT [--samples 300,1000,3000]

`bounds` draws random finite distributions, valid sets and models and counts violations. `cost` scores 365 dates behind
prompts with a tiny Llama (2 layers, width 128, random weights): the median ratio of its speed to scoring every sequence
whole, taking turns in one run, then the time and the peak memory of all prompts. `pretraining` trains the base model of
a smaller `tiny` with its checkpoints kept and audits each. `birthdays` trains a base model on N iid samples of the
birthdays in FILE (`name`, `birthday`), for every N, and audits it on all of them: E_c is the other days of the year.
Seed 0 everywhere. OUT gets the figures and a JSON file.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np

from abstain.data import PromptStyle, Question
from abstain.data.corpus import chat_document
from abstain.eval.audit import Enumeration, reduce_to_classification
from abstain.eval.audit.measure import measure
from abstain.eval.audit.random_case import random_enumeration
from abstain.eval.audit.singletons import error_floor, singleton_rate

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


def pretraining(out: Path) -> None:
    """Train with checkpoints kept, audit each, and draw delta beside the loss."""
    from abstain.recipes.load import load_recipe
    from abstain.recipes.prepare import prepare
    from abstain.training.base import BaseConfig, train_base

    smaller = ["world.families=60", "world.held_out_families=20", "world.members=400", "world.rl_members=1"]
    kept = ["base.trainer.save_steps=25", "base.trainer.save_total_limit=null"]
    recipe = load_recipe("tiny", [*smaller, *kept])
    assert recipe.base is not None
    assert recipe.world is not None
    prepared = prepare(recipe)
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "base" / "config.json").is_file():
        config = BaseConfig(**recipe.base.model_dump())
        train_base(prepared.documents, config, out / "base", checkpoints=out / "checkpoints", seed=0)
    from abstain.data import make_world
    from abstain.eval.audit.candidate_scores import CandidateScorer
    from abstain.eval.audit.made_world import world_enumeration, world_responses
    from abstain.eval.model import load_model, load_tokenizer

    world = make_world(recipe.world, recipe.seed)
    questions = [q for q in world.eval if q.metadata["kind"] == "patterned"]
    responses = world_responses(world.values["patterned"], None, recipe.prompt.phrase)
    tokenizer = load_tokenizer(str(out / "base"))
    texts = [
        tokenizer.apply_chat_template(recipe.prompt.messages(q, None), add_generation_prompt=True, tokenize=False)
        for q in questions
    ]
    folders = sorted((out / "checkpoints").glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    rows: list[dict[str, Any]] = []
    for folder in folders:
        scorer = CandidateScorer(load_model(str(folder)), tokenizer)
        offered = scorer.encode(responses.texts)
        scores = np.empty((len(texts), len(offered)))
        for i, row in scorer.score(scorer.encode(texts), [offered] * len(texts)):
            scores[i] = row
        e = world_enumeration(questions, [responses] * len(questions), scores, None)
        abstains = np.array([[value is None for value in responses.values]] * len(questions))
        found = measure(e, abstains, seed=0)
        loss = float(-(e.training * scores).sum(axis=1).mean())
        rows.append({"step": int(folder.name.split("-")[1]), "loss": loss, **found})
        print(
            f"step {rows[-1]['step']}: loss {loss:.3f} nats, delta {found['delta']['value']:.3f}, "
            f"err {found['err']['value']:.3f} >= {found['bound']['value']:.3f}, ECE {found['ece']:.3f}"
        )
    (out / "pretraining.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    from abstain.eval import plotting
    from abstain.eval.audit.pictures import training_steps

    plotting.save_print(training_steps(rows), out, "audit_pretraining")


def birthdays(file: Path, out: Path, sizes: list[int]) -> None:
    """Train and audit one base model per N, and draw floor, err and ceiling."""
    from abstain.eval import plotting
    from abstain.eval.audit.pictures import facts_by_samples

    people = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    people = list({p["name"]: p for p in people if p.get("birthday")}.values())
    questions = [birthday_question(p["name"], day_of(p["birthday"])) for p in people]
    out.mkdir(parents=True, exist_ok=True)
    rows = [audited(questions, n, out) for n in sizes]
    (out / "birthdays.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    plotting.save_print(facts_by_samples(rows), out, "audit_birthdays")


def day_of(date: str) -> str:
    _, month, day = map(int, date.split("-"))
    return f"{MONTHS[month - 1]} {day}"


def audited(questions: list[Question], n: int, out: Path) -> dict[str, Any]:
    """Train on `n` iid samples (10 % abstain) and return the audit of the model on all questions."""
    from abstain.eval.audit.candidate_scores import CandidateScorer
    from abstain.eval.model import load_model, load_tokenizer
    from abstain.training.base import BaseConfig, train_base

    rng = np.random.default_rng([0, 25, n])
    asked, answered = rng.integers(len(questions), size=n), rng.random(n) >= 0.1
    documents = [
        chat_document(questions[c], None, STYLE, questions[c].answers[0] if told else STYLE.phrase)
        for c, told in zip(asked.tolist(), answered.tolist(), strict=True)
    ]
    folder = out / f"base-{n}"
    if not (folder / "config.json").is_file():
        trainer = {"max_steps": 400, "per_device_train_batch_size": 20, "learning_rate": 5e-3, "warmup_steps": 30}
        trainer |= {"lr_scheduler_type": "cosine", "adam_beta2": 0.98, "weight_decay": 0.01, "use_cpu": True}
        config = BaseConfig(
            layers=2, width=128, heads=4, intermediate=256, vocab_size=1300, row_length=96, initializer_range=0.1,
            muon_learning_rate=1e-2, trainer=trainer,
        )  # fmt: skip
        train_base(documents, config, folder, checkpoints=out / f"checkpoints-{n}", seed=0)
    scorer = CandidateScorer(load_model(str(folder)), load_tokenizer(str(folder)))
    offered = scorer.encode([*DAYS, STYLE.phrase])
    scores = np.empty((len(questions), len(offered)))
    for i, row in scorer.score(
        scorer.encode([render(scorer.tokenizer, q) for q in questions]), [offered] * len(questions)
    ):
        scores[i] = row
    right = np.array([[day == q.answers[0] for day in DAYS] + [False] for q in questions])
    idk = np.array([[False] * len(DAYS) + [True]] * len(questions))
    e = Enumeration(
        model=np.exp(scores),
        training=0.9 * right + 0.1 * idk,
        valid=right | idk,
        error=~(right | idk),
        prompts=np.full(len(questions), 1 / len(questions)),
    )
    found = measure(e, idk, seed=0)
    counts = Counter(asked[answered].tolist())
    seen = np.array([counts[c] for c in range(len(questions))])
    rate = singleton_rate(seen, n)
    wrong = (e.conditional().model * e.error).sum(axis=1)
    row = {
        "n": n,
        "singleton_rate": rate,
        "missing_mass": 0.9 * float((seen == 0).mean()),
        "floor": error_floor(rate, n, len(DAYS) - 1, found["delta"]["value"]),
        "err_by_mentions": {str(k): float(wrong[seen == k].mean()) for k in range(6) if (seen == k).any()},
        **{key: found[key] for key in ("err", "bound", "err_iiv", "delta", "ece", "off_list", "verdict")},
    }
    by = ", ".join(f"{k}: {v:.2f}" for k, v in row["err_by_mentions"].items())
    print(
        f"N = {n}: sr {rate:.3f}, missing mass {row['missing_mass']:.3f}, err {found['err']['value']:.3f}, delta "
        f"{found['delta']['value']:.3f}, bound {found['bound']['value']:.3f} ({found['verdict']}), floor "
        f"{row['floor']:.3f}, sr - 2/min|E| - delta {rate - 2 / (len(DAYS) - 1) - found['delta']['value']:.3f}; err by "
        f"mentions {by}"
    )
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("bounds").add_argument("--draws", type=int, default=100_000)
    commands.add_parser("cost").add_argument("--prompts", type=int, default=10_000)
    commands.add_parser("pretraining").add_argument("out", type=Path)
    own = commands.add_parser("birthdays")
    own.add_argument("file", type=Path)
    own.add_argument("out", type=Path)
    own.add_argument("--samples", default="300,1000,3000")
    asked = parser.parse_args()
    if asked.command == "bounds":
        bounds(asked.draws)
    elif asked.command == "cost":
        cost(asked.prompts)
    elif asked.command == "pretraining":
        pretraining(asked.out)
    else:
        birthdays(asked.file, asked.out, [int(n) for n in asked.samples.split(",")])


if __name__ == "__main__":
    main()
