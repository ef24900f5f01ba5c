"""A backend that reports how many of the prompts that it was given are answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .backend import Backend, Completion, Prompt


class ReportedBackend:
    """Another backend in all but that it reports to a callback; all prompts are read at once, to be counted."""

    def __init__(self, backend: Backend, report: Callable[[int, int], object]) -> None:
        """Generate with `backend`; `report` is called with (prompts answered, prompts asked)."""
        self.backend, self.report = backend, report

    def __getattr__(self, name: str) -> Any:
        """Return what the backend has under `name`."""
        return getattr(self.backend, name)

    def generate(
        self, prompts: Iterable[Prompt], *, temperature: float = 1.0, seed: int = 0
    ) -> Iterator[tuple[int, list[Completion]]]:
        """Yield what the backend yields; see `Backend.generate`."""
        asked = list(prompts)
        self.report(0, len(asked))
        found = self.backend.generate(asked, temperature=temperature, seed=seed)
        for answered, one in enumerate(found, 1):
            yield one
            self.report(answered, len(asked))
