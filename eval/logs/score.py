"""Metrics of logged outputs, as far as they go: what a file does not hold is left out with its reason.

Verdicts are kept as logged, taken from a foreign scorer, or reached here by a grader.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...data import InputError, Stream
from ...rewards import AbstentionDetector, ConfidenceParser, Grader, Judgement, Verdict
from ...rewards.concurrency import concurrency_of, together
from ...rewards.judge_row import judge_row
from ...rewards.verdict import NOT_FOUND
from ..metrics import METRICS, compute_metrics
from ..metrics.compute import estimate_all
from ..metrics.errors import count_verdicts, rates
from ..metrics.metric import GATE_IS_NO_REFERENCE, Metric, lacking
from ..metrics.outcomes import count_outcomes
from ..sweep.judged import judge_counts
from ..sweep.responses import Response
from .log_table import LogTable, make_log_table
from .logged_row import LoggedRow, Scored

How = Literal["kept", "scored", "graded"]
"""The verdict came with the row; from the scorer of another harness; from the grader."""


@dataclass(frozen=True, kw_only=True)
class Grading:
    """How rows without a verdict come to one."""

    grader: Grader
    detector: AbstentionDetector
    """Tells an abstention where a foreign scorer only said "not right"."""
    regrade: bool = False
    """Grade the rows that have a verdict too."""
    truncated: Verdict = Verdict.WRONG
    """The verdict of a completion that was cut off: WRONG or UNGRADED."""
    confidence: ConfidenceParser | None = None
    """Reads the confidence that a completion states, where the row has none; the grader does not see the statement."""
    strip: ConfidenceParser | None = None
    """Finds a stated confidence that is not read, but that the grader must not see either."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a row's verdict will be reached."""

    how: How
    had_verdict: bool
    scored: Scored | None = None
    """What the scorer of another harness found."""


def withheld(values: Mapping[str, Any]) -> bool:
    """Return whether a content filter kept the completion of a row back, so that nobody knows what it was."""
    return values.get("finish_reason") == "content_filter" and values.get("verdict") is None


def plan_verdict(row: LoggedRow, grading: Grading) -> Plan:
    """Return how the row's verdict will be reached.

    Raises:
        InputError: it has no verdict and nothing to grade.
    """
    values = row.values
    if withheld(values):
        return Plan("kept", had_verdict=False)
    had_verdict = values.get("verdict") is not None
    if row.scored is not None:
        return Plan("scored", had_verdict, row.scored)
    answers = bool(values.get("answers")) or values.get("answers") == [] or values.get("answerable") is False
    known = values.get("answerable") is not True or bool(values.get("answers"))
    can_grade = values.get("completion") is not None and answers and known
    if had_verdict and not (grading.regrade and can_grade):
        return Plan("kept", had_verdict)
    if not can_grade:
        raise InputError(f"{row.place}: no key 'verdict', and no 'completion' with 'answers' to grade")
    return Plan("graded", had_verdict)


def reach_verdicts(
    responses: Sequence[Response], plans: Sequence[Plan], places: Sequence[str], grading: Grading
) -> list[Judgement | None]:
    """Return the judgement of every row, None where it keeps its verdict.

    Args:
        responses: The rows.
        plans: What is to be done with each.
        places: File and line of each, for errors.
        grading: The grader, and what it is called with.

    Raises:
        InputError: the grader cannot compare with a row's answers.
    """

    def reach(row: tuple[Response, Plan, str]) -> Judgement | None:
        response, plan, place = row
        if plan.how == "kept":
            return None
        if plan.scored is not None:
            return _scored(plan.scored, response.completion, grading.detector)
        return _graded(response, grading, place)

    rows = zip(responses, plans, places, strict=True)
    return list(together((partial(reach, row) for row in rows), concurrency_of(grading.grader)))


def with_judgement(response: Response, judgement: Judgement) -> Response:
    """Return the response with its verdict, the answer it was reached on, the reason and the judge."""
    return replace(
        response,
        verdict=judgement.verdict,
        answer=judgement.answer,
        reason=judgement.reason,
        judge=judgement.judge,
    )


def read_stated(
    responses: Sequence[Response], parser: ConfidenceParser | None
) -> tuple[list[Response], Mapping[str, int]]:
    """Return the responses with the confidences that they state, and "read" or why there is none → rows.

    Rows that have a confidence keep it. One that cannot be read stays missing.
    """
    if parser is None:
        return list(responses), {}
    read: list[Response] = []
    counts: Counter[str] = Counter()
    for row in responses:
        if row.confidence is not None:
            read.append(row)
            continue
        stated = parser.read(row.completion)
        counts["read" if stated.reason is None else stated.reason.partition(":")[0]] += 1
        read.append(replace(row, confidence=stated.value))
    return read, counts


def _graded(response: Response, grading: Grading, place: str) -> Judgement:
    try:
        return judge_row(
            grading.grader,
            response.completion,
            response.answers,
            response.choices or None,
            answerable=response.answerable,
            question=response.question or None,
            truncated=grading.truncated if response.truncated else None,
            confidence=grading.confidence or grading.strip,
        )
    except ValueError as error:
        raise InputError(f"{place}: key 'answers': {error}") from error


def _scored(found: Scored, text: str, detector: AbstentionDetector) -> Judgement:
    """Return the judgement that another harness's scorer amounts to: it does not tell an abstention from an error."""
    if found == "right":
        return Judgement(Verdict.CORRECT, text, "scored right")
    why = detector.read(text).abstained if text.strip() else None
    if why is not None:
        return Judgement(Verdict.ABSTAINED, reason=why)
    if found == "no answer":
        return Judgement(Verdict.UNGRADED, reason=NOT_FOUND)
    return Judgement(Verdict.WRONG, text, "scored wrong")


def score(
    responses: Sequence[Response],
    *,
    base: Sequence[Response] | None = None,
    targets: Sequence[float] | None = None,
    seed: int = 0,
    resamples: int = 500,
) -> dict[str, Any]:
    """Return the metrics for one system and one split of logged rows.

    The keys of `compute_metrics`, those that the rows cannot give being null with the reason under
    `omitted`; and the counts, `rates` and `rates_by_threshold` of `docs/scoring.md`. Items are drawn
    with all their rows.

    Args:
        responses: At least one row; (id, threshold, sample) occur once.
        base: The base model's rows for the same items, whose confidence is then the reference.
        targets: As `make_log_table` takes them.
        seed: Seeds the bootstrap.
        resamples: Bootstrap resamples.

    Raises:
        InputError: some rows state a target and others none, or a target asked for is not there.
    """
    log_table = make_log_table(responses, targets=targets)
    rng = Stream.SCORE.rng(seed)
    counts = {**_counts(responses, log_table), **_rates(log_table, rng, resamples)}
    metrics = _metrics(log_table, make_log_table(base, targets=targets) if base else None, seed, resamples)
    omitted = _omitted(metrics, log_table)
    for name in omitted:
        metrics[name] = None
    if metrics["bounds"]:  # of what is not given, what the ungraded could do to it is not either
        metrics["bounds"] = {name: bound for name, bound in metrics["bounds"].items() if name not in omitted}
    if log_table.protocol == "verdicts":
        metrics |= {"targets": [], "reference_confidence": None, "by_threshold": []}
    return {**counts, **metrics, "omitted": omitted}


def _counts(responses: Sequence[Response], log_table: LogTable) -> dict[str, Any]:
    verdicts = Counter(row.verdict for row in responses)
    held = [row for row in log_table.answers if not row.threshold]  # forced, or without a target
    if log_table.protocol == "prompted" and not log_table.forced:
        held = list(log_table.answers)
    confidences = [row.confidence for row in held]
    usable = [q for q in confidences if q is not None and 0 <= q <= 1]
    lacking = [row for row in held if row.confidence is None and row.verdict is not Verdict.ABSTAINED]
    return {
        "judge": judge_counts(responses),
        "items": len(log_table.items),
        "rows": len(responses),
        "answers": len(log_table.answers),
        "route": log_table.protocol,
        "verdicts": {verdict.value: verdicts[verdict] for verdict in Verdict},
        "outcomes": count_outcomes(log_table.answers),
        "confidences": {
            "usable": len(usable),
            "missing": len(lacking),
            "out_of_range": len([q for q in confidences if q is not None]) - len(usable),
        },
        "missing_pairs": {
            "count": len(log_table.missing),
            "of": log_table.pairs,
            "first": [list(pair) for pair in log_table.missing[:3]],
        },
    }


def _rates(log_table: LogTable, rng: np.random.Generator, resamples: int) -> dict[str, Any]:
    """Return the rates of the rows without a target, or those at every target (0: forced)."""
    index = {name: i for i, name in enumerate(log_table.items)}

    def at(rows: Sequence[Response]) -> dict[str, Any]:
        group = np.array([index[row.id] for row in rows], dtype=np.intp)
        return rates(count_verdicts(rows, group, len(index)), rng, resamples)

    if log_table.protocol != "prompted":
        return {"rates": at(log_table.answers), "rates_by_threshold": []}
    by: dict[float, list[Response]] = {}
    for row in log_table.answers:
        by.setdefault(row.threshold or 0.0, []).append(row)
    return {"rates": None, "rates_by_threshold": [{"t": t, **at(by[t])} for t in sorted(by)]}


def _metrics(log_table: LogTable, base: LogTable | None, seed: int, resamples: int) -> dict[str, Any]:
    clustered = len(log_table.group) > len(log_table.items)
    bare = log_table.protocol == "verdicts"
    targets = log_table.table.targets.tolist()
    # Of verdicts alone, what needs targets is not reported: no resamples of it.
    options: dict[str, Any] = {"targets": targets, "seed": seed, "resamples": 0 if bare else resamples}
    group = log_table.group if clustered else None  # an item is drawn with all its units
    metrics = compute_metrics(log_table.rows, base=None if base is None else base.rows, group=group, **options)
    if bare:
        metrics |= _of_verdicts(log_table, group, seed, resamples)
    counted = ("items", "ungraded", "without_confidence", "missing_confidence", "bad_confidence", "judge", "outcomes")
    for name in counted:
        metrics.pop(name, None)
    return metrics


def _of_verdicts(
    log_table: LogTable, group: NDArray[np.intp] | None, seed: int, resamples: int
) -> dict[str, dict[str, Any]]:
    """Return the metrics that verdicts alone define; `group` as `estimate_all` takes it."""
    table = log_table.table
    chosen = {
        key: metric for key, metric in METRICS.items() if metric.of_verdicts and lacking(metric.needs, table) is None
    }
    estimates = estimate_all(chosen, table, table.confidence, Stream.INTERVALS.rng(seed), resamples, group)
    return {key: estimate.to_json() for key, (estimate,) in estimates.items()}


def _omitted(metrics: Mapping[str, Any], log_table: LogTable) -> dict[str, str]:
    """Return key → why it is left out, for every key of metrics that has no value or says nothing."""
    heads: dict[str, Metric] = {}
    for metric in METRICS.values():
        heads.setdefault(metric.head, metric)
    source = metrics["reference_confidence"]
    reasons = {head: reason(metric, _undefined(metrics.get(head)), source, log_table) for head, metric in heads.items()}
    return {head: why for head, why in reasons.items() if why is not None}


def _undefined(estimate: Any) -> bool:
    if estimate is None:
        return True
    return estimate["value"] is None if "value" in estimate else all(map(_undefined, estimate.values()))


def reason(metric: Metric, undefined: bool, source: str, log_table: LogTable) -> str | None:
    """Return why a metric says nothing about these rows; None where it does.

    Args:
        metric: The metric.
        undefined: Whether it has no value.
        source: Where the reference confidence comes from.
        log_table: The rows.
    """
    if log_table.protocol == "verdicts" and not metric.of_verdicts:
        return "the rows have neither a target nor a confidence"
    if log_table.protocol == "stated" and "prompted answers" in metric.needs:
        return "no answer was given under a target or forced"
    if log_table.protocol == "stated" and metric.by_construction in ("always", source):
        return "holds by construction: the confidence itself decides what is answered"
    if "two targets" in metric.needs and len(log_table.table.targets) < 2:
        return "fewer than two targets"
    if undefined and source == "none" and "confidence" in metric.needs:
        return GATE_IS_NO_REFERENCE
    return _why_undefined(metric, log_table) if undefined else None


def _why_undefined(metric: Metric, log_table: LogTable) -> str:
    lack = lacking(metric.needs, log_table.table)
    if lack is not None:
        return lack
    if "forced answers" in metric.needs and not log_table.forced and log_table.protocol == "prompted":
        return "no forced answers (threshold 0)"
    if "confidence" not in metric.needs or log_table.confident:
        return metric.why_undefined
    if log_table.own_by_target:
        return "confidences differ from target to target: none is the item's (give it at threshold 0)"
    return "no usable confidence" + (" at threshold 0" if log_table.forced else "")
