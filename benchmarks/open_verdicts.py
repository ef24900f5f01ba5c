"""Agreement with people's verdicts on open answers, by system, beside other graders; and with readers' sets.

    python benchmarks/open_verdicts.py --open FILE.jsonl --half second
    python benchmarks/open_verdicts.py --readers benchmarks/readers/second

`--open`: rows with `question`, `answers`, `response`, `system` and `right`, a person's verdict (EVOUNA). A question
belongs to the first half where the first byte of its SHA-256 is even. Rules were decided on the first half; figures are
those of the second. `--readers`: the folder of readers' verdicts; each file is a row of the table. Deterministic.

Beside `auto_match` stand SQuAD's exact match and containment, TRL's `accuracy_reward` (1 for right), and, where the
package is installed (`make harnesses`), lm-evaluation-harness' exact match as its triviaqa and nq_open tasks set it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from files import existing_file
from verdicts import rows_of, squad

from abstain.rewards import Verdict, auto_match, choice_match, contains_match, math_match, numeric_match

Right = Callable[[str, Sequence[str]], bool]
_ARTICLES = r"\b(?:The |the |An |A |The |a |an )"
"""`regexes_to_ignore` of lm-evaluation-harness' task nq_open."""


def ours() -> Right:
    grade = auto_match()
    return lambda response, answers: grade(response, answers).verdict is Verdict.CORRECT


def trl() -> Right:
    from trl.rewards import accuracy_reward

    def right(response: str, answers: Sequence[str]) -> bool:
        completions = [[{"role": "assistant", "content": response}]] * len(answers)
        return any(value == 1.0 for value in accuracy_reward(completions, list(answers)))

    return right


def lm_eval() -> Right:
    from lm_eval.api.metrics import exact_match_hf_evaluate

    options: dict[str, Any] = {"ignore_case": True, "ignore_punctuation": True, "regexes_to_ignore": [_ARTICLES]}

    def right(response: str, answers: Sequence[str]) -> bool:
        found = exact_match_hf_evaluate(predictions=[response] * len(answers), references=list(answers), **options)
        return found["exact_match"] > 0

    return right


def graders() -> dict[str, Right]:
    found: dict[str, Right] = {
        "abstain, auto_match": ours(),
        "SQuAD normalised, contained": lambda r, a: any(f" {squad(gold)} " in f" {squad(r)} " for gold in a),
        "SQuAD exact match": lambda r, a: any(squad(gold) == squad(r) for gold in a),
        "TRL accuracy_reward": trl(),
    }
    if find_spec("lm_eval") is not None:
        found["lm-evaluation-harness exact_match"] = lm_eval()
    return found


def second(question: str) -> bool:
    return bool(hashlib.sha256(question.encode()).digest()[0] & 1)


def open_answers(path: Path, half: str, show: int) -> None:
    rows = [row for row in rows_of(path) if half == "both" or second(row["question"]) == (half == "second")]
    systems = sorted({row["system"] for row in rows})
    print(f"{path.name}, {half} half: {len(rows)} answers to {len({r['question'] for r in rows})} questions")
    print("false negatives | false positives | share right by people and by the grader, a system each")
    for name, right in graders().items():
        judged = [right(row["response"], row["answers"]) for row in rows]
        agree = sum(j == row["right"] for j, row in zip(judged, rows, strict=True)) / len(rows)
        by = [_rates([(j, row["right"]) for j, row in zip(judged, rows, strict=True) if row["system"] == system])
              for system in systems]  # fmt: skip
        missed, false, people, share = _rates([(j, row["right"]) for j, row in zip(judged, rows, strict=True)])
        print(f"\n{name}: agreement {agree:.3f}, false negatives {missed:.3f}, false positives {false:.3f}, "
              f"right {people:.3f} by people and {share:.3f} here")  # fmt: skip
        for system, (m, f, p, s) in zip(systems, by, strict=True):
            print(f"  {system:<10}{m:>8.3f}{f:>8.3f}{p:>8.3f}{s:>8.3f}")
    remaining(rows, show)


def _rates(pairs: Sequence[tuple[bool, bool]]) -> tuple[float, float, float, float]:
    """Return the shares missed of the right and accepted of the wrong, and of all right by people and by the grader."""
    right = [judged for judged, truth in pairs if truth]
    wrong = [judged for judged, truth in pairs if not truth]
    return (
        1 - sum(right) / len(right), sum(wrong) / len(wrong),
        len(right) / len(pairs), sum(judged for judged, _ in pairs) / len(pairs),
    )  # fmt: skip


def remaining(rows: Sequence[dict[str, Any]], show: int) -> None:
    """Print what is left to disagree on, by the grader's reason."""
    grade = auto_match()
    kinds: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        judged = grade(row["response"], row["answers"])
        if (judged.verdict is Verdict.CORRECT) != row["right"]:
            kind = ("missed" if row["right"] else "accepted", f"{judged.verdict.value}: {judged.reason}")
            kinds[kind] += 1
            examples.setdefault(kind, []).append(f"{row['answers'][:3]} | {' '.join(row['response'].split())[:160]}")
    print("\nwhat is left, by the reason given")
    for kind, n in kinds.most_common():
        print(f"  {n:>5} {kind[0]}, {kind[1]}")
        for example in examples[kind][:show]:
            print(f"          {example}")


MEANS = {"refusal": "abstained", "hedged": "answered", "list": "wrong", "answer": "correct"}
"""The verdict of a row that names its kind alone."""


def readers(folder: Path) -> None:
    kinds = {"choice": choice_match(), "math": math_match(), "numeric": numeric_match(), "contains": contains_match()}
    print(f"{folder}: as the reader says")
    for path in sorted(folder.glob("*.jsonl")):
        table: Counter[tuple[str, str, bool]] = Counter()
        for row in (json.loads(line) for line in path.open(encoding="utf-8")):
            grade, given = kinds.get(row.get("grader", ""), auto_match()), row.get("completion") or row["text"]
            wanted = row.get("verdict") or MEANS[row["kind"]]
            verdict = grade(given, row["answers"], row.get("choices")).verdict
            same = (verdict is Verdict.ABSTAINED) == (wanted == "abstained")
            if wanted in ("correct", "wrong"):
                same = verdict.value == wanted
            group = row["kind"] if path.stem in ("kinds", "several") or "verdict" not in row else ""
            table[group, wanted, same] += 1
        for group, verdict in sorted({key[:2] for key in table}):
            n, of = table[group, verdict, True], table[group, verdict, True] + table[group, verdict, False]
            print(f"  {path.stem:<20}{group:<36}{verdict:<10}{n:>5} of {of:<5}{n / of:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--open", type=existing_file)
    parser.add_argument("--half", choices=("first", "second", "both"), default="second")
    parser.add_argument("--readers", type=Path)
    parser.add_argument("--show", type=int, default=0)
    given = parser.parse_args()
    if given.open is None and given.readers is None:
        parser.error("nothing to measure: give a file by --open or a folder by --readers")
    if given.open is not None:
        open_answers(given.open, given.half, given.show)
    if given.readers is not None:
        readers(given.readers)


if __name__ == "__main__":
    main()
