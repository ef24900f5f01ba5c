"""The figures of the README: `abstain run tiny` and its control over several seeds.

    python benchmarks/quickstart.py --seeds 0 1 2 --out runs/quickstart

Each seed runs `tiny` from nothing, then `tiny-group-scaling` on the base model that made (only the
scaling of advantages differs); `--control` names the control's seeds where they are to be fewer, and
`--change` overrides keys of both recipes. A finished or interrupted run is continued, so the command can be
repeated after a kill. Writes
OUT/summary.json and OUT/summary.md; nothing is entered by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from runs import metrics, run

ROWS = (
    ("adherence, all pairs", lambda m: m["adherence_exact"]["all"]["value"]),
    ("adherence, clear pairs", lambda m: m["adherence_exact"]["clear"]["value"]),
    ("slope of effective threshold", lambda m: m["threshold_slope"]["value"]),
    ("intercept", lambda m: m["threshold_intercept"]["value"]),
    ("normalised regret", lambda m: m["normalized_regret"]["value"]),
    ("forced accuracy", lambda m: m["forced_accuracy"]["value"]),
    ("SNR gain (nats)", lambda m: m["snr_gain"]["value"]),
)


def import_seconds() -> float:
    """Return the median seconds that `import abstain.rewards` takes, interpreter start not counted."""
    code = "import time; s = time.perf_counter(); import abstain.rewards; print(time.perf_counter() - s)"
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout) for _ in range(9)
    ]
    return sorted(times)[4]


def table(runs: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return a Markdown table: a row per metric, a column per system, mean and range over seeds."""
    lines = ["| | " + " | ".join(runs) + " |", "|---|" + "---|" * len(runs)]
    for label, pick in ROWS:
        cells = []
        for found in runs.values():
            values = [v for m in found if (v := pick(m)) is not None]
            cells.append(f"{mean(values):.3f} ({min(values):.3f} to {max(values):.3f})" if values else "undefined")
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--control", type=int, nargs="*", help="seeds of the control (default: all)")
    parser.add_argument("--change", nargs="+", default=[], metavar="KEY=VALUE", help="overrides of both recipes")
    parser.add_argument("--out", type=Path, default=Path("runs/quickstart"))
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    timing = out / "wall_seconds.json"
    wall: dict[str, float] = json.loads(timing.read_text()) if timing.is_file() else {}
    controls: list[int] = arguments.seeds if arguments.control is None else arguments.control
    for seed in arguments.seeds:
        tiny, control = out / f"tiny-{seed}", out / f"control-{seed}"
        runs = [(tiny, "tiny", ())]
        runs += [(control, "tiny-group-scaling", (f"model={tiny / 'base'}",))] if seed in controls else []
        for path, recipe, more in runs:
            if not (path / "report.html").is_file():
                fresh = not path.exists()
                seconds = run(recipe, path, f"seed={seed}", *more, *arguments.change)
                if fresh:  # a continued run's wall clock says nothing
                    wall[path.name] = round(seconds, 1)
                    timing.write_text(json.dumps(wall, indent=1))
    seeds = [str(seed) for seed in arguments.seeds]
    fewer = "" if controls == arguments.seeds else f"; control: seeds {', '.join(map(str, controls))}"
    lines: list[str] = []
    summary: dict[str, Any] = {"seeds": arguments.seeds, "wall_seconds": wall}
    for split in ("held_out_families", "held_out_people", "arbitrary"):
        runs = {
            "prompted": [metrics(out / f"tiny-{s}", "prompted", split) for s in seeds],
            "warm-up only": [metrics(out / f"tiny-{s}", "warmup", split) for s in seeds],
            "trained": [metrics(out / f"tiny-{s}", "trained", split) for s in seeds],
            "control (group scaling)": [metrics(out / f"control-{s}", "trained", split) for s in controls],
            "base": [metrics(out / f"tiny-{s}", "base", split) for s in seeds],
        }
        lines += [
            f"\n**{split.replace('_', ' ')}** (mean over seeds {', '.join(seeds)}, range in brackets{fewer})\n",
            *table(runs),
        ]
        summary[split] = {
            name: [{label: pick(m) for label, pick in ROWS} for m in found] for name, found in runs.items()
        }
    errors = [metrics(out / f"tiny-{s}", "base", split)["confidence_error"]["value"] for s in seeds
              for split in ("held_out_families", "held_out_people")]  # fmt: skip
    states = [json.loads((out / f"tiny-{s}" / "state.json").read_text()) for s in seeds]
    summary |= {
        "base_confidence_error": errors,
        "peak_memory_gib": [state["peak_memory_gib"] for state in states],
        "stage_seconds": [state["seconds"] for state in states],
        "import_seconds": round(import_seconds(), 4),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
    }
    timed = [wall[f"tiny-{s}"] for s in seeds if f"tiny-{s}" in wall]
    spread = f", standard deviation {stdev(timed):.0f} s" if len(timed) > 1 else ""
    lines += [
        "",
        f"Base model's confidence against the exact one, mean absolute error: {min(errors):.3f} to {max(errors):.3f}.",
        f"Wall clock of `abstain run tiny`: {min(timed):.0f} to {max(timed):.0f} s{spread}." if timed else "",
        f"Peak memory: {max(summary['peak_memory_gib']):.2f} GiB. Machine: {summary['machine']}.",
        f"`import abstain.rewards`: {summary['import_seconds']:.3f} s (median of 9).",
    ]
    (out / "summary.json").write_text(json.dumps(summary, indent=1))
    (out / "summary.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
