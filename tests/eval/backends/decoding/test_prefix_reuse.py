from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

from abstain.data import PromptStyle, Question
from abstain.eval.backends.backend import Completion, Prompt
from abstain.eval.backends.decoding import prefix_decoder
from abstain.eval.backends.transformers import TransformersBackend

STYLE = PromptStyle()
QUESTIONS = [Question(f"q{i}", f"Where was {n} born?", ("x",)) for i, n in enumerate(["Ann", "Bob Lee of Hill", "Cy"])]
PROMPTS = [
    Prompt(STYLE.messages(question, t), (0, 1, 2, 3) if t == 0.0 else (0,))
    for question in QUESTIONS
    for t in (0.0, 0.3, 0.5, 0.75)
]
COMMON: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "initializer_range": 0.3,  # large, so that a wrong position or mask shows
    "pad_token_id": 0,
    "eos_token_id": 1,
    "bos_token_id": 2,
}
WINDOW: dict[str, Any] = {"sliding_window": 16, "layer_types": ["sliding_attention", "full_attention"]}
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "llama": COMMON,
    "qwen3": COMMON,
    "gemma3_text": COMMON | WINDOW,  # prompts are longer than the window
    "gpt2": {"vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "initializer_range": 0.3},  # learnt positions
    "bloom": {"vocab_size": 64, "hidden_size": 32, "n_layer": 2, "n_head": 4, "initializer_range": 0.3},  # ALiBi
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "mamba": ({"vocab_size": 64, "hidden_size": 32, "state_size": 8, "num_hidden_layers": 2}, "keeps a state"),
    "llama4_text": (
        COMMON
        | {"attention_chunk_size": 16, "num_local_experts": 2, "intermediate_size_mlp": 48}
        | {"layer_types": ["chunked_attention", "full_attention"]},
        "layers of the kind chunked_attention",
    ),
}


class Characters:
    """A tokenizer of single characters."""

    pad_token_id, eos_token_id = 0, 1

    def apply_chat_template(self, chats: Sequence[Sequence[dict[str, str]]], **_: Any) -> list[str]:
        return ["".join(f"<{message['role']}>{message['content']}" for message in chat) + "<a>" for chat in chats]

    def __call__(self, texts: Sequence[str], **_: Any) -> dict[str, list[list[int]]]:
        return {"input_ids": [[2 + ord(character) % 60 for character in text] for text in texts]}

    def batch_decode(self, ids: Sequence[Sequence[int]], **_: Any) -> list[str]:
        return ["".join(chr(60 + i) for i in row) for row in ids]


def model(kind: str, settings: dict[str, Any]) -> Any:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(CONFIG_MAPPING[kind](**settings)).eval()


def made(loaded: Any, **options: Any) -> tuple[TransformersBackend, dict[int, list[Completion]]]:
    backend = TransformersBackend(loaded, Characters(), name="m", max_new_tokens=8, **options)
    return backend, dict(backend.generate(PROMPTS, temperature=0.7, seed=1))


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_completions_equal_those_of_plain_generation_one_by_one(kind: str) -> None:
    loaded = model(kind, ARCHITECTURES[kind])
    backend, found = made(loaded, batch_size=9)
    assert backend.plain_because is None
    _, plain = made(loaded, batch_size=1, reuse_prefixes=False)
    for index, completions in found.items():
        for ours, theirs in zip(completions, plain[index], strict=True):
            assert ours.token_ids == theirs.token_ids
            assert ours.text == theirs.text
            assert ours.logprobs == pytest.approx(theirs.logprobs, abs=5e-5)
    assert len({c.text for row in found.values() for c in row}) > 3


@pytest.mark.parametrize("kind", REFUSED)
def test_a_model_whose_cache_cannot_be_expanded_generates_plainly_and_says_why(kind: str) -> None:
    settings, reason = REFUSED[kind]
    loaded = model(kind, settings)
    with pytest.warns(UserWarning, match=f"m: prefixes are not reused, because {kind} .*{reason}"):
        backend, found = made(loaded, batch_size=9)
    assert backend.plain_because is not None
    _, one_by_one = made(loaded, batch_size=1, reuse_prefixes=False)
    assert {i: [c.text for c in row] for i, row in found.items()} == {
        i: [c.text for c in row] for i, row in one_by_one.items()
    }


def test_a_model_that_counts_positions_in_a_way_of_its_own_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = model("llama", COMMON)
    forward = loaded.forward

    def counts_columns(*args: Any, position_ids: Any = None, **kwargs: Any) -> Any:
        return forward(*args, **kwargs)  # padding on the left shifts every position

    monkeypatch.setattr(loaded, "forward", counts_columns)
    with pytest.warns(UserWarning, match="its log-probabilities would differ by"):
        backend, _ = made(loaded, batch_size=9)
    assert backend.plain_because is not None


def test_each_question_is_computed_once_and_its_draws_share_the_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = model("llama", COMMON)
    computed: list[int] = []
    forward = prefix_decoder.PrefixDecoder._forward

    def counted(self: Any, tokens: torch.Tensor, mask: torch.Tensor, cache: Any) -> torch.Tensor:
        computed.append(tokens.numel())
        return forward(self, tokens, mask, cache)

    backend = TransformersBackend(loaded, Characters(), name="m", max_new_tokens=1, batch_size=100)
    dict(backend.generate([Prompt(PROMPTS[0].messages)]))  # the trial of the cache
    monkeypatch.setattr(prefix_decoder.PrefixDecoder, "_forward", counted)
    assert len(dict(backend.generate(PROMPTS))) == len(PROMPTS)
    plain = sum(len(backend.render(prompt.messages)) * len(prompt.draws) for prompt in PROMPTS)
    assert sum(computed) < plain / 2  # half of a prompt is the question, which its targets share


def test_draws_that_are_equal_so_far_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = TransformersBackend(model("llama", COMMON), Characters(), name="m", max_new_tokens=6, batch_size=100)
    dict(backend.generate([Prompt(PROMPTS[0].messages)]))  # the trial of the cache
    rows: list[int] = []
    forward = prefix_decoder.PrefixDecoder._forward

    def counted(self: Any, tokens: torch.Tensor, mask: torch.Tensor, cache: Any) -> torch.Tensor:
        rows.append(len(tokens))
        return forward(self, tokens, mask, cache)

    monkeypatch.setattr(prefix_decoder.PrefixDecoder, "_forward", counted)
    draws = Prompt(PROMPTS[0].messages, tuple(range(12)))
    ((_, cold),) = backend.generate([draws], temperature=1e-4)  # all take the likeliest token
    assert len({one.token_ids for one in cold}) == 1
    assert set(rows) == {1}
    rows.clear()
    ((_, hot),) = backend.generate([draws], temperature=5.0)  # they part, each at a step of its own
    assert len({one.token_ids for one in hot}) == 12
    assert 1 < max(rows) <= 12


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=12), st.integers(6, 9))
def test_completions_share_a_row_exactly_as_long_as_they_are_equal(pairs: list[tuple[int, int]], count: int) -> None:
    old, tokens = (np.array(values) for values in zip(*pairs, strict=True))
    rows, said, row_of = prefix_decoder.parted(old, tokens, count)
    assert [(rows[r], said[r]) for r in row_of] == pairs  # each goes on from its own row with its own token
    assert len(set(row_of.tolist())) == len(set(pairs))
    needed = len(set(pairs))
    assert len(rows) == (needed if 2 * needed <= count else max(needed, count))
    stay = {r for r, _ in pairs if r < len(rows)}
    assert all(rows[r] == r for r in stay)  # nothing is copied that can stay


def test_the_mode_of_the_model_and_a_room_too_small_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = model("llama", COMMON)
    _, before = made(loaded, batch_size=9)
    monkeypatch.setattr("abstain.eval.backends.decoding.kv_cache.ROOM", 1)
    loaded.train()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, after = made(loaded, batch_size=9)
    assert loaded.training
    assert {i: [c.text for c in row] for i, row in after.items()} == {
        i: [c.text for c in row] for i, row in before.items()
    }
