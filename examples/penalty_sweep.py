"""Train one model for each penalty of a wrong answer, all from one base, and put what they do side by side.

    python examples/penalty_sweep.py --penalties 0.25 1 4

The payoff pays 1 for a right answer, 0 for an abstention and −λ for a wrong one, so the best policy answers where its
confidence is above λ/(1 + λ). Each λ needs a model of its own; a model that reads its target in the prompt (`abstain
run tiny`) takes the place of them all. Needs `pip install 'abstain[train]'`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import abstain


def sweep(
    penalties: Sequence[float], folder: Path, recipe: str = "tiny", changes: Mapping[str, Any] | None = None
) -> dict[float, Any]:
    """Return penalty → finished run. The first makes the base model, the others start from it.

    Args:
        penalties: λ of each run, above 0.
        folder: Where the runs go, `penalty-λ` each.
        recipe: A recipe that makes its base model, by name or path.
        changes: Further overrides of the recipe, the same for all runs.
    """
    runs: dict[float, Any] = {}
    for penalty in penalties:
        break_even = penalty / (1 + penalty)
        overrides = {
            **(changes or {}),
            "rl.payoff": {"kind": "fixed_penalty", "penalty": penalty},
            "targets.schedule": {"kind": "constant", "t": break_even},  # the one target in every prompt
            "targets.eval": [break_even],
        }
        if runs:
            overrides["model"] = str(folder / f"penalty-{penalties[0]:g}" / "base")
        runs[penalty] = abstain.run(recipe, overrides, out=folder / f"penalty-{penalty:g}")
    return runs


def table(runs: Mapping[float, Any]) -> Iterator[str]:
    """Yield a line for each penalty: its break-even, how much is answered there, and how much of that is right."""
    yield f"{'penalty':>8} {'break-even':>11} {'answered':>9} {'right of these':>15}"
    for penalty, run in runs.items():
        (split, *_) = run.metrics("trained").values()
        (row,) = split["by_threshold"]
        accuracy = "none" if row["accuracy_answered"] is None else f"{row['accuracy_answered']:.3f}"
        yield f"{penalty:8g} {row['t']:11.3f} {row['coverage']:9.3f} {accuracy:>15}"


def main() -> None:
    """Sweep as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--penalties", type=float, nargs="+", default=[0.25, 1.0, 4.0])
    parser.add_argument("--out", type=Path, default=Path("runs"))
    asked = parser.parse_args()
    print(*table(sweep(asked.penalties, asked.out)), sep="\n")


if __name__ == "__main__":
    main()
