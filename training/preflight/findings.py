"""What would make a run lose its target or fail late, found before anything is trained."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Integral, Real
from types import NoneType
from typing import Any, Literal, get_args, get_type_hints

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
    """Return `findings`, with the place in the recipe before the errors, which stand alone on a line.

    An error that begins with a key of the section that `place` ends with is not given that section twice.
    """
    whole, section, _ = place.rpartition(place.removesuffix(": ").rpartition(" ")[2])
    placed_at = {True: whole, False: place}
    return [
        Finding(f.level, placed_at[f.message.startswith(f"{section}.")] + f.message, f.fix) if f.level == "error" else f
        for f in findings
    ]


def number_of(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> number_of(1, "question"), number_of(2, "question")
    ('1 question', '2 questions')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


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


USUAL_NAMES = {
    "rank": ("r",),
    "alpha": ("lora_alpha",),
    "dropout": ("lora_dropout",),
    "lr": ("learning_rate",),
    "epochs": ("num_train_epochs",),
    "batch_size": ("per_device_train_batch_size",),
    "max_new_tokens": ("max_completion_length", "max_length"),
    "group_size": ("num_generations",),
    "kl_coef": ("beta",),
}
"""What people and other libraries call a setting → its names in the configs of TRL and PEFT."""


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
            usual = next((name for name in USUAL_NAMES.get(key, ()) if name in allowed), None)
            hint = nearest(key, allowed) if usual is None else f"; did you mean {usual!r}?"
            raise InputError(f"recipe: {section}.{key} is not a field of {factory.__name__}{hint}")


_PLAIN: dict[Any, tuple[type, str]] = {
    bool: (bool, "true or false"),
    int: (Integral, "a whole number"),
    float: (Real, "a number"),
    str: (str, "a text"),
    NoneType: (NoneType, "null"),
}
"""Annotation → the class of its values, and what messages call them."""


def check_types(section: str, factory: Any, mapping: Mapping[str, Any]) -> None:
    """Raise InputError for a value of another type than the field of `factory` with its key is annotated with.

    The trainers' configs store any value, and fail where it is first used. Looked at are fields whose values are
    numbers, texts, true or false, or null; other fields are left to the config itself.

    Args:
        section: The recipe's section, for the error.
        factory: The config's dataclass.
        mapping: The keys and values of the recipe.
    """
    try:
        hints = get_type_hints(factory)
    except NameError:  # an annotation of a package that is not installed
        return
    for key, value in mapping.items():
        kinds = get_args(hints[key]) or (hints[key],)
        if all(kind in _PLAIN for kind in kinds) and not any(_is_a(value, kind) for kind in kinds):
            allowed = " or ".join(_PLAIN[kind][1] for kind in kinds)
            raise InputError(f"recipe: {section}.{key} must be {allowed}, got {value!r}")


def _is_a(value: Any, kind: Any) -> bool:
    """Return whether `value` is of a type in `_PLAIN`; true and false are no numbers."""
    return isinstance(value, _PLAIN[kind][0]) and (kind is bool or not isinstance(value, bool))


def build_arguments(section: str, factory: Any, mapping: Mapping[str, Any], **fixed: Any) -> Any:
    """Return `factory(**mapping, **fixed)`; InputError names `section` when it refuses its values.

    Args:
        section: The recipe's section, for the error.
        factory: The config's dataclass.
        mapping: The keys and values of the recipe.
        **fixed: What the run sets itself, which `mapping` may not name.
    """
    check_arguments(section, factory, mapping, tuple(fixed))
    check_types(section, factory, mapping)
    try:
        return factory(**mapping, **fixed)
    except (TypeError, ValueError) as error:
        raise InputError(f"recipe: {section}: {first_line(error)}") from error
