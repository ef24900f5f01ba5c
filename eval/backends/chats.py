"""Chats as the text that a model is given, and what a chat template refuses to render."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError

from ...data import InputError, Message


def render_chats(tokenizer: Any, chats: Sequence[Sequence[Message]]) -> list[str]:
    """Return the text of every chat, ready for the assistant's turn.

    Raises:
        InputError: the chat template refuses the turns of a chat, such as a system message.
    """
    try:
        return tokenizer.apply_chat_template([list(chat) for chat in chats], add_generation_prompt=True, tokenize=False)
    except TemplateError as error:
        chat = next((chat for chat in chats if _refused(tokenizer, chat)), chats[0])
        roles = [message["role"] for message in chat]
        fix = (
            "it may not take a system message: remove prompt.system and system turns of the questions, or put the text "
            "into prompt.rubric, prompt.forced and prompt.stated"
            if "system" in roles
            else "it may not take these turns in this order"
        )
        raise InputError(
            f"the model's chat template refuses a chat with the turns {', '.join(roles)} ({error}); {fix}"
        ) from error


def _refused(tokenizer: Any, chat: Sequence[Message]) -> bool:
    try:
        tokenizer.apply_chat_template(list(chat), add_generation_prompt=True, tokenize=False)
    except TemplateError:
        return True
    return False
