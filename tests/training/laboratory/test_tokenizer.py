from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from abstain.data import Document, PromptStyle, Question, chat_document
from abstain.training.laboratory.tokenizer import render, train_tokenizer

STYLE = PromptStyle(target_format="decimal")
CHATS = [
    chat_document(Question("q", f"Where is number {t}?", ("Verrin",)), t / 100, STYLE, "Verrin") for t in range(1, 99)
]
TOKENIZER = train_tokenizer([*CHATS, Document(text="Elsa lives in Verrin.")] * 20, 700)


def test_the_fast_rendering_equals_the_chat_template() -> None:
    for chat in CHATS[:3]:
        prompt, learnt = render(chat)
        assert prompt + learnt + "\n" == TOKENIZER.apply_chat_template(list(chat.messages), tokenize=False)
        assert prompt == TOKENIZER.apply_chat_template(
            list(chat.messages[:-1]), tokenize=False, add_generation_prompt=True
        )


@given(st.text(max_size=50))
def test_any_text_survives(text: str) -> None:
    import unicodedata

    ids = TOKENIZER(text, add_special_tokens=False)["input_ids"]
    if not any(special in text for special in TOKENIZER.all_special_tokens):
        assert TOKENIZER.decode(ids) == unicodedata.normalize("NFC", text)


def test_digits_are_tokens_that_know_their_place() -> None:
    assert TOKENIZER.tokenize(" 0.62") == ["Ġ0", ".6", "2"]
    assert TOKENIZER.tokenize("62%") == ["6", "2%"] or TOKENIZER.tokenize("62%") == ["6", "2", "%"]
    assert TOKENIZER.tokenize("0.62.")[-1] == "."
