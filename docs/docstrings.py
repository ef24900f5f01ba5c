"""A Griffe extension: examples in docstrings are shown as code, wherever in the text they stand."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

_EXAMPLE = re.compile(r"^(?P<indent> *)>>> .*(?:\n(?P=indent)\S.*)*", re.MULTILINE)


class FencedExamples(Extension):
    """Puts fences round the `>>>` lines of a docstring and what they print, so that neither is read as Markdown."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of one object, without the directives that are meant for doctest."""
        if obj.docstring is not None:
            obj.docstring.value = _EXAMPLE.sub(_fenced, obj.docstring.value)


def _fenced(match: re.Match[str]) -> str:
    indent = match["indent"]
    code = re.sub(r"  # doctest: .*$", "", match[0], flags=re.MULTILINE)
    return f"{indent}```pycon\n{code}\n{indent}```"
