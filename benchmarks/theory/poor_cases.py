"""Models too poor for their task, class by class: opt(G) computed, and what their members err, beside both bounds.

Two families: n-gram models on two-choice agreement sentences, and counting letters with a machine of small width or a
model of small depth. All is exact.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import agreement
import letter_counting
from poor_models import PoorClass, examine, fitted

from abstain.eval.audit.enumeration import Enumeration
from abstain.eval.audit.reduction import reduce_to_classification

N_GRAMS = (2, 3, 9)
"""Nine words are enough to see the subject of every sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A class G of models on one task, and the members of it that were looked at."""

    task: str
    models: str
    choices: int
    """C."""
    opt: Fraction
    """opt(G), the least misclassification rate of a thresholded model of the class."""
    floor: Fraction
    """2·(1 − 1/C)·opt(G): below the err of every model of the class."""
    general: Fraction
    """2·opt(G) − max|V|/min|E|: the same without C choices, for models with δ = 0."""
    least_err: Fraction
    """The least err of any model of the class."""
    fitted_err: Fraction
    """err of the model of the class that has the least log loss; its δ is 0."""
    trained_err: Fraction | None = None
    """err of a model that was trained by counting; None where none was."""

    @property
    def holds(self) -> bool:
        """Whether no member errs less than the bounds say."""
        errs = [self.least_err, self.fitted_err, *([] if self.trained_err is None else [self.trained_err])]
        return min(errs) >= self.floor and self.fitted_err >= self.general


def agreement_cases(orders: Sequence[int] = N_GRAMS) -> Iterator[Case]:
    """Yield n-gram models on the agreement sentences: what they see of a prompt is its last n − 1 words."""
    prompts, responses = agreement.prompts(), agreement.responses()
    for n in orders:
        model = agreement.trained(n)
        e = agreement.enumeration([model.choice(p, r) for p, r in zip(prompts, responses, strict=True)])
        trained = reduce_to_classification(e).err
        yield _case("agreement", f"{n}-gram", e, [[model.context(p) for p in prompts]], trained)


def width_cases(length: int, most_states: int) -> Iterator[Case]:
    """Yield all automata of 1, 2, ... `most_states` states that count the letters of words of `length`."""
    asked = letter_counting.words(length)
    e = letter_counting.enumeration(asked)
    for states in range(1, most_states + 1):
        own = letter_counting.partitions(asked, states)
        yield _case(f"letters in {length}", f"width {states} ({len(own)})", e, own)


def depth_cases(length: int) -> Iterator[Case]:
    """Yield models that see the last 0, 1, ... `length` letters of a word."""
    asked = letter_counting.words(length)
    e = letter_counting.enumeration(asked)
    for depth in range(length + 1):
        yield _case(f"letters in {length}", f"depth {depth}", e, [letter_counting.last_letters(asked, depth)])


def _case(
    task: str,
    models: str,
    e: Enumeration,
    members: Sequence[Sequence[Hashable]],
    trained: Fraction | None = None,
) -> Case:
    """Return the case of a class whose members see the prompts through one of `members`' features each."""
    examined: list[PoorClass] = [examine(e, features) for features in members]
    fits = [_log_loss_model(e, features) for features in members]
    opt = min(one.opt for one in examined)
    choices = int(e.sizes[1][0]) + 1
    return Case(
        task=task,
        models=models,
        choices=choices,
        opt=opt,
        floor=2 * opt * (1 - Fraction(1, choices)),
        general=2 * opt - Fraction(1, choices - 1),
        least_err=min(one.least_err for one in examined),
        fitted_err=min(fits),
        trained_err=trained,
    )


def _log_loss_model(e: Enumeration, features: Sequence[Hashable]) -> Fraction:
    found = reduce_to_classification(fitted(e, features))
    assert found.delta == 0, "a coarsening of p is calibrated"
    return found.err
