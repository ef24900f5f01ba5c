"""Chooses the rows of other projects' files that the tests carry.

    python tests/data_files/choose.py FOLDER

FOLDER holds the whole files as README.md names them. The same seed chooses the same rows, in their order.
"""

from __future__ import annotations

import json
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
POPQA, GSM8K, PER_QUESTION = 200, 120, 15
SYSTEMS = ("6b_finetuning", "175b_verification")


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")


def sample(total: int, count: int) -> list[int]:
    """Return `count` line numbers below `total`, ascending."""
    return sorted(random.Random(0).sample(range(total), count))


def choose_popqa(whole: Path) -> None:
    rows = read(whole / "popqa" / "dev.jsonl")
    write(HERE / "popqa" / "dev.jsonl", [rows[i] for i in sample(len(rows), POPQA)])


def choose_gsm8k(whole: Path) -> None:
    """Keep the same problems in both files, and two of the four systems."""
    questions, solutions = (read(whole / "gsm8k" / f"{name}.jsonl") for name in ("test", "example_model_solutions"))
    chosen = sample(len(questions), GSM8K)
    write(HERE / "gsm8k" / "test.jsonl", [questions[i] for i in chosen])
    kept = [{key: solutions[i][key] for key in ("ground_truth", *SYSTEMS)} for i in chosen]
    write(HERE / "gsm8k" / "example_model_solutions.jsonl", kept)


def choose_judged(whole: Path) -> None:
    """Keep as many answers to each of the twenty questions."""
    rows = read(whole / "judged_answers" / "free_text_answers.jsonl")
    lines: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        lines[row["question"]].append(i)
    chosen = sorted(own[i] for own in lines.values() for i in sample(len(own), PER_QUESTION))
    write(HERE / "judged_answers" / "free_text_answers.jsonl", [rows[i] for i in chosen])


def choose_vectors(whole: Path) -> None:
    """Keep every case, each array once and by its name."""
    known = json.loads((whole / "metric_vectors" / "fd_shifts_known_answers.json").read_text(encoding="utf-8"))
    arrays = dict(known["arrays"])
    for case in known["risk_coverage_cases"]:
        arrays |= {case["confidence_name"]: case["confidence"], case["correct_name"]: case["correct"]}
    curves = [
        {"confidence": case["confidence_name"], "correct": case["correct_name"]}
        | {name: case["expected"][name] for name in ("aurc", "eaurc", "augrc")}
        for case in known["risk_coverage_cases"]
    ]
    scalars = ("failauc", "expected_calibration_error", "maximum_calibration_error")
    kept = {"bins": known["n_bins"], "risk_coverage": curves, **{name: known["scalar_cases"][name] for name in scalars}}
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in {**kept, "arrays": arrays}.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (HERE / "fd_shifts" / "known_answers.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        raise SystemExit(__doc__)
    for choose in (choose_popqa, choose_gsm8k, choose_judged, choose_vectors):
        choose(Path(sys.argv[1]))
