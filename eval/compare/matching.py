"""Which rows of two systems can be compared: the same questions, asked the same way, at the same targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...data import InputError
from ..sweep.responses import Response


@dataclass(frozen=True, kw_only=True)
class MatchedRows:
    """The rows of two systems that answer the same, and what was left out for it."""

    a: list[Response]
    b: list[Response]
    notes: tuple[str, ...]
    """What differs between the two and was passed over, in words."""


def match_rows(
    a: Sequence[Response],
    b: Sequence[Response],
    *,
    overlap: bool = False,
    targets: Sequence[float] | None = None,
) -> MatchedRows:
    """Return the rows of `a` and `b` that can be compared: all of them, or with `overlap` those that both have.

    A system without targets is compared post hoc: its confidence is held against the targets of the other.

    Args:
        a: The rows of one system.
        b: The rows of the other.
        overlap: Compare what both have, rather than refuse to compare where one has more.
        targets: Those that are compared; items that were asked at other targets only are left out. None: all.

    Raises:
        InputError: the two asked different questions under one id; or, without `overlap`, items, targets,
            pairs or the prompt templates differ; or nothing is left.
    """
    a, b = (_asked_at(rows, targets) for rows in (a, b))
    _check_questions(a, b)
    differences = [*_items(a, b), *_targets(a, b), *_templates(a, b)]
    if not differences:
        differences = _pairs(a, b)
    if differences and not overlap:
        raise InputError(f"{'; '.join(differences)}. To compare what both have, say --overlap")
    kept_a, kept_b = _common(a, b)
    if not kept_a:
        raise InputError(f"nothing to compare: {'; '.join(differences)}")
    return MatchedRows(a=kept_a, b=kept_b, notes=tuple(differences))


def _asked_at(rows: Sequence[Response], targets: Sequence[float] | None) -> Sequence[Response]:
    """Return the rows of the items that have a forced answer or one at `targets`; all rows where none has a target."""
    if targets is None or not set(targets) <= _targets_of(rows):  # `make_log_table` names the one that is missing
        return rows
    ids = {row.id for row in rows if row.threshold in (0.0, *targets)}
    return [row for row in rows if row.id in ids]


def _check_questions(a: Sequence[Response], b: Sequence[Response]) -> None:
    of_a = {row.id: row for row in a}
    for row in b:
        other = of_a.get(row.id)
        if other is None:
            continue
        for name in ("question", "answers", "exact_confidence", "split"):
            mine, yours = getattr(other, name), getattr(row, name)
            if mine and yours and mine != yours:
                raise InputError(
                    f"id {row.id!r} is not the same in both: {name} is {mine!r:.80} in A and {yours!r:.80} in B"
                )


def _difference(what: str, in_a: set[str] | set[float], in_b: set[str] | set[float]) -> list[str]:
    only = [(name, sorted(extra)) for name, extra in (("A", in_a - in_b), ("B", in_b - in_a)) if extra]  # pyright: ignore[reportOperatorIssue, reportUnknownVariableType, reportUnknownArgumentType]
    if not only:
        return []
    extras = " and ".join(f"{len(extra)} only in {name} (such as {extra[0]!r})" for name, extra in only)
    return [f"the {what} differ: {extras}"]


def _items(a: Sequence[Response], b: Sequence[Response]) -> list[str]:
    return _difference("items", {row.id for row in a}, {row.id for row in b})


def _targets(a: Sequence[Response], b: Sequence[Response]) -> list[str]:
    in_a, in_b = _targets_of(a), _targets_of(b)
    if not in_a or not in_b:  # a confidence that is held against the other's targets
        return []
    return _difference("targets", in_a, in_b)


def _targets_of(rows: Sequence[Response]) -> set[float]:
    """Return the targets above 0: the forced answer is no target, and a system may have been asked for none."""
    return {row.threshold for row in rows if row.threshold}


def _templates(a: Sequence[Response], b: Sequence[Response]) -> list[str]:
    """Return how the prompts differ, by the name of the template or, for one model, by the prompts' hashes."""
    in_a, in_b = ({row.template for row in rows} - {""} for rows in (a, b))
    if in_a and in_b and in_a != in_b:
        return _difference("prompt templates", in_a, in_b)
    hashes = {(row.model_hash, row.id, row.threshold): row.prompt_hash for row in a if row.model_hash}
    for row in b:
        other = hashes.get((row.model_hash, row.id, row.threshold), "")
        if other and row.prompt_hash and other != row.prompt_hash:
            return [f"the prompts differ: the same model was asked id {row.id!r} at {row.threshold} in other words"]
    deaf = [_asked_without_targets(rows) for rows in (a, b)]
    if None not in deaf and deaf[0] != deaf[1]:
        return [f"the prompts differ: {'A' if deaf[0] else 'B'} was asked without a target, the other was told it"]
    return []


def _asked_without_targets(rows: Sequence[Response]) -> bool | None:
    """Return whether items had one prompt for all their targets; None where the rows do not tell."""
    prompts: dict[str, set[str]] = {}
    for row in rows:
        if row.threshold and row.prompt_hash:
            prompts.setdefault(row.id, set()).add(row.prompt_hash)
    if len(_targets_of(rows)) < 2 or not prompts:
        return None
    return all(len(hashes) == 1 for hashes in prompts.values())


def _pairs(a: Sequence[Response], b: Sequence[Response]) -> list[str]:
    in_a, in_b = ({_named(row) for row in rows} for rows in (a, b))
    if not (_targets_of(a) and _targets_of(b)):
        return []
    return _difference("pairs of item and target", in_a, in_b)


def _named(row: Response) -> str:
    return f"{row.id} at {row.threshold if row.threshold is not None else 'no target'}"


def _common(a: Sequence[Response], b: Sequence[Response]) -> tuple[list[Response], list[Response]]:
    ids = {row.id for row in a} & {row.id for row in b}
    kept_a, kept_b = ([row for row in rows if row.id in ids] for rows in (a, b))
    if not (_targets_of(a) and _targets_of(b)):
        return kept_a, kept_b
    pairs = {(row.id, row.threshold) for row in kept_a} & {(row.id, row.threshold) for row in kept_b}
    kept_a, kept_b = ([row for row in rows if (row.id, row.threshold) in pairs] for rows in (kept_a, kept_b))
    return kept_a, kept_b
