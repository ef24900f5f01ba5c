"""What of a completion is its reply? Thoughts in front of it, and whatever follows the end of the turn, are cut off.

A thought is closed by its closing mark, with or without an opening mark in front, because many chat templates open it
in the prompt. In harmony, the format of gpt-oss, the reply is the last message of the channel "final".
"""

from __future__ import annotations

import re
from functools import lru_cache

_TAGS = (
    *("think", "thinking", "thought", "thoughts", "reasoning", "reasoning_content", "scratchpad", "rationale"),
    *("reflection", "inner_thoughts", "seed:think", "antthinking", "think_fast", "think_faster"),
)
"""Names of tags: `<think>` opens a thought and `</think>` closes it."""
Marks = tuple[str, str]
"""The mark that opens a thought, and the one that closes it."""
THOUGHTS: tuple[Marks, ...] = (
    *((f"<{name}>", f"</{name}>") for name in _TAGS),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|channel>thought", "<channel|>"),
    ("<unused94>thought", "<unused95>"),
    ("Here is my thought process:", "Here is my response:"),
)
"""The marks of thoughts that open models write, compared without case."""

CHANNELS = ("analysis", "final")
"""The names of harmony's channels, with which a text may begin whose special tokens were not decoded."""
_CHANNEL = "<|channel|>"
_FINAL = re.compile(r"<\|channel\|>final(?: ?<\|constrain\|>\w{1,32})?<\|message\|>")
_MESSAGE_ENDS = re.compile(r"<\|(?:return|end|call|start)\|>")
_BARE_FINAL = "assistantfinal"
_BARE_ANALYSIS = re.compile(r"analysis[A-Z][\w'\u2019]*\s")
_BARE_ANSWER = re.compile(r"final(?=[A-Z])")

_TURN_BEGINS = re.compile(
    r"(?:\s{0,8}(?:<\|(?:im_start|start|start_header_id)\|>|<start_of_turn>|<\|turn>) ?(?:assistant|model)? ?"
    r"(?:<\|(?:end_header_id|message)\|>)?|\s{0,8}(?:<\|assistant\|>|<bos>|<s>|\[/INST\])){1,4}+"
)
"""The special tokens, with the role, that a chat template writes in front of a reply."""
_TURN_ENDS = re.compile(
    r"<[|｜](?!(?:start|end)_header)[\w▁]{0,24}(?<![a-z])(?:end|eot|eos|eom|eod|stop|return)(?![a-z])[\w▁]{0,24}[|｜]>"
    r"|<[|｜](?:endoftext|endofturn|endofprompt|im_start|start_header_id|user|system)[|｜]>"
    r"|</s>|<(?:eos|eot|turn\||start_of_turn|end_of_turn|end_of_utterance|pad)>",
    re.IGNORECASE,
)
"""A special token that ends a turn, a name with the word "end", "eot", "eos", ..., or one that begins the next."""
_PASSES = 4
"""How often thoughts and special tokens are looked for in what is left without them."""


@lru_cache(maxsize=64)
def _marks(thoughts: tuple[Marks, ...]) -> tuple[tuple[str, ...], re.Pattern[str]]:
    """Return texts of which one stands in every text with a mark, and the pattern of a mark; group 1 if it closes."""
    closing = sorted({close for _, close in thoughts}, key=len, reverse=True)
    opening = sorted({opened for opened, _ in thoughts}.difference(closing), key=len, reverse=True)
    signs = {mark if mark[0].isalnum() else mark[0] for mark in (*closing, *opening)}
    either = "|".join(map(re.escape, opening))
    return tuple(sorted(signs)), re.compile(f"({'|'.join(map(re.escape, closing))})|{either or '(?!)'}", re.IGNORECASE)


def after_thoughts(completion: str, thoughts: tuple[Marks, ...] = THOUGHTS) -> str | None:
    """Return the reply, stripped; None where a thought is opened and not closed.

    Args:
        completion: The whole text, as a model wrote it or with special tokens left out.
        thoughts: The marks between which thoughts stand.

    >>> after_thoughts("<think>Rome? No.</think> Paris<|im_end|>"), after_thoughts("[THINK]Rome? No.")
    ('Paris', None)
    >>> after_thoughts("analysisThey ask of France.assistantfinalParis"), after_thoughts("Final analysis: Paris")
    ('Paris', 'Final analysis: Paris')
    """
    text = completion.strip()
    if not any(sign in text for sign in _marks(thoughts)[0]) and not _has_role(text):
        return text
    for _ in range(_PASSES):
        before, found = text, _reply(text, thoughts)
        if found is None or found == before:
            return found
        text = found
    return text


def reply_start(completion: str) -> int:
    """Return where the reply begins, at the mark that ends the last thought; 0 where none does."""
    signs, mark = _marks(THOUGHTS)
    starts = [completion.rfind(_CHANNEL), completion.rfind(_BARE_FINAL), 0]
    if any(sign in completion for sign in signs):
        starts += [found.start() for found in mark.finditer(completion) if found[1] is not None]
    return max(starts)


def _has_role(text: str) -> bool:
    """Return whether special tokens or the name of a channel may stand in a text."""
    return "<" in text or text.startswith(CHANNELS)


def _reply(text: str, thoughts: tuple[Marks, ...]) -> str | None:
    if _CHANNEL in text or text.startswith(CHANNELS):
        final = _in_final_channel(text)
        if final is None:
            return None
        text = final
    signs, mark = _marks(thoughts)
    if any(sign in text for sign in signs):
        start, opened = 0, False
        for found in mark.finditer(text):
            opened = found[1] is None
            start = start if opened else found.end()
        if opened:
            return None
        text = text[start:]
    if "<" in text:
        begins = _TURN_BEGINS.match(text)
        text = _TURN_ENDS.split(text[begins.end() :] if begins else text, maxsplit=1)[0]
    return text.strip()


def _in_final_channel(text: str) -> str | None:
    """Return the answer of a text in harmony, stripped; None where there is reasoning and no final message.

    With the special tokens left out, a channel's name stands glued to what is said in it and to the role before it:
    "analysisWe need ...assistantfinalParis", "finalParis". Only such a text is taken for harmony: it begins with
    "analysis" and holds "assistantfinal", or begins with one of the two names glued to a capital letter.
    """
    if _CHANNEL in text:
        *_, final = [None, *_FINAL.finditer(text)]
        return _MESSAGE_ENDS.split(text[final.end() :], maxsplit=1)[0].strip() if final else None
    if text.startswith("analysis"):
        reasoning, _, answer = text.rpartition(_BARE_FINAL)
        return answer.strip() if reasoning else None if _BARE_ANALYSIS.match(text) else text.strip()
    return _BARE_ANSWER.sub("", text, count=1).strip() if _BARE_ANSWER.match(text) else text.strip()
