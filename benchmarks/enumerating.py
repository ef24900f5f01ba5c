"""Does GRPO unlearn to list candidates? From a policy that lists them, under the default grader and under containment.

    python benchmarks/enumerating.py [--steps 60] [--seed 0]

320 people of eight families live in one of two towns of their family, and nothing says in which. A small model, made
from scratch, is taught to answer six times of ten by a list of the two ("Ashwick or Pellham", "Ashwick, Pellham"), else
by one of them. From there GRPO runs twice with the same seed and settings, paid by `ConfidenceTarget` at sampled
targets: once with `auto_match`, for which a list is wrong, and once with a grader for which a text is right that
contains an accepted answer. A list pays most there, as one town is right half of the time.

Printed before and after: the share of sampled completions that name more than one town, and the shares that are right,
wrong and abstained by `auto_match`. About two minutes of one core, no GPU. Seeded; deterministic on one machine.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from abstain.data import PromptStyle, Question, TargetSampler
from abstain.data.corpus import chat_document
from abstain.eval.backends.backend import Prompt
from abstain.eval.backends.models import end_token_ids, load_model, load_tokenizer
from abstain.eval.backends.opening import open_backend
from abstain.recipes.runs.run import quiet
from abstain.rewards import AbstentionReward, ConfidenceTarget, CustomMatch, Grader, Verdict, auto_match, grader
from abstain.rewards.matching.text import normalize
from abstain.training.adapter import lora_config
from abstain.training.config import RLConfig
from abstain.training.laboratory.base import BaseConfig, train_base
from abstain.training.rl import train_rl

TOWNS = ("Tolmouth", "Kirkmoor", "Harfield", "Ashwick", "Pellham", "Dunstow", "Marbrook", "Wexley")
FAMILIES = ("Brook", "Carrow", "Dunn", "Eskill", "Farrow", "Gale", "Hale", "Ivers")
STYLE = PromptStyle()
TARGETS = (0.0, 0.25, 0.5, 0.75)
PEOPLE, SAMPLED, SAMPLES = 320, 64, 4
"""How many people there are, how many of them are asked about before and after, and how often at every target."""


def candidates(person: int) -> tuple[str, str]:
    """Return the two towns of the person's family."""
    family = person % len(FAMILIES)
    return TOWNS[family], TOWNS[(family + 3) % len(TOWNS)]


def questions(random_: random.Random) -> list[Question]:
    """Return a question for every person, whose town is one of the family's two, evenly."""
    return [
        Question(str(i), f"Where does {FAMILIES[i % len(FAMILIES)]} {i} live?", (random_.choice(candidates(i)),))
        for i in range(PEOPLE)
    ]


def taught(person: int, random_: random.Random) -> str:
    """Return what the policy is taught to say: a list six times of ten, else one town."""
    one, other = random_.sample(candidates(person), 2)
    return random_.choices((f"{one} or {other}", f"{one}, {other}", one), (3, 3, 4))[0]


def contained(answer: str, answers: Sequence[str]) -> bool:
    """Return whether the words of an accepted answer stand in `answer`, whatever stands beside them."""
    return any(f" {normalize(accepted)} " in f" {normalize(answer)} " for accepted in answers)


def teach(people: Sequence[Question], out: Path, seed: int) -> str:
    """Return the folder of the model that lists candidates."""
    random_ = random.Random(seed)
    documents = [
        chat_document(question, t, STYLE, taught(person, random_))
        for person, question in enumerate(people)
        for t in TARGETS
    ]
    config = BaseConfig(
        layers=2, width=64, heads=4, intermediate=64, initializer_range=0.08, vocab_size=400, row_length=128,
        muon_learning_rate=1e-2,
        trainer={"max_steps": 250, "per_device_train_batch_size": 16, "use_cpu": True, "learning_rate": 3e-3},
    )  # fmt: skip
    train_base(documents, config, out / "policy", checkpoints=out / "checkpoints", seed=seed)
    return str(out / "policy")


def trained(policy: str, people: Sequence[Question], grade: Grader, out: Path, steps: int, seed: int) -> Path:
    """Return the adapter after `steps` of GRPO on the policy, judged by `grade`."""
    model, tokenizer = load_model(policy), load_tokenizer(policy)
    ends = end_token_ids(model, tokenizer)
    reward = AbstentionReward(payoff=ConfidenceTarget(), grader=grade, end_token_ids=ends, truncated=Verdict.WRONG)
    settings = {
        "max_steps": steps, "per_device_train_batch_size": 64, "num_generations": 8, "learning_rate": 1e-2,
        "max_completion_length": 24, "logging_steps": steps,
    }  # fmt: skip
    policy_after = train_rl(
        model, tokenizer, people, reward, RLConfig(grpo=settings), style=STYLE, targets=TargetSampler(),
        lora=lora_config({"r": 8}), out=out / "checkpoints", seed=seed,
    )  # fmt: skip
    policy_after.save_pretrained(str(out / "adapter"))
    return out / "adapter"


def shares(policy: str, adapter: Path | None, people: Sequence[Question], seed: int) -> dict[str, float]:
    """Return the share of sampled completions that list towns, and of those with each verdict of `auto_match`."""
    backend = open_backend(policy, adapter=adapter, max_new_tokens=24)
    asked = [(question, t) for question in people[:SAMPLED] for t in TARGETS]
    prompts = [Prompt(STYLE.messages(question, t), tuple(range(1, SAMPLES + 1))) for question, t in asked]
    grade, found = auto_match(), dict.fromkeys(("lists", "correct", "wrong", "abstained"), 0)
    for number, completions in backend.generate(prompts, seed=seed):
        for completion in completions:
            found["lists"] += sum(town in completion.text for town in TOWNS) > 1
            found[grade(completion.text, asked[number][0].answers).verdict.value] += 1
    return {name: count / (SAMPLES * len(prompts)) for name, count in found.items()}


def measure(out: Path, steps: int, seed: int) -> dict[str, dict[str, float]]:
    """Return the shares of the policy as it was taught, and after GRPO under either grader."""
    people = questions(random.Random(seed))
    policy = teach(people, out, seed)
    found = {"as taught": shares(policy, None, people, seed)}
    graders: dict[str, Grader] = {"auto_match": auto_match(), "containment": grader(CustomMatch(function=contained))}
    for name, grade in graders.items():
        adapter = trained(policy, people, grade, out / name, steps, seed)
        found[f"GRPO under {name}"] = shares(policy, adapter, people, seed)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    quiet()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        found = measure(Path(folder), given.steps, given.seed)
    print(f"{given.steps} steps, seed {given.seed}; shares of {SAMPLES * len(TARGETS) * SAMPLED} completions")
    for name, values in found.items():
        print(f"{name:<24}" + "  ".join(f"{key} {value:.3f}" for key, value in values.items()))


if __name__ == "__main__":
    main()
