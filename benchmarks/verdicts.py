"""How far the graders agree with judges and people, beside the usual normalised exact match.

    python benchmarks/verdicts.py --free-text FILE.jsonl [FILE.jsonl ...] --solutions FILE.jsonl --math FILE.jsonl

`--free-text`: rows with `question`, `gold`, `response` and a verdict ("correct", "incorrect") under `human_verdict`,
else `verdict`. `--solutions`: rows with `ground_truth` ("... A: 18") and, per system, an object with `solution` and
`is_correct`. `--math`: rows with `solution` and `answer` in LaTeX (MATH-500), each answer judged in several framings
against itself, and against the next row's. Prints confusion tables and rates; `--show N` also prints N disagreements,
one a line. Open answers by system: `open_verdicts.py`. Deterministic: no seed, no model.

False negatives are counted as the share of rows judged correct that the grader does not call correct.
"""

from __future__ import annotations

import argparse
import json
import re
import string
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from files import existing_file

from abstain.rewards import AnswerLabel, Judgement, Verdict, contains_match, math_match, numeric_match

Grade = Callable[[str, str], Judgement]


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def squad(text: str) -> str:
    """The normalisation of the SQuAD evaluation script: lower case, no punctuation, no articles, single spaces."""
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def squad_exact(response: str, gold: str) -> Judgement:
    return Judgement(Verdict.CORRECT if squad(response) == squad(gold) else Verdict.WRONG)


def squad_contained(response: str, gold: str) -> Judgement:
    return Judgement(Verdict.CORRECT if f" {squad(gold)} " in f" {squad(response)} " else Verdict.WRONG)


def report(name: str, grade: Grade, rows: list[tuple[str, str, bool]], show: int) -> None:
    judged = [(grade(response, gold), right, response, gold) for response, gold, right in rows]
    table = Counter((right, j.verdict) for j, right, _, _ in judged)
    agree = sum(right == (j.verdict is Verdict.CORRECT) for j, right, _, _ in judged)
    right = sum(r for _, _, r in rows)
    missed = right - table[True, Verdict.CORRECT]
    false = table[False, Verdict.CORRECT]
    print(f"\n{name}: agreement {agree / len(rows):.4f} ({agree} of {len(rows)})", end="")
    print(f", false negatives {missed / right:.4f} ({missed} of {right})", end="")
    print(f", false positives {false} of {len(rows) - right}")
    print(f"  {'judge':<10}" + "".join(f"{v.value:>10}" for v in Verdict))
    for label in (True, False):
        print(f"  {'correct' if label else 'incorrect':<10}" + "".join(f"{table[label, v]:>10}" for v in Verdict))
    wrong = Counter(
        (right, j.verdict.value, j.reason, gold, " ".join(response.split()))
        for j, right, response, gold in judged
        if right != (j.verdict is Verdict.CORRECT)
    )
    for (right, verdict, reason, gold, response), n in wrong.most_common(show):
        label = "correct" if right else "incorrect"
        print(f"    {n} x judge {label}, we {verdict} ({reason}) | gold {gold!r} | {response[:200]!r}")


def free_text(paths: list[Path], show: int) -> None:
    grade = contains_match()
    for path in paths:
        verdicts = ((row, row.get("human_verdict") or row["verdict"]) for row in rows_of(path))
        rows = [(row["response"], row["gold"], verdict == "correct") for row, verdict in verdicts]
        print(f"\n== {path.name}: {len(rows)} rows, {len({r['question'] for r in rows_of(path)})} questions")
        report("abstain, contains_match", lambda response, gold: grade(response, [gold]), rows, show)
        report("SQuAD exact match", squad_exact, rows, 0)
        report("SQuAD normalised, contained", squad_contained, rows, 0)


def solutions(path: Path, show: int) -> None:
    grade = numeric_match(extract=AnswerLabel(labels=("A:",)))
    rows: list[tuple[str, str, bool]] = []
    for row in rows_of(path):
        gold = row["ground_truth"].rpartition("A:")[2].strip()
        systems = [value for value in row.values() if isinstance(value, dict) and "is_correct" in value]
        rows += [(system["solution"], gold, system["is_correct"]) for system in systems]
    print(f"\n== {path.name}: {len(rows)} solutions")
    report("abstain, numeric_match", lambda solution, gold: grade(solution, [gold]), rows, show)
    last = lambda text: text.rpartition("A:")[2]  # noqa: E731
    report("SQuAD exact match of the last line", lambda s, g: squad_exact(last(s), g), rows, 0)


FRAMINGS = (
    *("\\boxed{%s}", "%s", "%s.", "$%s$", "The answer is $%s$.", "So the answer is %s", "Thus we get $%s$."),
    "Therefore, the answer is \\(%s\\).",
)


def maths(path: Path) -> None:
    grade = math_match()
    rows = list(rows_of(path))
    golds = [row["answer"] for row in rows]
    print(f"\n== {path.name}: {len(rows)} answers; judged correct")
    for name, texts in {
        **{frame: [frame % gold for gold in golds] for frame in FRAMINGS},
        "the data set's own solution": [row["solution"] for row in rows],
    }.items():
        right = sum(grade(text, [gold]).verdict is Verdict.CORRECT for text, gold in zip(texts, golds, strict=True))
        print(f"  {name:<40}{right:>6} of {len(rows)}")
    pairs = [(given, gold) for given, gold in zip(golds, [*golds[1:], golds[0]], strict=True) if given != gold]
    equal = [pair for pair in pairs if grade(f"\\boxed{{{pair[0]}}}", [pair[1]]).verdict is Verdict.CORRECT]
    print(f"  {'the answer to another problem':<40}{len(equal):>6} of {len(pairs)} {equal[:8]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--free-text", type=existing_file, nargs="*", default=[])
    parser.add_argument("--solutions", type=existing_file)
    parser.add_argument("--math", type=existing_file)
    parser.add_argument("--show", type=int, default=0)
    given = parser.parse_args()
    if not (given.free_text or given.solutions or given.math):
        parser.error("nothing to measure: give files by --free-text, --solutions or --math")
    free_text(given.free_text, given.show)
    if given.solutions:
        solutions(given.solutions, given.show)
    if given.math:
        maths(given.math)


if __name__ == "__main__":
    main()
