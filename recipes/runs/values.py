"""Values of options that the command line and the Python calls share, checked before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, get_args

from ...data import InputError
from ...data.nearest import nearest
from ..config.sections import check_evaluation_targets


def check_targets(targets: Sequence[float] | float, name: str = "targets") -> list[float]:
    """Return the targets; raise InputError unless they are ascending fractions in (0, 1).

    Args:
        targets: At least one; a number is one target.
        name: The option, for the error.
    """
    listed = [targets] if isinstance(targets, int | float) else targets
    try:
        return check_evaluation_targets([float(t) for t in listed])
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: {error}") from None


def check_choice(name: str, value: Any, annotation: Any) -> None:
    """Raise InputError unless `value` is None or one of those of a `Literal[...] | None`.

    Args:
        name: The option, for the error.
        value: What was given.
        annotation: The option's type.
    """
    allowed = [one for option in get_args(annotation) for one in get_args(option)]
    if value is not None and value not in allowed:
        raise InputError(f"{name}: {value!r} is unknown; allowed: {', '.join(allowed)}{nearest(str(value), allowed)}")


def check_count(name: str, value: Any, least: int = 0) -> None:
    """Raise InputError unless `value` is a whole number of at least `least`.

    Args:
        name: The option, for the error.
        value: What was given.
        least: The smallest number that is allowed.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise InputError(f"{name}: must be a whole number of at least {least}, got {value!r}")
