"""The contents of a metrics file: the headline split's metrics at the top, the other splits apart."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ...data import InputError
from ...data.nearest import nearest


def read_metrics(path: Path) -> dict[str, Any]:
    """Return the contents of a metrics file.

    Raises:
        InputError: it is none.
    """
    try:
        contents: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not a metrics file ({error})") from None
    if not isinstance(contents, dict) or "split" not in contents:
        raise InputError(f"{path}: not a metrics file (no key 'split')")
    return cast("dict[str, Any]", contents)


def metrics_contents(splits: Mapping[str, dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return the contents of a metrics file: the headline split's metrics and `more` at the top, the others apart.

    >>> metrics_contents({"a": {"items": 2}, "b": {"items": 3}})
    {'split': 'a', 'items': 2, 'splits': {'b': {'items': 3}}}
    """
    headline, *others = splits
    return {"split": headline, **splits[headline], **more, "splits": {split: splits[split] for split in others}}


def metrics_text(contents: Mapping[str, Any]) -> str:
    """Return the text of a file of metrics, in JSON, which has no NaN: what is not finite is undefined, null.

    >>> print(metrics_text({"value": 1.5, "low": float("nan")}))
    {
     "value": 1.5,
     "low": null
    }
    """
    return json.dumps(_without_nan(contents), indent=1, ensure_ascii=False, allow_nan=False)


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(one) for key, one in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in cast("list[Any]", value)]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def splits_of(contents: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return split → metrics of the contents of a metrics file, the headline's split first.

    >>> splits_of({"split": "a", "items": 2, "splits": {"b": {"items": 3}}})
    {'a': {'items': 2}, 'b': {'items': 3}}
    """
    headline = {key: value for key, value in contents.items() if key not in ("split", "splits")}
    return {contents["split"]: headline, **contents["splits"]}


def chosen_split(splits: Mapping[str, Any], split: str | None, path: Path) -> str:
    """Return `split`, by default the headline's, which is the first.

    Args:
        splits: Those that there are.
        split: The one asked for; None: the headline's.
        path: Of the run, for the error.

    Raises:
        InputError: there is no such split.
    """
    if split is None:
        return next(iter(splits))
    if split not in splits:
        raise InputError(f"{path}: has no split {split!r}; it has {', '.join(splits)}{nearest(split, splits)}")
    return split
