"""Values as the Python that makes them, for files that others read and run."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from enum import Enum
from importlib import import_module
from typing import Any, cast

from ... import rewards
from ...data import InputError


def docstring(lines: Sequence[str]) -> str:
    """Return `lines` as a docstring."""
    # Inside a docstring a backslash would be an escape, and three quotes its end.
    text = "\n".join(lines)
    if "\\" in text and '"""' not in text:
        return f'r"""{text}\n"""'
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{text}\n"""'


def literal(text: str) -> str:
    """Return `text` as a Python literal in double quotes, as formatters write it."""
    return json.dumps(text, ensure_ascii=False)


def _usual(part: Field[Any]) -> Any:
    """Return the default of a dataclass field, or MISSING."""
    return part.default if part.default_factory is MISSING else part.default_factory()


@dataclass
class Code:
    """Writes values as the Python that makes them, and remembers what must be imported."""

    names: dict[str, str]
    """Text → the constant that holds it."""
    modules: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def imported(self, module: str, *names: str) -> str:
        """Return the first of `names`, which `imports` will import from `module`."""
        self.modules.setdefault(module, set()).update(names)
        return names[0]

    def imports(self) -> list[str]:
        """Return the import lines, in order."""
        return [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(self.modules.items())]

    def of(self, value: Any) -> str:
        """Return code that makes `value`; InputError where there is none."""
        if isinstance(value, str) and value in self.names:
            return self.names[value]
        if isinstance(value, Enum):
            return f"{self._name(type(value))}.{value.name}"
        if isinstance(value, float) and not math.isfinite(value):
            return f'float("{value}")'
        if isinstance(value, str):
            return literal(value)
        if value is None or isinstance(value, bool | int | float):
            return repr(value)
        if isinstance(value, list | tuple):
            parts = [self.of(part) for part in cast("list[Any]", value)]
            return (
                f"[{', '.join(parts)}]" if isinstance(value, list) else f"({', '.join(parts)}{',' * (len(parts) == 1)})"
            )
        if isinstance(value, dict):
            pairs = cast("dict[Any, Any]", value).items()
            return "{" + ", ".join(f"{self.of(key)}: {self.of(part)}" for key, part in pairs) + "}"
        if is_dataclass(value) and not isinstance(value, type):
            shown = [f for f in fields(value) if f.init and self._is_shown(value, f)]
            given = [f"{f.name}={self.of(getattr(value, f.name))}" for f in shown]
            return f"{self._name(type(value))}({', '.join(given)})"
        if callable(value):
            return self._name(value)
        raise InputError(f"recipe: {value!r} cannot be written as code; make its class a dataclass")

    def _is_shown(self, owner: Any, part: Field[Any]) -> bool:
        """Return whether a field is spelt out: a payoff's all, others where they differ or hold a named text."""
        value = getattr(owner, part.name)
        return hasattr(owner, "break_even") or value != _usual(part) or self._holds_name(value)

    def _holds_name(self, value: Any) -> bool:
        if is_dataclass(value) and not isinstance(value, type):
            return any(self._holds_name(getattr(value, f.name)) for f in fields(value))
        return isinstance(value, str) and value in self.names

    def _name(self, thing: Callable[..., Any]) -> str:
        name, module = getattr(thing, "__qualname__", ""), getattr(thing, "__module__", "")
        if getattr(rewards, name, None) is thing:
            return self.imported("abstain.rewards", name)
        if getattr(import_module(module) if module else None, name, None) is not thing:
            raise InputError(f"recipe: {thing!r} cannot be imported by name, so it cannot be written as code")
        return self.imported(module, name)
