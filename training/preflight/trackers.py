"""Trackers that a recipe reports to, found missing before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from ...data.nearest import nearest
from ...rewards.extras import is_installed
from .findings import Finding

_PACKAGES = {"azure_ml": "azureml-core", "flyte": "flytekit"}
"""Tracker, as `report_to` names it → what pip calls it, where that is another name."""


def check_trackers(recipe: Mapping[str, Any]) -> list[Finding]:
    """Return an error for every tracker in a `report_to` of `recipe`, at any depth, that cannot be used.

    TRL and transformers look for it when a stage begins, which may be hours into a run.
    """
    from transformers.integrations.integration_utils import (
        INTEGRATION_TO_CALLBACK,
        get_available_reporting_integrations,
    )

    available = cast("list[str]", get_available_reporting_integrations())
    found: list[Finding] = []
    for place, name in _reported(recipe):
        package = _PACKAGES.get(name, name)
        if name in ("none", "all", *available):
            continue
        if name not in INTEGRATION_TO_CALLBACK:
            hint = nearest(name, list(INTEGRATION_TO_CALLBACK))
            text = f"recipe: {place}: there is no tracker {name!r}{hint}"
            found.append(Finding("error", text, f"one of {', '.join(sorted(INTEGRATION_TO_CALLBACK))}, or none"))
        elif not is_installed(package):
            text = f"recipe: {place}: the tracker {name} is not installed"
            found.append(Finding("error", text, f"pip install {package}"))
    return found


def _reported(section: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, str]]:
    """Yield (key, tracker) for every tracker that is reported to."""
    for key, value in section.items():
        here = f"{place}.{key}" if place else key
        if key == "report_to":
            names = cast("list[str]", value) if isinstance(value, list) else [value]
            yield from ((here, str(name)) for name in names if name is not None)
        elif isinstance(value, Mapping):
            yield from _reported(cast("Mapping[str, Any]", value), here)
