"""One prefix everywhere: a finished turn of the assistant begins as the prompt did that asked for it.

Templates of models that reason may open a thought in the generation prompt (`<think>`) that they leave out, or spell
otherwise, in a finished turn. Trainers on fixed rows render the finished turn, and would train another prefix than RL
and the evaluation ask for. Such a template is changed where a chat ends with the assistant's turn: the generation
prompt stays, the thought is closed, and the answer follows.
"""

from __future__ import annotations

import json
import re
from typing import Any

from jinja2 import TemplateError

from ...rewards.thoughts import THOUGHTS

_ASKED = [{"role": "user", "content": "Where?"}]
_ANSWER = "Paris"
_BEGIN = (
    "{%- if messages[-1]['role'] == 'assistant' and not add_generation_prompt %}"
    "{%- set finished_turn = messages[-1]['content'] %}{%- set messages = messages[:-1] %}"
    "{%- set add_generation_prompt = true %}{%- endif %}"
)
_END = "{%- if finished_turn is defined %}{{- OPENING ~ finished_turn ~ CLOSING }}{%- endif %}"


def with_one_prefix(tokenizer: Any) -> str | dict[str, str]:
    """Return the tokenizer's chat template, so changed if it opens a thought that a finished turn does not go on from.

    A template that breaks the prefix in another way is returned as it is; `prefix_kept` tells of it.
    """
    template = tokenizer.chat_template
    closing_mark = None if prefix_kept(tokenizer) else _closing_mark(_rendered(tokenizer, finished=False))
    if closing_mark is None or not isinstance(template, str):
        return template
    end = _rendered(tokenizer, finished=True).rpartition(_ANSWER)[2]
    texts = {"OPENING": json.dumps(f"{closing_mark}\n\n"), "CLOSING": json.dumps(end)}
    emitted = re.sub("|".join(texts), lambda name: texts[name.group()], _END)
    return _BEGIN + template.removesuffix("\n") + emitted  # a template's last newline is not rendered, at its end


def as_released(template: str | dict[str, str]) -> str | dict[str, str]:
    """Return a chat template without what `with_one_prefix` put around it.

    >>> as_released("{{ messages }}")
    '{{ messages }}'
    """
    if not isinstance(template, str) or not template.startswith(_BEGIN):
        return template
    return template[len(_BEGIN) : template.rindex(_END.partition("OPENING")[0])]


def prefix_kept(tokenizer: Any) -> bool:
    """Return whether a finished turn begins with the tokens that ask for it; True where the template refuses it."""
    try:
        texts = [_rendered(tokenizer, finished=finished) for finished in (False, True)]
    except TemplateError:
        return True
    asked, finished = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts)
    return finished[: len(asked)] == asked


def _rendered(tokenizer: Any, *, finished: bool) -> str:
    chat = [*_ASKED, {"role": "assistant", "content": _ANSWER}] if finished else _ASKED
    return tokenizer.apply_chat_template(chat, add_generation_prompt=not finished, tokenize=False)


def _closing_mark(prompt: str) -> str | None:
    """Return the mark that closes the thought with whose opening mark `prompt` ends; None where it ends with none."""
    return next((closing for opening, closing in THOUGHTS if prompt.rstrip().endswith(opening)), None)
