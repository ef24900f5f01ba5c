"""How well each source of confidence tells right answers from wrong ones, and how calibrated it is.

    python benchmarks/confidence_sources.py --model MODEL --questions triviaqa:FILE commonsenseqa:FILE

Every question is asked once, as `abstain eval` forces an answer, greedily and `--samples` times, and the model is asked
whether its greedy answer is right; all sources are read off the same completions and held against the same verdicts.
Prints a table a set: questions with a confidence, AUROC with its 95 % interval over questions, ECE and smooth ECE, and
the median confidence. Cut-off answers and abstentions have no confidence. Seeded (`--seed`).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any, get_args

import numpy as np

from abstain.data import InputError, Question
from abstain.eval.backends.backend import Backend, Completion, ConfidenceSource, Prompt
from abstain.eval.backends.opening import open_backend
from abstain.eval.metrics import auroc, bootstrap, ece, smooth_ece
from abstain.eval.sweep.confidence import Evidence, item_confidence, p_true_messages
from abstain.eval.sweep.sweep import Sweep
from abstain.recipes.config.evaluation import evaluation_recipe
from abstain.recipes.config.schema import Recipe
from abstain.recipes.runs.prepare import prepare
from abstain.recipes.runs.sweeps import recipe_sweep
from abstain.rewards import Verdict

SOURCES: tuple[ConfidenceSource, ...] = tuple(name for name in get_args(ConfidenceSource) if name != "stated")
"""What is read off an answer to a prompt that asks for no confidence."""
Row = dict[str, float]
"""A source's confidence by its name, where there is one, and `correct`, 1 or 0."""


def rows(backend: Backend, questions: Sequence[Question], sweep: Sweep) -> Iterator[Row]:
    """Yield the confidences of every question that got a verdict and an answer."""
    draws = tuple(range(sweep.samples + 1))
    prompts = [Prompt(sweep.messages(question, 0.0), draws, token_texts=True) for question in questions]
    answers = dict(backend.generate(prompts, seed=sweep.seed))
    doubts = [
        Prompt(p_true_messages(prompt.messages, answers[i][0]), token_texts=True) for i, prompt in enumerate(prompts)
    ]
    replies = dict(backend.generate(doubts, seed=sweep.seed))
    for i, question in enumerate(questions):
        yield from _row(question, answers[i], replies[i][0], sweep)


def _row(question: Question, completions: Sequence[Completion], reply: Completion, sweep: Sweep) -> Iterator[Row]:
    greedy, *judged = [sweep.judge(question, completion, 0.0) for completion in completions]
    if greedy.verdict not in (Verdict.CORRECT, Verdict.WRONG) or greedy.answer is None:
        return
    evidence = Evidence(
        completion=completions[0],
        judgement=greedy,
        question=question.text,
        choices=question.choices,
        samples=[sample.answer for sample in judged],
        verdict_on_itself=reply,
    )
    read = {name: item_confidence(name, evidence, sweep.grader, sweep.parser).value for name in SOURCES}
    yield {
        **{name: value for name, value in read.items() if value is not None},
        "correct": float(greedy.verdict is Verdict.CORRECT),
    }


def table(found: Sequence[Row], seed: int) -> str:
    """Return a line a source."""
    lines = [_line(name, [row for row in found if name in row], seed) for name in SOURCES]
    return "\n".join(["| source | n | AUROC | ECE | smooth ECE | median |", "|---|---|---|---|---|---|", *lines])


def _line(name: ConfidenceSource, known: Sequence[Row], seed: int) -> str:
    if not known:
        return f"| `{name}` | 0 | | | | |"
    p, correct = (np.array([row[key] for row in known]) for key in (name, "correct"))
    order = bootstrap(lambda items: float(auroc(p[items], correct[items])), len(p), np.random.default_rng(seed))
    errors = f"{ece(p, correct):.3f} | {smooth_ece(p, correct):.3f}"
    return f"| `{name}` | {len(known)} | {order} | {errors} | {np.median(p):.2g} |"


def recipe_of(given: argparse.Namespace, questions: str) -> Recipe:
    return evaluation_recipe(
        place="--",
        model=given.model,
        questions=questions,
        max_items=given.items,
        samples=given.samples,
        batch_size=given.batch_size,
        seed=given.seed,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="model folder or Hub id")
    parser.add_argument("--questions", nargs="+", required=True, metavar="NAME:FILE")
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    try:
        for source in given.questions:
            recipe = recipe_of(given, source)
            limits: dict[str, Any] = {
                "batch_size": given.batch_size,
                "max_new_tokens": recipe.eval.max_new_tokens,
            }
            found = list(rows(open_backend(given.model, **limits), prepare(recipe).eval, recipe_sweep(recipe)))
            right = sum(row["correct"] for row in found)
            print(f"\n{source}: {len(found)} of {given.items} answered, {right:.0f} right\n", flush=True)
            print(table(found, given.seed), flush=True)
    except InputError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
