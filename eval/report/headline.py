"""The result in one sentence, which the report, the model card and the terminal open with.

It holds what was measured and of how many questions: whether the model abstains when it should, how often its forced
answers are right, and how far its confidence can be trusted. What says nothing is withheld, with the reason and the
option that helps: a model that gets every forced answer wrong abstains at the right times by never answering.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..metrics.catalogue import info
from ..metrics.metric import GATE_IS_NO_REFERENCE
from ..metrics.obstacles import obstacle_notes, undermined
from .tables import identified, number

RUN_SYSTEMS = ("base", "prompted", "sft", "post_training", "warmup", "rejection", "dpo", "trained")
"""The systems of a training run, in its order; those between are the model after a stage that another follows."""
REFERENCE = {
    "exact": "the exact Bayes confidence of the synthetic world",
    "base": "the probability, before it was taught to abstain, of its forced answer",
    "own": "the model confidence",
    "none": f"nothing: {GATE_IS_NO_REFERENCE}",
}
CONFIDENCE = {
    "sequence_probability": "sequence probability",
    "answer": "probability of the answer",
    "agreement": "agreement of samples",
    "p_true": "P(True)",
    "stated": "stated confidence",
    "gate": "gate",
}
"""`ConfidenceSource` → what it is called in a sentence."""
FOLLOWS = (0.8, 1.25)
"""Slopes of the effective threshold that are called following the target."""
IGNORES = 0.2
"""A slope below this is called ignoring it."""
IDENTIFIED = 3
"""At fewer targets at which the effective threshold is identified, its slope is not put into words."""
ADHERES = 0.95
"""Nor is a slope away from 1 of a system whose adherence is at least this, which it would contradict."""
CLOSELY = 0.8
"""Adherence below this is not called following it without "loosely"."""

Metrics = Mapping[str, Any]
"""The contents of a metrics file for one split."""
_DOUBT = "No measure of the model yet, for the reasons noted: "
_UNDEFINED: Metrics = {"value": None, "low": None, "high": None, "n": 0}
_NOTHING_KNOWN = (
    "gets none of {} forced answers right, so that nothing shows whether it abstains when it should: ask questions of "
    "which it knows some"
)
_ALL_KNOWN = (
    "gets all of {} forced answers right, so that nothing shows whether it abstains when it should: ask questions of "
    "which it does not know some"
)


def headline(metrics: Mapping[str, Metrics]) -> str:
    """Return the result of the last system; `metrics` is system → the headline split's contents."""
    name = list(metrics)[-1]
    values = metrics[name]
    taught = metrics.get("sft")  # asked with the rubric, it is the model that was only prompted
    text = f"{_called(name)} {'; '.join(filter(None, _parts(values, taught or metrics.get('base'))))}."
    before = taught or metrics.get("prompted")
    if before and before is not values and informative(values) and informative(before):
        text += (
            f" Only prompted, the same model reaches {percent(adherence(before))} (slope {_rounded(slope(before))})."
        )
    return f"{_DOUBT if undermined(values.get('obstacles') or []) else ''}{text}"


def informative(values: Metrics) -> bool:
    """Return whether adherence says something of a system: it is defined, and not all it knows is right or wrong.

    >>> one = {"adherence_reference": {"all": {"value": 1.0}}}
    >>> [informative({**one, "forced_accuracy": {"value": share}}) for share in (0.0, 0.4, 1.0)]
    [False, True, False]
    """
    return adherence(values)["value"] is not None and _forced(values)["value"] not in (0.0, 1.0)


def adherence(values: Metrics) -> Metrics:
    """Return the estimate of adherence to the reference confidence, its value None where it is undefined."""
    return info("adherence_reference.all").pick(values) or _UNDEFINED


def slope(values: Metrics) -> float | None:
    """Return the slope of the effective threshold, None where it is undefined."""
    return (values.get("threshold_slope") or _UNDEFINED)["value"]


def _parts(values: Metrics, base: Metrics | None) -> Sequence[str]:
    if values["reference_confidence"] == "none":
        return _undefined(values), known(values), _calibration(values)
    if not values.get("adherence_reference") and not values.get("states_targets"):
        return _without_targets(values), _calibration(values)
    forced = _forced(values)
    if adherence(values)["value"] is None:
        return _undefined(values), known(values), _calibration(values)
    if values.get("unanswerable") == values["items"]:
        return _of_unanswerable(values), ""
    if not informative(values):
        nothing = (_ALL_KNOWN if forced["value"] else _NOTHING_KNOWN).format(forced["n"])
        return nothing, _losing(values), _calibration(values)
    if (constant := _never_tested(values)) is not None:
        return constant, known(values), _losing(values), _calibration(values)
    return _behavior(values, base), known(values), _losing(values), _calibration(values)


def _behavior(values: Metrics, base: Metrics | None) -> str:
    share, of = adherence(values), values["items"]
    asked = f"{share['n']} questions" if share["n"] == of else f"the {share['n']} of {of} questions that can be judged"
    without = f", {values['unanswerable']} of them without an answer," if values.get("unanswerable") else ""
    return (
        f"{_manner(values)}abstains exactly when it should in {percent(share)} of the decisions on {asked}{without} at "
        f"{_counted(len(values['targets']), 'target')}, judged by {_judge(values, base)}"
        f"{'' if (bounded := _hardly_identified(values)) is None else f'; {bounded}'}"
    )


def _manner(values: Metrics) -> str:
    """Return what the slope of the effective threshold amounts to, as a predicate before another one."""
    value = slope(values)
    if value is None:
        return "shows no slope (that takes two targets) and "
    if (constant := _constant(values)) is not None:
        return f"{constant} (slope {number(value, 2)}): it "
    if _hardly_identified(values) is not None:
        return ""
    return f"{_following(value, values)} (slope {number(value, 2)}): it "


def _constant(values: Metrics) -> str | None:
    """Return what a system does that does the same at every target, as a predicate; None of another."""
    obstacles: list[dict[str, Any]] = values.get("obstacles") or []
    kinds = {one["kind"] for one in obstacles}
    if "never_abstains" in kinds:
        return "answers at every target"
    return "abstains at every target" if "always_abstains" in kinds else None


def _never_tested(values: Metrics) -> str | None:
    """Return what is said of a system that does the same at every target and should; None of another."""
    constant = _constant(values)
    if constant is None or adherence(values)["value"] < 1.0:
        return None
    side, other = ("below", "higher") if constant.startswith("answers") else ("above", "lower")
    return (
        f"{constant}, and no confidence lies {side} any of them, so that nothing shows whether it follows the target: "
        f"state {other} targets too"
    )


def _hardly_identified(values: Metrics) -> str | None:
    """Return where the effective threshold is identified, if its slope is not put into words; None if it is."""
    value, counts = slope(values), identified(values)
    if value is None or counts is None or _constant(values) is not None:
        return None
    at, of = counts
    contradicts = adherence(values)["value"] >= ADHERES and not FOLLOWS[0] <= value <= FOLLOWS[1]
    if at >= min(of, IDENTIFIED) and not contradicts:
        return None
    if at < of:
        return f"the effective threshold is identified at {at} of {of} targets only"
    return f"the effective threshold, identified at all {of} targets, has slope {number(value, 2)}"


def _following(value: float, values: Metrics) -> str:
    if value < IGNORES:
        return "ignores the target"
    if value < FOLLOWS[0]:
        return "follows the target in part"
    if value > FOLLOWS[1]:
        return "overshoots the target"
    return "follows the target" if adherence(values)["value"] >= CLOSELY else "follows the target loosely"


def _judge(values: Metrics, base: Metrics | None) -> str:
    source = values["reference_confidence"]
    error = (info("ece").pick(base) or _UNDEFINED)["value"] if base is not None and source == "base" else None
    return REFERENCE[source] + ("" if error is None else f" (ECE {number(error)})")


def _undefined(values: Metrics) -> str:
    questions, targets = _counted(values["items"], "question"), _counted(len(values["targets"]), "target")
    return f"was asked {questions} at {targets}, and whether it abstains when it should is undefined: {_why(values)}"


def _why(values: Metrics) -> str:
    """Return why adherence is undefined and what to do about it."""
    if values["reference_confidence"] == "none":
        return GATE_IS_NO_REFERENCE
    obstacles: list[dict[str, Any]] = values.get("obstacles") or []
    causes = [one for one in obstacles if one["kind"] in ("no_confidence", "declined", "cut_off")]
    if causes:
        return obstacle_notes(causes[:1])[0].rstrip(".")
    if not values.get("adherence_reference") or values.get("without_confidence") == values["items"]:
        return (
            "no question has a confidence in its forced answer, so choose a source of one (--confidence), or log it at "
            "threshold 0"
        )
    return "no decision was judged, so look at the verdicts (--grader)"


def _without_targets(values: Metrics) -> str:
    rates: Metrics = values.get("rates") or {}
    questions = _counted(values["items"], "question")
    if not rates:
        return f"answers {questions} with no target stated: {known(values)}{_held_against(values)}"
    shares = [percent(rates.get(key, _UNDEFINED)) for key in ("accuracy", "hallucination_rate", "abstention_rate")]
    return (
        f"answers {questions} with no target stated: {shares[0]} right, {shares[1]} wrong, {shares[2]} abstained"
        f"{_held_against(values)}"
    )


def _held_against(values: Metrics) -> str:
    """Return the regret of acting by the confidence; by its own it is next to 0 whatever the system is like."""
    regret = (info("normalized_regret").pick(values) or _UNDEFINED)["value"]
    return (
        ""
        if regret is None or values["reference_confidence"] == "own"
        else f"; held against targets, its confidence has a regret of {number(regret)}"
    )


def _of_unanswerable(values: Metrics) -> str:
    share = info("unanswerable_abstention").pick(values) or _UNDEFINED
    questions = _counted(values["items"], "question")
    return (
        f"abstains in {percent(share)} of the decisions on {questions} that have no answer, at "
        f"{_counted(len(values['targets']), 'target')}; ask answerable ones too to see what it gives up"
    )


def known(values: Metrics) -> str:
    """Return how many of the forced answers are right, as a clause."""
    forced = _forced(values)
    of = "forced answers" if values.get("adherence_reference") or values.get("states_targets") else "answers"
    return (
        f"no {of[:-1]} was judged" if forced["value"] is None else f"{percent(forced)} of {forced['n']} {of} are right"
    )


def _losing(values: Metrics) -> str:
    """Return that the mean payoff is negative, as a clause; "" where it is not."""
    payoff = (info("score").pick(values) or _UNDEFINED)["value"]
    if payoff is None or payoff >= 0:
        return ""
    return f"it earns less than never answering (mean payoff {number(payoff)})"


def _calibration(values: Metrics) -> str:
    """Return how far the system's own confidence is from how often it is right, and where it comes from.

    Nothing where no answer is right or the confidence is none: a small error would look like a merit.
    """
    error = info("ece").pick(values) or _UNDEFINED
    if error["value"] is None or _forced(values)["value"] == 0.0 or undermined(values.get("obstacles") or []):
        return ""
    name = CONFIDENCE.get(values.get("confidence_source") or "")
    source = f"its confidence ({name})" if name else "its confidence"
    return f"{source} is off by {number(error['value'])} on average (ECE)"


def _forced(values: Metrics) -> Metrics:
    return info("forced_accuracy").pick(values) or _UNDEFINED


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _called(name: str) -> str:
    """Return the name as the subject that opens a sentence."""
    if name in RUN_SYSTEMS:
        return f"The {name} model"
    if name == "model":
        return "The model"
    return f"System {name}" if name[:1].islower() else name


def percent(estimate: Metrics) -> str:
    """Return an estimate as a percentage, in words where it is undefined."""
    return "an undefined share" if estimate["value"] is None else f"{100 * estimate['value']:.1f} %"


def _rounded(value: float | None) -> str:
    return "undefined" if value is None else number(value, 2)
