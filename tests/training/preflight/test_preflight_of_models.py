"""The part of preflight that reads a model's files: its template, its end token, its size, a probe of it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from abstain.data import InputError, PromptStyle, Question
from abstain.eval.backends.backend import Completion
from abstain.eval.backends.models import load_config, load_model, load_tokenizer, saved_end_token_ids
from abstain.rewards import alias_match
from abstain.training.preflight.memory import model_sizes
from abstain.training.preflight.model import check_template, measure_lengths, render_prompt
from abstain.training.preflight.probe import phrase_surprise, probe_model

STYLE = PromptStyle()
QUESTIONS = [Question("a", "Who?", ("Ann", "Ann Other")), Question("b", "Who is it, once more?", ("Bernadette",))]


def test_the_template_of_a_made_model_passes(tiny_model: str) -> None:
    tokenizer: Any = load_tokenizer(tiny_model)
    assert check_template(tokenizer, saved_end_token_ids(tiny_model, tokenizer), STYLE) == []


def test_templates_that_drop_the_text_lack_a_prompt_or_close_with_another_token_are_told(tiny_model: str) -> None:
    tokenizer: Any = load_tokenizer(tiny_model)
    ends = saved_end_token_ids(tiny_model, tokenizer)
    plain = tokenizer.chat_template
    tokenizer.chat_template = "{% for m in messages %}{{ m['role'] }}{{ 'An answer<|im_end|>' }}{% endfor %}x"
    found = check_template(tokenizer, ends, STYLE)
    assert [(f.level, f.message.split(",")[0]) for f in found] == [
        (
            "error",
            "the chat template drops or rewrites the user's text: question and rubric do not stand in the prompt",
        ),
        ("warning", "the chat template adds no generation prompt"),
    ]
    tokenizer.chat_template = plain
    (closing,) = check_template(tokenizer, [tokenizer.pad_token_id], STYLE)
    assert (closing.level, "none of which ends a completion" in closing.message) == ("warning", True)
    tokenizer.pad_token = tokenizer.eos_token
    (pad,) = check_template(tokenizer, ends, STYLE)
    assert (pad.level, "pad token is the end token" in pad.message) == ("note", True)


class WordTokenizer:
    """One token a word; the template joins the turns and opens the answer with one word."""

    def __call__(self, texts: list[str], add_special_tokens: bool = True) -> dict[str, list[list[int]]]:
        assert not add_special_tokens
        return {"input_ids": [[0] * len(text.split()) for text in texts]}

    def apply_chat_template(self, chats: list[list[dict[str, str]]], **_: Any) -> list[str]:
        return [" ".join([*(turn["content"] for turn in chat), "Answer:"]) for chat in chats]


def test_lengths_are_those_of_the_longest_prompt_and_of_the_shortest_answers() -> None:
    questions = [
        Question("a", "Who?", ("Ann Other", "Ann")),
        Question("b", "Who is it, once more?", ("Bernadette of the North",)),
        Question("c", "And who?", (), answerable=False),
    ]
    style = PromptStyle(rubric="Only above {target}, please.", forced="Answer.", phrase="No idea at all")
    lengths = measure_lengths(WordTokenizer(), questions, style, [0.0, 0.5], limit=4)
    # "Who is it, once more?" 5 words, "Only above 50%, please." 4, and the template's 1.
    assert (lengths.prompt_id, lengths.prompt) == ("b", 10)
    # With an end token: Ann 2, Bernadette of the North 5, and the abstention 5, which is right for c.
    assert (lengths.answer_id, lengths.answer, lengths.phrase, lengths.over) == ("b", 5, 5, 2)


def test_sizes_are_counted_on_the_model_itself_without_its_weights(tiny_model: str) -> None:
    from abstain.training.adapter import lora_config

    batches = {"bytes_per_weight": 4.0, "batch": 2, "generated": 8, "prompt_tokens": 9, "completion_tokens": 3}
    sizes = model_sizes(load_config(tiny_model), lora_config({"r": 4}), checkpointing=False, **batches)
    model: Any = load_model(tiny_model)
    assert sizes.parameters == sum(p.numel() for p in model.parameters())
    # One layer of width 32: q, k, v, o are 32 x 32 and gate, up, down 32 x 32 (intermediate 32): 7 · 4 · (32 + 32).
    assert sizes.trained == 7 * 4 * 64
    assert (sizes.layers, sizes.hidden, sizes.key_value_width) == (1, 32, 32)
    misspelt = lora_config({"target_modules": ["q_prj"]})
    with pytest.raises(InputError, match="the model's linear modules are down_proj, gate_proj, k_proj, lm_head, "):
        model_sizes(load_config(tiny_model), misspelt, checkpointing=False, **batches)
    full = model_sizes(load_config(tiny_model), None, checkpointing=False, **batches)
    assert (full.trained, full.adapter) == (sizes.parameters, False)


def test_the_surprise_of_a_phrase_is_its_sequence_probability_by_another_way(tiny_model: str) -> None:
    import torch

    tokenizer: Any = load_tokenizer(tiny_model)
    model: Any = load_model(tiny_model)
    chat = STYLE.messages(QUESTIONS[0], 0.5)
    said: list[int] = tokenizer("I don't know", add_special_tokens=False)["input_ids"]
    ids: list[int] = tokenizer(render_prompt(tokenizer, chat), add_special_tokens=False)["input_ids"]
    total = 0.0
    for token in said:  # token by token
        with torch.no_grad():
            chances = model(torch.tensor([ids])).logits[0, -1].softmax(-1)
        total -= math.log(chances[token])
        ids = [*ids, token]
    assert phrase_surprise(model, tokenizer, chat, "I don't know") == pytest.approx(total / len(said), rel=1e-4)


class ScriptedBackend:
    """Answers the same few texts to whatever it is asked, and keeps the prompts."""

    def __init__(self, *texts: str) -> None:
        self.texts, self.asked = texts, list[str]()

    def generate(self, prompts: Any, **_: Any) -> Any:
        for index, (prompt, text) in enumerate(zip(prompts, self.texts, strict=True)):
            self.asked.append(prompt.messages[-1]["content"])
            yield index, [Completion(text, (), None, "stop")]


def test_a_probe_counts_sampled_abstentions_at_targets_in_turn(tiny_model: str) -> None:
    model, tokenizer = load_model(tiny_model), load_tokenizer(tiny_model)
    backend: Any = ScriptedBackend("Ann", "I don't know", "I'm not sure, but Ann", "I don't know.", "Bernadette")
    asked = [QUESTIONS[i % 2] for i in range(5)]
    probe = probe_model(
        backend, model, tokenizer, asked, style=STYLE, targets=[0.25, 0.75], grader=alias_match(), seed=0
    )
    assert (probe.samples, probe.abstained) == (5, 2)  # a hedge that still answers is an answer
    assert ["25%" in text for text in backend.asked] == [True, False, True, False, True]
    assert 0 < probe.surprise < 2 * math.log(600)  # 600 tokens, after two steps nearly uniform
