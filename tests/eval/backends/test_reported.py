"""How far a model is with what it was asked."""

from __future__ import annotations

from scripted import Scripted

from abstain.eval.backends.backend import Prompt
from abstain.eval.backends.reported import ReportedBackend


def test_it_reports_from_the_first_prompt_to_the_last_and_is_the_backend_in_all_else() -> None:
    calls: list[tuple[int, int]] = []
    own = Scripted()
    backend = ReportedBackend(own, lambda *call: calls.append(call))
    prompts = [Prompt([{"role": "user", "content": f"question {i}"}]) for i in range(3)]
    assert dict(backend.generate(iter(prompts), temperature=0.0)) == dict(own.generate(prompts, temperature=0.0))
    assert calls == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert backend.name == own.name
