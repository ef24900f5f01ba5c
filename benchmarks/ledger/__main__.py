"""Every published way to teach abstention on one model, data, budget and metric: the tables of docs/ledger.md.

    python benchmarks/ledger --seeds 0 1 2
    python benchmarks/ledger --seeds 0 --facts entityquestions    # the real facts as well
    python benchmarks/ledger --seeds 0 --facts entityquestions --larger    # on a GPU: all of them, 125 M parameters

Runs what is missing, entrant by entrant and seed by seed, in OUT/JOB-SEED; a call after a kill goes on. Then measures
what there is (OUT/ledger.json) and fills the tables and figures of the page; what has not been run is marked so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path

import facts
from jobs import JOBS, run_missing
from measure import measure
from tables import draw, fill

ROOT = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", choices=list(JOBS), metavar="JOB", help=f"of {', '.join(JOBS)}")
    parser.add_argument(
        "--facts", type=Path, help="folder of EntityQuestions' train.jsonl and dev.jsonl: real facts too"
    )
    parser.add_argument("--popqa", type=Path, help="file of PopQA, for the real facts by popularity")
    parser.add_argument("--larger", action="store_true", help="with --facts: all relations, 125 M parameters; a GPU")
    parser.add_argument("--measure", action="store_true", help="run nothing, measure what there is")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1, help="runs side by side, one thread each")
    parser.add_argument("--out", type=Path, default=Path("runs/ledger"))
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "ledger.md")
    arguments = parser.parse_args()
    if arguments.larger and arguments.facts is None:
        parser.error("--larger needs --facts FOLDER")
    out: Path = arguments.out
    if not arguments.measure:
        for seed in arguments.seeds:
            run_missing(JOBS, arguments.only or list(JOBS), seed, out, at_once=arguments.at_once, say=_say)
        which = facts.ALL if arguments.larger else facts.EIGHT
        for seed in arguments.seeds if arguments.facts is not None else ():
            facts.write_questions(which, arguments.facts, arguments.popqa, out, seed)
            real = facts.jobs(which, arguments.facts, out, seed)
            run_missing(real, list(real), seed, out, at_once=1 if arguments.larger else arguments.at_once, say=_say)
    ledger = measure(out, arguments.seeds)
    ledger["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"
    (out / "ledger.json").write_text(json.dumps(ledger, indent=1), encoding="utf-8")
    page: Path = arguments.page
    page.write_text(fill(page.read_text(encoding="utf-8"), ledger), encoding="utf-8")
    draw(ledger, page.parent / "figures")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
