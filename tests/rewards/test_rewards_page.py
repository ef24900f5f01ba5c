"""docs/rewards.md says what the code pays, and its examples run."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from abstain import rewards
from abstain.recipes import load_recipe
from abstain.recipes.config.reward import recipe_reward
from abstain.rewards import Payoff, Verdict, break_even_at
from abstain.rewards.payoffs import proper
from abstain.rewards.payoffs.presets import PRESETS

PAGE = (Path(__file__).parents[2] / "docs" / "rewards.md").read_text(encoding="utf-8")
CELLS = [[c.strip() for c in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| `")]
ACTIONS = [row for row in CELLS if len(row) == 4 and re.fullmatch(r"[0-9.]+", row[2])]
SCORES = [row for row in CELLS if len(row) == 5]


def build(cell: str) -> Payoff:
    return eval(cell.strip("`"), vars(proper) | vars(rewards))


@pytest.mark.parametrize("row", ACTIONS, ids=lambda row: row[0])
def test_the_documented_break_even_is_the_one_that_pays(row: list[str]) -> None:
    """Regression of rules that are published and not kept: expected pay by enumeration turns at the number."""
    payoff, even = build(row[0]), float(row[2])
    assert break_even_at(payoff) == pytest.approx(even, abs=1e-4)
    right, wrong, idk = (payoff(v) for v in (Verdict.CORRECT, Verdict.WRONG, Verdict.ABSTAINED))
    for p in [i / 1000 for i in range(1001)]:
        if abs(p - even) > 1e-3:
            assert (p * right + (1 - p) * wrong > idk) == (p > even)


def test_every_payoff_and_preset_stands_in_a_table() -> None:
    assert len(ACTIONS) == 10
    assert len(SCORES) == 4
    named = {type(build(row[0])).__name__ for row in ACTIONS + SCORES}
    assert {"ConfidenceTarget", "FixedPenalty", "Ternary", "Binary", "Brier", "LogScore", "Spherical"} <= named
    for name in ("truthrl", "reinforced_hesitation", "knowrl", "barrel", "abstention_reward"):
        (row,) = (row for row in ACTIONS if f'"{name}"' in row[0])
        source = PRESETS[name].source
        assert source in row[3]


def test_the_examples_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "my_rewards", raising=False)
    blocks = re.findall(r"```(\w+)(?: file=(\S+))?\n(.*?)```", PAGE, re.DOTALL)
    assert [kind for kind, *_ in blocks] == ["python", "python", "yaml", "python"]
    for kind, name, text in blocks:
        if name or kind == "yaml":
            (tmp_path / (name or "my.yaml")).write_text(text, encoding="utf-8")
    namespace: dict[str, Any] = {}
    for kind, name, text in blocks:
        if kind == "python" and not name:
            exec(text, namespace)
    reward = recipe_reward(load_recipe(str(tmp_path / "my.yaml")))
    assert reward.break_even_at(0.5).usual == pytest.approx(2 / 3)


@pytest.mark.parametrize("row", [row for row in CELLS if row[0].startswith("`{kind")], ids=lambda row: row[1])
def test_every_schedule_of_the_page_loads(row: list[str]) -> None:
    recipe = load_recipe("tiny", [f"targets.schedule={row[0].strip('`')}"])
    assert type(recipe.targets.training()).__name__ == row[1].strip("`")
