"""The count of abstentions on prompts that are no questions of fact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from modules import ROOT, module_at

from abstain.eval.backends.backend import Completion

pytest.importorskip("torch")


def module() -> Any:
    return module_at(ROOT / "benchmarks" / "other_tasks.py")


class Timid:
    """Declines to do sums, says nothing in a chat, and does the rest."""

    def generate(self, prompts: Any, **_: Any) -> Iterator[tuple[int, tuple[Completion]]]:
        for i, prompt in enumerate(prompts):
            chat, last = len(prompt.messages) > 1, prompt.messages[-1]["content"]
            text = (
                "" if chat else "I don't know." if last.endswith("?") else "I don't know much about it, but here: done"
            )
            yield i, (Completion(text, (), None, "stop"),)


def test_abstentions_and_empty_replies_are_counted_apart() -> None:
    tasks = module()
    asked = tasks.prompts(None)
    assert Counter(kind for kind, _ in asked) == dict.fromkeys(("instruction", "rewriting", "arithmetic", "chat"), 30)
    found = tasks.counts(Timid(), asked, 0)
    questions = sum(kind != "chat" and prompt.messages[-1]["content"].endswith("?") for kind, prompt in asked)
    assert sum(count for (_, what), count in found.items() if what == "abstained") == questions
    assert (found["chat", "abstained"], found["chat", "empty"]) == (0, 30)


def test_a_system_message_comes_first_and_the_share_has_its_interval() -> None:
    tasks = module()
    assert all(
        prompt.messages[0] == {"role": "system", "content": "Be brief."} for _, prompt in tasks.prompts("Be brief.")
    )
    found = Counter({("chat", "asked"): 100, ("chat", "abstained"): 10, ("chat", "empty"): 1})
    assert tasks.line("model", found) == "| model | 10 of 100 | 1 | 0.100 [0.055, 0.174] |"  # Wilson, by hand
