"""A chat of OpenAI-style messages, split into the question that it ends with and the turns before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from .errors import InputError

ROLES = ("system", "user", "assistant")
"""Who can have said a turn."""
Turn = dict[str, str]


def split_chat(chat: Any, place: str) -> tuple[str, tuple[Turn, ...]]:
    """Return the text of the last user turn of `chat`, and the turns before it as {role, content}.

    Turns after it, such as a reference answer of the assistant, are left out. A content may be a list of text parts,
    and the whole a JSON text, as CSV files have it. Keys of a message other than role and content are not read.

    Raises:
        InputError: it is no list of messages, a message has no known role or no text, or no user turn is there; the
            message opens with `place`.
    """
    turns = [_turn(message, f"{place}: message {number}") for number, message in enumerate(_messages(chat, place), 1)]
    last = max((at for at, turn in enumerate(turns) if turn["role"] == "user"), default=None)
    if last is None:
        roles = ", ".join(turn["role"] for turn in turns)
        raise InputError(f"{place}: has no user turn, whose content is the question; its roles are {roles}")
    text = turns[last]["content"].strip()
    if not text:
        raise InputError(f"{place}: message {last + 1}: the last user turn is empty; its content is the question")
    return text, tuple(turns[:last])


def _messages(chat: Any, place: str) -> list[Any]:
    if isinstance(chat, str):
        try:
            chat = json.loads(chat)
        except json.JSONDecodeError as error:
            raise InputError(f"{place}: not JSON ({error.msg}, column {error.colno})") from None
    if not isinstance(chat, list) or not chat:
        raise InputError(f"{place}: must be a list of messages with role and content, got {chat!r:.200}")
    return cast("list[Any]", chat)


def _turn(message: Any, place: str) -> Turn:
    if not isinstance(message, Mapping):
        raise InputError(f"{place}: must be an object with role and content, got {message!r:.200}")
    turn = cast("Mapping[str, Any]", message)
    if (role := turn.get("role")) not in ROLES:
        raise InputError(f"{place}: the role must be one of {', '.join(ROLES)}, got {role!r}")
    content = turn.get("content")
    if isinstance(content, list):
        content = _joined(cast("list[Any]", content))
    if not isinstance(content, str):
        raise InputError(
            f"{place}: the content must be a text or a list of text parts, got {turn.get('content')!r:.200}"
        )
    return {"role": role, "content": content}


def _joined(parts: list[Any]) -> str | None:
    """Return the text of content parts, or None where one is no text (an image, say)."""
    texts: list[Any] = [
        cast("Mapping[str, Any]", part).get("text") if isinstance(part, Mapping) else part for part in parts
    ]
    return "".join(texts) if all(isinstance(text, str) for text in texts) else None
