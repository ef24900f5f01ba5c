"""A system message before every prompt, and rows that hold a whole chat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from abstain.data import InputError, PromptStyle, Question, load_any, load_questions

SYSTEM = {"role": "system", "content": "Answer in one word."}
EARLIER = [{"role": "user", "content": "Capital of Italy?"}, {"role": "assistant", "content": "Rome"}]
LAST = {"role": "user", "content": "And of France?"}


def written(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_the_system_message_comes_before_every_prompt_and_joins_a_question_s_own() -> None:
    style = PromptStyle(system="Be honest.")
    plain = Question("1", "Capital of France?", ("Paris",))
    after = Question("2", "And of France?", ("Paris",), history=(SYSTEM, *EARLIER))
    for chat in (style.messages(plain, 0.5), style.messages(plain, None), style.stated_messages(plain)):
        assert chat[0] == {"role": "system", "content": "Be honest."}
        assert [turn["role"] for turn in chat] == ["system", "user"]
    chat = style.messages(after, 0.0)
    assert chat[0] == {"role": "system", "content": "Be honest.\n\nAnswer in one word."}
    assert [turn["role"] for turn in chat] == ["system", "user", "assistant", "user"]
    assert PromptStyle().messages(plain, 0.5)[0]["role"] == "user"
    with pytest.raises(ValueError, match=r"prompt\.system must be a text, or null for none, got ' '"):
        PromptStyle(system=" ")


def test_the_last_user_turn_of_a_chat_is_the_question_and_the_turns_before_it_its_history(tmp_path: Path) -> None:
    row = {"messages": [SYSTEM, *EARLIER, LAST, {"role": "assistant", "content": "Paris"}], "answers": ["Paris"]}
    (question,) = load_any(written(tmp_path / "q.jsonl", row))
    assert question.text == "And of France?"
    assert list(question.history) == [SYSTEM, *EARLIER]
    assert "messages" not in question.metadata
    assert [turn["role"] for turn in PromptStyle().messages(question, 0.5)] == ["system", "user", "assistant", "user"]


def test_content_parts_json_texts_and_other_columns_are_read(tmp_path: Path) -> None:
    parts = {"role": "user", "content": [{"type": "text", "text": "And of "}, {"type": "text", "text": "France?"}]}
    rows = [{"chat": [*EARLIER, parts], "answers": ["Paris"]}, {"chat": json.dumps([LAST]), "answers": ["Paris"]}]
    questions = load_questions(written(tmp_path / "q.jsonl", *rows), columns={"messages": "chat"})
    assert [question.text for question in questions] == ["And of France?", "And of France?"]
    assert [len(question.history) for question in questions] == [2, 0]


def test_a_question_column_wins_and_leaves_the_chat_among_the_other_columns(tmp_path: Path) -> None:
    row = {"question": "2 + 2?", "messages": [LAST], "answers": ["4"]}
    (question,) = load_any(written(tmp_path / "q.jsonl", row))
    assert (question.text, question.history, question.metadata) == ("2 + 2?", (), {"messages": [LAST]})


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ("[", r"column 'messages': not JSON \("),
        ({"role": "user"}, r"column 'messages': must be a list of messages with role and content, got \{"),
        ([LAST, "hello"], "column 'messages': message 2: must be an object with role and content, got 'hello'"),
        (
            [{"role": "human", "content": "x"}],
            "message 1: the role must be one of system, user, assistant, got 'human'",
        ),
        (
            [{"role": "user", "content": None}],
            "message 1: the content must be a text or .* got None",
        ),
        (
            [{"role": "user", "content": [{"image": "x"}]}],
            "message 1: the content must be a text or a list of text parts",
        ),
        ([SYSTEM], "column 'messages': has no user turn, whose content is the question; its roles are system"),
        ([{"role": "user", "content": " "}], "message 1: the last user turn is empty"),
    ],
)
def test_a_chat_that_is_none_is_an_error_with_its_place(tmp_path: Path, messages: Any, message: str) -> None:
    source = written(tmp_path / "q.jsonl", {"messages": messages, "answers": ["A"]})
    with pytest.raises(InputError, match=r"q\.jsonl:1: .*" + message):
        load_any(source)
