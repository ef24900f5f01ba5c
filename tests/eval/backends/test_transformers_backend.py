from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from standins import FAMILIES, stand_in
from transformers import AutoTokenizer

from abstain.data import InputError, PromptStyle, Question
from abstain.eval.backends.backend import Completion, Prompt
from abstain.eval.backends.decoding.pick import pick
from abstain.eval.backends.draws import draw_seed, draw_uniforms
from abstain.eval.backends.opening import open_backend
from abstain.eval.backends.token_texts import with_token_texts

STYLE = PromptStyle()
QUESTIONS = [Question(f"q{i}", f"Where was {name} born?", ("x",)) for i, name in enumerate(["Ann", "Bob Lee", "Cy"])]
CHATS = [STYLE.messages(question, t) for question in QUESTIONS for t in (0.0, 0.3, 0.7)]


@pytest.fixture(scope="module")
def backend(tiny_model: str) -> Any:
    return open_backend(tiny_model, batch_size=4, max_new_tokens=5)


def collect(found: Iterable[tuple[int, list[Completion]]]) -> dict[int, list[Completion]]:
    return dict(found)


def by_hand(backend: Any, messages: list[dict[str, str]], completion: Completion) -> list[float]:
    """Return the log-probabilities of a completion from one forward pass over the whole of its text."""
    prompt = backend.tokenizer(backend.render(messages), add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        logits = backend.model(torch.tensor([[*prompt, *completion.token_ids]])).logits[0]
    scores = logits.log_softmax(-1)
    return [float(scores[len(prompt) - 1 + i, token]) for i, token in enumerate(completion.token_ids)]


def test_log_probabilities_are_those_of_one_forward_pass_and_greedy_takes_the_likeliest(backend: Any) -> None:
    found = collect(backend.generate([Prompt(chat, (0, 1, 2)) for chat in CHATS], temperature=0.5))
    assert sorted(found) == list(range(len(CHATS)))
    for index, (greedy, *samples) in found.items():
        assert len(samples) == 2
        for completion in (greedy, *samples):
            assert completion.logprobs == pytest.approx(by_hand(backend, CHATS[index], completion), abs=1e-5)
            assert completion.probability == pytest.approx(np.exp(sum(completion.logprobs)))
            assert (completion.finish_reason == "stop") is (completion.token_ids[-1] in backend.end_ids)
        assert greedy.logprobs[0] >= max(sample.logprobs[0] for sample in samples)


def test_the_texts_of_tokens_are_told_where_they_are_asked_for_and_make_up_the_completion(backend: Any) -> None:
    found = collect(backend.generate([Prompt(CHATS[0], (0, 1), token_texts=True), Prompt(CHATS[1])]))
    for completion in found[0]:
        assert "".join(completion.token_texts).strip() == completion.text
        assert len(completion.token_texts) == len(completion.token_ids)
    assert found[1][0].token_texts == ()


def test_a_token_that_ends_inside_a_character_adds_it_with_the_next_one(tmp_path: Path) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(stand_in(FAMILIES["smollm2"], tmp_path))
    ids = tuple(tokenizer("é!", add_special_tokens=False)["input_ids"])
    assert len(ids) == 3  # a byte each
    texts = with_token_texts(tokenizer, Completion("é!", ids, (-1.0, -2.0, -3.0), "stop")).token_texts
    assert texts == ("", "é", "!")


def test_a_sample_does_not_depend_on_what_else_is_asked_for(backend: Any) -> None:
    together = collect(backend.generate([Prompt(chat, (0, 1, 2, 3)) for chat in CHATS], seed=3))
    for index, chat in enumerate(CHATS):
        alone = collect(backend.generate([Prompt(chat, (2,))], seed=3))[0][0]
        assert alone.token_ids == together[index][2].token_ids
    assert len({c.token_ids for row in together.values() for c in row[1:]}) > 1
    other = collect(backend.generate([Prompt(chat, (0, 1, 2, 3)) for chat in CHATS], seed=4))
    assert any(other[i][1].token_ids != together[i][1].token_ids for i in together)


def test_prompts_are_read_a_bounded_number_ahead(backend: Any) -> None:
    read = 0

    def prompts() -> Iterable[Prompt]:
        nonlocal read
        for number in range(10_000):
            read = number
            yield Prompt(CHATS[0])

    next(backend.generate(prompts()))
    assert read < 200


def test_picking_follows_the_cumulative_probability() -> None:
    # softmax of log p is p: 0.2, 0.5, 0.3 are passed at 0.2, 0.7 and 1; at temperature 1/2 p² = 4, 25, 9 of 38.
    logits = torch.tensor([[0.9, 0.1, 0.0], [0.2, 0.5, 0.3]]).log()
    row_of = torch.ones(5, dtype=torch.long)  # five draws that are equal so far share a row
    uniforms = torch.tensor([0.0, 0.19, 0.21, 0.69, 0.99])
    assert pick(logits, row_of, 1.0, uniforms, torch.ones(5, dtype=torch.bool)).tolist() == [0, 0, 1, 1, 2]
    assert pick(logits, row_of, 1.0, uniforms, torch.zeros(5, dtype=torch.bool)).tolist() == [1] * 5
    sharper = torch.tensor([0.10, 0.11, 0.75, 0.77, 0.99])  # 4/38 = 0.105, 29/38 = 0.763
    assert pick(logits, row_of, 0.5, sharper, torch.ones(5, dtype=torch.bool)).tolist() == [0, 1, 1, 2, 2]


def test_draws_of_a_prompt_are_numbered_and_those_of_two_prompts_differ() -> None:
    assert draw_seed(0, "a", 3) - draw_seed(0, "a", 1) == 2
    assert len({draw_seed(s, text, 1) for s in (0, 1) for text in ("a", "b")}) == 4
    assert draw_uniforms(0, "a", 1, 4).tolist() == draw_uniforms(0, "a", 1, 8)[:4].tolist()
    many = np.concatenate([draw_uniforms(0, f"{i}", 1, 10) for i in range(400)])
    assert abs(many.mean() - 0.5) < 4 / np.sqrt(12 * 4000)  # four standard errors


@pytest.fixture(scope="module")
def adapter(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from peft import LoraConfig, get_peft_model

    from abstain.eval.backends.models import load_model

    out = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(0)
    config = LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    get_peft_model(load_model(tiny_model), config).save_pretrained(str(out))
    return out


def test_an_adapter_changes_the_model_and_its_name(backend: Any, tiny_model: str, adapter: Path) -> None:
    adapted: Any = open_backend(tiny_model, adapter=adapter, dtype="bfloat16", device_map="cpu")
    assert adapted.name == f"{tiny_model} + {adapter}"
    assert adapted.model.dtype == torch.bfloat16
    with_it = next(adapted.generate([Prompt(CHATS[0])]))[1][0]
    assert with_it.probability != next(backend.generate([Prompt(CHATS[0])]))[1][0].probability


def test_a_model_that_cannot_be_used_is_one_line(tiny_model: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^model: ./gone: no such folder$"):
        open_backend("./gone")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"is a folder without a config\.json"):
        open_backend(str(tmp_path / "empty"))
    with pytest.raises(InputError, match=r"nobody/nothing is not a folder here .*HF_HUB_OFFLINE is set"):
        open_backend("nobody/nothing")
    shutil.copytree(tiny_model, tmp_path / "bare")
    (tmp_path / "bare" / "chat_template.jinja").unlink()
    with pytest.raises(InputError, match="has no chat template"):
        open_backend(str(tmp_path / "bare"))
    with pytest.raises(InputError, match="dtype: 'fp32' is none of float32, bfloat16"):
        open_backend(tiny_model, dtype="fp32")
    with pytest.raises(InputError, match="batch_size and max_new_tokens must be at least 1, got 0 and 32"):
        open_backend(tiny_model, batch_size=0)


def test_an_adapter_that_does_not_fit_is_one_line(tiny_model: str, adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"adapter: .*gone: no such folder"):
        open_backend(tiny_model, adapter=tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"a folder without an adapter_config.json"):
        open_backend(tiny_model, adapter=tmp_path / "empty")
    config = json.loads((adapter / "adapter_config.json").read_text())
    for name, changes in {
        "other-modules": {"target_modules": ["w_qkv"]},
        "other-size": {"r": 3},
        "fewer-weights": {"target_modules": [*config["target_modules"], "embed_tokens"]},
        "unknown-kind": {"peft_type": "NONE_SUCH"},
    }.items():
        shutil.copytree(adapter, tmp_path / name)
        (tmp_path / name / "adapter_config.json").write_text(json.dumps({**config, **changes}))
        with pytest.raises(InputError, match=rf"adapter: .*{name} does not fit the model .* \(it was trained on ") as e:
            open_backend(tiny_model, adapter=tmp_path / name)
        assert "\n" not in str(e.value)
