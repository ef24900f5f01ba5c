"""The text of a completion: a text as it is, or the model's own last message of a conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

Completion = str | Sequence[Mapping[str, Any]]
"""What a trainer hands over: a text, or a conversation, in which the model's own last message is the completion."""
MODEL_ROLES = ("assistant", "model")
"""Roles of a model's own messages; one without a role is taken for its own."""


def completion_text(completion: Completion) -> str:
    """Return the text of a completion.

    What follows the model's last message in a conversation (a tool's result, an environment's feedback) is not the
    model's. A conversation in which it says nothing has the text "".

    Args:
        completion: A text, or messages: mappings or objects with `role` and `content`.

    >>> completion_text([{"role": "assistant", "content": "Paris"}, {"role": "tool", "content": "exit code 0"}])
    'Paris'

    Raises:
        TypeError: it is none of them.
    """
    if isinstance(completion, str):
        return completion
    own = (m for m in reversed(completion) if _field(m, "role") in (None, *MODEL_ROLES))
    message = next(own, None)
    return "" if message is None else content_text(_field(message, "content"))


def content_text(content: Any) -> str:
    """Return the text of a message's content: a text, a list of parts, as vision models write it, or nothing.

    >>> content_text([{"type": "text", "text": "Par"}, {"type": "text", "text": "is"}])
    'Paris'
    """
    if not isinstance(content, list):
        if content is not None and not isinstance(content, str):
            raise TypeError(f"a message's content must be a text or a list of parts, got {content!r:.80}")
        return content or ""
    parts = cast("list[Any]", content)
    return "".join(part if isinstance(part, str) else str(_field(part, "text") or "") for part in parts)


def _field(message: Any, name: str) -> Any:
    if isinstance(message, Mapping):
        return cast("Mapping[str, Any]", message).get(name)
    return getattr(message, name, None)
