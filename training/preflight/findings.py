"""What would make a run lose its target or fail late, found before anything is trained."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from ...data import InputError
from ...data.errors import first_line
from ...data.nearest import nearest
from ...eval.sweep.shard import current_shard

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing preflight has to say, with the fix."""

    level: Level
    """An error stops a run before it starts; a warning does not; a note says what is so."""
    message: str
    fix: str = ""
    """What to do about it, a phrase in the imperative; empty where nothing is to be done."""

    @property
    def text(self) -> str:
        """The message and its fix in one line."""
        return f"{self.message}. Fix: {self.fix}" if self.fix else self.message

    def __str__(self) -> str:
        return f"{self.level}: {self.text}"


class PreflightWarning(UserWarning):
    """A warning of preflight, from a stage that was started in Python."""


def placed(place: str, findings: Sequence[Finding]) -> list[Finding]:
    """Return `findings`, with the place in the recipe before the errors, which stand alone on a line."""
    return [Finding(f.level, place + f.message, f.fix) if f.level == "error" else f for f in findings]


def raise_first_error(findings: Sequence[Finding]) -> None:
    """Raise InputError for the first error of `findings`."""
    for finding in findings:
        if finding.level == "error":
            raise InputError(finding.text)


def enforce(findings: Sequence[Finding]) -> None:
    """Raise InputError for the first error; give every warning to Python's `warnings`, in one process of a launch.

    `abstain run` prints the warnings of a recipe itself, and silences these.
    """
    raise_first_error(findings)
    for finding in findings if current_shard().main else ():
        if finding.level == "warning":
            warnings.warn(finding.text, PreflightWarning, stacklevel=3)


def check_arguments(section: str, factory: Any, mapping: Mapping[str, Any], reserved: Sequence[str] = ()) -> None:
    """Raise InputError for a key of `mapping` that `factory` (a config dataclass) lacks or the run sets itself.

    Args:
        section: The recipe's section, for the error.
        factory: The config's dataclass.
        mapping: The keys and values of the recipe.
        reserved: Keys that the run sets itself.
    """
    allowed = [f.name for f in fields(factory) if f.name not in reserved]
    for key in mapping:
        if key in reserved:
            raise InputError(f"recipe: {section}.{key} is set by the run itself; remove it")
        if key not in allowed:
            raise InputError(f"recipe: {section}.{key} is not a field of {factory.__name__}{nearest(key, allowed)}")


def build_arguments(section: str, factory: Any, mapping: Mapping[str, Any], **fixed: Any) -> Any:
    """Return `factory(**mapping, **fixed)`; InputError names `section` when it refuses its values.

    Args:
        section: The recipe's section, for the error.
        factory: The config's dataclass.
        mapping: The keys and values of the recipe.
        **fixed: What the run sets itself, which `mapping` may not name.
    """
    check_arguments(section, factory, mapping, tuple(fixed))
    try:
        return factory(**mapping, **fixed)
    except (TypeError, ValueError) as error:
        raise InputError(f"recipe: {section}: {first_line(error)}") from error
