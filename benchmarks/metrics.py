"""What metrics and their bootstrap cost for a million rows: seconds, peak memory, and against a plain resampling loop.

    python benchmarks/metrics.py [--rows 1000000] [--resamples 1000] [--seed 0] [--plain-resamples 2] [--json FILE]

The rows are those of a noisy simulated model: of every item a forced answer, 11 targets and 8 samples, so
50,000 items. In a process of their own, one after the other: reading the rows from JSONL; every metric and
curve with its interval (`compute_metrics`, laying out the rows included); and `--plain-resamples` resamples of
the plain loop, which draws items and computes the same metrics of them one resample after another.
Peak memory is the process's at that point, with Python, the libraries and the rows themselves. Seconds
are told twice: on the clock, and of the processor, which other work on the machine does not lengthen; of one
thread, they are what the clock would show on an idle machine. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from abstain.eval.metrics import CURVES, METRICS, Resample, compute_metrics, tabulate
from abstain.eval.sweep.responses import Response, append_responses, read_responses
from abstain.rewards import Verdict

TARGETS = tuple(np.round(np.linspace(0.05, 0.95, 11), 2).tolist())
SAMPLES = 8
PER_ITEM = 1 + len(TARGETS) + SAMPLES
LIMITS = {"processor": 60.0, "peak_gib": 4.0}


def rows(items: int, seed: int) -> Iterator[Response]:
    """Yield the rows of `items` items."""
    rng = np.random.default_rng(seed)
    confidences = rng.random(items)
    right = (rng.random(items) < confidences).tolist()
    abstains = confidences[:, None] + 0.1 * rng.normal(size=(items, len(TARGETS))) < TARGETS
    agreeing = (rng.random((items, SAMPLES)) < confidences[:, None]).tolist()
    for i, p in enumerate(confidences.tolist()):
        said = Verdict.CORRECT if right[i] else Verdict.WRONG
        yield Response(id=f"q{i}", threshold=0.0, sample=0, verdict=said, confidence=p, answer="x", exact_confidence=p)
        for t, abstained in zip(TARGETS, abstains[i].tolist(), strict=True):
            verdict = Verdict.ABSTAINED if abstained else said
            yield Response(id=f"q{i}", threshold=t, sample=0, verdict=verdict, exact_confidence=p)
        for k, agrees in enumerate(agreeing[i], 1):
            answer = "x" if agrees else "y"
            yield Response(id=f"q{i}", threshold=0.0, sample=k, verdict=said, answer=answer, exact_confidence=p)


def timed(what: str, work: Any) -> Any:
    """Return what `work` returns; print its seconds and the peak memory so far as a line of JSON."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"what": what, "seconds": wall, "processor": cpu, "peak_gib": peak}), flush=True)
    return result


def measure(path: Path, resamples: int, plain_resamples: int, seed: int) -> None:
    """Print what every part costs, on the rows of `path`."""
    responses = timed("reading", partial(read_responses, path))
    found = timed("metrics", partial(compute_metrics, responses, seed=seed, resamples=resamples))
    accuracy = found["forced_accuracy"]
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    table, rng = tabulate(responses), np.random.default_rng(seed)
    del responses

    def plain() -> None:
        n, once = len(table.ids), np.ones((1, len(table.ids)))
        for _ in range(plain_resamples):
            drawn = table.take(rng.integers(0, n, n))
            for metric in (*METRICS.values(), *CURVES.values()):
                metric.statistic(Resample(once, drawn, drawn.exact))

    if plain_resamples:
        timed("plain", plain)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--plain-resamples", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        measure(asked.measure, asked.resamples, asked.plain_resamples, asked.seed)
        return
    items = asked.rows // PER_ITEM
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "responses.jsonl"
        some: list[Response] = []
        for row in rows(items, asked.seed):
            some.append(row)
            if len(some) == 100_000:
                append_responses(path, some, sync=False)
                some.clear()
        append_responses(path, some, sync=False)
        command = [sys.executable, __file__, "--measure", str(path), "--resamples", str(asked.resamples)]
        command += ["--plain-resamples", str(asked.plain_resamples), "--seed", str(asked.seed)]
        one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=one_thread).stdout
    got = {entry.pop("what"): entry for entry in map(json.loads, output.splitlines())}
    print(f"{platform.machine()}, {items * PER_ITEM:,} rows of {items:,} items, {asked.resamples} resamples\n")
    print("| part | seconds | of the processor | peak memory so far |\n| --- | --- | --- | --- |")
    for what in ("reading", "metrics"):
        one = got[what]
        print(f"| {what} | {one['seconds']:.1f} | {one['processor']:.1f} | {one['peak_gib']:.2f} GiB |")
    if "plain" in got:
        ratio = got["plain"]["processor"] / asked.plain_resamples * asked.resamples / got["metrics"]["processor"]
        print(f"\nA plain loop over {asked.resamples} resamples would take {ratio:.0f}× the processor's time.")
    within = all(got["metrics"][key] < limit for key, limit in LIMITS.items())
    limit = f"{LIMITS['processor']:.0f} s of the processor and {LIMITS['peak_gib']:.0f} GiB"
    print(f"\nMetrics with intervals under {limit}: {'yes' if within else 'no'}")
    if asked.json:
        result = {"items": items, "per_item": PER_ITEM, "resamples": asked.resamples, "seed": asked.seed, **got}
        asked.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
