"""Whether files of the ready question sets are read whole, and whether a set's grader accepts the set's own answers.

    python benchmarks/question_sets.py popqa:FILE [gsm8k:FILE ...]

Prints a line a set: rows, rows without an answer, and the share of the others whose first accepted answer the set's
grader calls correct; `--show N` also prints N answers that it does not. Deterministic: no seed, no model.
"""

from __future__ import annotations

import argparse

from abstain.data import QUESTION_SETS, InputError, find_set, load_set
from abstain.recipes.config.graders import GRADER_KINDS
from abstain.rewards import Verdict


def measure(source: str, show: int) -> str:
    """Return the line of the set and the file that `source` names, "popqa:FILE".

    Raises:
        InputError: no such set or file, or its columns are not the set's.
    """
    found = find_set(source)
    if found is None or not found[2]:
        raise InputError(f"{source}: expected NAME:FILE, where NAME is one of {', '.join(QUESTION_SETS)}")
    chosen, name, file = found
    questions = load_set(name, file)
    section = dict(chosen.grader)
    grade = GRADER_KINDS.section(section["kind"]).model_validate(section).build("I don't know")
    answerable = [q for q in questions if q.answerable]
    refused = [q for q in answerable if grade(q.answers[0], q.answers, q.choices).verdict is not Verdict.CORRECT]
    share = 1 - len(refused) / len(answerable) if answerable else float("nan")
    line = f"{name:<16}{len(questions):>8}{len(questions) - len(answerable):>14}{share:>10.4f}"
    return "\n".join([line, *(f"    {q.answers} | {q.text[:100]!r}" for q in refused[:show])])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="NAME:FILE")
    parser.add_argument("--show", type=int, default=0)
    given = parser.parse_args()
    print(f"{'set':<16}{'rows':>8}{'unanswerable':>14}{'accepted':>10}")
    for source in given.sources:
        try:
            print(measure(source, given.show), flush=True)
        except InputError as error:
            parser.error(str(error))


if __name__ == "__main__":
    main()
