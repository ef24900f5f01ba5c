"""What grading and paying costs, against TRL's `accuracy_reward` and a plain SQuAD exact-match loop, in one run.

    python benchmarks/rewards.py [--rows 100000] [--seed 0] [--grader auto] [--questions FILE.jsonl ...]

The rows: short answers to made questions, or to those of the files (`question`, `answer` or `answers`
with aliases), `--group` completions of each as GRPO samples them. 40 % are an accepted alias in some
spelling, 40 % another question's, 15 % a refusal and 5 % a hedge. Measured once on rows it has not seen
(its caches are cold) and once more, in turns with the others so that load on the machine hits all; a time is
the median over batches of 100 rows, of this process's own seconds.
`accuracy_reward` is timed on `--slow-rows`: of other such rows, whose names it cannot parse and gives None for, and
of numbers, which it can, and of both in equal parts. `maths` grades expressions in 1, 2, ... worker processes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import statistics
import string
import time
from collections.abc import Callable
from multiprocessing import Pool
from pathlib import Path
from typing import Any

from files import existing_file

from abstain.rewards import AbstentionReward, ConfidenceTarget, alias_match, auto_match, math_match

REFUSALS = ("I don't know", "I don't know.", "I'm not sure.", "I cannot determine that.", "I have no idea.")
HEDGES = ("I'm not sure, but {}", "I think it's {}", "Perhaps {}", "{}, but I'm not certain.")
FRAMES = ("{}", "{}.", "the {}", "The answer is {}.", "{}\n")
PUNCTUATION = set(string.punctuation)
GRADERS = {"auto": auto_match, "alias": alias_match}
Row = tuple[str, list[str], float]


def made_questions(n: int, random_: random.Random) -> list[list[str]]:
    """Return the aliases of n questions: names of one to four words, of which some are numbers or dates."""
    syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "on")]

    def word() -> str:
        return "".join(random_.choices(syllables, k=random_.randint(1, 3))).capitalize()

    def one() -> str:
        kind = random_.random()
        if kind < 0.1:
            return str(random_.randint(1, 3000))
        if kind < 0.15:
            return f"{random_.randint(1, 28)} May {random_.randint(1500, 2020)}"
        return " ".join(word() for _ in range(random_.randint(1, 4)))

    return [[one() for _ in range(random_.randint(1, 6))] for _ in range(n)]


def read_questions(paths: list[Path]) -> list[list[str]]:
    rows = [json.loads(line) for path in paths for line in path.open(encoding="utf-8")]
    given = [row.get("answers") or row.get("answer") or row.get("possible_answers") for row in rows]
    return [[str(a) for a in (answers if isinstance(answers, list) else [answers])] for answers in given]


def rows_of(questions: list[list[str]], n: int, group: int, random_: random.Random) -> list[Row]:
    rows: list[Row] = []
    while len(rows) < n:
        answers, t = random_.choice(questions), random_.choice((0.25, 0.5, 0.75, 0.9))
        for _ in range(group):
            kind = random_.random()
            text = random_.choice(answers if kind < 0.4 else random_.choice(questions))
            text = random_.choice(FRAMES).format(text) if kind < 0.8 else text
            text = random_.choice(REFUSALS) if 0.8 <= kind < 0.95 else text
            text = random_.choice(HEDGES).format(text) if kind >= 0.95 else text
            rows.append((text, list(answers), t))
    return rows[:n]


def number_rows(n: int, random_: random.Random) -> list[Row]:
    """Return rows whose answers are numbers, the only short answers that `accuracy_reward` can parse."""
    rows: list[Row] = []
    for _ in range(n):
        gold = random_.randint(1, 2000)
        given = gold if random_.random() < 0.5 else random_.randint(1, 2000)
        rows.append((random_.choice(("{}", "${}$", "{}.", "The answer is {}")).format(given), [str(gold)], 0.5))
    return rows


def squad(text: str) -> str:
    text = "".join(c for c in text.lower() if c not in PUNCTUATION)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def plain_loop(completions: list[str], answers: list[list[str]], threshold: list[float]) -> list[float]:
    """The loop people write: normalised exact match against every alias, paid at the row's target."""
    paid: list[float] = []
    for text, accepted, t in zip(completions, answers, threshold, strict=True):
        given = squad(text)
        paid.append(1 - t if any(given == squad(alias) for alias in accepted) else -t)
    return paid


def seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def alternately(rows: list[Row], runs: list[Callable[..., Any]], batch: int = 100) -> list[float]:
    """Return the median seconds a row that each of `runs` takes, in turns of a batch, every other turn in reverse."""
    took: list[list[float]] = [[] for _ in runs]
    for number, start in enumerate(range(0, len(rows), batch)):
        completions, answers, threshold = map(list, zip(*rows[start : start + batch], strict=True))
        for i in range(len(runs)) if number % 2 else reversed(range(len(runs))):
            begin = time.process_time()
            runs[i](completions, answers, threshold)
            took[i].append((time.process_time() - begin) / len(completions))
    return [statistics.median(times) for times in took]


def short_answers(grader: str, rows: list[Row], names: list[Row], numbers: list[Row], both: list[Row]) -> None:
    from trl.rewards import accuracy_reward

    reward = AbstentionReward(payoff=ConfidenceTarget(), grader=GRADERS[grader]())

    def ours(completions: list[str], answers: list[list[str]], threshold: list[float]) -> Any:
        return reward(completions=completions, answers=answers, threshold=threshold)

    def trl(completions: list[str], answers: list[list[str]], _threshold: list[float]) -> Any:
        return accuracy_reward([[{"role": "assistant", "content": c}] for c in completions], [a[0] for a in answers])

    aliases = sum(len(a) for _, a, _ in rows) / len(rows)
    print(f"{len(rows)} rows, {aliases:.1f} aliases a row; µs a row, the other's, ratio")
    for name, given, other in (
        ("plain SQuAD loop", rows, plain_loop),
        ("accuracy_reward, names", names, trl),
        ("accuracy_reward, numbers", numbers, trl),
        ("accuracy_reward, both", both, trl),
    ):
        for seen in ("not seen before", "the same again"):
            mine, theirs, plain = alternately(given, [ours, other, plain_loop])
            print(
                f"  against {name:<24} {len(given):6} rows, {seen:<15} {1e6 * mine:6.1f} {1e6 * theirs:7.1f}"
                f"   {theirs / mine:5.2f} times as fast (the plain loop: {theirs / plain:.2f})"
            )


def _grade_maths(pairs: list[tuple[str, str]]) -> int:
    grade = math_match()
    grade("$x$", ["$x + 0$"])  # start the worker before the clock
    return sum(grade(given, [gold]).verdict.value == "correct" for given, gold in pairs)


def maths(n: int, processes: list[int], random_: random.Random) -> None:
    pairs = [
        (rf"$\frac{{{a}}}{{{b}}}x + {c}$", rf"${c} + \frac{{{a}x}}{{{b}}}$")
        for a, b, c in ((random_.randint(1, 99), random_.randint(2, 99), random_.randint(1, 99)) for _ in range(n))
    ]
    base = None
    for count in processes:
        with Pool(count) as pool:
            pool.map(_grade_maths, [pairs[:1]] * count)
            took = seconds(lambda k=count, p=pool: p.map(_grade_maths, [pairs[i::k] for i in range(k)], chunksize=1))
        base = base or took * processes[0]
        print(f"maths, {count} process(es): {n / took:7.0f} rows/s, {base / took:.2f} times one process")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--grader", choices=GRADERS, default="auto")
    parser.add_argument("--group", type=int, default=8)
    parser.add_argument("--slow-rows", type=int, default=2000)
    parser.add_argument("--maths-rows", type=int, default=1000)
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--questions", type=existing_file, nargs="*", default=[])
    given = parser.parse_args()
    random_ = random.Random(given.seed)
    print(f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}")
    questions = read_questions(given.questions) or made_questions(20_000, random_)
    names = rows_of(made_questions(given.slow_rows, random_), given.slow_rows, given.group, random_)
    numbers = number_rows(given.slow_rows, random_)
    half = given.slow_rows // 2
    both = rows_of(made_questions(half, random_), half, given.group, random_) + number_rows(half, random_)
    random_.shuffle(both)
    short_answers(given.grader, rows_of(questions, given.rows, given.group, random_), names, numbers, both)
    if given.maths_rows:
        maths(given.maths_rows, given.processes, random_)


if __name__ == "__main__":
    main()
