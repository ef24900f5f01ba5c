"""Runs of different seeds that `abstain audit RUN` has measured, side by side: the mean over them and the range."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from abstain.eval.audit import page as pictures
from abstain.eval.report import plotting
from abstain.recipes.audit.summary import how

KEYS = ("err", "bound", "err_iiv", "delta", "abstention", "ece", "roc_area")


def compare(folders: Sequence[Path], figures: Path | None) -> None:
    """Print the mean over audited runs, with the range, by system and target; draw it into `figures`."""
    audits = [json.loads((folder / "audit.json").read_text(encoding="utf-8")) for folder in folders]
    split = next(iter(audits[0]["splits"]))
    columns = [audit["splits"][split] for audit in audits]
    seeds = ", ".join(str(audit["seed"]) for audit in audits)
    print(f"{split}; seeds {seeds}; {' or '.join(sorted({str(rows[0]['prompts']) for rows in columns}))} questions\n")
    rows = [_mean(same) for same in zip(*columns, strict=True)]
    _print_table(rows)
    verdicts = [row["verdict"] for audit in audits for rows_ in audit["splits"].values() for row in rows_]
    holding = sum(verdict == "holds" for verdict in verdicts)
    print(f"\nThe bound holds in {holding} of {len(verdicts)} conditions (run, split, system, target).")
    if figures is not None:
        plotting.save_print(pictures.through_training(rows), figures, "audit_stages")
        plotting.save_print(pictures.price_of_abstaining(rows), figures, "audit_price")
        for name in ("audit_stages", "audit_price"):
            (figures / f"{name}.png").unlink()


def _mean(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a row of one system and target, which every run has, with the mean and the range of each number."""
    assert len({(row["system"], row["t"]) for row in rows}) == 1
    return {"system": rows[0]["system"], "t": rows[0]["t"], **{key: _over(rows, key) for key in KEYS}}


def _over(rows: Sequence[dict[str, Any]], key: str) -> dict[str, float]:
    """Return the mean of `key` over runs, and its range."""
    values = [row[key]["value"] if isinstance(row[key], dict) else row[key] for row in rows]
    return {"value": statistics.mean(values), "low": min(values), "high": max(values)}


def _print_table(rows: Sequence[dict[str, Any]]) -> None:
    print("| system | asked | " + " | ".join(KEYS) + " |\n|---|---|" + "---|" * len(KEYS))
    for row in rows:
        numbers = [row[key] for key in KEYS]
        cells = [f"{m['value']:.3f} ({m['low']:.3f}–{m['high']:.3f})" for m in numbers]
        print(f"| {row['system']} | {how(row['t'])} | " + " | ".join(cells) + " |")
