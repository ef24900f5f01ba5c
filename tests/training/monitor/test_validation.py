"""What the validation keeps apart, what it measures, and what preflight says of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from abstain.data import InputError, Question
from abstain.eval.metrics.table import tabulate
from abstain.eval.sweep.responses import Response
from abstain.recipes import load_recipe
from abstain.rewards import Verdict
from abstain.training.monitor.alarms import MonitorConfig, ValidationConfig, validation_size
from abstain.training.monitor.validation import best_policy, hold_out, regret, validation_figures
from abstain.training.preflight.stages import check_monitor

C, W, A = Verdict.CORRECT, Verdict.WRONG, Verdict.ABSTAINED


def table(*items: tuple[float, Verdict, Verdict, Verdict]):
    """Return the table of items (confidence, forced verdict, verdict at 0.25, verdict at 0.75)."""
    rows: list[Response] = []
    for number, (confidence, *verdicts) in enumerate(items):
        for t, verdict in zip((0.0, 0.25, 0.75), verdicts, strict=True):
            stated = confidence if t == 0.0 else None
            rows.append(Response(id=f"q{number}", threshold=t, sample=0, verdict=verdict, confidence=stated))
    return tabulate(rows)


def test_the_regret_is_what_is_lost_to_an_oracle_of_the_start() -> None:
    # At the start: sure and right; half sure and wrong. The oracle answers the first at both targets (0.75, 0.25) and
    # the second at 0.25 only (-0.25): 0.75 in all, over four pairs.
    start = table((0.9, C, C, C), (0.5, W, W, W))
    # That policy: 0.75 + 0.25 - 0.25 - 0.75 = 0 over four pairs.
    assert regret(start, start) == pytest.approx(0.75 / 4)
    oracle = table((0.9, C, C, C), (0.5, W, W, A))
    assert regret(oracle, start) == pytest.approx(0)
    silent = table((0.9, C, A, A), (0.5, W, A, A))
    assert regret(silent, start) == pytest.approx(0.75 / 4)
    # It knows better than it knew: 0.75 + 0.25 and silence on the other, of the oracle's 0.75.
    assert regret(table((0.9, C, C, C), (0.1, W, A, A)), start) == pytest.approx(-0.25 / 4)


def test_the_figures_count_what_was_lost_and_won_and_leave_out_what_is_undefined() -> None:
    start, now = (
        table((0.9, C, C, C), (0.5, W, W, W), (0.4, C, C, A)),
        table((0.9, W, W, W), (0.5, C, C, C), (0.4, W, A, A)),
    )
    figures = validation_figures(now, start)
    assert (figures["validation/forced_lost"], figures["validation/forced_won"]) == (2, 1)
    assert figures["validation/forced_accuracy"] == pytest.approx(1 / 3)
    assert figures["validation/forced_accuracy_at_start"] == pytest.approx(2 / 3)
    assert figures["validation/0.25/coverage"] == pytest.approx(2 / 3)
    assert figures["validation/0.75/payoff"] == pytest.approx((-0.75 + 0.25) / 3)
    silent = validation_figures(table((0.9, C, A, A)), None)
    assert "validation/0.25/accuracy" not in silent
    assert "validation/regret" not in silent
    assert all(np.isfinite(value) for value in figures.values())


def test_what_is_held_out_shares_no_text_with_what_is_trained_on() -> None:
    questions = [Question(str(i), f"Question {i // 2}?", ("x",)) for i in range(80)]  # every text twice
    train, apart = hold_out(questions, 64, seed=0)
    assert len(apart) == validation_size(40, 64) == 4
    assert len(train) == 72
    assert not {q.text for q in train} & {q.text for q in apart}
    assert hold_out(questions, 64, seed=0) == (train, apart)
    assert hold_out(questions, 64, seed=1) != (train, apart)
    with pytest.raises(InputError, match="leaves no question to train on"):
        hold_out(questions[:2], 1, seed=0)


def test_preflight_says_how_small_a_validation_is_and_that_a_stop_keeps_nothing() -> None:
    def levels(config: MonitorConfig, texts: int, targets: list[float]) -> list[str]:
        return [finding.level for finding in check_monitor(config, [str(i) for i in range(texts)], targets)]

    watched = MonitorConfig(validation=ValidationConfig(every=10, items=64))
    assert levels(watched, 640, [0.5]) == []
    assert levels(watched, 500, [0.5]) == ["note"]
    assert levels(watched, 100, [0.5]) == ["warning"]
    assert levels(watched, 1, [0.0]) == ["error", "error"]
    assert levels(MonitorConfig(), 1, [0.0]) == []
    assert levels(MonitorConfig(on_alarm="stop"), 100, [0.5]) == ["warning"]


def test_a_recipe_says_when_alarms_speak_and_what_they_do() -> None:
    recipe = load_recipe("tiny", ["rl.on_alarm=stop", "rl.alarms.patience=5", "rl.validation={every: 5, items: 20}"])
    assert recipe.rl is not None
    watched = recipe.rl.monitor
    assert (watched.on_alarm, watched.alarms.patience, watched.alarms.slope) == ("stop", 5, 0.1)
    assert watched.validation == ValidationConfig(every=5, items=20)
    for bad, message in (
        ("rl.alarms.ungraded=10", "alarms.ungraded must be a fraction"),
        ("rl.alarms.patient=3", "patience"),
        ("rl.validation={every: 0, items: 3}", "validation.every must be at least 1, got 0"),
        ("rl.on_alarm=halt", "warn"),
    ):
        with pytest.raises(InputError, match=message):
            load_recipe("tiny", [bad])


def test_a_best_policy_whose_saving_was_cut_off_is_none(tmp_path: Path) -> None:
    assert best_policy(tmp_path) is None
    (tmp_path / "adapter_model.safetensors").write_bytes(b"part")
    assert best_policy(tmp_path) is None
    (tmp_path / "regret.json").write_text('{"step": 3, "regret": 0.1}')
    assert best_policy(tmp_path) == {"step": 3, "regret": 0.1}
    (tmp_path / "regret.json").write_text('{"step": 3, "re')
    assert best_policy(tmp_path) is None
