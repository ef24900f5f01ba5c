"""A finished turn begins with the tokens that ask for it, also where a template opens a thought in the prompt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from standins import CHATML, FAMILIES, tokenizer_of
from trl.data_utils import apply_chat_template

from abstain.data import PromptStyle
from abstain.eval.backends.turns import as_released, prefix_kept, with_one_prefix
from abstain.training.preflight.model import check_template

ASKED = [{"role": "user", "content": "Capital of France?"}]
TURN = [{"role": "assistant", "content": "Paris"}]


def tokenizer(template: str) -> Any:
    """Return a tokenizer with a template of TRL's, in which two line breaks are one token, as in the models' own."""
    return tokenizer_of(replace(FAMILIES["qwen3"], template=template, tokens=(*CHATML, "\n\n")))


@pytest.mark.parametrize(
    ("template", "asks", "ends"),
    [
        ("deepseek_r1_distill", "<｜Assistant｜><think>\n", "<｜end▁of▁sentence｜>"),
        ("deepseekv3", "<｜Assistant｜><think>\n", "<｜end▁of▁sentence｜>"),
        ("nemotron_3_nano", "<|im_start|>assistant\n<think>\n", "<|im_end|>\n"),
        ("qwen3_5_think", "<|im_start|>assistant\n<think>\n", "<|im_end|>\n"),
        ("qwen3_6", "<|im_start|>assistant\n<think>\n", "<|im_end|>\n"),
        ("qwen3_8", "<|im_start|>assistant\n<think>\n", "<|im_end|>\n"),
    ],
)
def test_a_thought_that_the_prompt_opens_is_closed_in_the_turn_that_is_trained(
    template: str, asks: str, ends: str
) -> None:
    one = tokenizer(template)
    prompt = one.apply_chat_template(ASKED, add_generation_prompt=True, tokenize=False)
    assert prompt.endswith(asks)
    assert not prefix_kept(one)
    one.chat_template = with_one_prefix(one)
    assert one.apply_chat_template(ASKED, add_generation_prompt=True, tokenize=False) == prompt  # what is asked stays
    assert one.apply_chat_template(ASKED + TURN, tokenize=False) == f"{prompt}</think>\n\nParis{ends}"
    assert prefix_kept(one)
    assert with_one_prefix(one) == one.chat_template
    earlier = one.apply_chat_template([*ASKED, *TURN, *ASKED], add_generation_prompt=True, tokenize=False)
    assert earlier == tokenizer(template).apply_chat_template(
        [*ASKED, *TURN, *ASKED], add_generation_prompt=True, tokenize=False
    )
    assert as_released(one.chat_template) == tokenizer(template).chat_template.removesuffix("\n")


@pytest.mark.parametrize("template", ["qwen3", "qwen2_5", "gptoss", "gemma3"])
def test_a_template_that_keeps_the_prefix_is_left_alone(template: str) -> None:
    one = tokenizer(template)
    assert prefix_kept(one)
    assert with_one_prefix(one) == as_released(one.chat_template) == one.chat_template


def test_rows_of_trl_have_the_prompt_of_the_evaluation() -> None:
    one = tokenizer("deepseek_r1_distill")
    one.chat_template = with_one_prefix(one)
    row = apply_chat_template({"prompt": ASKED, "completion": TURN}, one)
    assert row["prompt"] == one.apply_chat_template(ASKED, add_generation_prompt=True, tokenize=False)
    assert row["completion"] == "</think>\n\nParis<｜end▁of▁sentence｜>"


def test_a_prefix_that_is_broken_in_another_way_is_a_warning_of_the_check() -> None:
    one = tokenizer("qwen2_5")
    reply = "{% if add_generation_prompt %}Reply:{% else %}{{ messages[-1]['content'] }}{% endif %}"
    one.chat_template = "{{ messages[0]['content'] }}" + reply
    assert with_one_prefix(one) == one.chat_template
    (found,) = [f for f in check_template(one, [one.eos_token_id], PromptStyle()) if "finished turn" in f.message]
    assert found.level == "warning"
    assert "train another prefix than the evaluation asks for" in found.message
