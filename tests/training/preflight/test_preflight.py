from __future__ import annotations

from pathlib import Path

import pytest

from abstain.data import InputError
from abstain.rewards import Brier, ConfidenceTarget, Ternary
from abstain.rewards.payoffs.scaling import standardises_groups
from abstain.training.preflight.findings import check_arguments
from abstain.training.preflight.rl import check_scaling

TARGETS = [0.25, 0.75]


def test_group_scaling_is_refused_with_the_reason_and_the_override() -> None:
    (finding,) = check_scaling(ConfidenceTarget(), TARGETS, scale_rewards="group")
    assert finding.level == "error"
    for part in ("standard deviation", "break-even becomes 1/2", "0.25, 0.75", "none", "rl.allow_group_scaling=true"):
        assert part in finding.text


@pytest.mark.parametrize("scale", ["none", "batch", False])
def test_other_scalings_pass(scale: str | bool) -> None:
    assert check_scaling(ConfidenceTarget(), TARGETS, scale_rewards=scale) == []


@pytest.mark.parametrize(
    ("payoff", "targets"),
    [
        (Ternary(correct=1, abstained=0, wrong=-1), []),  # break-even 1/2
        (Ternary(correct=1, abstained=0, wrong=0), []),  # 0
        (ConfidenceTarget(t=0.5), []),
        (ConfidenceTarget(), [0.0, 0.5]),
    ],
)
def test_group_scaling_is_harmless_at_zero_and_one_half(
    payoff: Ternary | ConfidenceTarget, targets: list[float]
) -> None:
    assert check_scaling(payoff, targets, scale_rewards="group") == []


def test_normalize_then_sum_is_group_scaling_too() -> None:
    assert standardises_groups("none", "normalize_then_sum")
    (finding,) = check_scaling(
        ConfidenceTarget(t=0.9), [], scale_rewards="none", multi_objective_aggregation="normalize_then_sum"
    )
    assert (finding.level, "normalize_then_sum" in finding.message) == ("error", True)


def test_true_means_group_as_in_trl() -> None:
    assert check_scaling(ConfidenceTarget(), TARGETS, scale_rewards=True)[0].level == "error"


def test_the_override_leaves_a_warning_and_stated_confidence_warns() -> None:
    (finding,) = check_scaling(ConfidenceTarget(), TARGETS, scale_rewards="group", allow_group_scaling=True)
    assert finding.level == "warning"
    (finding,) = check_scaling(Brier(), [], scale_rewards="group")
    assert (finding.level, "Brier" in finding.message) == ("warning", True)


def test_an_unknown_config_field_names_its_key_and_the_nearest() -> None:
    from trl import GRPOConfig

    with pytest.raises(
        InputError, match=r"recipe: rl.grpo.max_step is not a field of GRPOConfig; did you mean 'max_steps'"
    ):
        check_arguments("rl.grpo", GRPOConfig, {"max_step": 3})
    with pytest.raises(InputError, match=r"rl.grpo.output_dir is set by the run itself"):
        check_arguments("rl.grpo", GRPOConfig, {"output_dir": "x"}, ("output_dir",))


def test_scaling_is_checked_at_the_break_even_that_a_payoff_really_has() -> None:
    """Regression of leaving scale_rewards at its default: a custom payoff is refused by what it pays."""
    from abstain.rewards import Verdict, custom_payoff

    def squared(verdict: Verdict, t: float | None, confidence: float | None) -> float | None:
        assert t is not None
        return {Verdict.CORRECT: 1 - t**2, Verdict.ABSTAINED: 0.0, Verdict.WRONG: -(t**2)}[verdict]

    (finding,) = check_scaling(custom_payoff(squared), [0.3], scale_rewards="group")
    assert (finding.level, "0.09" in finding.message) == ("error", True)


def test_scale_rewards_left_at_trls_default_is_refused(tmp_path: Path) -> None:
    from trl import GRPOConfig

    default = GRPOConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False)
    (finding,) = check_scaling(ConfidenceTarget(), TARGETS, scale_rewards=default.scale_rewards)
    assert finding.level == "error"
