from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from abstain.data import PromptStyle, Question
from abstain.eval.backends.backend import Prompt
from abstain.eval.backends.decoding.batches import AHEAD, batches_at_once, in_order
from abstain.eval.backends.opening import open_backend

STYLE = PromptStyle()
PROMPTS = [
    Prompt(STYLE.messages(Question(f"q{i}", f"Where was {name} born?", ("x",)), t), (0, 1, 2) if t == 0 else (0,))
    for i, name in enumerate(["Ann", "Bob Lee", "Cy", "Dora", "Ed"])
    for t in (0.0, 0.3, 0.7)
]


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_completions_are_those_of_batches_one_after_the_other_in_their_order(tiny_model: str) -> None:
    backend: Any = open_backend(tiny_model, batch_size=4, max_new_tokens=5)
    assert batches_at_once(backend.model) == 2
    backend.model.train()
    together = list(backend.generate(PROMPTS, seed=1))
    assert backend.model.training
    torch.set_num_threads(1)
    assert batches_at_once(backend.model) == 1
    alone = list(backend.generate(PROMPTS, seed=1))
    assert [number for number, _ in together] == [number for number, _ in alone]
    for (_, found), (_, expected) in zip(together, alone, strict=True):
        assert [one.token_ids for one in found] == [one.token_ids for one in expected]
        assert [one.probability for one in found] == pytest.approx([one.probability for one in expected], abs=1e-5)


@pytest.mark.usefixtures("two_threads")
def test_order_is_kept_and_items_are_taken_a_few_ahead() -> None:
    taken: list[int] = []
    workers: set[int] = set()

    def items() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            yield number

    def slow_at_first(number: int) -> int:
        workers.add(threading.get_ident())
        assert torch.get_num_threads() == 1  # two at once, of two threads
        time.sleep(0.02 if number % 4 == 0 else 0)
        return number * number

    for expected, found in enumerate(in_order(slow_at_first, items(), 2)):
        assert found == expected * expected
        assert len(taken) <= expected + AHEAD
    assert len(workers) == 2
    assert threading.get_ident() not in workers
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_an_error_is_raised_in_its_place_and_nothing_goes_on_behind_it() -> None:
    begun: list[int] = []

    def failing(number: int) -> int:
        begun.append(number)
        time.sleep(0.01)
        if number == 2:
            raise RuntimeError("out of memory")
        return number

    found = in_order(failing, range(1000), 2)
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(RuntimeError, match="out of memory"):
        next(found)
    count = len(begun)
    time.sleep(0.05)
    assert len(begun) == count <= 2 + AHEAD
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_who_stops_early_stops_the_work() -> None:
    begun: list[int] = []
    found = in_order(lambda number: begun.append(number), range(1000), 2)
    next(found)
    found.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert len(begun) <= AHEAD + 1
    assert torch.get_num_threads() == 2


def fake(device: str = "cpu", parameters: int = 1000, **config: Any) -> Any:
    settings = SimpleNamespace(**config)
    settings.get_text_config = lambda **_: settings
    return SimpleNamespace(device=device, config=settings, num_parameters=lambda: parameters)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (fake(), 2),
        (fake(rope_parameters={"rope_type": "llama3", "factor": 8.0}), 2),
        (fake(device="cuda"), 1),
        (fake(parameters=600_000_000), 1),
        (fake(rope_parameters={"rope_type": "longrope"}), 1),
        (fake(rope_parameters={"full_attention": {"rope_type": "default"}, "sliding": {"rope_type": "dynamic"}}), 1),
    ],
)
def test_two_batches_at_once_are_for_small_models_without_state_on_a_processor(model: Any, expected: int) -> None:
    assert batches_at_once(model) == expected
