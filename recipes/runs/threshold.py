"""`abstain threshold`: the cut on the confidence of logged answers that keeps their error at most at a risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data import InputError
from ...eval.logs.log_table import LogTable, make_log_table
from ...eval.metrics import by_split
from ...eval.metrics.risk_control import CertifiedCut, certify_cut
from .metrics_file import chosen_split
from .score import ScoreRequest, read_systems


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdFound(CertifiedCut):
    """A certified cut, and the rows that it is of."""

    system: str
    split: str
    without_confidence: int
    """Items that no cut answers: they abstained, or their answer has no usable confidence."""
    ungraded: int
    """Answers without a verdict, which count as wrong."""


def certified_cut(
    request: ScoreRequest, *, risk: float, level: float, system: str | None = None, split: str | None = None
) -> ThresholdFound:
    """Return the cut for the answers of one system and split: the forced ones, else those without a target.

    Args:
        request: The file or run, and how it is read and graded.
        risk: The largest share of wrong answers among the answered, in (0, 1).
        level: The probability that the guarantee holds, in (0, 1).
        system: Of a run; by default its last.
        split: By default the headline's.

    Raises:
        InputError: `risk` or `level` is no fraction, the rows cannot be read, there is no such system or split, or no
            answer has a confidence.
    """
    for name, value in (("risk", risk), ("level", level)):
        if not 0 < value < 1:
            raise InputError(f"--{name} {value:g}: must be a fraction in (0, 1)")
    run, _, read = read_systems(request)
    system = run.systems[-1] if system is None else system
    run.file(system)  # an unknown system is an error
    splits = by_split(read[system].responses)
    split = chosen_split(splits, split, run.path)
    log_table = make_log_table(splits[split])
    _check_answers(log_table, str(run.file(system)))
    first = np.unique(log_table.group, return_index=True)[1]  # one answer an item: they are to be independent
    table = log_table.table.take(first)
    found = certify_cut(table.confidence, table.forced_correct != 1, risk=risk, level=level)
    answering = ~np.isnan(table.confidence)
    return ThresholdFound(
        **{name: getattr(found, name) for name in CertifiedCut.__slots__},
        system=system,
        split=split,
        without_confidence=int((~answering).sum()),
        ungraded=int((np.isnan(table.forced) & answering).sum()),
    )


def _check_answers(log_table: LogTable, place: str) -> None:
    if log_table.protocol == "prompted" and not log_table.forced:
        raise InputError(
            f"{place}: every answer was given under a target, where the system chose what to answer; a cut is found on "
            "forced answers (threshold 0) or on answers without a target"
        )
    if not log_table.confident:
        raise InputError(f"{place}: no answer has a confidence; a cut needs the key 'confidence', or --stated")
