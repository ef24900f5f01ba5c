"""Regret with outcomes averaged out, where the world knows the odds: less noisy than the regret of what happened.

An answer that is the base model's own forced one is right with the item's exact confidence p and pays p − t on average
(bounded payoff); another answer pays what it got. The oracle answers where p > t, and the sums are divided by what it
earns beyond the better constant policy, as `abstain.eval.metrics.behavior.normalized_regret` does with outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from systems import Rows

from abstain.eval.metrics.table import tabulate
from abstain.eval.sweep.responses import Response
from abstain.rewards.matching.text import normalize


def regret_at_odds(rows: Rows, base: Rows, targets: Sequence[float]) -> float | None:
    """Return the regret of `rows`, None where the odds are not known or leave the oracle nothing to gain."""
    table = tabulate(rows, targets=None if any(row.threshold for row in rows) else targets)
    if not np.isfinite(table.exact).all():
        return None
    own = {row.id: _said(row) for row in base if row.threshold in (0.0, None) and not row.sample}
    said = {(row.id, row.threshold): _said(row) for row in rows if not row.sample}
    usual = np.array([
        [said.get((id_, t), said.get((id_, None))) == own[id_] for t in table.targets.tolist()] for id_ in table.ids
    ])  # fmt: skip
    t, p = table.targets[None, :], table.exact[:, None]
    got = np.where(table.verdicts == 1, 1 - t, -t)
    pay = np.where(table.abstained == 1, 0.0, np.where(usual, p - t, got))
    oracle, constant = np.maximum(p - t, 0.0).sum(), np.maximum((p - t).sum(axis=0), 0.0).sum()
    return float((oracle - np.nansum(pay)) / (oracle - constant)) if oracle > constant else None


def _said(row: Response) -> str | None:
    return None if row.answer is None else normalize(row.answer)
