"""Stand-ins for the parts of verifiers 0.1 and 0.4 that the docs use: they keep what they are given and call it."""

from __future__ import annotations

import inspect
from types import ModuleType, SimpleNamespace
from typing import Any


class Rubric:
    def __init__(self, funcs: list[Any], weights: list[float], parser: Any = None) -> None:
        self.funcs, self.weights = funcs, weights

    async def score_rollout(self, state: dict[str, Any]) -> None:
        """Leave each function's score and their weighted sum in `state`, as verifiers does."""
        arguments = {"completion": state["completion"], **state["input"], "state": state}
        scores = [_called(function, arguments) for function in self.funcs]
        state["metrics"] = {f.__name__: score for f, score in zip(self.funcs, scores, strict=True)}
        state["reward"] = sum(weight * score for weight, score in zip(self.weights, scores, strict=True))


def _called(function: Any, arguments: dict[str, Any]) -> float:
    """Return what `function` gives for those of `arguments` that it names, which is all that verifiers passes."""
    named = inspect.signature(function).parameters
    return function(**{name: value for name, value in arguments.items() if name in named})


def version_0_1() -> ModuleType:
    """Return a module with the rubrics of verifiers 0.1."""
    module = ModuleType("verifiers")
    module.Rubric = Rubric  # type: ignore[attr-defined]
    module.SingleTurnEnv = lambda dataset, rubric: SimpleNamespace(dataset=dataset, rubric=rubric)  # type: ignore[attr-defined]
    module.State = dict  # type: ignore[attr-defined]
    module.types = SimpleNamespace(AssistantMessage=lambda content: {"role": "assistant", "content": content})  # type: ignore[attr-defined]
    return module


class TaskData(SimpleNamespace):
    pass


class Task:
    def __init__(self, data: Any) -> None:
        self.data = data

    def __class_getitem__(cls, data: type) -> type:
        return cls


def version_0_4() -> ModuleType:
    """Return a module with the tasks of verifiers 0.4, `verifiers.v1`."""
    module = ModuleType("verifiers.v1")
    for name, value in {"TaskData": TaskData, "Task": Task, "Trace": SimpleNamespace}.items():
        setattr(module, name, value)
    for name in ("reward", "metric"):
        setattr(module, name, lambda function: function)
    return module
