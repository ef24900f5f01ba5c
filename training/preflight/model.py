"""Do the data fit the given model? Token lengths and positions, chat template and end token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ...data import Message, PromptStyle, Question
from ...eval.backends.chats import render_chats
from ...eval.backends.turns import prefix_kept
from .findings import Finding

CROWDED = 0.9
"""Share of the token limit from which on the longest answer leaves a model too little room for words of its own."""
CANDIDATES = 512
"""Prompts that are rendered and tokenized: those of most characters, as rendering all would take minutes."""

THINKING = "enable_thinking"
"""The variable of chat templates (Qwen3's and others') that turns thoughts on and off."""
ROOM_TO_THINK = 512
"""Tokens of a completion below which thoughts are usually cut off."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths in tokens, of the whole data."""

    prompt: int
    """The longest prompt, chat template included, with the longest text of the rubric."""
    prompt_id: str
    answer: int
    """The longest of the questions' shortest accepted answers, its end token included."""
    answer_id: str
    over: int
    """Questions whose shortest accepted answer does not fit the completion limit."""
    phrase: int
    """The agreed abstention, its end token included."""


def measure_lengths(
    tokenizer: Any,
    questions: Sequence[Question],
    style: PromptStyle,
    targets: Sequence[float],
    limit: int,
    *,
    scale: Literal["fraction", "percent"] | None = None,
) -> Lengths:
    """Return the lengths of `questions` under `style`; `limit` is a completion's token limit.

    With a `scale`, prompts state no target and completions state a confidence on that scale, which an answer includes.

    Of a question's accepted answers the shortest counts: it is enough to say that one. Prompts are measured at the
    target whose instruction is longest, and for the `CANDIDATES` questions of most characters only.

    Args:
        tokenizer: The model's, with its chat template.
        questions: Those of the stage.
        style: Makes the prompts.
        targets: The targets of the stage, fractions in [0, 1).
        limit: Of a completion, in tokens.
        scale: Of stated confidences; None: prompts state a target.
    """
    longest = max(targets, key=lambda t: len(style.instruction(t)))

    def chat(question: Question) -> list[Message]:
        return style.messages(question, longest) if scale is None else style.stated_messages(question)

    # To a question without an answer the abstention is right.
    shortest = [min(question.answers, key=len, default=style.phrase) for question in questions]
    if scale is not None:
        shortest = [style.stated_completion(answer, 0.55, scale) for answer in shortest]
    ids, chats = [question.id for question in questions], [chat(question) for question in questions]
    return lengths_of_rows(tokenizer, ids, chats, shortest, phrase=style.phrase, limit=limit)


def lengths_of_rows(
    tokenizer: Any,
    ids: Sequence[str],
    prompts: Sequence[str | list[Message]],
    answers: Sequence[str],
    *,
    phrase: str,
    limit: int,
) -> Lengths:
    """Return the lengths of rows, whose `prompts` are chats or texts.

    Args:
        tokenizer: With a chat template where prompts are chats.
        ids: One per row.
        prompts: One per row; only the `CANDIDATES` of most characters are tokenized.
        answers: What is long enough to be right, one per row.
        phrase: The agreed abstention.
        limit: Tokens of a completion, at most.
    """
    rows = sorted(range(len(ids)), key=lambda row: -_characters(prompts[row]))[:CANDIDATES]
    texts = [prompts[row] for row in rows]
    sizes = _sizes(tokenizer, [t if isinstance(t, str) else render_prompt(tokenizer, t) for t in texts])
    lengths = [size + 1 for size in _sizes(tokenizer, answers)]
    most, widest = int(np.argmax(sizes)), int(np.argmax(lengths))
    return Lengths(
        prompt=sizes[most],
        prompt_id=ids[rows[most]],
        answer=lengths[widest],
        answer_id=ids[widest],
        over=sum(size > limit for size in lengths),
        phrase=_sizes(tokenizer, [phrase])[0] + 1,
    )


def _characters(prompt: str | list[Message]) -> int:
    return len(prompt) if isinstance(prompt, str) else sum(len(turn["content"]) for turn in prompt)


def check_lengths(lengths: Lengths, limit: int, window: int | None, *, key: str, questions: int) -> list[Finding]:
    """Return where data and limits do not fit.

    Args:
        lengths: Of the data.
        limit: The token limit of a completion.
        window: The model's `max_position_embeddings`; None where it says none.
        key: The recipe's key of `limit`.
        questions: How many were measured.
    """
    findings: list[Finding] = []
    if lengths.phrase > limit:
        text = f"the agreed abstention takes {lengths.phrase} tokens and {key} is {limit}: it would always be cut off"
        findings.append(Finding("error", text, f"{key} of at least {lengths.phrase}, or a shorter prompt.phrase"))
    if lengths.over:
        text = (
            f"{lengths.over} of {questions} questions have no accepted answer of at most {key}={limit} tokens (the "
            f"longest, of {lengths.answer_id}, takes {lengths.answer}): they cannot be answered in full"
        )
        findings.append(Finding("warning", text, f"{key} of at least {lengths.answer}, or leave these rows out"))
    elif lengths.answer > CROWDED * limit:
        text = f"the longest accepted answer ({lengths.answer_id}) takes {lengths.answer} of {key}={limit} tokens"
        findings.append(Finding("warning", text, "leave room for the words that a model puts around an answer"))
    if window is not None and lengths.prompt + limit > window:
        text = (
            f"the longest prompt ({lengths.prompt_id}) takes {lengths.prompt} tokens; with {key}={limit} that is "
            f"more than the model's {window} positions"
        )
        findings.append(Finding("error", text, f"a shorter prompt, a smaller {key}, or leave these rows out"))
    if not findings:
        text = (
            f"tokens: longest prompt {lengths.prompt}, longest accepted answer {lengths.answer}, abstention "
            f"{lengths.phrase}; {key}={limit}, the model has {window if window is not None else 'no stated'} positions"
        )
        findings.append(Finding("note", text))
    return findings


def check_template(tokenizer: Any, end_ids: Sequence[int], style: PromptStyle) -> list[Finding]:
    """Return what the chat template and the special tokens would break.

    Args:
        tokenizer: With a chat template, as `load_tokenizer` returns it.
        end_ids: Every id that ends a completion, of the tokenizer and of the model's generation config.
        style: The recipe's prompts.
    """
    question = Question("probe", "What is the capital of France?", ("Paris",))
    chat = style.messages(question, 0.5)
    prompt = render_prompt(tokenizer, chat)
    findings: list[Finding] = []
    if question.text not in prompt or style.instruction(0.5).strip() not in prompt:
        text = "the chat template drops or rewrites the user's text: question and rubric do not stand in the prompt"
        findings.append(Finding("error", text, "another chat template"))
    if prompt == tokenizer.apply_chat_template(chat, add_generation_prompt=False, tokenize=False):
        text = "the chat template adds no generation prompt, so that the model is not told that it is its turn"
        findings.append(
            Finding("warning", text, "add an `if add_generation_prompt` part that opens the assistant's turn")
        )
    elif not prefix_kept(tokenizer):
        text = (
            "a finished turn of the assistant does not begin with the tokens of the prompt that asks for it, so that "
            "stages on fixed rows (warm-up, sft, rejection, DPO) train another prefix than the evaluation asks for"
        )
        findings.append(Finding("warning", text, "a chat template that renders the prompt the same way in both cases"))
    if style.system is not None and style.system.strip() not in prompt:
        text = "the chat template drops the system message: the text of prompt.system does not stand in the prompt"
        findings.append(Finding("error", text, "another chat template, or the text in prompt.rubric and prompt.forced"))
    findings += _check_end(tokenizer, end_ids, chat)
    if tokenizer.pad_token_id == tokenizer.eos_token_id:
        text = f"the pad token is the end token ({tokenizer.eos_token}); padding is masked by attention, not by its id"
        findings.append(Finding("note", text))
    return findings


def check_thinking(template: str, variables: Mapping[str, Any], limit: int, *, key: str) -> list[Finding]:
    """Return a warning where a model would think before it answers, and the token limit leaves it no room to.

    Args:
        template: The chat template.
        variables: Those that the recipe sets in it.
        limit: Of a completion, in tokens, where a cut-off one is wrong.
        key: The recipe's key of `limit`.
    """
    if THINKING not in template or THINKING in variables or limit >= ROOM_TO_THINK:
        return []
    text = (
        f"the chat template has a mode in which the model thinks before it answers, and {key}={limit} cuts most "
        "thoughts off, which counts as wrong"
    )
    fix = f"chat_template_kwargs={{{THINKING}: false}}, or {key} of {ROOM_TO_THINK} or more with truncated: ungraded"
    return [Finding("warning", text, fix)]


def _check_end(tokenizer: Any, end_ids: Sequence[int], chat: list[Message]) -> list[Finding]:
    """Return a warning where the token that closes the assistant's turn is none that ends a completion."""
    closing_tokens = closing_ids(tokenizer, chat)
    if any(token in end_ids for token in closing_tokens):
        return []
    end_tokens = tokenizer.convert_ids_to_tokens(list(end_ids))
    closing = tokenizer.convert_ids_to_tokens(closing_tokens)
    text = (
        f"the chat template closes the assistant's turn with {closing}, none of which ends a completion ({end_tokens})"
    )
    fix = "eos_token of the tokenizer, or eos_token_id of generation_config.json, to the token that closes a turn"
    return [Finding("warning", f"{text}: completions would run into the limit", fix)]


def closing_ids(tokenizer: Any, chat: list[Message]) -> list[int]:
    """Return the tokens that the chat template puts behind an answer to `chat`."""
    answer = "An answer"
    chat_text = str(
        tokenizer.apply_chat_template([*chat, {"role": "assistant", "content": answer}], tokenize=False)
    ).rstrip()
    return tokenizer(chat_text[chat_text.rindex(answer) + len(answer) :], add_special_tokens=False)["input_ids"]


def render_prompt(tokenizer: Any, chat: list[dict[str, str]]) -> str:
    """Return the text that the model is given for `chat`."""
    return render_chats(tokenizer, [chat])[0]


def _sizes(tokenizer: Any, texts: Sequence[str]) -> list[int]:
    return [len(ids) for ids in tokenizer(list(texts), add_special_tokens=False)["input_ids"]]
