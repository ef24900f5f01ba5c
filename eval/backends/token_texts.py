"""What each token of a completion adds to its text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from .backend import Completion


def with_token_texts(tokenizer: Any, completion: Completion) -> Completion:
    """Return `completion` with the text that each of its tokens adds."""
    ids = completion.token_ids
    starts = [list(ids[:length]) for length in range(1, len(ids) + 1)]
    texts: list[str] = []
    before = ""
    for text in cast("list[str]", tokenizer.batch_decode(starts, skip_special_tokens=True)):
        inside_a_character = text.endswith("\ufffd")
        texts.append("" if inside_a_character else text[len(before) :])
        before = before if inside_a_character else text
    return replace(completion, token_texts=tuple(texts))
