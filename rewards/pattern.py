"""Regular expressions that are compiled when first used: compiling all of them would double the import time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property


class Pattern:
    """A regular expression with the methods of `re.Pattern` that are used here."""

    def __init__(self, source: str, flags: int = 0) -> None:
        """Keep `source`; a mistake in it shows at first use, so each has a test."""
        self.source = source
        self._flags = flags

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.source, self._flags)

    def match(self, text: str, start: int = 0) -> re.Match[str] | None:
        """Return the match at `start`."""
        return self._compiled.match(text, start)

    def fullmatch(self, text: str, start: int = 0) -> re.Match[str] | None:
        """Return the match of all from `start` on."""
        return self._compiled.fullmatch(text, start)

    def search(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        """Return the first match between `start` and `end`."""
        return self._compiled.search(text, start, len(text) if end is None else end)

    def finditer(self, text: str, start: int = 0) -> Iterator[re.Match[str]]:
        """Yield the matches from `start` on."""
        return self._compiled.finditer(text, start)
