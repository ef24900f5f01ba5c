"""Turns before a question: read from a file, put in front of the prompt, and part of what makes a question the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from abstain.data import InputError, PromptStyle, Question, load_any

TURNS = [{"role": "user", "content": "What is the capital of France?"}, {"role": "assistant", "content": "Paris."}]


def test_turns_of_a_file_come_before_the_question_in_every_prompt(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    rows = [
        {"question": "And of Spain?", "answers": ["Madrid"], "history": TURNS},
        {"question": "2+2?", "answers": ["4"]},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    asked, plain = load_any(str(path))
    style = PromptStyle()
    for chat in (style.messages(asked, 0.5), style.messages(asked, 0.0), style.stated_messages(asked)):
        assert chat[:2] == TURNS
        assert chat[2]["content"].startswith("And of Spain?\n")
    assert len(style.messages(plain, 0.5)) == 1
    assert "history" not in asked.metadata


def test_a_turn_that_is_none_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps({"question": "Q?", "answers": ["A"], "history": [{"who": "me"}]}), encoding="utf-8")
    with pytest.raises(InputError, match=r"q\.jsonl:1: question '1': a turn of history must be a role and a content"):
        load_any(str(path))


def test_the_same_words_after_other_turns_are_another_question(tmp_path: Path) -> None:
    from abstain.recipes import load_recipe
    from abstain.recipes.runs.prepare import prepare

    for name, turns in (("train", TURNS), ("eval", [{"role": "user", "content": "What is the capital of Italy?"}])):
        row = {"question": "And of Spain?", "answers": ["Madrid"], "history": turns}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row), encoding="utf-8")
    given = [f"data={{train: {tmp_path / 'train.jsonl'}, eval: {tmp_path / 'eval.jsonl'}}}", "model=any", "base=null"]
    assert len(prepare(load_recipe("tiny", given)).eval) == 1
    again = [given[0].replace("eval.jsonl", "train.jsonl"), *given[1:]]
    with pytest.raises(InputError, match="every evaluation question is also a training question"):
        prepare(load_recipe("tiny", again))


def test_a_question_keeps_its_history() -> None:
    assert Question("1", "And of Spain?", ("Madrid",), history=tuple(TURNS)).history == tuple(TURNS)
