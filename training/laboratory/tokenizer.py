"""A tokenizer for a model made from scratch: byte-level BPE with a ChatML-style chat template."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from ...data import Document

END_OF_TEXT, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

PIECES = r"\.\d| ?\d%?|'(?:[sdmt]|ll|ve|re)| ?\p{L}+|\s+| ?[^\s\p{L}\p{N}]+"
"""What merges stay within: a decimal, a digit, an English ending, a word, white space, punctuation."""


def render(document: Document) -> tuple[str, str]:
    """Return the (prompt, learnt text) of `document`; a plain text has an empty prompt.

    For chats the two joined equal `apply_chat_template(document.messages, tokenize=False)` with
    the template above, less its last line break; written out because a corpus renders a hundred
    thousand of them.
    """
    if document.text is not None:
        return "", document.text + END_OF_TEXT
    *asked, answer = document.messages
    prompt = "".join(f"{START}{m['role']}\n{m['content']}{END}\n" for m in asked)
    return f"{prompt}{START}{answer['role']}\n", f"{answer['content']}{END}"


def train_tokenizer(documents: Iterable[Document], vocab_size: int) -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer fitted to `documents`.

    Digits are single tokens, so a target that was never seen is spelt from digits that were. The
    first decimal takes the point with it and the last digit of a percentage the sign (" 0", ".6",
    "2"; " 6", "2%"): what a digit is worth can then be read off the token without its position,
    which a model of two layers learns far sooner.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(  # pyright: ignore[reportAttributeAccessIssue]
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()  # pyright: ignore[reportAttributeAccessIssue]
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END_OF_TEXT, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((_plain(d) for d in documents), trainer)  # pyright: ignore[reportUnknownMemberType]
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=END_OF_TEXT, padding_side="left"
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def _plain(document: Document) -> str:
    contents: Sequence[str] = (
        [document.text] if document.text is not None else [m["content"] for m in document.messages]
    )
    return "\n".join(("user", "assistant", *contents))
