"""Candidates scored as a tree have the log-probabilities that whole sequences have."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    MambaConfig,
    MambaForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from abstain.data import Message
from abstain.eval.audit.score_store import filled, store_name
from abstain.eval.backends.candidate_scores import CandidateScorer, build_trie
from abstain.eval.backends.transformers import TransformersBackend

PROMPTS = ["Where does Ada live?", "And where", "Who is it that lives in the old house by the river?"]
WORDS = ["Paris", "Parma", "Par", "I don't know", "I don't", "New York", "New York City", "7", "December 31"]


class Ends:
    """The few things a scorer asks of a tokenizer: ids 0 and 1 pad and end."""

    pad_token_id, eos_token_id = 0, 1

    def __call__(self, texts: list[str], **_: Any) -> dict[str, list[list[int]]]:
        return {"input_ids": [[2 + ord(letter) % 60 for letter in text] for text in texts]}


def one_by_one(model: Any, prompt: list[int], candidate: list[int], ends: list[int]) -> float:
    with torch.no_grad():
        logp = model(input_ids=torch.tensor([prompt + candidate])).logits[0].double().log_softmax(-1)
    said = sum(float(logp[len(prompt) - 1 + i, token]) for i, token in enumerate(candidate))
    return said + float(np.log(sum(np.exp(float(logp[-1, end])) for end in ends)))


def small(kind: str) -> Any:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    heads: dict[str, Any] = {"num_key_value_heads": 2, "intermediate_size": 48, "head_dim": 8}
    made: dict[str, Any] = {
        "gpt2": lambda: GPT2LMHeadModel(
            GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=4, n_positions=128, eos_token_id=1)
        ),
        "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**sizes, **heads)),
        "gemma3": lambda: Gemma3ForCausalLM(Gemma3TextConfig(**sizes, **heads, sliding_window=16)),
        "mamba": lambda: MambaForCausalLM(MambaConfig(vocab_size=64, hidden_size=32, num_hidden_layers=2)),
    }
    model = made[kind]()
    for weight in model.parameters():
        weight.data.mul_(3)  # far from uniform, so that a wrong position shows
    return model.eval()


def test_an_ordinary_model_scores_as_it_does_sequence_by_sequence(tiny_model: str) -> None:
    tokenizer, model = AutoTokenizer.from_pretrained(tiny_model), AutoModelForCausalLM.from_pretrained(tiny_model)
    scorer = CandidateScorer(model, tokenizer)
    prompts, words = scorer.encode(PROMPTS), scorer.encode(WORDS)
    model.train()
    found = dict(scorer.score(prompts, [words] * 3))
    assert scorer.plain_because is None
    assert model.training
    model.eval()
    for i, prompt in enumerate(prompts):
        expected = [one_by_one(model, prompt, word, scorer.end_ids) for word in words]
        assert found[i] == pytest.approx(expected, abs=1e-4)


def test_a_backend_tells_how_likely_a_given_completion_is_in_each_chat(tiny_model: str) -> None:
    tokenizer, model = AutoTokenizer.from_pretrained(tiny_model), AutoModelForCausalLM.from_pretrained(tiny_model)
    backend = TransformersBackend(model, tokenizer, name="tiny")
    chats: list[list[Message]] = [[{"role": "user", "content": prompt}] for prompt in PROMPTS]
    found = backend.log_probabilities(chats, "I don't know")
    (text,) = tokenizer(["I don't know"], add_special_tokens=False)["input_ids"]
    prompts = tokenizer([backend.render(chat) for chat in chats], add_special_tokens=False)["input_ids"]
    expected = [one_by_one(model.eval(), prompt, text, backend.end_ids) for prompt in prompts]
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("kind", ["gpt2", "qwen3"])
def test_other_architectures_do_so_with_lists_of_their_own_and_little_room(kind: str) -> None:
    model = small(kind)
    scorer = CandidateScorer(model, Ends(), budget=64 * 24)  # 24 nodes at once: the trees are cut into parts
    prompts = scorer.encode(PROMPTS)
    lists = [scorer.encode(WORDS), scorer.encode(WORDS[:2]), scorer.encode(WORDS[4:])]
    found = dict(scorer.score(prompts, lists))
    assert scorer.plain_because is None
    for i, (prompt, own) in enumerate(zip(prompts, lists, strict=True)):
        assert found[i] == pytest.approx([one_by_one(model, prompt, word, scorer.end_ids) for word in own], abs=1e-4)


@pytest.mark.parametrize(("kind", "reason"), [("gemma3", "its layers see 16 tokens back"), ("mamba", "keeps a state")])
def test_a_model_that_allows_no_tree_says_why_and_scores_all_the_same(kind: str, reason: str) -> None:
    model = small(kind)
    prompts, words = Ends()(PROMPTS[:1])["input_ids"], Ends()(WORDS[:4])["input_ids"]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        scorer = CandidateScorer(model, Ends())
        found = dict(scorer.score(prompts, [words]))
    assert reason in str(scorer.plain_because)
    assert any(reason in str(warning.message) for warning in told)
    assert found[0] == pytest.approx([one_by_one(model, prompts[0], word, scorer.end_ids) for word in words], abs=1e-4)


def test_a_window_that_is_long_enough_allows_the_tree() -> None:
    model = small("gemma3")
    scorer = CandidateScorer(model, Ends())
    prompts, words = scorer.encode(["Ada?"]), scorer.encode(WORDS[:3])
    found = dict(scorer.score(prompts, [words]))
    assert scorer.plain_because is None
    assert found[0] == pytest.approx([one_by_one(model, prompts[0], word, scorer.end_ids) for word in words], abs=1e-4)


def test_a_model_whose_tree_would_be_wrong_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small("qwen3")
    forward = model.forward

    def forgets_positions(*args: Any, **kwargs: Any) -> Any:
        kwargs.pop("position_ids", None)
        return forward(*args, **kwargs)

    monkeypatch.setattr(model, "forward", forgets_positions)
    scorer = CandidateScorer(model, Ends())
    prompts, words = scorer.encode(PROMPTS[:1]), scorer.encode(WORDS)
    with pytest.warns(UserWarning, match="scores would differ by"):
        found = dict(scorer.score(prompts, [words]))
    assert found[0] == pytest.approx([one_by_one(model, prompts[0], word, scorer.end_ids) for word in words], abs=1e-4)


def test_a_model_trains_on_where_the_caller_stops_taking_scores(tiny_model: str) -> None:
    tokenizer, model = AutoTokenizer.from_pretrained(tiny_model), AutoModelForCausalLM.from_pretrained(tiny_model)
    scorer = CandidateScorer(model.train(), tokenizer, share_prefixes=False)
    scores: Any = scorer.score(scorer.encode(PROMPTS), [scorer.encode(["7"])] * 3)
    next(scores)
    assert not scorer.model.training
    scores.close()
    assert scorer.model.training


def test_a_trie_holds_each_shared_beginning_once() -> None:
    trie = build_trie([[1, 2, 3], [1, 2, 4], [1, 2], [9]])
    assert len(trie.tokens) == 5
    assert trie.paths[1] == (0, 1, 3)
    with pytest.raises(ValueError, match="two candidates have the same tokens"):
        build_trie([[1], [1]])
    with pytest.raises(ValueError, match="no tokens"):
        build_trie([[1], []])


def test_what_was_scored_is_kept_when_scoring_is_interrupted(tmp_path: Path) -> None:
    asked: list[int] = []
    counts = [3, 2, 3]

    def score(numbers: Any) -> Any:
        for place, number in enumerate(numbers):
            if len(asked) == 2:
                raise KeyboardInterrupt
            asked.append(number)
            yield place, -np.arange(counts[number], dtype=float) - number

    path = tmp_path / f"{store_name('model', ['a'])}.npy"
    with pytest.raises(KeyboardInterrupt):
        filled(path, counts, score)
    assert asked == [0, 1]
    asked.clear()
    told: list[tuple[int, int]] = []
    found = filled(path, counts, score, lambda *numbers: told.append(numbers))
    assert asked == [2]
    assert told == [(3, 3)]
    assert found.tolist() == [[0, -1, -2], [-1, -2, -np.inf], [-2, -3, -4]]
    assert filled(path, counts, score).tolist() == found.tolist()
    with pytest.raises(ValueError, match=r"has the shape \(3, 3\), not \(2, 3\)"):
        filled(path, [3, 3], score)
