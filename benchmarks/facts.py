"""The real-facts table of docs/results.md: `abstain run facts` and its control on EntityQuestions.

    python benchmarks/facts.py --train entityquestions/train.jsonl --dev entityquestions/dev.jsonl

Runs `facts` from nothing, then `facts-group-scaling` from the base model that made, so that the two
differ in the scaling of advantages only. A finished or interrupted run is continued. Further arguments
are overrides for both recipes (`seed=1 rl.grpo.max_steps=20`). Writes OUT/summary.md; nothing is entered by hand.
"""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path
from typing import Any

from runs import metrics, run

from abstain.data import InputError
from abstain.eval.metrics.catalogue import info
from abstain.eval.report.tables import cell
from abstain.recipes.config.load import dump_recipe, load_recipe

KEYS = (
    *("adherence_reference.all", "adherence_reference.clear", "adherence.all", "threshold_slope"),
    *("threshold_intercept", "normalized_regret", "forced_accuracy", "ece", "smooth_ece", "auroc", "snr_gain"),
)
"""Rows of the report's tables."""


def give_base(donor: Path, out: Path, recipe: str, overrides: list[str]) -> None:
    """Make `out` a run of `recipe` whose first stage is done: its base model is the donor's.

    The stage would make the same model again, being of the same recipe and seed. Passing `model=` instead would
    make RL ask the questions that the base model was trained on.
    """
    if (out / "state.json").exists():
        return
    out.mkdir(parents=True, exist_ok=True)
    (out / "recipe.yaml").write_text(dump_recipe(load_recipe(recipe, overrides)), encoding="utf-8")
    (out / "base").unlink(missing_ok=True)
    (out / "base").symlink_to((donor / "base").resolve())
    # Last: what it marks done must be there, and without it a killed call begins again.
    (out / "state.json").write_text(json.dumps({"seconds": {"base": 0.0}, "peak_memory_gib": 0.0}))


def summary(facts: Path, control: Path) -> list[str]:
    """Return the lines of the Markdown table and of what the runs took."""
    columns: dict[str, dict[str, Any]] = {
        **{label: metrics(facts, system) for label, system in
           (("base", "base"), ("prompted", "prompted"), ("warm-up only", "warmup"), ("trained", "trained"))},
        "control (group scaling)": metrics(control, "trained"),
    }  # fmt: skip
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for key in KEYS:
        cells = [str(cell(info(key).pick(m))) for m in columns.values()]
        lines.append(f"| {info(key).label} | " + " | ".join(cells) + " |")
    lines += ["", "Effective threshold and coverage by target:", ""]
    targets = columns["base"]["targets"]
    lines += ["| target | " + " | ".join(f"{t:g}" for t in targets) + " |", "|---|" + "---|" * len(targets)]
    for label in ("warm-up only", "trained", "control (group scaling)"):
        cells = [f"{at['effective_threshold']:.2f} ({at['coverage']:.0%})" for at in columns[label]["by_threshold"]]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    state = json.loads((facts / "state.json").read_text())
    seconds = ", ".join(f"{stage} {spent:.0f}" for stage, spent in state["seconds"].items())
    return [
        *lines,
        "",
        f"{columns['base']['items']} questions, 95 % intervals over them. Seconds of `facts`: {seconds}.",
        f"Peak memory {state['peak_memory_gib']:.2f} GiB. Machine: {platform.machine()}, {platform.system()}.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True, help="EntityQuestions' training questions, .jsonl")
    parser.add_argument("--dev", required=True, help="the questions to evaluate on")
    parser.add_argument("--out", type=Path, default=Path("runs/facts-benchmark"))
    parser.add_argument("overrides", nargs="*", help="changes to both recipes, as key=value")
    arguments = parser.parse_args()
    out: Path = arguments.out
    overrides = [f"data.train={arguments.train}", f"data.eval={arguments.dev}", *arguments.overrides]
    try:
        for recipe in ("facts", "facts-group-scaling"):  # a mistake in an override shows before anything is trained
            load_recipe(recipe, overrides)
    except InputError as error:
        parser.error(str(error))
    facts, control = out / "facts", out / "control"
    if not (facts / "report.html").is_file():
        run("facts", facts, *overrides)
    if not (control / "report.html").is_file():
        give_base(facts, control, "facts-group-scaling", overrides)
        run("facts-group-scaling", control, *overrides)
    text = "\n".join(summary(facts, control))
    (out / "summary.md").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
